"""HTTP dates: seconds since the epoch to text and back (RFC 9110 §5.6.7).

Asks no clock: the caller brings the time.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

__all__ = ["format_http_date", "parse_http_date"]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_NUMBERS = {name: number for number, name in enumerate(_MONTHS, 1)}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# [0-9], not \d, and re.ASCII: digits of other scripts are not digits on the wire.
_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
# Compiled by `re` when first used, and kept there: importing costs nothing.
_FORMS = (
    # Sun, 06 Nov 1994 08:49:37 GMT
    rf"[A-Z][a-z]{{2}}, (?P<day>[0-9]{{2}}) (?P<month>[A-Z][a-z]{{2}}) (?P<year>[0-9]{{4}})"
    rf" {_TIME} GMT",
    # Sunday, 06-Nov-94 08:49:37 GMT
    rf"[A-Z][a-z]{{5,8}}, (?P<day>[0-9]{{2}})-(?P<month>[A-Z][a-z]{{2}})-(?P<year>[0-9]{{2}})"
    rf" {_TIME} GMT",
    # Sun Nov  6 08:49:37 1994
    rf"[A-Z][a-z]{{2}} (?P<month>[A-Z][a-z]{{2}}) (?P<day>[0-9 ][0-9]) {_TIME}"
    r" (?P<year>[0-9]{4})",
)


def format_http_date(when: float | datetime) -> str:
    """Return `Sun, 06 Nov 1994 08:49:37 GMT` for seconds since the epoch or an aware datetime.

    Fractions of a second are dropped: a header has none, and a date must not lie ahead.

    Raises:
        ValueError: the datetime is naive, so nobody knows which moment it means.
        OverflowError: outside the years 1 to 9999.
    """
    if isinstance(when, datetime):
        if when.tzinfo is None:
            msg = "an HTTP date needs an aware datetime; add tzinfo=datetime.timezone.utc"
            raise ValueError(msg)
        moment = when.astimezone(UTC)
    else:
        # Not fromtimestamp: that one refuses times before 1970 on some systems.
        moment = _EPOCH + timedelta(seconds=when // 1)
    return (
        f"{_DAYS[moment.weekday()]}, {moment.day:02d} {_MONTHS[moment.month - 1]} "
        f"{moment.year:04d} {moment.hour:02d}:{moment.minute:02d}:{moment.second:02d} GMT"
    )


def parse_http_date(value: str | None, *, this_year: int = 2026) -> datetime | None:
    """Return the moment (aware, UTC) that any of the three HTTP date forms names, or None.

    None also for what is no date: a recipient ignores such a field (RFC 9110 §5.6.7). The name
    of the weekday is not compared; a leap second reads as the second before it.

    Args:
        value: the field's value.
        this_year: for the two-digit years of the RFC 850 form: one that lies more than 50 years
            ahead of it is of the century before. The default serves until 2076.
    """
    if not value or len(value) > 40:
        return None
    for form in _FORMS:
        match = re.fullmatch(form, value, re.ASCII)
        if match is not None:
            break
    else:
        return None
    month = _MONTH_NUMBERS.get(match["month"])
    if month is None:
        return None
    year = int(match["year"])
    if len(match["year"]) == 2:
        year += this_year // 100 * 100
        if year > this_year + 50:
            year -= 100
    try:
        return datetime(
            year,
            month,
            int(match["day"]),
            int(match["hour"]),
            int(match["minute"]),
            min(int(match["second"]), 59) if match["second"] == "60" else int(match["second"]),
            tzinfo=UTC,
        )
    except ValueError:
        return None
