"""Each setting of a server, over a socket: it does what it says, from wherever it was given.

The time limits, `lingering_bytes`, `max_pipelined` and `handler_cancellation` have tests of their
own in `test_incoming` and `test_connection_handler`; the access log has `test_access_log`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import logging
import os
import signal
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trustme

import notebook_http as nh
from notebook_http import web

Serve = Callable[..., Awaitable[int]]
Talk = Callable[[int, bytes], Awaitable[bytes]]

LOG = logging.getLogger("test.settings")
FIRST = b"GET / HTTP/1.1\r\nHost: a\r\n"
# A value other than the default for every setting there is.
SETTINGS: dict[str, Any] = {
    "keepalive_timeout": 11.0,
    "tcp_keepalive": False,
    "logger": LOG,
    "access_log_class": type("Quiet", (web.AccessLogger,), {}),
    "access_log": LOG,
    "access_log_format": "%s",
    "debug": True,
    "max_line_size": 1001,
    "max_field_size": 1002,
    "max_headers": 13,
    "lingering_time": 1.5,
    "lingering_bytes": 1003,
    "read_bufsize": 1004,
    "auto_decompress": False,
    "head_timeout": 1.25,
    "body_timeout": 1.75,
    "max_unfinished_heads": 6,
    "max_unfinished_head_bytes": 100_000,
    "max_pipelined": 5,
    "handler_cancellation": True,
    "timeout_ceil_threshold": 6,
}


def test_every_setting_is_tried_here() -> None:
    """A new one has to be put into the table."""
    names = {each.name for each in dataclasses.fields(web.ConnectionSettings) if each.init}
    assert names == set(SETTINGS)
    default = web.ConnectionSettings()
    assert [name for name in names if getattr(default, name) == SETTINGS[name]] == []


async def noting(request: web.Request) -> web.Response:
    settings = request.protocol.settings
    for name in SETTINGS:
        request.app[SEEN][name] = getattr(settings, name)
    return web.Response()


SEEN: web.AppKey[dict[str, Any]] = web.AppKey("SEEN", dict)


def noting_app(**arguments: Any) -> web.Application:
    app = web.Application(**arguments)
    app[SEEN] = {}
    app.router.add_get("/", noting)
    return app


async def ask(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200")
    writer.close()


@pytest.mark.parametrize("given_to", ["runner", "application", "run_app", "Server"])
def test_settings_may_be_given_in_four_places(given_to: str) -> None:
    """`AppRunner(…)`, `Application(handler_args=…)`, `run_app(…)` and `Server(…)`."""
    app = noting_app(handler_args=SETTINGS if given_to == "application" else None)
    arguments = SETTINGS if given_to in ("runner", "run_app") else {}

    async def with_runner() -> None:
        runner: web.BaseRunner = web.AppRunner(app, **arguments)
        if given_to == "Server":
            await runner.setup()
            runner = web.ServerRunner(web.Server(low_level, **SETTINGS))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        await ask(site.port)
        await runner.cleanup()

    async def low_level(request: web.BaseRequest) -> web.Response:
        settings = request.protocol.settings
        app[SEEN].update((name, getattr(settings, name)) for name in SETTINGS)
        return web.Response()

    def with_run_app() -> None:
        loop = asyncio.new_event_loop()
        tasks = []

        async def ask_and_end(port: int) -> None:
            await ask(port)
            os.kill(os.getpid(), signal.SIGTERM)

        def begin(banner: str) -> None:
            port = int(banner.split()[3].rpartition(":")[2])
            tasks.append(loop.create_task(ask_and_end(port)))

        web.run_app(app, host="127.0.0.1", port=0, loop=loop, print=begin, **arguments)

    if given_to == "run_app":
        with_run_app()
    else:
        asyncio.run(with_runner())
    assert app[SEEN] == SETTINGS


@pytest.mark.parametrize(
    ("setting", "head", "status"),
    [
        ({"max_line_size": 20}, b"GET /%s HTTP/1.1\r\nHost: a\r\n" % (b"a" * 15), b"200"),
        ({"max_line_size": 20}, b"GET /%s HTTP/1.1\r\nHost: a\r\n" % (b"a" * 40), b"414"),
        ({"max_field_size": 30}, FIRST + b"A: %s\r\n" % (b"a" * 20), b"200"),
        ({"max_field_size": 30}, FIRST + b"A: %s\r\n" % (b"a" * 40), b"431"),
        ({"max_headers": 3}, FIRST + b"A: b\r\n", b"200"),
        ({"max_headers": 3}, FIRST + b"A: b\r\n" * 3, b"431"),
    ],
)
async def test_limits_of_a_head(
    serve: Serve, talk: Talk, setting: dict[str, int], head: bytes, status: bytes
) -> None:
    """What is within is answered, what is beyond is refused with the status that says why."""

    async def hello(request: web.Request) -> web.Response:
        return web.Response(headers={"Connection": "close"})

    port = await serve(hello, **setting)
    assert (await talk(port, head + b"\r\n")).split()[1] == status


@pytest.mark.parametrize("undone", [True, False])
async def test_auto_decompress(serve: Serve, talk: Talk, undone: bool) -> None:
    """Bodies reach the handler undone, or as they came."""
    bodies: list[bytes] = []

    async def keep(request: web.Request) -> web.Response:
        bodies.append(await request.read())
        return web.Response(headers={"Connection": "close"})

    port = await serve(keep, auto_decompress=undone)
    data = gzip.compress(b"some text")
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    assert (await talk(port, head % len(data) + data)).startswith(b"HTTP/1.1 200")
    assert bodies == [b"some text" if undone else data]


@pytest.mark.parametrize("wanted", [True, False])
async def test_tcp_keepalive(serve: Serve, talk: Talk, wanted: bool) -> None:
    """The kernel looks for clients that vanished, or does not."""
    options: list[bool] = []

    async def look(request: web.Request) -> web.Response:
        sock = request.get_extra_info("socket")
        options.append(bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)))
        return web.Response(headers={"Connection": "close"})

    await talk(await serve(look, tcp_keepalive=wanted), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert options == [wanted]


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("protocol", [0, socket.IPPROTO_TCP])
async def test_small_pieces_leave_at_once(protocol: int, tls: bool) -> None:
    """Whoever made the listening socket, and however: none waits for the ACK of the one before."""
    options: list[int] = []

    async def look(request: web.Request) -> web.Response:
        sock = request.get_extra_info("socket")
        options.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        return web.Response()

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    listening = socket.socket(proto=protocol)
    listening.bind(("127.0.0.1", 0))
    app = web.Application()
    app.router.add_get("/", look)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.SockSite(runner, listening, ssl_context=context if tls else None)
    await site.start()
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with nh.ClientSession() as session, session.get(site.name, ssl=trusting) as response:
        assert response.status == 200
    await runner.cleanup()
    assert options == [1]


async def test_read_bufsize(serve: Serve) -> None:
    """The client waits when so much of its body waits for the handler."""
    go = asyncio.Event()
    sizes: list[int] = []

    async def slow(request: web.Request) -> web.Response:
        await go.wait()
        sizes.append(len(await request.content.readany()))
        body = await request.read()
        return web.Response(text=str(sizes[0] + len(body)))

    async def held(bufsize: int) -> int:
        go.clear()
        sizes.clear()
        port = await serve(slow, read_bufsize=bufsize)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        total = 8 * 1024**2
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % total)
        writer.write(bytes(total))
        before = -1
        async with asyncio.timeout(10):
            while (left := writer.transport.get_write_buffer_size()) != before:  # type: ignore[attr-defined]
                before = left
                await asyncio.sleep(0.05)
        go.set()
        await reader.readuntil(b"\r\n\r\n")
        writer.close()
        return sizes[0]

    small, large = await held(1024), await held(2 * 1024**2)
    assert small < 1024**2 < large


async def test_logger(serve: Serve, talk: Talk, caplog: pytest.LogCaptureFixture) -> None:
    """What handlers fail of is written where the caller wants it."""

    async def fail(request: web.Request) -> web.Response:
        raise LookupError("on purpose")

    port = await serve(fail, logger=LOG)
    await talk(port, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert [record.name for record in caplog.records] == ["test.settings"]
    assert "on purpose" in caplog.text


async def answer_hello(request: web.Request) -> web.Response:
    return web.Response(text="hello")


async def test_no_connection_is_kept_for_zero_seconds(serve: Serve) -> None:
    """The first request has its time all the same, and its answer says that it is the last."""
    port = await serve(answer_hello, keepalive_timeout=0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.sleep(0.1)
    writer.write(FIRST + b"\r\n")
    async with asyncio.timeout(5):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"Connection: close" in head
    assert body == b"hello"
    writer.close()


async def test_zero_is_no_time_limit(serve: Serve) -> None:
    """Of a head, and of a body."""

    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    port = await serve(echo, head_timeout=0, body_timeout=0, keepalive_timeout=5)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in (b"POST / HTTP/1.1\r\nHost: a\r\n", b"Content-Length: 4\r\n\r\n", b"bo", b"dy"):
        writer.write(piece)
        await asyncio.sleep(0.1)
    async with asyncio.timeout(5):
        assert (await reader.readuntil(b"body")).startswith(b"HTTP/1.1 200 ")
    writer.close()
