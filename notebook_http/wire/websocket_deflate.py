"""Compressed messages: the permessage-deflate extension (RFC 7692), negotiation and codec."""

from __future__ import annotations

import zlib
from typing import NamedTuple

from notebook_http.wire.errors import excerpt
from notebook_http.wire.websocket_handshake import Extension, HandshakeError
from notebook_http.wire.websocket_message import WebSocketError, WSCloseCode

__all__ = [
    "MIN_ZLIB_BITS",
    "PIECE_BYTES",
    "DeflateSettings",
    "MessageDeflater",
    "MessageInflater",
    "accept_deflate_offer",
    "deflate_offer",
    "read_deflate_answer",
]

_NAME = "permessage-deflate"
_TAIL = b"\x00\x00\xff\xff"
_MAX_BITS = 15
# zlib's raw deflate has no window of 256 bytes: for 8 bits it would need 9, which the peer cannot
# follow. Messages are sent as they are then, as RFC 7692 §6 always allows.
MIN_ZLIB_BITS = 9
# Final blocks in one message. A compressor writes one when it is finished after each message, and
# everything behind it is copied and begun anew: two million of them are 4 MiB, and took minutes.
_MAX_FINAL_BLOCKS = 16
# Bytes handed to zlib at a time where others must get a turn between: about 2 ms.
PIECE_BYTES = 64 * 1024


class DeflateSettings(NamedTuple):
    """What both sides agreed upon.

    Attributes:
        server_bits: base-2 logarithm of the window that the server compresses with, 8 to 15.
        client_bits: the same of the client.
        server_no_context_takeover: each message of the server starts with an empty window.
        client_no_context_takeover: the same of the client.
    """

    server_bits: int = _MAX_BITS
    client_bits: int = _MAX_BITS
    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False


def deflate_offer(bits: int) -> Extension:
    """Return what a client offers that wants windows of at most 2 to the power of *bits* bytes.

    Raises:
        ValueError: *bits* is not 9 to 15. The caller erred.
    """
    if not MIN_ZLIB_BITS <= bits <= _MAX_BITS:
        text = f"compress is 0, or the bits of a window from 9 to 15, not {bits!r}"
        raise ValueError(text)
    parameters: list[tuple[str, str | None]] = []
    if bits < _MAX_BITS:
        parameters.append(("server_max_window_bits", str(bits)))
    parameters.append(("client_max_window_bits", None))
    return Extension(_NAME, tuple(parameters))


def read_deflate_answer(answer: list[Extension], offered: bool) -> DeflateSettings | None:
    """Return what a server's answer amounts to; None when it accepted nothing.

    Args:
        answer: the elements of its `Sec-WebSocket-Extensions`.
        offered: whether permessage-deflate had been offered.

    Raises:
        HandshakeError: it accepted what was not offered, or in a way that RFC 7692 §7 forbids.
    """
    if not answer:
        return None
    if len(answer) > 1:
        raise HandshakeError("the server accepted more extensions than were offered")
    if not offered or answer[0].name != _NAME:
        name = excerpt(answer[0].name)
        raise HandshakeError(f"the server accepted an extension that was not offered: {name}")
    given = _parameters(answer[0])
    if "client_max_window_bits" in given and given["client_max_window_bits"] is None:
        # It repeats the offer. No size is smaller than the largest, so nothing was asked of us.
        del given["client_max_window_bits"]
    return DeflateSettings(
        server_bits=_bits(given, "server_max_window_bits"),
        client_bits=_bits(given, "client_max_window_bits"),
        server_no_context_takeover="server_no_context_takeover" in given,
        client_no_context_takeover="client_no_context_takeover" in given,
    )


def accept_deflate_offer(offers: list[Extension]) -> tuple[DeflateSettings, Extension] | None:
    """Return what a server makes of a client's offers, and its answer; None to decline them all.

    The first offer that can be met is taken; malformed ones are declined (RFC 7692 §5.1).
    """
    for offer in offers:
        if offer.name != _NAME:
            continue
        try:
            given = _parameters(offer)
            server_bits = _bits(given, "server_max_window_bits")
            asked = given.get("client_max_window_bits")
            client_bits = _MAX_BITS if asked is None else _bits(given, "client_max_window_bits")
        except HandshakeError:
            continue
        if server_bits < MIN_ZLIB_BITS:
            continue
        answer: list[tuple[str, str | None]] = []
        if server_bits < _MAX_BITS:
            answer.append(("server_max_window_bits", str(server_bits)))
        if client_bits < _MAX_BITS:
            answer.append(("client_max_window_bits", str(client_bits)))
        flags = ("server_no_context_takeover", "client_no_context_takeover")
        answer.extend((name, None) for name in flags if name in given)
        settings = DeflateSettings(
            server_bits,
            client_bits,
            "server_no_context_takeover" in given,
            "client_no_context_takeover" in given,
        )
        return settings, Extension(_NAME, tuple(answer))
    return None


