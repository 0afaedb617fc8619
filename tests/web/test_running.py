"""What a server does between its runner and its connections: who is counted, waited for, told."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from notebook_http import web

Serve = Callable[..., Awaitable[int]]
Talk = Callable[[int, bytes], Awaitable[bytes]]
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def hello(request: web.BaseRequest) -> web.Response:
    return web.Response(text="hello")


async def until(condition: Callable[[], bool]) -> None:
    """Return when *condition* holds."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def leave(writer: asyncio.StreamWriter) -> None:
    """Reset the connection: a mere end might come of a client that still listens."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def listening(
    handler: Any, *clean_up: Any, **settings: Any
) -> tuple[web.AppRunner, web.Server, int]:
    """Return a runner that listens, its server, and its port."""
    app = web.Application()
    app.on_cleanup.extend(clean_up)
    app.router.add_route("*", "/", handler)
    runner = web.AppRunner(app, access_log=None, **settings)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert runner.server is not None
    return runner, runner.server, site.port


async def test_requests_are_counted_from_when_they_begin() -> None:
    """Over all connections, those that are closed by now included."""
    go = asyncio.Event()

    async def wait(request: web.Request) -> web.Response:
        await go.wait()
        return web.Response()

    runner, server, port = await listening(wait)
    assert server.requests_count == 0
    writers = [(await asyncio.open_connection("127.0.0.1", port))[1] for _ in range(3)]
    for writer in writers:
        writer.write(GET)
    await until(lambda: server.requests_count == 3)
    writers[0].close()
    go.set()
    await until(lambda: len(server.connections) == 2)
    assert server.requests_count == 3
    writers[1].write(GET)
    await until(lambda: server.requests_count == 4)
    await runner.cleanup()
    assert server.requests_count == 4
    for writer in writers:
        writer.close()


async def test_a_handler_whose_client_left_is_waited_for() -> None:
    """The application is not taken down under it."""
    notes: list[str] = []

    async def store(request: web.Request) -> web.Response:
        notes.append("begun")
        await asyncio.sleep(0.3)
        notes.append("stored")
        return web.Response()

    async def note(app: web.Application) -> None:
        notes.append("cleaned")

    runner, server, port = await listening(store, note)
    _reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET)
    await until(lambda: notes == ["begun"])
    (connection,) = server.connections
    leave(writer)
    await until(lambda: not connection.connected)
    assert server.connections == [connection]
    async with asyncio.timeout(5):
        await runner.cleanup()
    assert notes == ["begun", "stored", "cleaned"]
    assert server.connections == []


async def test_a_handler_whose_client_left_is_cancelled_in_the_end() -> None:
    """After `shutdown_timeout`, as any other."""
    notes: list[str] = []

    async def endless(request: web.Request) -> web.Response:
        notes.append("begun")
        try:
            await asyncio.sleep(60)
        finally:
            notes.append("ended")
        return web.Response()

    runner, server, port = await listening(endless, shutdown_timeout=0.1)
    _reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET)
    await until(lambda: notes == ["begun"])
    (connection,) = server.connections
    leave(writer)
    await until(lambda: not connection.connected)
    async with asyncio.timeout(5):
        await runner.cleanup()
    assert notes == ["begun", "ended"]


async def test_a_connection_tells_of_itself(tmp_path: Path) -> None:
    """What aiohttp's code asks of `request.protocol`."""
    seen: list[Any] = []

    async def look(request: web.Request) -> web.Response:
        protocol = request.protocol
        seen[:] = [protocol, protocol.peername, protocol.sockname, protocol.connected]
        return web.Response()

    runner, server, port = await listening(
        look, keepalive_timeout=7, max_line_size=100, max_field_size=200, max_headers=9
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET)
    await reader.readuntil(b"\r\n\r\n")
    protocol = seen[0]
    assert seen[1:] == [writer.get_extra_info("sockname"), ("127.0.0.1", port), True]
    assert (protocol.keepalive_timeout, protocol.max_headers) == (7, 9)
    assert (protocol.max_line_size, protocol.max_field_size) == (100, 200)
    assert (protocol.ssl_context, protocol.access_log, protocol.access_logger) == (None,) * 3
    assert protocol.logger is server.settings.logger
    assert protocol.debug is False
    assert server.handler_cancellation is False
    writer.close()
    await until(lambda: not protocol.connected)
    assert protocol.sockname is None
    await runner.cleanup()


