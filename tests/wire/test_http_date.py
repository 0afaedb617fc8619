"""HTTP dates in their three forms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st

from notebook_http.wire.http_date import format_http_date, parse_http_date

UTC = UTC
MOMENT = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_written_date_reads_back(moment: datetime) -> None:
    """To the second; fractions are dropped, never rounded up into the future."""
    assert parse_http_date(format_http_date(moment)) == moment.replace(microsecond=0)


@given(st.floats(-6e10, 2.5e11))
def test_seconds_and_datetimes_agree(seconds: float) -> None:
    """Before 1970 as well."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds // 1)
    assert format_http_date(seconds) == format_http_date(moment)


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ],
)
def test_all_three_forms_are_read(text: str) -> None:
    """RFC 9110 §5.6.7: a recipient accepts the old ones."""
    assert parse_http_date(text) == MOMENT


def test_other_zones_are_brought_to_gmt() -> None:
    """The field has one zone only."""
    zone = timezone(timedelta(hours=5, minutes=30))
    assert format_http_date(MOMENT.astimezone(zone)) == "Sun, 06 Nov 1994 08:49:37 GMT"


def test_a_naive_datetime_is_refused() -> None:
    """Nobody knows which moment it means."""
    with pytest.raises(ValueError, match="aware"):
        format_http_date(MOMENT.replace(tzinfo=None))


def test_two_digit_years_lie_at_most_fifty_years_ahead() -> None:
    """RFC 9110 §5.6.7."""
    read = parse_http_date("Sunday, 06-Nov-76 08:49:37 GMT", this_year=2026)
    assert read is not None
    assert read.year == 2076
    read = parse_http_date("Sunday, 06-Nov-77 08:49:37 GMT", this_year=2026)
    assert read is not None
    assert read.year == 1977


def test_a_leap_second_is_the_second_before_it() -> None:
    """Datetime has none."""
    assert parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT") == datetime(
        2016, 12, 31, 23, 59, 59, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "text",
    [
        None, "", "0", "now", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 1994 08:49:37",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT",
        "Sun, 06 Xyz 1994 08:49:37 GMT", "Sun, ٠6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 1994 08:49:37 GMT\n", "x" * 1_000_000,
    ],
)  # fmt: skip
def test_what_is_no_date_is_none(text: str | None) -> None:
    """A recipient ignores such a field; digits are ASCII."""
    assert parse_http_date(text) is None


@given(st.text(max_size=60))
def test_no_text_raises(text: str) -> None:
    """It comes from a stranger."""
    parse_http_date(text)
