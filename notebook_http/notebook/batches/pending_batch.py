"""Many requests that are sent when they are awaited, and that say so when somebody forgets to."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from notebook_http.notebook.pending_call import PendingCall
from notebook_http.notebook.pending_request import NotSentYetError

__all__ = ["PendingBatch"]

T = TypeVar("T")


class PendingBatch(PendingCall[T]):
    """What `nh.fetch_all(…)` returns: `await` it for a `Batch`. A coroutine to all of asyncio.

    Nothing is sent until it is awaited, and nobody complains when it is dropped. It is awaited
    once; its batch goes on with `batch.resume()`.
    """

    __slots__ = ()

    _error = NotSentYetError

    def __init__(
        self, begin: Callable[[], Coroutine[Any, Any, T]], words: str, kind: type[T]
    ) -> None:
        super().__init__(begin, words, "not sent", kind)
        self._silent = True

    def _state(self) -> str:
        if self._begin is not None:
            return super()._state()
        return f"{self._words}: already awaited. Use what `await` gave, or nh.last_batch."
