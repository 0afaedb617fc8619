"""A server connection that sends answers: at once where it can, and not half of two.

Which requests are answered, and in what order, is `connection_handler`'s business.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from math import inf
from typing import Protocol

from notebook_http.transport.exceptions import ClientConnectionResetError
from notebook_http.web.connection_settings import ConnectionSettings
from notebook_http.web.failures import answer_failure
from notebook_http.web.request import BaseRequest
from notebook_http.web.response import Response
from notebook_http.web.stream_response import StreamResponse
from notebook_http.web.waiting_connection import WaitingConnection
from notebook_http.wire.http_version import HttpVersion, HttpVersion11
from notebook_http.wire.websocket_message import WSCloseCode

__all__ = ["AnsweringConnection", "Successor"]

_TCP_FAMILIES = (socket.AF_INET, socket.AF_INET6)


class Successor(Protocol):
    """What goes on with the transport of a connection in another protocol than HTTP."""

    writing_paused: bool
    closed: bool  # the end has begun, and whoever began it sees to the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""

    def data_received(self, data: bytes) -> None:
        """Take what came meanwhile."""

    def eof_received(self) -> bool | None:
        """Take note that nothing more comes."""

    async def end(self, code: int) -> bool:
        """Say goodbye, and why; return when it is over."""


class AnsweringConnection(WaitingConnection):
    """A connection with a way from responses to bytes."""

    __slots__ = ("_end_callbacks", "_farewell", "_successor")

    def __init__(self, loop: asyncio.AbstractEventLoop, settings: ConnectionSettings) -> None:
        super().__init__(loop, settings)
        self._successor: Successor | None = None  # whose the transport is after a 101
        self._farewell: asyncio.Task[bool] | None = None
        self._end_callbacks: set[Callable[[], None]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Tell the kernel how to treat the socket. Called by asyncio."""
        super().connection_made(transport)
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in _TCP_FAMILIES:
            # asyncio does so only where the listening socket was made with a protocol's number,
            # which those of users mostly were not: a small write would wait for the ACK of the one
            # before, 40 ms and more.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.settings.tcp_keepalive:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    @property
    def is_ending(self) -> bool:
        """Whether the client has left or says no more, or no request follows the running one."""
        return self._closing or self._client_done or not self.is_connected

    def call_at_end(self, callback: Callable[[], None]) -> None:
        """Call *callback* when `is_ending` may have become true; perhaps more than once."""
        if self._end_callbacks is None:
            self._end_callbacks = set()
        self._end_callbacks.add(callback)

    def forget_callback(self, callback: Callable[[], None]) -> None:
        """Do not call *callback* any more. Idempotent."""
        if self._end_callbacks is not None:
            self._end_callbacks.discard(callback)

    def wake(self) -> None:
        """Let whoever waits for something to happen look."""
        super().wake()
        if self._end_callbacks:
            for callback in list(self._end_callbacks):
                callback()

    def hand_over(self, successor: Successor) -> None:
        """Give the transport, and what came behind the running request, to *successor*.

        It passes `connection_lost` on to us. The connection closes when the handler returns. If the
        server has been told to end meanwhile, so is the successor, at once.

        Raises:
            ClientConnectionResetError: the client has left.
        """
        transport = self.transport
        if transport is None or transport.is_closing():
            raise ClientConnectionResetError("Connection lost")
        tail, self._held = self._held, None
        ending, self._closing = self._closing, True
        self._deadline.when = inf
        self._timer.discard(self._deadline)
        self._successor = successor
        transport.set_protocol(successor)  # type: ignore[arg-type]
        successor.connection_made(transport)
        successor.writing_paused = self.writing_paused
        self.resume_writing()
        self.resume_reading()
        if tail:
            # Last: it may be enough for the successor to pause.
            successor.data_received(tail)
        if self._client_done and not successor.eof_received():
            transport.close()
        if ending:
            self._farewell = self.loop.create_task(successor.end(WSCloseCode.GOING_AWAY))

    async def _go_away(self, seconds: float | None) -> float | None:
        """Let a successor say that the server ends; return what that leaves of *seconds*."""
        if self._successor is None:
            return seconds
        began = self.loop.time()
        try:
            async with asyncio.timeout(seconds):
                await self._successor.end(WSCloseCode.GOING_AWAY)
        except TimeoutError:
            pass  # it is closed all the same
        return None if seconds is None else max(0.0, seconds - (self.loop.time() - began))

    def _send_at_once(self, request: BaseRequest, response: object) -> bool:
        """Send *response* if nothing has to be waited for; whether that was so."""
        if self._closing or self._body_broken or self._arriving is not None or request.expectation:
            self._settle_end(request)
        if request.signals or request.prepared_response is not None:
            return self._is_out(request, response)
        head = request.message
        data: bytes | bytearray | None
        if response.__class__ is Response or isinstance(response, Response):
            data = response.render(head.version, head.method, keep_alive=head.keep_alive)
        elif isinstance(response, StreamResponse):
            data = response.render_at_once(request, keep_alive=head.keep_alive)
        else:
            return self._is_out(request, response)
        if data is None:
            return False
        # `write`, without the call: this is the way of each answer.
        transport = self.transport
        if transport is None or transport.is_closing():
            raise ClientConnectionResetError("Cannot write to closing transport")
        transport.write(data)
        if not response.kept_alive:
            self._closing = True
        return True

    def _settle_end(self, request: BaseRequest) -> None:
        """Decide whether the running request is the connection's last."""
        if (
            self._closing
            or (self._body_broken and not self.waiting)
            or (request.expectation and self._must_not_wait(request))
            or (self._arriving is not None and self._will_not_drop(request))
        ):
            request.close_connection()

    def _is_out(self, request: BaseRequest, response: object) -> bool:
        """Whether the handler has sent *response* itself, up to its end."""
        begun = request.prepared_response
        if begun is None or response is not begun or not begun.is_over:
            return False
        if not begun.keep_alive:
            self._closing = True
        return True

    async def _send(self, request: BaseRequest, response: object) -> None:
        """Send *response*, or what is missing of it."""
        if not isinstance(response, StreamResponse):
            name = getattr(response, "__name__", type(response).__name__)
            raise TypeError(f"a handler has to return a response, not {name}: is `return` missing?")
        begun = request.prepared_response
        if begun is not None and begun is not response:
            if begun.is_over:
                self._closing = self._closing or not begun.keep_alive
                return  # it is whole: the connection goes on, and a second answer has no place
            if begun.output_length:
                await self._cut_off(request.version, begun)
                return
            request.prepared_response = None
        await response.prepare(request)
        await response.write_eof()
        if not response.keep_alive:
            self._closing = True

    async def _send_failure(self, request: BaseRequest, error: Exception) -> StreamResponse | None:
        """Answer 500 if nothing has been sent yet; close if it has."""
        begun = request.prepared_response
        if isinstance(error, ConnectionResetError) and not self.is_connected:
            self._closing = True
            return None
        response = answer_failure(request, error, self.settings)
        if begun is not None and begun.output_length:
            await self._cut_off(request.version, begun)
            return None
        request.prepared_response = None
        try:
            await self._send(request, response)
        except Exception as another:
            self._closing = True
            if not isinstance(another, ConnectionResetError):
                self.settings.logger.exception("The answer to a failure could not be sent")
        return response

    def _will_not_drop(self, request: BaseRequest) -> bool:
        """Whether more is to come of the body that nobody read than is worth dropping."""
        body, length = request.content, request.content_length
        if body is not self._arriving or length is None:
            return False
        return length - body.total_raw_bytes > self.settings.lingering_bytes

    @staticmethod
    def _has_more_to_say(request: BaseRequest | None) -> bool:
        """Whether more of the answer to *request* is to be sent; behind HEAD, that is the head."""
        begun = None if request is None else request.prepared_response
        if begun is None or begun.writer is None or not begun.output_length:
            return request is not None
        return begun.writer.has_body

    @staticmethod
    def _must_not_wait(request: BaseRequest) -> bool:
        """Whether the client waits for a 100 that it will not get, and may never send its body."""
        return request.body_exists and not request.content.total_raw_bytes

    async def _cut_off(self, version: HttpVersion, begun: StreamResponse) -> None:
        """End the connection so that the client sees that *begun* is not whole, if it is not."""
        self._closing = True
        if begun.is_over:
            return
        if self._successor is not None:
            await self._successor.end(WSCloseCode.INTERNAL_ERROR)
        elif version < HttpVersion11:
            # There the end of the connection may be the end of the body: a reset is none.
            sock = self.get_extra_info("socket")
            if sock is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.abort()
