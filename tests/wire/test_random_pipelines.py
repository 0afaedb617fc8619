"""Requests sent one behind the other are the same, however their bytes are cut into reads."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import httptools
import pytest
from hypothesis import given, strategies as st

from notebook_http.wire.errors import HttpProcessingError
from notebook_http.wire.http1_request import RequestHead, RequestParser

LINES = (b"GET / HTTP/1.1\r\n", b"POST /b HTTP/1.1\r\n", b"GET /a HTTP/1.0\r\n")
# Text that looks like what stands between bodies, so that a body may hold all of it.
PIECES = st.sampled_from(
    (
        *LINES,
        b"GET / RTSP/1.0\r\n",
        b"GET  / HTTP/1.1\r\n",
        b"BREW / HTTP/1.1\r\n",
        b"GET / HTTP/3.0\r\n",
        b"Host: a\r\n",
        b"\r\n",
        b"\r",
        b"\n",
        b"0\r\n\r\n",
        b"1\r\n",
        b"3\r\n",
        b"10\r\n",
        b"0\r\nX: y\r\n\r\n",
        b"abc",
    )
)
BODIES = st.lists(PIECES, max_size=6).map(b"".join)
# How lines end that are refused, and with what.
BAD_LINES = (
    (b"GET / RTSP/1.0\r\nHost: a\r\n\r\n", 400),
    (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
)


class Seen(NamedTuple):
    """A request whose head was read, and what was read of its body."""

    line: tuple[str, str]
    body: bytearray


class Requests:
    """Keeps requests with their bodies."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.parser = RequestParser(self)

    def request_received(self, head: RequestHead) -> None:
        self.seen.append(Seen((head.method, head.target), bytearray()))

    def body_received(self, data: bytes) -> None:
        self.seen[-1].body.extend(data)

    def chunk_completed(self) -> None: ...

    def body_completed(self) -> None: ...

    def upgrade_asked(self, rest: bytes) -> None:
        if rest:
            self.parser.feed(rest)


class Counted:
    """Counts the heads that the library takes by itself."""

    heads = 0

    def on_headers_complete(self) -> None:
        self.heads += 1


def read(pieces: list[bytes]) -> tuple[list[Seen], int]:
    """Return the requests that a parser reports, and the status of its refusal; 0 without one."""
    requests = Requests()
    try:
        for piece in pieces:
            requests.parser.feed(piece)
    except HttpProcessingError as error:
        return requests.seen, error.code
    return requests.seen, 0


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Return the bytes in reads that end at these places."""
    inside = sorted({place % (len(data) + 1) for place in places})
    return [data[begin:end] for begin, end in pairwise([0, *inside, len(data)]) if begin < end]


def single(data: bytes) -> list[bytes]:
    """Return each byte by itself."""
    return [bytes([byte]) for byte in data]


@st.composite
def chunked(draw: st.DrawFn, body: bytes) -> bytes:
    """Return *body* in chunks of any size, with extensions and trailers or without."""
    ends = sorted({place % (len(body) + 1) for place in draw(PLACES)})
    text = b""
    for begin, end in pairwise([0, *ends, len(body)]):
        if begin < end:
            size = draw(st.sampled_from((b"%x", b"%X", b"00%x"))) % (end - begin)
            extension = draw(st.sampled_from((b"", b"", b";a=b", b';a="0"')))
            text += size + extension + b"\r\n" + body[begin:end] + b"\r\n"
    last = draw(st.sampled_from((b"0", b"000", b"0;a")))
    return text + last + b"\r\n" + draw(st.sampled_from((b"", b"", b"X: y\r\n"))) + b"\r\n"


@st.composite
def request(draw: st.DrawFn) -> tuple[bytes, tuple[str, str], bytes]:
    """Return a request's bytes, what is in its line, and its body."""
    line = draw(st.sampled_from(LINES[:2]))
    body = draw(BODIES)
    framing = draw(st.sampled_from(("none", "sized", "chunked", "chunked", "upgrade")))
    fields = draw(st.sampled_from((b"", b"X: GET / HTTP/1.1\r\n", b"Y: 0\r\n")))
    head = line + b"Host: a\r\n" + fields
    if framing == "upgrade":
        head += b"Connection: upgrade\r\nUpgrade: websocket\r\n"
        framing = "chunked"
    if framing == "none":
        body = sent = b""
    elif framing == "sized":
        head += b"Content-Length: %d\r\n" % len(body)
        sent = body
    else:
        head += b"Transfer-Encoding: chunked\r\n"
        sent = draw(chunked(body))
    method, target, _ = line.decode().split(" ")
    before = draw(st.sampled_from((b"", b"", b"\r\n")))
    return before + head + b"\r\n" + sent, (method, target), body


PLACES = st.lists(st.integers(0, 2000), max_size=8)
PIPELINES = st.lists(request(), min_size=1, max_size=5)


@given(PIPELINES, PLACES)
def test_cuts_change_nothing(
    pipeline: list[tuple[bytes, tuple[str, str], bytes]], places: list[int]
) -> None:
    """In any reads, requests are what they are byte by byte: what was sent."""
    data = b"".join(sent for sent, _, _ in pipeline)
    expected = [Seen(line, bytearray(body)) for _, line, body in pipeline]
    assert read(cut(data, places)) == (expected, 0)
    assert read(single(data)) == (expected, 0)


