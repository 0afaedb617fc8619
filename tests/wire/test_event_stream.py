"""Event streams are read as WHATWG says, however their bytes are cut."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, strategies as st

from notebook_http.wire.event_stream import EventStreamParser, EventTooLarge, ServerSentEvent

Event = ServerSentEvent
PIECES = [
    *(b"data", b"event", b"id", b"retry", b":", b": ", b"\r", b"\n", b"\r\n", b"\n\n", b"\r\r"),
    *(b" ", b"x", b"7", b"\0", "ü".encode(), "😀".encode(), b"\xff", b"\xe2\x82", b"\xef\xbb\xbf"),
    *(b"data: a\n\n", b"id: 1\r\n", b"retry: 12\r", b"event: e\n", b": note\n"),
]
STREAMS = st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join)


def parse(*pieces: bytes, **limits: int) -> list[Event]:
    parser = EventStreamParser(**limits)
    return [event for piece in pieces for event in parser.feed(piece)]


def one_by_one(stream: bytes, cuts: list[int]) -> tuple[list[Event], str, str, int | None]:
    """Return all that a stream leads to, with limits low enough to be met."""
    parser = EventStreamParser(max_line_bytes=12, max_event_bytes=16)
    events: list[Event] = []
    try:
        for start, stop in pairwise([0, *cuts, len(stream)]):
            for event in parser.feed(stream[start:stop]):
                events.append(event)
    except EventTooLarge as exc:
        return events, str(exc), parser.last_event_id, parser.retry
    return events, "", parser.last_event_id, parser.retry


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        # WHATWG's own examples.
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [Event(data="YHOO\n+2\n10")]),
        (
            b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
            b"data:  third\n\n",
            [Event(data="first event", id="1"), Event(data="second event"), Event(data=" third")],
        ),
        (b"data\n\ndata\ndata\n\ndata:", [Event(data=""), Event(data="\n")]),
        (b"data:test\n\ndata: test\n\n", [Event(data="test"), Event(data="test")]),
        # Names, types, and what is no field.
        (b"event: add\ndata: 1\n\ndata: 2\n\n", [Event("add", "1"), Event(data="2")]),
        (b"event: lost\n\ndata: 2\n\n", [Event(data="2")]),
        (b"DATA: no\n data: no\ndatax: no\ndata : no\nfoo\n:\n\n", []),
        (b"event:\ndata: a:b: c\n\n", [Event(data="a:b: c")]),
        # Ends of lines, mixed.
        (b"data: a\r\rdata: b\r\n\r\ndata: c\n\r\ndata: d\r\n\n", [Event(data=c) for c in "abcd"]),
        (b"data: a\r\ndata: b\n\r\n\r\n", [Event(data="a\nb")]),
        # One BOM at the very start, and only there.
        (b"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n", [Event(data="a")]),
        (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", []),
        # Ids stay; one with NUL counts for nothing; an empty one resets.
        (
            b"id: 1\ndata: a\n\ndata: b\n\nid: x\0y\ndata: c\n\nid:\ndata: d\n\n",
            [Event(data=c, id="1") for c in "abc"] + [Event(data="d")],
        ),
        # Only digits are a time.
        (b"retry: 10\ndata: a\n\ndata: b\n\n", [Event(data="a", retry=10), Event(data="b")]),
        (b"retry: -1\nretry: 1.5\nretry: 1s\nretry:\nretry:  1\ndata: a\n\n", [Event(data="a")]),
        ("retry: ٣\ndata: a\n\n".encode(), [Event(data="a")]),
        # No UTF-8, or cut in the middle of a character.
        (b"data: \xff\xe2\x82\n\n", [Event(data="\ufffd\ufffd")]),
        # Half an event at the end is none.
        (b"data: a\n\ndata: b\n", [Event(data="a")]),
    ],
)  # fmt: skip
def test_streams(stream: bytes, events: list[Event]) -> None:
    """Whole, byte by byte, and with bytes behind."""
    assert parse(stream) == events
    assert parse(*[bytes([byte]) for byte in stream]) == events
    assert parse(stream + b"\ndata: unfinished")[: len(events)] == events


@given(STREAMS, st.data())
def test_any_split_gives_the_same_events(stream: bytes, data: st.DataObject) -> None:
    """Also the same error, id and time."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    assert one_by_one(stream, cuts) == one_by_one(stream, [])
    assert one_by_one(stream, list(range(1, len(stream)))) == one_by_one(stream, [])


