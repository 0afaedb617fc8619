"""While a body is being sent: answers that overtake it, refuse it, or ask for it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from notebook_http.client import ClientConnectionError, ClientSession

REFUSAL = b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def idle(session: ClientSession) -> int:
    return session.connector._pool.idle_count


async def test_an_early_refusal_is_delivered(serve, session):
    """413 and hang up: the answer must win over the broken pipe, every time."""
    big = b"x" * 5_000_000

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig")
        await writer.drain()
        writer.close()

    server = await serve(talk)
    for _ in range(10):
        async with session.post(server.url, data=big) as response:
            assert response.status == 413
            assert await response.text() == "big"
    assert idle(session) == 0


def refuse_and_hang_up(listener: socket.socket) -> None:
    """Answer each connection 413 at its head and hang up; in a thread of its own.

    It must not run on the client's loop: only then does it answer while the client writes.
    """
    while True:
        try:
            sock = listener.accept()[0]
        except OSError:
            return
        with sock, contextlib.suppress(OSError):
            sock.recv(1000)
            sock.sendall(REFUSAL)


@pytest.fixture
def refusing_thread() -> Iterator[Callable[..., int]]:
    """Start such a server; returns its port."""
    with contextlib.ExitStack() as ends:

        def start() -> int:
            listener = socket.create_server(("127.0.0.1", 0))
            thread = threading.Thread(target=refuse_and_hang_up, args=(listener,))
            thread.start()
            ends.callback(thread.join)
            ends.callback(listener.close)
            ends.callback(listener.shutdown, socket.SHUT_RDWR)
            port: int = listener.getsockname()[1]
            return port

        yield start


async def test_a_refusal_by_a_server_that_reads_nothing_is_delivered(refusing_thread, session):
    """It hangs up over bytes that it never read: a reset chases the answer (RFC 9112 §9.6)."""
    port = refusing_thread()
    for _ in range(20):
        # Pieces that the socket takes at once: nothing makes the upload wait, until it fails.
        data = io.BytesIO(bytes(5_000_000))
        async with session.post(f"http://127.0.0.1:{port}/", data=data) as response:
            assert response.status == 413
            assert await response.text() == "big"
    assert idle(session) == 0


async def test_an_answer_that_overtakes_the_body_ends_the_upload(serve, session):
    """The rest of the body would be read as the next request."""
    stopped = asyncio.Event()

    async def endless():
        try:
            while True:
                yield b"x" * 100
                await asyncio.sleep(0.001)
        finally:
            stopped.set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await reader.read()

    server = await serve(talk)
    body = endless()
    async with session.post(server.url, data=body) as response:
        assert await response.text() == "ok"
    await body.aclose()
    assert stopped.is_set()
    assert idle(session) == 0


async def test_a_body_that_was_not_wanted_is_closed(serve, session):
    """A generator's `finally`, an open file: nothing may hang until it is collected."""

    async def refusing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        await asyncio.sleep(10)

    finished: list[str] = []

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 100_000
        finally:
            finished.append("generator")

    server = await serve(refusing)
    async with session.post(server.url, data=endless()) as response:
        assert (response.status, await response.read()) == (413, b"big")
    assert finished == ["generator"]


async def test_an_error_in_the_callers_generator_reaches_the_caller(serve, session):
    """It is the cause, and the request cannot be finished."""

    async def broken():
        yield b"x"
        raise LookupError("no more")

    server = await serve(OK)
    with pytest.raises(ClientConnectionError, match="no more") as caught:
        await session.post(server.url, data=broken())
    assert isinstance(caught.value.__cause__, LookupError)
    assert idle(session) == 0


async def test_a_body_waits_for_100_continue(serve, session, read_request):
    """The server says whether it wants the body before it is sent."""
    seen: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.05)
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        seen.append(await reader.readexactly(4))
        writer.write(OK)
        await reader.read()

    server = await serve(talk)
    async with session.post(server.url, data=b"body", expect100=True) as response:
        assert await response.text() == "ok"
    assert b"Expect: 100-continue" in seen[0]
    assert seen[1] == b"body"
    assert idle(session) == 1


async def test_a_refusal_before_the_body_saves_sending_it(serve, session):
    """417 or 413 in place of `100 Continue`; the body was announced, so the connection closes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n")
        assert await reader.read() == b""

    server = await serve(talk)
    async with session.post(server.url, data=b"body", expect100=True) as response:
        assert response.status == 417
    assert idle(session) == 0
