"""Servers, runners and sites: from setting up to a shutdown in good order."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
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


def hello_app() -> web.Application:
    app = web.Application()
    app.router.add_get("/", hello)
    return app


async def started(app: web.Application, **settings: Any) -> tuple[web.AppRunner, int]:
    """Return a runner that listens, and its port."""
    runner = web.AppRunner(app, access_log=None, **settings)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, site.port


async def test_a_low_level_server_answers_without_an_application(talk: Talk) -> None:
    """`web.Server` with a `ServerRunner`."""
    seen: list[web.BaseRequest] = []

    async def handle(request: web.BaseRequest) -> web.Response:
        seen.append(request)
        return web.Response(text=request.path, headers={"Connection": "close"})

    server = web.Server(handle, access_log=None)
    runner = web.ServerRunner(server)
    await runner.setup()
    assert runner.server is server
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert (await talk(site.port, GET)).endswith(b"/")
    assert type(seen[0]) is web.BaseRequest
    await runner.cleanup()
    assert runner.server is None


async def test_settings_that_do_not_exist_are_told() -> None:
    """A misspelt time limit must not be ignored."""
    with pytest.raises(TypeError, match="keepalive_timeuot"):
        web.Server(hello, keepalive_timeuot=5)
    runner = web.AppRunner(hello_app(), lingering=5)
    with pytest.raises(TypeError, match="lingering"):
        await runner.setup()
    await runner.cleanup()


async def test_a_runner_wants_an_application() -> None:
    """Not its factory."""
    with pytest.raises(TypeError, match=r"web\.Application"):
        web.AppRunner(hello_app)  # type: ignore[arg-type]


async def test_handler_args_of_the_application_reach_the_connections(talk: Talk) -> None:
    """They have the last word, as in aiohttp: `run_app` always says a `keepalive_timeout`."""
    app = web.Application(handler_args={"keepalive_timeout": 6, "max_headers": 7})
    runner = web.AppRunner(app, keepalive_timeout=5, read_bufsize=8)
    await runner.setup()
    assert runner.server is not None
    assert runner.server.settings.keepalive_timeout == 6
    assert runner.server.settings.max_headers == 7
    assert runner.server.settings.read_bufsize == 8
    await runner.cleanup()


async def test_sites_tell_where_they_listen(tmp_path: Path, talk: Talk) -> None:
    """Names are URLs; addresses have the port that was found."""
    runner = web.AppRunner(hello_app(), access_log=None)
    with pytest.raises(RuntimeError, match="setup"):
        web.TCPSite(runner)
    await runner.setup()
    tcp = web.TCPSite(runner, "127.0.0.1", 0)
    assert (tcp.name, tcp.port, tcp.addresses) == ("http://127.0.0.1:0", 0, [])
    await tcp.start()
    assert tcp.name == f"http://127.0.0.1:{tcp.port}"
    assert web.TCPSite(runner).name == "http://0.0.0.0:8080"
    assert web.TCPSite(runner, port=1).name == "http://0.0.0.0:1"

    unix = web.UnixSite(runner, tmp_path / "s")
    await unix.start()
    assert unix.name == f"http://unix:{tmp_path / 's'}:"
    reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
    writer.write(GET)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    writer.close()

    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    given = web.SockSite(runner, sock)
    await given.start()
    assert given.name == f"http://127.0.0.1:{sock.getsockname()[1]}"

    assert runner.sites == {tcp, unix, given}
    assert len(runner.addresses) == 3
    assert "listening" in repr(tcp)
    assert tcp.name in repr(runner)
    with pytest.raises(RuntimeError, match="already registered"):
        await tcp.start()
    await tcp.stop()
    assert runner.sites == {unix, given}
    with pytest.raises(RuntimeError, match="not registered"):
        await tcp.stop()
    await runner.cleanup()
    assert runner.sites == set()
    assert not (await asyncio.to_thread(lambda: sock.fileno() >= 0))


async def test_a_taken_port_is_told_and_leaves_no_site() -> None:
    """With what to try next; the class stays the builtin one."""
    runner, port = await started(hello_app())
    site = web.TCPSite(runner, "127.0.0.1", port)
    with pytest.raises(OSError, match="take another port"):
        await site.start()
    assert site not in runner.sites
    await runner.cleanup()


async def test_shutdown_lets_running_requests_finish() -> None:
    """Their answer says that the connection ends; new connections are refused meanwhile."""
    begun = asyncio.Event()
    order: list[str] = []

    async def slow(request: web.Request) -> web.Response:
        begun.set()
        await asyncio.sleep(0.2)
        order.append("answered")
        return web.Response(text="done")

    async def note(app: web.Application) -> None:
        order.append("shutdown")

    app = web.Application()
    app.router.add_get("/", slow)
    app.on_shutdown.append(note)
    runner, port = await started(app)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    idle_reader, idle_writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET + GET)
    await begun.wait()
    ending = asyncio.create_task(runner.cleanup())
    assert await idle_reader.read() == b""
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    answer = await reader.read()
    assert answer.count(b"HTTP/1.1 200") == 1
    assert b"Connection: close" in answer
    assert answer.endswith(b"done")
    await ending
    assert order == ["shutdown", "answered"]
    for each in (writer, idle_writer):
        each.close()


async def test_shutdown_cancels_what_takes_too_long() -> None:
    """After `shutdown_timeout`; the handler can clean up."""
    ended: list[str] = []
    begun = asyncio.Event()

    async def endless(request: web.Request) -> web.Response:
        begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return web.Response()

    app = web.Application()
    app.router.add_get("/", endless)
    runner, port = await started(app, shutdown_timeout=0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET)
    await begun.wait()
    async with asyncio.timeout(5):
        await runner.cleanup()
    assert ended == ["cancelled"]
    assert await reader.read() == b""
    writer.close()


async def test_shutdown_does_not_wait_for_a_body_that_nobody_reads() -> None:
    """It was answered; what the client still has to send is of no use to anybody."""
    runner, port = await started(hello_app())
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 405")
    async with asyncio.timeout(3):  # `lingering_time` is 10 seconds
        await runner.cleanup()
    writer.close()


async def test_a_handler_may_end_its_own_server() -> None:
    """It is not waited for by itself, and still answers."""
    app = web.Application()

    async def stop(request: web.Request) -> web.Response:
        await runner.cleanup()
        return web.Response(text="stopped")

    app.router.add_get("/", stop)
    runner, port = await started(app)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET)
    async with asyncio.timeout(5):
        assert (await reader.read()).endswith(b"stopped")
    writer.close()
    assert runner.addresses == []


async def test_a_cancelled_cleanup_still_cleans_up() -> None:
    """Whoever cannot wait any longer leaves neither connection nor application behind."""
    cleaned: list[str] = []
    begun = asyncio.Event()

    async def endless(request: web.Request) -> web.Response:
        begun.set()
        await asyncio.sleep(60)
        return web.Response()

    async def note(app: web.Application) -> None:
        cleaned.append("cleaned")

    app = web.Application()
    app.router.add_get("/", endless)
    app.on_cleanup.append(note)
    runner, port = await started(app, shutdown_timeout=30)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET)
    await begun.wait()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await runner.cleanup()
    assert cleaned == ["cleaned"]
    assert await reader.read() == b""
    writer.close()


async def test_cleanup_may_be_called_twice() -> None:
    """The second one finds nothing to do but the application's own clean-up."""
    runner, _ = await started(hello_app())
    await runner.cleanup()
    await runner.cleanup()
    assert runner.server is None
    assert runner.addresses == []


