"""A server of a notebook by itself: started, stopped, listed, and refused what it cannot serve."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

import notebook_http as nh
from notebook_http import web

Get = Callable[..., tuple[int, str]]


async def ask(get: Get, url: str, method: str = "GET") -> tuple[int, str]:
    """Ask from a thread: the server needs this one."""
    return await asyncio.to_thread(get, url, method)


def application(text: str) -> web.Application:
    async def hello(request: web.Request) -> web.Response:
        return web.Response(text=text)

    app = web.Application()
    app.router.add_get("/", hello)
    return app


@pytest.fixture(autouse=True)
async def _nothing_runs_on() -> Any:
    yield
    for server in nh.servers():
        await server.stop()


# A server by itself -----------------------------------------------------------------------------


async def test_a_server_answers_at_its_url(get: Get) -> None:
    """`srv.url + "hello"` is an address: it ends in a slash, and it is a str."""

    async def hello(request: web.Request) -> dict[str, str]:
        return {"hello": request.query["name"]}

    server = nh.Server({"GET /hello": hello}, name="greeter")
    await server.start()
    assert isinstance(server.url, str)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", server.url)
    assert server.running
    assert server.url == f"http://127.0.0.1:{server.port}/"
    assert await ask(get, server.url + "hello?name=Ada") == (200, '{"hello": "Ada"}')
    assert repr(server) == f"<Server 'greeter' {server.url} running>"
    await server.stop()
    assert not server.running
    assert repr(server) == f"<Server 'greeter' {server.url} stopped>"


async def test_it_listens_on_the_loopback_address_only() -> None:
    """A notebook's server runs with its user's rights: nobody else may reach it."""
    async with nh.Server({}) as server:
        (listening,) = server.sockets
        assert listening.getsockname() == ("127.0.0.1", server.port)
        assert listening.family == socket.AF_INET


async def test_stop_twice_start_again(get: Get) -> None:
    """People run cells in any order; a stopped application can be started anew."""
    events: list[str] = []
    app = application("again")
    app.on_startup.append(lambda _: _note(events, "start"))
    app.on_cleanup.append(lambda _: _note(events, "clean"))
    server = nh.Server(app)
    await server.stop()
    for _ in range(3):
        await server.start()
        await server.start()
        assert await ask(get, server.url) == (200, "again")
        await asyncio.gather(server.stop(), server.stop())
        await server.stop()
    assert events == ["start", "clean"] * 3


async def _note(events: list[Any], what: object) -> None:
    events.append(what)


async def test_before_it_starts_it_has_no_address() -> None:
    """An empty address would fail later and say less."""
    server = nh.Server({})
    assert server.port == 0
    assert repr(server) == "<Server not started>"
    with pytest.raises(RuntimeError, match=r"await server\.start\(\)"):
        _ = server.url


async def test_it_cannot_move_while_it_runs() -> None:
    """`start(port)` on a running server would else look as if it had moved."""
    async with nh.Server({}) as server:
        await server.start(server.port)
        with pytest.raises(RuntimeError, match="before it moves"):
            await server.start(server.port + 1)


async def test_a_failing_start_up_raises_and_leaves_no_socket() -> None:
    """The error is the user's own, and the port is free again."""
    events: list[str] = []

    async def resources(app: web.Application) -> Any:
        events.append("opened")
        yield
        events.append("closed")

    async def fail(app: web.Application) -> None:
        msg = "no database"
        raise LookupError(msg)

    app = application("never")
    app.cleanup_ctx.append(resources)
    app.on_startup.append(fail)
    server = nh.Server(app)
    with pytest.raises(LookupError, match="no database"):
        await server.start()
    assert server.state == "failed"
    assert server.sockets == []
    assert events == ["opened", "closed"]
    assert list(nh.servers()) == []
    with socket.create_server(("127.0.0.1", server.port)):
        pass


async def test_a_cancelled_start_leaves_nothing_behind() -> None:
    """Stop pressed during a slow start-up: no socket, no server, clean-up done."""
    events: list[str] = []

    async def slow(app: web.Application) -> None:
        events.append("starting")
        await asyncio.sleep(60)

    app = application("never")
    app.on_startup.append(slow)
    app.on_cleanup.append(lambda _: _note(events, "clean"))
    server = nh.Server(app)
    starting = asyncio.create_task(server.start())
    while not events:
        await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert (server.running, server.sockets, list(nh.servers())) == (False, [], [])
    with socket.create_server(("127.0.0.1", server.port)):
        pass


