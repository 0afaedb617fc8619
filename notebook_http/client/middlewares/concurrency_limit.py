"""Have no more than so many requests under way to one host."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from notebook_http.client.middlewares.answer_end import on_answer_end
from notebook_http.client.middlewares.arguments import check_count

if TYPE_CHECKING:
    from notebook_http.client.middleware import ClientHandlerType
    from notebook_http.client.request import ClientRequest
    from notebook_http.client.response import ClientResponse

__all__ = ["ConcurrencyLimitMiddleware"]


class ConcurrencyLimitMiddleware:
    """Makes requests wait while *limit* others are under way to the same host and port.

    A request is under way until its answer is whole, broken off, or given back: read it or leave
    its `async with` block, or the next one waits. One that becomes a WebSocket has ended with its
    handshake. (`TCPConnector(limit_per_host=…)` bounds the
    connections of one session; this bounds requests, of all sessions that share the object.)

    Requests wait in the order they came, and `ClientTimeout.total` holds while they do. A cancelled
    wait takes no place.

    Args:
        limit: requests under way to one host; 6, what browsers allow themselves over HTTP/1.1.

    Raises:
        ValueError: *limit* is below 1.
        TypeError: it is no whole number.
    """

    def __init__(self, limit: int = 6) -> None:
        check_count(type(self).__name__, "limit", limit)
        self.limit = limit
        self._loop: asyncio.AbstractEventLoop | None = None
        self._gates: dict[tuple[str, int], _Gate] = {}

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Wait for a place, then ask."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # What was under way on another loop ended with it.
            self._loop = loop
            self._gates = {}
        gates = self._gates
        key = (request.url.raw_host or "", request.url.port or 0)
        gate = gates.get(key)
        if gate is None:
            gate = gates[key] = _Gate(self.limit)
        gate.users += 1

        def forget() -> None:
            gate.users -= 1
            if not gate.users and gates.get(key) is gate:
                del gates[key]

        def leave(_: object) -> None:
            gate.places.release()
            forget()

        try:
            await gate.places.acquire()
        except BaseException:
            forget()
            raise
        try:
            response = await handler(request)
        except BaseException:
            leave(None)
            raise
        on_answer_end(response, leave)
        return response


class _Gate:
    """The places of one host, and how many requests have or want one."""

    __slots__ = ("places", "users")

    def __init__(self, limit: int) -> None:
        self.places = asyncio.Semaphore(limit)  # serves in the order of asking
        self.users = 0
