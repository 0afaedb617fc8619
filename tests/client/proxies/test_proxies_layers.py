"""Tunnels from below: without TLS inside, and two layers of TLS that outlive their event loop."""

from __future__ import annotations

import asyncio
import ssl
import threading
from math import inf
from time import perf_counter

import pytest
import trustme
from yarl import URL

from notebook_http.client import ClientSession, ClientTimeout, TCPConnector
from notebook_http.client.connection_key import ConnectionKey
from notebook_http.client.origin import make_key
from notebook_http.client.proxy import Proxy
from notebook_http.client.timings import Timings

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    ("scheme", "tunnels"), [("http", False), ("https", True), ("ws", True), ("wss", True)]
)
def test_what_goes_through_a_tunnel(scheme, tunnels):
    """RFC 6455 §4.1 for WebSockets; http and ws never share a connection."""
    proxy = Proxy(URL("http://p.test:3128"), headers=(("X-Key", "1"),))
    used = proxy.for_target(scheme, "agent")
    assert used.tunnels is tunnels
    assert dict(used.headers).get("User-Agent") == ("agent" if tunnels else None)
    assert dict(used.headers).get("X-Key") == ("1" if tunnels else None)
    key = make_key(URL(f"{scheme}://h.test:8080/"), True, None, used)
    other = make_key(URL("http://h.test:8080/"), True, None, proxy.for_target("http", ""))
    assert (key == other) is (scheme == "http")


async def test_a_tunnel_without_tls_inside(serve, any_proxy, trusting):
    """For WebSockets in the clear: what is written arrives, what is answered comes back."""

    async def talk(reader, writer):
        while data := await reader.read(100):
            writer.write(data.upper())

    server = await serve(talk)
    proxy = Proxy(URL(any_proxy.url), tunnels=True)
    key = ConnectionKey("127.0.0.1", server.port, False, trusting, None, proxy)
    received = asyncio.get_running_loop().create_future()
    async with TCPConnector() as connector:
        connection = await connector.connect(
            key, timeout=ClientTimeout(), total_at=inf, timings=Timings(perf_counter())
        )
        connection.transport.set_protocol(_Listener(received))
        connection.write(b"shout")
        assert await asyncio.wait_for(received, 5) == b"SHOUT"
    assert any_proxy.heads[0].startswith(f"CONNECT 127.0.0.1:{server.port} ".encode())


class _Listener(asyncio.Protocol):
    def __init__(self, received: asyncio.Future[bytes]) -> None:
        self._received = received

    def data_received(self, data: bytes) -> None:
        self._received.set_result(data)


def test_a_tunnel_that_outlives_its_loop(authority: trustme.CA):
    """`asyncio.run` twice: what is left of the first loop is closed, two layers of TLS deep."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    sockets = []

    async def ask(session: ClientSession, url: str, proxy: str) -> int:
        async with session.get(url, proxy=proxy, ssl=trusting) as response:
            (connection,) = session.connector._pool.connections()
            sockets.append(connection.get_extra_info("socket"))
            return response.status

    async def make() -> ClientSession:
        return ClientSession()

    with _Servers(context) as (url, proxy):
        session = asyncio.run(make())
        assert asyncio.run(ask(session, url, proxy)) == 200
        assert asyncio.run(ask(session, url, proxy)) == 200
        assert sockets[0].fileno() == -1
        assert sockets[1].fileno() != -1
        asyncio.run(session.close())
        assert sockets[1].fileno() == -1


class _Servers:
    """A TLS server and a TLS proxy in a thread, on an event loop that stays."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._ready: list[str] = []
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> tuple[str, str]:
        self._thread.start()
        assert self._is_ready.wait(10)
        return self._ready[0], self._ready[1]

    def __exit__(self, *exc_info: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()

        async def target(reader, writer):
            try:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(OK)
                await reader.read()
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.transport.abort()

        async def pump(reader, writer):
            try:
                while data := await reader.read(65536):
                    writer.write(data)
            except (OSError, RuntimeError):
                pass
            finally:
                writer.transport.abort()

        async def front(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 Fine\r\n\r\n")
            inside = await asyncio.open_connection("127.0.0.1", ports[0])
            await asyncio.gather(pump(reader, inside[1]), pump(inside[0], writer))

        listeners = [
            await asyncio.start_server(talk, "127.0.0.1", 0, ssl=self._context)
            for talk in (target, front)
        ]
        ports = [listener.sockets[0].getsockname()[1] for listener in listeners]
        self._ready += [f"https://127.0.0.1:{port}" for port in ports]
        self._is_ready.set()
        await self._over.wait()
        for listener in listeners:
            listener.close()
        await asyncio.sleep(0.1)
