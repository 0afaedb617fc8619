"""A server over TLS, with aiofastnet's transports and with asyncio's own."""

from __future__ import annotations

import asyncio
import os
import resource
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from notebook_http import web
from notebook_http.client import ClientSession, TCPConnector
from notebook_http.transport.accelerated import SWITCH
from notebook_http.transport.secure_listener import SecureListener

AUTHORITY = trustme.CA()
LARGE = os.urandom(1024) * 3000


async def answer(request: web.Request) -> web.Response:
    if request.method == "POST":
        return web.Response(body=await request.read())
    return web.Response(text=f"{request.scheme} {request.path}")


def server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    return context


def client_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


@pytest.fixture(params=["aiofastnet", "asyncio"])
async def site(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[web.TCPSite]:
    monkeypatch.setenv(SWITCH, "" if request.param == "aiofastnet" else "1")
    app = web.Application(client_max_size=0)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_context())
    await site.start()
    assert isinstance(site._listener, SecureListener) is (request.param == "aiofastnet")
    yield site
    await runner.cleanup()


def session() -> ClientSession:
    return ClientSession(connector=TCPConnector(ssl=client_context()))


async def test_small_and_large_bodies(site: web.TCPSite) -> None:
    url = f"https://127.0.0.1:{site.port}/a"
    async with session() as client:
        for _ in range(3):
            async with client.get(url) as response:
                assert await response.text() == "https /a"
        async with client.post(url, data=LARGE) as response:
            assert await response.read() == LARGE


async def test_who_speaks_no_tls_disturbs_nobody(site: web.TCPSite) -> None:
    """He is hung up on; the next client is answered; nothing is left of him."""
    for first in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b""):
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(first)
        if not first:
            writer.transport.abort()
        async with asyncio.timeout(10):
            try:
                await reader.read()
            except ConnectionResetError:
                pass
        writer.close()
    async with session() as client, client.get(f"https://127.0.0.1:{site.port}/b") as response:
        assert await response.text() == "https /b"


async def test_a_client_that_distrusts_the_server(site: web.TCPSite) -> None:
    async with ClientSession() as client:
        with pytest.raises(ssl.SSLError):
            await client.get(f"https://127.0.0.1:{site.port}/")


async def test_many_connections_end_and_leave_no_timer(site: web.TCPSite) -> None:
    loop = asyncio.get_running_loop()
    context = client_context()

    async def once() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port, ssl=context)
        writer.write(b"GET /c HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"https /c")
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(once() for _ in range(20)))
    async with asyncio.timeout(10):
        while any(  # what is cancelled stays in the heap until its time
            "aiofastnet" in repr(timer) and not timer.cancelled()
            for timer in loop._scheduled  # type: ignore[attr-defined]
        ):
            await asyncio.sleep(0.01)


async def test_a_stopped_site_answers_who_was_accepted(site: web.TCPSite) -> None:
    context = client_context()
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port, ssl=context)
    await site.stop()
    writer.write(b"GET /d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).endswith(b"https /d")
    writer.close()
    assert site.addresses == []


OUT_OF_FILES = """
import asyncio, resource, ssl, sys
from notebook_http import web

async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1])
    async def answer(request):
        return web.Response(text="here")
    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    open_files = len(__import__("os").listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_files + 8, open_files + 8))
    print(site.port, flush=True)
    await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_out_of_descriptors_connections_wait(tmp_path: Path) -> None:
    """And are accepted when there are some again; meanwhile the loop does not spin."""
    pem = tmp_path / "server.pem"
    certificate = AUTHORITY.issue_cert("127.0.0.1")
    pem.write_bytes(certificate.private_key_and_cert_chain_pem.bytes())
    server = subprocess.Popen(
        [sys.executable, "-c", OUT_OF_FILES, str(pem)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        waiting = [await asyncio.open_connection("127.0.0.1", port) for _ in range(30)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        await asyncio.sleep(0.3)
        for _, writer in waiting:
            writer.close()
        url = f"https://127.0.0.1:{port}/"
        async with asyncio.timeout(20), session() as client, client.get(url) as response:
            assert await response.text() == "here"
        _, errors = server.communicate()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert errors.count("Cannot accept a connection") in range(1, 8)
    # Start-up takes under a second; a loop that spins would spend all of the time waited.
    assert after.ru_utime - before.ru_utime < 5
