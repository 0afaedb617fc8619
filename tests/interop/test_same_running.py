"""`run_app` ends as aiohttp's does: what is said, in which order, to whom, and the exit code."""

from __future__ import annotations

import re
import signal
import socket
import time
from typing import Any

import pytest

from tests.interop.running_program import Ended, Running, rest, run_both

pytestmark = pytest.mark.peer

SERVE = 'web.run_app(app, host="127.0.0.1", port=0, access_log=None{})\nsay("returned")\n'
BOTH_SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
ORDER = ["shutdown", "context down", "cleanup", "returned"]


@BOTH_SIGNALS
def test_idle(number: signal.Signals) -> None:
    """All is taken down, idle connections are closed at once, and the program goes on."""

    def drive(running: Running) -> list[Any]:
        running.ready()
        idle, used = running.connect(), running.get()
        used.recv(1000)
        running.signal(number)
        return [rest(idle), rest(used)]

    theirs, ours = run_both(SERVE.format(""), drive)
    assert ours == theirs
    assert ours.out[-4:] == ORDER
    assert (ours.code, ours.error) == (0, "")
    assert ours.notes == [("", ""), ("", "")]


@BOTH_SIGNALS
@pytest.mark.parametrize(
    ("path", "last"),
    [("/slow", "slow begins"), ("/pieces", "first is out")],
)
def test_in_the_middle_of_an_answer(number: signal.Signals, path: str, last: str) -> None:
    """It is finished, after `on_shutdown` and before anything is taken down."""

    def drive(running: Running) -> list[Any]:
        running.ready()
        client = running.get(path)
        running.wait_for(last)
        running.signal(number)
        return [rest(client)]

    theirs, ours = run_both(SERVE.format(""), drive)
    assert ours == theirs
    assert ours.code == 0
    assert ours.notes[0][0] == "HTTP/1.1 200 OK"  # type: ignore[index]


def test_a_handler_that_takes_too_long() -> None:
    """Is cancelled after `shutdown_timeout`, and then all is taken down."""

    def drive(running: Running) -> list[Any]:
        running.ready()
        client = running.get("/slow?seconds=60")
        running.wait_for("slow begins")
        running.signal(signal.SIGTERM)
        return [rest(client)]

    theirs, ours = run_both(SERVE.format(", shutdown_timeout=0.3"), drive)
    assert ours == theirs
    assert ours.out[-5:] == ["shutdown", "slow cancelled", *ORDER[1:]]
    assert ours.notes == [("", "")]


def test_a_second_signal() -> None:
    """Ends the waiting: the handler is cancelled, and the program ends with 1."""

    def drive(running: Running) -> list[Any]:
        running.ready()
        client = running.get("/slow?seconds=60")
        running.wait_for("slow begins")
        running.signal(signal.SIGINT)
        running.wait_for("shutdown")
        running.signal(signal.SIGINT)
        return [rest(client)]

    theirs, ours = run_both(SERVE.format(""), drive)
    assert (ours.code, ours.notes) == (theirs.code, theirs.notes)
    assert ours.code == 1
    assert "slow cancelled" in ours.out
    assert "returned" not in ours.out
    # aiohttp runs no `on_cleanup` then; we do: what was set up is taken down in any case.
    assert ours.out[-1] == "cleanup"


def test_graceful_exit_of_a_handler() -> None:
    """Ends the server as a signal does."""

    def drive(running: Running) -> list[Any]:
        running.ready()
        client = running.get("/stop")
        return [rest(client)]

    theirs, ours = run_both(SERVE.format(""), drive)
    assert ours.notes == theirs.notes == [("", "")]
    assert ours.out[-4:] == ORDER
    assert ours.out[:-1] == theirs.out
    # aiohttp comes upon it once more while it ends, and ends with 1.
    assert (ours.code, theirs.code) == (0, 1)


def nothing(running: Running) -> list[Any]:
    return []


