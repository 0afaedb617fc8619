"""Names, addresses, Happy Eyeballs, and errors that name the host."""

from __future__ import annotations

import asyncio
import socket

import pytest

from notebook_http.client import (
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientOSError,
    ClientSession,
    TCPConnector,
    UnixClientConnectorError,
    UnixConnector,
)
from notebook_http.transport.resolver import AbstractResolver, ResolveResult

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Book(AbstractResolver):
    """A resolver that looks names up in a dict of address lists."""

    def __init__(self, **entries: list[str]) -> None:
        self.entries = entries
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        await asyncio.sleep(0)
        if host not in self.entries:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self.entries[host]
        ]

    async def close(self) -> None:
        pass


async def test_names_are_looked_up_once(serve):
    """Ten seconds are short enough for a name that moves, and long enough for a burst."""
    server = await serve(OK)
    book = Book(host=["127.0.0.1"])
    async with ClientSession(connector=TCPConnector(resolver=book, force_close=True)) as session:
        for _ in range(3):
            async with session.get(f"http://host:{server.port}/") as response:
                assert await response.text() == "ok"
        assert book.asked == ["host"]
        session.connector.clear_dns_cache("host", server.port)
        await session.get(f"http://host:{server.port}/")
        assert book.asked == ["host", "host"]
        with pytest.raises(ValueError, match="host and port"):
            session.connector.clear_dns_cache("host")
    assert b"Host: host:" in server.requests[0]


async def test_the_cache_can_be_switched_off(serve):
    """`use_dns_cache=False`."""
    server = await serve(OK)
    book = Book(host=["127.0.0.1"])
    connector = TCPConnector(resolver=book, force_close=True, use_dns_cache=False)
    async with ClientSession(connector=connector) as session:
        for _ in range(2):
            await session.get(f"http://host:{server.port}/")
    assert book.asked == ["host", "host"]
    assert not connector.use_dns_cache


async def test_a_dead_first_address_does_not_matter(serve):
    """RFC 8305: nobody listens on ::1, or on the first address; the next one answers."""
    server = await serve(OK)
    book = Book(six=["::1", "127.0.0.1"], two=["127.0.0.2", "127.0.0.1"])
    async with ClientSession(connector=TCPConnector(resolver=book)) as session:
        for host in ("six", "two"):
            async with session.get(f"http://{host}:{server.port}/") as response:
                assert await response.text() == "ok"


async def test_a_name_that_does_not_resolve_is_named(session):
    """`.invalid` never does (RFC 6761)."""
    async with ClientSession(connector=TCPConnector(resolver=Book())) as session:
        with pytest.raises(ClientConnectorDNSError) as caught:
            await session.get("http://no.such.host.invalid/")
        assert str(caught.value) == (
            "Cannot resolve no.such.host.invalid: Name or service not known. "
            "Check the spelling of the host name."
        )
        assert caught.value.host == "no.such.host.invalid"
        assert session.connector._pool.busy_count == 0
    async with ClientSession(connector=TCPConnector(resolver=Book(empty=[]))) as session:
        with pytest.raises(ClientConnectorDNSError, match="no address"):
            await session.get("http://empty/")


async def test_a_refused_connection_is_named(unused_port, session):
    """Host, port, cause, and the next thing to try."""
    with pytest.raises(ClientConnectorError) as caught:
        await session.get(f"http://127.0.0.1:{unused_port}/")
    error = caught.value
    assert f"Cannot connect to 127.0.0.1:{unused_port}" in str(error)
    assert "is the server running" in str(error)
    assert isinstance(error, ClientOSError)
    assert isinstance(error.os_error, ConnectionRefusedError)
    assert (error.host, error.port, error.ssl) == ("127.0.0.1", unused_port, True)


@pytest.fixture
def unused_port():
    """A port where nobody listens, for as long as the test runs."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


async def test_localhost_reaches_a_server_on_ipv4(serve, session):
    """`localhost` may be ::1 first."""
    server = await serve(OK)
    async with session.get(f"http://localhost:{server.port}/") as response:
        assert await response.text() == "ok"
        assert response.timings.dns is not None


async def test_the_local_address_can_be_chosen(serve):
    """For machines with several."""
    peers: list[str] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        peers.append(writer.get_extra_info("peername")[0])
        writer.write(OK)

    server = await serve(talk)
    async with ClientSession(connector=TCPConnector(local_addr=("127.0.0.5", 0))) as session:
        await session.get(server.url)
    assert peers == ["127.0.0.5"]


async def test_limits_hold(serve):
    """As many connections as allowed, no more, and everybody gets an answer."""
    most = now = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal most, now
        while True:
            await reader.readuntil(b"\r\n\r\n")
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.005)
            now -= 1
            writer.write(OK)

    for limits in ({"limit": 3}, {"limit_per_host": 3}):
        most = 0
        server = await serve(talk)
        async with ClientSession(connector=TCPConnector(**limits)) as session:
            responses = await asyncio.gather(*[session.get(server.url) for _ in range(20)])
            assert [await response.text() for response in responses] == ["ok"] * 20
        assert most == 3
        assert server.connections <= 3


async def test_a_unix_socket_serves_like_any_other(tmp_path):
    """The URL's host fills the Host header only."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(head) + head)
        await reader.read()
        writer.close()

    path = str(tmp_path / "s")
    server = await asyncio.start_unix_server(talk, path)
    async with ClientSession(connector=UnixConnector(path)) as session:
        async with session.get("http://docker/info") as response:
            assert "Host: docker" in await response.text()
        async with session.get("unix://docker/info") as response:
            head = await response.text()
            assert head.startswith("GET /info HTTP/1.1\r\nHost: docker\r\n")
        assert session.connector.path == path
    server.close()
    await server.wait_closed()
    async with ClientSession(connector=UnixConnector(path + "x")) as session:
        with pytest.raises(UnixClientConnectorError, match="Unix socket"):
            await session.get("http://docker/info")


async def test_force_close_excludes_a_keepalive_time():
    """They contradict each other."""
    with pytest.raises(ValueError, match="force_close"):
        TCPConnector(force_close=True, keepalive_timeout=5)


async def test_connector_properties_say_what_was_asked():
    """For programs that look."""
    connector = TCPConnector(limit=5, limit_per_host=2, family=socket.AF_INET)
    assert (connector.limit, connector.limit_per_host, connector.family) == (5, 2, socket.AF_INET)
    assert not connector.force_close
    assert "0 in use, 0 idle" in repr(connector)
    async with connector:
        assert not connector.closed
    assert connector.closed
    assert "closed" in repr(connector)
