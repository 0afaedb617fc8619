"""A recording server, and real bash and curl, for requests in the forms of other programs."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from notebook_http.notebook.client import Client


class Received(NamedTuple):
    """One request as it came in: its line, its headers in their order, its body."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for given, value in self.headers if given.lower() == name), None)

    def meant(self, *without: str) -> dict[str, list[str]]:
        """The headers by lower-case name, but for those that differ from program to program."""
        left: dict[str, list[str]] = {}
        for name, value in self.headers:
            if name.lower() not in without:
                left.setdefault(name.lower(), []).append(value)
        return left


class Recorder:
    """Notes what it is asked, to the byte, and answers `[{"a": 1}]`."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.requests: list[Received] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head[:-4].decode("utf-8", "surrogateescape").split("\r\n")
                pairs = [line.partition(":") for line in lines[1:]]
                headers = [(name, value.strip()) for name, _, value in pairs]
                by_name = {name.lower(): value for name, value in headers}
                if by_name.get("expect", "").lower() == "100-continue":
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = await reader.readexactly(int(by_name.get("content-length", 0)))
                self.raw.append(head + body)
                self.requests.append(Received(lines[0], headers, body))
                writer.write(self._answer(lines[0]))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def _answer(self, line: str) -> bytes:
        verb, path, _ = line.split(" ")
        if path == "/moved":
            return b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
        if path == "/login":
            cookie = b"Set-Cookie: sid=c4n4ryc4n4ry; Path=/; HttpOnly\r\n"
            return b"HTTP/1.1 200 OK\r\n" + cookie + b"Content-Length: 0\r\n\r\n"
        if path == "/missing":
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n"
        return head if verb == "HEAD" else head + b'[{"a": 1}]'


@contextlib.asynccontextmanager
async def _recording() -> AsyncIterator[Recorder]:
    made = Recorder()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server:
        yield made


@pytest.fixture
async def recorder() -> AsyncIterator[Recorder]:
    """A server that notes what it is asked."""
    async with _recording() as made:
        yield made


@pytest.fixture(scope="session")
def recording() -> Callable[[], contextlib.AbstractAsyncContextManager[Recorder]]:
    """What makes such a server on the running loop: for properties, which have many loops."""
    return _recording


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A client without cookies of other tests."""
    from notebook_http.client import DummyCookieJar

    async with Client(cookie_jar=DummyCookieJar()) as made:
        yield made


async def _run_bash(script: str, folder: Path | None = None) -> bytes:
    """Return what real bash prints that runs *script*."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    process = await asyncio.create_subprocess_exec(
        bash,
        "--norc",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )
    out, errors = await process.communicate(script.encode("utf-8", "surrogateescape"))
    assert process.returncode == 0, errors.decode()
    return out


@pytest.fixture
def run_bash() -> Callable[..., Awaitable[bytes]]:
    """What runs a script in real bash, in a folder, and gives what it prints."""
    return _run_bash


@pytest.fixture
def curl() -> None:
    """Skip where there is no curl."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
