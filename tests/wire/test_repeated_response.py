"""A response is recognised by its head's bytes, and only where a parser would say the same."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from notebook_http.wire.http1_response import ResponseParser
from notebook_http.wire.limits import DEFAULT_LIMITS, MessageLimits
from notebook_http.wire.repeated_response import RepeatedResponse
from notebook_http.wire.response_head import ResponseHead

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: Tue, 24 Nov 2026 13:00:00 GMT\r\n\r\nHello"


class Kept:
    """A sink that keeps what it is told."""

    def __init__(self) -> None:
        self.head: ResponseHead | None = None
        self.body = b""

    def informational_received(self, head: ResponseHead) -> None:
        """Let it pass."""

    def head_received(self, head: ResponseHead) -> None:
        """Keep it."""
        self.head = head

    def body_received(self, data: bytes) -> None:
        """Keep it."""
        self.body += data

    def chunk_completed(self) -> None:
        """Let it pass."""

    def body_completed(self) -> None:
        """Let it pass."""


def learnt(data: bytes, method: str = "GET") -> RepeatedResponse:
    """Return what has seen *data*, as a connection shows it: whole, and nothing behind it."""
    sink = Kept()
    parser = ResponseParser(sink, method=method)
    parser.feed(data)
    repeated = RepeatedResponse()
    if parser.completed and not parser.excess and sink.head is not None:
        repeated.learn(data, sink.head, DEFAULT_LIMITS)
    return repeated


def test_the_same_head_is_recognised_with_any_body_of_its_length() -> None:
    repeated = learnt(ANSWER)
    other = ANSWER.replace(b"Hello", b"\r\n\r\n!")
    for data in (ANSWER, other):
        head = repeated.recognise(data, DEFAULT_LIMITS)
        assert head is not None
        assert (head.status, head.content_length) == (200, 5)
        assert data[repeated.head_size :] == data[-5:]


@pytest.mark.parametrize(
    "data",
    [
        ANSWER + b"H",
        ANSWER[:-1],
        ANSWER.replace(b"200", b"201"),
        ANSWER.replace(b"13:00:00", b"13:00:01"),
        ANSWER.replace(b"Length: 5", b"Length: 4"),
        ANSWER.replace(b"Content-Length: 5", b"Content-Length: 6") + b"!",
        b"",
    ],
)
def test_anything_else_is_left_to_the_parser(data: bytes) -> None:
    assert learnt(ANSWER).recognise(data, DEFAULT_LIMITS) is None


def test_other_limits_are_judged_anew() -> None:
    repeated = learnt(ANSWER)
    assert repeated.recognise(ANSWER, MessageLimits(8190, 10, 128)) is None


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nHello",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nHello",
        b"HTTP/1.1 100 Continue\r\n\r\n" + ANSWER,
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: " + b"x" * 2048 + b"\r\n\r\nHello",
    ],
)
def test_what_says_more_than_a_length_is_not_remembered(data: bytes) -> None:
    assert learnt(data).recognise(data, DEFAULT_LIMITS) is None


def test_a_server_that_never_repeats_itself_is_no_longer_watched() -> None:
    """Looking would only cost; an answer that comes again later is parsed, that is all."""
    repeated = RepeatedResponse()
    sink = Kept()
    ResponseParser(sink, method="GET").feed(ANSWER)
    assert sink.head is not None
    for _ in range(8):
        repeated.learn(ANSWER, sink.head, DEFAULT_LIMITS)
    assert repeated.recognise(ANSWER, DEFAULT_LIMITS) is sink.head  # and counts anew from here
    for _ in range(9):
        repeated.learn(ANSWER, sink.head, DEFAULT_LIMITS)
    assert repeated.recognise(ANSWER, DEFAULT_LIMITS) is None


PIECES = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 0\r\n",
        b"Content-Length: 11\r\n",
        b"Connection: close\r\n",
        b"X: y\r\n",
        b"X: y\n",
        b"\r\n",
        b"\n\n",
        b"Hello",
        b"5\r\n",
        b"0\r\n\r\n",
    ]
)


@given(st.lists(PIECES, max_size=8).map(b"".join), st.lists(PIECES, max_size=8).map(b"".join))
def test_who_is_recognised_is_who_the_parser_would_have_seen(first: bytes, then: bytes) -> None:
    try:
        repeated = learnt(first)
    except Exception:
        return
    for data in (first, then):
        known = repeated.recognise(data, DEFAULT_LIMITS)
        if known is None:
            continue
        sink = Kept()
        parser = ResponseParser(sink, method="GET")
        parser.feed(data)
        assert parser.completed
        assert not parser.excess
        assert sink.head is not None
        assert sink.head.raw_headers == known.raw_headers
        assert (sink.head.status, sink.head.keep_alive) == (known.status, known.keep_alive)
        assert sink.body == data[repeated.head_size :]
