"""`WebSocketResponse` on raw sockets: the handshake, the messages, and every end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from notebook_http import web
from tests.web.raw_websocket import (
    ACCEPT,
    KEY,
    close_frame,
    connected,
    frame,
    handshake,
)

Serve = Callable[..., Awaitable[int]]
Talk = Callable[[int, bytes], Awaitable[bytes]]
BYE = close_frame(1000)
BEFORE = r"Call \.prepare\(\) first"


async def echo(request: web.Request) -> web.WebSocketResponse:
    ws: web.WebSocketResponse[bool] = web.WebSocketResponse(protocols=["chat", "soap"])
    await ws.prepare(request)
    async for message in ws:
        if message.type is web.WSMsgType.TEXT:
            await ws.send_str(message.data)
        elif message.type is web.WSMsgType.BINARY:
            await ws.send_bytes(message.data)
    return ws


async def test_the_handshake_is_answered_as_the_rfc_has_it(serve: Serve) -> None:
    asked = handshake("Sec-WebSocket-Protocol: x", "Sec-WebSocket-Protocol: soap, chat")
    async with connected(await serve(echo), asked) as client:
        status, *lines = client.head.decode().split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines if line)
        assert status == "HTTP/1.1 101 Switching Protocols"
        assert fields.pop("server")
        assert fields.pop("date")
        assert fields == {
            "upgrade": "websocket",
            "connection": "upgrade",
            "sec-websocket-accept": ACCEPT.lower(),
            "sec-websocket-protocol": "soap",
        }
        client.send(frame(1, b"hi"), frame(2, bytes(70_000)), BYE)
        assert await client.frames() == [(1, b"hi"), (2, bytes(70_000)), (8, b"\x03\xe8")]


@pytest.mark.parametrize(
    ("request_bytes", "status", "words"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, b"No WebSocket UPGRADE hdr: None"),
        (handshake().replace(b"websocket", b"h2c"), 400, b"No WebSocket UPGRADE hdr: h2c"),
        (handshake().replace(b": Upgrade", b": notupgrade"), 400, b"No CONNECTION upgrade hdr"),
        (handshake().replace(b"HTTP/1.1", b"HTTP/1.0"), 400, b"HTTP/1.1"),
        (handshake("Content-Length: 2") + b"hi", 400, b"without a body"),
        (handshake(version="12"), 426, b"Sec-WebSocket-Version: 13\r\n"),
        (handshake(version=""), 426, b"Sec-WebSocket-Version: 13\r\n"),
        (handshake(version="13, 8"), 426, b"Upgrade: websocket\r\n"),
        (handshake().replace(KEY.encode(), b"AAAA"), 400, b"Handshake error: 'AAAA'"),
        (handshake().replace(KEY.encode(), b"\xff" * 16), 400, b"Handshake error"),
        (handshake().replace(KEY.encode(), KEY.encode() + b"!"), 400, b"Handshake error"),
        (handshake(f"Sec-WebSocket-Key: {KEY}"), 400, b"Handshake error"),
        (handshake().replace(b"Sec-WebSocket-Key", b"X"), 400, b"Handshake error: None"),
        (handshake(method="POST"), 405, b"Allow: GET\r\n"),
        (handshake(method="HEAD"), 405, b"Allow: GET\r\n"),
    ],
)
async def test_what_is_no_handshake_is_refused(
    serve: Serve, talk: Talk, request_bytes: bytes, status: int, words: bytes
) -> None:
    """And the connection goes on: nothing of it was taken for another protocol."""
    canary = b"GET /canary HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    if b"HTTP/1.0" in request_bytes:
        canary = b""

    async def handler(request: web.Request) -> web.StreamResponse:
        if request.path == "/canary":
            return web.Response(text="sings")
        ws: web.WebSocketResponse[bool] = web.WebSocketResponse()
        assert not ws.can_prepare(request)
        await ws.prepare(request)
        raise AssertionError("it was taken")

    answer = await talk(await serve(handler), request_bytes + canary)
    assert answer.startswith(b"HTTP/1.%d %d " % (not answer.startswith(b"HTTP/1.0"), status))
    assert words in answer
    assert b"sings" in answer or not canary


async def test_what_came_behind_the_handshake_is_of_the_session(serve: Serve) -> None:
    """In one read with it, and while the handler makes up its mind."""
    go = asyncio.Event()

    async def slow(request: web.Request) -> web.WebSocketResponse:
        await go.wait()
        return await echo(request)

    asked = handshake() + frame(1, b"one") + frame(1, b"two")[:3]
    reader, writer = await asyncio.open_connection("127.0.0.1", await serve(slow))
    writer.write(asked)
    await asyncio.sleep(0.02)
    writer.write(frame(1, b"two")[3:] + frame(2, bytes(300_000)))
    writer.write(BYE)
    await asyncio.sleep(0.02)
    go.set()
    async with asyncio.timeout(10):
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(10) == b"\x81\x03one\x81\x03two"
        assert len(await reader.read()) == 10 + 300_000 + 4
    writer.close()


async def test_a_flood_behind_an_undecided_handshake_waits_in_the_socket(serve: Serve) -> None:
    asked: list[web.Request] = []

    async def undecided(request: web.Request) -> web.Response:
        asked.append(request)
        await asyncio.sleep(3600)
        return web.Response()

    port = await serve(undecided, shutdown_timeout=0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(handshake())

    async def flood() -> None:
        while True:
            writer.write(bytes(2**20))
            await writer.drain()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(flood(), 0.5)
    connection: Any = asked[0].protocol
    assert len(connection._held) < 2**20
    writer.transport.abort()
    del reader


async def test_a_declined_upgrade_is_an_ordinary_request(serve: Serve, talk: Talk) -> None:
    """Requests behind it are answered in order, however the bytes are cut."""

    async def plain(request: web.Request) -> web.Response:
        if "upgrade" in request.headers:
            await asyncio.sleep(0.01)
        return web.Response(text=f"<{request.path}>")

    port = await serve(plain)
    last = b"GET /4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    asked = handshake(target="/1") + handshake(target="/2")
    asked += b"POST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n" + bytes(30_000) + last
    answer = await talk(port, asked)
    assert [answer.count(b"<%s>" % path) for path in (b"/1", b"/2", b"/3", b"/4")] == [1] * 4
    bad = await talk(port, handshake(target="/1") + frame(1, b"hi"))
    assert bad.count(b"HTTP/1.1 200") == 1
    assert bad.count(b"HTTP/1.1 400") == 1


async def test_a_handler_that_fails_says_so(serve: Serve, caplog: Any) -> None:
    async def fails(request: web.Request) -> web.WebSocketResponse:
        ws: web.WebSocketResponse[bool] = web.WebSocketResponse()
        await ws.prepare(request)
        await ws.receive()
        raise LookupError("mine")

    async with connected(await serve(fails)) as client:
        client.send(frame(1, b"hi"))
        assert await client.next_frame() == (8, b"\x03\xf3")
        client.send(close_frame(1011))
        assert await client.rest() == b""
    assert "LookupError: mine" in caplog.text


async def test_a_handler_that_forgets_to_return_it_is_told(serve: Serve, caplog: Any) -> None:
    async def forgets(request: web.Request) -> None:
        ws: web.WebSocketResponse[bool] = web.WebSocketResponse()
        await ws.prepare(request)

    async with connected(await serve(forgets)) as client:
        assert await client.next_frame() == (8, b"\x03\xf3")
    assert "is `return` missing?" in caplog.text


async def test_a_server_that_shuts_down_says_so() -> None:
    """1001 to each; the handler ends by itself; what on_shutdown closed keeps its own reason."""
    ended: list[tuple[str, object]] = []
    opened: dict[str, web.WebSocketResponse[bool]] = {}

    async def handler(request: web.Request) -> web.WebSocketResponse:
        ws: web.WebSocketResponse[bool] = web.WebSocketResponse()
        await ws.prepare(request)
        opened[request.path] = ws
        async for _ in ws:
            raise AssertionError("nothing was said")
        ended.append((request.path, ws.closed))
        return ws

    async def on_shutdown(app: web.Application) -> None:
        await opened["/own"].close(code=3001, message="so long")

    app = web.Application()
    app.router.add_get("/{path}", handler)
    app.on_shutdown.append(on_shutdown)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with (
        connected(site.port, handshake(target="/own")) as own,
        connected(site.port, handshake(target="/other")) as other,
        connected(site.port, handshake(target="/silent")) as silent,
    ):
        cleaning = asyncio.ensure_future(runner.cleanup())
        assert await own.next_frame() == (8, b"\x0b\xb9so long")
        own.send(close_frame(3001))
        assert await other.next_frame() == (8, b"\x03\xe9")
        other.send(close_frame(1001))
        assert await other.rest() == await own.rest() == b""
        assert await silent.next_frame() == (8, b"\x03\xe9")
        assert not cleaning.done()
        silent.send(close_frame(1001))
        async with asyncio.timeout(3):
            await cleaning
    assert sorted(ended) == [("/other", True), ("/own", True), ("/silent", True)]


async def test_one_that_is_opened_while_the_server_ends_is_told_so() -> None:
    """Its handler was still at something else when the others were told."""
    ending = asyncio.Event()

    async def late(request: web.Request) -> web.WebSocketResponse:
        await ending.wait()
        return await echo(request)

    async def on_shutdown(app: web.Application) -> None:
        asyncio.get_running_loop().call_later(0.1, ending.set)

    app = web.Application()
    app.router.add_get("/", late)
    app.on_shutdown.append(on_shutdown)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=30)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(handshake())
    await asyncio.sleep(0.05)
    async with asyncio.timeout(5):
        cleaning = asyncio.ensure_future(runner.cleanup())
        assert (await reader.readuntil(b"\x88\x02\x03\xe9")).startswith(b"HTTP/1.1 101")
        writer.write(close_frame(1001))
        await cleaning
        assert await reader.read() == b""
    writer.close()


async def test_a_client_that_ignores_the_end_is_cut_off_in_time() -> None:
    app = web.Application()
    app.router.add_get("/", echo)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with connected(site.port) as client:
        async with asyncio.timeout(3):
            await runner.cleanup()
        assert await client.frames() == [(8, b"\x03\xe9")]


async def test_a_client_that_vanishes_cancels_where_that_was_asked_for(serve: Serve) -> None:
    cancelled = asyncio.Event()

    async def handler(request: web.Request) -> web.WebSocketResponse:
        ws: web.WebSocketResponse[bool] = web.WebSocketResponse()
        await ws.prepare(request)
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return ws

    async with connected(await serve(handler, handler_cancellation=True)):
        pass
    async with asyncio.timeout(5):
        await cancelled.wait()


async def test_no_common_protocol_is_told_to_the_log(serve: Serve, caplog: Any) -> None:
    caplog.set_level(logging.WARNING, "notebook_http.websocket")
    asked = handshake("Sec-WebSocket-Protocol: red, \x85blue")
    async with connected(await serve(echo), asked) as client:
        assert b"Sec-WebSocket-Protocol" not in client.head
    assert "don't overlap" in caplog.text
    assert "\x85" not in caplog.text


async def test_words_out_of_order() -> None:
    """Before `prepare` nothing can be said, as in aiohttp."""
    ws: web.WebSocketResponse[bool] = web.WebSocketResponse()
    for call in (ws.ping, ws.pong, ws.receive, ws.close, ws.receive_str, ws.receive_bytes):
        with pytest.raises(RuntimeError, match=BEFORE):
            await call()
    with pytest.raises(RuntimeError, match=BEFORE):
        await ws.send_json({})
    with pytest.raises(RuntimeError, match="Cannot call"):
        await ws.write(b"")
    with pytest.raises(RuntimeError, match="Response has not been started"):
        await ws.write_eof()
    assert (ws.prepared, ws.closed, ws.close_code, ws.exception()) == (False, False, None, None)
    assert ws.get_extra_info("peername", 7) == 7
    with pytest.raises(ValueError, match="max_msg_size"):
        web.WebSocketResponse(max_msg_size=-1)
    with pytest.raises(TypeError, match="heartbeat"):
        web.WebSocketResponse(heartbeat="often")
