"""Cells in the shell of a test."""

from __future__ import annotations

from typing import Any


async def run(shell: Any, cell: str) -> Any:
    """Run *cell* on this loop, as a kernel does; return its value, or raise its error."""
    result = await shell.run_cell_async(cell, transformed_cell=shell.transform_cell(cell))
    return result.result if result.success else result.raise_error()
