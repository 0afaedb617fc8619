"""A cancel at each turn of the loop, in the middle of a conversation: nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from types import SimpleNamespace

import aiohttp
import pytest
import trustme
from aiohttp import web

import notebook_http as nh
from notebook_http.transport.timeouts import DeadlineTimer

NOISE = os.urandom(300_000)


async def echo(request: web.Request) -> web.WebSocketResponse:
    ws = web.WebSocketResponse(max_msg_size=0)
    await ws.prepare(request)
    try:
        async for message in ws:
            if message.data == "bye":
                await ws.close(code=3001)
            elif message.type is aiohttp.WSMsgType.TEXT:
                await ws.send_str(message.data)
            else:
                await ws.send_bytes(message.data)
    except aiohttp.ClientConnectionResetError:
        pass  # the client has left while it was answered
    return ws


@pytest.fixture(scope="module")
def contexts() -> SimpleNamespace:
    """What the two sides of TLS need."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return SimpleNamespace(server=server, client=client)


@pytest.fixture(params=["ws", "wss"])
async def url(request: pytest.FixtureRequest, contexts: SimpleNamespace) -> AsyncIterator[str]:
    """Return where a server echoes."""
    app = web.Application()
    app.router.add_get("/", echo)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    context = contexts.server if request.param == "wss" else None
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield f"{request.param}://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def converse(session: nh.ClientSession, url: str, compress: int) -> None:
    """Say a little of everything, large messages among it."""
    async with session.ws_connect(url, compress=compress, heartbeat=30) as ws:
        await asyncio.gather(ws.send_str("a"), ws.send_bytes(NOISE), ws.ping(b"x"))
        assert await ws.receive_str(timeout=5) == "a"
        await ws.send_bytes(NOISE)
        assert await ws.receive_bytes() == NOISE
        await ws.send_str("bye")
        assert await ws.receive_bytes() == NOISE
        assert (await ws.receive()).data == 3001


@pytest.mark.parametrize("compress", [0, 15])
async def test_a_cancel_at_any_step_leaves_nothing(url: str, contexts, compress: int) -> None:
    """The place in the pool is free at once: also where the goodbye of TLS is behind messages."""
    ends = set()
    connector = nh.TCPConnector(limit=1, ssl=contexts.client)
    async with nh.ClientSession(connector=connector) as session:
        for step in range(0, 80, 2 if compress else 1):
            conversation = asyncio.ensure_future(converse(session, url, compress))
            for _ in range(step):
                await asyncio.sleep(0)
            conversation.cancel()
            try:
                async with asyncio.timeout(5):
                    await conversation
                ends.add("done")
            except asyncio.CancelledError:
                ends.add("cancelled")
            async with asyncio.timeout(5):
                while connector._pool.busy_count:
                    await asyncio.sleep(0.001)
        assert "cancelled" in ends
        async with asyncio.timeout(5):
            await converse(session, url, compress)
    assert len(DeadlineTimer.of(asyncio.get_running_loop())) == 0
