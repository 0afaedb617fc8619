"""A response whose body is written piece by piece.

Knows heads and framing. How a request reaches its connection is the request's business: what is
needed of it is stated in `PreparingRequest`.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from multidict import CIMultiDict, CIMultiDictProxy

from notebook_http.transport.connection import Connection
from notebook_http.transport.stream_writer import StreamWriter
from notebook_http.web.app_key import ResponseKey
from notebook_http.web.response_head import REASON_PHRASES, frame_body, set_general_fields
from notebook_http.wire.content_coding import ContentEncoder, encoder_for
from notebook_http.wire.cookie import format_morsel, format_set_cookie, quote_cookie_value
from notebook_http.wire.entity_tag import ETag, format_entity_tag, parse_entity_tag
from notebook_http.wire.head_writer import check_reason, response_head
from notebook_http.wire.http_date import format_http_date, parse_http_date
from notebook_http.wire.http_version import HttpVersion
from notebook_http.wire.media_type import parse_media_type

if TYPE_CHECKING:
    from http.cookies import SimpleCookie

__all__ = ["ContentCoding", "LooseHeaders", "PreparingRequest", "StreamResponse", "accepted_coding"]

T = TypeVar("T")

LooseHeaders = Mapping[str, str] | CIMultiDict[str] | CIMultiDictProxy[str] | list[tuple[str, str]]


class ContentCoding(enum.Enum):
    """A coding that `StreamResponse.enable_compression` can be told to use."""

    # In the order of preference when the client takes several.
    deflate = "deflate"
    gzip = "gzip"
    identity = "identity"


class PreparingRequest(Protocol):
    """What a response needs of the request that it answers."""

    prepared_response: StreamResponse | None

    @property
    def method(self) -> str:
        """The method as sent."""

    @property
    def version(self) -> HttpVersion:
        """The version of the request."""

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The fields of the request."""

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


def accepted_coding(accept_encoding: str) -> ContentCoding | None:
    """Return the coding to use for a client that sent *accept_encoding*, or None.

    A coding with weight zero is one that the client refuses (RFC 9110 §12.5.3).
    """
    accepted = set()
    for element in accept_encoding.lower().split(","):
        name, _, weight = element.partition(";")
        _, _, value = weight.partition("=")
        if value.strip(" \t.0") or not weight:
            accepted.add(name.strip(" \t"))
    for coding in ContentCoding:
        if coding.value in accepted:
            return coding
    return None


