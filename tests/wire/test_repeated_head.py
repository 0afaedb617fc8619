"""A head that is recognised means what the parser would have said, whatever came before."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings, strategies as st

from notebook_http.wire.errors import HttpProcessingError
from notebook_http.wire.http1_request import RequestHead, RequestParser
from notebook_http.wire.http_version import HttpVersion11
from notebook_http.wire.limits import MessageLimits
from notebook_http.wire.repeated_head import RepeatedHead

PLAIN = b"GET /a HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\n\r\n"

# What a client may send after a plain request, each in one read.
READS = [
    PLAIN,
    b"GET /b?c=%20 HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\n\r\n",
    b"DELETE /a HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: b\r\nUser-Agent: u\r\n\r\n",
    b"GET /a HTTP/1.0\r\nHost: a\r\nUser-Agent: u\r\n\r\n",
    b"GET /a HTTP/1.1\r\nUser-Agent: u\r\n\r\n",
    b"GET  /a HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\n\r\n",
    b"GET /a#f HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\n\r\n",
    b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\n\r\n",
    b"get /a HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\n\r\n",
    b"GET http://x/a HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\nContent-Length: 2\r\n\r\nhi",
    b"POST /a HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\nContent-Length: 4\r\n\r\n\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
    b"GET /" + b"a" * 70 + b" HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\n\r\n",
    b"GET /a HTTP/1.1\nHost: a\nUser-Agent: u\n\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\nContent-Length: 3\r\n\r\nhey",
    b"POST /a HTTP/1.1\r\nHost: a\r\nUser-Agent: v\r\nContent-Length: 2\r\n\r\nho",
    b"POST /a HTTP/1.1\r\nHost: a\r\nUser-Agent: v\r\nContent-Length: 0\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: a\r\nUser-Agent: v\r\nContent-Length: +2\r\n\r\nho",
    b"POST /a HTTP/1.1\r\nHost: a\r\nUser-Agent: v\r\nContent-Length: \r\n\r\nho",
    b"POST /a HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\nContent-Length: 2\r\n\r\nhi" + PLAIN,
    b"POST /a HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\nContent-Length: 2\r\n\r\nh",
    b"PUT /b HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\nContent-Length: 2\r\n\r\n",
    b"hi",
    b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
    b"GET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: a\r\nUser-Agent: w\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: a\r\nUser-Agent: w\xff\tx\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: a\r\nUser-Agent: w\0\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: a\r\nUser-Agent:  w \r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\nX: y\r\n\r\n",
    # Pieces: what they end decides what the next read means.
    b"GET /a HTTP/1.1\r\nX: ",
    b"Host: a\r\nUser-Agent: u\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\nContent-Length: 45\r\n\r\n",
    b"\r\n",
    b"\r",
    PLAIN + PLAIN,
    PLAIN + b"GET /",
]
LIMITS = MessageLimits(max_line_size=64)


class Record:
    """What was reported, in order, in a form that compares; pieces of one body joined."""

    def __init__(self) -> None:
        self.events: list[object] = []
        self.parser = RequestParser(self, LIMITS)

    def request_received(self, head: RequestHead) -> None:
        names = [name for name in RequestHead.__slots__ if name[0] != "_"]
        facts = [getattr(head, name) for name in (*names, "raw_headers")]
        self.events.append((facts, list(head.headers.items())))

    def body_received(self, data: bytes) -> None:
        last = self.events[-1]
        if isinstance(last, bytes):
            self.events[-1] = last + data
        else:
            self.events.append(data)

    def chunk_completed(self) -> None:
        """Ignore the end of a chunk."""

    def body_completed(self) -> None:
        self.events.append("completed")

    def upgrade_asked(self, rest: bytes) -> None:
        self.events.append("upgrade")
        self.parser.feed(rest)


def events_of(reads: tuple[bytes, ...], *, byte_by_byte: bool) -> list[object]:
    record = Record()
    parser = record.parser
    try:
        for read in reads:
            for piece in (bytes([b]) for b in read) if byte_by_byte else (read,):
                parser.feed(piece)
    except HttpProcessingError as error:
        record.events.append((type(error), error.code))
    record.events.append(parser.closed)
    return record.events


@pytest.mark.parametrize("second", READS)
def test_reads_mean_what_their_bytes_mean(second: bytes) -> None:
    # What comes third shows what the second has left behind.
    for first, third in product(READS, READS[::4]):
        reads = (first, second, third)
        assert events_of(reads, byte_by_byte=False) == events_of(reads, byte_by_byte=True), reads


CHUNKED = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
SIZED = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
# Requests with as many fields each; what is in a body looks like requests.
LONG = SIZED % (4 * len(PLAIN)) + 4 * PLAIN
ROW = st.lists(
    st.tuples(st.sampled_from([CHUNKED, LONG, SIZED % 2 + b"ho"]), st.booleans(), st.booleans()),
    min_size=3,
    max_size=6,
)


def test_a_read_that_begins_with_another_request_teaches_nothing() -> None:
    """What was read last is not the head of these bytes; that would be the body of the next one."""
    behind = SIZED % 100 + bytes(10)
    reads = (CHUNKED + behind, bytes(90), CHUNKED, PLAIN)
    assert events_of(reads, byte_by_byte=False) == events_of(reads, byte_by_byte=True)


@settings(max_examples=500, deadline=None)
@given(ROW)
def test_where_a_read_ends_means_nothing(row: list[tuple[bytes, bool, bool]]) -> None:
    """Behind a head, or behind a body, or neither."""
    reads = [b""]
    for request, behind_head, behind_body in row:
        head, between, body = request.partition(b"\r\n\r\n")
        reads[-1] += head + between
        if behind_head:
            reads.append(b"")
        reads[-1] += body
        if behind_body:
            reads.append(b"")
    whole = b"".join(reads)
    assert events_of(tuple(reads), byte_by_byte=False) == events_of((whole,), byte_by_byte=True)


VALUES = st.lists(st.sampled_from([*b"a1+ :,\t\r\n\0\x7f\xff"]), max_size=6).map(bytes)
NAMES = st.sampled_from([b"X", b"x", b"Host", b"Content-Length", b"Connection", b"Expect", b"Te"])


@given(st.lists(st.lists(st.tuples(NAMES, VALUES), max_size=3), min_size=2, max_size=4))
def test_any_fields_mean_what_their_bytes_mean(heads: list[list[tuple[bytes, bytes]]]) -> None:
    lines = [b"".join(b"%s: %s\r\n" % field for field in fields) for fields in heads]
    reads = tuple(b"POST /a HTTP/1.1\r\nHost: a\r\n%s\r\n" % fields for fields in lines)
    assert events_of(reads, byte_by_byte=False) == events_of(reads, byte_by_byte=True), reads


def test_a_head_that_is_kept_says_the_same_in_fewer_bytes() -> None:
    """Unless white space would be lost: what was sent is shown as it was."""
    for fields in (b"Host: a\r\nX:y\r\nE:\r\n", b"Host: a\r\nX: y \r\n", b"Host:\t a\r\n"):
        record = Record()
        RequestParser(record).feed(b"GET / HTTP/1.1\r\n" + fields + b"\r\n")
        heads: list[RequestHead] = []
        record.request_received = heads.append  # type: ignore[method-assign]
        parser = RequestParser(record)
        for _ in range(3):
            parser.feed(b"GET / HTTP/1.1\r\n" + fields + b"\r\n")
        assert [[list(head.raw_headers)] for head in heads] == [[record.events[0][0][-1]]] * 3  # type: ignore[index]


def model() -> RequestHead:
    fields = [(b"Host", b"a"), (b"User-Agent", b"u")]
    return RequestHead("GET", "/a", HttpVersion11, fields, "a", True)


def test_a_repeated_head_is_recognised() -> None:
    repeated = RepeatedHead(LIMITS)
    repeated.learn(PLAIN, model())
    head = repeated.recognise(b"PUT /c?d HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\n\r\n")
    assert head is not None
    assert (head.method, head.target, head.host, head.has_body) == ("PUT", "/c?d", "a", False)
    assert head.headers["User-Agent"] == "u"


@pytest.mark.parametrize(
    "data",
    [
        PLAIN + PLAIN,
        PLAIN + b"G",
        b"\r\n" + PLAIN,
        PLAIN.replace(b"\r\n\r\n", b"\n\n\r\n\r\n"),
        PLAIN[4:],
        PLAIN.replace(b"u\r\n", b"u" * 2048 + b"\r\n"),
    ],
)
def test_only_a_single_whole_head_is_learnt(data: bytes) -> None:
    repeated = RepeatedHead(LIMITS)
    repeated.learn(data, model())
    assert repeated.recognise(data) is None
    assert repeated.recognise(PLAIN) is None
