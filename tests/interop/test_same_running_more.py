"""What else a program sees of `run_app`: WebSockets at the end, debug mode, the command line."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.interop.running_program import LIBRARIES, Running, rest, run_both

pytestmark = pytest.mark.peer

CHAT = """
import weakref
SOCKETS = web.AppKey("sockets", weakref.WeakSet)

async def chat(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    app[SOCKETS].add(socket)
    async for message in socket:
        await socket.send_str(message.data)
    say("chat ends")
    return socket

async def say_goodbye(app):
    for socket in set(app[SOCKETS]):
        await socket.close(code=1001, message=b"Server shutdown")

app[SOCKETS] = weakref.WeakSet()
app.router.add_get("/chat", chat)
"""
SERVE = 'web.run_app(app, host="127.0.0.1", port=0, access_log=None)\nsay("returned")\n'


def chat(running: Running) -> list[Any]:
    """Talk over a WebSocket until it is closed; return with which code and reason."""
    running.ready()
    with connect(f"ws://127.0.0.1:{running.port}/chat", proxy=None) as websocket:
        websocket.send("hello")
        assert websocket.recv() == "hello"
        running.signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as caught:
            websocket.recv(timeout=10)
        assert caught.value.rcvd is not None
        return [caught.value.rcvd.code, caught.value.rcvd.reason]


def test_a_websocket_that_is_closed_on_shutdown() -> None:
    """As aiohttp's manual does it."""
    theirs, ours = run_both(CHAT + "app.on_shutdown.append(say_goodbye)\n" + SERVE, chat)
    assert ours == theirs
    assert ours.notes == [1001, "Server shutdown"]
    assert ours.out[-5:] == ["shutdown", "chat ends", "context down", "cleanup", "returned"]


def test_a_websocket_that_nobody_closes(tmp_path: Path) -> None:
    """Is told 1001; with aiohttp it is waited for and then cut."""
    running = Running("notebook_http", CHAT + SERVE, tmp_path)
    with running.process:
        notes = chat(running)
        ended = running.end(notes)
    assert ended.notes[0] == 1001
    assert ended.out[-5:] == ["shutdown", "chat ends", "context down", "cleanup", "returned"]
    assert ended.code == 0


def test_in_debug_mode_the_access_log_is_heard() -> None:
    """On standard error, though nobody has set up logging; another logger than the usual is not."""
    code = """
    loop = asyncio.new_event_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 60
    sys.stderr = sys.stdout
    logging.getLogger("asyncio").disabled = True
    web.run_app(app, host="127.0.0.1", port=0, loop=loop, access_log_format="%r %s")
    other = web.Application()
    loop = asyncio.new_event_loop()
    loop.set_debug(True)
    quiet = logging.getLogger("quiet")
    web.run_app(other, host="127.0.0.1", port=0, loop=loop, access_log=quiet)
    say(str(quiet.level) + str(quiet.handlers))
    """

    def drive(running: Running) -> list[Any]:
        for count in (1, 2):
            while running.out.count("(Press CTRL+C to quit)") < count:
                running.next_line()
            rest(running.get("/", "Connection: close"))
            running.signal(signal.SIGTERM)
        return []

    theirs, ours = run_both(code, drive)
    assert ours == theirs
    assert "GET / HTTP/1.1 200" in ours.out
    assert ours.out[-1] == "0[]"


APPLICATION = """
import logging
from LIBRARY import web

def make(arguments):
    print("made with", arguments, flush=True)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    return web.Application()
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["program:make", "-P", "0", "-H", "127.0.0.1", "--other", "x"],
        ["program:make", "-P", "0"],
        ["program:make", "-U", "socket"],
        ["program:make", "-U", "socket", "-H", "127.0.0.1", "-P", "0"],
    ],
)
def test_the_command_line(arguments: list[str], tmp_path: Path) -> None:
    """`python -m LIBRARY.web module:function`."""

    def run(library: str) -> list[Any]:
        folder = tmp_path / library
        folder.mkdir()
        (folder / "program.py").write_text(APPLICATION.replace("LIBRARY", library))
        command = [sys.executable, "-u", "-m", f"{library}.web", *arguments]
        with subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(3)]
            process.send_signal(signal.SIGINT)
            out, error = process.communicate(timeout=10)
        said = re.sub(r":\d{4,5}\b", ":PORT", "".join([*lines, out]))
        return [said, error.splitlines()[-1:], process.returncode]

    with ThreadPoolExecutor(2) as threads:
        theirs, ours = threads.map(run, LIBRARIES)
    assert ours == theirs
    assert "Running on" in ours[0]
    assert ours[1:] == [["Stopped"], 0]


@pytest.mark.parametrize(
    "name", ["program", ":make", ".program:make", "no_such_module:make", "json:no_such_function"]
)
def test_a_command_line_that_makes_no_sense(name: str) -> None:
    """Ends with 2, and says why."""

    def run(library: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", f"{library}.web", name]
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    with ThreadPoolExecutor(2) as threads:
        theirs, ours = threads.map(run, LIBRARIES)
    assert ours.returncode == theirs.returncode == 2
    assert "notebook_http.web: error: " in ours.stderr
    assert name.partition(":")[0].strip(".") in ours.stderr
