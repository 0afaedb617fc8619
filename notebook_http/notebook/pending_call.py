"""Let a coroutine function explain itself to whoever calls it and forgets the `await`.

Python shows `<coroutine object serve at 0x7f…>`, and complains of it in some later cell.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, ParamSpec, TypeVar

from notebook_http.notebook.display.html import join, tag

__all__ = ["NotAwaitedError", "PendingCall", "explains_itself"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class NotAwaitedError(AttributeError, RuntimeError):
    """A call was asked for what only its result has. The caller forgot an `await`.

    Also a RuntimeError: the name is right, the moment is not.
    """


def explains_itself(
    words: str, undone: str, kind: type | None = None
) -> Callable[[Callable[_P, Coroutine[Any, Any, _T]]], Callable[_P, PendingCall[_T]]]:
    """Return a decorator for a coroutine function that begins nothing before it is awaited.

    Args:
        words: what its call is called: `nh.serve(…)`.
        undone: what has not happened without the `await`: `no server was started`.
        kind: the class of what it returns, whose attributes people may ask the call for.
    """

    def decorate(
        function: Callable[_P, Coroutine[Any, Any, _T]],
    ) -> Callable[_P, PendingCall[_T]]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*args: _P.args, **kwargs: _P.kwargs) -> PendingCall[_T]:
            signature.bind(*args, **kwargs)  # a wrong argument is an error here, not later
            return PendingCall(functools.partial(function, *args, **kwargs), words, undone, kind)

        return call

    return decorate


class PendingCall(Coroutine[Any, Any, _T], Generic[_T]):
    """A call that begins when it is awaited. A coroutine to all of asyncio; awaited once."""

    __slots__ = ("__weakref__", "_begin", "_inner", "_kind", "_silent", "_undone", "_words")

    # What asking for an attribute of the result raises.
    _error: type[AttributeError] = NotAwaitedError

    def __init__(
        self,
        begin: Callable[[], Coroutine[Any, Any, _T]],
        words: str,
        undone: str,
        kind: type | None,
    ) -> None:
        self._begin: Callable[[], Coroutine[Any, Any, _T]] | None = begin
        self._inner: Coroutine[Any, Any, _T] | None = None
        self._words = words
        self._undone = undone
        self._kind = kind
        self._silent = False  # whether it was awaited, given up, or has explained itself

    # As a coroutine

    def __await__(self) -> Generator[Any, None, _T]:
        return self._claim().__await__()

    def send(self, value: Any) -> Any:
        """Begin or go on; called by asyncio. `coroutine.send`."""
        if self._inner is None:
            self._inner = self._claim()
        return self._inner.send(value)

    def throw(self, *error: Any) -> Any:
        """Raise an error inside, a cancel for one; called by asyncio. `coroutine.throw`."""
        if self._inner is None:
            self._inner = self._claim()
        return self._inner.throw(*error)

    def close(self) -> None:
        """Give up: what was not begun never will be. `coroutine.close`."""
        self._begin = None
        self._silent = True
        if self._inner is not None:
            self._inner.close()

    def _claim(self) -> Coroutine[Any, Any, _T]:
        """Return the coroutine inside.

        Raises:
            RuntimeError: it was awaited before.
        """
        if self._begin is None:
            raise RuntimeError(self._state())
        begin, self._begin = self._begin, None
        self._silent = True
        return begin()

    def __del__(self) -> None:
        # In the middle of a cell nobody sees its text; gone it is in the same line.
        if not self._silent:
            warnings.warn(self._state(), RuntimeWarning, stacklevel=2, source=self)

    # As something to look at

    @property
    def __name__(self) -> str:
        # What asyncio calls a task of it.
        return self._words

    def _state(self) -> str:
        if self._begin is not None:
            return f"{self._words}: {self._undone} yet. Put `await` in front."
        return f"{self._words}: already awaited. Its result is what `await` gave."

    def __repr__(self) -> str:
        self._silent = True
        return self._state()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """Return what a cell shows whose value this is."""
        text = repr(self)
        before, await_, behind = text.partition("`await`")
        html = tag("div", join(before, tag("code", "await") if await_ else None, behind))
        return {"text/html": str(html), "text/plain": text}

    def __getattr__(self, name: str) -> Any:
        # Only names that are not there get here.
        if self._kind is None or not hasattr(self._kind, name):
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            raise AttributeError(message, name=name, obj=self)
        self._silent = True
        message = (
            f"{self._words}: {self._undone} yet, so there is no .{name}. Put `await` in front, in "
            f"brackets: (await …).{name}"
        )
        raise self._error(message)
