"""A `ClientSession` that ends with its event loop, or with its owner, without a word.

aiohttp's sessions complain when they are dropped unclosed, and rightly: a program can close them.
A cell that is run again cannot; its session is replaced. Here the loop closes the session when
`asyncio.run` is over, the owner's end closes it in a kernel, and the interpreter's exit does too.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from notebook_http.client.session import ClientSession

__all__ = ["LoopSession", "close_silently"]


class LoopSession:
    """A session and the loop that it lives on; made by `open`, inside that loop."""

    __slots__ = ("_watch", "loop", "session")

    def __init__(
        self,
        session: ClientSession,
        loop: asyncio.AbstractEventLoop,
        watch: AsyncGenerator[None, None],
    ) -> None:
        self.session = session
        self.loop = loop
        self._watch = watch

    @classmethod
    async def open(cls, arguments: dict[str, Any]) -> LoopSession:
        """Return a new session made with *arguments*, tied to the running loop."""
        from notebook_http.client.session import ClientSession

        if "NOTEBOOK_HTTP_OFFLINE" in os.environ:  # set in a cell, perhaps
            from notebook_http.notebook.cassettes.passing import watch_for_offline

            watch_for_offline()
        session = ClientSession(**arguments)
        watch = _close_at_the_end(session)
        await anext(watch)
        return cls(session, asyncio.get_running_loop(), watch)

    @property
    def is_usable(self) -> bool:
        """Whether a request can be sent with it."""
        return not (self.session.closed or self.loop.is_closed())

    async def close(self) -> None:
        """Close the session; its connections are gone when this returns. Idempotent."""
        await self.session.close()
        await self._watch.aclose()

    def close_now(self) -> None:
        """Close the session's sockets without waiting for anything. Idempotent, never raises.

        Only in the loop's own thread, or when the loop does not run.
        """
        session = self.session
        connector = session.connector
        session.detach()
        try:
            if connector is not None and session.connector_owner:
                _ = connector.close()  # closes now; what it returns only waits for the peers
        except RuntimeError:
            pass  # the loop is closed, and its sockets with it
        _finish(self._watch)


def close_silently(sessions: dict[asyncio.AbstractEventLoop, LoopSession]) -> None:
    """Close all *sessions*, from any thread and at any time, and forget them; never raises.

    For finalizers: takes the dictionary, because its owner is gone by then.
    """
    while sessions:
        loop, session = sessions.popitem()
        if loop.is_closed() or not loop.is_running() or asyncio._get_running_loop() is loop:
            session.close_now()
            continue
        try:
            loop.call_soon_threadsafe(session.close_now)
        except RuntimeError:  # closed just now
            session.close_now()


async def _close_at_the_end(session: ClientSession) -> AsyncGenerator[None, None]:
    """Close *session* when the loop ends.

    A loop keeps the asynchronous generators that were begun on it, and `asyncio.run` finishes them
    (`shutdown_asyncgens`) while the loop can still say goodbye to sockets. Nothing else in asyncio
    tells of a loop's end.
    """
    try:
        yield
    finally:
        if not session.closed:
            await session.close()


def _finish(watch: AsyncGenerator[None, None]) -> None:
    """Run *watch*, whose session is closed, to its end; there is nothing left to wait for."""
    try:
        watch.aclose().send(None)
    except (StopIteration, StopAsyncIteration, RuntimeError):
        pass  # ended; or the loop is ending it just now