async def test_a_cancelled_stop_stops_all_the_same() -> None:
    """Nobody may be left with half a server."""
    release = asyncio.Event()
    app = application("x")
    app.on_shutdown.append(lambda _: release.wait())
    server = nh.Server(app)
    await server.start()
    stopping = asyncio.create_task(server.stop())
    await asyncio.sleep(0.05)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert server.state == "stopping"
    release.set()
    await server.stop()
    assert server.state == "stopped"


async def test_stop_during_a_start_ends_both() -> None:
    """`run_app` starts in the background; who stops it right away must not wait for it."""
    app = application("x")
    app.on_startup.append(lambda _: asyncio.sleep(60))
    server = nh.Server(app)
    starting = asyncio.create_task(server.start())
    await asyncio.sleep(0.05)
    await server.stop()
    assert server.state == "stopped"
    with pytest.raises(asyncio.CancelledError):
        await starting


async def test_a_start_that_is_stopped_at_any_step_harms_no_later_server(get: Get) -> None:
    """A socket closed while the loop still watches it makes the loop deaf to the next one.

    The next socket gets the same number, and the loop believes that it is watched already.
    """
    for steps in range(1, 13):
        server = nh.Server({})
        starting = asyncio.create_task(server.start())
        for _ in range(steps):
            await asyncio.sleep(0)
        await server.stop()
        await asyncio.gather(starting, return_exceptions=True)
        assert server.sockets == []
        async with nh.Server({"/": lambda request: "heard"}) as later:
            assert await asyncio.wait_for(ask(get, later.url), 5) == (200, "heard")


async def test_it_can_be_stopped_from_another_loop() -> None:
    """A thread with a loop of its own asks; it is stopped on the loop that it runs on."""
    cleaned: list[object] = []
    app = application("x")
    app.on_cleanup.append(lambda _: _note(cleaned, asyncio.get_running_loop()))
    server = nh.Server(app)
    await server.start()
    await asyncio.to_thread(asyncio.run, server.stop())
    assert server.state == "stopped"
    assert cleaned == [asyncio.get_running_loop()]


async def test_one_application_cannot_have_two_homes() -> None:
    """Its start-up would run twice over the same state."""
    app = application("x")
    async with nh.Server(app):
        other = nh.Server(app)
        with pytest.raises(RuntimeError, match="make another Application"):
            await other.start()
        assert len(nh.servers()) == 1


@pytest.mark.parametrize("app", [None, 5, "GET /", [("GET /", None)], object()])
def test_what_is_no_application_is_refused(app: Any) -> None:
    """The message shows both shapes that are."""
    with pytest.raises(TypeError, match=r'web\.Application or a dict like \{"GET /hello"'):
        nh.Server(app)


@pytest.mark.parametrize(
    ("port", "error"),
    [(-1, ValueError), (70_000, ValueError), ("80", TypeError), (True, TypeError)],
)
async def test_ports_that_are_none_are_refused(port: Any, error: type[Exception]) -> None:
    """Before anything is touched; the operating system's own words are no help."""
    with pytest.raises(error, match="port=0 takes a free one"):
        await nh.serve({}, port=port)


async def test_a_name_is_text() -> None:
    """`serve(app, 8000)` cannot happen, `name=8000` can."""
    with pytest.raises(TypeError, match="name is text"):
        await nh.serve({}, name=8000)  # type: ignore[arg-type]


# What servers() shows ---------------------------------------------------------------------------


async def test_servers_lists_what_runs() -> None:
    """By number, by name, as a slice; a table when shown."""
    one = await nh.serve(application("x"), name="one")
    two = await nh.serve({}, name="two")
    listed = nh.servers()
    assert (list(listed), len(listed), listed[0], listed["two"]) == ([one, two], 2, one, two)
    assert list(listed[1:]) == [two]
    assert one.url in repr(listed)
    with pytest.raises(KeyError, match="'one', 'two'"):
        listed["three"]
    await one.stop()
    assert list(nh.servers()) == [two]


def test_servers_of_a_loop_that_ended_are_forgotten() -> None:
    """Two `asyncio.run` in one script: the first one's servers ended with it."""

    async def start() -> int:
        return (await nh.serve({}, name="short")).port

    first = asyncio.run(start())
    assert list(nh.servers()) == []
    assert asyncio.run(start()) == first
    assert list(nh.servers()) == []


def test_a_script_ends_without_a_word() -> None:
    """No server was stopped, no task awaited; the process just ends."""
    script = textwrap.dedent(
        """
        import asyncio, notebook_http as nh
        async def main():
            server = await nh.serve({"/": lambda request: "hi"}, name="x")
            print((await nh.get(server.url)).text)
        asyncio.run(main())
        """
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert (ran.stdout, ran.stderr) == ("hi\n", "")