async def test_a_connections_log_is_the_servers(caplog: pytest.LogCaptureFixture) -> None:
    """Debugging lines in debug mode only."""

    async def write(request: web.Request) -> web.Response:
        request.protocol.log_debug("debugging %s", "it")
        try:
            raise LookupError("gone")
        except LookupError:
            request.protocol.log_exception("handled %s", "it")
        return web.Response()

    for debug in (False, True):
        caplog.clear()
        runner, _, port = await listening(write, debug=debug)
        with caplog.at_level("DEBUG", "notebook_http.server"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(GET)
            await reader.readuntil(b"\r\n\r\n")
        ours = [each for each in caplog.records if each.name == "notebook_http.server"]
        said = [each.getMessage() for each in ours]
        assert said == ["debugging it"] * debug + ["handled it"]
        assert "gone" in caplog.text
        writer.close()
        await runner.cleanup()


async def test_a_body_that_was_dropped_is_no_empty_body(serve: Serve, talk: Talk) -> None:
    """Who reads it behind the answer is told, instead of getting a part of it."""
    kept: list[web.Request] = []

    async def keep(request: web.Request) -> web.Response:
        kept.append(request)
        return web.Response(headers={"Connection": "close"})

    port = await serve(keep)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst")
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b" last")
    await until(lambda: kept[0].content.exception() is not None)
    with pytest.raises(web.PayloadAccessError, match="before the handler returns"):
        await kept[0].read()
    writer.close()


@pytest.mark.parametrize(("length", "goes_on"), [(10, True), (2**20 + 10, False)])
async def test_an_answer_tells_whether_the_rest_of_a_body_is_waited_for(
    serve: Serve, length: int, goes_on: bool
) -> None:
    """A client must not send its next request over a connection that is about to end."""

    async def refuse(request: web.Request) -> web.Response:
        raise web.HTTPRequestEntityTooLarge(max_size=1, actual_size=length)

    port = await serve(refuse)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n12345" % length)
    head = await reader.readuntil(b"\r\n\r\n")
    assert (b"Connection: close" not in head) is goes_on
    writer.close()


async def test_a_sites_time_limit_is_its_runners() -> None:
    """With aiohttp's warning."""
    runner, _, _ = await listening(hello)
    with pytest.warns(DeprecationWarning, match="should be set on BaseRunner") as caught:
        web.TCPSite(runner, "127.0.0.1", 0, shutdown_timeout=0.5)
    assert caught[0].filename == __file__
    assert runner.shutdown_timeout == 0.5
    await runner.cleanup()


@pytest.mark.skipif(os.name == "nt", reason="there it works")
async def test_named_pipes_are_for_windows() -> None:
    """Aiohttp's error, with what to take instead."""
    runner, _, _ = await listening(hello)
    with pytest.raises(RuntimeError, match=r"Named Pipes only available in proactor.*UnixSite"):
        web.NamedPipeSite(runner, r"\\.\pipe\name")
    await runner.cleanup()


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Sydney"])
def test_the_access_log_tells_local_time(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one of these two it is summer and in the other winter, whenever this runs."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    lines: list[str] = []

    class Log:
        def info(self, line: str, extra: Any) -> None:
            lines.append(line)

    log: Any = Log()
    nobody: Any = None
    web.AccessLogger(log, "%t").log(nobody, nobody, 0.0)
    offset = time.strftime("%z")
    monkeypatch.undo()
    time.tzset()
    assert re.fullmatch(rf"\[\d\d/\w+/\d{{4}}:[\d:]{{8}} {re.escape(offset)}\]", lines[0])


async def test_a_thousand_connections_close_in_time_in_proportion() -> None:
    """Four times as many take about four times as long, and not sixteen."""

    async def shut_down(count: int) -> float:
        runner, server, port = await listening(hello)
        clients = []
        for _ in range(count):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
            clients.append(client)
            if len(clients) % 100 == 0:
                await until(lambda: len(server.connections) == len(clients))
        before = time.process_time()
        await runner.cleanup()
        cost = time.process_time() - before
        assert server.connections == []
        for client in clients:
            client.close()
        return cost

    few = min([await shut_down(100) for _ in range(3)])
    many = min([await shut_down(400) for _ in range(2)])
    assert many < 9 * few + 0.01
