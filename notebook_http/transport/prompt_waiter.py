"""A future for one task, which goes on at once when what it waits for has come.

A task that waits for a `Future` is gone on with in the next turn of the loop: a handle, a call of
the selector, a wake-up, 5 µs together. Where bytes come in no task is running, and nothing stands
in the way of going on right there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextvars import Context
from typing import Any, Generic, TypeVar

__all__ = ["PromptWaiter"]

T = TypeVar("T")


class PromptWaiter(Generic[T]):
    """Something to be awaited once, by one task. It has of a future what tasks ask of it.

    Args:
        loop: the loop of the task.
    """

    __slots__ = (
        "__weakref__",
        "_asyncio_future_blocking",
        "_awaited",
        "_callback",
        "_cancelled",
        "_context",
        "_done",
        "_loop",
        "_message",
        "_result",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._asyncio_future_blocking = False
        self._callback: Callable[[Any], object] | None = None  # the task's wake-up
        self._context: Context | None = None
        self._awaited = self._done = self._cancelled = False
        self._message: Any = None
        self._result: T

    def __repr__(self) -> str:
        state = "cancelled" if self._cancelled else "finished" if self._done else "pending"
        return f"<PromptWaiter {state}>"

    def __await__(self) -> Generator[Any, Any, T]:
        if not self._done:
            if self._awaited:
                raise RuntimeError("another task waits already")
            self._awaited = self._asyncio_future_blocking = True
            yield self
        return self.result()

    def done(self) -> bool:
        """Whether it was resolved or cancelled."""
        return self._done

    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self._cancelled

    def result(self) -> T:
        """Return what it was resolved with.

        Raises:
            CancelledError: it was cancelled.
            InvalidStateError: neither.
        """
        if self._cancelled:
            if self._message is None:
                raise asyncio.CancelledError
            raise asyncio.CancelledError(self._message)
        if not self._done:
            raise asyncio.InvalidStateError("Result is not set.")
        return self._result

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop of the task. Called by tasks."""
        return self._loop

    def add_done_callback(
        self, callback: Callable[[Any], object], *, context: Context | None = None
    ) -> None:
        """Take the wake-up of the one task that waits. Called by tasks."""
        if self._done:
            self._loop.call_soon(callback, self, context=context)
        else:
            self._callback, self._context = callback, context

    def cancel(self, msg: Any = None) -> bool:
        """Let the task go on with a CancelledError, soon; whether that was still possible."""
        if self._done:
            return False
        self._message = msg
        self._done = self._cancelled = True
        self._call_soon()
        return True

    def resolve(self, result: T) -> None:
        """Let the task go on with *result*: before this returns, if no task is running now.

        So the caller must be through with what it was at. Nothing if it was resolved before.
        """
        if self._done:
            return
        self._done = True
        self._result = result
        callback, context = self._callback, self._context
        if callback is None or context is None or asyncio.current_task(self._loop) is not None:
            self._call_soon()
        elif hasattr(asyncio, "_nest_patched"):
            # nest_asyncio: the task may run the loop again, which has to read from here then.
            self._call_soon()
        else:
            self._callback = self._context = None
            context.run(callback, self)

    def resolve_soon(self, result: T) -> None:
        """Let the task go on with *result* in the next turn of the loop, as futures do."""
        if not self._done:
            self._done = True
            self._result = result
            self._call_soon()

    def _call_soon(self) -> None:
        callback, context = self._callback, self._context
        self._callback = self._context = None
        if callback is not None:
            self._loop.call_soon(callback, self, context=context)
