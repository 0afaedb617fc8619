"""A cancel, or a close, at each turn of the loop: no slot, socket or wrong answer is left."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest

from notebook_http.client import ClientConnectionError, ClientSession, TCPConnector

STEPS = range(0, 60)


async def pieces() -> AsyncIterator[bytes]:
    for _ in range(5):
        yield b"z" * 20_000
        await asyncio.sleep(0)


ASKING = {
    "get": {"method": "GET"},
    "a body that is streamed back": {"method": "GET", "path": "/stream"},
    "a redirect": {"method": "GET", "path": "/redirect"},
    "a large upload": {"method": "POST", "data": b"q" * 300_000},
    "a generator": {"method": "POST", "data": pieces},
    "an upload that asks first": {"method": "POST", "data": b"q" * 300_000, "expect100": True},
}


@pytest.fixture
async def echo(serve):
    """A server that answers with the path, so that answers cannot be mixed up unnoticed."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await reader.readuntil(b"\r\n\r\n")
            if b"Expect:" in request:
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            if b"Content-Length: 300000" in request:
                await reader.readexactly(300_000)
            elif b"chunked" in request:
                await reader.readuntil(b"0\r\n\r\n")
            path = request.split(b" ")[1]
            if path.startswith(b"/redirect"):
                writer.write(b"HTTP/1.1 302 F\r\nLocation: /to%b\r\n" % path)
                writer.write(b"Content-Length: 0\r\n\r\n")
            elif path.startswith(b"/stream"):
                writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for piece in (path, b"x" * 50_000):
                    writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    await writer.drain()
                    await asyncio.sleep(0)
                writer.write(b"0\r\n\r\n")
            else:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(path), path))
            await writer.drain()

    return await serve(talk, limit=2**20)


async def ask(session: ClientSession, url: str, step: int, options: dict[str, object]) -> bytes:
    options = dict(options)
    method, path = options.pop("method"), options.pop("path", "/plain")
    if options.get("data") is pieces:
        options["data"] = pieces()
    async with session.request(method, f"{url}{path}{step}", **options) as response:
        body = await response.read()
        assert f"{path}{step}".encode() in body[:40]
        return body


@pytest.mark.parametrize("limit", [1, 100])
@pytest.mark.parametrize("options", ASKING.values(), ids=ASKING)
async def test_a_cancel_at_any_step_leaves_nothing(echo, options, limit):
    """The slot is free again, and the next request gets its own answer."""
    ends = set()
    for step in STEPS:
        async with ClientSession(connector=TCPConnector(limit=limit)) as session:
            tasks = [asyncio.create_task(ask(session, echo.url, step, options)) for _ in range(2)]
            for _ in range(step):
                await asyncio.sleep(0)
            tasks[0].cancel()
            first, second = await asyncio.gather(*tasks, return_exceptions=True)
            assert isinstance(second, bytes)
            ends.add(type(first))
            pool = session.connector._pool
            assert (pool.busy_count, pool.waiting_count) == (0, 0)
            async with session.get(f"{echo.url}/next{step}") as response:
                assert await response.text() == f"/next{step}"
    assert asyncio.CancelledError in ends
    gc.collect()


@pytest.mark.parametrize("options", ASKING.values(), ids=ASKING)
async def test_closing_at_any_step_ends_requests_with_an_error(echo, options):
    """A `ClientConnectionError`, or the answer: never a hang, and never a cancel."""
    for step in STEPS:
        session = ClientSession()
        pool = session.connector._pool
        asking = asyncio.create_task(ask(session, echo.url, step, options))
        for _ in range(step + 1):
            await asyncio.sleep(0)
        await session.close()
        async with asyncio.timeout(5):
            (end,) = await asyncio.gather(asking, return_exceptions=True)
        assert isinstance(end, (bytes, ClientConnectionError))
        assert pool.busy_count == 0
    gc.collect()
