"""Every wait of a request has a limit, and its error says which one and for what."""

from __future__ import annotations

import asyncio

import pytest

from notebook_http.client import (
    ClientError,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    ServerTimeoutError,
    SocketTimeoutError,
    TCPConnector,
    TotalTimeoutError,
)

SHORT = 0.08


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    while await reader.read(65536):
        pass


async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    await reader.read()


async def test_defaults_are_aiohttps(session):
    """Five minutes for the whole, thirty seconds to connect."""
    timeout = session.timeout
    assert (timeout.total, timeout.sock_connect) == (300, 30)
    assert (timeout.connect, timeout.sock_read) == (None, None)


async def test_total_ends_the_wait_for_an_answer(serve, session):
    """A TimeoutError but no ClientError, as in aiohttp; it says what was waited for."""
    server = await serve(silence)
    with pytest.raises(TotalTimeoutError, match="still waiting for a response") as caught:
        await session.get(server.url + "/slow", timeout=ClientTimeout(total=SHORT))
    assert isinstance(caught.value, TimeoutError)
    assert not isinstance(caught.value, ClientError)
    assert "/slow" in str(caught.value)


async def test_seconds_stand_for_the_total(serve, session):
    """`timeout=5` is what people write."""
    server = await serve(silence)
    with pytest.raises(TotalTimeoutError):
        await session.get(server.url, timeout=SHORT)
    with pytest.raises(TypeError, match="ClientTimeout"):
        await session.get(server.url, timeout="5")


async def test_total_ends_the_wait_for_a_body(serve, session):
    """It runs until the last byte, not until the head."""
    server = await serve(half)
    async with session.get(server.url, timeout=ClientTimeout(total=SHORT)) as response:
        with pytest.raises(TotalTimeoutError, match="body"):
            await response.read()
    async with session.get(server.url, timeout=ClientTimeout(total=SHORT)) as response:
        with pytest.raises(TotalTimeoutError):
            async for _ in response.content.iter_any():
                pass


async def test_total_spans_the_redirects(serve, session):
    """Each hop may be quick while the journey is long."""

    async def slow_hop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(SHORT / 2)
            writer.write(b"HTTP/1.1 302 Go\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")

    server = await serve(slow_hop)
    with pytest.raises(TotalTimeoutError):
        await session.get(server.url, timeout=ClientTimeout(total=SHORT))


async def test_sock_read_ends_a_pause(serve, session):
    """Between two reads; a slow but steady server is fine."""
    server = await serve(half)
    with pytest.raises(SocketTimeoutError, match=r"raise ClientTimeout\(sock_read=…\)"):
        async with session.get(server.url, timeout=ClientTimeout(sock_read=SHORT)) as response:
            await response.read()

    async def steady(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
        for _ in range(6):
            await asyncio.sleep(SHORT / 2)
            writer.write(b"x")
        await reader.read()

    server = await serve(steady)
    async with session.get(server.url, timeout=ClientTimeout(sock_read=SHORT * 1.5)) as response:
        assert await response.read() == b"xxxxxx"


async def test_sock_read_does_not_run_while_a_body_is_sent(serve, session, read_request):
    """The server has no reason to speak before it has heard."""

    async def slowly():
        for _ in range(4):
            await asyncio.sleep(SHORT / 2)
            yield b"x"

    server = await serve(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    timeout = ClientTimeout(sock_read=SHORT)
    async with session.post(server.url, data=slowly(), timeout=timeout) as response:
        assert await response.text() == "ok"


async def test_sock_read_does_not_run_while_the_reader_rests(serve, session):
    """The pause is ours, not the server's."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + b"x" * 900_000
    server = await serve(answer)
    timeout = ClientTimeout(sock_read=SHORT)
    async with session.get(server.url, timeout=timeout, read_bufsize=1000) as response:
        await asyncio.sleep(SHORT * 3)
        assert len(await response.read()) == 900_000


async def test_connect_covers_the_wait_for_a_slot(serve):
    """The pool is full: the error says so, and nobody is left in the queue."""
    server = await serve(half)
    async with ClientSession(connector=TCPConnector(limit=1)) as session:
        async with session.get(server.url):
            with pytest.raises(ConnectionTimeoutError, match=r"free connection.*raise .*connect="):
                await session.get(server.url, timeout=ClientTimeout(connect=SHORT))
            with pytest.raises(TotalTimeoutError, match="free connection"):
                await session.get(server.url, timeout=ClientTimeout(total=SHORT))
            assert session.connector._pool.waiting_count == 0
        assert session.connector._pool.busy_count == 0


async def test_sock_connect_ends_a_dial(deaf_address, session):
    """A server that does not even say no."""
    with pytest.raises(
        ConnectionTimeoutError, match=r"TCP connection to 127.*raise .*connect="
    ) as caught:
        await session.get(deaf_address, timeout=ClientTimeout(sock_connect=SHORT))
    assert isinstance(caught.value, ServerTimeoutError)
    with pytest.raises(TotalTimeoutError):
        await session.get(deaf_address, timeout=ClientTimeout(total=SHORT))


async def test_a_silent_tls_handshake_ends_too(serve, session):
    """The port is open, but nobody speaks TLS behind it."""
    server = await serve(silence)
    url = server.url.replace("http:", "https:")
    with pytest.raises(ConnectionTimeoutError, match="TLS handshake"):
        await session.get(url, timeout=ClientTimeout(sock_connect=SHORT))


async def test_a_stuck_upload_ends_with_the_total(serve, session):
    """The server does not read: the write buffers fill, and the wait is for them."""

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()
        await asyncio.sleep(SHORT * 3)

    server = await serve(deaf)
    with pytest.raises(TotalTimeoutError):
        await session.post(server.url, data=b"x" * 20_000_000, timeout=ClientTimeout(total=SHORT))
    assert session.connector._pool.busy_count == 0


async def test_a_users_own_timeout_cancels_cleanly(serve, session):
    """`asyncio.timeout` around a request is the other way to say it."""
    server = await serve(silence)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SHORT):
            await session.get(server.url)
    assert session.connector._pool.busy_count == 0


async def test_a_deadline_does_not_outlive_its_request(serve, session):
    """The connection idles on: what was due for the first request must not end the second."""
    server = await serve(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    await session.get(server.url, timeout=ClientTimeout(total=SHORT))
    await asyncio.sleep(SHORT * 1.5)
    async with session.get(server.url) as response:
        assert await response.text() == "ok"
    assert server.connections == 1
