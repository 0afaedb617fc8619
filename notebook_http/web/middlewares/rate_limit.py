"""Answer each client so many requests and no more: token buckets, one for each."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from notebook_http.web.app_key import RequestKey
from notebook_http.web.exceptions import HTTPTooManyRequests
from notebook_http.web.middlewares.arguments import check_count, check_seconds
from notebook_http.web.middlewares.outgoing_head import before_head

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from notebook_http.web.request import Request
    from notebook_http.web.routing.route import Handler
    from notebook_http.web.stream_response import StreamResponse

__all__ = ["RateLimitMiddleware", "address_of"]

_MOST_DIGITS = 18  # of a number of requests; Python takes no endless ones


class _State(NamedTuple):
    """A bucket as it was when a request was counted."""

    remaining: int
    reset: int  # seconds until it is full


def address_of(request: Request) -> Hashable:
    """Return what stands for the client: its address; of IPv6 the network, /64.

    One client has as many IPv6 addresses as it likes. All clients of a Unix socket are one.
    """
    remote = request.remote or ""
    if ":" not in remote:
        return remote
    try:
        address = ipaddress.IPv6Address(remote)
    except ValueError:
        return remote
    return address.ipv4_mapped or int(address) >> 64


class RateLimitMiddleware:
    """Answers 429 with ``Retry-After`` to clients that ask too often.

    A client may ask *burst* times at once, and *requests* times in each *per* seconds in the long
    run. All answers tell what is left (``RateLimit-Limit``, ``RateLimit-Remaining``,
    ``RateLimit-Reset`` in seconds). The count is this process's own: two processes allow twice as
    much.

    Behind a proxy every request comes from the proxy's address. Then give a *key* that reads what
    the proxy adds, its last entry: ``X-Forwarded-For`` as a whole is what the client likes to say,
    and one who can choose the key is not limited.

    Args:
        requests: that are answered in *per* seconds.
        per: seconds.
        burst: requests that are answered at once; as many as *requests* by default.
        key: tells who is asking; None lets the request pass. `address_of` by default.
        max_clients: clients that are remembered; the ones who asked longest ago are forgotten
            first, and start anew. 10,000 take about 2 MB.

    Raises:
        TypeError: an argument is no number.
        ValueError: an argument is not above 0.
    """

    def __init__(
        self,
        requests: int,
        per: float = 1.0,
        *,
        burst: int | None = None,
        key: Callable[[Request], Hashable | None] = address_of,
        max_clients: int = 10_000,
    ) -> None:
        check_count("RateLimitMiddleware", "requests", requests)
        check_seconds("RateLimitMiddleware", "per", per)
        self.burst = requests if burst is None else burst
        check_count("RateLimitMiddleware", "burst", self.burst)
        check_count("RateLimitMiddleware", "max_clients", max_clients)
        self.rate = requests / per
        self.key = key
        self.max_clients = max_clients
        # Tokens, and when they were counted; who asked last is last.
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._state: RequestKey[_State] = RequestKey("rate_limit", _State)
        self._watch = before_head(self, self._add)

    async def __call__(self, request: Request, handler: Handler) -> StreamResponse:
        """Count the request, and let the handler answer if there is a token for it."""
        client = self.key(request)
        if client is None:
            return await handler(request)
        tokens = self._count(client)
        left = max(tokens, 0.0)
        request[self._state] = _State(int(left), ceil((self.burst - left) / self.rate))
        self._watch(request)
        if tokens < 0:
            wait = ceil(-tokens / self.rate)
            raise HTTPTooManyRequests(
                headers={"Retry-After": str(max(wait, 1))},
                text=f"Too many requests: ask again in {max(wait, 1)} s",
            )
        return await handler(request)

    def _count(self, client: Hashable) -> float:
        """Take a token and return how many are left; below 0, none was there and none is taken."""
        now = monotonic()
        tokens, since = self._buckets.get(client, (float(self.burst), now))
        tokens = min(float(self.burst), tokens + (now - since) * self.rate)
        left = tokens - 1
        self._buckets[client] = (left if left >= 0 else tokens, now)
        self._buckets.move_to_end(client)
        if len(self._buckets) > self.max_clients:
            self._buckets.popitem(last=False)
        return left

    async def _add(self, request: Request, response: StreamResponse) -> None:
        """Tell what is left; of two limits, that of which less is left."""
        fields, state = response.headers, request[self._state]
        told = fields.get("RateLimit-Remaining", "")  # a handler may say anything there
        if told.isdecimal() and len(told) <= _MOST_DIGITS and int(told) <= state.remaining:
            return
        fields["RateLimit-Limit"] = str(self.burst)
        fields["RateLimit-Remaining"] = str(state.remaining)
        fields["RateLimit-Reset"] = str(state.reset)
