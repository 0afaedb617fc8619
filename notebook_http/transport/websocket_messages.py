"""What is said over an open WebSocket, in the words of its users. For both sides.

Who holds the session, and how it was opened and is closed, is the business of those who derive.
"""

from __future__ import annotations

import json as json_module
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from notebook_http.wire.json_parser import chosen_parser
from notebook_http.wire.websocket_message import (
    WSMessage,
    WSMessageTextBytes,
    WSMessageTypeError,
    WSMsgType,
)

if TYPE_CHECKING:
    from typing import Self

    from notebook_http.transport.websocket_session import WebSocketSession

__all__ = ["MessageSocket"]

_BINARY, _TEXT = WSMsgType.BINARY, WSMsgType.TEXT  # 0.1 µs to look up
_ENDS = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED})
_SENDABLE = frozenset({WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG})


class MessageSocket:
    """Messages out and in. Derive, and override `_opened`."""

    _receive_timeout: float | None

    def _opened(self) -> WebSocketSession:
        """Return the open session."""
        raise NotImplementedError

    # Sending

    async def ping(self, message: bytes = b"") -> None:
        """Send a PING with at most 125 bytes. Errors and cancel: see `send_frame`."""
        await self._opened().send(WSMsgType.PING, _checked_bytes(message))

    async def pong(self, message: bytes = b"") -> None:
        """Send a PONG with at most 125 bytes. Errors and cancel: see `send_frame`."""
        await self._opened().send(WSMsgType.PONG, _checked_bytes(message))

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
        await self._opened().send(opcode, _checked_bytes(message), compress)

    async def send_str(self, data: str, compress: int | None = None) -> None:
        """Send a TEXT message. Errors, cancel and *compress*: see `send_frame`.

        Raises:
            TypeError: *data* is no `str`.
        """
        if not isinstance(data, str):
            raise TypeError(f"data argument must be str ({type(data)!r})")
        await self._opened().send(_TEXT, data.encode("utf-8"), compress)

    async def send_bytes(
        self, data: bytes | bytearray | memoryview, compress: int | None = None
    ) -> None:
        """Send a BINARY message. Errors, cancel and *compress*: see `send_frame`.

        Raises:
            TypeError: *data* is no bytes-like object.
        """
        if data.__class__ is not bytes:
            data = _checked_bytes(data)
        await self._opened().send(_BINARY, data, compress)

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
        `close` does not wait for the peer any more.

        Args:
            timeout: seconds; None takes what the socket was made with. PINGs and PONGs begin them
                anew.

        Raises:
            TimeoutError: no message in time.
            RuntimeError: another task is receiving.
        """
        return await self._opened().receive(timeout or self._receive_timeout)

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

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> WSMessage | WSMessageTextBytes:
        message = await self.receive()  # which may be overridden
        kind = message[0]
        if kind is not _BINARY and kind is not _TEXT and kind in _ENDS:
            raise StopAsyncIteration
        return message


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