async def test_signals_raise_graceful_exit_where_they_are_handled() -> None:
    """And are left alone afterwards."""
    runner = web.AppRunner(hello_app(), handle_signals=True)
    await runner.setup()
    loop = asyncio.get_running_loop()
    assert loop.remove_signal_handler(signal.SIGINT)
    assert loop.remove_signal_handler(signal.SIGTERM)
    await runner.cleanup()
    assert not loop.remove_signal_handler(signal.SIGTERM)
    assert issubclass(web.GracefulExit, SystemExit)


async def test_connections_are_counted_and_forgotten() -> None:
    """What a monitor asks for."""
    runner, port = await started(hello_app())
    server = runner.server
    assert server is not None
    assert repr(server) == "<Server 0 connections>"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET)
    await reader.readuntil(b"\r\n\r\n")
    (connection,) = server.connections
    assert "idle, 1 served" in repr(connection)
    writer.close()
    await asyncio.sleep(0.05)
    assert server.connections == []
    assert "closed" in repr(connection)
    await runner.cleanup()


async def test_force_close_ends_a_connection_at_once() -> None:
    """For who cannot wait."""
    runner, port = await started(hello_app())
    assert runner.server is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.sleep(0.05)
    runner.server.connections[0].force_close()
    assert await reader.read() == b""
    writer.close()
    await runner.cleanup()


async def test_a_client_whose_handshake_ends_after_the_server_is_not_served() -> None:
    """Its application was cleaned up; those of a later life of the server are."""
    served: list[str] = []

    async def handle(request: web.BaseRequest) -> web.Response:
        served.append(request.path)
        return web.Response(text="hello")

    async def first_bytes(protocol: web.RequestHandler, target: bytes) -> bytes:
        ours, theirs = socket.socketpair()
        with ours:
            ours.setblocking(False)
            await loop.sock_sendall(ours, GET.replace(b"/", target, 1))
            await loop.connect_accepted_socket(lambda: protocol, theirs)
            try:
                return await asyncio.wait_for(loop.sock_recv(ours, 1000), 5)
            except ConnectionResetError:
                return b""

    loop = asyncio.get_running_loop()
    server = web.Server(handle, access_log=None)
    accepted = server()  # as asyncio does in front of a TLS handshake
    await server.shutdown()
    assert await first_bytes(accepted, b"/late") == b""
    assert (await first_bytes(server(), b"/again")).startswith(b"HTTP/1.1 200")
    assert served == ["/again"]
    await server.shutdown()


@pytest.mark.skipif(os.name != "posix", reason="Unix sockets")
async def test_a_stale_unix_socket_is_replaced(tmp_path: Path) -> None:
    """A process that died leaves its file behind."""
    path = tmp_path / "s"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))
    stale.close()
    runner = web.AppRunner(hello_app())
    await runner.setup()
    await web.UnixSite(runner, path).start()
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(GET)
    assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200 ")
    writer.close()
    await runner.cleanup()


@pytest.mark.parametrize("turns", range(6))
async def test_a_client_that_comes_in_the_last_moment_is_not_forgotten(turns: int) -> None:
    """It gets an answer, an end or a refusal, in whichever turn of the loop it is accepted."""
    runner, port = await started(hello_app(), shutdown_timeout=5)
    with socket.socket() as client:
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", port))
        for _ in range(turns):
            await asyncio.sleep(0)
        await runner.cleanup()
        async with asyncio.timeout(5):
            try:
                answer = await asyncio.get_running_loop().sock_recv(client, 100)
            except ConnectionResetError:
                answer = b""
    assert answer == b""
