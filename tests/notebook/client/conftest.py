"""A server on a real socket that the notebook's client talks to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from notebook_http.notebook.client import default_client


class Server:
    """Answers by path on a real socket, keeps connections, and notes what it was sent."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.open = 0
        self.asked = asyncio.Event()
        self.url = ""

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = 0
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                self.requests.append(head + await reader.readexactly(length))
                self.asked.set()
                writer.write(await self._answer(head.split(b" ")[1].decode()))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _answer(self, path: str) -> bytes:
        status, headers, body = b"200 OK", b"", b'[{"a": 1}, {"a": 2}]'
        if path == "/slow":
            await asyncio.sleep(30)
        elif path == "/half":
            return b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
        elif path == "/redirect":
            status, headers, body = b"302 Found", b"Location: /cars\r\n", b""
        elif path == "/login":
            headers = b"Set-Cookie: sid=s3cr3t; Path=/\r\n"
        elif path == "/missing":
            status, body = b"404 Not Found", b'{"detail": "no such car"}'
        return b"".join(
            [
                b"HTTP/1.1 %b\r\nContent-Type: application/json\r\n" % status,
                headers,
                b"Content-Length: %d\r\n\r\n" % len(body),
                body,
            ]
        )


@pytest.fixture
def new_server() -> Callable[[], Server]:
    """Make servers that are not started: for tests that have a loop of their own."""
    return Server


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """Return a running server."""
    served = Server()
    listening = await served.start()
    yield served
    listening.close()


@pytest.fixture(autouse=True)
async def _fresh_default_client() -> AsyncIterator[None]:
    """Close the default client behind each test, so that none sees the other's cookies."""
    yield
    await default_client().close()
