"""The dates that servers put into Set-Cookie."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from notebook_http.wire.cookie_date import parse_cookie_date
from notebook_http.wire.http_date import format_http_date

UTC = UTC


@given(st.datetimes(datetime(1601, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_http_dates_are_cookie_dates(moment: datetime) -> None:
    """What we write, and what nearly all servers write."""
    assert parse_cookie_date(format_http_date(moment)) == moment.replace(microsecond=0)


@pytest.mark.parametrize(
    "text",
    [
        "Wed, 09 Jun 2021 10:18:14 GMT", "Wed, 09-Jun-21 10:18:14 GMT", "Wed Jun 9 10:18:14 2021",
        "9 June 2021 10:18:14", "2021 jUN 9 10:18:14", "Wednesday, 09-Jun-2021 10:18:14 UTC+1",
        "10:18:14 9th Jun 2021", "Wed,09/Jun/2021;10:18:14",
    ],
)  # fmt: skip
def test_tokens_are_found_in_any_order(text: str) -> None:
    """RFC 6265bis §5.1.1: an algorithm, because there is no grammar."""
    assert parse_cookie_date(text) == datetime(2021, 6, 9, 10, 18, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("year", "meant"), [("69", 2069), ("70", 1970), ("99", 1999), ("00", 2000)]
)
def test_two_digit_years_turn_at_seventy(year: str, meant: int) -> None:
    """RFC 6265bis §5.1.1, steps 3 and 4."""
    read = parse_cookie_date(f"Wed, 09-Jun-{year} 10:18:14 GMT")
    assert read is not None
    assert read.year == meant


@pytest.mark.parametrize(
    "text",
    [
        "", "0", "never", "Wed, 09 Jun 2021", "Wed, 09 Jun 10:18:14", "Wed, Jun 2021 10:18:14",
        "09 2021 10:18:14", "31 Feb 2021 10:18:14", "9 Jun 1600 10:18:14", "9 Jun 2021 24:18:14",
        "9 Jun 2021 10:60:14", "٩ Jun 2021 10:18:14", "９ Jun 2021 10:18:14",
        "9 Jun 20210 10:18:14",
        "9 Jun 2021 10:18:144", "9 Jun 2021 10:18:14 " + "x" * 1_000_000,
    ],
)  # fmt: skip
def test_what_is_no_date_is_none(text: str) -> None:
    """The cookie then lives as long as the session; digits are ASCII (aiohttp #13278)."""
    assert parse_cookie_date(text) is None


@given(st.text(max_size=80))
def test_no_text_raises(text: str) -> None:
    """It comes from a stranger."""
    parse_cookie_date(text)
