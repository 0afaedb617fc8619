"""A request that came from nowhere, for unit tests of handlers and middlewares.

The request is a real one. Around it stand `unittest.mock` objects, so that a test can say what they
answer and ask how they were called.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

from aiosignal import Signal
from frozenlist import FrozenList
from multidict import CIMultiDict

from notebook_http.test_utils.mocked_coroutine import make_mocked_coro
from notebook_http.transport.connection import Connection
from notebook_http.transport.stream_reader import EMPTY_PAYLOAD
from notebook_http.web.application import Application
from notebook_http.web.pipeline import Pipeline
from notebook_http.web.request import Request
from notebook_http.web.routing.match_info import UrlMappingMatchInfo
from notebook_http.wire.http1_request import RequestHead
from notebook_http.wire.http_version import HttpVersion, HttpVersion11

if TYPE_CHECKING:
    from ssl import SSLContext

    from notebook_http.transport.stream_reader import StreamReader

__all__ = ["make_mocked_request"]

_NOT_GIVEN: Any = object()


def make_mocked_request(
    method: str,
    path: str,
    headers: Any = None,
    *,
    match_info: Any = _NOT_GIVEN,
    version: HttpVersion = HttpVersion11,
    closing: bool = False,
    app: Any = None,
    writer: Any = _NOT_GIVEN,
    protocol: Any = _NOT_GIVEN,
    transport: Any = _NOT_GIVEN,
    payload: StreamReader = EMPTY_PAYLOAD,
    sslcontext: SSLContext | None = None,
    client_max_size: int = 1024**2,
    client_max_fields: int = 1000,
    loop: Any = ...,
) -> Request:
    """Return a `Request` without a connection. What its answer writes goes to *transport*.

    Args:
        method: sent in upper case.
        path: the request target, with its query.
        headers: a mapping, or pairs.
        match_info: the values of the path's variables.
        version: below 1.1 the connection ends with the answer.
        closing: whether the client wants the connection to end with the answer.
        app: the application; by default a mock with a mapping of its own.
        writer: kept as `request.protocol.writer`; nothing is written to it.
        protocol: the connection; by default one whose transport is *transport*.
        transport: a mock by default, of the address 127.0.0.1:80.
        payload: the body.
        sslcontext: what the transport knows as ``sslcontext``; the scheme is https then.
        client_max_size: see `Application`.
        client_max_fields: see `Application`.
        loop: the running one by default, or a mock where none runs.
    """
    if loop is ...:
        loop = _running_loop()
    if app is None:
        app = _mocked_application()
    if transport is _NOT_GIVEN:
        transport = _mocked_transport(sslcontext)
    if protocol is _NOT_GIVEN:
        protocol = _MockedConnection(loop, transport, sslcontext)
    protocol.transport = transport
    protocol.writer = _mocked_writer(transport) if writer is _NOT_GIVEN else writer
    head = _head(method, path, version, headers, closing=closing)
    head.has_body = payload is not EMPTY_PAYLOAD
    request = Request(
        head, payload, protocol, None, mock.Mock(), None, client_max_size, client_max_fields
    )
    route = mock.Mock()
    request.route = route
    request.path_values = {} if match_info is _NOT_GIVEN else match_info
    request.current_app = app
    request.pipeline = Pipeline(route.handler, (Application(),))  # no middlewares run here
    request.pipeline.apps = (app,)
    request.signals = (app.on_response_prepare,) if app.on_response_prepare else ()
    values = cast("dict[str, str]", request.path_values)
    request._match_info = UrlMappingMatchInfo(values, route, (app,))
    return request


def _head(
    method: str, path: str, version: HttpVersion, headers: Any, *, closing: bool
) -> RequestHead:
    fields = CIMultiDict(headers or ())
    raw = [(name.encode(), value.encode()) for name, value in fields.items()]
    keep_alive = not closing and version >= HttpVersion11
    head = RequestHead(method.upper(), path, version, raw, fields.get("Host"), keep_alive)
    length = fields.get("Content-Length", "")
    head.content_length = int(length) if length.isdecimal() else None
    head.chunked = "chunked" in fields.get("Transfer-Encoding", "").lower()
    head.upgrade = fields.get("Connection", "").lower() == "upgrade" and "Upgrade" in fields
    head.expect = fields.get("Expect")
    head.content_encoding = fields.get("Content-Encoding")
    return head


class _MockedConnection(Connection):
    """A connection that hands what is written to a mocked transport."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, transport: Any, ssl_context: SSLContext | None
    ) -> None:
        super().__init__(loop)
        self.transport = transport
        self.writer: Any = None
        self.ssl_context = ssl_context
        self.is_secure = ssl_context is not None
        self.peername = transport.get_extra_info("peername")
        self.sockname = transport.get_extra_info("sockname")
        self.max_field_size = 8190
        self.max_line_length = 8190
        self.max_headers = 128

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what the transport knows by *name*."""
        # A transport's own default is left alone: mocks are often asked by the name only.
        value = None if self.transport is None else self.transport.get_extra_info(name)
        return default if value is None else value


def _running_loop() -> Any:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        loop = mock.Mock()
        loop.create_future.return_value = ()
        return loop


def _mocked_transport(ssl_context: SSLContext | None) -> mock.Mock:
    known = {"sslcontext": ssl_context, "sockname": ("127.0.0.1", 80)}

    def get_extra_info(key: str, default: Any = None) -> Any:
        return known.get(key, default)

    transport = mock.Mock()
    transport.get_extra_info.side_effect = get_extra_info
    transport.is_closing.return_value = False
    return transport


def _mocked_writer(transport: Any) -> mock.Mock:
    writer = mock.Mock()
    for name in ("write_headers", "write", "write_eof", "drain"):
        setattr(writer, name, make_mocked_coro(None))
    writer.transport = transport
    return writer


def _mocked_application() -> mock.MagicMock:
    app = mock.MagicMock(spec=Application)
    kept: dict[Any, Any] = {}
    app.__getitem__.side_effect = kept.__getitem__
    app.__setitem__.side_effect = kept.__setitem__
    app.middlewares = FrozenList()
    app.debug = False
    app.on_response_prepare = Signal(app)
    app.on_response_prepare.freeze()
    return app