@pytest.mark.parametrize(
    "change",
    [
        'async def fail(app): raise LookupError("no database")\napp.on_startup.append(fail)\n',
        'async def fail(app):\n    raise LookupError("no context")\n    yield\n'
        "app.cleanup_ctx.append(fail)\n",
        'async def make(): raise LookupError("no app")\napp = make()\n',
        "app = 5\n",
        "async def make(): return 5\napp = make()\n",
    ],
)
def test_what_fails_at_the_start(change: str) -> None:
    """Is what the program ends with; no other error stands in its place."""
    theirs, ours = run_both(change + SERVE.format(""), nothing)
    assert (ours.code, theirs.code) == (1, 1)
    kind = theirs.error.partition(":")[0]
    if "LookupError" in change:
        assert ours.error == theirs.error
        # Contexts that were entered are left, which aiohttp forgets at this point.
        assert [line for line in ours.out if line != "context down"] == theirs.out
    else:
        assert ours.error.partition(":")[0] == kind == "TypeError"


@pytest.mark.parametrize("when", ["shutdown", "cleanup"])
def test_what_fails_at_the_end(when: str) -> None:
    """Is raised out of `run_app`."""
    code = f'async def fail(app): raise LookupError("at the end")\napp.on_{when}.append(fail)\n'

    def drive(running: Running) -> list[Any]:
        running.ready()
        running.signal(signal.SIGTERM)
        return []

    theirs, ours = run_both(code + SERVE.format(""), drive)
    assert (ours.code, ours.error) == (theirs.code, theirs.error)
    assert ours.error == "LookupError: at the end"
    taken_down = [line for line in ours.out if line not in theirs.out]
    # After a failing `on_shutdown` aiohttp takes nothing down.
    assert taken_down == (["context down", "cleanup"] if when == "shutdown" else [])


def test_an_occupied_port() -> None:
    """Is an OSError, after which all is taken down."""
    code = """
    taken = socket.create_server(("127.0.0.1", 0))
    try:
        web.run_app(app, host="127.0.0.1", port=taken.getsockname()[1], access_log=None)
    except OSError as error:
        say(type(error).__name__ + " " + str(error.errno))
    """
    theirs, ours = run_both(code, nothing)
    assert ours.out == theirs.out
    assert ours.out[-1] == "OSError 98"
    assert ours.code == 0


@BOTH_SIGNALS
def test_signals_that_nobody_handles(number: signal.Signals) -> None:
    """`handle_signals=False`: SIGINT is Python's own, SIGTERM ends the process."""

    def drive(running: Running) -> list[Any]:
        running.ready()
        running.signal(number)
        return []

    theirs, ours = run_both(SERVE.format(", handle_signals=False"), drive)
    assert ours == theirs
    assert ours.code == (0 if number == signal.SIGINT else -signal.SIGTERM)


@pytest.mark.parametrize(
    "arguments",
    [
        'host=["127.0.0.1", "127.0.0.2"], port=0',
        'path="one"',
        'path=["one", "two"]',
        'host="127.0.0.1", port=0, path="one"',
        "sock=bound()",
        'sock=[bound(), bound()], path=os.path.abspath("two")',
        "sock=unix()",
        "port=0, path='one'",
    ],
)
def test_the_banner(arguments: str) -> None:
    """Names every place, in the same words and order; each is there."""
    code = f"""
    def bound():
        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
        return sock

    def unix():
        sock = socket.socket(socket.AF_UNIX)
        sock.bind("three")
        return sock

    web.run_app(app, access_log=None, {arguments})
    """

    def drive(running: Running) -> list[Any]:
        running.ready()
        found = sorted(path.name for path in running.folder.iterdir() if path.is_socket())
        running.signal(signal.SIGTERM)
        return [found]

    theirs, ours = run_both(code, drive)
    assert ours == theirs
    assert "======== Running on http" in " ".join(ours.out)


@pytest.mark.parametrize("print_", ["None", "lambda text: say(text.upper())"])
def test_who_prints_the_banner(print_: str) -> None:
    """Nobody, or the caller's own function."""
    code = "app.on_startup.append(lambda app: asyncio.sleep(0, asyncio.get_running_loop()"
    code += ".call_later(0.2, os.kill, os.getpid(), signal.SIGTERM)))\n"
    theirs, ours = run_both(code + SERVE.format(f", print={print_}"), nothing)
    assert ours == theirs
    assert ours.code == 0


