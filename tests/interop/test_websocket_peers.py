"""Our WebSocket client with servers that nobody here wrote: aiohttp, websockets, uvicorn."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import aiohttp
import aiohttp.web
import pytest
import uvicorn
import websockets.asyncio.server

import notebook_http
from notebook_http import WSMsgType

pytestmark = pytest.mark.peer

# What a peer is told to do by a text message; everything else it sends back.
CLOSE_ME = "close 3001 enough"


async def aiohttp_peer(request: Any) -> Any:
    ws = aiohttp.web.WebSocketResponse(max_msg_size=0, protocols=("chat",))
    await ws.prepare(request)
    async for message in ws:
        if message.data == CLOSE_ME:
            await ws.close(code=3001, message=b"enough")
        elif message.type is aiohttp.WSMsgType.TEXT:
            await ws.send_str(message.data)
        else:
            await ws.send_bytes(message.data)
    return ws


async def websockets_peer(connection: Any) -> None:
    async for message in connection:
        if message == CLOSE_ME:
            await connection.close(3001, "enough")
        else:
            await connection.send(message)


async def asgi_peer(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "websocket"
    await receive()
    chosen = "chat" if "chat" in scope["subprotocols"] else None
    await send({"type": "websocket.accept", "subprotocol": chosen})
    while (event := await receive())["type"] == "websocket.receive":
        if event.get("text") == CLOSE_ME:
            await send({"type": "websocket.close", "code": 3001, "reason": "enough"})
            return
        text, data = event.get("text"), event.get("bytes")
        answer = {"text": text} if text is not None else {"bytes": data}
        await send({"type": "websocket.send", **answer})


class Servers:
    """Starts each kind of peer; returns its port."""

    def __init__(self) -> None:
        self.stops: list[Callable[[], Awaitable[object]]] = []

    async def aiohttp(self, context: ssl.SSLContext | None) -> int:
        app = aiohttp.web.Application()
        app.router.add_get("/", aiohttp_peer)
        runner = aiohttp.web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await aiohttp.web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        self.stops.append(runner.cleanup)
        return int(runner.addresses[0][1])

    async def websockets(self, context: ssl.SSLContext | None) -> int:
        server = await websockets.asyncio.server.serve(
            websockets_peer,
            "127.0.0.1",
            0,
            ssl=context,
            max_size=None,
            # With `subprotocols=` it would refuse clients that offer none.
            select_subprotocol=lambda _, offered: "chat" if "chat" in offered else None,
        )

        async def stop() -> None:
            server.close()
            await server.wait_closed()

        self.stops.append(stop)
        return int(next(iter(server.sockets)).getsockname()[1])

    async def uvicorn_sansio(self, context: ssl.SSLContext | None) -> int:
        return await self._uvicorn(context, "websockets-sansio")

    async def uvicorn_wsproto(self, context: ssl.SSLContext | None) -> int:
        return await self._uvicorn(context, "wsproto")

    async def _uvicorn(self, context: ssl.SSLContext | None, implementation: str) -> int:
        config = uvicorn.Config(
            asgi_peer,
            port=0,
            lifespan="off",
            log_level="error",
            ws=implementation,
            ws_max_size=2**30,
            timeout_graceful_shutdown=1,
        )
        config.load()
        config.ssl = context
        server = uvicorn.Server(config)
        serving = asyncio.ensure_future(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)

        async def stop() -> None:
            # It ends badly with a connection that is just closing: it says 1012 to it all the same.
            for _ in range(500):
                if not server.server_state.connections:
                    break
                await asyncio.sleep(0.01)
            server.should_exit = True
            await serving

        self.stops.append(stop)
        return int(server.servers[0].sockets[0].getsockname()[1])


KINDS = ["aiohttp", "websockets", "uvicorn_sansio", "uvicorn_wsproto"]


@pytest.fixture(params=[(kind, tls) for kind in KINDS for tls in (False, True)], ids=str)
async def peer(
    request: pytest.FixtureRequest, tls: Callable[..., ssl.SSLContext]
) -> AsyncIterator[SimpleNamespace]:
    """A session of ours, and the address of a peer, over TCP and TLS."""
    kind, secure = request.param
    servers = Servers()
    port = await getattr(servers, kind)(tls(server=True) if secure else None)
    connector = notebook_http.TCPConnector(ssl=tls(server=False))
    async with notebook_http.ClientSession(connector=connector) as session:
        url = f"{'wss' if secure else 'ws'}://127.0.0.1:{port}/"
        yield SimpleNamespace(session=session, url=url)
    for stop in servers.stops:
        await stop()
    await asyncio.sleep(0.02)


@pytest.mark.parametrize("compress", [0, 15, 9])
async def test_messages_come_back_as_they_were(peer: SimpleNamespace, compress: int) -> None:
    """Every form of length, in both kinds, with and without compression both ways."""
    async with peer.session.ws_connect(peer.url, compress=compress, max_msg_size=0) as ws:
        assert bool(ws.compress) is bool(compress)
        for size in (0, 1, 125, 126, 65535, 65536, 3_000_000):
            noise = os.urandom(size // 2) + bytes(size - size // 2)
            await ws.send_bytes(noise)
            assert await ws.receive_bytes() == noise
            text = ("é€𝄞 " * size)[:size]
            await ws.send_str(text)
            assert await ws.receive_str() == text
        await ws.send_json({"a": ["é", None]})
        assert await ws.receive_json() == {"a": ["é", None]}
    assert (ws.close_code, ws.exception()) == (1000, None)


async def test_peer_closes(peer: SimpleNamespace) -> None:
    """With its code and its reason."""
    async with peer.session.ws_connect(peer.url) as ws:
        await ws.send_str(CLOSE_ME)
        assert await ws.receive() == (WSMsgType.CLOSE, 3001, "enough")
        assert (ws.closed, ws.close_code) == (True, 3001)


async def test_we_close(peer: SimpleNamespace) -> None:
    """And the peer answers in time."""
    ws = await peer.session.ws_connect(peer.url)
    async with asyncio.timeout(3):
        assert await ws.close(code=4000, message=b"genug") is True
    assert ws.close_code in {1000, 4000}
    assert ws.exception() is None


async def test_protocol_is_agreed_upon(peer: SimpleNamespace) -> None:
    """The one that both know."""
    async with peer.session.ws_connect(peer.url, protocols=("other", "chat")) as ws:
        assert ws.protocol == "chat"


async def test_heartbeat_and_pings(peer: SimpleNamespace) -> None:
    """A silent but living peer answers our pings; so it stays."""
    async with peer.session.ws_connect(peer.url, heartbeat=0.05) as ws:
        await asyncio.sleep(0.4)
        await ws.ping(b"hello")
        await ws.send_str("still here")
        assert await ws.receive_str() == "still here"
    async with peer.session.ws_connect(peer.url, autoping=False) as ws:
        await ws.ping(b"hello")
        assert await ws.receive() == (WSMsgType.PONG, b"hello", "")


async def test_message_over_the_limit(peer: SimpleNamespace) -> None:
    """ERROR with 1009; one that just fits is received."""
    async with peer.session.ws_connect(peer.url, max_msg_size=1000) as ws:
        await ws.send_bytes(bytes(1000))
        assert len(await ws.receive_bytes()) == 1000
        await ws.send_bytes(bytes(1001))
        message = await ws.receive()
        assert (message.type, message.data.code) == (WSMsgType.ERROR, 1009)
        assert ws.closed


async def test_many_messages_in_flight(peer: SimpleNamespace) -> None:
    """Both directions at once, in order, while the reader is slower than the peer."""

    async def send() -> None:
        for number in range(2000):
            await ws.send_bytes(number.to_bytes(4, "big") * 500)

    async with peer.session.ws_connect(peer.url, compress=15) as ws:
        sending = asyncio.ensure_future(send())
        for number in range(2000):
            assert (await ws.receive_bytes())[:4] == number.to_bytes(4, "big")
        await sending