def _parameters(extension: Extension) -> dict[str, str | None]:
    """Return the parameters by name, each known and there once."""
    given: dict[str, str | None] = {}
    for name, value in extension.parameters:
        if name in given:
            raise HandshakeError(f"{_NAME}: {name} is given twice")
        if name in {"server_no_context_takeover", "client_no_context_takeover"}:
            if value is not None:
                raise HandshakeError(f"{_NAME}: {name} takes no value")
        elif name not in {"server_max_window_bits", "client_max_window_bits"}:
            raise HandshakeError(f"{_NAME} has no parameter {excerpt(name)}")
        given[name] = value
    return given


def _bits(given: dict[str, str | None], name: str) -> int:
    if name not in given:
        return _MAX_BITS
    value = given[name]
    # No leading zeros (RFC 7692 §7.1.2.1).
    if value is None or value not in {"8", "9", "10", "11", "12", "13", "14", "15"}:
        shown = "no value" if value is None else excerpt(value)
        raise HandshakeError(f"{_NAME}: {name} is 8 to 15, not {shown}")
    return int(value)


class MessageDeflater:
    """Compresses the messages of one direction.

    Args:
        bits: of the window.
        no_context_takeover: start each message with an empty window.
    """

    __slots__ = ("_bits", "_compressor", "_fresh")

    def __init__(self, bits: int, *, no_context_takeover: bool) -> None:
        self._bits = bits
        self._fresh = no_context_takeover
        # Made with the first message: each holds a quarter of a mebibyte.
        self._compressor: zlib._Compress | None = None

    @property
    def can_compress(self) -> bool:
        """Whether zlib has a window this small."""
        return self._bits >= MIN_ZLIB_BITS

    def deflate(self, payload: bytes | bytearray | memoryview) -> bytes:
        """Return the message *payload* compressed, without its last four bytes (RFC 7692 §7.2.1).

        A window that is taken over counts this message as sent.
        """
        compressor = self._ready()
        pieces = [compressor.compress(payload)]
        return self.finish(compressor, pieces)

    def begin(self) -> zlib._Compress:
        """Return what a message is fed to piece by piece; `finish` ends it.

        It is a copy: the window of this direction is as it was, should the message be given up.
        """
        return self._ready().copy()

    def finish(self, compressor: zlib._Compress, pieces: list[bytes]) -> bytes:
        """Return the message whose *pieces* *compressor* has given so far; it counts as sent."""
        pieces.append(compressor.flush(zlib.Z_SYNC_FLUSH))
        self._compressor = None if self._fresh else compressor
        # zlib writes nothing at all when nothing came since the last flush.
        return b"".join(pieces).removesuffix(_TAIL) or b"\x00"

    def _ready(self) -> zlib._Compress:
        if self._compressor is None:
            # The fastest level: a message is sent once, and the loop waits meanwhile.
            self._compressor = zlib.compressobj(zlib.Z_BEST_SPEED, zlib.DEFLATED, -self._bits)
        return self._compressor


class MessageInflater:
    """Decompresses the messages of one direction.

    Args:
        no_context_takeover: each message starts with an empty window.
    """

    __slots__ = ("_decompressor", "_fresh")

    def __init__(self, *, no_context_takeover: bool) -> None:
        self._fresh = no_context_takeover
        self._decompressor: zlib._Decompress | None = None

    def inflate(self, payload: bytes, most: int) -> bytes:
        """Return the message whose compressed form is *payload*.

        Args:
            payload: of all frames of the message.
            most: bytes that it may unpack to; 0 for no limit. One more is unpacked at the most.

        Raises:
            WebSocketError: it unpacks to more (1009), or is no deflate data (1002), or has
                too many final blocks (1008).
        """
        pieces: list[bytes] = []
        size = 0
        left = payload + _TAIL
        final_blocks = 0
        try:
            while left:
                if self._decompressor is None:
                    # The largest window reads what was written with any.
                    self._decompressor = zlib.decompressobj(-_MAX_BITS)
                decompressor = self._decompressor
                piece = decompressor.decompress(left, most + 1 - size if most else 0)
                size += len(piece)
                pieces.append(piece)
                if most and (size > most or decompressor.unconsumed_tail):
                    raise WebSocketError(
                        WSCloseCode.MESSAGE_TOO_BIG,
                        f"Decompressed message exceeds size limit {most}",
                    )
                if not decompressor.eof:
                    break
                # A final block ends the stream, but not the message (RFC 7692 §7.2.3.5).
                final_blocks += 1
                if final_blocks > _MAX_FINAL_BLOCKS:
                    text = f"a compressed message with more than {_MAX_FINAL_BLOCKS} final blocks"
                    raise WebSocketError(WSCloseCode.POLICY_VIOLATION, text)
                left = decompressor.unused_data
                self._decompressor = None
        except zlib.error as error:
            text = f"the compressed message is no deflate data: {error}"
            raise WebSocketError(WSCloseCode.PROTOCOL_ERROR, text) from error
        if self._fresh:
            self._decompressor = None
        return b"".join(pieces)
