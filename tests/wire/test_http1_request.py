"""Requests are cut out of bytes in one way only, however the bytes are split."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from notebook_http.wire.errors import HttpProcessingError
from notebook_http.wire.http1_request import RequestHead, RequestParser
from notebook_http.wire.limits import MessageLimits

CANARY = b"GET /canary HTTP/1.1\r\nHost: canary\r\n\r\n"
PLAIN = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Record:
    """Keeps the events, joining body pieces, so that splits do not show."""

    def __init__(self) -> None:
        self.heads: list[RequestHead] = []
        self.bodies: list[bytes | None] = []
        self.chunk_ends: list[int] = []
        self.ended = 0
        self.error: HttpProcessingError | None = None
        self.parser = RequestParser(self)
        self.behind_upgrades: list[bytes] = []

    def request_received(self, head: RequestHead) -> None:
        self.heads.append(head)
        self.bodies.append(b"" if head.has_body else None)

    def body_received(self, data: bytes) -> None:
        body = self.bodies[-1]
        assert body is not None, "body bytes for a request without a body"
        self.bodies[-1] = body + data

    def chunk_completed(self) -> None:
        self.chunk_ends.append(len(self.bodies[-1] or b""))

    def body_completed(self) -> None:
        self.ended += 1

    def upgrade_asked(self, rest: bytes) -> None:
        self.behind_upgrades.append(rest)
        self.parser.feed(rest)  # declined

    @property
    def targets(self) -> list[str]:
        return [head.target for head in self.heads]


def parse(pieces: Iterable[bytes], limits: MessageLimits | None = None) -> Record:
    record = Record()
    record.parser = RequestParser(record, limits or MessageLimits())
    try:
        for piece in pieces:
            record.parser.feed(piece)
    except HttpProcessingError as error:
        record.error = error
    return record


def every_split(data: bytes) -> Iterable[list[bytes]]:
    """The same bytes whole, byte by byte, and cut once at each place."""
    yield [data]
    yield [bytes([byte]) for byte in data]
    for cut in range(1, len(data)):
        yield [data[:cut], data[cut:]]


@pytest.mark.parametrize(
    ("message", "bodies"),
    [
        (PLAIN, [None]),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", [b"hello"]),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", [None]),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: t\r\n\r\n",
            [b"hello"],
        ),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Content-Length: 5\r\n\r\nhello",
            [b"hello"],
        ),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            [b"hello"],
        ),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", [None]),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: notupgrade\r\nUpgrade: x\r\n\r\n", [None]),
    ],
)
def test_one_message_is_one_message_however_it_is_split(
    message: bytes, bodies: list[bytes | None]
) -> None:
    """What follows a message is the next one, also behind a body that asked for an upgrade."""
    for pieces in every_split(message + CANARY):
        record = parse(pieces)
        assert record.error is None
        assert record.targets == ["/", "/canary"]
        assert record.bodies == [*bodies, None]
        assert record.ended == sum(body is not None for body in bodies)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\nhello", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1_0\r\n\r\nhello", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \xd9\xa5\r\n\r\nhello", 400),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Length: 5\r\n\r\n0\r\n\r\n",
            400,
        ),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: \rTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\nX\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a/b?c\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n\r\n", 400),
        (b"GET @evil HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET http://[::1 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GE T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"get / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        (b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505),
        (b"BREW /" + b"a" * 8190 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(message: bytes, code: int) -> None:
    """Nothing behind the bad bytes is read as a request, whole or byte by byte."""
    for pieces in ([message + CANARY], [bytes([byte]) for byte in message + CANARY]):
        record = parse(pieces)
        assert "/canary" not in record.targets
        assert record.error is not None
        assert record.error.code == code


@pytest.mark.parametrize(
    "chunks",
    [
        b"5\r\nhelloXX0\r\n\r\n",
        b"5;a\nb\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"-5\r\n",
    ],
)
def test_broken_chunks_end_the_connection(chunks: bytes) -> None:
    """Two bytes that are not CRLF behind a chunk would let the next request hide (h11's CVE)."""
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    for pieces in every_split(head + chunks + CANARY):
        record = parse(pieces)
        assert record.error is not None
        assert record.targets == ["/"]
        assert record.ended == 0


def test_good_requests_before_a_bad_one_are_reported() -> None:
    """They were sent in good faith and get their answers."""
    record = parse([PLAIN + PLAIN + b"\x00garbage"])
    assert record.targets == ["/", "/"]
    assert record.error is not None


def test_nothing_behind_connection_close_is_read() -> None:
    """RFC 9112 §9.6: the client said that it would send no more."""
    for message in (
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
        b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
    ):
        for pieces in every_split(message + CANARY):
            record = parse(pieces)
            assert record.error is None
            assert len(record.heads) == 1


def test_heads_tell_what_the_engine_needs() -> None:
    """Each is picked up while parsing, so that nobody has to decode the fields for it."""
    head = parse(
        [
            b"PUT /a?b=c HTTP/1.1\r\nhost: example.org:8080 \r\ncontent-length: 3\r\n"
            b"expect: 100-Continue\r\ncontent-encoding: gzip\r\nX-Raw: \xff\r\n\r\nabc"
        ]
    ).heads[0]
    assert (head.method, head.target, head.host) == ("PUT", "/a?b=c", "example.org:8080")
    assert head.expect_continue
    assert head.content_length == 3
    assert head.content_encoding == "gzip"
    assert head.headers["X-RAW"] == "\udcff"
    assert head.headers["Host"] == "example.org:8080"
    assert head.headers is head.headers


def test_absolute_targets_and_old_clients_are_served() -> None:
    """RFC 9112 §3.2.2 asks servers to accept them; HTTP/1.0 needs no Host."""
    assert parse([b"GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n"]).targets == ["http://b/x"]
    record = parse([b"GET / HTTP/1.0\r\n\r\n"])
    assert record.heads[0].host is None
    assert not record.heads[0].keep_alive
    assert parse([b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"]).heads[0].keep_alive


HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("first", "dribble", "code"),
    [
        (b"GET /", b"a" * 1000, 414),
        (HEAD + b"X: ", b"a" * 1000, 431),
        (HEAD + b"X", b"a" * 1000, 431),
        (HEAD, b"A: b\r\n" * 10, 431),
        (CHUNKED + b"1;", b"a" * 1000, 400),
        (CHUNKED + b"0\r\n", b"A: b\r\n" * 10, 431),
        (CHUNKED + b"0\r\nA: ", b"a" * 1000, 400),
        (b"", b"A" * 1000, 400),
    ],
)
def test_limits_hold_across_reads(first: bytes, dribble: bytes, code: int) -> None:
    """A line counted per read would never end (CVE-2026-54277)."""
    record = parse([first, *[dribble] * 40])
    assert record.error is not None
    assert record.error.code == code


def test_limits_are_the_callers() -> None:
    """Small protocols set small limits."""
    limits = MessageLimits(max_line_size=10, max_field_size=20, max_headers=2)
    assert parse([PLAIN], limits).error is None
    for message in (
        b"GET /0123456789 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 0123456789abcdefg\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nC: d\r\n\r\n",
    ):
        assert parse([message], limits).error is not None


def test_in_message_tells_a_slow_head_from_an_idle_connection() -> None:
    """The one gets a short time-out, the other a long one."""
    parser = RequestParser(Record())
    assert not parser.in_message
    parser.feed(PLAIN + b"GE")
    assert parser.in_message
    parser.feed(b"T / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert not parser.in_message
    parser.feed(CHUNKED)
    assert parser.in_message


def test_a_hundred_thousand_chunks_of_one_byte_cost_little(most_cpu: Any) -> None:
    """CVE-2025-69229: the cost per byte is constant."""
    body = b"1\r\na\r\n" * 100_000 + b"0\r\n\r\n"
    pieces = [CHUNKED, *(body[at : at + 65536] for at in range(0, len(body), 65536))]

    class Count(Record):
        total = 0

        def body_received(self, data: bytes) -> None:
            self.total += len(data)

    record = Count()
    parser = RequestParser(record)
    with most_cpu(2):
        for piece in pieces:
            parser.feed(piece)
        assert record.total == 100_000
        assert record.ended == 1


def test_a_fault_of_the_sink_is_not_the_clients() -> None:
    """It must come out as what it is, not as a 400."""

    class Faulty(Record):
        def request_received(self, head: RequestHead) -> None:
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        RequestParser(Faulty()).feed(PLAIN)


def test_a_head_like_an_earlier_one_is_judged_as_if_it_were_the_first() -> None:
    """What was found of equal fields is kept, and must not leak into others."""
    post = b"POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\n\r\nhi"
    record = parse([PLAIN + PLAIN + post + PLAIN + CANARY + PLAIN])
    assert record.error is None
    assert [head.host for head in record.heads] == ["a", "a", "b", "a", "canary", "a"]
    assert [head.has_body for head in record.heads] == [False, False, True, False, False, False]
    old = b"GET / HTTP/1.0\r\nHost: a\r\n\r\n"
    assert not parse([PLAIN + old]).heads[1].keep_alive
    for broken in (
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        b"GET @evil HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
    ):
        record = parse([PLAIN + broken + CANARY])
        assert record.error is not None
        assert len(record.heads) == 1


@pytest.mark.parametrize("upgrade", [b"", b"Connection: Upgrade\r\nUpgrade: websocket\r\n"])
def test_ends_of_chunks_are_told_where_they_are(upgrade: bytes) -> None:
    """However the bytes are split, and behind a head that asked for an upgrade."""
    message = CHUNKED[:-2] + upgrade + b"\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
    for pieces in every_split(message):
        assert parse(pieces).chunk_ends == [3, 5, 5]


def test_what_follows_a_request_for_another_protocol_is_not_read_unasked() -> None:
    """It may be of that protocol: whoever answers decides, and is given it as it came."""
    asking = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert parse([PLAIN + asking + CANARY]).behind_upgrades == [CANARY]
    assert parse([asking[:-1], b"\n"]).behind_upgrades == [b""]
    body = asking[:-2] + b"Content-Length: 2\r\n\r\nhi"
    assert parse([body + CANARY]).behind_upgrades == []
    assert parse([asking.replace(b"x,", b"close,") + CANARY]).targets == ["/"]
