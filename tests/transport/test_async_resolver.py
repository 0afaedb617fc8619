"""AsyncResolver asks a name server of the test's own, over UDP."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest

pytest.importorskip("aiodns")

from notebook_http import web
from notebook_http.client import ClientConnectorDNSError, ClientSession, ClientTimeout, TCPConnector
from notebook_http.client.exceptions import ConnectionTimeoutError
from notebook_http.client.tracing import TraceConfig
from notebook_http.transport.async_resolver import AsyncResolver

A, AAAA = 1, 28


class NameServer(asyncio.DatagramProtocol):
    """Answers from its table; names that are not in it do not exist, those with None get nothing.

    Attributes:
        asked: (name, type of record), in order.
        address: host and port, as aiodns takes it.
    """

    def __init__(self, table: dict[str, dict[int, list[str]] | None]) -> None:
        self.table = table
        self.asked: list[tuple[str, int]] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        host, port = transport.get_extra_info("sockname")
        self.address = f"{host}:{port}"

    def datagram_received(self, data: bytes, addr: Any) -> None:
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1 : at + 1 + data[at]].decode())
            at += data[at] + 1
        question, kind = data[12 : at + 5], struct.unpack("!H", data[at + 1 : at + 3])[0]
        name = ".".join(labels)
        self.asked.append((name, kind))
        known = self.table.get(name, {})
        if known is None:
            return
        family = socket.AF_INET if kind == A else socket.AF_INET6
        answers = [socket.inet_pton(family, text) for text in known.get(kind, [])]
        head = struct.pack(
            "!HHHHH", 0x8180 if name in self.table else 0x8183, 1, len(answers), 0, 0
        )
        records = (
            b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(answer)) + answer
            for answer in answers
        )
        self.transport.sendto(data[:2] + head + question + b"".join(records), addr)


@pytest.fixture
async def names() -> AsyncIterator[NameServer]:
    table: dict[str, dict[int, list[str]] | None] = {
        "four.test": {A: ["127.0.0.1"]},
        "both.test": {A: ["127.0.0.1"], AAAA: ["::1"]},
        "many.test": {A: [f"127.0.0.{number}" for number in range(1, 9)]},
        "empty.test": {},
        "silent.test": None,
    }
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        lambda: NameServer(table), local_addr=("127.0.0.1", 0)
    )
    yield server
    transport.close()


@pytest.fixture
async def resolver(names: NameServer) -> AsyncIterator[AsyncResolver]:
    resolver = AsyncResolver(nameservers=[names.address], timeout=0.3, tries=1)
    yield resolver
    await resolver.close()


async def test_a_name_of_one_family(resolver: AsyncResolver) -> None:
    (found,) = await resolver.resolve("four.test", 8080)
    assert found == {
        "hostname": "four.test",
        "host": "127.0.0.1",
        "port": 8080,
        "family": socket.AF_INET,
        "proto": 0,
        "flags": socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    }


async def test_the_family_is_heeded(resolver: AsyncResolver, names: NameServer) -> None:
    assert {each["host"] for each in await resolver.resolve("both.test", 1)} == {"127.0.0.1"}
    assert {kind for _, kind in names.asked} == {A}
    found = await resolver.resolve("many.test", 1, socket.AF_UNSPEC)
    assert {each["host"] for each in found} == {f"127.0.0.{number}" for number in range(1, 9)}


@pytest.mark.parametrize("name", ["none.test", "empty.test", "silent.test"])
async def test_what_cannot_be_had_is_an_os_error(resolver: AsyncResolver, name: str) -> None:
    with pytest.raises(OSError, match=r"\w+ \w+"):
        await resolver.resolve(name, 1)


async def test_a_session_goes_where_the_name_server_says(
    resolver: AsyncResolver, names: NameServer
) -> None:
    async def host(request: web.Request) -> web.Response:
        return web.Response(text=request.host)

    app = web.Application()
    app.router.add_get("/", host)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    told: list[str] = []
    config = TraceConfig()
    for event in ("dns_cache_miss", "dns_cache_hit", "dns_resolvehost_end"):

        async def listen(session: Any, context: Any, params: Any, event: str = event) -> None:
            told.append(f"{event} {params.host}")

        getattr(config, "on_" + event).append(listen)
    connector = TCPConnector(resolver=resolver, force_close=True, family=socket.AF_INET)
    async with ClientSession(connector=connector, trace_configs=[config]) as session:
        for _ in range(2):
            assert await (await session.get(f"http://four.test:{port}/")).text() == (
                f"four.test:{port}"
            )
        with pytest.raises(ClientConnectorDNSError, match=r"none\.test"):
            await session.get(f"http://none.test:{port}/")
    assert told == [
        "dns_cache_miss four.test",
        "dns_resolvehost_end four.test",
        "dns_cache_hit four.test",
        "dns_cache_miss none.test",
    ]
    assert names.asked.count(("four.test", A)) == 1
    assert (await resolver.resolve("four.test", 1))[0][
        "host"
    ] == "127.0.0.1"  # it stays its owner's
    await runner.cleanup()


async def test_time_outs_and_cancels_end_a_look_up(names: NameServer) -> None:
    resolver = AsyncResolver(nameservers=[names.address], timeout=30, tries=1)
    connector = TCPConnector(resolver=resolver, family=socket.AF_INET)
    async with ClientSession(connector=connector) as session:
        with pytest.raises(ConnectionTimeoutError, match=r"the address of silent\.test"):
            await session.get("http://silent.test/", timeout=ClientTimeout(connect=0.2))
        asking = asyncio.create_task(session.get("http://silent.test/").__aenter__())
        while len(names.asked) < 2:
            await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert connector._pool.busy_count == 0
    await resolver.close()


async def test_closing_ends_look_ups_and_frees_the_sockets(names: NameServer) -> None:
    resolver = AsyncResolver(nameservers=[names.address], timeout=30, tries=1)
    aiodns_resolver = resolver._resolver
    asking = asyncio.create_task(resolver.resolve("silent.test", 1))
    while not names.asked:
        await asyncio.sleep(0.01)
    await resolver.close()
    with pytest.raises(OSError, match="cancel"):
        await asyncio.wait_for(asking, 5)
    with pytest.raises(OSError, match="closed"):
        await resolver.resolve("four.test", 1)
    # Not only given up: whoever still holds it finds it closed.
    with pytest.raises(Exception, match=r"(?i)destroyed|closed"):
        await aiodns_resolver.getaddrinfo("four.test")
    await resolver.close()


def test_it_needs_a_running_loop() -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        AsyncResolver()


def test_it_goes_on_in_the_next_loop() -> None:
    """As the sessions and connectors that it serves."""
    kept: list[AsyncResolver] = []

    async def look_up() -> list[str]:
        loop = asyncio.get_running_loop()
        transport, server = await loop.create_datagram_endpoint(
            lambda: NameServer({"four.test": {A: ["127.0.0.1"]}}), local_addr=tuple(place)
        )
        place[:] = transport.get_extra_info("sockname")
        if not kept:
            kept.append(AsyncResolver(nameservers=[server.address], timeout=2, tries=2))
        try:
            found = await asyncio.wait_for(kept[0].resolve("four.test", 1), 5)
        finally:
            transport.close()
        return [each["host"] for each in found]

    place: list[Any] = ["127.0.0.1", 0]
    assert asyncio.run(look_up()) == ["127.0.0.1"]
    assert asyncio.run(look_up()) == ["127.0.0.1"]
    asyncio.run(kept[0].close())
