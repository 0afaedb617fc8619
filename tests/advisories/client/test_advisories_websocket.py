"""WebSockets: limits are judged at the head, bits and fragments as they were agreed upon."""

from __future__ import annotations

import asyncio
import struct
import zlib

import pytest

from notebook_http import ClientSession, WSMsgType
from notebook_http.wire.websocket_handshake import accept_key

pytestmark = pytest.mark.advisory


@pytest.fixture
async def websocket_url():
    """Return what starts a server that opens a WebSocket and sends some bytes."""
    servers = []

    async def start(data: bytes, more: str = "") -> str:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            key = next(line.split(":")[1].strip() for line in head.split("\r\n") if "-Key:" in line)
            writer.write(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade"
                f"\r\nSec-WebSocket-Accept: {accept_key(key)}\r\n{more}\r\n".encode()
                + data
            )
            try:
                await reader.read()
            finally:
                writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        servers.append(server)
        return f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"

    yield start
    for server in servers:
        server.close()
    await asyncio.sleep(0.01)


async def code_of(url: str, **options: object) -> int:
    """Return the code that a client closes with when it reads from *url*."""
    session = ClientSession()
    async with asyncio.timeout(5), session, session.ws_connect(url, **options) as ws:
        message = await ws.receive()
        assert message.type is WSMsgType.ERROR
        return message.data.code


async def test_cve_2026_54274_announced_length_is_judged_at_the_head(websocket_url):
    """One TiB announced, ten bytes sent: it waited for the rest."""
    url = await websocket_url(struct.pack("!BBQ", 0x82, 127, 2**40) + bytes(10))
    assert await code_of(url) == 1009


async def test_cve_2026_59881_compression_that_nobody_agreed_upon(websocket_url):
    """The client inflated what it had not negotiated."""
    url = await websocket_url(b"\xc1\x07" + bytes.fromhex("f248cdc9c90700"))
    assert await code_of(url) == 1002


async def test_aiohttp_13350_fragments_are_counted(websocket_url):
    """Endless empty fragments are never a message, and no limit of bytes ends them."""
    url = await websocket_url(b"\x02\x00" + b"\x00\x00" * 20_000)
    assert await code_of(url) == 1008


async def test_websockets_2018_1000518_bomb_in_a_compressed_message(websocket_url):
    """A megabyte that holds a gigabyte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(1024))
    bomb += packer.flush(zlib.Z_SYNC_FLUSH)[:-4]
    extension = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
    frame = struct.pack("!BBQ", 0xC2, 127, len(bomb)) + bomb
    url = await websocket_url(frame, extension)
    assert await code_of(url, compress=15) == 1009
