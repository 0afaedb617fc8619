"""Answers that break off, never begin or are none: an error at once, and no connection kept."""

from __future__ import annotations

import asyncio

import pytest

from notebook_http.client import (
    ClientPayloadError,
    ClientResponseError,
    ClientSession,
    ServerDisconnectedError,
)

HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"


def idle(session: ClientSession) -> int:
    return session.connector._pool.idle_count


@pytest.mark.parametrize(
    "answer",
    [
        HALF,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    ],
)
async def test_a_body_that_breaks_off_is_an_error(serve, session, answer):
    """Never a short body that looks whole."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)

    server = await serve(talk)
    async with session.get(server.url) as response:
        with pytest.raises(ClientPayloadError, match="not completed"):
            await response.read()
    async with session.get(server.url) as response:
        with pytest.raises(ClientPayloadError):
            async for _ in response.content.iter_any():
                pass


async def test_broken_chunks_are_an_error(serve, session):
    """The rest of the connection cannot be trusted."""
    server = await serve(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n"
    )
    with pytest.raises((ClientPayloadError, ClientResponseError)):
        async with session.get(server.url) as response:
            await response.read()
    assert idle(session) == 0


async def test_a_body_without_length_ends_with_the_connection(serve, session):
    """RFC 9112 §6.3 rule 8."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nto the ")
        await asyncio.sleep(0.01)
        writer.write(b"end")

    server = await serve(talk)
    async with session.get(server.url) as response:
        assert await response.text() == "to the end"


async def test_such_a_body_can_be_declared_empty(serve, session):
    """`read_until_eof=False`, for servers that leave the length out and the connection open."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await reader.read()

    server = await serve(talk)
    async with session.get(server.url, read_until_eof=False) as response:
        assert await response.read() == b""


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", ServerDisconnectedError),
        (b"HTTP/1.1 200 OK\r\nConte", ServerDisconnectedError),
        (b"SSH-2.0-OpenSSH_9.2\r\n", ClientResponseError),
        (b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", ClientResponseError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", ClientResponseError),
        (b"HTTP/2.0 200 OK\r\n\r\n", ClientResponseError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 9000 + b"\r\n\r\n", ClientResponseError),
    ],
)
async def test_an_answer_that_is_no_answer_is_an_error(serve, session, answer, error):
    """Said at once, and the connection is gone."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)

    server = await serve(talk)
    with pytest.raises(error):
        await session.get(server.url)
    assert idle(session) == 0


async def test_limits_of_the_head_can_be_raised(serve, session):
    """Some servers put a kilobyte of policy into a header, and some ten."""
    server = await serve(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 9000 + b"\r\nContent-Length: 0\r\n\r\n")
    async with session.get(server.url, max_field_size=10_000) as response:
        assert len(response.headers["X"]) == 9000
