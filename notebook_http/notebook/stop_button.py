"""Make the Stop button work while a cell awaits.

The kernel's handler of SIGINT asks the event loop to cancel the cell, but does not wake the loop:
it goes on sleeping until the next event, for seconds (ipykernel issue 881). A loop that handles
any signal by itself is woken by all of them, so we let it handle one that means nothing to us.
Where that is not possible (no signals, not the main thread) the loop gets a beat of 0.2 s, as long
as a cell runs.

And the cell then shows what the user did, a KeyboardInterrupt, where the kernel only knows of a
CancelledError. Only what is shown changes: code that awaits sees the cancellation itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import threading
from collections.abc import Callable
from weakref import WeakKeyDictionary

from notebook_http.notebook.shell import Shell

__all__ = [
    "BEAT_SECONDS",
    "as_keyboard_interrupt",
    "has_beat",
    "signal_of",
    "wake_on_stop",
    "wakes_up",
]

# What a person takes for "at once" when pressing a button.
BEAT_SECONDS = 0.2
# Their default is to be ignored, and a kernel, which has no terminal, has no use for them.
_SPARE_SIGNALS = ("SIGWINCH", "SIGURG")
# How long a signal of our own may be on its way to the loop.
_PROBE_SECONDS = 1.0
# How each loop is woken: by the signal, or (None) by the beat.
_wakened: WeakKeyDictionary[asyncio.AbstractEventLoop, signal.Signals | None] = WeakKeyDictionary()
# Who wants to know that the spare signal woke the loop.
_probes: set[asyncio.Event] = set()


def wake_on_stop(shell: Shell) -> Callable[[], None]:
    """Make an interrupt wake the loop that runs *shell*'s cells; return what undoes it.

    Outside of a running loop (an IPython terminal between two cells) there is nothing to do:
    there the interrupt itself ends what the loop waits for.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _nothing
    return _handle_spare_signal(loop) or _beat_while_a_cell_runs(loop, shell)


def signal_of(loop: asyncio.AbstractEventLoop) -> signal.Signals | None:
    """Return the spare signal that *loop* handles for us; None when it handles none."""
    return _wakened.get(loop)


def has_beat(loop: asyncio.AbstractEventLoop) -> bool:
    """Return whether *loop* gets a beat while a cell runs, in place of a signal."""
    return loop in _wakened and _wakened[loop] is None


async def wakes_up(loop: asyncio.AbstractEventLoop, number: signal.Signals) -> bool:
    """Raise the spare signal *number*, which disturbs nobody; tell whether *loop* noticed.

    The same file descriptor wakes it for SIGINT. Somebody else's `signal.set_wakeup_fd` takes it.
    """
    probe = asyncio.Event()
    _probes.add(probe)
    try:
        signal.raise_signal(number)
        async with asyncio.timeout(_PROBE_SECONDS):
            await probe.wait()
    except TimeoutError:
        return False
    finally:
        _probes.discard(probe)
    return True


def _tell_probes() -> None:
    # Being called at all has woken the loop.
    for probe in _probes:
        probe.set()


def _nothing() -> None:
    """Undo nothing."""


def _handle_spare_signal(loop: asyncio.AbstractEventLoop) -> Callable[[], None] | None:
    """Let *loop* handle a signal that nobody else does; None when there is none to have."""
    if threading.current_thread() is not threading.main_thread():
        return None
    for name in _SPARE_SIGNALS:
        number = getattr(signal, name, None)
        # `SIG_DFL` means that neither Python code nor this loop uses it yet.
        if number is None or signal.getsignal(number) is not signal.SIG_DFL:
            continue
        try:
            loop.add_signal_handler(number, _tell_probes)
        except (NotImplementedError, RuntimeError, ValueError):
            return None  # Windows, or a loop of another kind

        _wakened[loop] = signal.Signals(number)

        def undo(number: int = number) -> None:
            _wakened.pop(loop, None)
            if not loop.is_closed():
                with contextlib.suppress(ValueError, RuntimeError):
                    loop.remove_signal_handler(number)

        return undo
    return None


def _beat_while_a_cell_runs(loop: asyncio.AbstractEventLoop, shell: Shell) -> Callable[[], None]:
    timer: asyncio.TimerHandle | None = None

    def beat() -> None:
        nonlocal timer
        timer = loop.call_later(BEAT_SECONDS, beat)

    def start() -> None:
        if timer is None and not loop.is_closed():
            beat()

    def stop() -> None:
        nonlocal timer
        if timer is not None:
            timer.cancel()
            timer = None

    shell.events.register("pre_execute", start)
    shell.events.register("post_execute", stop)
    start()  # the cell that loads the extension may await, too
    _wakened[loop] = None

    def undo() -> None:
        stop()
        _wakened.pop(loop, None)
        for event, function in (("pre_execute", start), ("post_execute", stop)):
            with contextlib.suppress(ValueError):
                shell.events.unregister(event, function)

    return undo


def as_keyboard_interrupt(error: BaseException) -> BaseException | None:
    """Return a KeyboardInterrupt to be shown for the CancelledError of a cell that was stopped.

    None for every other error, and for a CancelledError that the cell only met: there it awaited
    a task that somebody had cancelled, and must see just that.
    """
    if not isinstance(error, asyncio.CancelledError) or "ipykernel" not in sys.modules:
        return None
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return None
    # The kernel cancels the task that runs the cell; nothing else has a reference to it.
    if task is None or not task.cancelling():
        return None
    shown = KeyboardInterrupt("stopped").with_traceback(error.__traceback__)
    shown.__suppress_context__ = True
    return shown
