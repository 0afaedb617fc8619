"""Responses end where RFC 9112 §6.3 says, and nothing of one reaches the next."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from notebook_http.wire.errors import (
    BadHttpMessage,
    BadStatusLine,
    ContentLengthError,
    HttpProcessingError,
    InvalidHeader,
    TransferEncodingError,
)
from notebook_http.wire.http1_response import ResponseHead, ResponseParser
from notebook_http.wire.limits import MessageLimits


class Record:
    """Keeps the events, joining body pieces, so that splits do not show."""

    def __init__(self) -> None:
        self.interim: list[int] = []
        self.heads: list[ResponseHead] = []
        self.body = b""
        self.chunk_ends: list[int] = []
        self.ended = 0

    def informational_received(self, head: ResponseHead) -> None:
        self.interim.append(head.status)

    def head_received(self, head: ResponseHead) -> None:
        self.heads.append(head)

    def body_received(self, data: bytes) -> None:
        assert self.heads
        assert not self.ended
        self.body += data

    def chunk_completed(self) -> None:
        self.chunk_ends.append(len(self.body))

    def body_completed(self) -> None:
        self.ended += 1


def parse(
    pieces: Iterable[bytes], *, method: str = "GET", eof: bool = False
) -> tuple[Record, ResponseParser, HttpProcessingError | None]:
    record = Record()
    parser = ResponseParser(record, method=method)
    try:
        for piece in pieces:
            parser.feed(piece)
        if eof:
            parser.feed_eof()
    except HttpProcessingError as error:
        return record, parser, error
    return record, parser, None


def every_split(data: bytes) -> Iterable[list[bytes]]:
    """The same bytes whole, byte by byte, and cut once at each place."""
    yield [data]
    yield [bytes([byte]) for byte in data]
    for cut in range(1, len(data)):
        yield [data[:cut], data[cut:]]


SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3;x\r\nhel\r\n2\r\nlo\r\n0\r\nT: x\r\n\r\n"
)


@pytest.mark.parametrize(
    ("message", "method", "body"),
    [
        (SIZED, "GET", b"hello"),
        (CHUNKED, "GET", b"hello"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "GET", b""),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "GET", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD", b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HEAD", b""),
        (b"HTTP/1.1 200 OK\r\n\r\n", "HEAD", b""),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "GET", b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "GET", b""),
        (
            b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n"
            b"HTTP/1.1 103 H\r\nLink: x\r\n\r\n" + SIZED,
            "POST",
            b"hello",
        ),
    ],
)
def test_a_whole_response_leaves_the_connection_clean(
    message: bytes, method: str, body: bytes
) -> None:
    """However it is split: one head, one end, nothing in excess."""
    for pieces in every_split(message):
        record, parser, error = parse(pieces, method=method)
        assert error is None
        assert parser.completed
        assert not parser.excess
        assert len(record.heads) == 1
        assert record.ended == 1
        assert record.body == body
        assert record.heads[0].keep_alive

    record, parser, error = parse([message + b"HTTP/1.1 200 OK\r\n"], method=method)
    assert error is None
    assert parser.excess, "bytes that nobody asked for must be noticed"
    assert record.body == body


@pytest.mark.parametrize("body", [b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"2\r\nok\r\n0\r\n\r\n"])
def test_a_chunked_body_behind_the_answer_to_head_is_noticed(body: bytes) -> None:
    """An empty one ends as a head does, in an empty line."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for end in range(len(head) + 1):
        record, parser, error = parse([head[:end], head[end:] + body], method="HEAD")
        assert error is None
        assert parser.excess
        assert record.body == b""
        assert record.chunk_ends == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_bytes_behind_a_response_are_noticed_at_every_split(method: str) -> None:
    """They could be read as the answer to the next request (response smuggling)."""
    message = SIZED if method == "GET" else SIZED[:-5]
    for pieces in every_split(message + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"):
        record, parser, error = parse(pieces, method=method)
        assert error is None
        assert parser.excess
        assert len(record.heads) == 1


def test_the_end_of_the_connection_ends_a_body_without_length() -> None:
    """RFC 9112 §6.3 rule 8; such a connection carries nothing more."""
    for pieces in every_split(b"HTTP/1.1 200 OK\r\n\r\nhello"):
        record, parser, error = parse(pieces)
        assert error is None
        assert not parser.completed
        assert not record.heads[0].keep_alive
        parser.feed_eof()
        assert record.body == b"hello"
        assert record.ended == 1


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (SIZED[:-1], ContentLengthError),
        (CHUNKED[:-2], TransferEncodingError),
        (CHUNKED[:60], TransferEncodingError),
        (b"HTTP/1.1 200 OK\r\nContent-", BadHttpMessage),
        (b"", BadHttpMessage),
    ],
)
def test_a_short_message_is_an_error(message: bytes, kind: type[Exception]) -> None:
    """Never a silent truncation."""
    for pieces in every_split(message):
        record, _, error = parse(pieces, eof=True)
        assert type(error) is kind
        assert record.ended == 0


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (b"<html>", BadStatusLine),
        (b"HTTP/2.0 200 OK\r\n\r\n", BadStatusLine),
        (b"HTTP/1.1 2000 OK\r\n\r\n", BadStatusLine),
        (b"HTTP/1.1 099 OK\r\n\r\n", BadStatusLine),
        (b"SSH-2.0-OpenSSH_9.2\r\n", BadStatusLine),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", BadHttpMessage),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            BadHttpMessage,
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", TransferEncodingError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n", TransferEncodingError),
        (b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n", BadHttpMessage),
        (b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", BadHttpMessage),
        (CHUNKED[:-9] + b"zz\r\n\r\n", TransferEncodingError),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 17, BadHttpMessage),
        (b"HTTP/1.1 104 X\r\nContent-Length: 5\r\n\r\nevil!" + SIZED, InvalidHeader),
        (b"HTTP/1.1 103 X\r\nTransfer-Encoding: chunked\r\n\r\n" + SIZED, InvalidHeader),
    ],
)
def test_what_is_no_response_is_an_error(message: bytes, kind: type[Exception]) -> None:
    """The client closes the connection; nothing of it is taken for an answer."""
    for pieces in ([message], [bytes([byte]) for byte in message]):
        record, parser, error = parse(pieces)
        assert isinstance(error, kind)
        assert record.ended == 0
        assert not parser.completed


