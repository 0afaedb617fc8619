"""`web.run_app(app)` in a kernel serves behind the cell; elsewhere it is as in aiohttp."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

import notebook_http as nh
from notebook_http import web
from notebook_http.notebook import kernel_hosting

Get = Callable[..., tuple[int, str]]
kernel = pytest.mark.kernel

MAKE = """
async def hello(request):
    return web.Response(text=TEXT)
def make():
    app = web.Application()
    app.router.add_get("/", hello)
    return app
TEXT = "first"
"""


@pytest.fixture
def free_port() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def hosting(cells: Any) -> Iterator[Any]:
    """The kernel, with `make()` for an application; no server is left behind."""
    assert cells.run(MAKE).error == ""
    yield cells
    assert cells.run("for server in nh.servers(): await server.stop()").error == ""


# In a kernel ------------------------------------------------------------------------------------


@kernel
def test_it_returns_a_handle_at_once_and_answers(hosting: Any, get: Get, free_port: int) -> None:
    """No %load_ext, no await: the same line as in a script. The card comes once."""
    ran = hosting.run(f"server = web.run_app(make(), port={free_port})\nprint(server.url)")
    assert (ran.error, ran.stderr) == ("", "")
    assert ran.stdout == f"http://127.0.0.1:{free_port}/\n"
    assert len(ran.cards) == 1
    assert f"http://127.0.0.1:{free_port}/" in ran.cards[0]["text/html"]
    assert get(f"http://127.0.0.1:{free_port}/") == (200, "first")
    assert hosting.run("server").value["text/plain"].startswith("Server (running)")
    assert hosting.run("await server.stop()\nprint(server)").stdout.endswith("stopped>\n")


@kernel
def test_the_port_listens_before_the_call_returns(hosting: Any, free_port: int) -> None:
    """A sync cell may go on to tell others of the address: they wait, and are not refused."""
    ran = hosting.run(
        "import socket\n"
        f"server = web.run_app(make(), port={free_port})\n"
        f"socket.create_connection(('127.0.0.1', {free_port}), timeout=1).close()\n"
        "print(server.state)"
    )
    assert (ran.error, ran.stdout) == ("", "starting\n")


@kernel
def test_twenty_runs_leave_one_socket(hosting: Any, get: Get, free_port: int) -> None:
    """No Errno 98, no second card, nothing on stderr, and the newest code answers."""
    before = _listening_ports(hosting)
    for number in range(20):
        ran = hosting.run(f"TEXT = 'run {number}'\nweb.run_app(make(), port={free_port})", "app")
        assert (ran.error, ran.stderr, len(ran.cards)) == ("", "", 1)
        assert ran.value["text/plain"] == f"<Server http://127.0.0.1:{free_port}/ running>"
        if number % 5 == 4:
            assert get(f"http://127.0.0.1:{free_port}/") == (200, f"run {number}")
    assert _listening_ports(hosting) - before == {free_port}
    assert hosting.run("print(len(nh.servers()))").stdout == "1\n"


def _listening_ports(cells: Any) -> set[int]:
    """Return the ports on which the kernel's process listens."""
    code = (
        "import os, psutil\n"
        "print(*[c.laddr.port for c in psutil.Process(os.getpid()).net_connections('tcp')"
        " if c.status == psutil.CONN_LISTEN])"
    )
    return {int(port) for port in cells.run(code).stdout.split()}


@kernel
def test_an_application_can_be_run_again(hosting: Any, get: Get, free_port: int) -> None:
    """A cell with only `web.run_app(app)` in it, the application made above."""
    hosting.run("app = make()")
    for _ in range(3):
        assert hosting.run(f"web.run_app(app, port={free_port})", "only run_app").error == ""
        assert get(f"http://127.0.0.1:{free_port}/")[0] == 200


@kernel
def test_cells_that_follow_at_once_leave_one_server(hosting: Any, get: Get, free_port: int) -> None:
    """Run All starts the next cell before the server of the last one is up; none of them fails."""
    serve = f"handles.append(web.run_app(app, port={free_port}))"
    for _ in range(5):
        hosting.run("app = make(); handles = []")
        rans = hosting.run_all(
            [
                (serve, "a"),
                (serve, "a"),
                ("pass", "b"),
                ("await asyncio.sleep(0)", "c"),
                (serve, "d"),
                ("await asyncio.sleep(0.02)", "e"),
                (serve, "f"),
                (serve, "a"),
            ]
        )
        later = hosting.run("await handles[-1].started(); await asyncio.sleep(0.1)")
        assert [ran.error + ran.stderr for ran in (*rans, later)] == [""] * 9
        assert [update for ran in (*rans, later) for update in ran.updates] == []
        assert hosting.run(
            "print(*[each.state for each in handles], len(nh.servers()))"
        ).stdout == ("stopped stopped stopped stopped running 1\n")
        assert get(f"http://127.0.0.1:{free_port}/")[0] == 200


