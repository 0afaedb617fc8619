"""Messages out: compressed if that was agreed upon, masked on a client, at the peer's pace."""

from __future__ import annotations

import asyncio
from typing import Protocol

from notebook_http.transport.exceptions import ClientConnectionResetError
from notebook_http.wire.websocket_deflate import PIECE_BYTES, MessageDeflater
from notebook_http.wire.websocket_frame import serialise_frame
from notebook_http.wire.websocket_mask import MaskingKeys
from notebook_http.wire.websocket_message import WSMsgType, may_be_sent

__all__ = ["MessageWriter", "MessageWriterConnection"]

_MAX_CONTROL_BYTES = 125  # RFC 6455 §5.5
# What stands for a close frame without a code: aiohttp's number, and that of RFC 6455 §7.1.5.
_NO_CODE = frozenset({0, 1005})


class MessageWriterConnection(Protocol):
    """What the writer asks of the connection."""

    writing_paused: bool

    @property
    def is_open(self) -> bool:
        """Whether messages may be sent."""

    def write(self, data: bytes) -> None:
        """Hand *data* to the transport."""

    async def drain(self) -> None:
        """Return when the transport takes more."""


class MessageWriter:
    """Sends the messages of one connection.

    Args:
        connection: takes the bytes.
        is_client: whether frames are masked.
        deflater: compresses the messages of this direction, or None.
    """

    __slots__ = ("_compressing", "_connection", "_deflater", "_keys")

    def __init__(
        self,
        connection: MessageWriterConnection,
        is_client: bool,
        deflater: MessageDeflater | None,
    ) -> None:
        self._connection = connection
        self._keys = MaskingKeys() if is_client else None
        self._deflater = deflater
        self._compressing: asyncio.Lock | None = None

    def frame(
        self, opcode: int, payload: bytes | bytearray | memoryview, *, compressed: bool = False
    ) -> bytes:
        """Return *payload* as one frame, masked on a client."""
        key = None if self._keys is None else self._keys.next()
        return serialise_frame(opcode, payload, key=key, compressed=compressed)

    def goodbye(self, code: int, reason: bytes) -> bytes:
        """Return a close frame.

        Args:
            code: why; 0 and 1005 stand for none, as a received close without one has it.
            reason: UTF-8; left out where there is no code, which it could not follow.

        Raises:
            ValueError: the reason is too long, or *code* may not be sent (RFC 6455 §7.4.1).
            TypeError: *code* is no number.
        """
        if not isinstance(code, int):
            # Reached by callers without a type checker.
            raise TypeError(f"the code of a close is a number, not {type(code).__name__}")
        if code in _NO_CODE:
            return self.frame(WSMsgType.CLOSE, b"")
        if not may_be_sent(code):
            text = f"{code!r} is no close code that may be sent: use WSCloseCode, or 3000 to 4999"
            raise ValueError(text)
        if len(reason) > _MAX_CONTROL_BYTES - 2:
            text = f"the reason of a close is at most 123 bytes long, not {len(reason)}"
            raise ValueError(text)
        return self.frame(WSMsgType.CLOSE, code.to_bytes(2, "big") + reason)

    async def send(
        self,
        opcode: int,
        payload: bytes | bytearray | memoryview,
        compress: int | None = None,
    ) -> None:
        """Send one message; return when the transport takes more.

        A cancel while it waits for a slow peer leaves the message where it is: on its way. One
        that is still being compressed is not sent at all then.

        Args:
            opcode: TEXT, BINARY, PING or PONG.
            payload: the whole message.
            compress: 0 sends it as it is; otherwise it is compressed if that was agreed upon.

        Raises:
            ClientConnectionResetError: the session is closed or closing.
            ValueError: more than 125 bytes in a control frame.
        """
        connection = self._connection
        compressed = False
        deflater = self._deflater
        if opcode >= 8:
            if len(payload) > _MAX_CONTROL_BYTES:
                text = f"a control frame holds at most 125 bytes, not {len(payload)}"
                raise ValueError(text)
        elif deflater is not None and (compress is None or compress):
            lock = self._compressing
            if len(payload) > PIECE_BYTES or (lock is not None and lock.locked()):
                await self._send_in_pieces(deflater, opcode, payload)
                return
            payload = deflater.deflate(payload)
            compressed = True
        connection.write(self.frame(opcode, payload, compressed=compressed))
        if connection.writing_paused:
            await connection.drain()

    async def _send_in_pieces(
        self, deflater: MessageDeflater, opcode: int, payload: bytes | bytearray | memoryview
    ) -> None:
        """Compress a large message with turns for others between; then send it."""
        connection = self._connection
        if self._compressing is None:
            self._compressing = asyncio.Lock()
        async with self._compressing:
            compressor = deflater.begin()
            view = memoryview(payload)
            pieces = []
            for start in range(0, len(view), PIECE_BYTES):
                pieces.append(compressor.compress(view[start : start + PIECE_BYTES]))
                await asyncio.sleep(0)
            if not connection.is_open:  # it was closed meanwhile
                raise ClientConnectionResetError("Cannot write to closing transport")
            smaller = deflater.finish(compressor, pieces)
            connection.write(self.frame(opcode, smaller, compressed=True))
        if connection.writing_paused:
            await connection.drain()
