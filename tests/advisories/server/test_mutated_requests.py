"""Valid requests, broken at random: what is read is what a strict reader reads, or is refused.

The strict reader is written from the grammar of RFC 9112, in regular expressions, and shares no
line with the server.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings, strategies as st

from notebook_http.wire.errors import HttpProcessingError
from notebook_http.wire.http1_request import RequestHead, RequestParser

pytestmark = pytest.mark.advisory

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
LINE = re.compile(rb"(" + TOKEN + rb") ([!\"$-~\x80-\xff]+) HTTP/1\.([01])\r\n")
FIELD = re.compile(rb"(" + TOKEN + rb"):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*\r\n")
CHUNK = re.compile(rb"([0-9A-Fa-f]+)[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n")
Seen = list[tuple[bytes, bytes, bytes]]


def strictly(data: bytes) -> Seen:
    """Return method, target and body of each request that stands whole in *data*, up to a fault."""
    seen: Seen = []
    at = 0
    while True:
        while data.startswith((b"\r", b"\n"), at):
            at += 1  # empty lines between requests, however they are written
        line = LINE.match(data, at)
        if line is None:
            return seen
        at, fields = line.end(), {}
        while (field := FIELD.match(data, at)) is not None:
            fields.setdefault(field[1].lower(), []).append(field[2])
            at = field.end()
        if not data.startswith(b"\r\n", at):
            return seen
        at += 2
        lengths, codings = fields.get(b"content-length", []), fields.get(b"transfer-encoding", [])
        body = b""
        if codings:
            if lengths or len(codings) > 1 or codings[0].lower() != b"chunked":
                return seen
            while True:
                chunk = CHUNK.match(data, at)
                if chunk is None:
                    return seen
                size = int(chunk[1], 16)
                at = chunk.end()
                if not size:
                    break
                body += data[at : at + size]
                at += size
                if not data.startswith(b"\r\n", at):
                    return seen
                at += 2
            while (field := FIELD.match(data, at)) is not None:
                at = field.end()
            if not data.startswith(b"\r\n", at):
                return seen
            at += 2
        elif lengths:
            if len(lengths) > 1 or not re.fullmatch(rb"[0-9]{1,18}", lengths[0]):
                return seen
            size = int(lengths[0])
            body = data[at : at + size]
            if len(body) < size:
                return seen
            at += size
        seen.append((line[1], line[2], body))


class Requests:
    """Keeps the requests that a parser reports whole."""

    def __init__(self) -> None:
        self.whole: Seen = []
        self._head: RequestHead | None = None
        self._body = b""
        self.rest = b""
        self.parser = RequestParser(self)

    def request_received(self, head: RequestHead) -> None:
        assert self._head is None, "a request within the body of another"
        self._head, self._body = head, b""
        if not head.has_body:
            self.body_completed()

    def body_received(self, data: bytes) -> None:
        self._body += data

    def chunk_completed(self) -> None: ...

    def body_completed(self) -> None:
        head, self._head = self._head, None
        assert head is not None
        self.whole.append((head.method.encode(), head.target.encode("latin-1"), self._body))

    def upgrade_asked(self, rest: bytes) -> None:
        self.rest = rest


def ours(data: bytes, cut: int) -> Seen:
    """Return what the server's parser reads of *data*, which come in two pieces."""
    requests = Requests()
    try:
        for piece in (data[:cut], data[cut:]):
            requests.parser.feed(piece)
            while rest := requests.rest:  # of an upgrade that was declined
                requests.rest = b""
                requests.parser.feed(rest)
    except HttpProcessingError:
        pass
    return requests.whole


VALID = [
    b"GET /a HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n",
    b"POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 31\r\n\r\n"
    b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n...",
    b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"1f;n=v\r\nGET /y HTTP/1.1\r\nHost: a\r\n\r\n...\r\n0\r\nT: u\r\n\r\n",
    b"OPTIONS /d HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
]
PIECES = st.binary(max_size=3) | st.sampled_from(
    [
        *(
            b"\r",
            b"\n",
            b"\r\n",
            b" ",
            b"\t",
            b"\0",
            b":",
            b";",
            b"0",
            b"5",
            b"+",
            b"\x0b",
            b"\xff",
        ),
        *(b"\r\n\r\n", b"HTTP/1.1", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"),
        *(b"GET / ", b"#"),
    ]
)


@st.composite
def mutated(draw: st.DrawFn) -> tuple[bytes, int]:
    """Return a few valid requests with up to three changes, and where they are cut in two."""
    data = b"".join(draw(st.lists(st.sampled_from(VALID), min_size=1, max_size=3)))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        gone = draw(st.integers(0, 3))
        data = data[:at] + draw(PIECES) + data[at + gone :]
    return data, draw(st.integers(0, len(data)))


@settings(max_examples=600, deadline=None)
@given(mutated())
def test_promise_what_is_read_is_what_a_strict_reader_reads(case: tuple[bytes, int]) -> None:
    """Never more requests than there are, and never other ones."""
    data, cut = case
    read = ours(data, cut)
    assert read == strictly(data)[: len(read)]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_promise_the_strict_reader_reads_what_is_valid(count: int) -> None:
    """Else the comparison would hold for nothing."""
    data = b"".join(VALID * count)
    assert len(strictly(data)) == 4 * count
    assert ours(data, 50) == strictly(data)
