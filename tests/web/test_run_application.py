"""`run_app`, in a script and where a loop is running."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from notebook_http import web
from notebook_http.web import running_loop

SCRIPT = """
import asyncio, sys
from notebook_http import web

async def handle(request):
    await asyncio.sleep(float(request.query.get("sleep", 0)))
    return web.Response(text="hello")

async def context(app):
    print("up", flush=True)
    yield
    print("down", flush=True)

async def background(app):
    async def forever():
        try:
            await asyncio.sleep(3600)
        finally:
            print("background ended", flush=True)
    app[TASK] = asyncio.create_task(forever())

TASK = web.AppKey("task", asyncio.Task)
app = web.Application()
app.router.add_get("/", handle)
app.cleanup_ctx.append(context)
app.on_startup.append(background)

async def factory():
    return app

web.run_app({what}, access_log=None, {arguments})
print("returned", flush=True)
"""


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Any]:
    """Start a script that calls `run_app`, wait for its banner, and return process and URL."""
    started: list[subprocess.Popen[str]] = []

    def start(what: str, arguments: str) -> tuple[subprocess.Popen[str], str]:
        path = tmp_path / "server.py"
        path.write_text(textwrap.dedent(SCRIPT).format(what=what, arguments=arguments))
        process = subprocess.Popen(
            [sys.executable, "-X", "dev", "-W", "error", str(path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        banner = process.stdout.readline()
        assert banner.startswith("======== Running on http"), banner
        assert process.stdout.readline() == "(Press CTRL+C to quit)\n"
        return process, banner.split()[3]

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("what", ["app", "factory()"])
def test_it_serves_until_a_signal_comes(script: Any, what: str, ending: signal.Signals) -> None:
    """Then it cleans up, ends what handlers left behind, and returns; nothing warns."""
    process, url = script(what, 'host="127.0.0.1", port=0')
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.read() == b"hello"
    process.send_signal(ending)
    rest, _ = process.communicate(timeout=10)
    assert rest == "down\nbackground ended\nreturned\n"
    assert process.returncode == 0


def test_a_running_request_is_answered_first(script: Any) -> None:
    """A deployment must not cut off who is being served."""
    process, url = script("app", 'host="127.0.0.1", port=0')
    begin = time.monotonic()
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import urllib.request as u; print(u.urlopen({url + '/?sleep=1'!r}).read())",
        ],
        stdout=subprocess.PIPE,
        text=True,
    ) as client:
        time.sleep(0.6)
        process.send_signal(signal.SIGTERM)
        said, _ = client.communicate(timeout=10)
    assert said == "b'hello'\n"
    assert process.communicate(timeout=10)[0].endswith("returned\n")
    assert time.monotonic() - begin < 8


def test_it_listens_in_several_places(script: Any, tmp_path: Path) -> None:
    """Addresses and Unix sockets; the banner names them all."""
    path = tmp_path / "s"
    _, first = script("app", f'host=["127.0.0.1", "127.0.0.2"], port=0, path={str(path)!r}')
    assert first.startswith("http://127.0.0.1:")
    assert path.is_socket()


async def test_on_a_running_loop_it_is_an_error_and_nothing_is_touched() -> None:
    """Aiohttp's RuntimeError, with what to write instead."""

    async def factory() -> web.Application:
        raise AssertionError

    app = web.Application()
    with pytest.raises(RuntimeError, match=r"another loop is running.*AppRunner"):
        web.run_app(app, port=1)
    with pytest.raises(RuntimeError, match="another loop is running"):
        web.run_app(factory(), port=1)
    assert not app.frozen


async def test_on_a_running_loop_somebody_may_serve() -> None:
    """The notebook layer puts itself there and gets every argument."""
    seen: dict[str, Any] = {}

    def serve_here(app: Any, /, **arguments: Any) -> str:
        seen.update(arguments, app=app)
        return "handle"

    app = web.Application()
    before = running_loop.host()
    running_loop.set_host(serve_here)
    try:
        assert running_loop.host() is serve_here
        assert web.run_app(app, port=81, max_headers=5) == "handle"
    finally:
        running_loop.set_host(before)
    assert seen["app"] is app
    assert (seen["port"], seen["host"], seen["max_headers"]) == (81, None, 5)
    assert {"path", "sock", "ssl_context", "print", "keepalive_timeout"} <= set(seen)


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    """The application is cleaned up, the loop closed."""
    code = """
    import socket
    from notebook_http import web
    async def context(app):
        yield
        print("down")
    app = web.Application()
    app.cleanup_ctx.append(context)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0)); taken.listen()
        try:
            web.run_app(app, host="127.0.0.1", port=taken.getsockname()[1])
        except OSError as error:
            print(error.strerror)
    """
    result = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=20,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    down, told = result.stdout.splitlines()
    assert down == "down"
    assert "take another port" in told
    assert result.stderr == ""


def test_a_loop_can_be_given() -> None:
    """It is closed at the end."""
    loop = asyncio.new_event_loop()
    said: list[str] = []

    def end(banner: str) -> None:
        said.append(banner)
        loop.call_soon(os.kill, os.getpid(), signal.SIGINT)

    web.run_app(web.Application(), host="127.0.0.1", port=0, loop=loop, print=end)
    assert loop.is_closed()
    assert len(said) == 1


def test_in_another_thread_it_tells_what_to_pass() -> None:
    """Signals reach the main thread only: an error there, and served without them."""
    app = web.Application()
    loop = asyncio.new_event_loop()
    said: list[str] = []
    errors: list[str] = []

    def serve() -> None:
        try:
            web.run_app(app, host="127.0.0.1", port=0)
        except RuntimeError as error:
            errors.append(str(error))

        def end(banner: str) -> None:
            said.append(banner)
            loop.call_soon(loop.stop)

        try:
            web.run_app(app, host="127.0.0.1", port=0, loop=loop, handle_signals=False, print=end)
        except RuntimeError as error:
            errors.append(str(error))

    thread = threading.Thread(target=serve)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert "pass handle_signals=False" in errors[0]
    assert "Running on http://127.0.0.1:" in said[0]
    assert errors[1:] == ["Event loop stopped before Future completed."]
    assert loop.is_closed()


@pytest.mark.parametrize("what", [5, web.Application, lambda: web.Application()])
def test_what_is_no_application_is_told(what: Any) -> None:
    """A factory has to be called; nothing listens."""
    with pytest.raises(TypeError, match="run_app serves") as caught:
        web.run_app(what, port=0)
    assert ("call it first" in str(caught.value)) is callable(what)


def test_no_host_is_not_every_host() -> None:
    """An empty list of addresses must not open the server to the world."""
    loop = asyncio.new_event_loop()
    said: list[str] = []

    def end(banner: str) -> None:
        said.append(banner)
        loop.call_soon(os.kill, os.getpid(), signal.SIGINT)

    web.run_app(web.Application(), host=[], port=0, loop=loop, print=end)
    assert "http" not in said[0]


def test_a_port_may_come_from_the_environment() -> None:
    """`port=os.environ.get("PORT", 8080)` is how hosting services want it: text."""
    loop = asyncio.new_event_loop()
    said: list[str] = []

    def end(banner: str) -> None:
        said.append(banner)
        loop.call_soon(os.kill, os.getpid(), signal.SIGINT)

    port: Any = "0"
    web.run_app(web.Application(), host="127.0.0.1", port=port, loop=loop, print=end)
    assert "Running on http://127.0.0.1:" in said[0]
