"""Background jobs that do not vanish: `nh.spawn`, `nh.jobs`, `nh.settle`.

A task that nobody holds may be collected half-way, and what it fails with is told to nobody: a
kernel sends asyncio's own message to no cell at all. A job is held until it ends, keeps its output
with the cell that started it, and says there how it ended, unless somebody awaits it by then.
"""

from __future__ import annotations

import asyncio
import atexit
import inspect
import sys
import time
from collections import deque
from collections.abc import Awaitable, Coroutine, Generator, Iterator, Sequence
from contextlib import suppress
from contextvars import ContextVar, copy_context
from datetime import datetime
from functools import cache
from typing import Any, Generic, Literal, TypeAlias, TypeVar, overload

from notebook_http.notebook.cell_output import CellOutput
from notebook_http.notebook.display.job_card import (
    JobFacts,
    cancelled_line,
    failure_lines,
    job_bundle,
    jobs_bundle,
)
from notebook_http.notebook.environment import running_kernel
from notebook_http.notebook.pending_call import explains_itself
from notebook_http.notebook.private_loop import BlockedLoopError, PrivateLoop
from notebook_http.notebook.shell import running_shell

__all__ = ["Job", "JobList", "jobs", "settle", "spawn"]

_T = TypeVar("_T")
State: TypeAlias = Literal["running", "done", "failed", "cancelled", "lost"]

#: Jobs that have ended and are still listed, with their results: what a screen shows at once.
_ENDED_KEPT = 20

_running: dict[Job[Any], None] = {}  # a set in the order of starting
_ended: deque[Job[Any]] = deque(maxlen=_ENDED_KEPT)
# The job that the running code belongs to, also in tasks that the job has started.
_inside: ContextVar[Job[Any] | None] = ContextVar("job", default=None)


def spawn(coro: Awaitable[_T], name: str | None = None) -> Job[_T]:
    """Run *coro* in the background, on the loop that is running, and return its job at once.

    What it prints and displays goes to the cell that started it, also when that has ended. There
    it also says so, in 12 lines at most, if it fails or is cancelled while nobody awaits it. It
    survives the Stop button; it is cancelled by `job.cancel()`, or by the end of its loop.

    Args:
        coro: a coroutine or anything else to await, such as `nh.get(url)`.
        name: what `nh.jobs()` calls it; by default the name of the coroutine's function.

    Raises:
        RuntimeError: no event loop runs here.
        TypeError: *coro* is nothing to await.
    """
    given: object = coro
    if not inspect.isawaitable(given):
        msg = f"spawn() takes a coroutine, such as nh.get(url) or fetch(), not {given!r:.100}"
        raise TypeError(msg)
    loop = asyncio._get_running_loop()
    if loop is None:
        if isinstance(coro, Coroutine):
            coro.close()
        msg = "nh.spawn() needs a running event loop: call it in a cell, or in a coroutine."
        raise RuntimeError(msg)
    return Job(coro, name or str(getattr(coro, "__name__", type(coro).__name__)), loop)


def jobs() -> JobList:
    """Return the jobs that run, and the last 20 that have ended, the oldest first."""
    _forget_the_lost()
    listed = [*_ended, *_running]
    return JobList(sorted(listed, key=lambda job: job._clock))


@explains_itself("nh.settle(…)", "it has not waited for any job")
async def settle(timeout: float | None = None) -> JobList:
    """Return when all jobs of this loop have ended; return `nh.jobs()`.

    For the last cell of a notebook that is executed from start to end (nbclient, papermill): these
    record nothing of a job once its cell has ended, so the table that this returns is what tells
    how each of them ended. A job that calls it does not wait for itself, nor for others that call
    it.

    Args:
        timeout: seconds to wait at most; None for as long as it takes.

    Raises:
        TimeoutError: some still run after *timeout* seconds. They go on.
    """
    loop = asyncio.get_running_loop()
    ends_at = None if timeout is None else loop.time() + timeout
    me = _inside.get()
    if me is not None:
        me._settling += 1
    try:
        while waited_for := [
            job
            for job in _running
            if job.get_loop() is loop and job is not me and not job._settling
        ]:
            rest = None if ends_at is None else max(0.0, ends_at - loop.time())
            _, pending = await asyncio.wait([job._task for job in waited_for], timeout=rest)
            if pending and ends_at is not None and loop.time() >= ends_at:
                names = ", ".join(job.name for job in waited_for if not job.done)
                msg = f"After {timeout:g} s these jobs still run: {names:.200}"
                raise TimeoutError(msg)
    finally:
        if me is not None:
            me._settling -= 1
    return jobs()


