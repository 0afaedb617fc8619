"""ConcurrencyLimitMiddleware: who is under way, until the answer has ended."""

from __future__ import annotations

import asyncio
import base64
import gc
import hashlib
import re
import socket
import threading
import warnings
from contextlib import ExitStack
from typing import Any

import pytest

from notebook_http import web
from notebook_http.client import (
    ClientPayloadError,
    ClientSession,
    ClientTimeout,
    ServerDisconnectedError,
    TotalTimeoutError,
)
from notebook_http.client.middlewares import ConcurrencyLimitMiddleware

BIG = 4 * 1024 * 1024  # more than sockets and buffers hold


async def slow(request: web.Request) -> web.Response:
    await asyncio.sleep(0.05)
    return web.Response(text="ok")


async def big(request: web.Request) -> web.Response:
    return web.Response(body=bytes(BIG))


async def test_no_more_than_the_limit_are_under_way(serve_handler: Any) -> None:
    server = await serve_handler(slow)
    async with ClientSession(middlewares=[ConcurrencyLimitMiddleware(3)]) as session:
        responses = await asyncio.gather(*(session.get(server.url) for _ in range(12)))
        assert [await response.text() for response in responses] == ["ok"] * 12
    assert server.most_under_way == 3


async def test_each_host_has_places_of_its_own(serve_handler: Any) -> None:
    one, two = await serve_handler(slow), await serve_handler(slow)
    limit = ConcurrencyLimitMiddleware(2)
    async with ClientSession(middlewares=[limit]) as session:
        urls = [one.url, two.url] * 6
        await asyncio.gather(*(session.get(url) for url in urls))
    assert (one.most_under_way, two.most_under_way) == (2, 2)
    assert limit._gates == {}


async def test_an_answer_counts_until_it_is_read(serve_handler: Any) -> None:
    server = await serve_handler(big)
    async with ClientSession(middlewares=[ConcurrencyLimitMiddleware(1)]) as session:
        first = await session.get(server.url)
        second = asyncio.create_task(session.get(server.url))
        await asyncio.sleep(0.2)
        assert len(server.requests) == 1
        assert len(await first.read()) == BIG
        async with await asyncio.wait_for(second, 5) as response:
            assert response.status == 200
    assert len(server.requests) == 2


async def release(response: Any) -> None:
    response.release()


async def leave(response: Any) -> None:
    async with response:
        pass


@pytest.mark.parametrize("end", [release, leave])
async def test_or_released(serve_handler: Any, end: Any) -> None:
    server = await serve_handler(big)
    async with ClientSession(middlewares=[ConcurrencyLimitMiddleware(1)]) as session:
        first = await session.get(server.url)
        second = asyncio.create_task(session.get(server.url))
        await asyncio.sleep(0.1)
        assert not second.done()
        await end(first)
        (await asyncio.wait_for(second, 5)).release()


async def test_or_lost(serve_handler: Any) -> None:
    """Nobody holds it any more: there is a warning, and no deadlock."""
    server = await serve_handler(big)
    async with ClientSession(middlewares=[ConcurrencyLimitMiddleware(1)]) as session:
        first = await session.get(server.url)
        second = asyncio.create_task(session.get(server.url))
        await asyncio.sleep(0.05)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del first
            gc.collect()
        assert "Unclosed response" in str(caught[0].message)
        (await asyncio.wait_for(second, 5)).release()


async def test_or_broken_off(serve: Any) -> None:
    server = await serve(cut_off)
    async with ClientSession(middlewares=[ConcurrencyLimitMiddleware(1)]) as session:
        for _ in range(3):
            response = await asyncio.wait_for(session.get(server.url), 5)
            with pytest.raises(ClientPayloadError):
                await response.read()


async def cut_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    await writer.drain()


