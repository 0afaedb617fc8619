"""A low-level server: makes a connection handler for each client and keeps count of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from weakref import WeakSet

from notebook_http.web.access_log import AbstractAccessLogger
from notebook_http.web.connection_handler import RequestHandler
from notebook_http.web.connection_owner import RequestFactory
from notebook_http.web.connection_settings import ConnectionSettings
from notebook_http.web.request import BaseRequest
from notebook_http.web.stream_response import StreamResponse

__all__ = ["Server"]


def _last_requests(make: RequestFactory) -> RequestFactory:
    """Return what makes requests as *make* does, each the last one of its connection."""

    def make_last(*given: Any) -> BaseRequest:
        request = make(*given)
        request.close_connection()
        return request

    return make_last


class Server:
    """What answers on all connections; call it for the protocol of a new one.

    Args:
        handler: takes a request, returns something to await for its response.
        request_factory: makes the request of head, body, connection, None (where aiohttp has a
            writer) and task; a `BaseRequest` by default.
        handler_cancellation: whether a handler is cancelled when its client leaves.
        loop: the loop to serve on; the running one by default.
        **kwargs: what `ConnectionSettings` has.

    Raises:
        TypeError: a setting is unknown.
    """

    def __init__(
        self,
        handler: Callable[[Any], Awaitable[StreamResponse]],
        *,
        request_factory: RequestFactory | None = None,
        handler_cancellation: bool = False,
        loop: asyncio.AbstractEventLoop | None = None,
        **kwargs: Any,
    ) -> None:
        self.settings = ConnectionSettings(handler_cancellation=handler_cancellation, **kwargs)
        self.request_handler = handler
        self.request_factory: RequestFactory = request_factory or BaseRequest
        if self.settings.keepalive_timeout <= 0:
            self.request_factory = _last_requests(self.request_factory)
        self.access_logger: AbstractAccessLogger | None = self.settings.make_access_logger()
        self._loop = loop or asyncio.get_running_loop()
        self._connections: dict[RequestHandler, asyncio.Transport] = {}
        self._closed_count = 0  # requests of connections that are no more
        # Accepted, but still in their TLS handshake.
        self._expected: WeakSet[RequestHandler] = WeakSet()

    def __repr__(self) -> str:
        return f"<Server {len(self._connections)} connections>"

    def __call__(self) -> RequestHandler:
        """Return the protocol of a new connection."""
        connection = RequestHandler(self, self._loop)
        self._expected.add(connection)
        return connection

    @property
    def requests_count(self) -> int:
        """Requests so far, those that are being answered included."""
        return self._closed_count + sum(each.begun_count for each in self._connections)

    @property
    def handler_cancellation(self) -> bool:
        """Whether a handler is cancelled when its client leaves."""
        return self.settings.handler_cancellation

    @property
    def connections(self) -> list[RequestHandler]:
        """The open connections."""
        return list(self._connections)

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Take note of a new connection. Called by the connection."""
        self._connections[handler] = transport
        self._expected.discard(handler)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """Forget a connection, though not before its handler has ended. Called by the connection.

        A handler whose client has left is waited for by `shutdown` as any other.
        """
        task = handler.task
        if handler.is_answering and task is not None and not task.done():
            task.add_done_callback(lambda _: self._forget(handler))
        else:
            self._forget(handler)

    def _forget(self, handler: RequestHandler) -> None:
        if self._connections.pop(handler, None) is not None:
            self._closed_count += handler.begun_count

    def pre_shutdown(self) -> None:
        """Close the idle connections, and the others after the answer that they are at.

        One that is still in its TLS handshake closes behind it: its application may be gone then.
        """
        for connection in (*self._connections, *self._expected):
            connection.close()

    async def shutdown(self, timeout: float | None = None) -> None:
        """Close all connections and return when that is done.

        Running requests have *timeout* seconds, then their handlers are cancelled. A handler that
        calls this is not waited for. A cancel closes at once.
        """
        caller = asyncio.current_task()
        others = [each for each in self.connections if each.task is not caller]
        self.pre_shutdown()  # a handler that shuts its own server down answers yet, then closes
        await asyncio.gather(*(each.shutdown(timeout) for each in others))
        for connection in self.connections:
            self._forget(connection)  # that they are lost is told a turn later
