"""The same handlers on aiohttp's server and on ours: both ends see the same.

We differ on purpose where frames are not masked, and where a handler fails (1011, not 1006).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

import aiohttp
import aiohttp.web
import pytest
import websockets
from websockets.asyncio.client import connect as websockets_connect

import notebook_http
import notebook_http.web
from tests.web.raw_websocket import RawClient, close_frame, connected, frame

pytestmark = pytest.mark.peer

SERVERS = (aiohttp.web, notebook_http.web)
BYE = close_frame(1000)
Notes = list[object]


def shown(message: Any) -> tuple[object, ...]:
    data = message.data
    if isinstance(data, Exception):
        data = (type(data).__name__, getattr(data, "code", None))
    return message.type.name, data, message.extra


def state(ws: Any) -> tuple[object, ...]:
    error = ws.exception()
    return ws.closed, ws.close_code, None if error is None else type(error).__name__


class Program:
    """A handler's notes, and the server that runs it."""

    def __init__(self, web: ModuleType, options: dict[str, Any]) -> None:
        self.web = web
        self.options = options
        self.notes: Notes = []
        self.done = asyncio.Event()

    async def handler(self, request: Any) -> Any:
        ws = self.web.WebSocketResponse(**self.options)
        try:
            ready = ws.can_prepare(request)
            self.notes.append((bool(ready), ready.ok, ready.protocol))
            await ws.prepare(request)
            self.notes.append((ws.ws_protocol, ws.compress, ws.prepared, ws.status))
            await self.talk(ws)
        except Exception as error:
            self.notes.append(f"raised {type(error).__name__}: {error}")
            raise
        finally:
            self.notes.append(state(ws))
            self.done.set()
        return ws

    async def talk(self, ws: Any) -> None:
        """Echo; do what is asked for."""
        for _ in range(8):
            try:
                message = await ws.receive(timeout=0.5)
            except TimeoutError:
                self.notes.append("nothing")
                break
            self.notes.append(shown(message))
            if message.type.name == "TEXT":
                if message.data == "close":
                    self.notes.append(await ws.close(code=3001, message=b"bye"))
                elif message.data == "twice":
                    self.notes.append((await ws.close(), await ws.close()))
                elif message.data == "ping":
                    await ws.ping(b"p")
                    await ws.pong(b"q")
                elif message.data == "json":
                    await ws.send_json({"a": 1})
                elif isinstance(message.data, bytes):
                    await ws.send_bytes(message.data)
                else:
                    await ws.send_str(message.data)
            elif message.type.name == "BINARY":
                await ws.send_bytes(message.data)
            elif message.type.name in ("CLOSED", "ERROR", "CLOSING"):
                break
        self.notes.append(state(ws))
        self.notes.append(await ws.close())
        try:
            await ws.send_str("late")
        except Exception as error:
            self.notes.append(type(error).__name__)


