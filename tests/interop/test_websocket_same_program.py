"""The same program on aiohttp and on us, with only the import swapped: the same happens."""

from __future__ import annotations

import asyncio
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from types import ModuleType
from typing import Any

import aiohttp
import pytest

import notebook_http
from notebook_http.wire.websocket_frame import serialise_frame
from notebook_http.wire.websocket_handshake import accept_key

pytestmark = pytest.mark.peer

CLOSE = b"\x88\x02\x03\xe8"
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
EOF, RESET = "eof", "reset"
Says = tuple[bytes | str, ...]
Start = Callable[..., Awaitable[str]]


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, packed: bool = False) -> bytes:
    return serialise_frame(opcode, payload, key=None, fin=fin, compressed=packed)


def packed(payload: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return (packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH)).removesuffix(
        b"\0\0\xff\xff"
    )


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Return what starts a server that says what it is told, and answers a close."""
    servers: list[asyncio.Server] = []

    async def start(says: Says, more: str) -> str:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            key = head.split("Sec-WebSocket-Key: ")[1].split("\r\n")[0]
            writer.write(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade"
                f"\r\nSec-WebSocket-Accept: {accept_key(key)}\r\n{more}\r\n".encode()
            )
            try:
                for word in says:
                    if isinstance(word, bytes):
                        writer.write(word)
                        await writer.drain()
                        continue
                    if word == RESET:
                        linger = struct.pack("ii", 1, 0)
                        sock = writer.get_extra_info("socket")
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    return
                while data := await reader.read(65536):
                    if data[0] == 0x88:
                        writer.write(CLOSE)
            except ConnectionError:
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        servers.append(server)
        return f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"

    yield start
    for server in servers:
        server.close()
    await asyncio.sleep(0.02)


def shown(message: Any) -> tuple[object, ...]:
    data = message.data
    if isinstance(data, Exception):
        data = (type(data).__name__, int(data.code))
    return message.type.name, data, message.extra


def state(ws: Any) -> tuple[object, ...]:
    error = ws.exception()
    return ws.closed, ws.close_code, None if error is None else type(error).__name__


async def read_all(client: ModuleType, url: str, options: dict[str, Any]) -> list[object]:
    """Receive until the end and beyond, then close."""
    seen: list[object] = []
    async with client.ClientSession() as session:
        ws = await session.ws_connect(url, **options)
        seen.append((ws.protocol, ws.compress, ws.client_notakeover))
        await asyncio.sleep(0.05)
        for _ in range(4):
            try:
                seen.append(shown(await ws.receive(timeout=0.5)))
            except TimeoutError:
                seen.append("nothing")
                break
        seen.append(state(ws))
        seen.append(await ws.close())
        seen.append(state(ws))
        seen.append(await ws.close(code=1001))
        try:
            await ws.send_str("x")
        except Exception as error:
            seen.append((type(error).__name__, str(error)))
    return seen


SAYS: dict[str, tuple[Says, dict[str, Any]]] = {
    "messages": ((frame(1, b"hi") + frame(2, b"b") + CLOSE,), {}),
    "nothing": ((), {}),
    "no autoclose": ((CLOSE,), {"autoclose": False}),
    "no autoping": ((frame(9, b"p") + frame(10, b"q") + CLOSE,), {"autoping": False}),
    "autoping": ((frame(9, b"p") + frame(10, b"q") + CLOSE,), {}),
    "behind a close": ((CLOSE + frame(1, b"late"),), {}),
    "close and end": ((frame(1, b"hi") + CLOSE, EOF), {}),
    "end": ((frame(1, b"hi"), EOF), {}),
    "end in a frame": ((frame(1, b"hi")[:-1], EOF), {}),
    "reset": ((frame(1, b"hi"), RESET), {}),
    "fragments": ((frame(1, b"\xe2\x82", fin=False) + frame(0, b"\xac"),), {}),
    "undecoded": ((frame(1, b"\xff"),), {"decode_text": False}),
    "over the limit": ((frame(2, bytes(11)),), {"max_msg_size": 10}),
    "sum over the limit": (
        (frame(2, bytes(6), fin=False) + frame(0, bytes(5)),),
        {"max_msg_size": 10},
    ),
    "no limit": ((frame(2, bytes(70_000)),), {"max_msg_size": 0}),
    "packed": ((frame(1, packed(b"hello" * 9), packed=True) + CLOSE,), {"compress": 15}),
    "bomb": ((frame(2, packed(bytes(5_000_000)), packed=True),), {"compress": 15}),
    "reserved bits": ((b"\xa1\x00",), {}),
    "packed unasked": ((b"\xc1\x00",), {}),
    "unknown opcode": ((b"\x83\x00",), {}),
    "fragmented ping": ((b"\x09\x00",), {}),
    "long ping": ((b"\x89\x7e\x00\x7e" + bytes(126),), {}),
    "stray continuation": ((frame(0, b"x"),), {}),
    "message in a message": ((frame(1, b"x", fin=False) + frame(1, b"y"),), {}),
    "no text": ((frame(1, b"\xff"),), {}),
    "no reason": ((frame(8, b"\x03\xe8\xff"),), {}),
    "length announced": ((b"\x82\x7f" + (2**62).to_bytes(8, "big"),), {}),
}
for code in (0, 999, 1004, 1005, 1015, 2999, 3000, 4999):
    SAYS[f"close code {code}"] = ((frame(8, code.to_bytes(2, "big")),), {})


@pytest.mark.parametrize("what", SAYS)
async def test_what_is_received_and_how_it_ends(start: Start, what: str) -> None:
    """Types, data, order, close code, exception, and what later calls do."""
    says, options = SAYS[what]
    url = await start(says, DEFLATE if "compress" in options else "")
    theirs = await read_all(aiohttp, url, options)
    assert await read_all(notebook_http, url, options) == theirs


async def use_twice(client: ModuleType, url: str) -> list[object]:
    """Receive in two tasks, close in a third, receive meanwhile."""
    seen: list[object] = []
    async with client.ClientSession() as session, session.ws_connect(url) as ws:
        first = asyncio.ensure_future(ws.receive())
        await asyncio.sleep(0.01)
        try:
            await ws.receive()
        except RuntimeError as error:
            seen.append(str(error))
        closing = asyncio.ensure_future(ws.close())
        seen.append(shown(await first))
        seen.append(shown(await ws.receive()))
        seen += [await closing, state(ws)]
    return seen


async def cancel(client: ModuleType, url: str) -> list[object]:
    """Cancel a receive, let another time out, then close."""
    seen: list[object] = []
    async with client.ClientSession() as session:
        ws = await session.ws_connect(url)
        receiving = asyncio.ensure_future(ws.receive())
        await asyncio.sleep(0.01)
        receiving.cancel()
        seen.append(type((await asyncio.gather(receiving, return_exceptions=True))[0]).__name__)
        seen.append(state(ws))
        try:
            await ws.receive_json(timeout=0.01)
        except TimeoutError:
            seen.append("late")
        seen += [await ws.close(), state(ws)]
    return seen


async def close_session(client: ModuleType, url: str) -> list[object]:
    """Close the session under somebody who receives."""
    session = client.ClientSession()
    ws = await session.ws_connect(url)
    receiving = asyncio.ensure_future(ws.receive())
    await asyncio.sleep(0.01)
    await session.close()
    return [shown(await receiving), state(ws), await ws.close(), shown(await ws.receive())]


@pytest.mark.parametrize("program", [use_twice, cancel, close_session])
async def test_programs_of_several_tasks(start: Start, program: Callable[..., Any]) -> None:
    """Who is refused, who is woken, and with what."""
    url = await start((), "")
    theirs = await program(aiohttp, url)
    assert await program(notebook_http, url) == theirs
