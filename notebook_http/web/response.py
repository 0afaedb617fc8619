"""A response whose body is there as a whole."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from multidict import CIMultiDict

from notebook_http.transport.stream_writer import StreamWriter
from notebook_http.web.response_fields import LooseHeaders
from notebook_http.web.response_head import has_no_body, message_with_fields, plain_message
from notebook_http.web.stream_response import PreparingRequest, StreamResponse
from notebook_http.wire.content_coding import encoder_for
from notebook_http.wire.http_version import HttpVersion, HttpVersion11

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from notebook_http.transport.payload import Payload

__all__ = ["Response"]

_TEXT_TYPE = "text/plain; charset=utf-8"
_TWO_TYPES = "passing both Content-Type header and content_type or charset params is forbidden"

# Bytes of a body that are handed to the connection at once. A quarter of a MiB is about what a
# socket takes; what it does not take at once is copied into the transport's buffer.
_SLICE_BYTES = 256 * 1024


class Response(StreamResponse):
    """A response with a body of known content.

    Args:
        body: bytes, or anything that a `Payload` is registered for (text, an open file, an
            asynchronous iterable …).
        status: three digits.
        reason: reason phrase; None for the usual one.
        text: text of the body, in place of *body*; encoded with *charset*.
        headers: fields of the head.
        content_type: media type without parameters; ``text/plain`` for *text* by default.
        charset: charset of *text*, UTF-8 by default.
        zlib_executor_size: bytes up to which a body is compressed on the event loop itself.
        zlib_executor: where larger bodies are compressed; None for the loop's default.

    Raises:
        ValueError: arguments contradict each other, or no payload is registered for *body*.
        TypeError: *text* is not text.
    """

    _body: bytes | bytearray | Payload | None = None
    _coded_body: bytes | None = None
    _zlib_executor_size = 4096
    _zlib_executor: Executor | None = None
    _head_waits = True

    def __init__(
        self,
        *,
        body: Any = None,
        status: int = 200,
        reason: str | None = None,
        text: str | None = None,
        headers: LooseHeaders | None = None,
        content_type: str | None = None,
        charset: str | None = None,
        zlib_executor_size: int = 4096,
        zlib_executor: Executor | None = None,
    ) -> None:
        # What `render` looks at is the instance's own, in spite of the defaults on the class: to
        # find out that it is not takes a hundred more instructions.
        self._status = 200
        self._reason = "OK"
        self._fields = self._content_type = self._cookies = self._request = self._body = None
        self._chunked = self._compression = self._eof_sent = False
        self.kept_alive = None
        if status != 200 or reason is not None:
            self._set_status(status, reason)
        if headers is not None:
            self._fields = CIMultiDict(headers)
        if zlib_executor_size != 4096:
            self._zlib_executor_size = zlib_executor_size
        if zlib_executor is not None:
            self._zlib_executor = zlib_executor
        if text is not None and body is not None:
            raise ValueError("body and text are not allowed together")
        if content_type is not None and "charset" in content_type:
            raise ValueError("charset must not be in content_type argument")
        if text is not None:
            if text.__class__ is str and headers is None and charset is None:
                self._body = text.encode()
                self._content_type = (
                    _TEXT_TYPE if content_type is None else f"{content_type}; charset=utf-8"
                )
            else:
                self._take_text(text, content_type, charset)
            return
        if content_type is not None or charset is not None:
            self._take_content_type(content_type, charset)
        if body is not None:
            self.body = body

    def _take_text(self, text: str, content_type: str | None, charset: str | None) -> None:
        fields = self._fields
        if fields is not None and "Content-Type" in fields:
            if content_type or charset:
                raise ValueError(_TWO_TYPES)
            self.text = text  # which says the charset, if the field does not
            return
        if not isinstance(text, str):
            raise TypeError(f"text argument must be str ({type(text)!r})")
        if content_type is None and charset is None:
            value, charset = _TEXT_TYPE, "utf-8"
        else:
            charset = "utf-8" if charset is None else charset
            value = f"{'text/plain' if content_type is None else content_type}; charset={charset}"
        if fields is None:
            self._content_type = value
        else:
            fields["Content-Type"] = value
        self._body = text.encode(charset)

    def _take_content_type(self, content_type: str | None, charset: str | None) -> None:
        if self._fields is not None and "Content-Type" in self._fields:
            raise ValueError(_TWO_TYPES)
        if content_type is None:
            return  # a charset of nothing says nothing
        if charset is not None:
            content_type = f"{content_type}; charset={charset}"
        if self._fields is None:
            self._content_type = content_type
        else:
            self._fields["Content-Type"] = content_type

    # The body

    @property
    def body(self) -> bytes | bytearray | Payload | None:
        """The body: bytes, a payload, or None."""
        return self._body

    @body.setter
    def body(self, body: Any) -> None:
        if body is None or isinstance(body, bytes | bytearray):
            self._body = body
            if self._request is not None:
                self._measure_again()
            return
        from notebook_http.transport.payload import PAYLOAD_REGISTRY

        try:
            payload = PAYLOAD_REGISTRY.get(body)
        except LookupError:
            raise ValueError(f"Unsupported body type {type(body)}") from None
        self._body = payload
        if self._field("Content-Type") is None:
            self.headers["Content-Type"] = payload.content_type
        for name, value in payload.headers.items():
            self.headers.setdefault(name, value)
        self._measure_again()

    def _measure_again(self) -> None:
        """Let the head tell the length of a body that a signal has put in another one's place."""
        if self._request is None or self._writer is not None or self._coded_body is not None:
            return
        if self.headers.popall("Content-Length", None) is not None:
            length = self.content_length
            if length is not None:
                self.headers["Content-Length"] = str(length)

    @property
    def text(self) -> str | None:
        """The body as text, by its charset; None when there is no body."""
        body = self._body
        if body is None:
            return None
        encoding = self.charset or "utf-8"
        if isinstance(body, bytes | bytearray):
            return body.decode(encoding)
        return body.decode(encoding)

    @text.setter
    def text(self, text: str | None) -> None:
        if text is None:
            self._body = None
            return
        if not isinstance(text, str):
            raise TypeError(f"text argument must be str ({type(text)!r})")
        if self.content_type == "application/octet-stream":
            self.content_type = "text/plain"
        if self.charset is None:
            self.charset = "utf-8"
        self._body = text.encode(self.charset or "utf-8")
        self._measure_again()

    @property
    def content_length(self) -> int | None:
        """Bytes of the body; None when they are not known, or chunks were asked for."""
        if self._chunked:
            return None
        given = self._field("Content-Length")
        if given is not None:
            return int(given)
        if self._compression is not False:
            return None  # known once it is compressed
        body = self._body
        if body is None:
            return 0
        return len(body) if isinstance(body, bytes | bytearray) else body.size

    @content_length.setter
    def content_length(self, value: int | None) -> None:
        raise RuntimeError("Content length is set automatically")

    # Sending

    def render(self, version: HttpVersion, method: str, *, keep_alive: bool) -> bytes | None:
        """Return head and body as bytes, ready to be sent, and count the response as sent.

        This is the way of most responses: nothing to wait for, nothing to ask. None when it does
        not serve; `prepare` and `write_eof` do then: chunks, compression, payloads, and responses
        that end with their head. Whether the connection can go on behind it, says `kept_alive`.

        Raises:
            ValueError: a field cannot stand in a head; nothing was counted.
            BodyLengthError: Content-Length is not the body's.
        """
        if self._request is not None:
            return None
        if self._eof_sent:
            raise RuntimeError(f"{self!r} was sent before: make a new response for each request")
        body = self._body
        if body.__class__ is not bytes:
            if body is None:
                body = b""
            elif not isinstance(body, bytes | bytearray):
                return None
        status = self._status
        length = len(body)
        if (
            length > _SLICE_BYTES
            or self._chunked
            or self._compression is not False
            or (status != 200 and has_no_body("GET", status))
            or method == "HEAD"
            or method == "CONNECT"
        ):
            return None
        if self.kept_alive is False:
            keep_alive = False
        fields = self._fields
        if fields is None and self._cookies is None:
            content_type = self._content_type
            if content_type is None and length:
                content_type = "application/octet-stream"
            data = plain_message(version, status, self._reason, content_type, body, keep_alive)
        else:
            fields = self.headers
            if self._cookies is not None:
                fields = fields.copy()
                self._add_cookie_fields(fields)
            whole = message_with_fields(version, status, self._reason, fields, body, keep_alive)
            if whole is None:
                return None
            data, self._fields = whole, fields
        self.kept_alive = keep_alive
        self._eof_sent = True
        self._body_length = length
        self._sent_at_once = len(data)
        return data

    async def _start(self, request: PreparingRequest) -> StreamWriter:
        fields = self.headers
        body = self._body
        coding = self._chosen_coding(request, fields)
        if coding is not None and isinstance(body, bytes | bytearray) and not self._chunked:
            body = self._coded_body = await self._compress(coding.value, bytes(body))
            fields["Content-Encoding"] = coding.value
            fields.popall("Content-Length", None)
        settled = self._chunked or "Content-Length" in fields or "Transfer-Encoding" in fields
        if not settled and not (coding and body is None):
            size = len(body) if isinstance(body, bytes | bytearray) else getattr(body, "size", 0)
            if size is None:
                self._chunked = request.version >= HttpVersion11
            elif size or (self._status != 304 and request.method != "HEAD"):  # RFC 9110 §8.6
                fields["Content-Length"] = str(size)
        return await super()._start(request)

    async def _compress(self, coding: str, body: bytes) -> bytes:
        """Return *body* in *coding*; a large one is compressed in a thread."""
        encoder = encoder_for(coding)
        if encoder is None:
            return body
        if len(body) <= self._zlib_executor_size:
            return encoder.encode(body) + encoder.finish()
        loop = asyncio.get_running_loop()
        coded = await loop.run_in_executor(self._zlib_executor, encoder.encode, body)
        return coded + await loop.run_in_executor(self._zlib_executor, encoder.finish)

    async def write_eof(self, data: bytes | bytearray | memoryview = b"") -> None:
        """Send the body, if it was not, and end it. Idempotent.

        Raises:
            ClientConnectionResetError: the client has left.
            BodyLengthError: Content-Length is not the body's; the connection will close.
        """
        if self._eof_sent:
            return
        writer, request = self._writer, self._request
        body = data or (self._body if self._coded_body is None else self._coded_body) or b""
        if writer is None or request is None:
            raise RuntimeError("Response has not been started")
        if isinstance(body, bytes | bytearray | memoryview):
            # A large body goes out piece by piece, so that a slow client holds no copy of it.
            view = memoryview(body)
            while len(view) > _SLICE_BYTES:
                await writer.write(view[:_SLICE_BYTES])
                view = view[_SLICE_BYTES:]
            await super().write_eof(view)
            return
        try:
            if not has_no_body(request.method, self._status):
                await body.write(writer)
            await super().write_eof()
        finally:
            await body.close()
