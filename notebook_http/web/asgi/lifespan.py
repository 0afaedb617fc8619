"""The lifespan of an ASGI application: it is told when serving begins and ends (ASGI, 2.0)."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Literal

from notebook_http.web.asgi.interface import ASGI_VERSIONS, AsgiCallable, Message

__all__ = ["Lifespan", "LifespanMode"]

LifespanMode = Literal["auto", "on", "off"]

# Seconds that an application has to return when it was told, and has said, that it is over.
_RETURN_SECONDS = 2.0


class Lifespan:
    """One run of an application, from start-up to shut-down, in a task of its own.

    Args:
        app: the application.
        mode: ``auto`` lets an application that does not know lifespan be; ``on`` does not.
        logger: where failures at the end are written.

    Attributes:
        state: what the application leaves for its requests; each gets a copy.
    """

    def __init__(self, app: AsgiCallable, mode: LifespanMode, logger: logging.Logger) -> None:
        self.state: dict[str, Any] = {}
        self._app = app
        self._mode = mode
        self._logger = logger
        self._events: asyncio.Queue[Message] = asyncio.Queue()
        self._said: asyncio.Future[Message] | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_known = False

    async def startup(self) -> None:
        """Return when the application is ready. A cancel ends it.

        Raises:
            RuntimeError: its start-up failed; the text is what it says. With ``on`` also if it
                does not know lifespan.
        """
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._run())
        try:
            said = await self._ask("lifespan.startup")
        except BaseException:
            await self._end()
            raise
        if said is None:
            await self._without()
            return
        if said["type"] == "lifespan.startup.failed":
            await self._end()
            raise RuntimeError(
                f"The application failed to start: {said.get('message') or 'it says no reason'}"
            )
        self._is_known = True

    async def _without(self) -> None:
        """Go on without an application that ended when it was asked."""
        task, self._task = self._task, None
        error = None if task is None or task.cancelled() else task.exception()
        if self._mode == "on":
            reason = f": {error!r}" if error is not None else ", it returned"
            raise RuntimeError(
                f"The application does not know lifespan, or failed in it{reason}"
            ) from error
        if error is not None:
            self._logger.debug("The application does not know lifespan", exc_info=error)

    async def shutdown(self) -> None:
        """Tell the application that it is over, and return when it is done. A cancel ends it.

        Raises:
            RuntimeError: its clean-up failed; the text is what it says.
        """
        task = self._task
        if task is None or not self._is_known:
            return
        try:
            said = None if task.done() else await self._ask("lifespan.shutdown")
            if said is not None:
                await asyncio.wait((task,), timeout=_RETURN_SECONDS)
        finally:
            await self._end()
        error = None if task.cancelled() else task.exception()
        if said is not None and said["type"] == "lifespan.shutdown.failed":
            reason = said.get("message") or "it says no reason"
            raise RuntimeError(f"The application failed to shut down: {reason}") from error
        if error is not None:
            raise RuntimeError(f"The application failed in its lifespan: {error!r}") from error

    # How it works

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": ASGI_VERSIONS.copy(), "state": self.state}
        await self._app(scope, self._events.get, self._send)

    async def _send(self, message: Message) -> None:
        said = self._said
        if self._task is None:
            return  # it is being ended, and nobody asks any more
        if said is None or said.done():
            raise RuntimeError(f"Unexpected ASGI message {message['type']!r} in lifespan")
        phase = "shutdown" if self._is_known else "startup"
        if message["type"] not in (f"lifespan.{phase}.complete", f"lifespan.{phase}.failed"):
            raise RuntimeError(
                f"Expected ASGI message 'lifespan.{phase}.complete' or "
                f"'lifespan.{phase}.failed', but got {message['type']!r}"
            )
        said.set_result(message)

    async def _ask(self, event: str) -> Message | None:
        """Return what the application says to *event*, or None if it ends without a word."""
        task = self._task
        said = self._said = asyncio.get_running_loop().create_future()
        self._events.put_nowait({"type": event})
        if task is not None:
            await asyncio.wait((task, said), return_when=asyncio.FIRST_COMPLETED)
        return said.result() if said.done() else None

    async def _end(self) -> None:
        """End the task, whatever it is at."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        await asyncio.wait((task,), timeout=_RETURN_SECONDS)
        if task.done() and not task.cancelled():
            task.exception()  # it is told, or was
