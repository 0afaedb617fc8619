"""Ranges of bytes to text and back (RFC 9110 §14)."""

from __future__ import annotations

from typing import Any

import pytest

from notebook_http.wire.byte_range import (
    ByteRange,
    ContentRange,
    format_content_range,
    format_range,
    parse_content_range,
    parse_range,
)


@pytest.mark.parametrize(
    ("value", "span"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=2-4", (2, 5)),
        ("bytes=9-", (9, 10)),
        ("bytes=0-99", (0, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-99", (0, 10)),
        ("BYTES= 2-4 ", (2, 5)),
        ("bytes=10-", None),
        ("bytes=10-11", None),
        ("bytes=-0", None),
        (f"bytes=0-{'9' * 5000}", (0, 10)),
        (f"bytes={'9' * 5000}-", None),
    ],
)
def test_a_range_is_what_a_slice_takes(value: str, span: tuple[int, int] | None) -> None:
    """Of ten bytes; None where no byte of it is there."""
    asked = parse_range(value)
    assert asked is not None
    assert asked.within(10) == span


def test_nothing_lies_within_an_empty_body() -> None:
    """Neither its first bytes nor its last."""
    assert ByteRange(0, None).within(0) is None
    assert ByteRange(None, 5).within(0) is None


@pytest.mark.parametrize("value", [None, "", "lines=1-2", "bytes=0-1,4-5", "bytes=0-1,x", "abc"])
def test_what_is_no_single_range_of_bytes_is_ignored(value: str | None) -> None:
    """The answer is the whole body then."""
    assert parse_range(value) is None


@pytest.mark.parametrize(
    "value",
    ["bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "bytes=+0-1", "bytes=0_0-1",
     "bytes=0x1-2", "bytes=1 -2", "bytes=٠-١", "bytes=０-１", "bytes=²-³", "bytes=--1", "bytes=1"],
)  # fmt: skip
def test_what_is_no_range_is_an_error(value: str) -> None:
    """Digits are ASCII, and nothing else is a digit."""
    with pytest.raises(ValueError, match="range"):
        parse_range(value)


def test_a_thousand_ranges_cost_nothing(most_cpu: Any) -> None:
    """They are not even counted."""
    value = "bytes=" + ",".join(f"{n}-" for n in range(100_000))
    with most_cpu(0.5):
        assert parse_range(value) is None


@pytest.mark.parametrize(
    ("first", "last", "value"), [(0, 9, "bytes=0-9"), (5, None, "bytes=5-"), (None, 3, "bytes=-3")]
)
def test_what_is_asked_for_is_read_as_it_was_meant(
    first: int | None, last: int | None, value: str
) -> None:
    """Both ways."""
    assert format_range(first, last) == value
    assert parse_range(value) == (first, last)


@pytest.mark.parametrize(("first", "last"), [(None, None), (-1, 5), (None, -5), (5, 4)])
def test_a_range_that_cannot_be_is_not_asked_for(first: int | None, last: int | None) -> None:
    """The caller erred."""
    with pytest.raises(ValueError, match=r"range|position"):
        format_range(first, last)


@pytest.mark.parametrize(
    ("span", "size", "value"),
    [
        ((0, 5), 10, "bytes 0-4/10"),
        ((9, 10), 10, "bytes 9-9/10"),
        ((0, 1), None, "bytes 0-0/*"),
        (None, 7, "bytes */7"),
    ],
)
def test_the_part_of_a_body_is_named(
    span: tuple[int, int] | None, size: int | None, value: str
) -> None:
    """Both ways."""
    assert format_content_range(span, size) == value
    start, stop = span or (None, None)
    assert parse_content_range(value) == ContentRange(start, stop, size)


@pytest.mark.parametrize(
    ("span", "size"), [((3, 3), 10), ((0, 11), 10), ((-1, 2), 10), (None, None)]
)
def test_a_part_that_cannot_be_is_not_named(span: tuple[int, int] | None, size: int | None) -> None:
    """The caller erred."""
    with pytest.raises(ValueError, match=r"bytes|range"):
        format_content_range(span, size)


@pytest.mark.parametrize(
    "value",
    [None, "", "bytes", "bytes */*", "bytes 5-4/10", "bytes 0-10/10", "lines 0-1/2", "bytes 0-1",
     "bytes ٠-١/٢", "bytes 0-4/10, bytes 5-6/10"],
)  # fmt: skip
def test_what_names_no_part_is_none(value: str | None) -> None:
    """A body of which that is said is not to be joined with others (RFC 9110 §14.4)."""
    assert parse_content_range(value) is None
