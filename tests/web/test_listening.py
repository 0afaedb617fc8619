"""Where a site listens and how: backlog, shared ports, ports in use, and whom TLS lets in."""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from notebook_http import web
from notebook_http.client import ClientSession, TCPConnector
from notebook_http.transport.accelerated import SWITCH

AUTHORITY = trustme.CA()
GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


async def about_tls(request: web.Request) -> web.Response:
    peer = request.get_extra_info("peercert")
    ssl_object = request.get_extra_info("ssl_object")
    return web.json_response(
        {
            "peer": dict(item for part in peer["subject"] for item in part) if peer else None,
            "alpn": ssl_object.selected_alpn_protocol() if ssl_object else None,
            "secure": request.secure,
            "context": request.protocol.ssl_context is not None,
        }
    )


@pytest.fixture
async def runner() -> AsyncIterator[web.AppRunner]:
    """A runner that was set up, and may wait a short time for heads."""
    app = web.Application()
    app.router.add_get("/", about_tls)
    runner = web.AppRunner(app, access_log=None, head_timeout=0.3, shutdown_timeout=1.0)
    await runner.setup()
    yield runner
    await runner.cleanup()


async def listen(runner: web.AppRunner, **arguments: Any) -> int:
    """Return the port of a new site."""
    site = web.TCPSite(runner, "127.0.0.1", arguments.pop("port", 0), **arguments)
    await site.start()
    return site.port


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels count in other ways")
@pytest.mark.parametrize(("backlog", "fit"), [(1, 2), (50, 12)])
async def test_backlog(runner: web.AppRunner, backlog: int, fit: int) -> None:
    """So many connections wait until they are accepted (Linux: and one); more are not made."""
    port = await listen(runner, backlog=backlog)
    clients = [socket.socket() for _ in range(12)]
    for client in clients:  # the loop has no turn in between: nobody accepts
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", port))
    until = time.monotonic() + 0.1
    made: list[Any] = []
    while len(made) < fit or time.monotonic() < until:
        assert time.monotonic() < until + 5
        made = list(select.select([], clients, [], 0.02)[1])
    assert len(made) == fit
    for client in clients:
        client.close()


async def test_reuse_port(runner: web.AppRunner) -> None:
    """Two may share a port if both want to."""
    port = await listen(runner, reuse_port=True)
    with pytest.raises(OSError, match="take another port"):
        await listen(runner, port=port)
    assert await listen(runner, port=port, reuse_port=True) == port
    assert len(runner.addresses) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels have other rules")
async def test_reuse_address(runner: web.AppRunner) -> None:
    """A port on which old connections linger is free, or not, as the caller wants it."""
    port = await listen(runner)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET)
    await reader.read()  # the server has closed first: the connection lingers on its side
    writer.close()
    await writer.wait_closed()
    (site,) = runner.sites
    await site.stop()
    with pytest.raises(OSError, match="take another port"):
        await listen(runner, port=port, reuse_address=False)
    assert await listen(runner, port=port) == port


def server_context(*names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(*names or ("127.0.0.1",)).configure_cert(context)
    return context


def client_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


@pytest.fixture(params=["aiofastnet", "asyncio"])
def transports(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both kinds of transports for TLS."""
    monkeypatch.setenv(SWITCH, "" if request.param == "aiofastnet" else "1")


async def told(port: int, context: ssl.SSLContext, name: str = "127.0.0.1") -> bytes:
    """Return the answer that a client with *context* gets when it asks for *name*."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname=name
    )
    writer.write(GET)
    try:
        return (await reader.read()).partition(b"\r\n\r\n")[2]
    finally:
        writer.close()
        try:
            await writer.wait_closed()
        except OSError:
            pass


@pytest.mark.usefixtures("transports")
@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02\x00\x01"])
async def test_a_handshake_that_never_ends_is_cut(runner: web.AppRunner, sent: bytes) -> None:
    """Within the time for a head; others are served meanwhile."""
    port = await listen(runner, ssl_context=server_context())
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    assert await told(port, client_context())
    async with asyncio.timeout(5):
        try:
            assert await reader.read() == b""
        except ConnectionResetError:
            pass
    writer.close()


@pytest.mark.usefixtures("transports")
async def test_a_clients_certificate(runner: web.AppRunner) -> None:
    """Who has none is not let in; whose it is, handlers can see."""
    context = server_context()
    context.verify_mode = ssl.CERT_REQUIRED
    AUTHORITY.configure_trust(context)
    port = await listen(runner, ssl_context=context)
    client = client_context()
    try:
        assert await told(port, client) == b""
    except (ssl.SSLError, ConnectionResetError):
        pass  # in TLS 1.3 the refusal may also be seen as a mere end
    certificate = AUTHORITY.issue_cert("ana@example.org", common_name="Ana")
    certificate.configure_cert(client)
    answer = await told(port, client)
    assert b'"commonName": "Ana"' in answer
    assert b'"secure": true, "context": true' in answer


@pytest.mark.usefixtures("transports")
async def test_the_context_of_a_name(runner: web.AppRunner) -> None:
    """A callback for SNI chooses the certificate."""
    context = server_context("one.example")
    others = {"two.example": server_context("two.example")}
    asked: list[str | None] = []

    def choose(ssl_object: ssl.SSLObject, name: str | None, first: ssl.SSLContext) -> None:
        asked.append(name)
        ssl_object.context = others.get(name or "", first)

    context.sni_callback = choose  # type: ignore[assignment]
    port = await listen(runner, ssl_context=context)
    for name in ("one.example", "two.example"):
        assert b'"secure": true' in await told(port, client_context(), name)
    assert asked == ["one.example", "two.example"]
    with pytest.raises(ssl.SSLError):
        await told(port, client_context(), "three.example")


@pytest.mark.usefixtures("transports")
@pytest.mark.parametrize(
    ("offered", "chosen"),
    [(["h2", "http/1.1"], b'"http/1.1"'), (["h2"], b"null"), (None, b"null")],
)
async def test_alpn(runner: web.AppRunner, offered: list[str] | None, chosen: bytes) -> None:
    """A server that says http/1.1 gets it, whatever else its client could do."""
    context = server_context()
    context.set_alpn_protocols(["http/1.1"])
    port = await listen(runner, ssl_context=context)
    client = client_context()
    if offered:
        client.set_alpn_protocols(offered)
    assert b'"alpn": ' + chosen in await told(port, client)


@pytest.mark.usefixtures("transports")
@pytest.mark.parametrize("side", ["server", "client"])
@pytest.mark.parametrize("what", ["keylog_filename", "_msg_callback"])
async def test_contexts_that_call_back(
    runner: web.AppRunner, tmp_path: Path, side: str, what: str
) -> None:
    """Keys are written to a file (`SSLKEYLOGFILE`), messages are shown; nothing breaks."""
    contexts = {"server": server_context(), "client": client_context()}
    seen: list[Any] = []
    keys = tmp_path / "keys"
    value = str(keys) if what == "keylog_filename" else lambda *message: seen.append(message)
    setattr(contexts[side], what, value)
    port = await listen(runner, ssl_context=contexts["server"])
    connector = TCPConnector(ssl=contexts["client"])
    url = f"https://127.0.0.1:{port}/"
    async with ClientSession(connector=connector) as session, session.get(url) as response:
        assert (await response.json())["secure"]
    assert seen or keys.read_text().count("SECRET") > 1