def test_a_switch_of_protocols_keeps_the_other_protocols_bytes() -> None:
    """What comes behind a 101 is not HTTP any more and belongs to whoever asked for it."""
    message = b"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02hi"
    for pieces in every_split(message):
        record, parser, error = parse(pieces)
        assert error is None
        assert record.heads[0].upgrade
        assert parser.tail == b"\x81\x02hi"
        assert not parser.excess


def test_limits_hold_across_reads() -> None:
    """A head or chunk line without end would fill the memory."""
    for first, dribble in (
        (b"HTTP/1.1 200 ", b"a" * 1000),
        (b"HTTP/1.1 200 OK\r\nX: ", b"a" * 1000),
        (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 10),
        (CHUNKED[:46] + b"1;", b"a" * 1000),
        (CHUNKED[:46] + b"0\r\n", b"A: b\r\n" * 10),
    ):
        _, _, error = parse([first, *[dribble] * 40])
        assert error is not None, first
    parser = ResponseParser(Record(), method="GET", limits=MessageLimits(max_headers=1))
    with pytest.raises(BadHttpMessage, match="number of header fields"):
        parser.feed(b"HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n")


def test_heads_are_decoded_on_demand() -> None:
    """Bytes that are no UTF-8 survive; codings given twice are one list."""
    record, _, _ = parse(
        [
            b"HTTP/1.1 200 Tr\xc3\xa8s bien\r\nX: \xff \r\nContent-Encoding: gzip\r\n"
            b"content-encoding: br\r\nContent-Length: 0\r\n\r\n"
        ]
    )
    head = record.heads[0]
    assert head.reason == "Très bien"
    assert head.headers["x"] == "\udcff"
    assert head.content_encoding == "gzip, br"


@pytest.mark.parametrize(
    ("version", "kept"), [(b"HTTP/1.1", True), (b"HTTP/1.0", False)], ids=["1.1", "1.0"]
)
def test_chunks_in_http_1_0_end_the_connection(version: bytes, kept: bool) -> None:
    """That version has none, so who sends them is not to be trusted with more (RFC 9112 §6.1)."""
    message = CHUNKED.replace(b"HTTP/1.1", version)
    message = message.replace(b"\r\n", b"\r\nConnection: keep-alive\r\n", 1)
    for pieces in every_split(message):
        record, _, error = parse(pieces)
        assert error is None
        assert record.body == b"hello"
        assert record.heads[0].keep_alive is kept


def test_ends_of_chunks_are_told_where_they_are() -> None:
    """However the bytes are split; the last chunk has an end too, and sized bodies have none."""
    for pieces in every_split(CHUNKED):
        assert parse(pieces)[0].chunk_ends == [3, 5, 5]
    for pieces in every_split(SIZED):
        assert parse(pieces)[0].chunk_ends == []