class Job(Generic[_T]):
    """A coroutine that runs in the background; made by `nh.spawn`.

    `await job` waits for it and returns its result, or raises its error. Whoever awaits may be
    cancelled or stopped: the job goes on.
    """

    _output: CellOutput
    _task: asyncio.Task[_T]

    def __init__(self, coro: Awaitable[_T], name: str, loop: asyncio.AbstractEventLoop) -> None:
        starter = _inside.get()
        self._name = name
        self._cell = _running_cell() if starter is None else starter.cell
        self._output = CellOutput() if starter is None else starter._output
        self._started = datetime.now().astimezone()
        self._clock = time.monotonic()
        self._seconds: float | None = None  # known when it has ended
        self._waiters = 0
        self._settling = 0
        self._told = False
        self._abandoned = False
        self._context = copy_context()
        self._context.run(_inside.set, self)
        self._coro = self._output.pinned(_awaited(coro))
        self._task = loop.create_task(self._coro, name=f"job {name}", context=self._context)
        self._task.add_done_callback(self._note_end, context=self._context)
        _running[self] = None
        _close_at_exit()

    @property
    def name(self) -> str:
        """What it is called."""
        return self._name

    @property
    def cell(self) -> str:
        """The cell that started it, such as `Cell In[3]`; empty outside of IPython."""
        return self._cell

    @property
    def started(self) -> datetime:
        """When it was started, with the local time zone."""
        return self._started

    @property
    def seconds(self) -> float:
        """How long it has run, or ran."""
        return time.monotonic() - self._clock if self._seconds is None else self._seconds

    @property
    def done(self) -> bool:
        """Whether it has ended, however it did."""
        return self.state != "running"

    @property
    def state(self) -> State:
        """How it stands: `lost` if its loop, or the process, ended before it had."""
        if not self._task.done():
            return "lost" if self._abandoned or self.get_loop().is_closed() else "running"
        if self._task.cancelled():
            return "cancelled"
        return "done" if self._task.exception() is None else "failed"

    @property
    def error(self) -> BaseException | None:
        """What it failed with; None if it did not, or has not yet."""
        return self._task.exception() if self.state in ("done", "failed") else None

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop that it runs on."""
        return self._task.get_loop()

    def cancel(self) -> bool:
        """Cancel it, from any thread; return whether there was something to cancel.

        Its clean-up still runs; `await job` raises CancelledError behind that.
        """
        if self.done:
            return False
        with suppress(RuntimeError):  # its loop was closed just now
            self.get_loop().call_soon_threadsafe(self._task.cancel)
        return True

    def __await__(self) -> Generator[Any, None, _T]:
        return self._result().__await__()

    async def _result(self) -> _T:
        task, here = self._task, asyncio.get_running_loop()
        if task.done():
            self._told = True
            return task.result()
        if here is not self.get_loop():
            self._refuse_if_blocked(here)
            elsewhere = asyncio.run_coroutine_threadsafe(self._result(), self.get_loop())
            return await asyncio.wrap_future(elsewhere)
        if task is asyncio.current_task():
            msg = f"Job {self._name} awaits itself, and would never end"
            raise RuntimeError(msg)
        self._waiters += 1
        try:
            await asyncio.wait([task])  # unlike `await task`, a cancel of ours does not reach it
        except asyncio.CancelledError:
            self._waiters -= 1
            if task.done():
                # It ended in the moment in which we were stopped.
                self._context.run(self._tell_end)
            raise
        self._waiters -= 1
        self._told = True
        return task.result()

    def _refuse_if_blocked(self, here: asyncio.AbstractEventLoop) -> None:
        loop = self.get_loop()
        if loop.is_closed():
            msg = f"The event loop of job {self._name} was closed before it had ended"
            raise RuntimeError(msg)
        if isinstance(here, PrivateLoop) and here.waiting is loop:
            msg = (
                f"Job {self._name} runs on the event loop of this notebook, which waits for "
                "nh.run(): write `await` in place of `nh.run`."
            )
            raise BlockedLoopError(msg)

    # How it ends

    def _note_end(self, task: asyncio.Task[_T]) -> None:
        self._seconds = time.monotonic() - self._clock
        _running.pop(self, None)
        _ended.append(self)
        if not task.cancelled():
            task.exception()  # now asyncio knows that it is not lost
        if not self._waiters:
            self._tell_end()

    def _tell_end(self) -> None:
        """Say in the cell that started it how it ended, once, if that is no success."""
        if self._told or self.state == "done":
            return
        self._told = True
        error = self.error
        facts = self.facts()
        lines = [cancelled_line(facts)] if error is None else failure_lines(facts, error)
        with self._output.held(), suppress(ValueError, OSError):  # a stream that was closed
            sys.stderr.write("\n".join([*lines, ""]))
            sys.stderr.flush()

    def _abandon(self) -> None:
        """End it without its loop, which does not run any more: its `finally` blocks run."""
        self._seconds = self.seconds
        self._abandoned = True
        _running.pop(self, None)
        _ended.append(self)
        self._tell_end()
        self._task._log_destroy_pending = False  # type: ignore[attr-defined]
        with suppress(Exception):
            self._coro.close()

    # As something to look at

    def facts(self) -> JobFacts:
        """Return what a card or table shows of it."""
        error = self.error
        trouble = "" if error is None else f"{type(error).__name__}: {error}"
        state = self.state
        return JobFacts(self._name, state, self._started, self.seconds, self._cell, trouble)

    def __repr__(self) -> str:
        return f"<{job_bundle(self.facts())['text/plain']}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return job_bundle(self.facts())

    def __getattr__(self, name: str) -> Any:
        # Only names that are not there get here.
        hint = "" if name.startswith("_") else f"; of its result it is (await job).{name}"
        msg = f"A job has no attribute {name!r}{hint}"
        raise AttributeError(msg, name=name, obj=self)


class JobList(Sequence[Job[Any]]):
    """Some jobs, as they stand when they are looked at. Take one by number or by name."""

    __slots__ = ("_jobs",)

    def __init__(self, jobs: Sequence[Job[Any]]) -> None:
        self._jobs = tuple(jobs)

    @overload
    def __getitem__(self, index: int | str) -> Job[Any]: ...

    @overload
    def __getitem__(self, index: slice) -> JobList: ...

    def __getitem__(self, index: int | str | slice) -> Job[Any] | JobList:
        if isinstance(index, slice):
            return JobList(self._jobs[index])
        if isinstance(index, int):
            return self._jobs[index]
        for job in self._jobs[::-1]:  # of several, the one that was started last
            if job.name == index:
                return job
        names = ", ".join(dict.fromkeys(repr(job.name) for job in self._jobs)) or "none"
        msg = f"No job is called {index!r}; there are: {names}"
        raise KeyError(msg)

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[Job[Any]]:
        return iter(self._jobs)

    def __repr__(self) -> str:
        return self._repr_mimebundle_()["text/plain"]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return jobs_bundle([job.facts() for job in self._jobs])


async def _awaited(awaitable: Awaitable[_T]) -> _T:
    try:
        return await awaitable
    except SystemExit as error:
        if running_kernel() is None:
            raise
        # In a task it would end the kernel's loop, and the notebook with it.
        msg = f"The job asked to exit ({error.code!r:.100}); only the job has ended"
        raise RuntimeError(msg) from error


def _running_cell() -> str:
    shell = running_shell()
    return "" if shell is None else f"Cell In[{shell.execution_count}]"


def _forget_the_lost() -> None:
    """Give up jobs whose loop was closed without them."""
    for job in [job for job in _running if job.state == "lost"]:
        job._abandon()


@cache
def _close_at_exit() -> None:
    """Let the clean-up of running jobs run at the end of the process.

    A kernel cancels no task when it ends, and its loop does not run any more.
    """

    def close_all() -> None:
        for job in list(_running):
            if not job.get_loop().is_running():
                job._abandon()

    atexit.register(close_all)
