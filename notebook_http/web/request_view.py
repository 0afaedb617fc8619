"""The head of a request as a handler sees it: decoded when looked at.

Knows URLs, fields, cookies, and what the connection tells of the client. Reads no body.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, cast

from multidict import CIMultiDictProxy, MultiMapping
from yarl import URL

from notebook_http.transport.connection import Connection
from notebook_http.web.request_conditions import RequestConditions
from notebook_http.wire.cookie import parse_cookie_header
from notebook_http.wire.http1_request import RequestHead
from notebook_http.wire.http_version import HttpVersion
from notebook_http.wire.media_type import MediaType, parse_media_type

if TYPE_CHECKING:
    import asyncio

__all__ = ["RequestConnection", "RequestView"]


class RequestConnection(Protocol):
    """What a request needs of the connection that it came from, beside `Connection`."""

    @property
    def peername(self) -> Any:
        """Address of the client, as the transport tells it."""

    @property
    def is_secure(self) -> bool:
        """Whether the connection is over TLS."""


def absolute_authority(target: str) -> str:
    """Return host and port of an absolute target, or nothing for any other form."""
    if target[:1] == "/":
        return ""
    _, separator, rest = target.partition("://")
    return re.split("[/?#]", rest, maxsplit=1)[0] if separator else ""


class RequestView(RequestConditions):
    """What can be asked of a request's head and connection.

    Attributes:
        message: the head as it was parsed.
        method: the method as sent.
        sent_path: the path as sent, without a query.
    """

    __slots__ = (
        "_cookies",
        "_host",
        "_media_type",
        "_protocol",
        "_rel_url",
        "_remote",
        "_scheme",
        "_task",
        "message",
        "method",
        "sent_path",
    )

    _cookies: Mapping[str, str] | None
    _host: str | None
    _media_type: MediaType | None
    _protocol: Connection
    _rel_url: URL | None
    _remote: str | None
    _scheme: str | None
    _task: asyncio.Task[None] | None
    message: RequestHead
    method: str
    sent_path: str

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
        """Whether the client wants the connection to go on, and the server has not decided else."""
        return self.message.keep_alive

    def close_connection(self) -> None:
        """Let the answer say that it is the connection's last. Called by the connection."""
        if self.message.keep_alive:
            self.message = self.message.closing()

    # The head

    @property
    def version(self) -> HttpVersion:
        """The HTTP version."""
        return self.message.version

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The fields as text."""
        return self.message.headers

    @property
    def raw_headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """The fields as sent, in order."""
        return tuple(self.message.raw_headers)

    @property
    def host(self) -> str:
        """The host that was asked for, with its port.

        Of the target when that is absolute (RFC 9112 §3.2.2), else the `Host` field; the address
        that the client is connected to when an old client sent neither.
        """
        if self._host is not None:
            return self._host
        return absolute_authority(self.message.target) or self.message.host or self._own_address()

    def _own_address(self) -> str:
        address = self.get_extra_info("sockname")
        if not isinstance(address, tuple):
            return "localhost"  # a Unix socket, or the client has left
        host, port = address[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def rel_url(self) -> URL:
        """Path and query as a relative URL."""
        url = self._rel_url
        if url is None:
            _, _, query = self.message.target.partition("?")
            url = self._rel_url = URL.build(path=self.sent_path, query_string=query, encoded=True)
        return url

    @property
    def url(self) -> URL:
        """The absolute URL; scheme and host as far as they are known here."""
        return URL.build(
            scheme=self.scheme,
            authority=self.host.lower(),
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
        # Not `str(self.rel_url)`: where a path begins with two slashes yarl writes four.
        query = self.message.target.partition("?")[2]
        return f"{self.sent_path}?{query}" if query else self.sent_path

    @property
    def raw_path(self) -> str:
        """The request target as sent."""
        return self.message.target

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
        return self.message.content_length
