"""Bytes of an HTTP/1.1 connection to one response (RFC 9112), on top of llhttp.

One parser reads one response, with the interim ones before it, and is thrown away: nothing that a
server sends can reach the answer to the next request. Where a body ends is decided here
(RFC 9112 §6.3), since llhttp cannot know which request was asked.
"""

from __future__ import annotations

from typing import NoReturn, Protocol

from httptools import (
    HttpParserError,
    HttpParserInvalidStatusError,
    HttpParserUpgrade,
    HttpResponseParser,
)

from notebook_http.wire.errors import (
    BadHttpMessage,
    BadStatusLine,
    ContentLengthError,
    HttpProcessingError,
    InvalidHeader,
    LineTooLong,
    TransferEncodingError,
    excerpt,
)
from notebook_http.wire.head_writer import check_reason
from notebook_http.wire.http_version import HttpVersion10, HttpVersion11
from notebook_http.wire.limits import (
    DEFAULT_LIMITS,
    MAX_CHUNK_EXTENSION_BYTES,
    MAX_INFORMATIONAL,
    MessageLimits,
)
from notebook_http.wire.message_end import KEPT_BYTES, is_last_byte
from notebook_http.wire.message_head import RawHeaders, check_field_limits, has_token
from notebook_http.wire.response_head import ResponseHead
from notebook_http.wire.spellings import Spellings

__all__ = ["ResponseHead", "ResponseParser", "ResponseSink"]

_VERSIONS = {"1.1": HttpVersion11, "1.0": HttpVersion10}
_spellings = Spellings(
    frozenset(
        (b"content-length", b"transfer-encoding", b"content-encoding", b"connection", b"upgrade")
    )
)
# A head is refused after so many bytes without a single whole field.
_STATUS_LINE_SLACK = 64


class ResponseSink(Protocol):
    """Where the events of one response go, in the order of the bytes."""

    def informational_received(self, head: ResponseHead) -> None:
        """An interim response (1xx) came; the final one is still to come."""

    def head_received(self, head: ResponseHead) -> None:
        """The head of the final response is there."""

    def body_received(self, data: bytes) -> None:
        """Some bytes of the body are there."""

    def chunk_completed(self) -> None:
        """A chunk of the body is whole; the last, empty one too."""

    def body_completed(self) -> None:
        """The response is whole; always called, also where there is no body."""


