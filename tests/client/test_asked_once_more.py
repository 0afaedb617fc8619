"""Which requests are sent again when a kept connection turns out dead, and how often: once."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest

from notebook_http.client import ClientConnectionError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
NO_ANSWER = b""


async def generated() -> AsyncIterator[bytes]:
    yield b"body"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"])
@pytest.mark.parametrize("data", [None, b"body"], ids=["none", "bytes"])
async def test_what_means_the_same_twice_is_sent_again(serve, session, method, data):
    """RFC 9110 §9.2.2: the idempotent methods, with their body."""
    server = await serve(EMPTY, NO_ANSWER, EMPTY)
    await session.get(server.url)
    async with session.request(method, server.url, data=data) as response:
        assert response.status == 200
    assert server.connections == 2
    first, again = server.requests[1:]
    assert first == again
    assert again.endswith(b"\r\n\r\n" + (data or b""))


@pytest.mark.parametrize("method", ["POST", "PATCH", "LOCK"])
async def test_other_methods_are_not(serve, session, method):
    """The server may have done what it was asked to before it hung up."""
    server = await serve(OK, NO_ANSWER, OK)
    await session.get(server.url)
    with pytest.raises(ClientConnectionError):
        await session.request(method, server.url)
    assert (server.connections, len(server.requests)) == (1, 2)


async def test_a_file_is_sent_again_from_its_beginning(serve, session):
    """Or from where it stood: its position is remembered."""
    server = await serve(OK, NO_ANSWER, OK)
    await session.get(server.url)
    file = io.BytesIO(b"head, body")
    file.seek(6)
    async with session.put(server.url, data=file) as response:
        assert response.status == 200
    assert [request[-4:] for request in server.requests[1:]] == [b"body", b"body"]


async def test_a_generator_is_not_sent_again(serve, session):
    """It is spent: what it gave is gone."""
    server = await serve(OK, NO_ANSWER, OK)
    await session.get(server.url)
    data: Any = generated()
    with pytest.raises(ClientConnectionError):
        await session.put(server.url, data=data)
    assert (server.connections, len(server.requests)) == (1, 2)


async def test_the_second_attempt_is_the_last(serve, session):
    """A server that does not answer on a fresh connection does not want to."""
    server = await serve(OK, NO_ANSWER, NO_ANSWER, OK)
    await session.get(server.url)
    with pytest.raises(ClientConnectionError):
        await session.get(server.url)
    assert (server.connections, len(server.requests)) == (2, 3)


async def test_the_second_attempt_has_a_fresh_connection(serve, session):
    """When one kept connection is dead, the others are likely to be, too."""
    server = await serve(OK, OK, NO_ANSWER, OK)
    await asyncio.gather(session.get(server.url), session.get(server.url))
    assert session.connector._pool.idle_count == 2
    async with session.get(server.url) as response:
        assert response.status == 200
    assert server.connections == 3
