"""Tell which cell is running, and that it is the same one when it is run again.

JupyterLab and VS Code send a cell's id with every run; there a cell stays itself when it is
edited. Where no id comes (nbclient, a console) the source is the cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from notebook_http.notebook.environment import execute_request
from notebook_http.notebook.shell import running_shell

__all__ = ["CallOrder", "CellRun", "current_cell_run"]


@dataclass(frozen=True, slots=True)
class CellRun:
    """One run of one cell.

    Attributes:
        cell: the same for every run of this cell.
        run: another one for every run of any cell.
    """

    cell: str
    run: str


class CallOrder:
    """Numbers the calls of one kind within a run of a cell: 0, 1, 2, and from 0 at the next run.

    So the second server of a cell is again the second one when the cell is run again.
    """

    __slots__ = ("_counted",)

    def __init__(self) -> None:
        # By cell: its latest run, and how many calls that has made. One small entry a cell.
        self._counted: dict[str, tuple[str, int]] = {}

    def next_place(self, cell_run: CellRun) -> int:
        """Return how many calls this run of the cell has made before this one."""
        run, count = self._counted.get(cell_run.cell, (cell_run.run, 0))
        if run != cell_run.run:
            count = 0
        self._counted[cell_run.cell] = (cell_run.run, count + 1)
        return count


def current_cell_run() -> CellRun | None:
    """Return the cell that is running, or that started the running task; None in a script."""
    request = execute_request()
    if request is not None:
        return _run_of(request)
    shell = running_shell()
    if shell is None:
        return None
    sources = shell.user_ns.get("In")
    source = sources[-1] if isinstance(sources, list) and sources else ""
    return CellRun(cell=f"source:{source}", run=str(shell.execution_count))


def _run_of(request: Mapping[str, Any]) -> CellRun:
    run = str(request["header"].get("msg_id", ""))
    cell_id = (request.get("metadata") or {}).get("cellId")
    if isinstance(cell_id, str) and cell_id:
        return CellRun(cell=f"id:{cell_id}", run=run)
    source = (request.get("content") or {}).get("code", "")
    return CellRun(cell=f"source:{source}", run=run)
