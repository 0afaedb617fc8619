"""Frames of RFC 6455 §5: bytes to frames, frames to bytes.

Knows the rules of a single frame, and judges the announced length before the payload is there.
What a row of frames means is for `websocket_assembly`.
"""

from __future__ import annotations

from struct import Struct
from typing import Protocol

from notebook_http.wire.websocket_mask import apply_mask
from notebook_http.wire.websocket_message import WebSocketError, WSCloseCode

__all__ = ["FrameParser", "FrameSink", "serialise_frame"]

_LENGTH_16 = Struct("!H").unpack_from
_LENGTH_64 = Struct("!Q").unpack_from
_HEAD_16 = Struct("!BBH").pack
_HEAD_64 = Struct("!BBQ").pack

_FIN = 0x80
_RSV1 = 0x40
_RSV23 = 0x30
_MASKED = 0x80
_MAX_CONTROL_BYTES = 125
# Reads of one payload that are kept apart: each takes some 40 bytes, and may bring two.
_MAX_PIECES = 1000
_OPCODES = frozenset({0x0, 0x1, 0x2, 0x8, 0x9, 0xA})
# First bytes of what most frames are: a whole message, TEXT or BINARY, not compressed.
_WHOLE = frozenset({_FIN | 1, _FIN | 2})


def serialise_frame(
    opcode: int,
    payload: bytes | bytearray | memoryview,
    *,
    key: bytes | None,
    fin: bool = True,
    compressed: bool = False,
) -> bytes:
    """Return one frame.

    Args:
        opcode: 0 to 15.
        payload: of the frame; at most 125 bytes in a control frame, which the caller sees to.
        key: four random bytes to mask with, as a client has to; None for a server.
        fin: whether it ends its message.
        compressed: whether it begins a message that was compressed (RFC 7692 §6).
    """
    first = opcode | (_FIN if fin else 0) | (_RSV1 if compressed else 0)
    size = len(payload)
    mask_bit = 0 if key is None else _MASKED
    if size < 126:
        head = bytes((first, size | mask_bit))
    elif size < 65536:
        head = _HEAD_16(first, 126 | mask_bit, size)
    else:
        head = _HEAD_64(first, 127 | mask_bit, size)
    if key is None:
        return head + payload
    body = payload if isinstance(payload, bytes) else bytes(payload)
    return b"".join((head, key, apply_mask(key, body)))


class FrameSink(Protocol):
    """Where frames go."""

    def frame_begins(self, fin: bool, compressed: bool, opcode: int, size: int) -> None:
        """Judge a frame by its head; raise `WebSocketError` to refuse it."""

    def frame_received(self, fin: bool, compressed: bool, opcode: int, payload: bytes) -> None:
        """The frame is there whole, unmasked."""

    def message_received(self, opcode: int, payload: bytes) -> None:
        """A frame is there that is a whole TEXT or BINARY message; it is still to be judged."""


