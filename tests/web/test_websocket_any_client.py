"""Whatever follows the handshake, and wherever the handler is cancelled: nothing hangs or stays."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from notebook_http import web
from notebook_http.transport.timeouts import DeadlineTimer
from tests.web.raw_websocket import close_frame, connected, frame

BUSY = [HealthCheck.too_slow]  # of a machine that has other things to do
STARTS = (b"", frame(1, b"hi"), frame(1, b"hi", fin=False), b"\x82\xfe\x10\x00mask", b"\xc1")


async def survive(pieces: list[bytes]) -> None:
    """Serve a client that says *pieces* and leaves, and then one that behaves."""
    open_handlers: set[Any] = set()

    async def echo(request: web.Request) -> web.WebSocketResponse:
        ws: web.WebSocketResponse[bool] = web.WebSocketResponse(timeout=0.05)
        await ws.prepare(request)
        open_handlers.add(ws)
        try:
            async for message in ws:
                if message.type is web.WSMsgType.TEXT:
                    await ws.send_str(message.data)
        except ConnectionResetError:
            pass  # the client left while it was answered
        finally:
            open_handlers.discard(ws)
        return ws

    app = web.Application()
    app.router.add_get("/", echo)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with connected(site.port) as client:
            for piece in pieces:
                client.send(piece)
                await asyncio.sleep(0)
        async with connected(site.port) as client:
            client.send(frame(1, b"next"), close_frame(1000))
            assert await client.frames() == [(1, b"next"), (8, b"\x03\xe8")]
        async with asyncio.timeout(5):
            while open_handlers:
                await asyncio.sleep(0.001)
    finally:
        await runner.cleanup()
    assert len(DeadlineTimer.of(asyncio.get_running_loop())) == 0


@settings(max_examples=40, deadline=None, suppress_health_check=BUSY)
@given(st.sampled_from(STARTS), st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=3))
def test_any_bytes_leave_the_server_as_it_was(start: bytes, noise: bytes, cuts: list[int]) -> None:
    data = start + noise
    ends = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    asyncio.run(survive([data[ends[at] : ends[at + 1]] for at in range(len(ends) - 1)]))


@pytest.mark.parametrize("step", range(12))
async def test_a_handler_cancelled_at_any_step_leaves_nothing(step: int) -> None:
    """Its connection closes, and the others go on."""
    tasks: list[asyncio.Task[None]] = []

    async def handler(request: web.Request) -> web.WebSocketResponse:
        tasks.append(request.task)
        ws: web.WebSocketResponse[bool] = web.WebSocketResponse(timeout=0.1)
        await asyncio.sleep(0)
        await ws.prepare(request)
        await ws.send_str("hello")
        await ws.receive()
        await ws.close()
        return ws

    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        opening = connected(site.port)
        waiting = asyncio.ensure_future(opening.__aenter__())
        async with asyncio.timeout(5):
            while not tasks:
                await asyncio.sleep(0)
        for _ in range(step):
            await asyncio.sleep(0)
        tasks[0].cancel()
        (client,) = await asyncio.gather(waiting, return_exceptions=True)
        if not isinstance(client, BaseException):
            client.send(frame(1, b"x"))
            await client.rest()
            await opening.__aexit__(None, None, None)
        async with asyncio.timeout(5):
            while runner.server is not None and runner.server.connections:
                await asyncio.sleep(0.001)
        async with connected(site.port) as client:
            assert await client.next_frame() == (1, b"hello")
            client.send(close_frame(1000))
            assert await client.frames() == [(8, b"\x03\xe8")]
    finally:
        await runner.cleanup()
    assert len(DeadlineTimer.of(asyncio.get_running_loop())) == 0
