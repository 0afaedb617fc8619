"""The Stop button while a cell awaits: in a real kernel, and the parts by themselves."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from typing import Any

import pytest

from notebook_http.notebook.stop_button import BEAT_SECONDS, as_keyboard_interrupt, wake_on_stop

LOAD = "%load_ext notebook_http\nimport asyncio\nimport notebook_http as nh"
SILENT_SERVER = """
async def say_nothing(reader, writer):
    try:
        await reader.read()
    finally:
        writer.close()
silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
silent_url = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}/"
"""


@pytest.mark.kernel
def test_stop_ends_a_sleeping_cell_at_once(kernel):
    """Without the wake-up it takes until the sleep is over: seven seconds of eight."""
    kernel.run(LOAD)
    stopped = kernel.run("await asyncio.sleep(8)", stop_after=0.5)
    assert stopped.seconds_after_stop < 1.5
    assert stopped.error_name == "KeyboardInterrupt"
    assert "CancelledError" not in stopped.error


@pytest.mark.kernel
@pytest.mark.parametrize(
    "code",
    [
        "await nh.get(silent_url)",
        "%http {silent_url}",
        "%%http\nPOST {{silent_url}}\n\nhello",
        "async with nh.ClientSession() as s, s.get(silent_url) as r:\n    pass",
    ],
)
def test_stop_ends_a_request_that_hangs(kernel, code):
    """And says so in a few lines, not with the way through our code."""
    kernel.run(LOAD + SILENT_SERVER)
    stopped = kernel.run(code, stop_after=0.4)
    assert stopped.seconds_after_stop < 1.5
    assert stopped.error_name == "KeyboardInterrupt"
    assert stopped.error.splitlines()[0].startswith("KeyboardInterrupt")
    assert len(stopped.error.splitlines()) <= 12
    assert kernel.run("1 + 1").text == "2"


@pytest.mark.kernel
def test_stop_ends_what_waits_for_requests(kernel):
    """Where the traceback is that of asyncio, it is shown as ever."""
    kernel.run(LOAD + SILENT_SERVER)
    stopped = kernel.run(
        "async with asyncio.TaskGroup() as group:\n    group.create_task(nh.get(silent_url))",
        stop_after=0.4,
    )
    assert stopped.seconds_after_stop < 1.5
    assert stopped.error_name == "KeyboardInterrupt"


@pytest.mark.kernel
def test_a_server_of_the_notebook_survives_stop(kernel):
    """Stop ends the cell, nothing else: tasks and servers go on."""
    kernel.run(LOAD + SILENT_SERVER)
    kernel.run(
        "async def tick():\n    global ticks\n    ticks = 0\n"
        "    while True:\n        ticks += 1\n        await asyncio.sleep(0.01)\n"
        "ticking = asyncio.create_task(tick())"
    )
    assert kernel.run("await nh.get(silent_url)", stop_after=0.3).error_name
    outcome = kernel.run(
        "before = ticks\nawait asyncio.sleep(0.2)\nprint(ticks > before, silent.is_serving())"
    )
    assert outcome.stdout.strip() == "True True"
    kernel.run("ticking.cancel(); silent.close()")


@pytest.mark.kernel
def test_a_cancelled_task_is_no_stop(kernel):
    """Who awaits a task that was cancelled has to see that."""
    kernel.run(LOAD)
    met = kernel.run("t = asyncio.create_task(asyncio.sleep(5))\nt.cancel()\nawait t")
    assert met.error_name == "CancelledError"


@pytest.mark.kernel
def test_stop_in_plain_code_is_what_it_always_was(kernel):
    """There the kernel raises KeyboardInterrupt by itself."""
    kernel.run(LOAD)
    stopped = kernel.run("import time\ntime.sleep(8)", stop_after=0.3)
    assert stopped.error_name == "KeyboardInterrupt"
    assert stopped.seconds_after_stop < 1.5


@pytest.mark.kernel
def test_a_kernel_loads_and_unloads_it(kernel):
    """Idle as before: no wake-up, no magic."""
    kernel.run(LOAD)
    kernel.run("%unload_ext notebook_http")
    outcome = kernel.run(
        "import signal\nprint(signal.getsignal(signal.SIGWINCH) is signal.SIG_DFL)"
    )
    assert outcome.stdout.strip() == "True"
    assert "not found" in kernel.run("%http :1/").stderr
    again = kernel.run("%load_ext notebook_http\nprint('loaded')")
    assert again.stdout.strip() == "loaded"


@pytest.mark.kernel
def test_asyncio_run_in_a_kernel_gets_its_hint(kernel):
    """The first thing that people who come from scripts meet."""
    kernel.run(LOAD)
    outcome = kernel.run("async def make_request():\n    return 1\n\nasyncio.run(make_request())")
    assert outcome.error_name == "RuntimeError"
    assert "write `await make_request()`" in outcome.error.splitlines()[-1]
    later = kernel.run("import gc\ngc.collect()")
    assert "never awaited" not in later.stderr


# The parts --------------------------------------------------------------------------------------


class Recorder:
    """The events of a shell, to be set off by hand."""

    def __init__(self) -> None:
        self.calls: dict[str, list[Any]] = {"pre_execute": [], "post_execute": []}

    def register(self, event: str, function: Any) -> None:
        self.calls[event].append(function)

    def unregister(self, event: str, function: Any) -> None:
        self.calls[event].remove(function)

    def trigger(self, event: str) -> None:
        for function in list(self.calls[event]):
            function()


class WithEvents:
    """As much of a shell as the wake-up needs."""

    def __init__(self) -> None:
        self.events = Recorder()


async def _seconds_until_seen(number: int) -> float:
    """Return how long after a signal its plain Python handler can make this loop run something."""
    loop = asyncio.get_running_loop()
    seen = loop.create_future()
    before = signal.signal(number, lambda *_: loop.call_soon(seen.set_result, None))
    try:
        started = loop.time()
        timer = threading.Timer(0.1, os.kill, (os.getpid(), number))
        timer.start()
        await asyncio.wait_for(seen, 5)
        timer.join()
        return loop.time() - started - 0.1
    finally:
        signal.signal(number, before)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
async def test_the_spare_signal_wakes_the_loop():
    """A Python handler alone does not: its `call_soon` waits for the next event."""
    undo = wake_on_stop(WithEvents())
    try:
        assert await _seconds_until_seen(signal.SIGUSR1) < 1
    finally:
        undo()
    assert signal.getsignal(signal.SIGWINCH) is signal.SIG_DFL


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
async def test_signals_that_somebody_handles_are_left_alone():
    """Then the next one is taken, and when there is none, the beat."""
    handlers = {}
    for number in (signal.SIGWINCH, signal.SIGURG):
        handlers[number] = signal.signal(number, lambda *_: None)
    ours = {number: signal.getsignal(number) for number in handlers}
    shell = WithEvents()
    undo = wake_on_stop(shell)
    try:
        assert {number: signal.getsignal(number) for number in handlers} == ours
        assert len(shell.events.calls["pre_execute"]) == 1
        assert await _seconds_until_seen(signal.SIGUSR1) < BEAT_SECONDS + 0.5
        undo()
        assert shell.events.calls == {"pre_execute": [], "post_execute": []}
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def test_away_from_the_main_thread_there_is_a_beat_while_a_cell_runs():
    """Signals belong to the main thread; an idle kernel should not wake up five times a second."""
    counted: list[int] = []

    async def cells() -> None:
        loop = asyncio.get_running_loop()
        shell = WithEvents()
        undo = wake_on_stop(shell)

        def timers() -> int:
            return sum(not timer.cancelled() for timer in loop._scheduled)

        counted.append(timers())
        shell.events.trigger("post_execute")
        counted.append(timers())
        shell.events.trigger("pre_execute")
        counted.append(timers())
        undo()
        counted.append(timers())

    thread = threading.Thread(target=asyncio.run, args=(cells(),))
    thread.start()
    thread.join(10)
    assert counted == [1, 0, 1, 0]


def test_without_a_running_loop_there_is_nothing_to_do():
    """At a terminal's prompt no loop runs between two cells."""
    before = signal.getsignal(signal.SIGINT)
    undo = wake_on_stop(WithEvents())
    assert signal.getsignal(signal.SIGINT) is before
    undo()
    assert signal.getsignal(signal.SIGINT) is before


async def test_only_a_cells_own_cancellation_is_a_stop():
    """A CancelledError that was only met, or any other error, stays what it is."""
    assert as_keyboard_interrupt(ValueError("x")) is None
    assert as_keyboard_interrupt(asyncio.CancelledError()) is None
