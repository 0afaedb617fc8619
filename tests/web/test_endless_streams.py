"""Streams without end of which the client asked for the head."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from notebook_http import web
from notebook_http.transport import stream_writer

Serve = Callable[..., Awaitable[int]]


async def test_an_endless_stream_that_nobody_gets_slows_down(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked with HEAD it takes no core until the client leaves; what ends after all is answered."""
    monkeypatch.setattr(stream_writer, "_DISCARDING_SECONDS", 0.3)
    left = asyncio.Event()
    written, most = 0, 10**9

    async def handle(request: web.Request) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while written < most:
                await response.write(b"x")
                written += 1
        except ConnectionResetError:
            left.set()
        return response

    reader, writer = await asyncio.open_connection("127.0.0.1", await serve(handle))
    async with asyncio.timeout(30):
        writer.write(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.4)
        fast = written
        assert fast > 40
        before = time.process_time()
        await asyncio.sleep(1)
        assert time.process_time() - before < 0.5
        assert 0 < written - fast <= 25  # 20 a second
        most = written + 2
        writer.write(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")  # behind it
        await reader.readuntil(b"\r\n\r\n")
        most = 10**9
        writer.write(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()
        await left.wait()