class StreamResponse(MutableMapping["str | ResponseKey[Any]", Any]):
    """A response with a head that is sent by `prepare` and a body that is written after it.

    A mapping, too: middlewares may leave things in it for each other.

    Args:
        status: three digits.
        reason: reason phrase; None for the usual one.
        headers: fields of the head.

    Raises:
        ValueError: the reason holds control characters.
    """

    # What a response is born with lives on the class: a plain response then costs one small
    # dictionary. No slots, because the errors (`HTTPException`) are responses and exceptions both.
    _status = 200
    _reason = "OK"
    _fields: CIMultiDict[str] | None = None
    # The Content-Type of a response that has no other field yet; it moves into `_fields` with them.
    _content_type: str | None = None
    _cookies: SimpleCookie | None = None
    _partitioned: frozenset[str] = frozenset()
    _state: dict[str | ResponseKey[Any], Any] | None = None
    _keep_alive: bool | None = None
    _chunked = False
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
            state = f"{request.method} prepared"
        else:
            state = "not prepared"
        return f"<{type(self).__name__} {self.reason} {state}>"

    # The head

    @property
    def prepared(self) -> bool:
        """Whether the head is out, so that nothing in it can change any more."""
        return self._eof_sent or self._request is not None

    @property
    def task(self) -> Any:
        """The task that serves the request, or None before `prepare`."""
        return None if self._request is None else self._request.task

    @property
    def status(self) -> int:
        """The status code."""
        return self._status

    @property
    def reason(self) -> str:
        """The reason phrase."""
        return self._reason

    def set_status(self, status: int, reason: str | None = None) -> None:
        """Set status and reason.

        Raises:
            RuntimeError: the head is out.
            ValueError: the reason holds control characters.
        """
        self._refuse_when_prepared("status")
        self._set_status(status, reason)

    def _set_status(self, status: int, reason: str | None) -> None:
        self._status = int(status)
        self._reason = (
            REASON_PHRASES.get(self._status, "") if reason is None else check_reason(reason)
        )

    def _refuse_when_prepared(self, what: str) -> None:
        if self.prepared:
            raise RuntimeError(
                f"Cannot change the response {what} after the headers have been sent"
            )

    @property
    def headers(self) -> CIMultiDict[str]:
        """The fields of the head, to be changed at will until it is out."""
        fields = self._fields
        if fields is None:
            fields = self._fields = CIMultiDict()
            if self._content_type is not None:
                fields["Content-Type"] = self._content_type
        return fields

    def _field(self, name: str) -> str | None:
        """Return a field without making a mapping for a response that has none."""
        if self._fields is not None:
            return self._fields.get(name)
        return self._content_type if name == "Content-Type" else None

    @property
    def chunked(self) -> bool:
        """Whether chunks were asked for."""
        return self._chunked

    def enable_chunked_encoding(self) -> None:
        """Send the body in chunks, also if its length is known.

        Raises:
            RuntimeError: there is a Content-Length.
        """
        if self._field("Content-Length") is not None:
            raise RuntimeError("You can't enable chunked encoding when a content length is set")
        self._chunked = True

    @property
    def compression(self) -> bool:
        """Whether compression was asked for."""
        return self._compression is not False

    def enable_compression(
        self, force: bool | ContentCoding | None = None, strategy: int | None = None
    ) -> None:
        """Compress the body with what the client accepts, or with *force* whether it does or not.

        *strategy* is zlib's, accepted for aiohttp's sake and left to the library.
        """
        if force is True:
            force = ContentCoding.deflate
        if force is not None and not isinstance(force, ContentCoding) and force is not False:
            raise TypeError(f"force is a ContentCoding or None, not {force!r}")
        self._compression = force or True

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection may go on; None for what the client wants."""
        return self._keep_alive

    def force_close(self) -> None:
        """Close the connection after this response."""
        self._keep_alive = False

    @property
    def body_length(self) -> int:
        """Bytes of the body written so far."""
        return self._body_length if self._writer is None else self._writer.body_size

    @property
    def output_length(self) -> int:
        """Bytes handed to the connection so far, the head included."""
        return self._sent_at_once if self._writer is None else self._writer.output_size

    @property
    def content_length(self) -> int | None:
        """The announced length of the body in bytes, or None."""
        value = self._field("Content-Length")
        return None if value is None else int(value)

    @content_length.setter
    def content_length(self, value: int | None) -> None:
        if value is None:
            self.headers.popall("Content-Length", None)
            return
        if self._chunked:
            raise RuntimeError("You can't set content length when chunked encoding is enable")
        self.headers["Content-Length"] = str(int(value))

    @property
    def content_type(self) -> str:
        """The media type, without parameters."""
        media_type = parse_media_type(self._field("Content-Type"))
        return media_type.essence or "application/octet-stream"

    @content_type.setter
    def content_type(self, value: str) -> None:
        charset = self.charset
        self._put_content_type(str(value), charset)

    @property
    def charset(self) -> str | None:
        """The charset parameter of the media type, or None."""
        return parse_media_type(self._field("Content-Type")).charset

    @charset.setter
    def charset(self, value: str | None) -> None:
        content_type = self.content_type
        if content_type == "application/octet-stream":
            raise RuntimeError(
                "Setting charset for application/octet-stream doesn't make sense, "
                "setup content_type first"
            )
        self._put_content_type(content_type, None if value is None else str(value).lower())

    def _put_content_type(self, content_type: str, charset: str | None) -> None:
        parameters = dict(parse_media_type(self._field("Content-Type")).parameters)
        parameters.pop("charset", None)
        if charset is not None:
            parameters["charset"] = charset
        value = "; ".join([content_type, *(f"{k}={v}" for k, v in parameters.items())])
        if self._fields is None:
            self._content_type = value
        else:
            self._fields["Content-Type"] = value

    @property
    def last_modified(self) -> datetime | None:
        """The Last-Modified field (aware, UTC), or None."""
        return parse_http_date(self._field("Last-Modified"))

    @last_modified.setter
    def last_modified(self, value: float | datetime | str | None) -> None:
        if value is None:
            self.headers.pop("Last-Modified", None)
            return
        if isinstance(value, datetime) and value.tzinfo is None:
            value = value.replace(tzinfo=UTC)
        if isinstance(value, int | float | datetime):
            value = format_http_date(value)
        elif not isinstance(value, str):
            raise TypeError(f"Unsupported type for last_modified: {type(value).__name__}")
        self.headers["Last-Modified"] = value

    @property
    def etag(self) -> ETag | None:
        """The ETag field, or None."""
        return parse_entity_tag(self._field("ETag"))

    @etag.setter
    def etag(self, value: ETag | str | None) -> None:
        if value is None:
            self.headers.pop("ETag", None)
            return
        if isinstance(value, str):
            value = ETag(value)
        elif not isinstance(value, ETag):
            raise ValueError(
                f"Unsupported etag type: {type(value)}. etag must be str, ETag or None"
            )
        self.headers["ETag"] = format_entity_tag(value)

    # Cookies

    @property
    def cookies(self) -> SimpleCookie:
        """The cookies that the response sets."""
        if self._cookies is None:
            from http.cookies import SimpleCookie

            self._cookies = SimpleCookie()
        return self._cookies

    def set_cookie(
        self,
        name: str,
        value: str,
        *,
        expires: str | None = None,
        domain: str | None = None,
        max_age: int | str | None = None,
        path: str = "/",
        secure: bool | None = None,
        httponly: bool | None = None,
        version: str | None = None,
        samesite: str | None = None,
        partitioned: bool | None = None,
    ) -> None:
        """Set a cookie, replacing one of the same name.

        Raises:
            ValueError: the name is no token, or an attribute holds what would begin another one.
        """
        attributes: dict[str, Any] = {
            "expires": expires,
            "domain": domain,
            "path": path,
            "secure": secure,
            "httponly": httponly,
            "version": version,
            "samesite": samesite,
        }
        format_set_cookie(name, value, max_age=max_age, partitioned=partitioned, **attributes)
        attributes["max-age"] = None if max_age is None else str(max_age)
        cookies = self.cookies
        cookies.pop(name, None)
        cookies[name] = value
        morsel = cookies[name]
        morsel.set(name, value, quote_cookie_value(value))
        for attribute, given in attributes.items():
            if given is not None:
                morsel[attribute] = given
        # http.cookies knows the attribute from Python 3.14 on.
        self._partitioned = (
            self._partitioned | {name} if partitioned else self._partitioned - {name}
        )

    def del_cookie(
        self,
        name: str,
        *,
        domain: str | None = None,
        path: str = "/",
        secure: bool | None = None,
        httponly: bool | None = None,
        samesite: str | None = None,
    ) -> None:
        """Tell the client to forget a cookie; *domain* and *path* must be those it was set with."""
        self.set_cookie(
            name,
            "",
            max_age=0,
            expires="Thu, 01 Jan 1970 00:00:00 GMT",
            domain=domain,
            path=path,
            secure=secure,
            httponly=httponly,
            samesite=samesite,
        )

    def _add_cookie_fields(self, fields: CIMultiDict[str]) -> None:
        for name, morsel in self.cookies.items():
            suffix = "; Partitioned" if name in self._partitioned else ""
            fields.add("Set-Cookie", format_morsel(morsel) + suffix)

    # Sending

    async def prepare(self, request: PreparingRequest) -> StreamWriter | None:
        """Send the head, and return what writes the body; None if the response is over.

        Called again, it returns the same. A cancel may come while `on_response_prepare` runs;
        nothing was sent then.

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
        request.prepared_response = self
        if not self._head_waits:
            writer.send_head()
        return writer

    async def _start(self, request: PreparingRequest) -> StreamWriter:
        """Settle the head, let the signals have their say, and return the writer."""
        fields = self.headers
        encoder = self._start_compression(request, fields)
        if self._cookies is not None:
            self._add_cookie_fields(fields)
        keep_alive = request.keep_alive if self._keep_alive is None else self._keep_alive
        framing = frame_body(
            fields,
            method=request.method,
            status=self._status,
            version=request.version,
            chunked=self._chunked,
            keep_alive=keep_alive,
        )
        self._keep_alive = framing.keep_alive
        set_general_fields(fields, framing, request.version)
        await request.prepare_hook(self)
        return StreamWriter(
            request.protocol,
            length=framing.length,
            chunked=framing.chunked,
            encoder=encoder,
            head=response_head(request.version, self._status, self._reason, fields.items()),
            discard=framing.empty,
        )

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
            coding = accepted_coding(request.headers.get("Accept-Encoding", ""))
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
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"data argument must be byte-ish ({type(data)!r})")
        if self._eof_sent:
            raise RuntimeError("Cannot call write() after write_eof()")
        if self._writer is None:
            raise RuntimeError("Cannot call write() before prepare()")
        await self._writer.write(data)

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
        """
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
