"""Many requests that are sent when they are awaited, and that say so when somebody forgets to."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

from notebook_http.notebook.display.html import tag
from notebook_http.notebook.pending_request import NotSentYetError

__all__ = ["PendingBatch"]

T = TypeVar("T")


class PendingBatch(Coroutine[Any, Any, T], Generic[T]):
    """What `nh.fetch_all(…)` returns: `await` it for a `Batch`. A coroutine to all of asyncio.

    Nothing is sent until it is awaited, and nobody complains when it is dropped. It is awaited
    once; its batch goes on with `batch.resume()`.
    """

    __slots__ = ("__weakref__", "_begin", "_inner", "_kind", "_words")

    def __init__(
        self, begin: Callable[[], Coroutine[Any, Any, T]], words: str, kind: type[T]
    ) -> None:
        self._begin: Callable[[], Coroutine[Any, Any, T]] | None = begin
        self._words = words
        self._kind = kind
        self._inner: Coroutine[Any, Any, T] | None = None

    def __await__(self) -> Generator[Any, None, T]:
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
        """Give up what was not sent. `coroutine.close`."""
        self._begin = None
        if self._inner is not None:
            self._inner.close()

    @property
    def __name__(self) -> str:
        # What asyncio calls a task of it.
        return self._words

    def __repr__(self) -> str:
        if self._begin is not None:
            return f"{self._words}: not sent yet. Put `await` in front."
        return f"{self._words}: already awaited. Use what `await` gave, or nh.last_batch."

    def _repr_html_(self) -> str:
        """Return what a cell shows whose value this is."""
        return str(tag("div", repr(self)))

    def __getattr__(self, name: str) -> Any:
        # Only names that are not there get here.
        if not hasattr(self._kind, name):
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            raise AttributeError(message, name=name, obj=self)
        message = (
            f"{self._words}: not sent yet, so there is no .{name}. Put `await` in front, in "
            f"brackets: (await …).{name}"
        )
        raise NotSentYetError(message)

    def _claim(self) -> Coroutine[Any, Any, T]:
        """Return the coroutine inside.

        Raises:
            RuntimeError: it was awaited before.
        """
        if self._begin is None:
            raise RuntimeError(repr(self))
        begin, self._begin = self._begin, None
        return begin()
