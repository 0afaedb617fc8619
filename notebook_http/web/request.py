"""A request as a handler sees it: its head decoded when looked at, its body read when awaited."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self, cast

from aiosignal import Signal
from multidict import CIMultiDict, MultiDict, MultiDictProxy
from yarl import URL

from notebook_http.transport.connection import Connection
from notebook_http.transport.stream_reader import StreamReader, whole_body
from notebook_http.transport.stream_writer import StreamWriter
from notebook_http.web.app_key import RequestKey
from notebook_http.web.application import Application
from notebook_http.web.config_dict import ChainMapProxy
from notebook_http.web.exceptions import HTTPRequestEntityTooLarge, HTTPUnsupportedMediaType
from notebook_http.web.pipeline import Pipeline
from notebook_http.web.request_state import RequestState
from notebook_http.web.request_view import RequestView
from notebook_http.web.routing.abstract_router import AbstractMatchInfo
from notebook_http.web.routing.match_info import UrlMappingMatchInfo, match_info_of
from notebook_http.web.routing.route import AbstractRoute
from notebook_http.web.stream_response import StreamResponse
from notebook_http.wire.errors import BodyTooLarge
from notebook_http.wire.http1_request import RequestHead
from notebook_http.wire.http_version import HttpVersion11
from notebook_http.wire.json_parser import chosen_parser
from notebook_http.wire.media_type import text_encoding

if TYPE_CHECKING:
    import asyncio

    from notebook_http.transport.multipart_stream import MultipartReader
    from notebook_http.web.form import FormValue

__all__ = ["BaseRequest", "Request"]


class BaseRequest(RequestView, RequestState):
    """A request, and a mapping for what middlewares and handlers tell each other about it.

    Args:
        message: the head as it was parsed.
        payload: the body; at its end already when there is none.
        protocol: the connection.
        payload_writer: in aiohttp's place, and not needed: who answers makes a writer.
        task: the task that serves the connection.
        loop: in aiohttp's place, and not needed: the loop is the connection's.
        client_max_size: bytes that `read`, `text`, `json` and `post` accept; 0 for no limit.
        client_max_fields: fields that `post` accepts.
        state: what the mapping holds at first.
        scheme: in place of what the connection tells.
        host: in place of the `Host` field.
        remote: in place of the client's address.

    Attributes:
        method: the method as sent.
        sent_path: the path as sent, without a query.
        expectation: value of `Expect`, or None.
        prepared_response: the response whose head went out, or None.
        signals: the `on_response_prepare` signals that anybody listens to.
    """

    __slots__ = (
        "_client_max_fields",
        "_client_max_size",
        "_match_info",
        "_original",
        "_payload",
        "_post",
        "_read_bytes",
        "_state",
        "expectation",
        "prepared_response",
        "signals",
    )

    POST_METHODS = frozenset(("PATCH", "POST", "PUT", "TRACE", "DELETE"))

    _original: Self  # of a clone only, so that making a request costs nothing for it

    def __init__(
        self,
        message: RequestHead,
        payload: StreamReader,
        protocol: Connection,
        payload_writer: object,
        task: asyncio.Task[None] | None,
        loop: object = None,
        client_max_size: int = 1024**2,
        client_max_fields: int = 1000,
        *,
        state: dict[str | RequestKey[Any], Any] | None = None,
        scheme: str | None = None,
        host: str | None = None,
        remote: str | None = None,
    ) -> None:
        self.message = message
        self._payload = payload
        self._protocol = protocol
        self._task = task
        self._client_max_size = client_max_size
        self._client_max_fields = client_max_fields
        self._state = state
        self._scheme = scheme
        self._host = host
        self._remote = remote
        self._rel_url = None
        self._cookies = None
        self._media_type = None
        self._read_bytes: bytes | None = None
        self._post: MultiDictProxy[FormValue] | None = None
        self._match_info: UrlMappingMatchInfo | None = None
        self.prepared_response: StreamResponse | None = None
        self.signals: tuple[Signal[Any, StreamResponse], ...] = ()
        self.method = message.method
        self.expectation = message.expect
        self.sent_path = message.path

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.method} {self.sent_path} >"

    def clone(
        self,
        *,
        method: str | None = None,
        rel_url: str | URL | None = None,
        headers: Mapping[str, str] | CIMultiDict[str] | None = None,
        scheme: str | None = None,
        host: str | None = None,
        remote: str | None = None,
        client_max_size: int | None = None,
        client_max_fields: int | None = None,
    ) -> Self:
        """Return a copy that differs in what is given. Both share the body, which is read once.

        Whichever of them is given to a response's `prepare`, that answers both.

        Raises:
            RuntimeError: the body has been read already.
        """
        if self._read_bytes:
            raise RuntimeError("Cannot clone request after reading its content")
        old = self.message
        fields, asked = old.raw_headers, old.host
        if headers is not None:
            others = CIMultiDict(headers)
            asked = others.get("Host")
            fields = [
                (name.encode("latin-1"), value.encode("utf-8", "surrogateescape"))
                for name, value in others.items()
            ]
        head = RequestHead(
            old.method if method is None else method,
            old.target if rel_url is None else str(URL(rel_url).with_fragment(None)),
            old.version,
            fields,
            asked,
            old.keep_alive,
        )
        for name in ("has_body", "content_length", "chunked", "upgrade", "expect"):
            setattr(head, name, getattr(old, name))
        head.content_encoding = old.content_encoding
        copy = type(self)(
            head,
            self._payload,
            self._protocol,
            None,
            self._task,
            None,
            self._client_max_size if client_max_size is None else client_max_size,
            self._client_max_fields if client_max_fields is None else client_max_fields,
            state=dict(self._state or {}),
            scheme=self._scheme if scheme is None else scheme,
            host=self._host if host is None else host,
            remote=self._remote if remote is None else remote,
        )
        copy._original = self
        self._tell_route(copy)
        return copy

    def _tell_route(self, copy: Self) -> None:
        """Let *copy* know the route that was found for this request. For applications."""

    # The body

    @property
    def client_max_size(self) -> int:
        """Bytes that `read` and `post` accept; 0 for no limit."""
        return self._client_max_size

    @property
    def client_max_fields(self) -> int:
        """Fields that `post` accepts; 0 for no limit."""
        return self._client_max_fields

    @property
    def content(self) -> StreamReader:
        """The body as a stream."""
        return self._payload

    def body_again(self) -> StreamReader:
        """Return the body as a stream: from its beginning again, if `read` has kept it."""
        return self._payload if self._read_bytes is None else whole_body(self._read_bytes)

    @property
    def body_exists(self) -> bool:
        """Whether the request has a body."""
        return self.message.has_body

    @property
    def has_body(self) -> bool:
        """Whether there is something of the body left to be read. Deprecated."""
        warnings.warn("Deprecated, use .can_read_body", DeprecationWarning, stacklevel=2)
        return self.can_read_body

    @property
    def writer(self) -> StreamWriter:
        """What writes the answer; before it is prepared, bytes straight to the connection."""
        response = self.prepared_response
        writer = None if response is None else response.writer
        return writer or StreamWriter(self._protocol, length=None, chunked=False)

    @property
    def can_read_body(self) -> bool:
        """Whether there is something of the body left to be read."""
        return not self._payload.at_eof()

    async def release(self) -> None:
        """Read the rest of the body and drop it. A cancel leaves the rest unread."""
        while await self._payload.readany():
            pass

    async def read(self) -> bytes:
        """Return the body, decoded. Read once, kept afterwards, for `post` and `multipart`, too.

        A cancel loses what was read so far.

        Raises:
            HTTPRequestEntityTooLarge: it is larger than `client_max_size`. The client erred.
            RequestPayloadError: its framing or coding is broken. The client erred.
            ClientConnectionResetError: the client has left.
        """
        if self._read_bytes is None:
            limit = self._client_max_size
            try:
                self._read_bytes = await self._payload.read_all(limit or None)
            except BodyTooLarge as error:
                raise HTTPRequestEntityTooLarge(limit, error.received) from None
        return self._read_bytes

    async def text(self) -> str:
        """Return the body as text, by the charset that the client named, or UTF-8.

        Raises:
            HTTPUnsupportedMediaType: the charset is unknown. The client erred.
            UnicodeDecodeError: the body is no such text.
        """
        body = await self.read()
        try:
            encoding = text_encoding(self.charset or "utf-8")
        except LookupError:
            raise HTTPUnsupportedMediaType(text="The charset is not known here") from None
        return body.decode(encoding)

    async def json(self, *, loads: Callable[[str], Any] = json.loads) -> Any:
        """Return the body as *loads* understands it, whatever its media type.

        Raises:
            ValueError: it is no JSON (`json.JSONDecodeError`).
        """
        return chosen_parser(loads)(await self.text())

    async def post(self) -> MultiDictProxy[FormValue]:
        """Return the fields of a form: text, or `FileField` for files. Read once, kept afterwards.

        Empty when the method has no form, or the body is none
        (``application/x-www-form-urlencoded``, ``multipart/form-data``).

        Raises:
            HTTPRequestEntityTooLarge: more than `client_max_size` bytes or `client_max_fields`
                fields. The client erred.
            HTTPBadRequest: the form is malformed. The client erred.
        """
        if self._post is None:
            if self.method not in self.POST_METHODS:
                self._post = MultiDictProxy(MultiDict())
            else:
                from notebook_http.web.form import read_form

                self._post = await read_form(self)
                for request in self.originals():
                    request._post = request._post or self._post  # they close its files
        return self._post

    async def multipart(self) -> MultipartReader:
        """Return a reader of the parts of the body, which come one at a time as they arrive.

        Raises:
            RequestPayloadError: the body is no multipart, as its parts are when they are
                malformed: a ValueError too. The client erred: 400 when a handler lets it pass.
        """
        from notebook_http.web.multipart_request import multipart_reader

        return multipart_reader(self)

    def close_form(self) -> None:
        """Close the files of the form that `post` has read. Called once the request is answered."""
        for value in self._post.values() if self._post is not None else ():
            if not isinstance(value, str | bytes | bytearray):
                value.file.close()

    def originals(self) -> Iterator[Self]:
        """Return what this is a clone of, what that is a clone of, and so on."""
        original = getattr(self, "_original", None)
        while original is not None:
            yield original
            original = getattr(original, "_original", None)

    def answer_begins(self, response: StreamResponse) -> None:
        """Take note that *response* is the answer. Called by it when its head may leave."""
        self.prepared_response = response
        for request in self.originals():
            request.prepared_response = response

    async def send_continue(self) -> None:
        """Tell a client that waits for it to send its body (RFC 9110 §10.1.1)."""
        if self.version >= HttpVersion11 and not self._payload.total_raw_bytes:
            self._protocol.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def prepare_hook(self, response: StreamResponse) -> None:
        """Called when the head of *response* is about to be sent."""


class Request(BaseRequest):
    """A request that an application has found a route for."""

    __slots__ = ("current_app", "path_values", "pipeline", "route")

    # Set by `Application.dispatch`, so that making a request costs nothing for them.
    route: AbstractRoute
    path_values: dict[str, str] | None
    pipeline: Pipeline[Application]
    current_app: Application

    def _tell_route(self, copy: Self) -> None:
        if self.is_routed:
            copy.route, copy.path_values = self.route, self.path_values
            copy.pipeline, copy.current_app = self.pipeline, self.current_app
            copy.signals = self.signals
            copy._match_info = self._match_info

    @property
    def is_routed(self) -> bool:
        """Whether an application has looked for a route."""
        return hasattr(self, "current_app")

    @property
    def match_info(self) -> UrlMappingMatchInfo:
        """The values of the path's variables, and the route."""
        match_info = self._match_info
        if match_info is None:
            match_info = self._match_info = match_info_of(
                self.path_values, self.route, self.pipeline.apps, self.current_app
            )
        elif isinstance(match_info, UrlMappingMatchInfo):
            match_info.current_app = self.current_app
        return match_info

    def accept_match(self, match_info: AbstractMatchInfo) -> None:
        """Take note of what a router of the user's found. Called by `Application.dispatch`."""
        self._match_info = cast("UrlMappingMatchInfo", match_info)
        self.path_values = None

    @property
    def app(self) -> Application:
        """The application whose middleware or handler runs now."""
        return self.current_app

    @property
    def config_dict(self) -> ChainMapProxy:
        """What `app` holds, and then what the applications around it hold."""
        apps = self.pipeline.apps
        return ChainMapProxy(apps[: apps.index(self.current_app) + 1][::-1])

    async def prepare_hook(self, response: StreamResponse) -> None:
        """Run the `on_response_prepare` signals of the applications, the outermost first."""
        outer = self.current_app
        self.current_app = self.pipeline.apps[-1]
        try:
            for signal in self.signals:
                await signal.send(self, response)
        finally:
            self.current_app = outer
