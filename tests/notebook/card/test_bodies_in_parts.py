"""Forms, multipart bodies, event streams and lines: a row for each part, pair or event."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from notebook_http.notebook.display.body import Body
from notebook_http.notebook.display.body_preview import preview_html
from notebook_http.notebook.display.card import CardFacts, card_bundle, card_html, card_text
from notebook_http.notebook.display.part_rows import multipart_rows

Facts = Callable[..., CardFacts]
ReadSafely = Callable[[str], Any]

MULTIPART = (
    b"preamble\r\n--xYz\r\n"
    b'Content-Disposition: form-data; name="title"\r\n\r\nH\xc3\xa9llo\r\n'
    b"--xYz\r\n"
    b'Content-Disposition: form-data; name="file"; filename="<b>.png"\r\n'
    b"Content-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\n"
    + bytes(2000)
    + b"\r\n--xYz\r\n"
    + b'Content-Disposition: form-data; name="password"\r\n\r\nc4n4ryc4n4ry\r\n'
    + b"--xYz\r\n\r\nno fields\r\n--xYz--\r\nepilogue"
)


def test_multipart_is_a_list_of_its_parts(facts: Facts, read_safely: ReadSafely) -> None:
    """Name, file name, type, size and what it begins with."""
    card = read_safely(card_html(facts(MULTIPART, "multipart/form-data")))
    assert "4 parts" in card.text
    for shown in ("title", "Héllo", "<b>.png", "image/png", "2.0 KB", "(image/png)", "no fields"):
        assert shown in card.text
    assert "c4n4ry" not in card.text
    assert "•••• (len 12)" in card.text
    assert "<b>.png" in card_text(facts(MULTIPART, "multipart/form-data"))


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_multipart_is_read_with_any_line_end_and_without_its_end(end: bytes) -> None:
    """What was cut off on its way shows what came."""
    lines = [b"--b", b"X: y", b"", b"one", b"--b", b"", b"", b"--b", b"X: cut off in the hea"]
    rows = multipart_rows(end.join(lines), 20)
    assert rows is not None
    assert [(row["size"], row["content"]) for row in rows.records] == [
        ("3 bytes", "one"),
        ("0 bytes", ""),
        ("cut off in its head", ""),
    ]
    assert rows.total == 3


def test_many_parts_are_counted_and_what_is_no_multipart_is_text(
    facts: Facts, read_safely: ReadSafely
) -> None:
    """The sender may have forgotten the boundary."""
    card = read_safely(card_html(facts(b"--b\n\nx\n" * 300 + b"--b--", "multipart/mixed")))
    assert "First 20 of 300 parts: r.content has all." in card.text
    card = read_safely(card_html(facts(b"hello", "multipart/mixed")))
    assert "hello" in card.text


def test_a_form_is_shown_as_its_pairs(facts: Facts, read_safely: ReadSafely) -> None:
    """Decoded, repeated names too, secrets masked."""
    content = b"a=1+2&a=%3Cb%3E&%C3%A9=&password=c4n4ryc4n4ry"
    exchange = facts(content, "application/x-www-form-urlencoded")
    card = read_safely(card_html(exchange))
    assert "4 pairs" in card.text
    for shown in ("1 2", "<b>", "é"):
        assert shown in card.text
    for shown in card_bundle(exchange).values():
        assert "c4n4ry" not in shown
    card = read_safely(card_html(facts(b"no pairs", "application/x-www-form-urlencoded")))
    assert "no pairs" in card.text


def test_an_event_stream_is_a_table_of_its_events(facts: Facts, read_safely: ReadSafely) -> None:
    """Comments are none, and what does not end is not there yet."""
    content = b': hi\n\nevent: tick\nid: 7\ndata: {"n": 1}\ndata: x\n\ndata: <i>\n\ndata: the last'
    card = read_safely(card_html(facts(content, "text/event-stream")))
    assert "2 events" in card.text
    for shown in ("tick", '{"n": 1}\nx', "7", "message", "<i>"):
        assert shown in card.text
    assert "the last" not in card.text
    card = read_safely(card_html(facts(b"data: 1\n\n" * 500, "text/event-stream")))
    assert "First 20 events of 4.5 KB: r.df() has all." in card.text


def test_json_lines_are_a_table_and_a_broken_line_is_named(
    facts: Facts, read_safely: ReadSafely
) -> None:
    """What came before it is shown."""
    content = b'{"n": 1}\n{"n": 2}\n{"n": \n{"n": 4}\n'
    card = read_safely(card_html(facts(content, "application/x-ndjson")))
    assert "First 2 rows" in card.text
    assert "Line 3 is not JSON: Expecting value" in card.text


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "text/event-stream", "application/x-www-form-urlencoded"],
)
def test_a_hundred_megabytes_cost_no_more_than_a_glance(
    facts: Facts, content_type: str, most_cpu: Any
) -> None:
    """Separators are looked for, nothing else is read."""
    bodies = [b"--b\r\n\r\n" + b"x" * 100_000_000, b"--b\n\n" * 20_000_000, b"a&" * 50_000_000]
    for content in bodies:
        exchange = facts(content, content_type)
        with most_cpu(0.5):
            card_bundle(exchange)


@given(
    content=st.one_of(
        st.binary(max_size=300),
        st.text(alphabet='-b\r\n: "=;&%+name', max_size=300).map(str.encode),
        st.lists(st.sampled_from([b"--b", b"--b--", b"\r\n", b"\n", b"X: y", b"x"])).map(b"".join),
    )
)
def test_any_bytes_can_be_shown_as_parts(content: bytes, read_safely: ReadSafely) -> None:
    """A display never raises."""
    for content_type in (
        *("multipart/form-data", "text/event-stream", "application/x-www-form-urlencoded"),
        *("application/x-ndjson", "text/csv"),
    ):
        read_safely(preview_html(Body(content, content_type), 9000))
        read_safely(preview_html(Body(b"--b\r\n" + content, content_type), 9000, table=False))


def test_a_table_says_how_many_rows_there_are(facts: Facts, read_safely: ReadSafely) -> None:
    """Counted, not guessed, up to 4 MiB of JSON."""
    content = json.dumps([{"n": n, "text": "x" * 60} for n in range(30_000)]).encode()
    card = read_safely(card_html(facts(content, "application/json")))
    assert "First 20 of 30,000 rows: r.df() has all." in card.text
    assert "The same as a tree" in card.text
