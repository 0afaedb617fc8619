"""WebSockets of a hostile server: each rule of the frames, and what opens a WebSocket at all."""

from __future__ import annotations

import asyncio
import struct
import zlib

import pytest

from notebook_http import (
    ClientError,
    ClientSession,
    ClientWSTimeout,
    WSMsgType,
    WSServerHandshakeError,
)
from notebook_http.wire.websocket_mask import apply_mask

pytestmark = pytest.mark.advisory

DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
PLAIN_HEAD = "HTTP/1.1 101 Switching Protocols\r\n"
UPGRADE = "Upgrade: websocket\r\n"
CONNECTION = "Connection: Upgrade\r\n"
ACCEPT = "Sec-WebSocket-Accept: {accept}\r\n"


def frame(first: int, payload: bytes) -> bytes:
    """Return a frame as servers send it."""
    if len(payload) < 126:
        return bytes((first, len(payload))) + payload
    return struct.pack("!BBH", first, 126, len(payload)) + payload


def packed(payload: bytes) -> bytes:
    """Return the payload of a compressed message."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


async def test_promise_frames_of_servers_are_not_masked(open_websocket, code_of):
    """Two readings of one stream: who takes the key for payload sees other frames."""
    masked = b"\x82\x85" + b"\1\2\3\4" + apply_mask(b"\1\2\3\4", b"hello")
    server = await open_websocket(masked)
    assert await code_of(server.url) == 1002
    assert bytes(server.received[:1]) == b"\x88"  # and the server is told so


@pytest.mark.parametrize("compress", [0, 15])
@pytest.mark.parametrize("bits", [0x20, 0x10, 0x30, 0x70])
async def test_promise_reserved_bits_are_refused(open_websocket, code_of, bits, compress):
    """They have no meaning, whether or not compression was agreed upon."""
    server = await open_websocket(frame(0x82 | bits, b"hello"), DEFLATE if compress else "")
    assert await code_of(server.url, compress=compress) == 1002


@pytest.mark.parametrize(
    "data",
    [
        frame(0xC9, b""),
        frame(0xC8, b"\x03\xe8"),
        frame(0x42, packed(b"a")) + frame(0xC0, packed(b"b")),
    ],
    ids=["ping", "close", "continuation"],
)
async def test_promise_the_bit_of_compression_is_on_first_frames_only(
    open_websocket, code_of, data
):
    """On control frames and continuations it means nothing, agreed upon or not."""
    server = await open_websocket(data, DEFLATE)
    assert await code_of(server.url, compress=15) == 1002


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
async def test_promise_opcodes_are_those_that_exist(open_websocket, code_of, opcode):
    """An unknown one was passed over, with whatever was in it."""
    server = await open_websocket(frame(0x80 | opcode, b"hello"))
    assert await code_of(server.url) == 1002


@pytest.mark.parametrize("opcode", [8, 9, 10])
async def test_promise_control_frames_are_short_and_whole(open_websocket, code_of, opcode):
    """125 bytes, in one frame; the length is judged at its first byte."""
    for data in (
        frame(0x80 | opcode, b"a" * 126),
        struct.pack("!BBQ", 0x80 | opcode, 127, 2**40),
        frame(opcode, b"a"),
    ):
        server = await open_websocket(data)
        assert await code_of(server.url) == 1002


@pytest.mark.parametrize(
    "data",
    [
        frame(0x80, b"stray"),
        frame(0x00, b"stray"),
        frame(0x82, b"whole") + frame(0x80, b"stray"),
        frame(0x02, b"begun") + frame(0x82, b"another"),
        frame(0x01, b"begun") + frame(0x01, b"another"),
    ],
)
async def test_promise_fragments_belong_to_a_message(open_websocket, code_of, data):
    """A continuation of nothing, and a beginning inside of a message."""
    server = await open_websocket(data)
    assert await code_of(server.url) == 1002


async def test_promise_the_highest_bit_of_a_length_is_zero(open_websocket, code_of):
    """Read as a signed number, it went below every limit."""
    server = await open_websocket(struct.pack("!BBQ", 0x82, 127, 2**63) + b"hello")
    assert await code_of(server.url, max_msg_size=0) == 1002


async def test_promise_fragments_are_summed(open_websocket, code_of):
    """Each was below the limit; together they had none. Judged before the last one is there."""
    server = await open_websocket(
        frame(0x02, b"a" * 600) + struct.pack("!BBH", 0x80, 126, 600) + b"only the beginning"
    )
    assert await code_of(server.url, max_msg_size=1000) == 1009


async def test_promise_inflated_bytes_are_counted(open_websocket, code_of, most_memory):
    """In one frame or in many: the limit is that of what comes out, and little more is made."""
    bomb = packed(bytes(50 * 2**20))
    whole = struct.pack("!BBQ", 0xC2, 127, len(bomb)) + bomb
    many = [bomb[at : at + 5000] for at in range(0, len(bomb), 5000)]
    firsts = [0x42] + [0x00] * (len(many) - 2) + [0x80]
    for data in (whole, b"".join(map(frame, firsts, many))):
        server = await open_websocket(data, DEFLATE)
        with most_memory(4):
            assert await code_of(server.url, compress=15, max_msg_size=100_000) == 1009


@pytest.mark.parametrize(
    "text", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf"]
)
async def test_promise_texts_and_reasons_are_utf8(open_websocket, code_of, text):
    """Half a character, a surrogate, a number past the last one, a slash in two bytes."""
    for data in (
        frame(0x81, text),
        frame(0x01, text[:1]) + frame(0x80, text[1:]),
        frame(0x88, b"\x03\xe8" + text),
    ):
        server = await open_websocket(data)
        assert await code_of(server.url) == 1007


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
async def test_promise_close_codes_are_those_of_the_wire(open_websocket, code_of, code):
    """1005 and 1006 are what we say to ourselves; nobody else may make us say them."""
    server = await open_websocket(frame(0x88, code.to_bytes(2, "big")))
    assert await code_of(server.url) == 1002


async def test_promise_half_a_close_code_is_none(open_websocket, code_of):
    """One byte where two are due."""
    server = await open_websocket(frame(0x88, b"\x03"))
    assert await code_of(server.url) == 1002


async def test_promise_what_follows_a_close_means_nothing(open_websocket):
    """Frames behind the last one, good and bad, are delivered to nobody."""
    server = await open_websocket(
        frame(0x88, b"\x03\xe8bye") + frame(0x82, b"canary") + b"\xff" * 50
    )
    async with ClientSession() as session, session.ws_connect(server.url) as ws:
        first, second = await ws.receive(), await ws.receive()
    assert (first.type, first.data, first.extra) == (WSMsgType.CLOSE, 1000, "bye")
    assert second.type is WSMsgType.CLOSED


async def test_promise_pings_without_end_leave_no_pile(open_websocket, raw_server, most_memory):
    """A peer that pings and does not read: its pongs are not queued up here."""
    websocket = await open_websocket(b"")

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(websocket.answer_to(head))
        for _ in range(100):
            writer.write(frame(0x89, b"a" * 125) * 1000)
            await writer.drain()
        writer.write(frame(0x81, b"last"))
        await asyncio.sleep(60)

    server = await raw_server(talk=talk)
    options = {"timeout": ClientWSTimeout(ws_close=0.1)}
    with most_memory(8):  # 12 MiB of pongs, and the sockets hold a part of them
        async with ClientSession() as session, session.ws_connect(server.url, **options) as ws:
            async with asyncio.timeout(60):
                assert await ws.receive_str() == "last"


async def test_promise_masks_are_random(open_websocket):
    """A key that can be foretold lets a page write what it likes into caches on the way."""
    server = await open_websocket(b"")
    options = {"timeout": ClientWSTimeout(ws_close=0.1)}
    async with ClientSession() as session, session.ws_connect(server.url, **options) as ws:
        for _ in range(200):
            await ws.send_bytes(b"a" * 50)
    await asyncio.wait_for(server.ended.wait(), 10)
    frames = bytes(server.received)
    keys = {frames[at + 2 : at + 6] for at in range(0, 200 * 56, 56)}
    assert {frames[at : at + 2] for at in range(0, 200 * 56, 56)} == {b"\x82\xb2"}
    assert len(keys) > 198


# What opens a WebSocket


@pytest.mark.parametrize(
    "connection", ["notupgrade", "keep-alive, x-upgrade", "upgrade-insecure", "close", ""]
)
async def test_pr_12723_an_upgrade_is_a_word_of_its_own(open_websocket, connection):
    """`"upgrade" in value` was enough."""
    answer = f"{PLAIN_HEAD}{UPGRADE}{ACCEPT}Connection: {connection}\r\n"
    server = await open_websocket(b"", answer=answer)
    async with ClientSession() as session:
        with pytest.raises((WSServerHandshakeError, ClientError)):
            await session.ws_connect(server.url)


@pytest.mark.parametrize(
    "answer",
    [
        PLAIN_HEAD + UPGRADE + CONNECTION,
        PLAIN_HEAD
        + UPGRADE
        + CONNECTION
        + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
        PLAIN_HEAD + CONNECTION + ACCEPT,
        PLAIN_HEAD + "Upgrade: h2c\r\n" + CONNECTION + ACCEPT,
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + UPGRADE + CONNECTION + ACCEPT,
        PLAIN_HEAD + UPGRADE + CONNECTION + ACCEPT + DEFLATE,
        PLAIN_HEAD + UPGRADE + CONNECTION + ACCEPT + "Sec-WebSocket-Extensions: x-spy\r\n",
        PLAIN_HEAD + UPGRADE + CONNECTION + ACCEPT + "Sec-WebSocket-Extensions: ;;\r\n",
    ],
)
async def test_promise_a_handshake_is_checked_whole(open_websocket, session, answer):
    """Who did not read our key is no WebSocket server, and nobody adds what we did not offer."""
    server = await open_websocket(frame(0x82, b"canary"), answer=answer)
    with pytest.raises(WSServerHandshakeError):
        await session.ws_connect(server.url)
    assert server.received == b""


@pytest.mark.parametrize(
    "more", ["X: a\r\n" * 200, f"X: {'a' * 20_000}\r\n", "X: a\rb\r\n", "X: a\0\r\n", "X\r\n"]
)
async def test_cve_2024_37890_handshakes_have_the_limits_of_answers(open_websocket, session, more):
    """Too many header fields in a handshake crashed its reader."""
    server = await open_websocket(frame(0x82, b"canary"), more)
    with pytest.raises(ClientError):
        await session.ws_connect(server.url)
    assert server.received == b""


@pytest.mark.parametrize("bad", ["a\r\nX-Injected: y", "a\nb", "a\rb", "a\0b"])
async def test_promise_nothing_of_the_caller_breaks_a_handshake(open_websocket, session, bad):
    """Sub-protocols, origin, headers and cookies go into the head of the handshake."""
    server = await open_websocket(b"")
    for options in ({"protocols": (bad,)}, {"origin": bad}, {"headers": {"X": bad}}):
        with pytest.raises(ValueError, match="control"):
            await session.ws_connect(server.url, **options)
    assert server.heads == []
