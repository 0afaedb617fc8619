"""`nh.run`: in a script, in a program whose loop runs, and in cells of a real kernel."""

from __future__ import annotations

import asyncio
import contextvars
import re
import subprocess
import sys
import threading

import pytest

import notebook_http as nh

AWAIT = re.escape("write `await` in place of `nh.run`")
LOAD = "%load_ext notebook_http\nimport asyncio, threading\nimport notebook_http as nh"
SERVE = "srv = await nh.serve({'GET /': lambda request: {'a': 1}}, name='here')"
ENDING = """
async def wait(seconds):
    global ended
    ended = ""
    try:
        await asyncio.sleep(seconds)
    finally:
        ended = "cleaned up"
"""


async def answer() -> int:
    """Return what everybody asks for, a turn of the loop later."""
    await asyncio.sleep(0)
    return 42


def test_a_script_gets_the_value():
    """There it is `asyncio.run`."""
    assert nh.run(answer()) == 42


def test_anything_to_await_will_do():
    """A request is no coroutine of Python's own, an object with `__await__` not even that."""

    class Awaited:
        def __await__(self):
            return answer().__await__()

    assert nh.run(Awaited()) == 42


def test_what_is_nothing_to_await_is_named():
    """The function itself, say, without its brackets."""
    with pytest.raises(TypeError, match=r"run\(\) takes a coroutine.*answer"):
        nh.run(answer)  # type: ignore[arg-type]


async def test_a_program_whose_loop_runs_is_told_to_await():
    """It would stand still, all of it; and the coroutine is closed, so that nobody complains."""
    coro = answer()
    with pytest.raises(RuntimeError, match=AWAIT):
        nh.run(coro)
    with pytest.raises(RuntimeError, match="cannot reuse"):
        await coro


def test_a_script_leaves_the_end_to_ctrl_c():
    """`asyncio.run` cancels the coroutine, whose clean-up runs."""
    program = (
        "import asyncio, os, signal, threading\nimport notebook_http as nh\n"
        "async def f():\n"
        "    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "    try:\n        await asyncio.sleep(30)\n    finally:\n        print('cleaned up')\n"
        "try:\n    nh.run(f())\nexcept KeyboardInterrupt:\n    print('stopped')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True
    )
    assert done.stdout.split("\n")[:2] == ["cleaned up", "stopped"]


# In a shell whose loop runs ---------------------------------------------------------------------


async def test_a_cell_gets_the_value_and_the_thread_ends(shell):
    """Nothing is left behind: no thread, no loop."""
    threads = threading.active_count()
    assert nh.run(answer()) == 42
    assert threading.active_count() == threads


async def test_context_variables_are_those_of_the_caller(shell):
    """That is how a kernel tells which cell a print belongs to."""
    var = contextvars.ContextVar("var", default="")

    async def read() -> str:
        before = var.get()
        var.set("changed")
        return before

    var.set("the caller's")
    assert nh.run(read()) == "the caller's"
    assert var.get() == "the caller's"


async def test_an_error_comes_out_as_it_is(shell):
    """The very object, with the lines of the coroutine in its traceback."""
    failure = ValueError("broken")

    async def fail() -> None:
        raise failure

    with pytest.raises(ValueError, match="broken") as caught:
        nh.run(fail())
    assert caught.value is failure
    assert [entry.name for entry in caught.traceback][-1] == "fail"


async def test_a_run_in_a_run_is_told_to_await(shell):
    """It would wait for itself."""

    async def outer() -> int:
        return nh.run(answer())

    with pytest.raises(RuntimeError, match="would wait for itself"):
        nh.run(outer())


async def test_what_belongs_to_the_waiting_loop_is_refused(shell):
    """A task of the notebook's loop cannot go on while that waits for it."""
    task = asyncio.create_task(answer())
    with pytest.raises(RuntimeError, match=AWAIT):
        nh.run(task)
    assert await task == 42


@pytest.mark.parametrize("listen_at", ["127.0.0.1", "0.0.0.0"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_server_of_the_waiting_loop_is_refused(shell, listen_at, host):
    """Whoever started it: it cannot answer while the loop waits."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), listen_at, 0)
    port = server.sockets[0].getsockname()[1]

    async def connect() -> None:
        await asyncio.open_connection(host, port)

    try:
        with pytest.raises(RuntimeError, match=f"server at 127.0.0.1:{port} runs on the event"):
            nh.run(connect())
        with pytest.raises(RuntimeError, match=AWAIT):
            nh.run(nh.get(f"http://{host}:{port}/"))
        assert server.is_serving()
    finally:
        server.close()


async def test_a_server_elsewhere_answers(shell):
    """In another thread, say; the port is what is looked at, and where it is."""
    started = threading.Event()
    ports = []

    async def serve() -> None:
        async with nh.Server({"GET /": lambda request: {"a": 1}}) as server:
            ports.append(server.port)
            started.set()
            await asyncio.to_thread(finish.wait, 20)

    finish = threading.Event()
    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert started.wait(10)
        assert nh.run(nh.get(f"http://127.0.0.1:{ports[0]}/")).json() == {"a": 1}
    finally:
        finish.set()
        thread.join()


# In a kernel ------------------------------------------------------------------------------------


@pytest.mark.kernel
def test_prints_and_displays_stay_with_their_cell(kernel):
    """As if the cell had awaited."""
    kernel.run(LOAD)
    outcome = kernel.run(
        "async def f():\n    print('printed')\n    display('shown')\n"
        "    await asyncio.sleep(0.05)\n    print('later')\n    return 7\n"
        "def plain():\n    return nh.run(f())\nplain()"
    )
    assert outcome.stdout.split() == ["printed", "later"]
    assert [value["text/plain"] for value in outcome.values] == ["'shown'", "7"]


@pytest.mark.kernel
@pytest.mark.parametrize("awaits", ["", "await asyncio.sleep(0)\n"])
def test_stop_cancels_the_coroutine(kernel, awaits):
    """In a cell that awaits too, where the kernel would only ask the loop that waits for us."""
    kernel.run(LOAD + ENDING)
    stopped = kernel.run(f"{awaits}nh.run(wait(20))", stop_after=0.5)
    assert stopped.error_name == "KeyboardInterrupt"
    assert stopped.seconds_after_stop < 1.5
    assert kernel.run("print(ended)").stdout.strip() == "cleaned up"
    stopped = kernel.run("await asyncio.sleep(20)", stop_after=0.4)
    assert stopped.seconds_after_stop < 1.5


@pytest.mark.kernel
def test_a_server_of_the_notebook_is_refused_in_few_lines(kernel):
    """It would be a deadlock until the time-out; a request elsewhere is none."""
    kernel.run(LOAD)
    kernel.run(SERVE)
    outcome = kernel.run("nh.run(nh.get(srv.url))")
    assert outcome.error_name == "BlockedLoopError"
    assert outcome.seconds < 5
    assert "write `await` in place of `nh.run`" in outcome.error
    assert len(outcome.error.splitlines()) <= 12
    assert kernel.run("(await nh.get(srv.url)).json()").text == "{'a': 1}"


@pytest.mark.kernel
def test_a_failure_is_shown_without_our_part(kernel):
    """The lines are the user's."""
    kernel.run(LOAD)
    outcome = kernel.run("async def f():\n    1 / 0\nnh.run(f())")
    assert outcome.error_name == "ZeroDivisionError"
    assert "1 / 0" in outcome.error
    assert "private_loop" not in outcome.error
