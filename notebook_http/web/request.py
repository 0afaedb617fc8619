"""A request as a handler sees it: its head decoded when looked at, its body read when awaited."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast, overload

from aiosignal import Signal
from multidict import CIMultiDict, CIMultiDictProxy, MultiDict, MultiDictProxy, MultiMapping
from yarl import URL

from notebook_http.transport.connection import Connection
from notebook_http.transport.stream_reader import StreamReader
from notebook_http.web.app_key import AppKey, RequestKey
from notebook_http.web.application import Application, Pipeline
from notebook_http.web.exceptions import HTTPRequestEntityTooLarge, HTTPUnsupportedMediaType
from notebook_http.web.routing.match_info import UrlMappingMatchInfo
from notebook_http.web.routing.route import AbstractRoute
from notebook_http.web.stream_response import StreamResponse
from notebook_http.wire.cookie import parse_cookie_header
from notebook_http.wire.errors import BodyTooLarge
from notebook_http.wire.http1_request import RequestHead
from notebook_http.wire.http_version import HttpVersion, HttpVersion11
from notebook_http.wire.media_type import MediaType, parse_media_type, text_encoding

if TYPE_CHECKING:
    import asyncio

    from notebook_http.web.form import FormValue

__all__ = ["BaseRequest", "ConfigDict", "Request", "RequestConnection"]

T = TypeVar("T")


class RequestConnection(Protocol):
    """What a request needs of the connection that it came from, beside `Connection`."""

    @property
    def peername(self) -> Any:
        """Address of the client, as the transport tells it."""

    @property
    def is_secure(self) -> bool:
        """Whether the connection is over TLS."""


class BaseRequest(MutableMapping["str | RequestKey[Any]", Any]):
    """A request, and a mapping for what middlewares and handlers tell each other about it.

    Args:
        message: the head as it was parsed.
        payload: the body; at its end already when there is none.
        protocol: the connection.
        task: the task that serves the connection.
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
        "_cookies",
        "_head",
        "_host",
        "_match_info",
        "_media_type",
        "_payload",
        "_post",
        "_protocol",
        "_read_bytes",
        "_rel_url",
        "_remote",
        "_scheme",
        "_state",
        "_task",
        "expectation",
        "method",
        "prepared_response",
        "sent_path",
        "signals",
    )

    POST_METHODS = frozenset(("PATCH", "POST", "PUT", "TRACE", "DELETE"))

    def __init__(
        self,
        message: RequestHead,
        payload: StreamReader,
        protocol: Connection,
        task: asyncio.Task[None] | None,
        client_max_size: int = 1024**2,
        client_max_fields: int = 1000,
        *,
        state: dict[str | RequestKey[Any], Any] | None = None,
        scheme: str | None = None,
        host: str | None = None,
        remote: str | None = None,
    ) -> None:
        self._head = message
        self._payload = payload
        self._protocol = protocol
        self._task = task
        self._client_max_size = client_max_size
        self._client_max_fields = client_max_fields
        self._state = state
        self._scheme = scheme
        self._host = host
        self._remote = remote
        self._rel_url: URL | None = None
        self._cookies: Mapping[str, str] | None = None
        self._media_type: MediaType | None = None
        self._read_bytes: bytes | None = None
        self._post: MultiDictProxy[FormValue] | None = None
        self._match_info: UrlMappingMatchInfo | None = None
        self.prepared_response: StreamResponse | None = None
        self.signals: tuple[Signal[Any, StreamResponse], ...] = ()
        self.method = message.method
        self.expectation = message.expect
        target = message.target
        if target[:1] != "/":
            target = self._origin_form(target)
        self.sent_path = target if "?" not in target else target[: target.index("?")]

    @staticmethod
    def _origin_form(target: str) -> str:
        """Return the path of an absolute target, as a proxy would get it (RFC 9112 §3.2.2)."""
        _, separator, rest = target.partition("://")
        if not separator:
            return target  # `*`, or the authority of CONNECT
        authority, slash, path = rest.partition("/")
        if "?" in authority:  # http://host?query
            return "/?" + authority.partition("?")[2] + slash + path
        return "/" + path

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
    ) -> BaseRequest:
        """Return a copy that differs in what is given. Both share the body, which is read once.

        Raises:
            RuntimeError: the body has been read already.
        """
        if self._read_bytes is not None:
            raise RuntimeError("Cannot clone request after reading its content")
        old = self._head
        fields = old.raw_headers
        if headers is not None:
            fields = [
                (name.encode("latin-1"), value.encode("utf-8", "surrogateescape"))
                for name, value in CIMultiDict(headers).items()
            ]
        head = RequestHead(
            old.method if method is None else method,
            old.target if rel_url is None else str(rel_url),
            old.version,
            fields,
            old.host,
            old.keep_alive,
        )
        for name in ("has_body", "content_length", "chunked", "upgrade", "expect"):
            setattr(head, name, getattr(old, name))
        head.content_encoding = old.content_encoding
        return type(self)(
            head,
            self._payload,
            self._protocol,
            self._task,
            self._client_max_size if client_max_size is None else client_max_size,
            self._client_max_fields if client_max_fields is None else client_max_fields,
            state=dict(self._state or {}),
            scheme=self._scheme if scheme is None else scheme,
            host=self._host if host is None else host,
            remote=self._remote if remote is None else remote,
        )

    # The connection

    @property
    def task(self) -> asyncio.Task[None] | None:
        """The task that serves the connection."""
        return self._task

    @property
    def protocol(self) -> Connection:
        """The connection that the request came from."""
        return self._protocol

    @property
    def transport(self) -> asyncio.Transport | None:
        """The transport, or None when the client has left."""
        return self._protocol.transport

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that serves the request."""
        return self._protocol.loop

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what the transport knows by *name* (``peername``, ``ssl_object`` …)."""
        return self._protocol.get_extra_info(name, default)

    @property
    def remote(self) -> str | None:
        """The client's IP address, or None (a Unix socket)."""
        if self._remote is not None:
            return self._remote
        peername = cast("RequestConnection", self._protocol).peername
        if isinstance(peername, tuple | list):
            return str(peername[0])
        return str(peername) if peername else None

    @property
    def secure(self) -> bool:
        """Whether the scheme is https."""
        return self.scheme == "https"

    @property
    def scheme(self) -> str:
        """``https`` over TLS, else ``http``; `clone` changes it for requests through proxies."""
        if self._scheme is not None:
            return self._scheme
        return "https" if cast("RequestConnection", self._protocol).is_secure else "http"

    @property
    def keep_alive(self) -> bool:
        """Whether the client wants the connection to go on."""
        return self._head.keep_alive

    @property
    def client_max_size(self) -> int:
        """Bytes that `read` and `post` accept; 0 for no limit."""
        return self._client_max_size

    @property
    def client_max_fields(self) -> int:
        """Fields that `post` accepts."""
        return self._client_max_fields

    # The head

    @property
    def message(self) -> RequestHead:
        """The head as it was parsed."""
        return self._head

    @property
    def version(self) -> HttpVersion:
        """The HTTP version."""
        return self._head.version

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The fields as text."""
        return self._head.headers

    @property
    def raw_headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """The fields as sent, in order."""
        return tuple(self._head.raw_headers)

    @property
    def host(self) -> str:
        """The `Host` field with its port; this machine's name when an old client sent none."""
        if self._host is not None:
            return self._host
        return self._head.host or socket.getfqdn()

    @property
    def rel_url(self) -> URL:
        """Path and query as a relative URL."""
        url = self._rel_url
        if url is None:
            _, _, query = self._head.target.partition("?")
            url = self._rel_url = URL.build(path=self.sent_path, query_string=query, encoded=True)
        return url

    @property
    def url(self) -> URL:
        """The absolute URL; scheme and host as far as they are known here."""
        return URL.build(
            scheme=self.scheme,
            authority=self.host,
            path=self.sent_path,
            query_string=self.rel_url.raw_query_string,
            encoded=True,
        )

    @property
    def path(self) -> str:
        """The path, decoded."""
        path = self.sent_path
        return path if "%" not in path and path.isascii() else self.rel_url.path

    @property
    def path_qs(self) -> str:
        """Path and query, encoded."""
        return str(self.rel_url)

    @property
    def raw_path(self) -> str:
        """The request target as sent."""
        return self._head.target

    @property
    def query(self) -> MultiMapping[str]:
        """The query's variables, decoded."""
        return self.rel_url.query

    @property
    def query_string(self) -> str:
        """The query, decoded."""
        return self.rel_url.query_string

    @property
    def cookies(self) -> Mapping[str, str]:
        """The cookies that came; the last of equal names counts."""
        cookies = self._cookies
        if cookies is None:
            found: dict[str, str] = {}
            for field in self.headers.getall("Cookie", ()):
                found.update(parse_cookie_header(field))
            cookies = self._cookies = MappingProxyType(found)
        return cookies

    def _content(self) -> MediaType:
        media_type = self._media_type
        if media_type is None:
            media_type = parse_media_type(self.headers.get("Content-Type"))
            self._media_type = media_type
        return media_type

    @property
    def content_type(self) -> str:
        """The body's media type, without parameters."""
        return self._content().essence or "application/octet-stream"

    @property
    def charset(self) -> str | None:
        """The charset that the client named, or None."""
        return self._content().charset

    @property
    def content_length(self) -> int | None:
        """The announced length of the body in bytes, or None."""
        return self._head.content_length

    # The body

    @property
    def content(self) -> StreamReader:
        """The body as a stream."""
        return self._payload

    @property
    def body_exists(self) -> bool:
        """Whether the request has a body."""
        return self._head.has_body

    @property
    def can_read_body(self) -> bool:
        """Whether there is something of the body left to be read."""
        return not self._payload.at_eof()

    async def release(self) -> None:
        """Read the rest of the body and drop it. A cancel leaves the rest unread."""
        while await self._payload.readany():
            pass

    async def read(self) -> bytes:
        """Return the body, decoded. Read once, kept afterwards.

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
        return loads(await self.text())

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
        return self._post

    def close_form(self) -> None:
        """Close the files of the form that `post` has read. Called once the request is answered."""
        for value in self._post.values() if self._post is not None else ():
            if not isinstance(value, str | bytes | bytearray):
                value.file.close()

    async def send_continue(self) -> None:
        """Tell a client that waits for it to send its body (RFC 9110 §10.1.1)."""
        if self.version >= HttpVersion11 and not self._payload.total_bytes:
            self._protocol.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def prepare_hook(self, response: StreamResponse) -> None:
        """Called when the head of *response* is about to be sent."""

    # The mapping

    @overload
    def __getitem__(self, key: RequestKey[T]) -> T: ...

    @overload
    def __getitem__(self, key: str) -> Any: ...

    def __getitem__(self, key: str | RequestKey[T]) -> Any:
        return (self._state or {})[key]

    @overload
    def __setitem__(self, key: RequestKey[T], value: T) -> None: ...

    @overload
    def __setitem__(self, key: str, value: Any) -> None: ...

    def __setitem__(self, key: str | RequestKey[T], value: Any) -> None:
        if self._state is None:
            self._state = {}
        self._state[key] = value

    def __delitem__(self, key: str | RequestKey[Any]) -> None:
        del (self._state or {})[key]

    def __len__(self) -> int:
        return len(self._state or ())

    def __iter__(self) -> Iterator[str | RequestKey[Any]]:
        return iter(self._state or ())

    def __bool__(self) -> bool:
        return True

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


class ConfigDict(Mapping["str | AppKey[Any]", Any]):
    """What an application holds, and then what the ones around it hold."""

    __slots__ = ("_apps",)

    def __init__(self, apps: tuple[Application, ...]) -> None:
        self._apps = apps  # the innermost first

    @overload
    def __getitem__(self, key: AppKey[T]) -> T: ...

    @overload
    def __getitem__(self, key: str) -> Any: ...

    def __getitem__(self, key: str | AppKey[T]) -> Any:
        for app in self._apps:
            if key in app:
                return app[key]
        raise KeyError(key)

    def __len__(self) -> int:
        return len({key for app in self._apps for key in app})

    def __iter__(self) -> Iterator[str | AppKey[Any]]:
        return iter(dict.fromkeys(key for app in self._apps for key in app))


class Request(BaseRequest):
    """A request that an application has found a route for."""

    __slots__ = ("current_app", "path_values", "pipeline", "route")

    # Set by `Application.dispatch`, so that making a request costs nothing for them.
    route: AbstractRoute
    path_values: dict[str, str] | None
    pipeline: Pipeline
    current_app: Application

    def clone(self, **changes: Any) -> Request:
        """Return a copy that differs in what is given; see `BaseRequest.clone`."""
        copy = cast("Request", super().clone(**changes))
        if self.is_routed:
            copy.route, copy.path_values = self.route, self.path_values
            copy.pipeline, copy.current_app = self.pipeline, self.current_app
            copy.signals = self.signals
        return copy

    @property
    def is_routed(self) -> bool:
        """Whether an application has looked for a route."""
        return hasattr(self, "current_app")

    @property
    def match_info(self) -> UrlMappingMatchInfo:
        """The values of the path's variables, and the route."""
        match_info = self._match_info
        if match_info is None:
            apps = self.pipeline.apps
            match_info = UrlMappingMatchInfo(self.path_values or {}, self.route, apps)
            self._match_info = match_info
        return match_info

    @property
    def app(self) -> Application:
        """The application whose middleware or handler runs now."""
        return self.current_app

    @property
    def config_dict(self) -> ConfigDict:
        """What `app` holds, and then what the applications around it hold."""
        apps = self.pipeline.apps
        return ConfigDict(apps[: apps.index(self.current_app) + 1][::-1])

    async def prepare_hook(self, response: StreamResponse) -> None:
        """Run the `on_response_prepare` signals of the applications, the outermost first."""
        for signal in self.signals:
            await signal.send(self, response)
