"""Run a coroutine to its end from code that cannot await: `nh.run`.

In a script that is `asyncio.run`. In a cell the notebook's event loop runs already, so the
coroutine gets a loop of its own, in a thread of its own, for as long as it takes; both are gone
when `run` returns. Its context variables are a copy of the caller's: that is how kernels tell which
cell a print belongs to.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Coroutine, Iterator
from contextvars import copy_context
from typing import Any, Generic, TypeVar, cast

from notebook_http.notebook.shell import running_shell

__all__ = ["BlockedLoopError", "PrivateLoop", "run"]

_T = TypeVar("_T")

# Windows does not end a wait for a lock at Ctrl+C: there it is seen as late as this.
_LOOK_SECONDS = 0.2


class BlockedLoopError(RuntimeError):
    """What was asked for cannot come, since the loop that it comes from waits for the asker."""


def run(coro: Awaitable[_T]) -> _T:
    """Return what *coro* returns; for code that cannot `await`, in a script or in a cell.

    What it starts and does not end is cancelled before this returns, as with `asyncio.run`. Stop
    or Ctrl+C cancels it, and raises KeyboardInterrupt when it has ended; a second one at once.
    While it runs in a cell, the notebook's own event loop stands still: a server on that loop
    cannot answer, so connecting to one is refused.

    Args:
        coro: a coroutine or anything else to await, such as `nh.get(url)`, that belongs to no
            running loop yet. It is closed if it is refused.

    Raises:
        RuntimeError: a loop runs where this is called, and it is none of a notebook's; or it is
            the very loop of another `run`; or *coro* belongs to a loop that waits for it.
        TypeError: *coro* is nothing to await.
        Exception: whatever *coro* raised, as it is.
    """
    given: object = coro
    if not inspect.isawaitable(given):
        msg = f"run() takes a coroutine, such as nh.get(url) or fetch(), not {given!r:.100}"
        raise TypeError(msg)
    running = asyncio._get_running_loop()
    if refusal := _refusal(coro, running):
        if isinstance(coro, Coroutine):
            coro.close()  # else Python complains, in some later cell, that nobody awaited it
        raise RuntimeError(refusal)
    if running is None:
        return asyncio.run(_awaited(coro))
    return _Run(coro, running).result()


def _refusal(coro: Awaitable[Any], running: asyncio.AbstractEventLoop | None) -> str:
    """Return why *coro* cannot be run here; empty if it can."""
    if isinstance(running, PrivateLoop):
        return (
            "nh.run() was called by code that nh.run() runs, and would wait for itself: "
            "make that code `async def` and write `await` in place of `nh.run`."
        )
    if running is not None and running_shell() is None:
        return (
            "The event loop of this program runs already, and nh.run() would make all of it wait: "
            "write `await` in place of `nh.run`."
        )
    if running is not None and getattr(coro, "get_loop", lambda: None)() is running:
        return (
            f"{coro!r:.100} goes on only when this cell does not wait for it in nh.run(): "
            "write `await` in place of `nh.run`."
        )
    return ""


async def _awaited(awaitable: Awaitable[_T]) -> _T:
    return await awaitable


class _Run(Generic[_T]):
    """One coroutine, run in a thread and a loop of its own, and what came of it."""

    def __init__(self, coro: Awaitable[_T], waiting: asyncio.AbstractEventLoop) -> None:
        self._coro = coro
        self._waiting = waiting
        self._context = copy_context()
        self._done = threading.Event()
        self._loop: PrivateLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._value: list[_T] = []
        self._error: BaseException | None = None
        self._stopped = False

    def result(self) -> _T:
        """Return its value, or raise its error, when it has ended."""
        # A daemon: a coroutine that will not be cancelled must not keep the process alive.
        thread = threading.Thread(target=self._work, name="nh.run", daemon=True)
        with _stop_raises():
            thread.start()
            try:
                self._wait()
            except KeyboardInterrupt as stop:
                self._cancel()
                self._wait()
                # What it failed with while it was being cancelled stays to be seen.
                if not isinstance(self._error, asyncio.CancelledError | None):
                    raise stop from self._error
                raise
        if self._error is not None:
            try:
                raise self._error
            finally:
                self._error = None  # or the frame would keep itself alive
        return self._value[0]

    def _wait(self) -> None:
        while not self._done.wait(_LOOK_SECONDS):
            pass

    def _work(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: PrivateLoop(self._waiting)) as runner:
                self._value.append(runner.run(self._main(), context=self._context))
        except BaseException as error:
            self._error = error
        finally:
            self._done.set()

    async def _main(self) -> _T:
        loop = cast("PrivateLoop", asyncio.get_running_loop())
        self._task, self._loop = asyncio.current_task(), loop
        if self._stopped:
            if isinstance(self._coro, Coroutine):
                self._coro.close()
            raise asyncio.CancelledError
        return await self._coro

    def _cancel(self) -> None:
        self._stopped = True
        loop, task = self._loop, self._task
        if loop is not None and task is not None:
            with contextlib.suppress(RuntimeError):  # its loop was closed just now
                loop.call_soon_threadsafe(task.cancel)


@contextlib.contextmanager
def _stop_raises() -> Iterator[None]:
    """Let SIGINT raise KeyboardInterrupt in the code below.

    In a cell that awaits, the kernel's handler only asks its loop to cancel the cell, and that loop
    waits for us.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is signal.default_int_handler
    ):
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


