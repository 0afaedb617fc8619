"""What a connection needs of the server that it belongs to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from notebook_http.transport.stream_reader import StreamReader
from notebook_http.web.access_log import AbstractAccessLogger
from notebook_http.web.connection_settings import ConnectionSettings
from notebook_http.web.request import BaseRequest
from notebook_http.web.stream_response import StreamResponse
from notebook_http.wire.http1_request import RequestHead

__all__ = ["ConnectionOwner", "RequestFactory"]

# Head, body, connection, None and task to a request. The fourth is a writer in aiohttp; here the
# response makes one when it needs it. The connection is not spelled out: it knows its owner, and
# naming it here would close the circle.
RequestFactory = Callable[[RequestHead, StreamReader, Any, None, "asyncio.Task[None]"], BaseRequest]


class ConnectionOwner(Protocol):
    """What a connection needs of the server that it belongs to."""

    @property
    def settings(self) -> ConnectionSettings:
        """What all connections have in common."""

    @property
    def access_logger(self) -> AbstractAccessLogger | None:
        """What writes the access log, or None."""

    @property
    def request_handler(self) -> Callable[[Any], Awaitable[StreamResponse]]:
        """What answers a request."""

    @property
    def request_factory(self) -> RequestFactory:
        """What makes a request."""

    def connection_made(self, handler: Any, transport: asyncio.Transport) -> None:
        """Take note of a new connection."""

    def connection_lost(self, handler: Any, exc: BaseException | None = None) -> None:
        """Forget a connection."""
