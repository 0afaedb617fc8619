"""Do what a widget's callbacks ask for on the event loop of the cell that made the widget.

Front ends of today send a widget's messages to a thread of their own, with another loop
(JupyterLab's subshells, on ipykernel 7.0 to 7.3). What a callback does there wakes nobody: a task
that it starts runs when some other cell does. So a callback hands over, and does nothing else.
What is printed on the way (by a middleware, say) goes to the cell that made the widget.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from typing import Any

from notebook_http.notebook.cell_output import CellOutput

__all__ = ["LoopCalls"]


class LoopCalls:
    """Calls and tasks of one widget; made in the cell that makes it.

    Args:
        report: called with each error that a call or a task ends with: nothing is lost.
    """

    def __init__(self, report: Callable[[Exception], None]) -> None:
        self._report = report
        self._loop = asyncio._get_running_loop()
        self._context = copy_context()
        self._output = CellOutput()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    @property
    def has_loop(self) -> bool:
        """Whether there is a loop to start tasks on: in a kernel there is, in a script not."""
        return self._loop is not None and not self._loop.is_closed()

    @property
    def tasks(self) -> frozenset[asyncio.Task[Any]]:
        """Those that have not ended."""
        return frozenset(self._tasks)

    def call(self, function: Callable[..., object], *args: Any) -> None:
        """Have *function* called on the loop, from any thread; at once where there is no loop."""
        if self._closed:
            return
        if self._loop is None:
            self._call(function, args)
            return
        with suppress(RuntimeError):  # the loop was closed: the kernel is ending
            self._loop.call_soon_threadsafe(
                self._call, function, args, context=self._context.copy()
            )

    def start(self, coro: Coroutine[Any, Any, object]) -> asyncio.Task[Any] | None:
        """Run *coro* in a task that ends with the widget; on the loop. None if it is closed."""
        if self._closed or self._loop is None:
            coro.close()
            return None
        task = self._loop.create_task(self._output.pinned(coro), context=self._context.copy())
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def close(self) -> None:
        """Cancel what runs, and take no more calls; from any thread. Idempotent."""
        self._closed = True
        loop = self._loop
        if loop is None:
            return
        for task in list(self._tasks):
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(task.cancel)

    def _call(self, function: Callable[..., object], args: tuple[Any, ...]) -> None:
        if self._closed:
            return
        try:
            with self._output.held():
                function(*args)
        except Exception as error:
            self._report(error)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, Exception) and not self._closed:
            self._report(error)
