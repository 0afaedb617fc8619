"""MessagePack on a card: its values as a tree, and what is wrong with it in words."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgpack
import pytest
from hypothesis import given, strategies as st

from notebook_http.notebook.display.body import Body
from notebook_http.notebook.display.body_lines import preview_lines
from notebook_http.notebook.display.body_preview import preview_html
from notebook_http.notebook.display.card import CardFacts, card_bundle, card_html, card_text

Facts = Callable[..., CardFacts]
ReadSafely = Callable[[str], Any]
TYPE = "application/msgpack"

VALUE = {
    "name": "<b>é",
    "raw": b"\0\1\2" * 40,
    "list": [1, 2.5, None, True],
    5: "five",
    "at": msgpack.Timestamp.from_datetime(datetime(2024, 1, 1, tzinfo=UTC)),
    "token": "c4n4ryc4n4ry",
    "password": b"c4n4ry",
}


def test_values_are_a_tree(facts: Facts, read_safely: ReadSafely) -> None:
    """Names that are no text, bytes, times and extensions too; secrets masked."""
    exchange = facts(msgpack.packb(VALUE), TYPE)
    card = read_safely(card_html(exchange))
    for shown in (
        'name: "<b>é"',
        "raw: 120 bytes: 00 01 02",
        "list: […] 4 items",
        "[1]: 2.5",
        '5: "five"',
        "1704067200",
        "•••• (len 12)",
    ):
        assert shown in card.text
    assert "(MessagePack: {name, raw, list, 5, …} 7 members)" in card_text(exchange)
    for shown in card_bundle(exchange).values():
        assert "c4n4ry" not in shown
        assert b"c4n4ry".hex(" ") not in shown


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (msgpack.packb([1, 2])[:-1], "Not MessagePack: it ends too early, at byte 2."),
        (b"\x01\x02", "the first ends at byte 1 of 2"),
        (b"\xc1", "Not MessagePack"),
        (b"\xdd\xff\xff\xff\xff", "Not MessagePack"),
        (b"\x91" * 5000, "Not MessagePack"),
        (b"\xc4\xff" + bytes(2_000_000), "more than 1 MiB"),
    ],
)
def test_what_cannot_be_read_says_why_and_shows_its_bytes(
    facts: Facts, read_safely: ReadSafely, content: bytes, words: str, most_cpu: Any
) -> None:
    """Announced lengths are not believed: four gigabytes in five bytes."""
    exchange = facts(content, TYPE)
    with most_cpu(0.3):
        card = read_safely(card_html(exchange))
    assert words in card.text
    assert content[:2].hex(" ") in card.text
    assert words in card_text(exchange)


def test_without_the_library_its_bytes_are_shown(
    facts: Facts, read_safely: ReadSafely, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what would help."""
    monkeypatch.setitem(sys.modules, "msgpack", None)
    card = read_safely(card_html(facts(b"\x81\xa1a\x01", TYPE)))
    assert "pip install msgpack shows its values." in card.text
    assert "81 a1 61 01" in card.text


@given(content=st.binary(min_size=1, max_size=200))
def test_any_bytes_can_be_shown(content: bytes, read_safely: ReadSafely) -> None:
    """A display never raises."""
    read_safely(preview_html(Body(content, TYPE), 9000))
    for line in preview_lines(Body(content, TYPE), 10):
        line.encode()
