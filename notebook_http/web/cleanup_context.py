"""What an application sets up when it starts and takes down when it ends, in one function each."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from inspect import iscoroutine
from typing import Any, TypeVar

from frozenlist import FrozenList

__all__ = ["CleanupContext", "CleanupError"]

A = TypeVar("A")

# ``async def database(app): ...; yield; ...``, or the same under `asynccontextmanager`.
ContextFunction = Callable[[A], AsyncIterator[Any] | AbstractAsyncContextManager[Any]]


class CleanupError(RuntimeError):
    """Several contexts failed while they were taken down."""

    @property
    def exceptions(self) -> list[BaseException]:
        """What they raised, in the order of taking down."""
        errors: list[BaseException] = self.args[1]
        return errors


class CleanupContext(FrozenList[ContextFunction[A]]):
    """A list of functions with one ``yield``: in front of it start-up, behind it clean-up."""

    def __init__(self) -> None:
        super().__init__()
        self._entered: list[tuple[Any, AsyncIterator[Any] | AbstractAsyncContextManager[Any]]] = []

    async def start(self, app: A) -> None:
        """Run every function up to its ``yield``, in order.

        When one raises, or a cancel comes, the ones before it stay started: `stop` ends them.

        Raises:
            TypeError: a function has no ``yield``. The caller erred.
            RuntimeError: it ended without coming to it.
        """
        for function in self:
            context: Any = function(app)
            if isinstance(context, AbstractAsyncContextManager):
                await context.__aenter__()
            elif isinstance(context, AsyncIterator):
                try:
                    await anext(context)
                except StopAsyncIteration:
                    raise RuntimeError(f"{function!r} never came to its 'yield'") from None
            else:
                if iscoroutine(context):
                    context.close()  # never awaited, and that is no second fault
                raise TypeError(
                    f"{function!r} in cleanup_ctx has no 'yield'. Put one between what sets up "
                    "and what takes down; without that, on_startup is the place"
                )
            self._entered.append((function, context))

    async def stop(self, app: A) -> None:
        """Run every started function to its end, the last started first, also if one fails.

        A cancel is such a failure: the others are ended before it goes on.

        Raises:
            CleanupError: several failed; a single failure is raised as it is.
        """
        errors: list[BaseException] = []
        while self._entered:
            function, context = self._entered.pop()
            try:
                if isinstance(context, AbstractAsyncContextManager):
                    await context.__aexit__(None, None, None)
                else:
                    await anext(context)
                    errors.append(RuntimeError(f"{function!r} has more than one 'yield'"))
            except StopAsyncIteration:
                pass
            except (Exception, CancelledError) as error:
                errors.append(error)
        if len(errors) == 1:
            raise errors[0]
        if errors:
            raise CleanupError("Multiple errors on cleanup stage", errors)
