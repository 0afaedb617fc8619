"""Progress and Stop where they are seen: in a real kernel, at a terminal, in a script."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import textwrap

import pytest

import notebook_http as nh
from notebook_http.notebook import live_output
from notebook_http.notebook.batches.meter import Tally
from notebook_http.notebook.batches.progress import Progress, State, progress_words

SERVER = """
%load_ext notebook_http
import asyncio
import notebook_http as nh
from notebook_http import web
asked = []
gate = asyncio.Event()
async def item(request):
    asked.append(request.path)
    await asyncio.sleep(0.1)
    return web.json_response({"n": 1})
async def wait(request):
    await gate.wait()
    return web.json_response({"n": 2})
srv = await nh.serve({"GET /item/{n}": item, "GET /wait/{n}": wait}, name="many")
"""
SCRIPT = """
import asyncio
import notebook_http as nh
from notebook_http import web
from notebook_http.test_utils import TestServer

async def item(request):
    await asyncio.sleep(0.1)
    return web.Response(text="x")

async def main():
    app = web.Application()
    app.router.add_get("/{n}", item)
    async with TestServer(app) as server:
        batch = await nh.fetch_all([str(server.make_url(f"/{n}")) for n in range(24)])
    assert len(batch.ok) == 24

asyncio.run(main())
"""


@pytest.mark.kernel
def test_one_display_is_updated_until_the_cell_ends(kernel):
    """Twenty rounds of 0.1 s: at most five updates a second, the last one tells the end."""
    kernel.run(SERVER)
    shown = kernel.run("b = await nh.fetch_all([srv.url + f'item/{n}' for n in range(120)])")
    assert shown.error == ""
    assert len(shown.values) == 1
    assert 2 <= len(shown.updates) <= 5 * shown.seconds
    last = shown.updates[-1]
    assert re.fullmatch(r"120 of 120 done in .*: 120 ok", last["text/plain"])
    assert '<progress value="120" max="120">' in last["text/html"]
    assert "to go" in "".join(each["text/plain"] for each in shown.updates[:-1])
    quiet = kernel.run("b = await nh.fetch_all([srv.url + 'item/1'], progress=False)")
    assert (quiet.values, quiet.updates, quiet.stdout) == ([], [], "")
    quick = kernel.run("b = await nh.fetch_all([srv.url + 'item/1'])")
    assert [each["text/plain"].split(" in ")[0] for each in quick.values] == ["1 of 1 done"]


@pytest.mark.kernel
def test_stop_ends_the_cell_and_resume_goes_on(kernel):
    """What is done is kept; the cell says what the user did."""
    kernel.run(SERVER)
    stopped = kernel.run(
        "urls = [srv.url + f'item/{n}' for n in range(4)]\n"
        "urls += [srv.url + f'wait/{n}' for n in range(9)]\n"
        "await nh.fetch_all(urls)",
        stop_after=1.0,
    )
    assert stopped.seconds_after_stop < 1.5
    assert stopped.error_name == "KeyboardInterrupt"
    assert len(stopped.error.splitlines()) <= 12
    told = (stopped.updates or stopped.values)[-1]["text/plain"]
    assert told.startswith("Stopped. 4 of 13 done in ")
    assert "await nh.last_batch.resume()" in told
    left = kernel.run("nh.last_batch")
    assert "9 are not done" in left.text
    resumed = kernel.run(
        "before = len(asked); gate.set()\n"
        "batch = await nh.last_batch.resume()\n"
        "print(len(batch.ok), len(asked) - before)"
    )
    assert resumed.stdout.strip() == "13 0"


@pytest.mark.kernel
def test_a_stream_shows_its_progress_too(kernel):
    """One display; of a generator nobody knows how many there will be; a `break` says so."""
    kernel.run(SERVER)
    urls = "[srv.url + f'item/{n}' for n in range(36)]"
    shown = kernel.run(f"async for place, reply in nh.stream_all({urls}): pass")
    assert (shown.error, len(shown.values)) == ("", 1)
    assert 1 <= len(shown.updates) <= 5 * shown.seconds
    assert re.fullmatch(r"36 of 36 done in .*: 36 ok", shown.updates[-1]["text/plain"])
    lazy = kernel.run(f"async for place, reply in nh.stream_all(iter({urls})): pass")
    assert re.fullmatch(r"36 done in .*: 36 ok", lazy.updates[-1]["text/plain"])
    assert "<progress" not in lazy.updates[-1]["text/html"]
    left = kernel.run(
        "from contextlib import aclosing\n"
        f"async with aclosing(nh.stream_all({urls})) as stream:\n"
        "    async for place, reply in stream: break"
    )
    last = (left.updates or left.values)[-1]["text/plain"]
    assert re.fullmatch(r"Stopped\. \d+ of 36 done in .*: \d+ ok\.", last)
    quiet = kernel.run(f"async for each in nh.stream_all({urls}, progress=False): pass")
    assert (quiet.values, quiet.updates, quiet.stdout) == ([], [], "")


def test_a_script_whose_output_is_no_terminal_is_told_nothing():
    """It may be parsed by another program."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT)], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminals")
def test_at_a_terminal_there_is_a_plain_bar():
    """One line, written over, and ended at last."""
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT)], stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    text = b""
    while True:
        try:
            read = os.read(ours, 4096)
        except OSError:
            break
        if not read:
            break
        text += read
    os.close(ours)
    assert process.wait(30) == 0
    lines = text.decode().replace("\r\n", "\n").strip("\n").split("\n")
    assert len(lines) == 1
    states = [state for state in lines[0].split("\r") if state]
    assert len(states) >= 2
    assert re.match(r"\[#{20}\] 24 of 24 done in .*: 24 ok", states[-1])


async def test_who_waits_to_try_again_is_counted(answers, monkeypatch):
    """While the wait lasts, and no longer."""
    states: list[State] = []
    monkeypatch.setattr(live_output, "TICK_SECONDS", 0.02)
    monkeypatch.setattr("notebook_http.notebook.batches.batch.show_here", lambda: states.append)
    monkeypatch.setattr("random.uniform", lambda low, high: high)
    retry = nh.RetryMiddleware(attempts=2, base_delay=0.3)
    await nh.fetch_all([answers.url("/busy/1"), answers.url("/item/1")], retry=retry)
    assert max(state.retrying for state in states) == 1
    assert "1 waiting to try again" in "".join(map(progress_words, states))
    assert states[-1].retrying == 0
    assert states[-1].is_over


async def test_an_output_that_is_gone_stops_nothing(answers, monkeypatch):
    """The requests matter more."""

    def fail(state: State) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(live_output, "TICK_SECONDS", 0.01)
    monkeypatch.setattr("notebook_http.notebook.batches.batch.show_here", lambda: fail)
    batch = await nh.fetch_all([answers.url(f"/item/{n}") for n in range(20)])
    assert len(batch.ok) == 20


async def test_no_timer_is_left_behind():
    """An ended progress is silent."""
    states: list[State] = []
    progress = Progress(3, states.append, Tally())
    progress.begin()
    progress.end()
    await asyncio.sleep(0.4)
    assert len(states) == 1
