"""What holds for all requests of one batch: how many at once, how fast, how often."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from notebook_http.client.middlewares.arguments import check_count
from notebook_http.client.middlewares.concurrency_limit import ConcurrencyLimitMiddleware
from notebook_http.client.middlewares.rate_limit import RateLimitMiddleware
from notebook_http.client.middlewares.retry import RetryMiddleware

if TYPE_CHECKING:
    from notebook_http.client.middleware import ClientMiddlewareType

__all__ = ["Policy", "policy_of"]

_RATE = re.compile(r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*/\s*(\d{1,9})?\s*([a-z]+)\s*", re.IGNORECASE)
_UNIT_SECONDS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3600),
}


class Policy(NamedTuple):
    """Limits of a batch, and the middlewares that keep them.

    Attributes:
        limit: requests under way.
        per_host: requests under way to one host.
        before: middlewares around each request, its further tries included.
        retry: sends again; None if nothing is.
        each_try: middlewares around each try.
    """

    limit: int
    per_host: int
    before: tuple[ClientMiddlewareType, ...]
    retry: ClientMiddlewareType | None
    each_try: tuple[ClientMiddlewareType, ...]

    def around(self, theirs: tuple[ClientMiddlewareType, ...]) -> tuple[ClientMiddlewareType, ...]:
        """Return *theirs*, those of the client, with ours inside them.

        One retry is enough: two would multiply.
        """
        retries = self.retry is not None and not any(
            isinstance(middleware, RetryMiddleware) for middleware in theirs
        )
        ours = (self.retry,) if retries and self.retry is not None else ()
        return (*theirs, *self.before, *ours, *self.each_try)


def policy_of(
    caller: str, *, limit: int, per_host: int, retry: Any, rate: Any, cache: Any
) -> Policy:
    """Return the policy that the arguments of `fetch_all` ask for.

    Raises:
        TypeError, ValueError: one of them cannot be; the message names it.
    """
    check_count(caller, "limit", limit)
    check_count(caller, "per_host", per_host)
    if cache is not None and not callable(cache):
        text = f"{caller}: cache is a CacheMiddleware, not {cache!r}"
        raise TypeError(text)
    each_try: list[ClientMiddlewareType] = [ConcurrencyLimitMiddleware(per_host)]
    if rate is not None:
        each_try.append(_rate_limit(caller, rate))
    return Policy(
        limit,
        per_host,
        () if cache is None else (cache,),
        _retry(caller, retry),
        tuple(each_try),
    )


def _retry(caller: str, given: Any) -> ClientMiddlewareType | None:
    if given is None or callable(given):
        middleware: ClientMiddlewareType | None = given
        return middleware
    check_count(caller, "retry", given)
    return RetryMiddleware(attempts=given) if given > 1 else None


def _rate_limit(caller: str, given: Any) -> ClientMiddlewareType:
    """Return the middleware that *given* names: `"10/s"`, `"600/min"`, `"1/2s"`, or one itself."""
    if callable(given):
        middleware: ClientMiddlewareType = given
        return middleware
    found = _RATE.fullmatch(given) if isinstance(given, str) else None
    unit = _UNIT_SECONDS.get(found[3].lower()) if found is not None else None
    if found is None or unit is None:
        text = (
            f"{caller}: rate is text such as '10/s', '600/min' or '100/h', or a "
            f"RateLimitMiddleware, not {given!r}"
        )
        raise ValueError(text)
    count, seconds = float(found[1]), int(found[2] or 1) * unit
    if not count or not seconds:
        text = f"{caller}: with rate={given!r} nothing could be sent"
        raise ValueError(text)
    # One by one, evenly: a burst on top would exceed what was said in the first period.
    return RateLimitMiddleware(1, per=seconds / count, burst=1)
