"""A raw server for what went wrong before, and the oracles that tell.

The canary: an answer that is hidden behind bad bytes. It must never be given to anybody.
"""

from __future__ import annotations

import asyncio
import re
import ssl as ssl_module
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest

from notebook_http import (
    ClientPayloadError,
    ClientResponse,
    ClientResponseError,
    ClientSession,
    ServerDisconnectedError,
    WSMsgType,
)
from notebook_http.wire.websocket_handshake import accept_key

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CANARY = b"HTTP/1.1 200 OK\r\nX-Canary: yes\r\nContent-Length: 6\r\n\r\ncanary"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class RawServer:
    """Says on 127.0.0.1 what it is told to, whatever it is asked.

    Attributes:
        requests: every request, head and body, as it came.
        connections: how many were accepted.
        url: of the root, without a slash at the end.
    """

    def __init__(self, answers: tuple[bytes, ...], talk: Talk | None, step: int) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.url = ""
        self.port = 0
        self._answers = answers
        self._talk = talk
        self._step = step
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None

    async def start(self, ssl: ssl_module.SSLContext | None) -> None:
        self._listener = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=ssl)
        self.port = self._listener.sockets[0].getsockname()[1]
        self.url = f"http{'s' if ssl else ''}://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        self._listener.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def read_request(self, reader: asyncio.StreamReader) -> bytes:
        """Return one request as it came, and keep it."""
        request = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: *(\d+)", request, re.IGNORECASE)
        if length is not None:
            request += await reader.readexactly(int(length[1]))
        elif re.search(rb"\r\ntransfer-encoding: *chunked", request, re.IGNORECASE):
            request += await reader.readuntil(b"0\r\n\r\n")
        self.requests.append(request)
        return request

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        self.connections += 1
        try:
            await (self._talk or self._answer)(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has left
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await self.read_request(reader)
            answer = self._answers[min(len(self.requests), len(self._answers)) - 1]
            step = self._step or len(answer) or 1
            for at in range(0, len(answer), step):
                writer.write(answer[at : at + step])
                await writer.drain()
                await asyncio.sleep(0)
            if not answer:
                return


Serve = Callable[..., Awaitable[RawServer]]
Refused = Callable[..., Awaitable[str]]
ReadWhole = Callable[..., Awaitable[tuple[ClientResponse, bytes]]]


@pytest.fixture
async def raw_server() -> AsyncIterator[Serve]:
    """Return what starts servers.

    The nth request over all connections gets the nth answer, the last one is repeated, b"" hangs
    up. `step` sends so many bytes at a time.
    """
    started: list[RawServer] = []

    async def start(
        *answers: bytes,
        step: int = 0,
        talk: Talk | None = None,
        ssl: ssl_module.SSLContext | None = None,
    ) -> RawServer:
        server = RawServer(answers, talk, step)
        await server.start(ssl)
        started.append(server)
        return server

    yield start
    for server in started:
        await server.stop()
    await asyncio.sleep(0)


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    """Return a session; afterwards, no connection of it may be in use."""
    async with ClientSession() as session:
        yield session
        assert session.connector._pool.busy_count == 0, "a slot was not given back"


@pytest.fixture
def refused(raw_server: Serve, session: ClientSession, read_whole: ReadWhole) -> Refused:
    """Ask a server that answers badly, and see it refused; the error's text comes back.

    Bad bytes, the canary behind them, whole and in single bytes: an error each time, nothing of
    the canary, and the next request has a connection and an answer of its own.
    """

    async def ask(bad: bytes, *, method: str = "GET", steps: tuple[int, ...] = (0, 1)) -> str:
        text = ""
        for step in steps:
            server = await raw_server(bad + CANARY, OK, step=step)
            errors = (ClientResponseError, ClientPayloadError, ServerDisconnectedError)
            with pytest.raises(errors) as caught:
                await read_whole(session, server.url, method)
            text = str(caught.value)
            async with session.get(server.url) as response:
                assert "X-Canary" not in response.headers
                assert await response.read() == b"ok"
            assert server.connections == 2
        return text

    return ask


@pytest.fixture
def read_whole() -> ReadWhole:
    """Return what asks for a URL and reads the answer whole."""

    async def ask(
        session: ClientSession, url: str, method: str = "GET", **options: object
    ) -> tuple[ClientResponse, bytes]:
        async with session.request(method, url, **options) as response:
            return response, await response.read()

    return ask


@pytest.fixture
def most_memory() -> Callable[..., object]:
    """Return what bounds the megabytes that Python has allocated at any moment of a block."""

    @contextmanager
    def bounded(megabytes: float) -> Iterator[None]:
        tracemalloc.start()
        try:
            yield
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < megabytes * 2**20, f"{peak / 2**20:.1f} MiB were in use at once"

    return bounded


class RawWebSocket:
    """Opens WebSockets, sends the bytes it is given, and keeps what comes back.

    Attributes:
        url: where it listens, ws.
        heads: of the handshakes, as they came.
        received: all bytes behind them.
        ended: set when a client has closed.
    """

    def __init__(self, data: bytes, more: str, answer: str) -> None:
        self.url = ""
        self.heads: list[bytes] = []
        self.received = bytearray()
        self.ended = asyncio.Event()
        self._data = data
        self._more = more
        self._answer = answer

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client."""
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        writer.write(self.answer_to(head) + self._data)
        try:
            while data := await reader.read(65536):
                self.received += data
        finally:
            self.ended.set()

    def answer_to(self, head: bytes) -> bytes:
        """Return the head that accepts the handshake of *head*."""
        key = re.search(rb"\r\nSec-WebSocket-Key: *([^\r]+)", head)
        answer = self._answer.format(accept=accept_key(key[1].decode()))
        return f"{answer}{self._more}\r\n".encode()


SWITCHING = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: {accept}\r\n"
)


@pytest.fixture
async def open_websocket(raw_server: Serve) -> Callable[..., Awaitable[RawWebSocket]]:
    """Return what starts servers that open WebSockets and send some bytes.

    `more` are header lines of the handshake's answer; `answer` is another beginning of it, with
    `{accept}` for the right key.
    """

    async def start(data: bytes, more: str = "", *, answer: str = SWITCHING) -> RawWebSocket:
        websocket = RawWebSocket(data, more, answer)
        server = await raw_server(talk=websocket.talk)
        websocket.url = server.url.replace("http", "ws", 1) + "/"
        return websocket

    return start


@pytest.fixture
def code_of() -> Callable[..., Awaitable[int]]:
    """Return what reads from a URL until it is refused: the code that the client closes with."""

    async def read(url: str, **options: object) -> int:
        session = ClientSession()
        async with asyncio.timeout(20), session, session.ws_connect(url, **options) as ws:
            while (message := await ws.receive()).type is not WSMsgType.ERROR:
                assert message.type in (WSMsgType.TEXT, WSMsgType.BINARY), message
            return message.data.code

    return read
