"""Files on their way: over TLS, to slow clients and those who leave, and files that change."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trustme

import notebook_http as nh
from notebook_http import web
from tests.web.answers_of_files import LARGE, SMALL, fields, sending, status

Serve = Callable[..., Awaitable[int]]
Ask = Callable[..., Awaitable[tuple[bytes, bytes]]]

# More than the buffers of both sockets hold, so that a client that does not read is waited for.
HUGE = os.urandom(2**20) * 24


def descriptors_of(path: Path) -> int:
    """Return how many descriptors of this process are of *path*."""
    found = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            found += os.readlink(f"/proc/self/fd/{name}") == str(path)
        except OSError:
            continue  # the one of the listing itself
    return found


async def until(condition: Callable[[], bool]) -> None:
    """Return once *condition* holds; fail after ten seconds."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture
def huge(tmp_path: Path) -> Path:
    """Return a file of 24 MiB."""
    path = tmp_path / "huge"
    path.write_bytes(HUGE)
    return path


async def test_a_client_that_reads_slowly_gets_all_of_it(
    serve: Serve, ask: Ask, huge: Path
) -> None:
    """While others are served."""
    port = await serve(sending(huge))
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**16)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    for _ in range(3):
        assert (await ask(port, Range="bytes=-5"))[1] == HUGE[-5:]
        assert await reader.readexactly(1) is not None
    rest = await reader.readexactly(len(HUGE) - 3)
    assert rest == HUGE[3:]
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).endswith(HUGE[:2])
    writer.close()
    await until(lambda: descriptors_of(huge) == 0)


async def test_a_client_that_leaves_leaves_nothing_behind(
    serve: Serve, ask: Ask, huge: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """No descriptor, no task, no word in the log."""
    port = await serve(sending(huge))
    for size in (0, 1, 100_000, 3_000_000):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        if size:
            await reader.readexactly(size)
        writer.transport.abort()
    await until(lambda: descriptors_of(huge) == 0)
    assert (await ask(port, Range="bytes=0-3"))[1] == HUGE[:4]
    assert caplog.records == []


async def test_a_shutdown_ends_what_nobody_reads(huge: Path) -> None:
    """In its time, and the file is closed."""
    app = web.Application()
    app.router.add_get("/", sending(huge))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    await until(lambda: descriptors_of(huge) == 1)
    async with asyncio.timeout(5):
        await runner.cleanup()
    await until(lambda: descriptors_of(huge) == 0)
    writer.close()


@pytest.mark.parametrize("cut", [0, 5_000_000])
async def test_a_file_that_shrinks_is_no_whole_answer(
    serve: Serve, huge: Path, cut: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The connection ends before the announced length: the client can tell."""
    port = await serve(sending(huge))
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**16)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert fields(head[:-4])["content-length"] == str(len(HUGE))
    os.truncate(huge, cut)
    async with asyncio.timeout(10):
        body = await reader.read()
    writer.close()
    assert len(body) < len(HUGE)
    assert body == HUGE[: len(body)]
    assert "Error handling request" in caplog.text


async def test_a_file_that_grows_is_sent_as_it_was_announced(serve: Serve, huge: Path) -> None:
    """No byte more: the next answer begins where this one ends."""
    port = await serve(sending(huge))
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**16)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 2)
    await reader.readuntil(b"\r\n\r\n")
    with huge.open("ab") as file:
        file.write(b"more")
    assert await reader.readexactly(len(HUGE)) == HUGE
    head = await reader.readuntil(b"\r\n\r\n")
    assert fields(head[:-4])["content-length"] == str(len(HUGE) + 4)
    writer.close()


@pytest.fixture(scope="module")
def tls() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what a server on localhost and its client need."""
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(client)
    return server, client


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
async def test_over_tls(
    tls: tuple[ssl.SSLContext, ssl.SSLContext], tmp_path: Path, content: bytes
) -> None:
    """Piece by piece: the system cannot encipher. Whole, in part, and when asked again."""
    path = tmp_path / "file"
    path.write_bytes(content)
    app = web.Application()
    app.router.add_get("/", sending(path, chunk_size=1000 * 100))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls[0])
    await site.start()
    try:
        connector = nh.TCPConnector(ssl=tls[1])
        async with nh.ClientSession(f"https://127.0.0.1:{site.port}", connector=connector) as s:
            for _ in range(2):
                async with s.get("/") as response:
                    assert await response.read() == content
                async with s.get("/", headers={"Range": "bytes=-700"}) as response:
                    assert (response.status, await response.read()) == (206, content[-700:])
                async with s.head("/") as response:
                    assert response.content_length == len(content)
        await until(lambda: descriptors_of(path) == 0)
    finally:
        await runner.cleanup()


async def test_a_loop_that_does_not_send_files(
    serve: Serve, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as uvloop's: the file is read piece by piece."""
    path = tmp_path / "file"
    path.write_bytes(LARGE)

    async def refuse(*arguments: object, **options: object) -> None:
        raise NotImplementedError

    loop = asyncio.get_running_loop()
    port = await serve(sending(path))
    before = await ask(port)
    monkeypatch.setattr(loop, "sendfile", refuse)
    head, body = await ask(port)
    assert (status(head), body) == (200, before[1])


async def test_file_systems_of_every_kind(serve: Serve, ask: Ask) -> None:
    """Those that tell what is in memory, and those that cannot: the kernel's own, in memory."""
    for folder in ("/dev/shm", "/tmp"):
        if not os.access(folder, os.W_OK):
            continue
        path = Path(folder, f"file-{os.getpid()}")
        try:
            for content in (SMALL, LARGE):
                path.write_bytes(content)
                port = await serve(sending(path))
                for _ in range(2):
                    assert (await ask(port))[1] == content
                    assert (await ask(port, Range="bytes=10-90"))[1] == content[10:91]
        finally:
            path.unlink()


async def test_what_is_not_in_memory_is_read_in_a_thread(
    serve: Serve, ask: Ask, tmp_path: Path
) -> None:
    """After the system was told to forget it: cold files are sent as known ones are."""
    path = tmp_path / "file"
    for content in (SMALL, LARGE):
        path.write_bytes(content)
        port = await serve(sending(path))
        assert (await ask(port))[1] == content
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        assert (await ask(port))[1] == content
