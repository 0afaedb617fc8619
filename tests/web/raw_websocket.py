"""A WebSocket client that says what it is told: RFC 6455 §5.2 written down once more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # of RFC 6455 §1.3, as is the key
MASK = b"\x11\x22\x33\x44"


def handshake(*more: str, method: str = "GET", target: str = "/", version: str = "13") -> bytes:
    """Return the request that opens a WebSocket, with *more* fields."""
    lines = [
        f"{method} {target} HTTP/1.1",
        "Host: a",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        f"Sec-WebSocket-Version: {version}",
        *more,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    reserved: int = 0,
    masked: bool = True,
) -> bytes:
    """Return one frame."""
    size = len(payload)
    mask_bit = 0x80 if masked else 0
    head = bytes((opcode | (0x80 if fin else 0) | reserved,))
    if size < 126:
        head += bytes((mask_bit | size,))
    elif size < 65536:
        head += bytes((mask_bit | 126,)) + size.to_bytes(2, "big")
    else:
        head += bytes((mask_bit | 127,)) + size.to_bytes(8, "big")
    if not masked:
        return head + payload
    return head + MASK + bytes(byte ^ MASK[at % 4] for at, byte in enumerate(payload))


def close_frame(code: int, reason: bytes = b"") -> bytes:
    """Return a close frame."""
    return frame(8, code.to_bytes(2, "big") + reason)


class RawClient:
    """One connection: the head of the answer, and then frames both ways."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self.head = b""

    def send(self, *data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(b"".join(data))

    async def read_head(self) -> bytes:
        """Return the head of the next answer."""
        async with asyncio.timeout(10):
            self.head = await self._reader.readuntil(b"\r\n\r\n")
        return self.head

    async def next_frame(self) -> tuple[int, bytes] | None:
        """Return opcode (and bits) and payload of the next frame; None at the end."""
        async with asyncio.timeout(10):
            try:
                first, size = await self._reader.readexactly(2)
                if size == 126:
                    size = int.from_bytes(await self._reader.readexactly(2), "big")
                elif size == 127:
                    size = int.from_bytes(await self._reader.readexactly(8), "big")
                payload = await self._reader.readexactly(size)
            except (asyncio.IncompleteReadError, ConnectionResetError):
                return None
        return (first & 0x7F if first & 0x80 else first | 0x100), payload

    async def frames(self) -> list[tuple[int, bytes]]:
        """Return all frames until the server closes."""
        found = []
        while (got := await self.next_frame()) is not None:
            found.append(got)
        return found

    async def rest(self) -> bytes:
        """Return whatever comes until the server closes."""
        async with asyncio.timeout(10):
            return await self._reader.read()


@asynccontextmanager
async def connected(port: int, request: bytes | None = None) -> AsyncIterator[RawClient]:
    """Connect, ask with *request* (a plain handshake by default), and read the answer's head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    client = RawClient(reader, writer)
    try:
        client.send(handshake() if request is None else request)
        await client.read_head()
        yield client
    finally:
        writer.close()
