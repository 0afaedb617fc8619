"""Ask again after answers and errors that pass: exponential back-off with full jitter."""

from __future__ import annotations

import asyncio
import logging
import random
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from notebook_http.client.exceptions import (
    ClientConnectionError,
    ClientSSLError,
    ServerFingerprintMismatch,
)
from notebook_http.client.middlewares.arguments import check_count, check_seconds
from notebook_http.client.middlewares.retry_after import retry_after_seconds
from notebook_http.client.request import IDEMPOTENT_METHODS
from notebook_http.wire.secrets import mask_text, mask_url

if TYPE_CHECKING:
    from collections.abc import Collection

    from notebook_http.client.middleware import ClientHandlerType
    from notebook_http.client.request import ClientRequest
    from notebook_http.client.response import ClientResponse

__all__ = ["RetryMiddleware"]

_log = logging.getLogger("notebook_http.client.retry")
# Not 500: it comes from a fault in the server far more often than from a moment of trouble.
_STATUSES = frozenset({429, 502, 503, 504})
# A peer that cannot prove who it is will not be able to in a second either.
_LASTING = (ClientSSLError, ServerFingerprintMismatch)
_MOST_DOUBLINGS = 64  # beyond that every base is over every cap, and floats overflow


class _Failure(NamedTuple):
    """One try that failed, and what came of it."""

    outcome: ClientResponse | ClientConnectionError

    @property
    def reason(self) -> str:
        outcome = self.outcome
        if isinstance(outcome, ClientConnectionError):
            return f"{type(outcome).__name__}: {mask_text(str(outcome))}"
        return f"answered {outcome.status}"


class RetryMiddleware:
    """Sends a request again when the answer was 429, 502, 503 or 504, or no connection held.

    The wait before the nth repetition is drawn at random between 0 and ``base_delay * 2**(n-1)``
    (full jitter: clients that failed together do not come back together). A `Retry-After` of the
    server is waited for in full, and up to *base_delay* longer, for the same reason. Every wait is
    logged to `notebook_http.client.retry` at INFO.

    The last answer is returned as it is, and the last error raised with a note on the tries, when
    tries or time are used up, when the server asks for a longer wait than *max_delay*, when the
    wait would end after `ClientTimeout.total`, or when the body was a stream that is spent.
    Responses that are not returned are released. Never repeated: certificates that do not hold,
    `ClientTimeout.total`, bodies that break off after the head (nobody knows what was read).

    A cancel ends the wait, or the try under way, at once, and leaves nothing behind.

    Args:
        attempts: how often a request is sent at most, the first time included; 4, since what
            has not passed after three waits will not pass soon.
        statuses: answers to be tried again.
        methods: which requests; None for all. The default is those that mean the same twice
            (RFC 9110 §9.2.2: GET, HEAD, OPTIONS, TRACE, PUT, DELETE). With POST in it, what was
            asked for may happen twice.
        base_delay: seconds that the first wait may last; 0.5 is what a restart behind a load
            balancer takes. 0 repeats at once, but for `Retry-After`.
        max_delay: seconds that one wait may last; 30, about as long as people wait.
        max_total: seconds from the first try within which a try may begin; 120, well under the
            5 minutes of `ClientTimeout.total`.

    Raises:
        ValueError: an argument is negative, or *attempts* below 1.
        TypeError: an argument is no number, or *methods* is one word.
    """

    def __init__(
        self,
        *,
        attempts: int = 4,
        statuses: Collection[int] = _STATUSES,
        methods: Collection[str] | None = IDEMPOTENT_METHODS,
        base_delay: float = 0.5,
        max_delay: float = 30.0,
        max_total: float = 120.0,
    ) -> None:
        name = type(self).__name__
        check_count(name, "attempts", attempts)
        check_seconds(name, "base_delay", base_delay, zero=True)
        check_seconds(name, "max_delay", max_delay, zero=True)
        check_seconds(name, "max_total", max_total, zero=True)
        if isinstance(methods, str):
            text = f"{name}: methods is a set of words such as {{{methods!r}}}, not one word"
            raise TypeError(text)
        self.attempts = attempts
        self.statuses = frozenset(statuses)
        self.methods = None if methods is None else frozenset(word.upper() for word in methods)
        self.base_delay = base_delay
        self.max_delay = max_delay
        self.max_total = max_total

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Return the first answer that is worth keeping, or the last one."""
        if self.methods is not None and request.method not in self.methods:
            return await handler(request)
        began = monotonic()
        tries = 0
        while True:
            tries += 1
            failure = await self._try(request, handler)
            if not isinstance(failure, _Failure):
                failure.timings.tries = tries
                return failure
            elapsed = monotonic() - began
            delay = self._delay(request, failure, tries, elapsed)
            if delay is None:
                return _last(failure, tries, elapsed)
            _log.info(
                "%s %s %s: try %d of %d follows in %.2f s",
                request.method,
                mask_url(request.url),
                failure.reason,
                tries + 1,
                self.attempts,
                delay,
            )
            await _let_go(failure)
            await asyncio.sleep(delay)

    async def _try(
        self, request: ClientRequest, handler: ClientHandlerType
    ) -> ClientResponse | _Failure:
        try:
            response = await handler(request)
        except _LASTING:
            raise
        except ClientConnectionError as error:
            return _Failure(error)
        return _Failure(response) if response.status in self.statuses else response

    def _delay(
        self, request: ClientRequest, failure: _Failure, tries: int, elapsed: float
    ) -> float | None:
        """Return the seconds to wait before the next try; None if there is to be none."""
        if tries >= self.attempts or getattr(request.session, "closed", False):
            return None
        if request.outgoing is not None and request.outgoing.is_spent:
            return None
        asked = None
        if not isinstance(failure.outcome, ClientConnectionError):
            asked = retry_after_seconds(failure.outcome.headers)
        if asked is None:
            doublings = min(tries - 1, _MOST_DOUBLINGS)
            delay = random.uniform(0, min(self.max_delay, self.base_delay * 2**doublings))
        elif asked > self.max_delay:
            return None
        else:
            delay = asked + random.uniform(0, self.base_delay)
        if elapsed + delay > self.max_total:
            return None
        if asyncio.get_running_loop().time() + delay >= request.responder.total_at:
            return None
        return delay


def _last(failure: _Failure, tries: int, elapsed: float) -> ClientResponse:
    outcome = failure.outcome
    if not isinstance(outcome, ClientConnectionError):
        outcome.timings.tries = tries
        return outcome
    if tries > 1:
        outcome.add_note(f"RetryMiddleware gave up after {tries} tries in {elapsed:.1f} s.")
    raise outcome


async def _let_go(failure: _Failure) -> None:
    """Release the answer, and wait until the body that may still be on its way out has stopped.

    Otherwise two tries would read from the same file.
    """
    outcome = failure.outcome
    if not isinstance(outcome, ClientConnectionError):
        outcome.close()
        await outcome.wait_for_close()
