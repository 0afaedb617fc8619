"""`WebSocketResponse`: a request that becomes a WebSocket, in the hands of its handler."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, NoReturn, TypeVar, cast

from notebook_http.transport.websocket_messages import MessageSocket
from notebook_http.transport.websocket_session import WebSocketSession
from notebook_http.transport.websocket_settings import SessionSettings, check_behaviour
from notebook_http.web.http_exception import HTTPException
from notebook_http.web.stream_response import PreparingRequest, StreamResponse
from notebook_http.web.websocket_handshake import agree
from notebook_http.wire.websocket_deflate import MIN_ZLIB_BITS
from notebook_http.wire.websocket_message import (
    CLOSING_MESSAGE,
    WebSocketError,
    WSCloseCode,
    WSMessage,
    WSMessageTextBytes,
    WSMsgType,
)

if TYPE_CHECKING:
    from notebook_http.transport.stream_writer import StreamWriter
    from notebook_http.web.answering_connection import AnsweringConnection

__all__ = ["WSMsgType", "WebSocketReady", "WebSocketResponse"]

_ERROR = WSMsgType.ERROR  # 0.1 µs to look up
DecodesText = TypeVar("DecodesText", bound=bool, covariant=True)

# aiohttp's number; what it means is left to asyncio: sending waits above 64 KiB.
_WRITER_LIMIT = 256 * 1024
# Calls of `receive` behind the end that are answered CLOSED. A loop that makes more would turn for
# ever: it looks at no type.
_MOST_RECEIVES_BEHIND_THE_END = 5


class WebSocketReady(NamedTuple):
    """What `WebSocketResponse.can_prepare` returns; true if *ok* is.

    Attributes:
        ok: whether `prepare` would open the WebSocket.
        protocol: the sub-protocol that both sides speak, or None.
    """

    ok: bool
    protocol: str | None

    def __bool__(self) -> bool:
        return self.ok


class WebSocketResponse(MessageSocket, StreamResponse, Generic[DecodesText]):
    """A WebSocket: `prepare` it, send and receive messages, return it.

    ```python
    async def handler(request):
        ws = web.WebSocketResponse(heartbeat=30)
        await ws.prepare(request)
        async for message in ws:
            await ws.send_str(message.data)
        return ws
    ```

    It is closed when the handler returns. When the handler fails, the client is told so (1011);
    when the server shuts down, it is told that, too (1001), and `receive` ends.

    Whoever opens it is not asked for: a page of any site may, in the name of the user who looks at
    it, cookies included. Where cookies tell who the user is, compare ``request.headers["Origin"]``
    with the sites that may before `prepare`.

    Args:
        timeout: seconds that the client may take to answer a close.
        receive_timeout: seconds that `receive` waits if it is not told otherwise; None for ever.
        autoclose: answer the client's close when it is received.
        autoping: answer PINGs as they come; PING and PONG are not received then.
        heartbeat: seconds of silence after which the client is pinged; half as many later the
            connection is given up. None for never.
        protocols: sub-protocols that the server speaks.
        compress: whether messages may be compressed, if the client offers that.
        max_msg_size: bytes of a message that is received, after inflating; 0 for no limit. A
            larger one closes the connection (1009) as soon as that is known.
        writer_limit: bytes on their way to a slow client above which sending waits. The default
            leaves that to asyncio.
        decode_text: False leaves TEXT messages as bytes, unchecked.

    Raises:
        TypeError: *heartbeat* or *max_msg_size* is no number.
        ValueError: one of them is negative.
    """

    _session: WebSocketSession | None = None
    _protocol: str | None = None
    _receives_behind_the_end = 0

    def __init__(
        self,
        *,
        timeout: float = 10.0,
        receive_timeout: float | None = None,
        autoclose: bool = True,
        autoping: bool = True,
        heartbeat: float | None = None,
        protocols: Iterable[str] = (),
        compress: bool = True,
        max_msg_size: int = 4 * 1024 * 1024,
        writer_limit: int = _WRITER_LIMIT,
        decode_text: bool = True,
    ) -> None:
        super().__init__(status=101)
        check_behaviour(heartbeat=heartbeat, max_msg_size=max_msg_size)
        self._settings = SessionSettings(
            is_client=False,
            max_msg_size=max_msg_size,
            decode_text=decode_text,
            autoping=autoping,
            autoclose=autoclose,
            heartbeat=heartbeat,
            close_seconds=timeout,
        )
        self._receive_timeout = receive_timeout
        self._protocols = protocols
        self._compress: bool | int = compress
        self._writer_limit = writer_limit

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._session or 'not prepared'}>"

    def _opened(self) -> WebSocketSession:
        if self._session is None:
            raise RuntimeError("Call .prepare() first")
        return self._session

    # Opening

    def can_prepare(self, request: PreparingRequest) -> WebSocketReady:
        """Tell whether *request* may become a WebSocket, so that it can be answered otherwise.

        Raises:
            RuntimeError: it is one already.
        """
        if self._session is not None:
            raise RuntimeError("Already started")
        try:
            agreement = agree(request, self._protocols, False)
        except HTTPException:
            return WebSocketReady(False, None)
        return WebSocketReady(True, agreement.protocol)

    async def prepare(self, request: PreparingRequest) -> StreamWriter | None:
        """Answer the handshake, and open the WebSocket. Called again, it returns the same.

        A cancel may come while `on_response_prepare` runs; nothing was sent then.

        Raises:
            HTTPBadRequest: or HTTPMethodNotAllowed or HTTPUpgradeRequired: the request is no
                opening handshake. The client erred; let it pass, and it is the answer.
            ClientConnectionResetError: the client has left.
        """
        if self._session is not None:
            return await super().prepare(request)
        agreement = agree(request, self._protocols, bool(self._compress))
        deflate = agreement.deflate
        self._set_status(101, None)
        self.headers.update(agreement.fields)
        self.force_close()
        writer = await super().prepare(request)
        session = WebSocketSession(
            request.protocol.loop,
            self._settings._replace(deflate=deflate),
            request.protocol.connection_lost,
        )
        connection = cast("AnsweringConnection", request.protocol)
        transport = connection.transport
        if self._writer_limit != _WRITER_LIMIT and transport is not None:
            transport.set_write_buffer_limits(self._writer_limit)
        connection.hand_over(session)
        self._session = session
        self._protocol = agreement.protocol
        bits = 0 if deflate is None else deflate.server_bits
        self._compress = bits if bits >= MIN_ZLIB_BITS else 0
        if session.writing_paused:
            await session.drain()
        return writer

    # Asking

    @property
    def prepared(self) -> bool:
        """Whether it is open, or was."""
        return self._session is not None

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent or received any more."""
        return self._session is not None and self._session.closed

    @property
    def close_code(self) -> int | None:
        """The code that the client closed with, or 1006 after an abrupt end; None before it."""
        return None if self._session is None else self._session.close_code

    @property
    def ws_protocol(self) -> str | None:
        """The sub-protocol that was agreed upon, or None."""
        return self._protocol

    @property
    def compress(self) -> int | bool:
        """Bits of the window that our messages are compressed with, 0 when they are not.

        Before `prepare` what the constructor was told.
        """
        return self._compress

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what the transport knows by *name* (``peername``, ``ssl_object`` …)."""
        return default if self._session is None else self._session.get_extra_info(name, default)

    def exception(self) -> BaseException | None:
        """Return the error that ended the connection; None if none did."""
        return None if self._session is None else self._session.exception

    # Receiving

    async def receive(self, timeout: float | None = None) -> WSMessage | WSMessageTextBytes:
        """Return the next message; CLOSE, CLOSING, CLOSED or ERROR at the end.

        A cancel loses no message, and the connection goes on.

        Args:
            timeout: seconds; None takes `receive_timeout`. PINGs and PONGs begin them anew.

        Raises:
            TimeoutError: no message in time.
            RuntimeError: not prepared; or another task is receiving; or the fifth call behind the
                end.
        """
        session = self._opened()
        if session.closing:
            if not session.closed:
                return CLOSING_MESSAGE
            self._receives_behind_the_end += 1
            if self._receives_behind_the_end >= _MOST_RECEIVES_BEHIND_THE_END:
                raise RuntimeError("WebSocket connection is closed.")
        try:
            message = await session.receive(timeout or self._receive_timeout)
        except (asyncio.CancelledError, TimeoutError):
            if not session.closing:
                session.close_code = None  # on this side of aiohttp the connection goes on
            raise
        if message[0] is _ERROR and isinstance(message.data, WebSocketError):
            # The client broke a rule, and was told which; here it counts as aiohttp counts it.
            session.close_code, session.exception = WSCloseCode.ABNORMAL_CLOSURE, message.data
        return message

    # Closing

    async def close(
        self, *, code: int = WSCloseCode.OK, message: bytes | str = b"", drain: bool = True
    ) -> bool:
        """Close, and wait for the client to do so; return whether this call closed it.

        A cancel, or a client that is silent for `timeout`, closes it at once.

        Args:
            code: why; see `WSCloseCode`. 0 gives no code, and no reason, as one received so has it.
            message: the reason, at most 123 bytes as UTF-8.
            drain: accepted for aiohttp's sake: nothing is waited for but the client's close.

        Raises:
            ValueError: the reason is too long, or nobody may send this code.
            RuntimeError: not prepared.
        """
        if isinstance(message, str):
            message = message.encode("utf-8")
        return await self._opened().end(code, message)

    async def write_eof(self, data: bytes | bytearray | memoryview = b"") -> None:
        """Close, as when the handler returns. Idempotent."""
        if self._eof_sent:
            return
        if self._session is None:
            raise RuntimeError("Response has not been started")
        await self.close()
        self._eof_sent = True

    async def write(self, data: bytes | bytearray | memoryview) -> NoReturn:
        """Raise a RuntimeError: a WebSocket has messages."""
        raise RuntimeError("Cannot call .write() for websocket")
