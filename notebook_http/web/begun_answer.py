"""A handler that is run at once, up to where it first has to wait.

Most handlers never wait. Run where the request was read they need no future, no wake-up of the
connection's task and no further turn of the loop. One that does wait is gone on with by the task,
as if it had been there from the beginning: same current task, same cancellation. Its context
variables are its own all along: what it sets is not seen by the connection's next request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import Context
from types import CoroutineType
from typing import Any, TypeVar

__all__ = ["BegunAnswer", "begin", "run_in"]

T = TypeVar("T")


class BegunAnswer(Awaitable[Any]):
    """What became of a handler that was begun: await it, once, for its response.

    Args:
        coroutine: the handler, waiting.
        context: the context variables that it runs with.
        awaited: what it waits for, as it gave it to its task.
        response: what it returned, if it has ended.
        error: what it raised, if it has failed.
    """

    __slots__ = ("_awaited", "_context", "_coroutine", "_error", "_interruption", "_response")

    def __init__(
        self,
        coroutine: Coroutine[Any, Any, Any] | None = None,
        context: Context | None = None,
        awaited: Any = None,
        *,
        response: Any = None,
        error: BaseException | None = None,
    ) -> None:
        self._coroutine = coroutine
        self._context = context
        self._awaited = awaited
        self._response = response
        self._error = error
        self._interruption: BaseException | None = None

    def interrupt(self, error: BaseException) -> None:
        """Throw *error* into the handler when it is gone on with: its task was cancelled."""
        self._interruption = error

    def close(self) -> None:
        """End a handler that nobody will go on with."""
        if self._coroutine is not None:
            self._coroutine.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        error = self._interruption or self._error
        if error is not None and self._coroutine is None:
            raise error
        if self._coroutine is None or self._context is None:
            return self._response
        run, coroutine, awaited = self._context.run, self._coroutine, self._awaited
        if asyncio.isfuture(awaited):
            awaited._asyncio_future_blocking = True
            if error is not None and awaited.cancel(*error.args):
                error = None  # it comes back from there, as it does in any task
        while True:
            if error is None:
                try:
                    yield awaited
                except BaseException as thrown:
                    error = thrown
            try:
                if error is None:
                    awaited = run(coroutine.send, None)
                else:
                    awaited = run(coroutine.throw, error)
            except StopIteration as end:
                return end.value
            error = None


def begin(context: Context, handle: Callable[[Any], Awaitable[Any]], request: Any) -> Any:
    """Run ``handle(request)`` up to where it waits. Return its response, or a `BegunAnswer`.

    To be called in *context*, which is where the handler goes on, too.

    Raises:
        BaseException: whatever the handler raises before it waits.
    """
    coroutine: Any = handle(request)
    if coroutine.__class__ is not CoroutineType:
        coroutine = _awaiting(coroutine)
    try:
        awaited = coroutine.send(None)
    except StopIteration as end:
        return end.value
    if asyncio.isfuture(awaited):
        # The mark of an `await`, which the task that gets it takes off; this one gets it later.
        # Meanwhile others may wait for the same future, and must not find it marked.
        awaited._asyncio_future_blocking = False
    return BegunAnswer(coroutine, context, awaited)


async def run_in(context: Context, function: Callable[[Any], Awaitable[T]], argument: Any) -> T:
    """Return what ``await function(argument)`` returns, all of it run in *context*."""
    begun = context.run(begin, context, function, argument)
    result: T = await begun if begun.__class__ is BegunAnswer else begun
    return result


async def _awaiting(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


# What asyncio has for those who run a task's steps themselves; see "Extending" in its manual.
enter_task: Callable[[asyncio.AbstractEventLoop, asyncio.Task[Any]], None]
enter_task = asyncio.tasks._enter_task
leave_task: Callable[[asyncio.AbstractEventLoop, asyncio.Task[Any]], None]
leave_task = asyncio.tasks._leave_task
