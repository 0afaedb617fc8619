"""Send so many requests in so many seconds at most: a token bucket, first come first served."""

from __future__ import annotations

import asyncio
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

from notebook_http.client.middlewares.arguments import check_count, check_seconds

if TYPE_CHECKING:
    from notebook_http.client.middleware import ClientHandlerType
    from notebook_http.client.request import ClientRequest
    from notebook_http.client.response import ClientResponse

__all__ = ["RateLimitMiddleware"]

# Hosts whose buckets are kept. Full ones go first: they are like new ones.
_MAX_BUCKETS = 1024


class RateLimitMiddleware:
    """Makes requests wait, so that no more than *requests* begin in *per* seconds.

    A token bucket: it holds *burst* tokens, each request takes one, and they come back evenly, one
    every ``per / requests`` seconds. So *burst* requests leave at once after a quiet time, and in
    any *per* seconds at most ``requests + burst``. With ``burst=1`` they leave one by one.

    Requests wait in the order they came. Each redirect, and each try of a `RetryMiddleware` before
    it, counts. `ClientTimeout.total` holds while they wait; there is no other limit to the queue.
    A cancelled wait takes nothing: whoever comes next moves up.

    Args:
        requests: how many in a period.
        per: seconds of a period; default 1.
        burst: how many may leave at once; default is *requests*, what servers count as fair within
            one period.
        per_host: whether each host and port is counted by itself. By default all are counted
            together: quotas are mostly of a key or an account, which may span hosts.

    Raises:
        ValueError: a number is below 1, or *per* is no positive time.
        TypeError: it is no number.
    """

    def __init__(
        self,
        requests: int,
        per: float = 1.0,
        *,
        burst: int | None = None,
        per_host: bool = False,
    ) -> None:
        name = type(self).__name__
        check_count(name, "requests", requests)
        check_seconds(name, "per", per)
        if burst is not None:
            check_count(name, "burst", burst)
        self.requests = requests
        self.per = per
        self.burst = requests if burst is None else burst
        self.per_host = per_host
        self._buckets: dict[tuple[str, int] | None, _Bucket] = {}

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Wait for a token, then ask."""
        key = None
        if self.per_host:
            key = (request.url.raw_host or "", request.url.port or 0)
        bucket = self._buckets.get(key)
        if bucket is None:
            self._make_room()
            bucket = self._buckets[key] = _Bucket(self.requests / self.per, self.burst)
        await bucket.take()
        return await handler(request)

    def _make_room(self) -> None:
        """Forget buckets that nobody would miss, if there are many."""
        if len(self._buckets) >= _MAX_BUCKETS:
            for key in [key for key, bucket in self._buckets.items() if bucket.is_full()]:
                del self._buckets[key]


class _Bucket:
    """Tokens that come back with time, and those who wait for one."""

    __slots__ = ("_burst", "_loop", "_rate", "_stamp", "_timer", "_tokens", "_waiters")

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._stamp = monotonic()
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def is_full(self) -> bool:
        """Whether it is as if it had never been used."""
        self._refill()
        return self._tokens >= self._burst and not self._waiters

    async def take(self) -> None:
        """Return with a token. A cancel gives back what was taken."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # Those who waited on another loop are gone with it.
            self._loop = loop
            self._waiters.clear()
            self._timer = None
        self._refill()
        if not self._waiters and self._tokens >= 1:
            self._tokens -= 1
            return
        waiter: asyncio.Future[None] = loop.create_future()
        self._waiters.append(waiter)
        self._wind(loop)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.cancelled():
                if waiter in self._waiters:  # a token that came meanwhile has passed it by
                    self._waiters.remove(waiter)
            else:  # a token was given in the same moment
                self._tokens += 1
            self._serve(loop)
            raise

    def _refill(self) -> None:
        now = monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._stamp) * self._rate)
        self._stamp = now

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give out what tokens there are, and come again for those who still wait."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._refill()
        while self._waiters and self._tokens >= 1:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                self._tokens -= 1
        if self._waiters:
            self._wind(loop)

    def _wind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Come again when the next token is there."""
        if self._timer is None:
            seconds = max(0.0, (1 - self._tokens) / self._rate)
            self._timer = loop.call_later(seconds, self._serve, loop)