# The loop ---------------------------------------------------------------------------------------

if sys.platform == "win32":
    _Loop = asyncio.ProactorEventLoop  # the one with subprocesses, as in a script
else:
    _Loop = asyncio.SelectorEventLoop


class PrivateLoop(_Loop):
    """The event loop of one `run`; *waiting* is the loop that stands still meanwhile."""

    def __init__(self, waiting: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.waiting = waiting

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Connect *sock*, as every client on this loop does.

        Raises:
            BlockedLoopError: who listens at *address* cannot answer before `run` has returned.
            OSError: nobody can be reached there.
        """
        if any(_meets(each, address) for each in _listening_addresses(self.waiting)):
            where = f"{address[0]}:{address[1]}" if isinstance(address, tuple) else str(address)
            msg = (
                f"The server at {where} runs on the event loop of this notebook, which waits for "
                "nh.run() and cannot answer: write `await` in place of `nh.run`."
            )
            raise BlockedLoopError(msg)
        await super().sock_connect(sock, address)


def _listening_addresses(loop: asyncio.AbstractEventLoop) -> Iterator[Any]:
    """Yield the addresses at which *loop* accepts connections, whoever made it do so.

    Asyncio keeps no list of them; the loop's selector does. *loop* stands still, so nothing changes
    while we read. One without a selector has none that we could know of.
    """
    selector = getattr(loop, "_selector", None)
    watched = selector.get_map() if selector is not None else None
    for key in (watched or {}).values():
        accepting, _ = key.data if isinstance(key.data, tuple) else (None, None)
        if accepting is None:
            continue
        with contextlib.suppress(OSError), _borrowed(key.fd) as one:
            if one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                yield one.getsockname()


@contextlib.contextmanager
def _borrowed(descriptor: int) -> Iterator[socket.socket]:
    """Lend the socket of *descriptor*, which stays open. OSError: it is none."""
    one = socket.socket(fileno=descriptor)
    try:
        yield one
    finally:
        one.detach()


def _meets(listening: Any, wanted: Any) -> bool:
    """Return whether who connects to *wanted* gets to who listens at *listening*."""
    if not (isinstance(listening, tuple) and isinstance(wanted, tuple)):
        return bool(listening == wanted)  # the path of a Unix socket
    if listening[1] != wanted[1]:
        return False
    everywhere = listening[0] in ("0.0.0.0", "::")
    return listening[0] == wanted[0] or (everywhere and _is_loopback(wanted[0]))


def _is_loopback(host: str) -> bool:
    return host == "::1" or host.startswith("127.")
