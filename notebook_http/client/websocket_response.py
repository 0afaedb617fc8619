"""`ClientWebSocketResponse`: an open WebSocket in the hands of its user."""

from __future__ import annotations

import json as json_module
import warnings
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from notebook_http.wire.json_parser import chosen_parser
from notebook_http.wire.websocket_deflate import MIN_ZLIB_BITS
from notebook_http.wire.websocket_message import (
    WSCloseCode,
    WSMessage,
    WSMessageTextBytes,
    WSMessageTypeError,
    WSMsgType,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from notebook_http.client.response import ClientResponse
    from notebook_http.transport.websocket_session import WebSocketSession
    from notebook_http.transport.websocket_settings import SessionSettings

__all__ = ["ClientWebSocketResponse"]

DecodesText = TypeVar("DecodesText", bound=bool, covariant=True)

_ENDS = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED})


class ClientWebSocketResponse(Generic[DecodesText]):
    """What `session.ws_connect` returns: send and receive messages, iterate over those that come.

    ```python
    async with session.ws_connect("wss://example.org/ws") as ws:
        await ws.send_str("hello")
        async for message in ws:
            print(message.data)
    ```

    Args:
        session: the open connection.
        response: the server's answer to the handshake.
        settings: of the connection.
        protocol: the sub-protocol that the server chose, or None.
        receive_timeout: seconds that `receive` waits if it is not told otherwise; None for ever.
    """

    def __init__(
        self,
        session: WebSocketSession,
        response: ClientResponse,
        settings: SessionSettings,
        *,
        protocol: str | None,
        receive_timeout: float | None,
    ) -> None:
        self._session = session
        self._response = response
        self._protocol = protocol
        self._receive_timeout = receive_timeout
        self._deflate = settings.deflate

    def __del__(self) -> None:
        session = getattr(self, "_session", None)
        if session is None or session.closed or session.transport is None:
            return
        # Nobody can close it any more, and it would hold its place in the pool. Perhaps another
        # thread collects it.
        try:
            session.loop.call_soon_threadsafe(session.abort)
        except RuntimeError:
            session.abort()  # the loop is closed, and whoever closed it does not ask
            return
        warnings.warn(f"Unclosed WebSocket {self!r}", ResourceWarning, source=self, stacklevel=2)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._response.url} {self._session!r}>"

    # Asking

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent or received any more."""
        return self._session.closed

    @property
    def close_code(self) -> int | None:
        """The code that the peer closed with, or 1006 after an abrupt end; None before the end."""
        return self._session.close_code

    @property
    def protocol(self) -> str | None:
        """The sub-protocol that the server chose, or None."""
        return self._protocol

    @property
    def compress(self) -> int:
        """Bits of the window that our messages are compressed with; 0 when they are not."""
        deflate = self._deflate
        return 0 if deflate is None or deflate.client_bits < MIN_ZLIB_BITS else deflate.client_bits

    @property
    def client_notakeover(self) -> bool:
        """Whether each of our messages is compressed by itself."""
        return self._deflate is not None and self._deflate.client_no_context_takeover

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what the transport knows by *name* (``peername``, ``ssl_object`` …)."""
        return self._session.get_extra_info(name, default)

    def exception(self) -> BaseException | None:
        """Return the error that ended the connection; None if none did."""
        return self._session.exception

    # Sending

    async def ping(self, message: bytes = b"") -> None:
        """Send a PING with at most 125 bytes. Errors and cancel: see `send_frame`."""
        await self._session.send(WSMsgType.PING, _checked_bytes(message))

    async def pong(self, message: bytes = b"") -> None:
        """Send a PONG with at most 125 bytes. Errors and cancel: see `send_frame`."""
        await self._session.send(WSMsgType.PONG, _checked_bytes(message))

    async def send_frame(
        self, message: bytes, opcode: WSMsgType, compress: int | None = None
    ) -> None:
        """Send *message* whole, as one frame of *opcode*.

        A cancel does not take back what was handed to the transport.

        Args:
            message: the payload.
            opcode: TEXT, BINARY, PING or PONG.
            compress: 0 sends it as it is; otherwise it is compressed if that was agreed upon.

        Raises:
            ClientConnectionResetError: the connection is closed or closing.
            ValueError: more than 125 bytes in a control frame, or an opcode that no message has.
        """
        if opcode not in _SENDABLE:
            text = f"send_frame sends TEXT, BINARY, PING and PONG, not {opcode!r}: use close()"
            raise ValueError(text)
        await self._session.send(opcode, _checked_bytes(message), compress)

    async def send_str(self, data: str, compress: int | None = None) -> None:
        """Send a TEXT message. Errors, cancel and *compress*: see `send_frame`.

        Raises:
            TypeError: *data* is no `str`.
        """
        if not isinstance(data, str):
            raise TypeError(f"data argument must be str ({type(data)!r})")
        await self._session.send(WSMsgType.TEXT, data.encode("utf-8"), compress)

    async def send_bytes(
        self, data: bytes | bytearray | memoryview, compress: int | None = None
    ) -> None:
        """Send a BINARY message. Errors, cancel and *compress*: see `send_frame`.

        Raises:
            TypeError: *data* is no bytes-like object.
        """
        await self._session.send(WSMsgType.BINARY, _checked_bytes(data), compress)

    async def send_json(
        self,
        data: Any,
        compress: int | None = None,
        *,
        dumps: Callable[[Any], str] = json_module.dumps,
    ) -> None:
        """Send *data* as a TEXT message of JSON; see `send_str`."""
        await self.send_str(dumps(data), compress=compress)

    async def send_json_bytes(
        self, data: Any, compress: int | None = None, *, dumps: Callable[[Any], bytes]
    ) -> None:
        """Send *data* as a BINARY message of JSON; see `send_bytes`."""
        await self.send_bytes(dumps(data), compress=compress)

    # Receiving

    async def receive(self, timeout: float | None = None) -> WSMessage | WSMessageTextBytes:
        """Return the next message; CLOSE, CLOSING, CLOSED or ERROR at the end.

        A cancel loses no message. As in aiohttp the connection counts as broken afterwards: a
        `close` does not wait for the server any more.

        Args:
            timeout: seconds; None takes `ClientWSTimeout.ws_receive`. PINGs and PONGs begin them
                anew.

        Raises:
            TimeoutError: no message in time.
            RuntimeError: another task is receiving.
        """
        return await self._session.receive(timeout or self._receive_timeout)

    async def receive_str(self, *, timeout: float | None = None) -> str | bytes:
        """Return the next message, which must be TEXT; see `receive`.

        Raises:
            WSMessageTypeError: it is something else.
        """
        message = await self.receive(timeout)
        if message.type is not WSMsgType.TEXT:
            raise _wrong_type(message, "TEXT")
        data: str | bytes = message.data
        return data

    async def receive_bytes(self, *, timeout: float | None = None) -> bytes:
        """Return the next message, which must be BINARY; see `receive`.

        Raises:
            WSMessageTypeError: it is something else.
        """
        message = await self.receive(timeout)
        if message.type is not WSMsgType.BINARY:
            raise _wrong_type(message, "BINARY")
        data: bytes = message.data
        return data

    async def receive_json(
        self,
        *,
        loads: Callable[[str], Any] | Callable[[bytes], Any] = json_module.loads,
        timeout: float | None = None,
    ) -> Any:
        """Return the Python values of the next message, which must be TEXT; see `receive_str`."""
        return chosen_parser(loads)(await self.receive_str(timeout=timeout))

    # Closing

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes | str = b"") -> bool:
        """Close, and wait for the server to do so; return whether this call closed it.

        A cancel, or a server that is silent for `ClientWSTimeout.ws_close`, closes it at once.

        Args:
            code: why; see `WSCloseCode`. 0 gives no code, and no reason, as one received so has it.
            message: the reason, at most 123 bytes as UTF-8.

        Raises:
            ValueError: the reason is too long, or nobody may send this code.
        """
        if isinstance(message, str):
            message = message.encode("utf-8")
        return await self._session.end(code, message)

    def __aiter__(self) -> ClientWebSocketResponse[DecodesText]:
        return self

    async def __anext__(self) -> WSMessage | WSMessageTextBytes:
        message = await self.receive()  # which may be overridden
        if message.type in _ENDS:
            raise StopAsyncIteration
        return message

    async def __aenter__(self) -> ClientWebSocketResponse[DecodesText]:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


_SENDABLE = frozenset({WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG})


def _checked_bytes(data: bytes | bytearray | memoryview) -> bytes:
    """Return *data* as bytes, which nobody can change on its way out."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, (bytearray, memoryview)):
        return bytes(data)
    # Reached by callers without a type checker.
    raise TypeError(f"data argument must be byte-ish ({type(data)!r})")


def _wrong_type(message: WSMessage | WSMessageTextBytes, wanted: str) -> WSMessageTypeError:
    shown = repr(message.data)
    if len(shown) > 80:
        shown = shown[:80] + "…"
    return WSMessageTypeError(
        f"Received message {int(message.type)}:{shown} is not WSMsgType.{wanted}"
    )
