"""Tasks that applications run in: each its own, and none made for an application that never waits.

An application may go on when its answer is out (background tasks), so it cannot run in the task of
its connection, which has the next request to see to. And it has to stay in the task that it began
in: time-outs and task groups hold on to it. So a crew of tasks waits at hand. An application is
begun at once in the name of one of them; only if it waits is that task woken, to go on with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from types import CoroutineType
from typing import Any, Protocol

from notebook_http.web.begun_answer import BegunAnswer, enter_task, leave_task

__all__ = ["AppTask", "Crew", "Job"]

# Tasks that wait for work at most; more that become idle end. A task takes about 1 KiB.
_MAX_IDLE = 64
# Seconds that applications have to end after they were cancelled.
_CANCEL_SECONDS = 2.0


class Job(Protocol):
    """Who is told how an application ended."""

    def app_ended(self, error: BaseException | None) -> None:
        """It returned, or raised *error*."""


class AppTask:
    """A task that lends its name to one application after the other.

    Attributes:
        task: the task.
    """

    __slots__ = ("_begun", "_crew", "_dismissed", "_job", "_waiter", "task")

    def __init__(self, crew: Crew, loop: asyncio.AbstractEventLoop) -> None:
        self._crew = crew
        self._begun: BegunAnswer | None = None
        self._job: Job | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._dismissed = False
        # In context variables of nobody: each application brings its own.
        self.task: asyncio.Task[None] = loop.create_task(self._work(), context=Context())

    def go_on(self, begun: BegunAnswer, job: Job) -> None:
        """Go on with an application that waits, and tell *job* how it ends."""
        self._begun, self._job = begun, job
        self._wake()

    def cancel(self, job: Job) -> None:
        """Cancel the application of *job* if it still runs."""
        if self._job is job:
            self.task.cancel()

    def dismiss(self) -> None:
        """End, unless there is work."""
        self._dismissed = True
        self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def _work(self) -> None:
        task, crew = self.task, self._crew
        while True:
            begun, job = self._begun, self._job
            if begun is None or job is None:
                # Who was cancelled once is not used again.
                if self._dismissed or task.cancelling() or not await self._park():
                    return
                continue
            error: BaseException | None = None
            try:
                await begun
            except (Exception, asyncio.CancelledError) as raised:
                error = raised
            except BaseException as raised:
                error = raised
                raise
            finally:
                self._begun = self._job = None
                crew.busy.discard(self)
                job.app_ended(error)
                del begun, job, error  # a task that waits holds on to nothing
            if not task.cancelling():
                crew.take_back(self)

    async def _park(self) -> bool:
        """Wait for work; whether there may be some."""
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        except asyncio.CancelledError as error:
            if self._begun is None:
                return False
            # The application was cancelled between its first step and now.
            self._begun.interrupt(error)
        finally:
            self._waiter = None
        return True


class Crew:
    """The tasks of one application.

    Args:
        loop: the loop that they run on.

    Attributes:
        busy: those whose application waits for something.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._idle: list[AppTask] = []
        self.busy: set[AppTask] = set()

    def begin(
        self, app: Callable[..., Awaitable[Any]], arguments: tuple[Any, ...], context: Context
    ) -> tuple[AppTask, BegunAnswer] | None:
        """Run ``app(*arguments)`` in *context* up to where it first waits.

        Returns:
            None if it never did and has ended; else the task that is to `go_on` with it.

        Raises:
            BaseException: whatever it raised before it waited.
        """
        loop, idle = self._loop, self._idle
        worker = idle.pop() if idle else AppTask(self, loop)
        while worker.task.cancelling():  # somebody cancelled it while it waited
            worker = idle.pop() if idle else AppTask(self, loop)
        caller = asyncio.current_task(loop)
        if caller is not None:
            leave_task(loop, caller)
        enter_task(loop, worker.task)
        try:
            coroutine, awaited = context.run(_first_step, app, arguments)
        except BaseException:
            idle.append(worker)
            raise
        finally:
            leave_task(loop, worker.task)
            if caller is not None:
                enter_task(loop, caller)
        if coroutine is None:
            idle.append(worker)
            return None
        self.busy.add(worker)
        return worker, BegunAnswer(coroutine, context, awaited)

    def take_back(self, worker: AppTask) -> None:
        """Let *worker* wait for work, or end if enough do. Called by the worker."""
        if len(self._idle) < _MAX_IDLE:
            self._idle.append(worker)
        else:
            worker.dismiss()

    async def close(self, seconds: float) -> None:
        """End all tasks; those that are at something have *seconds*, then they are cancelled.

        A cancel cancels them at once.
        """
        try:
            if self.busy:
                await asyncio.wait([each.task for each in self._at_work()], timeout=seconds)
        finally:
            tasks = [each.task for each in self._at_work()]
            for task in tasks:
                task.cancel()
            for each in self._idle:
                each.dismiss()
                tasks.append(each.task)
            self._idle = []
            if tasks:
                await asyncio.wait(tasks, timeout=_CANCEL_SECONDS)

    def _at_work(self) -> list[AppTask]:
        for each in self.busy:
            each.dismiss()  # they end when their work does
        return list(self.busy)


def _first_step(app: Callable[..., Awaitable[Any]], arguments: tuple[Any, ...]) -> tuple[Any, Any]:
    """Return the coroutine and what it waits for; (None, None) if it has ended."""
    coroutine: Any = app(*arguments)
    if coroutine.__class__ is not CoroutineType:
        coroutine = _awaiting(coroutine)
    try:
        awaited = coroutine.send(None)
    except StopIteration:
        return None, None
    if asyncio.isfuture(awaited):
        awaited._asyncio_future_blocking = False  # see `begun_answer.begin`
    return coroutine, awaited


async def _awaiting(awaitable: Awaitable[Any]) -> None:
    await awaitable