@given(st.lists(st.tuples(st.text(), st.text(), st.text())), st.sampled_from(["\n", "\r\n", "\r"]))
def test_what_a_server_writes_is_read_back(events: list[tuple[str, str, str]], end: str) -> None:
    """Every text, through the simplest of writers."""
    written, expected, last = [], [], ""
    for kind, text, number in events:
        kind, number = (" ".join(value.split()).replace("\0", "") for value in (kind, number))
        last = number
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        fields = [f"event: {kind}", f"id: {number}", *[f"data: {line}" for line in lines]]
        written.append(end.join([*fields, "", ""]))
        expected.append(Event(kind or "message", "\n".join(lines), last))
    assert parse("".join(written).encode("utf-8", "replace")) == [
        Event(*(part.encode("utf-8", "replace").decode() for part in event[:3]))
        for event in expected
    ]


def test_the_id_is_that_of_the_last_whole_event() -> None:
    """Whoever connects again must not skip an event that broke off."""
    parser = EventStreamParser(last_event_id="0")
    assert list(parser.feed(b"data: a\n\n")) == [Event(data="a", id="0")]
    assert list(parser.feed(b"id: 1\ndata: half")) == []
    assert parser.last_event_id == "0"
    assert list(parser.feed(b"\n\nid: 2\n\n")) == [Event(data="half", id="1")]
    assert parser.last_event_id == "2"


def test_the_id_follows_what_was_taken_not_what_was_read() -> None:
    parser = EventStreamParser()
    events = parser.feed(b"id: 1\ndata: a\n\nid: 2\ndata: b\n\n")
    assert next(events).id == "1"
    assert parser.last_event_id == "1"
    assert next(events).id == parser.last_event_id == "2"


@pytest.mark.parametrize(
    ("digits", "value"), [("0", 0), ("000", 0), ("00010", 10), ("9" * 5000, 10**12)]
)
def test_times_are_bounded(digits: str, value: int) -> None:
    """Python refuses to read 5,000 digits, which would be the server's to trigger."""
    parser = EventStreamParser()
    assert list(parser.feed(f"retry: {digits}\n\n".encode())) == []
    assert parser.retry == value


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_lines_and_events_have_limits(step: int) -> None:
    """Neither a line that never ends nor an event that never ends fills the memory."""

    def cut(stream: bytes) -> list[bytes]:
        return [stream[at : at + step] for at in range(0, len(stream), step)]

    assert parse(*cut(b"data:" + b"x" * 95 + b"\n\n"), max_line_bytes=100)[0].data == "x" * 95
    with pytest.raises(EventTooLarge, match=r"A line.*100 bytes"):
        parse(*cut(b"data:" + b"x" * 96), max_line_bytes=100)
    with pytest.raises(EventTooLarge, match=r"data of one event.*100 bytes"):
        parse(*cut(b"data:x\n" * 60), max_event_bytes=100)
    with pytest.raises(EventTooLarge, match="data of one event"):
        parse(*cut(b"data\n" * 200), max_event_bytes=100)


def test_long_lines_in_many_pieces_take_linear_time(most_cpu: Any) -> None:
    """A quadratic buffer needs minutes for these (CVE-2026-84378)."""
    line = b"data: " + b"x" * (6 * 1024 * 1024)
    pieces = [line[at : at + 64] for at in range(0, len(line), 64)]
    with most_cpu(3):
        assert len(parse(*pieces, b"\n\n")[0].data) == 6 * 1024 * 1024
        assert parse(b"\n" * 250_000 + b"x\n" * 250_000) == []
        assert parse(b"\r" + b"\n\r" * 250_000) == []
        assert len(parse(b"data:x\n" * 125_000 + b"\n")[0].data) == 249_999


def test_json() -> None:
    assert Event(data='{"a": [1]}').json() == {"a": [1]}
    with pytest.raises(json.JSONDecodeError, match=r"'done' event begins with '\[DONE\]'"):
        Event("done", "[DONE]").json()