@kernel
def test_a_failing_start_up_shows_in_the_card(hosting: Any, free_port: int) -> None:
    """The cell has ended by then; the card tells what failed and where, and the port is free."""
    ran = hosting.run(
        "async def fail(app):\n"
        "    raise LookupError('no <b>database</b>')\n"
        "app = make()\n"
        "app.on_startup.append(fail)\n"
        f"server = web.run_app(app, port={free_port})"
    )
    assert ran.error == ""
    assert len(ran.cards) == 1
    later = hosting.run("await asyncio.sleep(0.3)\nprint(server.state, nh.servers())")
    (update,) = ran.updates + later.updates
    assert "(failed)" in update["text/html"]
    assert "LookupError: no &lt;b&gt;database&lt;/b&gt;" in update["text/html"]
    assert re.search(r"Cell In\[\d+\], line 2:  raise LookupError", update["text/plain"])
    assert later.stdout.startswith("failed No server runs")
    said = (
        ran.stderr
        + later.stderr
        + "".join(content.get("text", "") for kind, content in later.others if kind == "stream")
    )
    assert said == "", "told once, in the card"
    with socket.create_server(("127.0.0.1", free_port)):
        pass
    assert hosting.run(f"web.run_app(make(), port={free_port})").error == ""


@kernel
def test_a_taken_port_is_an_error_of_this_cell(hosting: Any) -> None:
    """Known at once, in few lines, with the owner; no card, nothing runs."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = hosting.run(f"web.run_app(make(), port={port})")
    assert f"Port {port} on 127.0.0.1 is taken by process {os.getpid()}" in ran.error
    assert len(ran.error.splitlines()) <= 12
    assert ran.cards == []
    assert hosting.run("print(len(nh.servers()))").stdout == "0\n"


@kernel
def test_other_tasks_and_servers_are_left_alone(hosting: Any, get: Get, free_port: int) -> None:
    """Aiohttp's run_app cancels every task of the loop, the kernel's own included."""
    ran = hosting.run(
        "async def tick():\n"
        "    while True:\n"
        "        await asyncio.sleep(0.01)\n"
        "task = asyncio.create_task(tick())\n"
        "other = await nh.serve({'/': lambda r: 'other'}, name='other')\n"
        "print(other.url)"
    )
    for _ in range(2):
        assert hosting.run(f"server = web.run_app(make(), port={free_port})").error == ""
    hosting.run("await server.stop()")
    assert hosting.run("print(task.done(), 1 + 1)").stdout == "False 2\n"
    assert get(ran.stdout.strip()) == (200, "other")
    hosting.run("task.cancel()")


@kernel
def test_signals_stay_the_kernels(hosting: Any, free_port: int) -> None:
    """`run_app` handles SIGINT in a script; here the Stop button belongs to the kernel."""
    code = "import signal; print(signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM))"
    before = hosting.run(code).stdout
    hosting.run(f"web.run_app(make(), port={free_port}, handle_signals=True, print=print)")
    assert hosting.run(code).stdout == before


@kernel
def test_a_middleware_that_is_not_decorated_prints_around_the_handler(
    hosting: Any, get: Get, free_port: int
) -> None:
    """What it prints goes to the cell that started the server."""
    hosting.run(
        "async def middleware_handler(request, handler):\n"
        "    print('Before request')\n"
        "    response = await handler(request)\n"
        "    print('After request')\n"
        "    return response\n"
        "app = web.Application(middlewares=[middleware_handler])\n"
        "app.router.add_get('/', hello)\n"
        f"web.run_app(app, port={free_port})"
    )
    assert get(f"http://127.0.0.1:{free_port}/") == (200, "first")
    later = hosting.run("await asyncio.sleep(0.5)")
    printed = later.stdout + "".join(
        content["text"] for kind, content in later.others if kind == "stream"
    )
    assert printed == "Before request\nAfter request\n"


@kernel
def test_an_application_may_still_have_to_be_made(hosting: Any, get: Get, free_port: int) -> None:
    """`run_app(make_app())` with a coroutine; its routes come to the card when they are known."""
    ran = hosting.run(
        "async def make_app():\n"
        "    await asyncio.sleep(0.05)\n"
        "    return make()\n"
        f"server = web.run_app(make_app(), port={free_port})"
    )
    assert ran.error == ""
    assert get(f"http://127.0.0.1:{free_port}/") == (200, "first")
    later = hosting.run("await asyncio.sleep(0.1)")
    (update,) = ran.updates + later.updates
    assert "GET  /" in update["text/plain"]


@kernel
def test_a_host_is_taken_as_given(hosting: Any, get: Get, free_port: int) -> None:
    """Who asks for all interfaces gets them; two addresses are two sockets of one server."""
    ran = hosting.run(
        f"server = web.run_app(make(), host='0.0.0.0', port={free_port})\n"
        "print(server.url, server.sockets[0].getsockname())"
    )
    assert ran.stdout == f"http://127.0.0.1:{free_port}/ ('0.0.0.0', {free_port})\n"
    assert get(f"http://127.0.0.1:{free_port}/") == (200, "first")
    clash = hosting.run(f"web.run_app(make(), port={free_port})")
    assert "listens on other addresses" in clash.error
    assert len(clash.error.splitlines()) <= 12
    hosting.run("await server.stop()")
    for _ in range(3):
        two = hosting.run(
            f"server = web.run_app(make(), host=['127.0.0.1', '127.0.0.2'], port={free_port})\n"
            "print(len(server.sockets))"
        )
        assert (two.error, two.stdout) == ("", "2\n")
        assert get(f"http://127.0.0.2:{free_port}/") == (200, "first")


@kernel
def test_sockets_and_paths_of_ones_own_are_served(hosting: Any, get: Get, tmp_path: Path) -> None:
    """As with aiohttp: `sock=` and `path=`, no port beside them, and again and again."""
    path = tmp_path / "app.sock"
    for _ in range(3):
        ran = hosting.run(f"server = web.run_app(make(), path={str(path)!r})\nprint(server.url)")
        assert (ran.error, ran.stdout) == ("", f"unix:{path}\n")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert b"first" in client.makefile("rb").read()
    assert hosting.run("print(len(nh.servers()))").stdout == "1\n"
    ran = hosting.run("import socket\nmine = socket.create_server(('127.0.0.1', 0))")
    for _ in range(3):
        ran = hosting.run("server = web.run_app(make(), sock=mine)\nprint(server.url)")
        assert ran.error == ""
        assert get(ran.stdout.strip()) == (200, "first")
        hosting.run("mine, = server.sockets")


@kernel
def test_what_is_no_application_is_an_error_of_this_cell(hosting: Any) -> None:
    """Before any socket is opened."""
    ran = hosting.run("web.run_app(make)")
    assert "TypeError" in ran.error
    assert "needs a web.Application" in ran.error
    assert ran.cards == []


@kernel
def test_stopping_right_away_starts_nothing(hosting: Any, free_port: int) -> None:
    """The start is behind the cell, and so may be overtaken."""
    ran = hosting.run(
        f"server = web.run_app(make(), port={free_port})\nawait server.stop()\nprint(server)"
    )
    assert ran.error == ""
    assert ran.stdout == f"<Server http://127.0.0.1:{free_port}/ stopped>\n"
    with socket.create_server(("127.0.0.1", free_port)):
        pass


# Elsewhere --------------------------------------------------------------------------------------


async def test_without_a_kernel_a_running_loop_is_an_error() -> None:
    """Aiohttp's RuntimeError, before anything is touched; installing changes nothing here."""
    kernel_hosting.install()
    with pytest.raises(RuntimeError, match="another loop is running"):
        web.run_app(web.Application())


