"""Count what came of many requests, and show how far they are."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple

from notebook_http.notebook.batches.meter import Tally
from notebook_http.notebook.display.timings_bar import duration_words
from notebook_http.notebook.live_output import LiveOutput, bar_and_words, output_here

__all__ = ["Progress", "Show", "State", "progress_words", "show_here"]


class State(NamedTuple):
    """How far it is: requests in all and by what came of them, and seconds so far.

    *total* is None while nobody knows how many there will be. *next_step* is what to do about the
    rest after a stop; empty if there is nothing.
    """

    total: int | None
    ok: int
    refused: int  # answered with a status of 400 or above
    failed: int  # no answer
    retrying: int
    seconds: float
    is_over: bool
    is_whole: bool
    next_step: str

    @property
    def done(self) -> int:
        """Requests with an outcome."""
        return self.ok + self.refused + self.failed


Show = Callable[[State], None]


class Progress:
    """Counts outcomes, and shows them while a loop runs: `begin`, `note` each, `end`.

    Args:
        total: requests in all; None while nobody knows.
        show: how; None for not at all.
        tally: what is counted elsewhere.
        next_step: what to do about the rest if it is stopped.
    """

    __slots__ = (
        "_began",
        "_failed",
        "_is_whole",
        "_next_step",
        "_ok",
        "_output",
        "_refused",
        "_tally",
        "_total",
    )

    def __init__(
        self, total: int | None, show: Show | None, tally: Tally, next_step: str = ""
    ) -> None:
        self._total = total
        self._tally = tally
        self._next_step = next_step
        self._ok = self._refused = self._failed = 0
        self._is_whole = False
        self._began = perf_counter()
        self._output = LiveOutput(self._state, None if total == 0 else show)

    def begin(self) -> None:
        """Show it from now on, on the running loop."""
        self._output.begin()

    def note(self, status: int | None) -> None:
        """Count one more outcome: the *status* of its reply, None for an error."""
        if status is None:
            self._failed += 1
        elif status < 400:
            self._ok += 1
        else:
            self._refused += 1

    def note_all(self) -> None:
        """Note that there are no more than were counted, where nobody knew how many."""
        self._is_whole = True

    def end(self) -> None:
        """Show the last state, before the cell ends."""
        self._output.end()

    def _state(self, is_over: bool) -> State:
        done = self._ok + self._refused + self._failed
        return State(
            self._total,
            self._ok,
            self._refused,
            self._failed,
            self._tally.retrying,
            perf_counter() - self._began,
            is_over,
            self._is_whole or done == self._total,
            self._next_step,
        )


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
    left = 0 if state.total is None else state.total - state.done
    if left and state.done and not state.is_over and state.seconds >= 1:
        counts.append(f"about {duration_words(max(1, round(seconds / state.done * left)))} to go")
    done = f"{state.done:,}" if state.total is None else f"{state.done:,} of {state.total:,}"
    words = f"{done} done in {duration_words(seconds)}: {', '.join(counts)}"
    if state.is_over and not state.is_whole:
        words = f"Stopped. {words}."
        words = f"{words} {state.next_step}" if state.next_step else words
    return words


def show_here() -> Show | None:
    """Return how progress is shown where this process's output goes; None for not at all."""
    put = output_here()
    if put is None:
        return None

    def show(state: State) -> None:
        words = progress_words(state)
        put(bar_and_words(state.done, state.total or 0, words, is_over=state.is_over))

    return show