class ResponseParser:
    """Read one response and report it to a sink.

    Attributes:
        completed: whether the final response is whole.
        excess: whether bytes came behind it: nobody asked for them, so the connection must not
            be used again.
        tail: the bytes behind the head of a 101 response; they belong to the other protocol.
    """

    __slots__ = (
        "_body_bytes",
        "_dry_bytes",
        "_error",
        "_fields",
        "_head",
        "_informational",
        "_interim",
        "_is_new",
        "_is_short",
        "_last",
        "_limits",
        "_method",
        "_parser",
        "_progress",
        "_raw_left",
        "_reason",
        "_sink",
        "completed",
        "excess",
        "tail",
    )

    def __init__(
        self, sink: ResponseSink, *, method: str, limits: MessageLimits = DEFAULT_LIMITS
    ) -> None:
        self._sink = sink
        self._method = method
        self._limits = limits
        self._parser = HttpResponseParser(self)
        self._reason = b""
        self._fields: RawHeaders = []
        self._head: ResponseHead | None = None
        self._error: HttpProcessingError | None = None
        self._informational = 0
        self._interim = False
        self._raw_left = 0
        self._body_bytes = 0
        self._dry_bytes = 0
        self._is_new = True
        self._is_short = False  # one read holds the whole head: no field is over its limit
        self._progress = False
        self._last = b""  # of the reads before
        self.completed = False
        self.excess = False
        self.tail = b""

    def feed(self, data: bytes) -> None:
        """Report everything that *data* completes.

        Raises:
            BadHttpMessage: the server erred; close the connection.
        """
        if self._is_whole():
            self._keep_excess(data)
            return
        if self._raw_left:
            self._take_raw(data)
            return
        self._progress = False
        self._is_short = self._is_new and len(data) <= self._limits.max_field_size
        self._is_new = False
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self.tail = data[upgrade.args[0] :]
            return
        except HttpParserError as error:
            if self._is_whole() and self._error is None and error.__context__ is None:
                self.excess = True
                return
            raise self._translated(error) from None
        if not self._is_whole():
            self._last = (self._last + data[-KEPT_BYTES:])[-KEPT_BYTES:]
            self._after_partial_message(len(data))
            return
        if data[-1] in b"\r\n" or self._method == "HEAD":  # 35 ns; the rest is for these alone
            # llhttp passes over line breaks, and waits for the body that HEAD's answer announces.
            head = self._head
            size = (head.content_length or 0) if head is not None and head.has_body else 0
            self.excess = self.excess or not is_last_byte(self._last + data, size)
        # It holds our callbacks, and we hold it: undone here, the two need no garbage collector,
        # which would cost more per response than all of the parsing.
        del self._parser

    def feed_eof(self) -> None:
        """Say that the server has closed its side: end a body that lasts until then.

        Raises:
            ContentLengthError: the body is shorter than announced.
            TransferEncodingError: the last chunk is missing.
            BadHttpMessage: there is no whole head yet.
        """
        if self.completed:
            return
        head = self._head
        if head is None:
            raise BadHttpMessage("the connection closed before the response's head was whole")
        if head.content_length is not None:
            raise ContentLengthError(
                f"the body ended after {self._body_bytes} of {head.content_length} bytes"
            )
        if head.chunked:
            raise TransferEncodingError(
                f"the chunked body ended after {self._body_bytes} bytes, without its last chunk"
            )
        self.completed = True
        self._sink.body_completed()

    def _is_whole(self) -> bool:
        return self.completed  # asked anew: a callback may have set it while data was fed

    def _keep_excess(self, data: bytes) -> None:
        head = self._head
        if head is not None and head.status == 101:
            self.tail += data
        elif data:
            self.excess = True

    # Bodies of known length, without the parser

    def _take_raw(self, data: bytes) -> None:
        left = self._raw_left
        size = len(data)
        if size > left:
            self.excess = True
            data = data[:left]
            size = left
        self._raw_left = left - size
        self._body_bytes += size
        if size == left:
            self.completed = True
        self._sink.body_received(data)
        if size == left:
            self._sink.body_completed()

    def _after_partial_message(self, fed: int) -> None:
        head = self._head
        if head is not None and head.content_length is not None:
            # The rest of a sized body needs no parser: it saves a copy and a call per read.
            self._raw_left = head.content_length - self._body_bytes
            return
        limits = self._limits
        if self._fields:
            self._guard(self._fields)
        if self._progress:
            self._dry_bytes = 0
            return
        # Nothing of this read could be reported: one unfinished line, which has a limit too.
        self._dry_bytes += fed
        if head is not None:
            most = MAX_CHUNK_EXTENSION_BYTES
            if self._dry_bytes > most + limits.max_field_size:
                self._fail(LineTooLong("chunk line or trailer, in bytes,", most))
        elif self._dry_bytes > max(limits.max_field_size, _STATUS_LINE_SLACK):
            self._fail(LineTooLong("header field, in bytes,", limits.max_field_size))

    # Callbacks of httptools

    def on_message_begin(self) -> None:
        """Notice a second message. Called by httptools."""
        if self.completed:
            self.excess = True
        self._progress = True

    def on_status(self, piece: bytes) -> None:
        """Collect the reason phrase. Called by httptools, perhaps several times."""
        if self.completed:
            return
        self._progress = True
        self._reason += piece
        if len(self._reason) > self._limits.max_line_size:
            self._fail(LineTooLong("reason phrase, in bytes,", self._limits.max_line_size))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a field of the head or of the trailers. Called by httptools."""
        self._progress = True
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        """Judge the head and report it. Called by httptools."""
        if self.completed:
            return
        fields = self._fields
        self._fields = []  # trailers land here, apart from the head
        self._progress = True
        parser = self._parser
        version = _VERSIONS.get(parser.get_http_version())
        if version is None:
            self._fail(BadStatusLine(f"HTTP/{parser.get_http_version()} was not asked for"))
        if not self._is_short or len(fields) > self._limits.max_headers:
            self._guard(fields)
        status = parser.get_status_code()
        if status < 100:
            self._fail(BadStatusLine(f"{status} is not a status code"))
        reason = self._reason.decode("utf-8", "surrogateescape")
        if not reason.isprintable():  # seldom: other alphabets, and llhttp lets NUL and ESC through
            try:
                check_reason(reason)
            except ValueError as error:
                self._fail(BadStatusLine(str(error)))
        head = ResponseHead(version, status, reason, fields, parser.should_keep_alive())
        self._reason = b""
        connection = self._note(head)
        if 100 <= status < 200 and status != 101:
            self._informational += 1
            if self._informational > MAX_INFORMATIONAL:
                self._fail(BadHttpMessage(f"more than {MAX_INFORMATIONAL} interim responses"))
            if head.content_length or head.chunked:
                # llhttp reads one for some of them; it would stand in front of the answer's own.
                self._fail(InvalidHeader(f"the interim response {status} announces a body"))
            self._interim = True
            self._sink.informational_received(head)
            return
        self._head = head
        if self._method == "HEAD" or status in (101, 204, 304):
            # No body, whatever the fields say (RFC 9112 §6.3 rules 1 and 2).
            head.has_body = False
            if self._method == "HEAD":  # llhttp thinks that a body until EOF follows
                word = b"close" if version is HttpVersion11 else b"keep-alive"
                head.keep_alive = has_token(connection, word) is (version is HttpVersion10)
            self.completed = True
            self._sink.head_received(head)
            self._sink.body_completed()
            return
        if head.content_length is None and not head.chunked:
            head.keep_alive = False  # the end of the connection ends the body (rule 8)
        self._sink.head_received(head)

    def on_body(self, data: bytes) -> None:
        """Pass on bytes of the body. Called by httptools."""
        if self.completed:
            self.excess = True
            return
        self._progress = True
        self._body_bytes += len(data)
        self._sink.body_received(data)

    def on_chunk_complete(self) -> None:
        """Report the end of a chunk. Called by httptools."""
        # A call of 0.04 µs a chunk; bodies without chunks pay nothing.
        if self.completed:
            self.excess = True  # behind the head that answers to HEAD
        else:
            self._sink.chunk_completed()

    def on_message_complete(self) -> None:
        """Report the end of the response. Called by httptools."""
        if self._interim:
            self._interim = False
            return
        if self.completed:
            return
        if self._fields:
            # Trailers are read within the limits, then dropped (RFC 9110 §6.5.1).
            trailers, self._fields = self._fields, []
            self._guard(trailers)
        self.completed = True
        self._sink.body_completed()

    # Judging the head

    def _note(self, head: ResponseHead) -> bytes:
        """Fill in what decides how *head* goes on; return its `Connection` value."""
        connection = b""
        upgrade = False
        for name, value in head.raw_headers:
            lower = _spellings[name]
            if lower is None:
                continue
            if lower == b"content-length":
                # llhttp let only digits through, no second field and none beside chunked.
                head.content_length = int(value)
            elif lower == b"transfer-encoding":
                if head.chunked or value.strip(b" \t").lower() != b"chunked":
                    what = f"Transfer-Encoding {excerpt(value)} is not supported, only chunked is"
                    self._fail(TransferEncodingError(what))
                head.chunked = True
            elif lower == b"content-encoding":
                coding = value.strip(b" \t").decode("latin-1")
                before = head.content_encoding
                head.content_encoding = f"{before}, {coding}" if before else coding or None
            elif lower == b"connection":
                connection = connection + b"," + value if connection else value
            else:
                upgrade = True
        if head.chunked and head.version is HttpVersion10:
            head.keep_alive = False  # who speaks both is not to be trusted further (RFC 9112 §6.1)
        if head.chunked and head.content_length is not None:
            self._fail(InvalidHeader("both Content-Length and Transfer-Encoding are given"))
        head.upgrade = upgrade and head.status == 101 and has_token(connection, b"upgrade")
        return connection

    # Failing

    def _guard(self, fields: RawHeaders) -> None:
        try:
            check_field_limits(fields, self._limits)
        except LineTooLong as error:
            self._fail(error)

    def _fail(self, error: HttpProcessingError) -> NoReturn:
        # httptools replaces whatever a callback raises by an error of its own.
        self._error = error
        raise error

    def _translated(self, error: HttpParserError) -> HttpProcessingError:
        if self._error is not None:
            return self._error
        if error.__context__ is not None:
            raise error.__context__  # the sink's own fault, not the server's
        if isinstance(error, HttpParserInvalidStatusError):
            return BadStatusLine("the response has no valid status code")
        if self._head is None:
            return BadStatusLine(f"this is not an HTTP/1.1 response: {error}")
        if self._head.chunked:
            return TransferEncodingError(f"broken chunked body: {error}")
        return BadHttpMessage(f"malformed response: {error}")
