"""Show how far many requests are: one display in a notebook, one line at a terminal, else nothing.

A script whose output goes to a file or a pipe is told nothing. What is shown never fails a batch.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter
from typing import Any, NamedTuple, TextIO

from notebook_http.notebook.batches.meter import Tally
from notebook_http.notebook.display.html import join, tag
from notebook_http.notebook.display.timings_bar import duration_words
from notebook_http.notebook.environment import running_kernel

__all__ = ["Progress", "Show", "State", "progress_words", "show_here"]

# Four updates a second and the last one are the five that a notebook's server lets pass unseen.
_TICK_SECONDS = 0.25
_BAR_CHARACTERS = 20


class State(NamedTuple):
    """How far it is: requests in all and by what came of them, and seconds so far."""

    total: int
    ok: int
    refused: int  # answered with a status of 400 or above
    failed: int  # no answer
    retrying: int
    seconds: float
    is_over: bool

    @property
    def done(self) -> int:
        """Requests with an outcome."""
        return self.ok + self.refused + self.failed


Show = Callable[[State], None]


class Progress:
    """Counts outcomes, and shows them while a loop runs: `begin`, `note` each, `end`.

    Args:
        total: requests of the whole batch.
        show: how; None for not at all.
        tally: what is counted elsewhere.
    """

    __slots__ = ("_began", "_failed", "_ok", "_refused", "_show", "_tally", "_timer", "_total")

    def __init__(self, total: int, show: Show | None, tally: Tally) -> None:
        self._total = total
        self._show = show if total else None
        self._tally = tally
        self._ok = self._refused = self._failed = 0
        self._began = perf_counter()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Show it from now on, on the running loop."""
        if self._show is not None:
            # Not at once: what is done in no time shows its end only.
            self._timer = asyncio.get_running_loop().call_later(_TICK_SECONDS, self._tick)

    def note(self, status: int | None) -> None:
        """Count one more outcome: the *status* of its reply, None for an error."""
        if status is None:
            self._failed += 1
        elif status < 400:
            self._ok += 1
        else:
            self._refused += 1

    def end(self) -> None:
        """Show the last state, before the cell ends."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._show_now(is_over=True)

    def _tick(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(_TICK_SECONDS, self._tick)
        self._show_now(is_over=False)

    def _show_now(self, *, is_over: bool) -> None:
        if self._show is None:
            return
        seconds = perf_counter() - self._began
        state = State(
            self._total,
            self._ok,
            self._refused,
            self._failed,
            self._tally.retrying,
            seconds,
            is_over,
        )
        try:
            self._show(state)
        except Exception:
            self._show = None  # the output is gone; the requests are not


def progress_words(state: State) -> str:
    """Return *state* on a line: `312 of 1,000 done in 4 s: 300 ok, 12 refused, about 9 s to go`."""
    seconds = state.seconds if state.seconds < 10 else float(round(state.seconds))
    counts = [f"{state.ok:,} ok"]
    if state.refused:
        counts.append(f"{state.refused:,} refused")
    if state.failed:
        counts.append(f"{state.failed:,} failed")
    if state.retrying and not state.is_over:
        counts.append(f"{state.retrying:,} waiting to try again")
    left = state.total - state.done
    if left and state.done and not state.is_over and state.seconds >= 1:
        counts.append(f"about {duration_words(max(1, round(seconds / state.done * left)))} to go")
    words = (
        f"{state.done:,} of {state.total:,} done in {duration_words(seconds)}: {', '.join(counts)}"
    )
    if left and state.is_over:
        words = f"Stopped. {words}. Go on: batch = await nh.last_batch.resume()"
    return words


def show_here() -> Show | None:
    """Return how progress is shown where this process's output goes; None for not at all."""
    if running_kernel() is not None:
        return _InCell()
    with suppress(AttributeError, ValueError):  # no stdout, or one that is closed
        if sys.stdout.isatty():
            return _AtTerminal(sys.stdout)
    return None


class _InCell:
    """One display that is updated."""

    __slots__ = ("_handle", "_shown")

    def __init__(self) -> None:
        self._handle: Any = None
        self._shown = ""

    def __call__(self, state: State) -> None:
        words = progress_words(state)
        if words == self._shown:
            return
        self._shown = words
        bar = tag("progress", value=str(state.done), max=str(state.total))
        bundle = {"text/html": str(tag("div", join(bar, " ", words))), "text/plain": words}
        if self._handle is None:
            from IPython.display import display

            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)


class _AtTerminal:
    """One line that is written over."""

    __slots__ = ("_stream", "_width")

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._width = 0  # of what stands there

    def __call__(self, state: State) -> None:
        full = _BAR_CHARACTERS * state.done // state.total
        line = f"[{'#' * full}{'.' * (_BAR_CHARACTERS - full)}] {progress_words(state)}"
        if not state.is_over:
            # A line that wraps would not be written over.
            line = line[: shutil.get_terminal_size().columns - 1]
        self._stream.write(f"\r{line.ljust(self._width)}{chr(10) if state.is_over else ''}")
        self._stream.flush()
        self._width = len(line)
