"""Urlencoded forms: there, back, and not without end."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, strategies as st

from notebook_http.wire.form_limits import FormTooLarge
from notebook_http.wire.urlencoded_form import format_urlencoded, parse_urlencoded

TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=30)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=10))
def test_fields_read_back(fields: list[tuple[str, str]]) -> None:
    """In order, repeats, blanks and every script; the standard library agrees."""
    body = format_urlencoded(fields)
    assert parse_urlencoded(body) == fields
    assert parse_qsl(body.decode(), keep_blank_values=True) == fields


@given(st.binary(max_size=300))
def test_no_bytes_raise(body: bytes) -> None:
    """Half a percent sign and bytes that are no UTF-8 become text all the same."""
    parse_urlencoded(body)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"", []),
        (b"a", [("a", "")]),
        (b"a=1&&b=2&", [("a", "1"), ("b", "2")]),
        (b"a=1;b=2", [("a", "1;b=2")]),
        (b"a+b=c%20d%2B", [("a b", "c d+")]),
        (b"a=%zz%4", [("a", "%zz%4")]),
        (b"a=%ff", [("a", "\ufffd")]),
        (b"=x", [("", "x")]),
    ],
)
def test_odd_bodies_are_read_as_the_standard_says(
    body: bytes, fields: list[tuple[str, str]]
) -> None:
    """Only `&` separates, so that a cache in front sees the same fields."""
    assert parse_urlencoded(body) == fields


def test_another_charset_is_used_when_named() -> None:
    """Old pages still post in theirs."""
    assert parse_urlencoded(b"a=%e4", charset="latin1") == [("a", "ä")]
    assert format_urlencoded([("a", "ä")], charset="latin1") == b"a=%E4"
    with pytest.raises(LookupError, match="charset"):
        parse_urlencoded(b"a=1", charset="base64")
    with pytest.raises(LookupError, match="charset"):
        format_urlencoded([("a", "1")], charset="idna")


def test_fields_are_counted_before_they_are_made(most_cpu: Any) -> None:
    """A million fields in two megabytes were a gigabyte of objects (tornado CVE-2026-82397)."""
    assert len(parse_urlencoded(b"&".join([b"a=1"] * 1000))) == 1000
    with most_cpu(0.5):
        for body in (b"&".join([b"a=1"] * 1001), b"&" * 2_000_000, b"a&" * 1_000_000):
            with pytest.raises(FormTooLarge, match="1000") as caught:
                parse_urlencoded(body)
            assert caught.value.limit == 1000


def test_a_mebibyte_takes_less_than_a_second(most_cpu: Any) -> None:
    """In percent signs, pluses or equals signs."""
    for body in (b"%" * 1_000_000, b"%41" * 333_000, b"+" * 1_000_000, b"=" * 1_000_000):
        with most_cpu(2):
            parse_urlencoded(body)
