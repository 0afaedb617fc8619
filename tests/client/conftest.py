"""A server that says exactly what a test tells it to, over real sockets."""

from __future__ import annotations

import asyncio
import gc
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from notebook_http.client import ClientSession

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class ScriptedServer:
    """Listens on 127.0.0.1; each connection is one call of `talk`.

    Attributes:
        requests: every request read by `read_request`, head and body, as it came.
        connections: how many were accepted.
        url: of the root, without a slash at the end.
    """

    def __init__(self, talk: Talk, port: int) -> None:
        self.talk = talk
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.requests: list[bytes] = []
        self.connections = 0


@pytest.fixture
def read_request() -> Callable[[asyncio.StreamReader], Awaitable[bytes]]:
    """Return what a scripted connection reads one request with."""
    return _read_request


async def _read_request(reader: asyncio.StreamReader) -> bytes:
    """Return one request as it came; IncompleteReadError when the client has left."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    if length is not None:
        return head + await reader.readexactly(int(length[1]))
    if re.search(rb"\r\ntransfer-encoding: *chunked", head, re.IGNORECASE):
        return head + await reader.readuntil(b"0\r\n\r\n")
    return head


Serve = Callable[..., Awaitable[ScriptedServer]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Return what starts servers, from a function that talks, or from the answers to give.

    With answers (bytes), the nth request over all connections gets the nth answer; the last one is
    repeated. An answer of b"" closes the connection without a word.
    """
    servers: list[asyncio.Server] = []
    talks: set[asyncio.Task[None]] = set()

    async def start(*script: bytes | Talk, **options: object) -> ScriptedServer:
        state: list[ScriptedServer] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                server = state[0]
                request = await _read_request(reader)
                server.requests.append(request)
                reply = script[min(len(server.requests), len(script)) - 1]
                if not reply:
                    return
                writer.write(reply)
                await writer.drain()

        talk = script[0] if callable(script[0]) else answer

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            talks.add(task)
            state[0].connections += 1
            try:
                await talk(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass  # the client has left
            finally:
                talks.discard(task)
                writer.close()

        listener = await asyncio.start_server(connected, "127.0.0.1", 0, **options)
        servers.append(listener)
        state.append(ScriptedServer(talk, listener.sockets[0].getsockname()[1]))
        return state[0]

    yield start
    for listener in servers:
        listener.close()
    for task in list(talks):
        task.cancel()
    await asyncio.gather(*talks, return_exceptions=True)
    await asyncio.sleep(0)


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    """Return a session; afterwards, nothing of it may be left in use."""
    async with ClientSession() as session:
        yield session
        pool = session.connector._pool
        busy = [connection for connection in pool.connections() if not connection.is_idle]
        assert not busy, "a connection is still in use at the end of the test"
        assert pool.busy_count == 0, "a slot was not given back"
        assert pool.waiting_count == 0, "somebody is still waiting for a slot"
    gc.collect()  # an unclosed response or transport warns here, in its own test


@pytest.fixture
def deaf_address() -> Iterator[str]:
    """A port whose queue of connections is full: dialling it hangs, on loopback only."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fillers = []
    for _ in range(3):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    for sock in (*fillers, listener):
        sock.close()
