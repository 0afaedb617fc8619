"""Tell what runs this process's code: a Jupyter kernel, a terminal IPython, or a plain script.

Asks only what is already imported: finding out costs nothing where there is no IPython.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from notebook_http.notebook.shell import running_shell

__all__ = ["execute_request", "running_kernel"]


def running_kernel() -> Any | None:
    """Return the ipykernel `Kernel` that runs our cells; None in a terminal or a script."""
    return getattr(running_shell(), "kernel", None)


def execute_request() -> Mapping[str, Any] | None:
    """Return the message that made the running cell run: `header`, `metadata` and `content`.

    In a task or handler that is the cell which started it, where the kernel can tell (ipykernel
    7), else the latest one. None outside of kernels, and in one that has not run a cell yet.
    """
    kernel = running_kernel()
    if kernel is None:
        return None
    message = kernel.get_parent("shell")
    return message if isinstance(message, Mapping) and message.get("header") else None
