"""A server of ours, raw bytes on its socket, and the oracles that tell.

The canary: a request that is hidden behind bad bytes. No handler may ever see it, and its answer
must never come back. Whatever was sent, the server answers its next client: every test is followed
by one.
"""

from __future__ import annotations

import asyncio
import logging
import re
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from notebook_http import web

# It ends the connection: a server that takes it is found out at once, and not by waiting.
CANARY = b"GET /canary HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
GOOD = b"GET /good HTTP/1.1\r\nHost: a\r\n\r\n"
NEXT_CLIENT = b"GET /next-client HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
# What is inside, and must not be told to strangers.
INTERNALS = (b"Traceback", b"notebook_http", b".py", b"Error(", b"httptools", b"0x")


class ServerUnderTest:
    """A server of ours on 127.0.0.1.

    Attributes:
        port: where it listens.
        reached: method and target of every request that a handler has seen, in order.
        log: what the server and its access log have said, the lines made up.
    """

    def __init__(self) -> None:
        self.port = 0
        self.reached: list[str] = []
        self.log: list[logging.LogRecord] = []
        self._runner: web.AppRunner | None = None

    async def start(self, what: Any, settings: dict[str, Any]) -> None:
        app = what
        if not isinstance(what, web.Application):
            app = web.Application(**settings.pop("app", {}))
            app.router.add_get("/next-client", self._answer)
            app.router.add_route("*", "/{path:.*}", self._recording(what or self._answer))
        settings.setdefault("shutdown_timeout", 1.0)
        # A logger of its own: what it is told says nothing of other tests.
        logger = logging.Logger("server under test", logging.DEBUG)
        logger.addHandler(_Keeping(self.log))
        settings.setdefault("access_log", logger)
        settings.setdefault("logger", logger)
        self._runner = web.AppRunner(app, **settings)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = site.port

    def _recording(self, handler: web.Handler) -> web.Handler:
        async def record(request: web.Request) -> web.StreamResponse:
            self.reached.append(f"{request.method} {request.raw_path}")
            return await handler(request)

        return record

    @staticmethod
    async def _answer(request: web.Request) -> web.Response:
        return web.Response(text=f"answer to {request.raw_path}")

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a connection; the caller closes it."""
        return await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)

    async def exchange(self, data: bytes, *, step: int = 0, seconds: float = 20) -> bytes:
        """Send *data*, *step* bytes at a time, and return all that comes until the server closes.

        The client's side stays open: a server that waits for more fails the test.
        """
        reader, writer = await self.connect()
        reading = asyncio.ensure_future(reader.read())
        try:
            async with asyncio.timeout(seconds):
                await send(writer, data, step, reading)
                return await reading
        finally:
            reading.cancel()
            writer.close()

    async def answers_the_next_client(self) -> None:
        """See that whoever comes next is served, whatever happened before."""
        answer = await self.exchange(NEXT_CLIENT)
        assert answer.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 404 ")), answer[:200]

    @staticmethod
    def statuses(answer: bytes) -> list[int]:
        """Return the status of each answer in what a connection gave back."""
        return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]

    def told(self) -> str:
        """Return all lines of the log as they would stand in a file."""
        return "\n".join(record.getMessage() for record in self.log)

    async def stop(self) -> None:
        await self._runner.cleanup()


class _Keeping(logging.Handler):
    """Keeps records."""

    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__()
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)


async def send(
    writer: asyncio.StreamWriter, data: bytes, step: int, until: asyncio.Future[bytes]
) -> None:
    """Send *data* in pieces that are read one by one, until the server has hung up."""
    for at in range(0, len(data), step or len(data) or 1):
        if until.done():
            return
        writer.write(data[at : at + (step or len(data))])
        try:
            await writer.drain()
        except ConnectionError:
            return
        if step:
            await asyncio.sleep(0)


Serve = Callable[..., Awaitable[ServerUnderTest]]
Refused = Callable[..., Awaitable[bytes]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Return what starts servers: an application or a handler (or what answers all), and settings.

    `app` are arguments of the application. Each server has to answer its next client at the end.
    """
    started: list[ServerUnderTest] = []

    async def start(what: Any = None, **settings: Any) -> ServerUnderTest:
        server = ServerUnderTest()
        started.append(server)
        await server.start(what, settings)
        return server

    yield start
    try:
        for server in started:
            await server.answers_the_next_client()
    finally:
        for server in started:
            await server.stop()


@pytest.fixture
def refused(serve: Serve) -> Refused:
    """Send what is no request, and see it refused; the answer comes back.

    Whole, byte by byte, and behind a good request, the canary behind it each time: one short
    answer of *status* that tells nothing of the inside, then the end of the connection; no handler
    has seen a thing, but for the good request.
    """

    async def send_bad(
        bad: bytes, status: int = 400, *, steps: tuple[int, ...] = (0, 1), server: Any = None
    ) -> bytes:
        server = server or await serve()
        answer = b""
        for step in steps:
            for before in (b"", GOOD):
                server.reached.clear()
                answer = await server.exchange(before + bad + CANARY, step=step)
                assert server.statuses(answer) == [200, status][0 if before else 1 :], answer[:500]
                assert server.reached == ["GET /good"][: 1 if before else 0]
                answer = answer[answer.rindex(b"HTTP/1.1 %d " % status) :]
                assert b"\r\nConnection: close\r\n" in answer
                assert b"\r\nContent-Type: text/plain" in answer
                assert len(answer) < 600
                body = answer.partition(b"\r\n\r\n")[2]
                assert not any(internal in body for internal in INTERNALS), body
        return answer

    return send_bad


@pytest.fixture
def most_memory() -> Callable[..., Any]:
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
