"""A response whose body is written piece by piece.

Knows heads and framing. How a request reaches its connection is the request's business: what is
needed of it is stated in `PreparingRequest`.
"""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Iterator, MutableMapping
from typing import Any, Protocol, TypeVar, overload

from multidict import CIMultiDict, CIMultiDictProxy

from notebook_http.transport.connection import Connection
from notebook_http.transport.stream_writer import StreamWriter
from notebook_http.web.app_key import ResponseKey, SeenKeys
from notebook_http.web.coding_choice import ContentCoding, accepted_coding, add_vary
from notebook_http.web.response_fields import LooseHeaders, ResponseFields
from notebook_http.web.response_head import BodyFraming, frame_body, set_general_fields
from notebook_http.wire.content_coding import ContentEncoder, encoder_for
from notebook_http.wire.head_writer import response_head
from notebook_http.wire.http_version import HttpVersion
from notebook_http.wire.request_head import RequestHead

__all__ = ["PreparingRequest", "StreamResponse"]

T = TypeVar("T")

_seen_keys = SeenKeys("ResponseKey")


class PreparingRequest(Protocol):
    """What a response needs of the request that it answers."""

    prepared_response: StreamResponse | None

    @property
    def method(self) -> str:
        """The method as sent."""

    @property
    def sent_path(self) -> str:
        """The path as sent, without a query."""

    @property
    def version(self) -> HttpVersion:
        """The version of the request."""

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The fields of the request."""

    @property
    def message(self) -> RequestHead:
        """The head as it was parsed."""

    @property
    def keep_alive(self) -> bool:
        """Whether the client wants the connection to go on."""

    @property
    def task(self) -> Any:
        """The task that serves the request."""

    @property
    def protocol(self) -> Connection:
        """The connection that the request came from."""

    def prepare_hook(self, response: StreamResponse) -> Awaitable[None]:
        """Run the `on_response_prepare` signals."""

    def answer_begins(self, response: StreamResponse) -> None:
        """Take note that *response* is the answer."""


class StreamResponse(ResponseFields, MutableMapping["str | ResponseKey[Any]", Any]):
    """A response with a head that is sent by `prepare` and a body that is written after it.

    A mapping, too: middlewares may leave things in it for each other.

    Args:
        status: three digits.
        reason: reason phrase; None for the usual one.
        headers: fields of the head.

    Attributes:
        kept_alive: what `keep_alive` tells.

    Raises:
        ValueError: the reason holds control characters.
    """

    # Defaults on the class, as in `ResponseFields`.
    _state: dict[str | ResponseKey[Any], Any] | None = None
    kept_alive: bool | None = None
    _compression: ContentCoding | bool = False
    _request: PreparingRequest | None = None
    _writer: StreamWriter | None = None
    _eof_sent = False
    _body_length = 0
    # Bytes of head and body when they left in one piece, without a writer.
    _sent_at_once = 0
    # The head of a `Response` waits for its body; that of a stream leaves when it is prepared.
    _head_waits = False

    def __init__(
        self,
        *,
        status: int = 200,
        reason: str | None = None,
        headers: LooseHeaders | None = None,
    ) -> None:
        if status != 200 or reason is not None:
            self._set_status(status, reason)
        if headers is not None:
            self._fields = CIMultiDict(headers)

    def __repr__(self) -> str:
        request = self._request
        if self._eof_sent:
            state = "eof"
        elif request is not None:
            state = f"{request.method} {request.sent_path}"
        else:
            state = "not prepared"
        return f"<{type(self).__name__} {self.reason} {state}>"

    # State

    @property
    def prepared(self) -> bool:
        """Whether the head is out, so that nothing in it can change any more."""
        return self._eof_sent or self._request is not None

    @property
    def task(self) -> Any:
        """The task that serves the request, from `prepare` to the end of the body; else None."""
        return None if self._request is None or self._eof_sent else self._request.task

    @property
    def is_over(self) -> bool:
        """Whether its last byte has been written."""
        return self._eof_sent

    @property
    def chunked(self) -> bool:
        """Whether chunks were asked for."""
        return self._chunked

    def enable_chunked_encoding(self, chunk_size: int | None = None) -> None:
        """Send the body in chunks, also if its length is known.

        *chunk_size* is ignored, and deprecated: a chunk is what is written.

        Raises:
            RuntimeError: there is a Content-Length.
        """
        if self._field("Content-Length") is not None:
            raise RuntimeError("You can't enable chunked encoding when a content length is set")
        if chunk_size is not None:
            warnings.warn(
                "chunk_size is deprecated: it is ignored", DeprecationWarning, stacklevel=2
            )
        self._chunked = True

    @property
    def compression(self) -> bool:
        """Whether compression was asked for."""
        return self._compression is not False

    def enable_compression(
        self, force: bool | ContentCoding | None = None, strategy: int | None = None
    ) -> None:
        """Compress the body with what the client accepts, or with *force* whether it does or not.

        *strategy* is zlib's, accepted for aiohttp's sake and left to the library. True and False
        are old names, deprecated, of `deflate` and `identity`.
        """
        if isinstance(force, bool):
            warnings.warn(
                "force is a ContentCoding: deflate for True, identity for False",
                DeprecationWarning,
                stacklevel=2,
            )
            force = ContentCoding.deflate if force else ContentCoding.identity
        elif force is not None and not isinstance(force, ContentCoding):
            raise TypeError(f"force is a ContentCoding or None, not {force!r}")
        self._compression = force or True

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection may go on; None for what the client wants."""
        return self.kept_alive

    def force_close(self) -> None:
        """Close the connection after this response."""
        self.kept_alive = False

    @property
    def writer(self) -> StreamWriter | None:
        """What writes the body, or None: not prepared, or sent in one piece."""
        return self._writer

    @property
    def body_length(self) -> int:
        """Bytes of the body written so far."""
        return self._body_length if self._writer is None else self._writer.body_size

    @property
    def output_length(self) -> int:
        """Bytes handed to the connection so far, the head included."""
        return self._sent_at_once if self._writer is None else self._writer.output_size

    # Sending

    def render_at_once(
        self, request: PreparingRequest, *, keep_alive: bool
    ) -> bytes | bytearray | None:
        """Return head and body as bytes, counted as sent, where nothing has to be waited for.

        Whether the connection can go on behind it, says `kept_alive`. None where `prepare` and
        `write_eof` have to do it, as for streams.
        """
        return None

    async def prepare(self, request: PreparingRequest) -> StreamWriter | None:
        """Send the head, and return what writes the body; None if the response is over.

        Called again, it returns the same. A cancel while the signals run leaves nothing sent.

        Raises:
            ValueError: a field cannot stand in a head; nothing was sent.
            RuntimeError: chunks were asked for where HTTP has none; nothing was sent.
        """
        if self._eof_sent or self._request is not None:
            if request.prepared_response is not self:
                raise RuntimeError(
                    f"{self!r} was sent before: make a new response for each request"
                )
            return None if self._eof_sent else self._writer
        self._request = request
        try:
            writer = await self._start(request)
        except BaseException:
            self._request = None
            raise
        self._writer = writer
        request.answer_begins(self)
        if not self._head_waits:
            writer.send_head()
        return writer

    async def _start(self, request: PreparingRequest) -> StreamWriter:
        """Settle the head, let the signals have their say, and return the writer."""
        fields = self.headers
        encoder = self._start_compression(request, fields)
        cookies = None if self._cookies is None else self._add_cookie_fields(fields)
        framing = self._frame(request, fields)
        set_general_fields(fields, framing, request.version)
        await request.prepare_hook(self)
        if self._cookies is not None:
            self._add_cookie_fields(fields, cookies or ())
        kept_alive, framing = framing.keep_alive, self._frame(request, fields)
        if kept_alive and not framing.keep_alive:
            fields["Connection"] = "close"
        return StreamWriter(
            request.protocol,
            length=framing.length,
            chunked=framing.chunked,
            encoder=encoder,
            head=response_head(request.version, self._status, self._reason, fields.items()),
            discard=framing.empty,
        )

    def _frame(self, request: PreparingRequest, fields: CIMultiDict[str]) -> BodyFraming:
        """Settle the framing: once for the signals to see, once for what they have changed."""
        keep_alive = request.keep_alive if self.kept_alive is None else self.kept_alive
        framing = frame_body(
            fields,
            method=request.method,
            status=self._status,
            version=request.version,
            chunked=self._chunked,
            keep_alive=keep_alive,
        )
        self.kept_alive = framing.keep_alive
        return framing

    def _start_compression(
        self, request: PreparingRequest, fields: CIMultiDict[str]
    ) -> ContentEncoder | None:
        coding = self._chosen_coding(request, fields)
        if coding is None:
            return None
        fields["Content-Encoding"] = coding.value
        fields.popall("Content-Length", None)  # that of the body before coding
        return encoder_for(coding.value)

    def _chosen_coding(
        self, request: PreparingRequest, fields: CIMultiDict[str]
    ) -> ContentCoding | None:
        """Return the coding to apply, or None. A body that is coded already is left alone."""
        if self._compression is False or "Content-Encoding" in fields:
            return None
        coding: ContentCoding | None
        if self._compression is True:
            add_vary(fields, "Accept-Encoding")
            coding = accepted_coding(", ".join(request.headers.getall("Accept-Encoding", ())))
        else:
            coding = self._compression
        return None if coding is ContentCoding.identity else coding

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send a piece of the body, waiting while the client is slower than that.

        A cancel leaves the piece in the transport: it is being sent, the body is not whole.

        Raises:
            ClientConnectionResetError: the client has left.
            BodyLengthError: more than Content-Length announced; the connection will close.
            RuntimeError: not prepared, or over already.
            TypeError: the data is not bytes.
        """
        if data.__class__ is not bytes and not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"data argument must be byte-ish ({type(data)!r})")
        if self._eof_sent:
            raise RuntimeError("Cannot call write() after write_eof()")
        writer = self._writer
        if writer is None:
            raise RuntimeError("Cannot call write() before prepare()")
        writer.write_nowait(data)
        if writer.connection.writing_paused or not writer.has_body:
            await writer.drain()

    async def drain(self) -> None:
        """Return when the client has taken enough that more can be written."""
        if self._writer is None:
            raise RuntimeError("Response has not been started")
        await self._writer.drain()

    async def write_eof(self, data: bytes | bytearray | memoryview = b"") -> None:
        """End the body, after a last piece. Idempotent.

        Raises:
            ClientConnectionResetError: the client has left.
            BodyLengthError: less was written than announced; the connection will close.
            RuntimeError: not prepared.
            TypeError: the data is not bytes.
        """
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"data argument must be byte-ish ({type(data)!r})")
        if self._eof_sent:
            return
        if self._writer is None:
            raise RuntimeError("Response has not been started")
        await self._writer.write_eof(data)
        self._eof_sent = True

    # The mapping

    @overload
    def __getitem__(self, key: ResponseKey[T]) -> T: ...

    @overload
    def __getitem__(self, key: str) -> Any: ...

    def __getitem__(self, key: str | ResponseKey[T]) -> Any:
        return (self._state or {})[key]

    @overload
    def __setitem__(self, key: ResponseKey[T], value: T) -> None: ...

    @overload
    def __setitem__(self, key: str, value: Any) -> None: ...

    def __setitem__(self, key: str | ResponseKey[T], value: Any) -> None:
        if key.__class__ is not ResponseKey and key not in _seen_keys:
            _seen_keys.warn(key)
        if self._state is None:
            self._state = {}
        self._state[key] = value

    def __delitem__(self, key: str | ResponseKey[Any]) -> None:
        del (self._state or {})[key]

    def __len__(self) -> int:
        return len(self._state or ())

    def __iter__(self) -> Iterator[str | ResponseKey[Any]]:
        return iter(self._state or ())

    def __bool__(self) -> bool:
        return True  # an answer with nothing noted on it is still an answer

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other
