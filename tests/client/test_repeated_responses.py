"""Answers with the same head, one after the other over one connection."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from notebook_http.client import (
    ClientResponseError,
    ClientSession,
    CookieJar,
    ServerDisconnectedError,
)

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: text/plain\r\nX-Own: a\r\n\r\n"


async def test_each_has_its_own_body_and_headers(serve, session):
    server = await serve(HEAD + b"one", HEAD + b"two", HEAD + b"six")
    found = []
    for _ in range(4):
        async with session.get(server.url) as response:
            found.append((response.status, await response.text(), response.headers["X-Own"]))
            assert response.timings.total is not None
            assert response.content_type == "text/plain"
    assert found == [(200, text, "a") for text in ("one", "two", "six", "six")]
    assert server.connections == 1


async def test_the_method_is_not_mixed_up(serve, session):
    """The same head in answer to HEAD has no body behind it."""
    server = await serve(HEAD + b"one", HEAD, HEAD + b"two", HEAD + b"six")
    for method, text in (("GET", "one"), ("HEAD", ""), ("GET", "two"), ("POST", "six")):
        async with session.request(method, server.url) as response:
            assert await response.text() == text
    assert server.connections == 1


async def test_a_body_in_pieces_and_one_that_streams(serve, session, read_request):
    async def patient(reader, writer):
        for pieces in ((HEAD + b"one",), (HEAD, b"t", b"wo"), (HEAD[:20], HEAD[20:] + b"six")):
            await read_request(reader)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.01)

    server = await serve(patient)
    for text in (b"one", b"two", b"six"):
        async with session.get(server.url) as response:
            assert b"".join([piece async for piece in response.content.iter_any()]) == text


async def test_bytes_that_nobody_asked_for_still_end_the_connection(serve, session):
    server = await serve(HEAD + b"one", HEAD + b"two" + HEAD + b"bad", HEAD + b"six")
    for text in ("one", "two", "six"):
        async with session.get(server.url) as response:
            assert await response.text() == text
    assert server.connections == 2


async def test_cookies_and_codings_count_each_time(serve):
    body = gzip.compress(b"packed", mtime=0)
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nSet-Cookie: a=b; Path=/\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    )
    server = await serve(head + body)
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        for _ in range(3):
            session.cookie_jar.clear()
            async with session.get(server.url) as response:
                assert await response.read() == b"packed"
            assert [cookie.value for cookie in session.cookie_jar] == ["b"]


async def test_a_limit_of_one_request_is_kept(serve, session):
    server = await serve(HEAD + b"one")
    for _ in range(2):
        async with session.get(server.url) as response:
            await response.read()
    with pytest.raises(ClientResponseError, match="header"):
        await session.get(server.url, max_headers=1)


async def test_a_server_that_hangs_up_is_no_answer(serve, session, read_request):
    async def talk(reader, writer):
        await read_request(reader)
        writer.write(HEAD + b"one")
        await read_request(reader)

    server = await serve(talk)
    async with session.get(server.url) as response:
        assert await response.text() == "one"
    with pytest.raises(ServerDisconnectedError, match="without an answer"):
        await session.post(server.url)
