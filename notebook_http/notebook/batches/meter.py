"""Count what one request of many took: how often it was sent, and how long servers had it."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notebook_http.client.middleware import ClientHandlerType
    from notebook_http.client.request import ClientRequest
    from notebook_http.client.response import ClientResponse

__all__ = ["Meter", "Tally"]


class Tally:
    """What is counted over all requests of a batch.

    Attributes:
        retrying: requests that wait for another try.
    """

    __slots__ = ("retrying",)

    def __init__(self) -> None:
        self.retrying = 0


class Meter:
    """Two middlewares that stand around all others: `hop` is the outermost, `sent` the innermost.

    Each redirect passes both, and each further try the inner one only.
    """

    __slots__ = ("_between", "_busy", "_hops", "_since", "_tally", "_tries")

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._between = False  # a try is over, and nobody has said that it was the last
        self._hops = 0
        self._tries = 0
        self._busy = 0.0  # seconds of the tries that are over
        self._since: float | None = None  # when the head of the last answer was there

    async def hop(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Note that a request or its redirect begins."""
        self._hops += 1
        try:
            return await handler(request)
        finally:
            self._set_between(False)

    async def sent(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Note that it is sent, after all waiting of our own."""
        self._tries += 1
        self._since = None
        self._set_between(False)
        began = perf_counter()
        try:
            return await handler(request)
        finally:
            self._since = perf_counter()
            self._busy += self._since - began
            self._set_between(True)

    def _set_between(self, between: bool) -> None:
        self._tally.retrying += between - self._between
        self._between = between

    @property
    def attempts(self) -> int:
        """How often it was sent, redirects apart; 0 if a cache answered, or nothing was sent."""
        return self._tries - self._hops + 1 if self._tries else 0

    def seconds(self) -> float | None:
        """Return how long it was with its servers until now, the body just read; None if never.

        Our own waiting is left out: for a place, for the rate, before another try.
        """
        if self._since is None:
            return None
        return self._busy + perf_counter() - self._since