@given(PIPELINES, PLACES, st.sampled_from(BAD_LINES), BODIES)
def test_bad_lines_are_refused_behind_anything(
    pipeline: list[tuple[bytes, tuple[str, str], bytes]],
    places: list[int],
    bad: tuple[bytes, int],
    behind: bytes,
) -> None:
    """With the status that they have by themselves, whatever is said before and behind them."""
    line, status = bad
    data = b"".join(sent for sent, _, _ in pipeline)
    expected = [Seen(line, bytearray(body)) for _, line, body in pipeline]
    assert read(cut(data + line + behind, places)) == (expected, status)
    assert read(single(data + line)) == (expected, status)


@given(
    PIPELINES,
    PLACES,
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 3), PIECES), min_size=1, max_size=4),
)
def test_damage_makes_no_requests(
    pipeline: list[tuple[bytes, tuple[str, str], bytes]],
    places: list[int],
    damages: list[tuple[int, int, bytes]],
) -> None:
    """Of damaged bytes, the same is read in any reads, and no head that the library refuses."""
    data = b"".join(sent for sent, _, _ in pipeline)
    for place, dropped, put in damages:
        at = place % (len(data) + 1)
        data = data[:at] + put + data[at + dropped :]
    seen, status = read(cut(data, places))
    seen_singly, status_singly = read(single(data))
    assert [request.line for request in seen] == [request.line for request in seen_singly]
    assert bool(status) == bool(status_singly)
    if b"Upgrade" not in data:  # behind which the library reads nothing
        assert len(seen) <= heads_of_the_library(data)


def heads_of_the_library(data: bytes) -> int:
    """Return how many heads the library takes."""
    counted = Counted()
    try:
        httptools.HttpRequestParser(counted).feed_data(data)
    except httptools.HttpParserError:
        pass
    return counted.heads


SAYS_A_LINE = (
    b"POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"10\r\nGET / HTTP/1.1\r\n\r\n0\r\n\r\n"
)
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def test_a_body_may_hold_the_lines_behind_it() -> None:
    """Two requests whose line stands in the chunked body before them, in one read."""
    seen, status = read([SAYS_A_LINE + GET + GET])
    assert ([request.line for request in seen], status) == (
        [("POST", "/b"), ("GET", "/"), ("GET", "/")],
        0,
    )


@pytest.mark.parametrize(("line", "status"), BAD_LINES)
def test_each_cut_behind_chunks(line: bytes, status: int) -> None:
    """Bad lines behind a body that holds a good one, at every cut."""
    data = SAYS_A_LINE + line
    for place in range(1, len(data)):
        seen, code = read([data[:place], data[place:]])
        assert ([request.line for request in seen], code) == ([("POST", "/b")], status), place


@pytest.mark.parametrize(
    ("begun", "rest"),
    [
        (b"1\r\n3\r\n3\r\n", b"3\r\n\r\n1\r\n\n\r\n0\r\n\r\n"),  # it begins with data
        (b"1\r\n3\r\n", b"3\r\n\r\n1\r\n0\r\n\r\n"),  # with the line of a size
    ],
)
def test_size_lines_and_chunks_that_look_alike(begun: bytes, rest: bytes) -> None:
    """A read that looks as if it could begin with either, behind bytes that look the same."""
    head = b"POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    data = head + begun + rest
    for place in range(1, len(data)):
        seen, status = read([data[:place], data[place:] + GET + GET])
        assert ([request.line[1] for request in seen], status) == (["/b", "/", "/"], 0), place
        for line, code in BAD_LINES:
            assert read([data[:place], data[place:] + line])[1] == code, place


@pytest.mark.parametrize(
    "fields",
    [
        b"Connection: close\r\nConnection: keep-alive\r\n",
        b"Connection: keep-alive, close\r\n",
        b"",
    ],
)
def test_old_clients_that_say_both_are_done(fields: bytes) -> None:
    """`close` comes first in HTTP/1.0, too (RFC 9112 §9.3)."""
    for rest in (b"\r\n", b"Content-Length: 5\r\n\r\nhello"):
        data = b"POST /b HTTP/1.0\r\n" + fields + rest
        for place in range(1, len(data)):
            seen, status = read([data[:place], data[place:] + GET + GET])
            assert ([request.line[1] for request in seen], status) == (["/b"], 0), place


@pytest.mark.parametrize("method", [b"POST", b"CONNECT"])
@pytest.mark.parametrize("upgrade", [b"", b"Upgrade: websocket\r\n"])
@pytest.mark.parametrize(
    "rest",
    [
        b"\r\n",
        b"Content-Length: 5\r\n\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ],
)
def test_nothing_is_read_behind_the_last_request(
    method: bytes, upgrade: bytes, rest: bytes
) -> None:
    """Which says that it is, however its body is framed and whatever else it asks for."""
    line = method + b" a:1 HTTP/1.1\r\n" if method == b"CONNECT" else b"POST / HTTP/1.1\r\n"
    data = line + b"Host: a\r\nConnection: upgrade, close\r\n" + upgrade + rest
    for place in range(len(data) + 1):
        seen, status = read([piece for piece in (data[:place], data[place:] + GET) if piece])
        assert ([request.line[0].encode() for request in seen], status) == ([method], 0), place
        assert read([*single(data[:place]), data[place:] + GET])[0] == seen