class FrameParser:
    """Cuts bytes into frames and reports them to a sink.

    Args:
        sink: gets the frames in order.
        masked: whether frames must be masked: True on a server, False on a client.
        may_compress: whether the first reserved bit was given a meaning (RFC 7692).

    Attributes:
        is_held: whether frames wait: those that `feed` takes meanwhile are reported later.
    """

    __slots__ = (
        "_compressed",
        "_fin",
        "_head",
        "_in_payload",
        "_key",
        "_masked",
        "_may_compress",
        "_missing",
        "_opcode",
        "_pieces",
        "_sink",
        "is_held",
    )

    def __init__(self, sink: FrameSink, *, masked: bool, may_compress: bool) -> None:
        self._sink = sink
        self._masked = masked
        self._may_compress = may_compress
        self._head = b""  # of a frame: its end has not come yet; more only while they are held
        self._in_payload = False
        self._missing = 0
        self._pieces: list[bytes] = []
        self._fin = self._compressed = False
        self._opcode = 0
        self._key = b""
        self.is_held = False

    def feed(self, data: bytes) -> None:
        """Report everything that *data* completes.

        Raises:
            WebSocketError: the peer broke a rule, or the sink refuses a frame; what was reported
                before stands, and nothing more must be fed.
        """
        if self._in_payload:
            size = len(data)
            if size < self._missing:
                self._missing -= size
                pieces = self._pieces
                pieces.append(data)
                if len(pieces) > _MAX_PIECES:
                    self._pieces = [b"".join(pieces)]
                return
            rest = self._missing
            self._pieces.append(data[:rest] if rest < size else data)
            self._end_payload()
            if rest == size:
                return
            position = rest
        else:
            position = 0
            if self._head:
                data = self._head + data
                self._head = b""
        self._take_frames(data, position)

    def _take_frames(self, data: bytes, position: int) -> None:
        """Report the frames in *data* from *position* on; keep what is not whole."""
        end = len(data)
        sink, masked = self._sink, self._masked
        while end - position >= 2 and not self.is_held:
            first = data[position]
            second = data[position + 1]
            size = second & 0x7F
            is_whole = first in _WHOLE
            if not is_whole or (second >= _MASKED) is not masked:
                self._check(first, second)
            start = position + 2
            if size >= 126:
                start += 2 if size == 126 else 8
                if end < start:
                    break
                if size == 126:
                    (size,) = _LENGTH_16(data, position + 2)
                else:
                    (size,) = _LENGTH_64(data, position + 2)
                    if size >> 63:
                        self._fail(f"a frame of {size} bytes: the highest bit must be 0")
            if masked:
                start += 4
                if end < start:
                    break
            key = data[start - 4 : start] if masked else b""
            if is_whole and start + size <= end:
                position = start + size
                payload = data[start:position]
                sink.message_received(first & 0x0F, apply_mask(key, payload) if key else payload)
                continue
            fin, compressed, opcode = first >= _FIN, bool(first & _RSV1), first & 0x0F
            sink.frame_begins(fin, compressed, opcode, size)
            position = start + size
            if position > end:
                self._begin_payload(fin, compressed, opcode, key, position - end, data[start:])
                return
            payload = data[start:position]
            sink.frame_received(
                fin, compressed, opcode, apply_mask(key, payload) if key else payload
            )
        if position < end:
            self._head = data[position:]

    def _check(self, first: int, second: int) -> None:
        """Raise unless the first two bytes of a frame are as RFC 6455 §5.2 wants them."""
        opcode = first & 0x0F
        if first & _RSV23 or (first & _RSV1 and not self._may_compress):
            self._fail("Received frame with non-zero reserved bits")
        if opcode not in _OPCODES:
            self._fail(f"Unexpected opcode={opcode}")
        if opcode >= 8:
            if first < _FIN:
                self._fail("Received fragmented control frame")
            if second & 0x7F > _MAX_CONTROL_BYTES:
                self._fail("Control frame payload cannot be larger than 125 bytes")
            if first & _RSV1:
                self._fail("Received a compressed control frame")
        if (second >= _MASKED) is not self._masked:
            self._fail("Received an unmasked frame" if self._masked else "Received a masked frame")

    def _begin_payload(
        self, fin: bool, compressed: bool, opcode: int, key: bytes, missing: int, begun: bytes
    ) -> None:
        self._in_payload = True
        self._fin, self._compressed, self._opcode, self._key = fin, compressed, opcode, key
        self._missing = missing
        self._pieces = [begun]

    def _end_payload(self) -> None:
        self._in_payload = False
        payload = b"".join(self._pieces)
        self._pieces = []
        if self._key:
            payload = apply_mask(self._key, payload)
        self._sink.frame_received(self._fin, self._compressed, self._opcode, payload)

    def _fail(self, text: str) -> None:
        raise WebSocketError(WSCloseCode.PROTOCOL_ERROR, text)