async def run(
    web: ModuleType,
    options: dict[str, Any],
    client: Callable[[int, Notes], Awaitable[None]],
) -> tuple[Notes, Notes]:
    """Return what the handler and the client have noted."""
    program = Program(web, options)
    app = web.Application()
    app.router.add_get("/", program.handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    heard: Notes = []
    try:
        async with asyncio.timeout(10):
            await client(runner.addresses[0][1], heard)
            await program.done.wait()
    finally:
        await runner.cleanup()
    return program.notes, heard


# What a client says on its raw socket: (bytes, options of the handler).
SAYS: dict[str, tuple[tuple[bytes, ...], dict[str, Any]]] = {
    "messages": ((frame(1, b"hi"), frame(2, bytes(300)), BYE), {}),
    "large": ((frame(2, bytes(200_000)), BYE), {}),
    "close with a reason": ((close_frame(4000, b"why"),), {}),
    "close without a code": ((frame(8),), {}),
    "no autoclose": ((BYE,), {"autoclose": False}),
    "pings": ((frame(9, b"x"), frame(1, b"a"), BYE), {}),
    "no autoping": ((frame(9, b"x"), frame(10, b"y"), BYE), {"autoping": False}),
    "server pings": ((frame(1, b"ping"), BYE), {}),
    "json": ((frame(1, b"json"), BYE), {}),
    "server closes": ((frame(1, b"close"), close_frame(3001)), {}),
    "server closes twice": ((frame(1, b"twice"), BYE), {}),
    "server closes, client silent": ((frame(1, b"close"),), {"timeout": 0.1}),
    "fragments": ((frame(1, b"\xe2\x82", fin=False), frame(0, b"\xac"), BYE), {}),
    "undecoded": ((frame(1, b"\xff"), BYE), {"decode_text": False}),
    "over the limit": ((frame(2, bytes(11)),), {"max_msg_size": 10}),
    "reserved bits": ((frame(1, b"x", reserved=0x20),), {}),
    "packed unasked": ((frame(1, b"x", reserved=0x40),), {}),
    "unknown opcode": ((frame(3),), {}),
    "fragmented ping": ((frame(9, fin=False),), {}),
    "long ping": ((frame(9, bytes(126)),), {}),
    "stray continuation": ((frame(0, b"x"),), {}),
    "no text": ((frame(1, b"\xff"),), {}),
    "bad close code": ((close_frame(1005),), {}),
    "end": ((frame(1, b"hi"), b"EOF"), {}),
    "end in a frame": ((frame(1, b"hi")[:-1], b"EOF"), {}),
    "unmasked": ((frame(1, b"hi", masked=False), BYE), {}),
    "silence": ((), {"timeout": 0.1}),
}


async def say(port: int, heard: Notes, words: tuple[bytes, ...]) -> None:
    async with connected(port) as client:
        for word in words:
            if word == b"EOF":
                client.writer.close()
                return
            client.send(word)
            await asyncio.sleep(0.01)
        await answer_until_the_end(client, heard)


async def answer_until_the_end(client: RawClient, heard: Notes) -> None:
    while (got := await client.next_frame()) is not None:
        heard.append(got)


@pytest.mark.parametrize("what", SAYS)
async def test_both_servers_hear_and_say_the_same(what: str) -> None:
    words, options = SAYS[what]
    theirs, ours = [
        await run(web, options, lambda port, heard: say(port, heard, words)) for web in SERVERS
    ]
    if what == "unmasked":  # RFC 6455 §5.1 says that it is refused
        assert ours[1] == [(8, b"\x03\xea")]
        assert theirs[1] == [(1, b"hi"), (8, b"\x03\xe8")]
    else:
        assert ours == theirs


async def speak_aiohttp(port: int, heard: Notes) -> None:
    async with aiohttp.ClientSession() as session:
        await speak(session, port, heard)


async def speak_ours(port: int, heard: Notes) -> None:
    async with notebook_http.ClientSession() as session:
        await speak(session, port, heard)


async def speak(session: Any, port: int, heard: Notes) -> None:
    url = f"http://127.0.0.1:{port}/"
    async with session.ws_connect(url, protocols=("x", "b", "a"), compress=15) as ws:
        heard.append((ws.protocol, ws.compress))
        await ws.send_str("hé" * 1000)
        heard.append(await ws.receive_str())
        await ws.send_bytes(bytes(200_000))
        heard.append(len(await ws.receive_bytes()))
        await ws.send_str("json")
        heard.append(await ws.receive_json())
        await ws.send_str("close")
        heard.append(shown(await ws.receive()))
        heard.append(ws.close_code)


async def speak_websockets(port: int, heard: Notes) -> None:
    url = f"ws://127.0.0.1:{port}/"
    async with websockets_connect(url, subprotocols=["b"], proxy=None) as ws:  # type: ignore[list-item]
        heard.append(ws.subprotocol)
        await ws.send("hé" * 1000)
        heard.append(await ws.recv())
        await ws.send("close")
        with pytest.raises(websockets.ConnectionClosed) as caught:
            await ws.recv()
        heard.append(caught.value.rcvd)


@pytest.mark.parametrize("client", [speak_aiohttp, speak_ours, speak_websockets])
async def test_every_client_sees_the_same(client: Callable[[int, Notes], Awaitable[None]]) -> None:
    """Sub-protocol, compression, messages, the close."""
    theirs, ours = [await run(web, {"protocols": ("a", "b")}, client) for web in SERVERS]
    assert ours == theirs
