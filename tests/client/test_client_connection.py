"""When a connection may be used again, when it is replaced, and what its closing ends."""

from __future__ import annotations

import asyncio
import gc

import pytest

from notebook_http.client import (
    ClientConnectionError,
    ClientOSError,
    ClientSession,
    ServerDisconnectedError,
    TCPConnector,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"


def idle(session: ClientSession) -> int:
    return session.connector._pool.idle_count


# Used again


async def test_one_connection_serves_one_request_after_the_other(serve, session):
    """A handshake each would triple the time of small requests."""
    server = await serve(OK)
    for _ in range(3):
        async with session.get(server.url) as response:
            assert await response.text() == "ok"
    assert server.connections == 1


async def test_the_connection_is_free_before_the_body_is_read(serve, session):
    """A whole answer is ours: the connection need not wait for a slow reader."""
    server = await serve(OK)
    response = await session.get(server.url)
    assert response.connection is None
    assert idle(session) == 1
    assert await response.text() == "ok"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        OK + b"HTTP/1.1 200 OK\r\n",
        OK + b"x",
        b"HTTP/1.1 204 No Content\r\n\r\nx",
    ],
)
async def test_a_connection_that_is_not_clean_is_not_used_again(serve, session, answer):
    """Bytes that nobody asked for would be taken for the answer to the next request."""
    server = await serve(answer)
    async with session.get(server.url) as response:
        await response.read()
    assert idle(session) == 0


async def test_unsolicited_bytes_drop_an_idle_connection(serve, session):
    """An answer that came before its question is an attack, or a 408 on its way out."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await asyncio.sleep(0.02)
        writer.write(OK.replace(b"ok", b"no"))
        await reader.read()

    server = await serve(talk)
    await session.get(server.url)
    await asyncio.sleep(0.06)
    assert idle(session) == 0
    async with session.get(server.url) as response:
        assert await response.text() == "ok"
    assert server.connections == 2


async def test_force_close_uses_each_connection_once(serve):
    """For servers that do not know how to keep one."""
    server = await serve(OK)
    async with ClientSession(connector=TCPConnector(force_close=True)) as session:
        for _ in range(2):
            await session.get(server.url)
        assert idle(session) == 0
    assert server.connections == 2


async def test_idle_connections_are_closed_in_time(serve):
    """A server counts them, too."""
    server = await serve(OK)
    async with ClientSession(connector=TCPConnector(keepalive_timeout=0.05)) as session:
        await session.get(server.url)
        assert idle(session) == 1
        await asyncio.sleep(0.15)
        assert idle(session) == 0


# Half read


async def test_leaving_a_body_half_read_closes_its_connection(serve, session):
    """Its rest is still on the wire, so nobody may use it again."""
    server = await serve(HALF, OK)
    async with session.get(server.url) as response:
        assert await response.content.read(2) == b"ha"
    assert idle(session) == 0
    async with session.get(server.url) as response:
        assert await response.text() == "ok"
    assert server.connections == 2


async def test_what_was_given_back_cannot_be_read(serve, session):
    """Small bodies would be there still, large ones not: an error for both beats luck."""
    server = await serve(OK)
    async with session.get(server.url) as response:
        pass
    with pytest.raises(ClientConnectionError, match="Connection closed"):
        await response.read()
    with pytest.raises(ClientConnectionError, match="Connection closed"):
        await response.content.read()


async def test_a_forgotten_response_gives_its_connection_back(serve, session):
    """A ResourceWarning says that something was left open; the slot is free all the same."""
    server = await serve(HALF)
    response = await session.get(server.url)
    assert session.connector._pool.busy_count == 1
    with pytest.warns(ResourceWarning, match="Unclosed response"):
        del response
    assert session.connector._pool.busy_count == 0
    await asyncio.sleep(0.01)


# Asked once more


async def test_a_dead_kept_connection_is_replaced_once(serve, session):
    """The server closed it while the request was under way: nobody's fault."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await reader.readuntil(b"\r\n\r\n")  # and no answer to the second one

    server = await serve(talk)
    await session.get(server.url)
    async with session.get(server.url) as response:
        assert await response.text() == "ok"
    assert server.connections == 2