def test_a_socket_file_that_was_left_over() -> None:
    """Is replaced; another kind of file is not touched."""
    code = """
    stale = socket.socket(socket.AF_UNIX)
    stale.bind("stale")
    stale.close()
    open("other", "w").close()
    try:
        web.run_app(app, path="other", access_log=None)
    except OSError as error:
        say(str(error.errno))
    app = web.Application()
    web.run_app(app, path="stale", access_log=None)
    say(str(os.path.exists("stale")))
    """

    def drive(running: Running) -> list[Any]:
        running.ready()
        running.signal(signal.SIGTERM)
        return []

    theirs, ours = run_both(code, drive)
    assert ours == theirs
    assert (ours.code, "98" in ours.out) == (0, True)


def size_of(client: socket.socket) -> int:
    """Return how many bytes come until the connection ends."""
    with client:
        return sum(len(piece) for piece in iter(lambda: client.recv(2**16), b""))


def comparable(ended: Ended) -> list[str]:
    """Return the lines without times, and sizes as they compare with what came."""
    sizes = iter(ended.notes)

    def size(match: re.Match[str]) -> str:
        return f" {match[1]} {'all' if int(match[2]) == next(sizes) else match[2]} "

    lines = []
    for line in ended.out:
        timeless = re.sub(r"\[\d\d/\w{3}/\d{4}(:\d\d){3} \+0000\]", "[TIME]", line)
        timeless = re.sub(r"<\d+> 0 0\.\d{6} \d+ ", "PROCESS AND TIMES ", timeless)
        lines.append(re.sub(r" (\d{3}) (\d+) ", size, timeless))
    return lines


def test_the_access_log() -> None:
    """Of the same traffic the same lines, in the default format and in one with every atom."""
    formats = [
        '%a %t "%r" %s %b "%{Referer}i" "%{User-Agent}i"',
        "%P %T %Tf %D %{X-Out}o %{None}i %{Content-Type}o|%{Content-Length}o|%s",
    ]
    code = f"""
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(name)s %(message)s")
    async def out(request):
        return web.Response(text="out" + await request.text(), headers={{"X-Out": "o"}})
    async def fail(request):
        raise LookupError
    async def chunked(request):
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(b"12345")
        return response
    for format in {formats!r}:
        app = web.Application(logger=logging.getLogger("quiet"))
        app.router.add_route("*", "/out", out)
        app.router.add_get("/fail", fail)
        app.router.add_get("/chunked", chunked)
        silent = logging.getLogger("silent")
        silent.propagate = False
        web.run_app(app, host="127.0.0.1", port=0, access_log_format=format, logger=silent)
        say("next")
    """

    def drive(running: Running) -> list[Any]:
        sizes: list[Any] = []
        for count in (1, 2):
            while running.out.count("(Press CTRL+C to quit)") < count:
                running.next_line()
            for method, path in (
                ("GET", "/out?a=b"),
                ("POST", "/out"),
                ("GET", "/missing"),
                ("GET", "/fail"),
                ("GET", "/chunked"),
                ("HEAD", "/out"),
            ):
                lines = [f"{method} {path} HTTP/1.1", "Host: a", "Connection: close"]
                lines += ["Referer: r", "User-Agent: u/1.0", "", ""]
                sizes.append(size_of(running.connect("\r\n".join(lines).encode())))
            running.signal(signal.SIGTERM)
        return sizes

    theirs, ours = run_both(code, drive)
    assert len(ours.out) == 18
    assert comparable(ours) == comparable(theirs)


def test_it_ends_soon() -> None:
    """Nobody waits for connections that only idle."""

    def drive(running: Running) -> list[Any]:
        running.ready()
        clients = [running.connect() for _ in range(50)]
        used = [running.get() for _ in range(50)]
        for client in used:
            client.recv(1000)
        began = time.monotonic()
        running.signal(signal.SIGTERM)
        ends = {rest(client) for client in (*clients, *used)}
        running.process.wait(10)
        return [ends, time.monotonic() - began < 5]

    theirs, ours = run_both(SERVE.format(""), drive)
    assert ours == theirs
    assert ours.notes == [{("", "")}, True]
