"""WebSockets: limits are judged at the head, bits and fragments as they were agreed upon."""

from __future__ import annotations

import struct
import zlib

import pytest

pytestmark = pytest.mark.advisory


async def test_cve_2026_54274_announced_length_is_judged_at_the_head(open_websocket, code_of):
    """One TiB announced, ten bytes sent: it waited for the rest."""
    server = await open_websocket(struct.pack("!BBQ", 0x82, 127, 2**40) + bytes(10))
    assert await code_of(server.url) == 1009


async def test_cve_2026_59881_compression_that_nobody_agreed_upon(open_websocket, code_of):
    """The client inflated what it had not negotiated."""
    server = await open_websocket(b"\xc1\x07" + bytes.fromhex("f248cdc9c90700"))
    assert await code_of(server.url) == 1002


async def test_pr_13350_fragments_are_counted(open_websocket, code_of):
    """Endless empty fragments are never a message, and no limit of bytes ends them."""
    server = await open_websocket(b"\x02\x00" + b"\x00\x00" * 20_000)
    assert await code_of(server.url) == 1008


async def test_cve_2018_1000518_bomb_in_a_compressed_message(open_websocket, code_of):
    """A megabyte that holds a gigabyte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(1024))
    bomb += packer.flush(zlib.Z_SYNC_FLUSH)[:-4]
    extension = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
    frame = struct.pack("!BBQ", 0xC2, 127, len(bomb)) + bomb
    server = await open_websocket(frame, extension)
    assert await code_of(server.url, compress=15) == 1009