async def test_a_post_is_never_sent_twice(serve, session):
    """The server may have done what it was asked before it died (RFC 9110 §9.2.2)."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await reader.readuntil(b"\r\n\r\n")

    server = await serve(talk)
    await session.get(server.url)
    with pytest.raises((ServerDisconnectedError, ClientOSError)):
        await session.post(server.url)
    assert server.connections == 1


async def test_a_fresh_connection_that_dies_is_an_error(serve, session):
    """It did not go stale: the server does not want to answer, and would not the second time."""
    server = await serve(b"")
    with pytest.raises(ServerDisconnectedError):
        await session.get(server.url)
    assert server.connections == 1


async def test_a_request_that_was_answered_in_part_is_not_repeated(serve, session):
    """An interim response is an answer: the server has begun to act."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 102 Processing\r\n\r\n")

    server = await serve(talk)
    await session.get(server.url)
    with pytest.raises(ServerDisconnectedError):
        await session.get(server.url)
    assert server.connections == 1


async def test_a_connection_that_died_while_the_loop_was_blocked_is_noticed(serve, session):
    """A cell computes for a minute; the server hangs up meanwhile; then the cell posts."""
    import time

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)

    server = await serve(talk)
    await session.get(server.url)
    pool = session.connector._pool
    pool._trusted_above = 1e9  # as if it had idled for long
    time.sleep(0.01)
    async with session.post(server.url, data=b"x") as response:
        assert await response.text() == "ok"
    assert server.connections == 2


# While an answer is on its way


async def test_interim_responses_are_skipped(serve, session):
    """103 Early Hints comes before the answer, not in its place."""
    server = await serve(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + OK)
    async with session.get(server.url) as response:
        assert response.status == 200
        assert await response.text() == "ok"


async def test_a_slow_reader_makes_the_server_wait(serve, session):
    """What is buffered is bounded, however large the body."""
    sent = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        size = 50_000_000
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        while sent < size:
            writer.write(b"x" * 100_000)
            await writer.drain()
            sent += 100_000

    server = await serve(talk)
    async with session.get(server.url, read_bufsize=2**16) as response:
        await asyncio.sleep(0.2)
        assert sent < 20_000_000
        read = 0
        async for piece in response.content.iter_chunked(2**20):
            read += len(piece)
    assert read == 50_000_000


async def test_a_connection_paused_at_its_end_reads_again(serve, session):
    """The last bytes may fill the buffer: the next answer must come through all the same."""
    body = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000
    server = await serve(body)
    for _ in range(3):
        response = await session.get(server.url, read_bufsize=100)
        assert len(await response.read()) == 300_000
    assert server.connections == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_closing_the_session_ends_connecting(deaf_address, serve, scheme):
    """A dial or a handshake that nobody answers would go on for half a minute."""
    if scheme == "http":
        url, where = deaf_address, "TCP connection"
    else:
        server = await serve(lambda reader, writer: asyncio.sleep(10))
        url, where = server.url.replace("http:", "https:"), "TLS handshake"
    session = ClientSession()
    pool = session.connector._pool
    waiting = asyncio.create_task(session.get(url))
    await asyncio.sleep(0.1)
    await session.close()
    async with asyncio.timeout(1):
        with pytest.raises(ClientConnectionError, match=f"closed while it waited for .*{where}"):
            await waiting
    assert pool.busy_count == 0


async def test_closing_the_session_fails_requests_under_way(serve):
    """They must not wait for an answer that can no longer come."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    server = await serve(talk)
    session = ClientSession()
    task = asyncio.create_task(session.get(server.url))
    await asyncio.sleep(0.02)
    await session.close()
    with pytest.raises(ClientConnectionError, match="closed"):
        await task
    gc.collect()
