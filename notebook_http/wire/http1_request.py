"""Bytes of an HTTP/1.1 connection to requests (RFC 9112), on top of llhttp.

llhttp says where things begin and end; the policy is here: versions, hosts, what may not be
repeated, limits across reads, and that an `Upgrade` field changes nothing until a handler accepts.
"""

from __future__ import annotations

from typing import NoReturn, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from notebook_http.wire.errors import (
    BadHttpMessage,
    BadHttpMethod,
    HttpProcessingError,
    InvalidHeader,
    InvalidURLError,
    LineTooLong,
)
from notebook_http.wire.framing_fields import framing_fields, only_lengths
from notebook_http.wire.http_version import HttpVersion, HttpVersion10, HttpVersion11
from notebook_http.wire.limits import DEFAULT_LIMITS, MAX_CHUNK_EXTENSION_BYTES, MessageLimits
from notebook_http.wire.message_head import RawHeaders, check_field_limits, has_token
from notebook_http.wire.parser_error import BehindTheLast, cause_of, translated, unserved_version
from notebook_http.wire.repeated_head import RepeatedHead
from notebook_http.wire.request_head import RequestHead, is_allowed_target, is_host, transfer_fault
from notebook_http.wire.request_line import RequestLines
from notebook_http.wire.request_sink import RequestSink

__all__ = ["RequestHead", "RequestParser", "RequestSink"]

_METHODS = {
    name.encode(): name
    for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE")
}
_VERSIONS = {"1.1": HttpVersion11, "1.0": HttpVersion10}

# Longer than any method that llhttp knows; a "method" without end is refused there.
_MAX_METHOD_BYTES = 64
# Puts a fresh parser behind the head of a chunked request.
_PRIMER = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