async def test_a_failed_request_gives_its_place_back(serve: Any) -> None:
    server = await serve(b"")
    limit = ConcurrencyLimitMiddleware(1)
    async with ClientSession(middlewares=[limit]) as session:
        for _ in range(3):
            with pytest.raises(ServerDisconnectedError):
                await asyncio.wait_for(session.post(server.url), 5)
    assert limit._gates == {}


async def test_redirects_need_one_place(serve_handler: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.path == "/":
            return web.Response(status=302, headers={"Location": "/there"}, body=bytes(BIG))
        return web.Response(text="there")

    server = await serve_handler(handler)
    async with ClientSession(middlewares=[ConcurrencyLimitMiddleware(1)]) as session:
        response = await asyncio.wait_for(session.get(server.url), 5)
        assert await response.text() == "there"


async def test_a_websocket_has_ended_with_its_handshake(serve: Any) -> None:
    """It may stay open for days, and is no request then."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        key = re.search(rb"\r\nsec-websocket-key: (\S+)", head, re.IGNORECASE)
        assert key is not None
        proof = hashlib.sha1(key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        writer.write(
            b"HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(proof) + b"\r\n\r\n"
        )
        await reader.readexactly(6)
        writer.write(b"\x88\x00")
        await writer.drain()

    server = await serve(talk)
    limit = ConcurrencyLimitMiddleware(1)
    async with ClientSession(middlewares=[limit]) as session:
        first = await session.ws_connect(server.url)
        second = await asyncio.wait_for(session.ws_connect(server.url), 5)
        assert limit._gates == {}
        await first.close()
        await second.close()
    assert server.connections == 2


async def test_who_comes_first_is_served_first(serve_handler: Any) -> None:
    server = await serve_handler(slow)
    async with ClientSession(middlewares=[ConcurrencyLimitMiddleware(1)]) as session:
        await asyncio.gather(*(session.get(f"{server.url}{n}") for n in range(6)))
    assert [request.path for request in server.requests] == [f"/{n}" for n in range(6)]


async def test_a_cancelled_wait_takes_no_place(serve_handler: Any) -> None:
    server = await serve_handler(big)
    limit = ConcurrencyLimitMiddleware(1)
    async with ClientSession(middlewares=[limit]) as session:
        first = await session.get(server.url)
        waiting = [asyncio.create_task(session.get(server.url)) for _ in range(5)]
        last = asyncio.create_task(session.get(server.url))
        await asyncio.sleep(0.05)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        first.release()
        (await asyncio.wait_for(last, 5)).release()
    assert len(server.requests) == 2
    assert limit._gates == {}


async def test_total_holds_while_waiting(serve_handler: Any) -> None:
    server = await serve_handler(big)
    async with ClientSession(middlewares=[ConcurrencyLimitMiddleware(1)]) as session:
        first = await session.get(server.url)
        with pytest.raises(TotalTimeoutError):
            await session.get(server.url, timeout=ClientTimeout(total=0.1))
        first.release()


def test_one_limit_serves_loop_after_loop() -> None:
    """What the first loop left under way is gone with it."""
    limit = ConcurrencyLimitMiddleware(1)
    kept: list[Any] = []

    async def ask(url: str, *, close: bool) -> None:
        if not kept:
            kept.append(ClientSession(middlewares=[limit]))
        kept.append(await asyncio.wait_for(kept[0].get(url), 5))
        if close:
            await kept[0].close()

    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as peers:

        def answer_by_half() -> None:
            for _ in range(2):
                peer = peers.enter_context(listener.accept()[0])
                peer.recv(65536)
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

        thread = threading.Thread(target=answer_by_half, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        asyncio.run(ask(url, close=False))
        asyncio.run(ask(url, close=True))
        thread.join(5)
    assert [response.status for response in kept[1:]] == [200, 200]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # they were left open, and that is said
        kept.clear()
        gc.collect()


@pytest.mark.parametrize(("limit", "error"), [(0, ValueError), (None, TypeError), (2.0, TypeError)])
def test_limits_that_make_no_sense(limit: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="limit"):
        ConcurrencyLimitMiddleware(limit)
