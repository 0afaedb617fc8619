"""When a silent peer is pinged or given up, and when a closed WebSocket has to be gone."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Protocol

from notebook_http.transport.timeouts import Deadline

if TYPE_CHECKING:
    import asyncio

__all__ = ["SessionDeadline", "WatchedSession"]

# Seconds that a peer which has said goodbye may take to read ours.
_LINGER_SECONDS = 10.0


class WatchedSession(Protocol):
    """What the deadline asks of a session."""

    loop: asyncio.AbstractEventLoop
    closed: bool
    transport: asyncio.Transport | None

    @property
    def may_judge_silence(self) -> bool:
        """Whether a silent peer is to blame for it."""

    def ping(self) -> None:
        """Send a PING."""

    def give_up(self, seconds: float) -> None:
        """End: no PONG came within *seconds*."""

    def abort(self) -> None:
        """Close now."""


class SessionDeadline(Deadline):
    """The one deadline of a session.

    Args:
        session: pings, gives up or aborts.
        heartbeat: seconds of silence after which the peer is pinged; half of that later it is
            given up. 0 for never.
    """

    __slots__ = ("_is_pinged", "_session", "_unsent", "heartbeat")

    def __init__(self, session: WatchedSession, heartbeat: float) -> None:
        super().__init__()
        self._session = session
        self.heartbeat = heartbeat
        self._is_pinged = False
        self._unsent = 0  # bytes that had not left at the last look

    def heard(self, now: float) -> None:
        """Begin the silence anew. Whatever comes shows that the peer is there."""
        self._is_pinged = False
        self.when = now + self.heartbeat

    def stop(self) -> None:
        """Watch nothing."""
        self.when = inf

    def linger(self, now: float) -> None:
        """Abort what has not ended a while after *now*."""
        self.when = now + _LINGER_SECONDS

    def expire(self) -> None:
        """Ping a silent peer, or give it up."""
        session = self._session
        now = session.loop.time()
        if session.closed:
            self.stop()
            session.abort()
            return
        if not session.may_judge_silence:
            self.when = now + self.heartbeat
            return
        transport = session.transport
        unsent = 0 if transport is None else transport.get_write_buffer_size()
        if not self._is_pinged:
            self._is_pinged = True
            session.ping()
        elif not 0 < unsent < self._unsent:
            session.give_up(self.heartbeat / 2)
            return
        # The PING is still behind a large message, which the peer takes: it cannot have answered.
        self._unsent = unsent
        self.when = now + self.heartbeat / 2
