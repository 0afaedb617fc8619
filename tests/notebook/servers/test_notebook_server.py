"""A server of a notebook: started, replaced, stopped, in a script and in a kernel."""

from __future__ import annotations

import asyncio
import os
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
from notebook_http.notebook.listening_socket import PortTakenError

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


# A taken port -----------------------------------------------------------------------------------


async def test_a_port_of_somebody_else_is_named_with_its_owner() -> None:
    """An OSError of few lines: which port, who has it, what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError) as caught:
            await nh.serve({}, port=port)
    message = str(caught.value)
    assert isinstance(caught.value, OSError)
    assert f"Port {port} on 127.0.0.1 is taken by" in message
    assert "port=0 takes one that is free" in message
    assert len(message.splitlines()) <= 12
    assert list(nh.servers()) == []


async def test_in_a_script_two_servers_cannot_share_a_port() -> None:
    """Nothing is run again there, so this is a slip and no replacement."""
    async with nh.Server({}) as server:
        with pytest.raises(PortTakenError, match="which this program has started"):
            await nh.serve({}, port=server.port)
        assert server.running


# Replacing --------------------------------------------------------------------------------------


async def test_the_same_name_takes_the_same_port(get: Get) -> None:
    """The new server answers where the old one did; the old one is stopped."""
    old = await nh.serve(application("old"), name="api")
    new = await nh.serve(application("new"), name="api")
    assert (old.running, new.running) == (False, True)
    assert new.url == old.url
    assert await ask(get, new.url) == (200, "new")
    assert [server.name for server in nh.servers()] == ["api"]


async def test_replacing_closes_kept_connections() -> None:
    """A browser's kept-alive connection must not go on asking the old code."""
    old = await nh.serve(application("old"), name="kept")
    reader, writer = await asyncio.open_connection("127.0.0.1", old.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"old" in await reader.readuntil(b"old")
    await nh.serve(application("new"), name="kept")
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()


async def test_nobody_is_refused_while_it_is_replaced(get: Get) -> None:
    """The listening socket is handed on, so who connects in between waits and is answered."""
    server = await nh.serve(application("0"), name="busy")
    ends = asyncio.Event()

    async def keep_asking() -> list[str]:
        answers = []
        while not ends.is_set():
            status, text = await ask(get, server.url)
            assert status == 200
            answers.append(text)
        return answers

    asking = [asyncio.create_task(keep_asking()) for _ in range(4)]
    for number in range(1, 11):
        await nh.serve(application(str(number)), name="busy")
        await asyncio.sleep(0.02)
    ends.set()
    answers = [int(text) for each in await asyncio.gather(*asking) for text in each]
    assert len(set(answers)) > 3
    assert max(answers) == 10


async def test_a_request_that_takes_long_does_not_hold_up_the_cell() -> None:
    """Three seconds, then its handler is cancelled; nobody waits a minute to run a cell again."""
    ended = asyncio.Event()

    async def endless(request: web.Request) -> web.Response:
        try:
            await asyncio.sleep(600)
        finally:
            ended.set()
        return web.Response()

    server = await nh.serve({"/": endless}, name="slow")
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.sleep(0.1)
    began = asyncio.get_running_loop().time()
    await nh.serve({}, name="slow")
    assert asyncio.get_running_loop().time() - began < 6
    assert ended.is_set()
    writer.close()


async def test_the_same_application_can_be_served_again(get: Get) -> None:
    """A cell that only serves, run again, while the application was made in another cell."""
    app = application("same")
    for _ in range(3):
        server = await nh.serve(app, name="same")
        assert await ask(get, server.url) == (200, "same")


async def test_a_name_keeps_its_port_while_it_is_stopped() -> None:
    """Open pages and copied addresses stay valid; a port that was lost meanwhile is no error."""
    first = await nh.serve({}, name="place")
    await first.stop()
    second = await nh.serve({}, name="place")
    assert second.url == first.url
    await second.stop()
    with socket.create_server(("127.0.0.1", first.port)):
        third = await nh.serve({}, name="place")
        assert third.port != first.port


async def test_a_failing_clean_up_of_the_old_does_not_stop_the_new(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is the old code's failure; it is logged, and the corrected code runs."""

    async def fail(app: web.Application) -> None:
        msg = "cannot close"
        raise LookupError(msg)

    app = application("old")
    app.on_cleanup.append(fail)
    await nh.serve(app, name="dirty")
    new = await nh.serve({}, name="dirty")
    assert new.running
    assert "cannot close" in caplog.text


async def test_a_broken_application_does_not_stop_the_old_one() -> None:
    """A typo in a route is found before anything is touched."""
    old = await nh.serve({}, name="careful")
    with pytest.raises(ValueError, match="Did you mean 'GET /'"):
        await nh.serve({"GTE /": lambda request: "x"}, name="careful")
    assert old.running


async def test_serving_one_name_at_the_same_time_leaves_one_server() -> None:
    """Two tasks, one name: one after the other, and the later one stays."""
    made = await asyncio.gather(*(nh.serve({}, name="race") for _ in range(5)))
    assert [server.running for server in made] == [False] * 4 + [True]
    assert len({server.port for server in made}) == 1


async def test_without_a_name_scripts_get_servers_of_their_own() -> None:
    """There is no cell that could be run again."""
    first, second = await nh.serve({}), await nh.serve({})
    assert first.running
    assert first.port != second.port


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


# In a kernel ------------------------------------------------------------------------------------

SERVE = """
async def hello(request):
    return {"run": RUN}
srv = await nh.serve({"GET /": hello})
print(srv.url)
"""


@pytest.mark.kernel
@pytest.mark.parametrize("cell_id", ["cell-20", None])
def test_running_a_cell_twenty_times_keeps_one_socket(
    cells: Any, get: Get, cell_id: str | None
) -> None:
    """The most common thing that people do with a server's cell."""
    urls = set()
    before = _listening_ports(cells)
    for number in range(20):
        cells.run(f"RUN = {number}")
        ran = cells.run(SERVE, cell_id)
        assert (ran.error, ran.stderr) == ("", "")
        assert len(ran.cards) == 1
        urls.add(ran.stdout.strip())
    (url,) = urls
    assert get(url) == (200, '{"run": 19}')
    assert len(_listening_ports(cells) - before) == 1


def _listening_ports(cells: Any) -> set[int]:
    """Return the ports on which the kernel's process listens."""
    code = (
        "import os, psutil\n"
        "print(*[c.laddr.port for c in psutil.Process(os.getpid()).net_connections('tcp')"
        " if c.status == psutil.CONN_LISTEN])"
    )
    return {int(port) for port in cells.run(code).stdout.split()}


@pytest.mark.kernel
def test_an_edited_cell_is_still_the_same_cell(cells: Any, get: Get) -> None:
    """The front end's id stays when the source changes."""
    first = cells.run("srv = await nh.serve({'/': lambda r: 'one'}); print(srv.url)", "edited")
    second = cells.run("srv = await nh.serve({'/': lambda r: 'two'}); print(srv.url)", "edited")
    assert first.stdout == second.stdout
    assert get(second.stdout.strip()) == (200, "two")


@pytest.mark.kernel
def test_two_servers_of_one_cell_keep_their_two_ports(cells: Any, get: Get) -> None:
    """The call's order in the run tells them apart."""
    code = (
        "a = await nh.serve({'/': lambda r: 'a'})\n"
        "b = await nh.serve({'/': lambda r: 'b'})\n"
        "print(a.url, b.url)"
    )
    first, second = cells.run(code, "pair"), cells.run(code, "pair")
    assert first.stdout == second.stdout
    a, b = second.stdout.split()
    assert (get(a), get(b)) == ((200, "a"), (200, "b"))
    other = cells.run(code, "another cell, same source")
    assert set(other.stdout.split()).isdisjoint({a, b})


@pytest.mark.kernel
def test_the_card_is_shown_once_and_elsewhere_again(cells: Any) -> None:
    """As the last line of its cell the handle adds one line only; in another cell it is a card."""
    ran = cells.run("await nh.serve({'GET /hello': lambda r: 'x'}, name='shown')", "shown")
    assert len(ran.cards) == 1
    assert "/hello" in ran.cards[0]["text/html"]
    assert "text/html" not in ran.value
    assert ran.value["text/plain"].startswith("<Server 'shown' http://127.0.0.1:")
    elsewhere = cells.run("nh.servers()['shown']")
    assert "/hello" in elsewhere.value["text/html"]
    assert elsewhere.cards == []
    table = cells.run("nh.servers()")
    assert "shown" in table.value["text/html"]


@pytest.mark.kernel
def test_an_explicit_port_is_replaced_from_another_cell_but_not_from_its_own(cells: Any) -> None:
    """Another cell means it; twice in one run is a slip."""
    port = cells.run("srv = await nh.serve({}); print(srv.port)", "first").stdout.strip()
    assert cells.run(f"await nh.serve({{}}, port={port})", "second").error == ""
    assert cells.run("print(srv.running)").stdout == "False\n"
    ran = cells.run(
        f"await nh.serve({{}}, port={port})\nawait nh.serve({{}}, port={port})", "third"
    )
    assert "PortTakenError" in ran.error
    assert "this run of the cell" in ran.error
    assert len(ran.error.splitlines()) <= 12


@pytest.mark.kernel
def test_a_taken_port_is_a_short_error_of_its_cell(cells: Any) -> None:
    """Without the extension, too: at most twelve lines, and the owner's process."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = cells.run(f"await nh.serve({{}}, port={port})")
    assert f"Port {port} on 127.0.0.1 is taken by process {os.getpid()}" in ran.error
    assert len(ran.error.splitlines()) <= 12
    assert ran.cards == []


@pytest.mark.kernel
def test_a_kernel_ends_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    """Servers, kept connections and all: sockets just close."""
    from jupyter_client.manager import KernelManager

    manager = KernelManager()
    manager.kernel_spec.argv[0] = sys.executable
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    client.execute(
        "import notebook_http as nh\n"
        "srv = await nh.serve({'/': lambda r: 'x'})\n"
        "r = await nh.get(srv.url)",
        reply=True,
        timeout=60,
    )
    capfd.readouterr()
    client.stop_channels()
    manager.shutdown_kernel(now=False)
    manager.cleanup_resources()
    assert capfd.readouterr().err == ""
