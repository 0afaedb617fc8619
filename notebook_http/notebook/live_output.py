"""One output that is updated while something goes on: a display in a cell, a line at a terminal.

A script whose output goes to a file or a pipe is told nothing. What is shown never fails the work
that it tells of.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, NamedTuple, TextIO, TypeVar

from notebook_http.notebook.display.html import Html, join, tag
from notebook_http.notebook.environment import running_kernel

__all__ = ["LiveOutput", "Put", "Shown", "bar_and_words", "output_here"]

_T = TypeVar("_T")

# Four updates a second and the last one are the five that a notebook's server lets pass unseen.
TICK_SECONDS = 0.25
_BAR_CHARACTERS = 20


class Shown(NamedTuple):
    """One state of an output.

    Attributes:
        html: as a cell shows it.
        text: the same without HTML; its first line is what a terminal shows.
        done, total: how far it is, for a terminal's bar; a total of 0 has no bar.
        is_over: whether it is the last one.
    """

    html: Html
    text: str
    done: int
    total: int
    is_over: bool


Put = Callable[[Shown], None]


def bar_and_words(done: int, total: int, words: str, *, is_over: bool) -> Shown:
    """Return a bar with *words* beside it; without a *total*, the words alone."""
    bar = tag("progress", value=str(done), max=str(total)) if total else None
    html = tag("div", join(bar, " " if bar else None, words))
    return Shown(html, words, done, total, is_over)


class LiveOutput(Generic[_T]):
    """Shows what *look* returns, four times a second while the loop runs, and at last: `end`.

    Args:
        look: given whether it is over, returns what is to be shown now.
        put: where it is shown; None for nowhere.
    """

    __slots__ = ("_look", "_put", "_timer")

    def __init__(self, look: Callable[[bool], _T], put: Callable[[_T], None] | None) -> None:
        self._look = look
        self._put = put
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Show it from now on, on the running loop."""
        if self._put is not None:
            # Not at once: what is done in no time shows its end only.
            self._timer = asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)

    def end(self) -> None:
        """Show the last state, before the cell ends."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._show(is_over=True)

    def _tick(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)
        self._show(is_over=False)

    def _show(self, *, is_over: bool) -> None:
        if self._put is None:
            return
        try:
            self._put(self._look(is_over))
        except Exception:
            self._put = None  # the output is gone; the work is not


def output_here() -> Put | None:
    """Return what shows a state where this process's output goes; None for nowhere."""
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

    def __call__(self, state: Shown) -> None:
        if state.html == self._shown:
            return
        self._shown = state.html
        bundle = {"text/html": str(state.html), "text/plain": state.text}
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

    def __call__(self, state: Shown) -> None:
        line = state.text.partition("\n")[0]
        if state.total:
            full = min(_BAR_CHARACTERS * state.done // state.total, _BAR_CHARACTERS)
            line = f"[{'#' * full}{'.' * (_BAR_CHARACTERS - full)}] {line}"
        if not state.is_over:
            # A line that wraps would not be written over.
            line = line[: shutil.get_terminal_size().columns - 1]
        self._stream.write(f"\r{line.ljust(self._width)}{chr(10) if state.is_over else ''}")
        self._stream.flush()
        self._width = len(line)