class RequestParser:
    """Cut the bytes of one connection into requests and report them to a sink.

    Attributes:
        in_message: whether a request has begun and is not whole yet.
        closed: whether the connection is over for reading: later bytes are ignored.
        repeated: the head that would be recognised if it came again between two requests.
        unfinished_bytes: of the reads so far in which the head came that is not whole yet.
    """

    __slots__ = (
        "_dry_bytes",
        "_error",
        "_fields",
        "_head",
        "_host_bytes",
        "_host_text",
        "_is_first",
        "_is_short",
        "_last",
        "_limits",
        "_lines",
        "_parser",
        "_plain",
        "_primed",
        "_progress",
        "_raw_left",
        "_received",
        "_sink",
        "_target",
        "_upgrading",
        "closed",
        "in_message",
        "repeated",
        "unfinished_bytes",
    )

    def __init__(self, sink: RequestSink, limits: MessageLimits = DEFAULT_LIMITS) -> None:
        self._sink = sink
        self._limits = limits
        # Made when it is needed: a connection whose requests are recognised keeps none (1.3 KiB).
        self._parser: HttpRequestParser | None = None
        self._lines = RequestLines()
        self._target = b""
        self._fields: RawHeaders = []
        self._head: RequestHead | None = None  # set while its body is being read
        self._host_bytes: bytes | None = None
        self._host_text = ""
        self._plain: RequestHead | None = None  # read just now, and little in it matters
        self.repeated = RepeatedHead(limits)
        self._error: HttpProcessingError | None = None
        self._raw_left = self._dry_bytes = 0
        self._received = 0  # bytes of the body, or of the chunk; negative in the line of its size
        # A read begins with this head; and it holds all of it: no field is over its limit.
        self._is_first = self._is_short = False
        self._progress = self._upgrading = self._primed = self._last = False
        self.in_message = self.closed = False
        self.unfinished_bytes = 0

    def feed(self, data: bytes) -> None:
        """Report everything that *data* completes.

        Raises:
            HttpProcessingError: the client erred. All requests before the fault have been
                reported; answer with its ``code``, close, and feed no more.
        """
        while data and not self.closed:
            if self._raw_left:
                data = self._take_raw(data)
                continue
            fresh = not self.in_message
            if fresh and (head := self.repeated.recognise(data)) is not None:
                self._take_repeated(head, data)
                return
            self._is_first = fresh
            self._is_short = fresh and len(data) <= self._limits.max_field_size
            self._progress, collected = False, len(self._fields)
            self._lines.take(data, fresh, None if self._head is None else self._received)
            parser = self._parser
            if parser is None:
                parser = self._parser = HttpRequestParser(self)
            try:
                parser.feed_data(data)
            except HttpParserUpgrade as upgrade:
                whole = self._head is None
                data = self._resume_after_upgrade(data[upgrade.args[0] :])
                if whole and not self._is_over():
                    self._sink.upgrade_asked(data)
                    return
                continue
            except HttpParserError as error:
                if self._is_over() and self._error is None and cause_of(error) is None:
                    return  # bytes behind `Connection: close` have no meaning (RFC 9112 §9.6)
                fault = self._error or translated(error, self._lines, self._limits.max_line_size)
                if fault is None:
                    return  # what is wrong with the line shows when it is whole
                self.closed = True
                raise fault from None
            if self.in_message:
                self._after_partial_message(len(data), collected)
            else:
                self._lines.text = b""
            if fresh and self._plain is not None:
                self.repeated.learn(data, self._plain)
                if self.repeated.head is not None and not self.in_message:
                    self._parser = None
            return

    def refused_line(self) -> bytes:
        """Return the beginning of the request line that was refused, as far as can be told."""
        method = b"" if self._parser is None else self._parser.get_method()
        return self._lines.refused(method, self._target)

    def _is_over(self) -> bool:
        return self.closed  # asked anew: a callback may have set it while data was fed

    def _take_repeated(self, head: RequestHead, data: bytes) -> None:
        """Report a head that was recognised, and what is behind it: of its body, and no more."""
        sink = self._sink
        sink.request_received(head)
        if not head.has_body:
            return
        body = data[self.repeated.size :]
        left = (head.content_length or 0) - len(body)
        if body:
            sink.body_received(body)
        if left:
            self._head, self._raw_left, self._last, self.in_message = head, left, False, True
        else:
            sink.body_completed()

    # Bodies of known length, without the parser

    def _take_raw(self, data: bytes) -> bytes:
        left = self._raw_left
        if len(data) < left:
            self._raw_left = left - len(data)
            self._sink.body_received(data)
            return b""
        self._raw_left = 0
        self._sink.body_received(data[:left] if len(data) > left else data)
        self._head = None
        self.in_message = False
        self.closed = self._last
        self._sink.body_completed()
        return data[left:]

    def _after_partial_message(self, fed: int, collected: int) -> None:
        head = self._head
        if head is not None and head.content_length is not None:
            # The rest of a sized body needs no parser: it saves a copy and a call per read.
            # A fresh parser (1 µs) takes what comes behind it.
            self._raw_left = head.content_length - self._received
            self._parser, self._lines.text = None, b""
            return
        limits = self._limits
        self.unfinished_bytes += fed
        if self._fields:
            # A head or trailer section that arrives a field at a time may not grow for ever.
            self._guard(self._fields)
            method = cast("HttpRequestParser", self._parser).get_method()
            if head is None and not self._lines.check_early(method, self._target):
                self._refuse_line()
        if self._progress or len(self._fields) != collected:
            self._dry_bytes = 0
            return
        # Nothing of this read could be reported: one unfinished line, which has a limit too.
        self._dry_bytes += fed
        if head is not None:
            most = MAX_CHUNK_EXTENSION_BYTES
            if self._dry_bytes > most + limits.max_field_size:
                self._fail(LineTooLong("chunk line or trailer, in bytes,", most, code=400))
        elif not self._target and self._dry_bytes > _MAX_METHOD_BYTES:
            self._fail(BadHttpMethod("the request line does not begin with a method"))
        elif self._dry_bytes > limits.max_field_size:
            self._fail(LineTooLong("header field, in bytes,", limits.max_field_size))

    def _resume_after_upgrade(self, rest: bytes) -> bytes:
        """Go on behind a head that asked for an upgrade, which llhttp will not do by itself."""
        head = self._head
        parser = self._parser = HttpRequestParser(self)
        self._lines.text = b""
        self._upgrading = False
        if head is None:
            return rest
        if head.chunked:
            self._primed = True
            parser.feed_data(_PRIMER)
            self._primed = False
        elif head.content_length is not None:
            self._raw_left = head.content_length
        return rest

    # Callbacks of httptools

    def on_message_begin(self) -> None:
        """Note that a message has begun. Called by httptools."""
        if self.closed:
            raise BehindTheLast
        self.in_message = True
        self._plain = None
        self._dry_bytes = self.unfinished_bytes = 0
        self._target = b""

    def on_url(self, piece: bytes) -> None:
        """Collect the request target. Called by httptools, perhaps several times."""
        self._progress = True
        if self._target:
            piece = self._target + piece
        self._target = piece
        if len(piece) > self._limits.max_line_size:
            self._fail(
                LineTooLong("request target, in bytes,", self._limits.max_line_size, code=414)
            )

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a field of the head or of the trailers. Called by httptools."""
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        """Judge the head and report it. Called by httptools."""
        fields = self._fields
        self._fields = []  # trailers land here, apart from the head
        target = self._target
        self._progress = True
        if self._primed:
            return
        parser = cast("HttpRequestParser", self._parser)
        method_bytes = parser.get_method()
        if not self._lines.are_strict(method_bytes, target):
            self._refuse_line()
        version = _VERSIONS.get(parser.get_http_version())
        if version is None:
            self._fail(unserved_version(parser.get_http_version()))
        method = _METHODS.get(method_bytes) or method_bytes.decode("latin-1")
        noted = self._noted(fields)
        host = self._host(noted.get(b"host"), version)
        # A fragment is never sent; the routes would see another path than the handler does.
        if b"#" in target or (target[:1] != b"/" and not is_allowed_target(method, target)):
            self._fail(InvalidURLError("the request target has none of the forms that it may have"))
        head = RequestHead(
            method, target.decode("latin-1"), version, fields, host, parser.should_keep_alive()
        )
        plain = head.keep_alive and self._is_first  # else the bytes before it are another's
        self._is_first = False
        if len(noted) > 1 or host is None:
            self._note(head, noted)
            plain = plain and version is HttpVersion11 and only_lengths(noted)
        if plain:
            self._plain = head
        if method == "CONNECT":
            head.keep_alive = False  # what follows is not HTTP
        self._last = not head.keep_alive
        if head.has_body:
            self._head = head
            self._received = -1 if head.chunked else 0
            self._lines.body_follows(head.content_length)
        self._sink.request_received(head)

    def on_body(self, data: bytes) -> None:
        """Pass on bytes of the body. Called by httptools."""
        self._progress = True
        self._received += len(data)
        self._sink.body_received(data)

    def on_chunk_header(self) -> None:
        """Note that a chunk begins. Called by httptools."""
        self._received = 0

    def on_chunk_complete(self) -> None:
        """Report the end of a chunk. Called by httptools."""
        if self._lines.first_chunk < 0:
            self._lines.first_chunk = self._received
        self._received = -1
        self._sink.chunk_completed()

    def on_message_complete(self) -> None:
        """Report the end of a body. Called by httptools."""
        if self._upgrading:
            return  # llhttp says so although the body is still to come
        self.in_message = False
        head = self._head
        if head is not None:
            self._head = None
            trailers = self._fields
            if trailers:
                # Read within the limits, then dropped: merged into the head they could
                # overwrite what has been decided from it (RFC 9110 §6.5.1).
                self._fields = []
                self._guard(trailers)
            self._sink.body_completed()
        if self._last:
            self.closed = True

    # Judging the head

    def _noted(self, fields: RawHeaders) -> dict[bytes, bytes]:
        """Return the fields that matter here; refuse what may not repeat, and what is too much."""
        if not self._is_short or len(fields) > self._limits.max_headers:
            self._guard(fields)
        try:
            return framing_fields(fields)
        except InvalidHeader as error:
            self._fail(error)

    def _note(self, head: RequestHead, noted: dict[bytes, bytes]) -> None:
        """Fill in what decides how *head* goes on."""
        if b"transfer-encoding" in noted:
            fault = transfer_fault(head.version, noted[b"transfer-encoding"])
            if fault is not None:
                self._fail(fault)
            head.chunked = head.has_body = True
        elif b"content-length" in noted:
            # llhttp let only digits through, and no second field.
            head.content_length = length = int(noted[b"content-length"])
            head.has_body = length > 0
        if head.version is HttpVersion10 and has_token(noted.get(b"connection", b""), b"close"):
            head.keep_alive = False  # whatever it says beside it (RFC 9112 §9.3)
        if b"expect" in noted:
            head.expect = noted[b"expect"].strip().decode("latin-1")
        if b"content-encoding" in noted:
            coding = noted[b"content-encoding"].strip().decode("latin-1")
            head.content_encoding = coding or None
        if b"upgrade" in noted:
            head.upgrade = has_token(noted.get(b"connection", b""), b"upgrade")
            parser = cast("HttpRequestParser", self._parser)
            self._upgrading = head.has_body and parser.should_upgrade()

    def _host(self, value: bytes | None, version: HttpVersion) -> str | None:
        """Return the checked `Host`, or None where RFC 9112 §3.2 lets it be absent."""
        if value is None:
            if version is not HttpVersion10:
                self._fail(InvalidHeader("an HTTP/1.1 request needs a Host field"))
            return None
        if value != self._host_bytes:  # a connection nearly always names one host
            stripped = value.strip(b" \t")
            if not is_host(stripped):
                self._fail(InvalidHeader("Host is not a host and port"))
            self._host_bytes = value
            self._host_text = stripped.decode("latin-1")
        return self._host_text

    def _refuse_line(self) -> NoReturn:
        self._fail(BadHttpMessage("the request line is not `method target HTTP/version`"))

    def _guard(self, fields: RawHeaders) -> None:
        try:
            check_field_limits(fields, self._limits)
        except LineTooLong as error:
            self._fail(error)

    def _fail(self, error: HttpProcessingError) -> NoReturn:
        # httptools replaces whatever a callback raises by an error of its own.
        self._error = error
        self.closed = True
        raise error
