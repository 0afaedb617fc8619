"""The dates in Set-Cookie, which servers write in dozens of ways (RFC 6265bis §5.1.1)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

__all__ = ["parse_cookie_date"]

# Patterns are compiled by `re` when first used, and kept there: importing costs nothing.
# Everything between tokens; `:` is no delimiter, since times hold it.
_DELIMITERS = r"[\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+"
# [0-9] and ASCII only: digits of other scripts made two parsers disagree before.
_TIME = r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])"
_DAY = r"([0-9]{1,2})(?![0-9])"
_YEAR = r"([0-9]{2,4})(?![0-9])"
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}


def parse_cookie_date(text: str) -> datetime | None:
    """Return the moment (aware, UTC) that an Expires attribute names, or None when it names none.

    The RFC's own algorithm: the first token that looks like a time is the time, and so on for
    day, month and year, in any order. ASCII only.
    """
    if len(text) > 128 or not text.isascii():
        return None
    time_of_day: tuple[int, int, int] | None = None
    day = month = year = None
    for token in re.split(_DELIMITERS, text):
        if time_of_day is None and (found := re.match(_TIME, token)):
            time_of_day = (int(found[1]), int(found[2]), int(found[3]))
        elif day is None and (found := re.match(_DAY, token)):
            day = int(found[1])
        elif month is None and (number := _MONTHS.get(token[:3].lower())):
            month = number
        elif year is None and (found := re.match(_YEAR, token)):
            year = int(found[1])
    if time_of_day is None or day is None or month is None or year is None:
        return None
    if 70 <= year <= 99:
        year += 1900
    elif year <= 69:
        year += 2000
    if year < 1601:
        return None
    try:
        return datetime(year, month, day, *time_of_day, tzinfo=UTC)
    except ValueError:
        return None
