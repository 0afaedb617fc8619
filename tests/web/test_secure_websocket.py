"""WebSockets over TLS, with aiofastnet's transports and with asyncio's own."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator

import pytest
import trustme

from notebook_http import web
from notebook_http.client import ClientSession, TCPConnector
from notebook_http.transport.accelerated import SWITCH
from notebook_http.transport.secure_listener import SecureListener

AUTHORITY = trustme.CA()
LARGE = os.urandom(1024) * 1024  # more than a TLS record, a read and a buffer's limit


class Talk:
    """A server's site, and how its handlers' WebSockets ended."""

    def __init__(self) -> None:
        self.ended: asyncio.Queue[tuple[int | None, type[BaseException] | None]] = asyncio.Queue()
        self.site: web.TCPSite

    async def echo(self, request: web.Request) -> web.WebSocketResponse:
        heartbeat = float(request.query.get("heartbeat", 0)) or None
        ws: web.WebSocketResponse[bool] = web.WebSocketResponse(heartbeat=heartbeat)
        await ws.prepare(request)
        try:
            async for message in ws:
                if message.type is web.WSMsgType.TEXT:
                    await ws.send_str(message.data)
                elif message.type is web.WSMsgType.BINARY:
                    await ws.send_bytes(message.data)
        finally:
            failure = ws.exception()
            self.ended.put_nowait((ws.close_code, failure and type(failure)))
        return ws

    async def end(self) -> tuple[int | None, type[BaseException] | None]:
        """Wait for a handler to end: its close code, and what went wrong."""
        async with asyncio.timeout(10):
            return await self.ended.get()

    def url(self, path: str) -> str:
        return f"wss://127.0.0.1:{self.site.port}{path}"


@pytest.fixture(params=["aiofastnet", "asyncio"])
async def talk(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Talk]:
    monkeypatch.setenv(SWITCH, "" if request.param == "aiofastnet" else "1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    talk = Talk()
    app = web.Application()
    app.router.add_get("/", talk.echo)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    talk.site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await talk.site.start()
    assert isinstance(talk.site._listener, SecureListener) is (request.param == "aiofastnet")
    yield talk
    await runner.cleanup()


def session() -> ClientSession:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return ClientSession(connector=TCPConnector(ssl=context))


@pytest.mark.parametrize("compress", [0, 15])
async def test_messages_there_and_back(talk: Talk, compress: int) -> None:
    """Small ones, one of a megabyte, many at once; then a close with a code."""
    async with session() as client, asyncio.timeout(20):
        async with client.ws_connect(talk.url("/"), compress=compress) as ws:
            await ws.send_str("héllo")
            assert await ws.receive_str() == "héllo"
            await ws.send_bytes(LARGE)
            assert await ws.receive_bytes() == LARGE
            for number in range(200):
                await ws.send_str(str(number))
            assert [await ws.receive_str() for _ in range(200)] == [str(n) for n in range(200)]
            await ws.close(code=4002, message=b"enough")
        assert await talk.end() == (4002, None)


async def test_a_client_that_answers_no_ping_is_given_up(talk: Talk) -> None:
    url = talk.url("/?heartbeat=0.1")
    async with session() as client, client.ws_connect(url, autoping=False) as ws:
        assert (await ws.receive(timeout=10)).type is web.WSMsgType.PING
        code, failure = await talk.end()
    assert code == 1006
    assert failure is not None
    assert issubclass(failure, TimeoutError)


async def test_a_client_that_answers_pings_is_kept(talk: Talk) -> None:
    """Longer than it has for an answer: it is pinged once more."""
    async with session() as client, asyncio.timeout(20):
        async with client.ws_connect(talk.url("/?heartbeat=0.5"), autoping=False) as ws:
            for _ in range(2):
                message = await ws.receive()
                assert message.type is web.WSMsgType.PING
                await ws.pong(message.data)
            await ws.send_str("here")
            assert await ws.receive_str() == "here"
        assert await talk.end() == (1000, None)
