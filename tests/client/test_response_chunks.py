"""Chunks of a response, read as aiohttp's client reads them from the same server."""

from __future__ import annotations

import asyncio
import gzip
from types import ModuleType
from typing import Any

import aiohttp
import pytest

import notebook_http

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n%b\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def read_chunks(library: ModuleType, url: str) -> list[tuple[bytes, bool]]:
    """A program written for either library."""
    async with library.ClientSession() as session, session.get(url) as response:
        return [item async for item in response.content.iter_chunks()]


@pytest.mark.parametrize(
    "pieces",
    [
        [HEAD % b"" + chunk(b"one") + chunk(b"two") + b"0\r\n\r\n"],
        [HEAD % b"" + b"6\r\nthr", b"ee!\r\n" + chunk(b"x"), b"0\r\n\r\n"],
        [HEAD % b"" + b"3\r\none", b"\r\n3\r\ntwo\r\n", b"0\r\n\r\n"],
        [HEAD % b"", chunk(b"one"), chunk(b"two"), b"0\r\n\r\n"],
        [HEAD % b"" + b"0\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n", b"one", b"two"],
        [HEAD % b"Content-Encoding: gzip\r\n" + chunk(gzip.compress(b"one")) + b"0\r\n\r\n"],
    ],
    ids=["at once", "split", "late ends", "one by one", "empty", "sized", "gzip"],
)
async def test_the_same_chunks_as_aiohttp(pieces: list[bytes], serve: Any) -> None:
    """Bytes and ends, however they came.

    Theirs has one more end when the last, empty chunk comes late; ours never has.
    """

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            if piece is not pieces[-1]:
                await asyncio.sleep(0.05)
        await reader.read()

    server = await serve(talk)
    ours = await read_chunks(notebook_http, server.url)
    theirs = await read_chunks(aiohttp, server.url)
    if [ended for _, ended in theirs[-2:]] == [True, True] and not theirs[-1][0]:
        theirs.pop()
    assert ours == theirs
    if pieces[0].endswith(b"\r\none"):
        assert ours == [(b"one", False), (b"", True), (b"two", True)]


async def test_chunks_of_a_request(session: notebook_http.ClientSession) -> None:
    """A server's handler reads them the same way."""
    web = notebook_http.web
    seen: list[tuple[bytes, bool]] = []

    async def handler(request: notebook_http.web.Request) -> notebook_http.web.Response:
        seen.extend([item async for item in request.content.iter_chunks()])
        return web.Response()

    app = web.Application()
    app.router.add_post("/", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()

    async def pieces() -> Any:
        yield b"one"
        yield b"two"

    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        async with session.post(url, data=pieces()) as response:
            assert response.status == 200
    finally:
        await runner.cleanup()
    assert seen == [(b"one", True), (b"two", True)]
