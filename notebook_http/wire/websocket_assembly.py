"""Put messages together from frames (RFC 6455 §5.4), inflate and decode them, within limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebook_http.wire.websocket_frame import FrameParser
from notebook_http.wire.websocket_message import (
    WebSocketError,
    WSCloseCode,
    WSMessage,
    WSMessageTextBytes,
    WSMsgType,
    may_be_sent,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebook_http.wire.websocket_deflate import MessageInflater

__all__ = ["MessageParser"]

_TEXT = WSMsgType.TEXT
_BINARY = WSMsgType.BINARY
_new_tuple: Any = tuple.__new__
# Frames of a message that hold nothing. The others count by their bytes, however few: a peer may
# flush after each letter. But millions of empty ones never reach the limit of a message.
_MAX_EMPTY_FRAGMENTS = 1024

Message = WSMessage | WSMessageTextBytes


class MessageParser:
    """Cuts bytes into messages and reports them, control messages included, in their order.

    Args:
        deliver: called with each TEXT or BINARY message and the bytes it took, after inflating.
        deliver_control: the same for PING, PONG and CLOSE; *deliver* by default.
        masked: whether frames must be masked: True on a server, False on a client.
        most: bytes of a message, after inflating; 0 for no limit.
        decode_text: whether TEXT becomes `str`; else it stays bytes, unchecked.
        inflater: undoes permessage-deflate; None when it was not agreed upon.
    """

    __slots__ = (
        "_begun",
        "_decode_text",
        "_deliver",
        "_deliver_control",
        "_empty_fragments",
        "_frames",
        "_inflater",
        "_is_compressed",
        "_most",
        "_opcode",
        "feed",
    )

    def __init__(
        self,
        deliver: Callable[[Message, int], None],
        *,
        masked: bool,
        most: int,
        decode_text: bool = True,
        inflater: MessageInflater | None = None,
        deliver_control: Callable[[Message, int], None] | None = None,
    ) -> None:
        self._deliver = deliver
        self._deliver_control = deliver_control or deliver
        self._most = most
        self._decode_text = decode_text
        self._inflater = inflater
        self._frames = FrameParser(self, masked=masked, may_compress=inflater is not None)
        self.feed = self._frames.feed
        self._opcode = 0  # of the message under way; 0 between messages
        self._is_compressed = False
        # Of the message under way. No list: a row of single bytes would take fifty times as much.
        self._begun = bytearray()
        self._empty_fragments = 0

    @property
    def is_held(self) -> bool:
        """Whether `feed` only keeps what it gets."""
        return self._frames.is_held

    def hold(self) -> None:
        """Report nothing more, not even of what is being fed, until `release` and a `feed`."""
        self._frames.is_held = True

    def release(self) -> None:
        """Let the next `feed` report what was kept, too."""
        self._frames.is_held = False

    # The sink of the frames

    def frame_begins(self, fin: bool, compressed: bool, opcode: int, size: int) -> None:
        """Judge a frame by its head. Called by the frame parser."""
        if opcode >= 8:
            return
        if opcode == 0:
            if not self._opcode:
                self._refuse("Continuation frame for non started message")
            if compressed:
                self._refuse("Received frame with non-zero reserved bits")
            compressed = self._is_compressed
        elif self._opcode:
            self._refuse(f"The opcode in non-fin frame is expected to be zero, got {opcode!r}")
        if not (size or fin):
            self._empty_fragments += 1
            if self._empty_fragments > _MAX_EMPTY_FRAGMENTS:
                text = f"a message with more than {_MAX_EMPTY_FRAGMENTS} empty frames"
                raise WebSocketError(WSCloseCode.POLICY_VIOLATION, text)
        most = self._most
        if not most:
            return
        size += len(self._begun)
        # What does not compress grows a little when it is: see deflateBound in zlib.
        if size > (most + (most >> 4) + 64 if compressed else most):
            self._too_big(f"Message size {size} exceeds limit {most}")

    def frame_received(self, fin: bool, compressed: bool, opcode: int, payload: bytes) -> None:
        """Add a frame to its message. Called by the frame parser."""
        if opcode >= 8:
            self._control_received(opcode, payload)
            return
        if not fin:
            if opcode:
                self._opcode = opcode
                self._is_compressed = compressed
            self._begun += payload
            return
        if not opcode:
            opcode, self._opcode = self._opcode, 0
            compressed, self._is_compressed = self._is_compressed, False
            self._begun += payload
            payload = bytes(self._begun)
            self._begun = bytearray()
            self._empty_fragments = 0
        if compressed and self._inflater is not None:
            payload = self._inflater.inflate(payload, self._most)
        self._deliver_message(opcode, payload)

    def message_received(self, opcode: int, payload: bytes) -> None:
        """Deliver a message that came in one frame. Called by the frame parser."""
        if self._opcode:
            self._refuse(f"The opcode in non-fin frame is expected to be zero, got {opcode!r}")
        if len(payload) > self._most > 0:
            self._too_big(f"Message size {len(payload)} exceeds limit {self._most}")
        self._deliver_message(opcode, payload)

    def _deliver_message(self, opcode: int, payload: bytes) -> None:
        # Straight from the tuple: the call of a named one takes three times as long.
        message: Message
        if opcode == 2:
            message = _new_tuple(WSMessage, (_BINARY, payload, ""))
        elif self._decode_text:
            message = _new_tuple(WSMessage, (_TEXT, _text(payload), ""))
        else:
            message = _new_tuple(WSMessageTextBytes, (_TEXT, payload, ""))
        self._deliver(message, len(payload))

    def _control_received(self, opcode: int, payload: bytes) -> None:
        if opcode != 8:
            self._deliver_control(WSMessage(WSMsgType(opcode), payload, ""), len(payload))
            return
        if not payload:
            # No code was given. aiohttp says 0, RFC 6455 §7.1.5 would call it 1005.
            self._deliver_control(WSMessage(WSMsgType.CLOSE, 0, ""), 0)
            return
        if len(payload) == 1:
            self._refuse("Invalid close frame: half a close code")
        code = int.from_bytes(payload[:2], "big")
        if not may_be_sent(code):
            self._refuse(f"Invalid close code: {code}")
        message = WSMessage(WSMsgType.CLOSE, code, _text(payload[2:]))
        self._deliver_control(message, len(payload))

    def _refuse(self, text: str) -> None:
        raise WebSocketError(WSCloseCode.PROTOCOL_ERROR, text)

    def _too_big(self, text: str) -> None:
        raise WebSocketError(WSCloseCode.MESSAGE_TOO_BIG, text)


def _text(payload: bytes) -> str:
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError as error:
        text = "Invalid UTF-8 text message"
        raise WebSocketError(WSCloseCode.INVALID_TEXT, text) from error
