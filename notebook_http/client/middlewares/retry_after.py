"""Read `Retry-After`: how long a server asks to be left alone (RFC 9110 §10.2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from math import inf

from notebook_http import hdrs
from notebook_http.wire.http_date import parse_http_date

__all__ = ["retry_after_seconds"]

_MOST_DIGITS = 9  # 31 years; a number with more is no wait that anybody meant


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a response with these *headers* asks to wait, None if it does not.

    A date is compared with the response's own `Date`, where there is one: our clock may be wrong.
    One in the past is 0, a number beyond all sense `inf`. What is neither is ignored.
    """
    value = headers.get(hdrs.RETRY_AFTER, "").strip(" \t")
    if value.isascii() and value.isdecimal():
        return float(value) if len(value) <= _MOST_DIGITS else inf
    moment = parse_http_date(value)
    if moment is None:
        return None
    now = parse_http_date(headers.get(hdrs.DATE)) or datetime.now(UTC)
    return max(0.0, (moment - now).total_seconds())