async def test_uninstalled_it_is_an_error_too(hosted_here: None) -> None:
    """Whoever embeds us can have aiohttp's behaviour back."""
    kernel_hosting.uninstall()
    with pytest.raises(RuntimeError, match="another loop is running"):
        web.run_app(web.Application())


@pytest.fixture
def hosted_here() -> Iterator[None]:
    """The hook filled although no kernel runs here."""
    from notebook_http.web import running_loop

    running_loop.set_host(kernel_hosting._host)
    yield
    running_loop.set_host(None)


async def test_a_failure_on_the_way_closes_what_was_opened(
    hosted_here: None, tmp_path: Path, free_port: int
) -> None:
    """The second of two addresses is taken: the first is free again."""
    with (
        socket.create_server(("127.0.0.2", free_port)),
        pytest.raises(OSError, match=r"127\.0\.0\.2 is taken"),
    ):
        web.run_app(web.Application(), host=["127.0.0.1", "127.0.0.2"], port=free_port)
    with socket.create_server(("127.0.0.1", free_port)):
        pass


async def test_an_unknown_setting_fails_in_the_handle(hosted_here: None) -> None:
    """It is the runner that knows settings; nothing is left open."""
    server: Any = web.run_app(web.Application(), port=0, no_such_setting=1)
    with pytest.raises(TypeError, match="no_such_setting"):
        await server.started()
    assert (server.state, server.sockets) == ("failed", [])


async def test_with_a_certificate_it_is_https(hosted_here: None) -> None:
    """The handle's URL says so, and a client that trusts the certificate is answered."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server: Any = web.run_app({"/": lambda request: "safe"}, port=0, ssl_context=context)  # type: ignore[arg-type]
    await server.started()
    assert server.url == f"https://127.0.0.1:{server.port}/"
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with nh.ClientSession() as session, session.get(server.url, ssl=trusting) as response:
        assert await response.text() == "safe"
    await server.stop()


async def test_requests_that_take_long_do_not_hold_up_the_next_run(hosted_here: None) -> None:
    """run_app's own minute is for processes that end."""
    server: Any = web.run_app(web.Application(), port=0)
    await server.started()
    assert server._settings["shutdown_timeout"] <= 3
    await asyncio.wait_for(server.stop(), 5)


def test_installing_imports_nothing_heavy() -> None:
    """It happens at every import in a kernel, also of programs that never serve."""
    script = textwrap.dedent(
        """
        import sys
        from notebook_http.notebook.kernel_hosting import install
        install()
        heavy = {"asyncio", "pandas", "IPython", "notebook_http.web.application", "yarl", "ssl"}
        print(sorted(heavy & set(sys.modules)))
        """
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
