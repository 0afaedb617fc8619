"""Keep what a task prints and displays with the cell that started it, on kernels that do not.

A kernel of today does that by itself, by context variables: ipykernel from 6.29 on for prints, from
7 on for displays. Older ones send the output of everybody to the cell that ran last. There each
step of a task is put into the place of its cell, and out again before anybody else's turn.
"""

from __future__ import annotations

import sys
from collections.abc import Coroutine, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from notebook_http.notebook.shell import running_shell

__all__ = ["CellOutput"]

_T = TypeVar("_T")


class CellOutput:
    """Where the cell that is running puts its output, noted at the time of making."""

    __slots__ = ("_places", "_streams")

    def __init__(self) -> None:
        shell = running_shell()
        candidates: list[Any] = [sys.stdout, sys.stderr, getattr(shell, "display_pub", None)]
        # Each with the message that it answers to, by which the page knows the cell.
        self._places: list[tuple[Any, Any]] = [
            (each, each.parent_header)
            for each in candidates
            if hasattr(each, "parent_header")
            and not isinstance(getattr(each, "_parent_header", None), ContextVar)
        ]
        self._streams = [each for each, _ in self._places if hasattr(each, "flush")]

    def pinned(self, coro: Coroutine[Any, Any, _T]) -> Coroutine[Any, Any, _T]:
        """Return what runs *coro* with its output in this place; *coro* itself if it is anyway."""
        return _PinnedCoroutine(coro, self) if self._places else coro

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let what is printed and displayed in here go to this place. Nothing may be awaited."""
        before = [each.parent_header for each, _ in self._places]
        if all(now is ours for now, (_, ours) in zip(before, self._places, strict=True)):
            yield
            return
        self._flush()  # what was printed until now is for where it was printed
        for each, ours in self._places:
            each.parent_header = ours
        try:
            yield
        finally:
            self._flush()
            for (each, _), theirs in zip(self._places, before, strict=True):
                each.parent_header = theirs

    def _flush(self) -> None:
        for stream in self._streams:
            stream.flush()


class _PinnedCoroutine(Coroutine[Any, Any, _T]):
    """A coroutine each step of which runs with its output in one place."""

    __slots__ = ("_inner", "_output")

    def __init__(self, inner: Coroutine[Any, Any, _T], output: CellOutput) -> None:
        self._inner = inner
        self._output = output

    def __await__(self) -> Generator[Any, Any, _T]:
        return (yield from self._inner.__await__())

    def send(self, value: Any) -> Any:
        """Begin or go on; called by asyncio. `coroutine.send`."""
        with self._output.held():
            return self._inner.send(value)

    def throw(self, *error: Any) -> Any:
        """Raise an error inside; called by asyncio. `coroutine.throw`."""
        with self._output.held():
            return self._inner.throw(*error)

    def close(self) -> None:
        """Give up. `coroutine.close`."""
        with self._output.held():
            self._inner.close()
