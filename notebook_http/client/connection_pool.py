"""Keep connections between requests, and decide whose turn it is for the next one.

Knows keys, counts and the order of those who wait. Opens nothing and writes nothing: a connector
does. A *slot* is the right to use one connection; it is taken before dialling and travels with
the connection. A freed slot goes straight to the one who has waited longest, so that nobody who
comes later can overtake.
"""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from math import inf
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from notebook_http.client.exceptions import ClientConnectionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebook_http.client.connection_key import ConnectionKey

__all__ = ["ConnectionPool", "PooledConnection"]


# Seconds of idleness after which a connection is looked at before it is used again: a loop that was
# blocked meanwhile has not seen what came. A look costs 1.5 µs, which requests that follow each
# other at full speed (each connection idles for 2 ms at most) need not pay.
_TRUSTED_IDLE_SECONDS = 0.02


class PooledConnection(Protocol):
    """What the pool has to know of a connection."""

    key: ConnectionKey
    idle_until: float

    def is_stale(self) -> bool:
        """Whether it turned out to be of no use while it idled; costs a system call."""

    def close(self) -> None:
        """Close it; the pool has forgotten it by then."""


C = TypeVar("C", bound=PooledConnection)


class ConnectionPool(Generic[C]):
    """The connections of one connector, at most *limit* in all and *limit_per_host* for one key.

    Idle connections are re-used newest first (the least likely to have been closed by the
    server) and closed after *keepalive_seconds*; they count towards *limit*, so that the oldest
    idle one makes room when a new host is dialled.
    """

    def __init__(self, *, limit: int, limit_per_host: int, keepalive_seconds: float) -> None:
        self.limit = limit
        self.limit_per_host = limit_per_host
        self.keepalive_seconds = keepalive_seconds
        self.closed = False
        # Seconds that a TLS peer has to answer the goodbye of a connection that is dropped here.
        # asyncio would keep the socket for 30.
        self.goodbye_seconds = 1.0
        self._trusted_above = max(keepalive_seconds - _TRUSTED_IDLE_SECONDS, 0.0)
        self._slots = 0
        self._slots_of: dict[ConnectionKey, int] = {}
        self._busy: set[C] = set()
        self._idle: dict[ConnectionKey, list[C]] = {}
        self._idle_count = 0
        # By key, so that a full host never blocks the others; numbered, so that the order between
        # keys is known.
        self._waiting: dict[ConnectionKey, deque[tuple[int, asyncio.Future[None]]]] = {}
        self._arrivals = 0
        self._sweep: asyncio.TimerHandle | None = None

    # Asking

    @property
    def busy_count(self) -> int:
        """Connections in use, those being dialled included."""
        return self._slots

    @property
    def idle_count(self) -> int:
        """Connections kept for the next request."""
        return self._idle_count

    @property
    def waiting_count(self) -> int:
        """Requests that wait for a slot."""
        return sum(len(queue) for queue in self._waiting.values())

    def connections(self) -> Iterator[C]:
        """Yield every connection, in use or idle."""
        yield from self._busy
        for idle in self._idle.values():
            yield from idle

    def check_open(self) -> None:
        """Return while the pool lends out connections.

        Raises:
            ClientConnectionError: it was closed.
        """
        if self.closed:
            text = "Connector is closed"
            raise ClientConnectionError(text)

    # Taking

    def reuse(self, key: ConnectionKey, now: float) -> C | None:
        """Return an idle connection for *key* with a slot, or None; never waits."""
        idle = self._idle.get(key)
        if not idle or not self.take_slot(key):
            return None
        connection = idle.pop()
        self._idle_count -= 1
        if not self._is_fit(connection, now):
            connection.close()
            other = self.take_idle(key, now)
            if other is None:
                self.free_slot(key)
            return other
        self._busy.add(connection)
        return connection

    def take_idle(self, key: ConnectionKey, now: float) -> C | None:
        """Return the newest idle connection for *key*, for one who holds a slot already.

        A connection past its time is closed instead: while a long computation blocked the loop,
        the server may have hung up without anybody noticing yet.
        """
        idle = self._idle.get(key)
        while idle:
            connection = idle.pop()
            self._idle_count -= 1
            if self._is_fit(connection, now):
                self._busy.add(connection)
                return connection
            connection.close()
        return None

    def take_slot(self, key: ConnectionKey) -> bool:
        """Take a slot for *key* if one is free."""
        limit = self.limit
        if limit and self._slots >= limit:
            return False
        limit = self.limit_per_host
        if limit:
            taken = self._slots_of.get(key, 0)
            if taken >= limit:
                return False
            self._slots_of[key] = taken + 1
        self._slots += 1
        return True

    async def wait_for_slot(self, key: ConnectionKey) -> None:
        """Return when a slot for *key* has been taken, first come, first served.

        A cancel leaves the queue; a slot that was just handed over goes to the next one.

        Raises:
            ClientConnectionError: the pool was closed meanwhile.
        """
        if self.take_slot(key):
            return
        turn = asyncio.get_running_loop().create_future()
        self._arrivals += 1
        entry = (self._arrivals, turn)
        self._waiting.setdefault(key, deque()).append(entry)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.free_slot(key)
            else:
                self._leave_queue(key, entry)
            raise

    def adopt(self, connection: C) -> None:
        """Take in a connection that was dialled with a slot; it is in use.

        Raises:
            ClientConnectionError: the pool was closed meanwhile, and the connection is, too.
        """
        if self.closed:
            connection.close()
            self.check_open()
        self._busy.add(connection)

    def make_room(self) -> None:
        """Close the oldest idle connection if another one would be over the limit."""
        if not self.limit or self._slots + self._idle_count <= self.limit:
            return
        oldest: list[C] | None = None
        for idle in self._idle.values():
            if idle and (oldest is None or idle[0].idle_until < oldest[0].idle_until):
                oldest = idle
        if oldest:
            self._idle_count -= 1
            oldest.pop(0).close()

    # Giving back

    def give_back(self, connection: C, now: float | None, expects_more: bool = False) -> None:
        """End the use of *connection*.

        Args:
            connection: was in use; a connection that was not is left alone.
            now: the loop's time, to keep it for the next request; None when it must not be used
                again (the caller closes it).
            expects_more: look at it before its next use, however soon that is: bytes that nobody
                asked for may follow.
        """
        try:
            self._busy.remove(connection)
        except KeyError:
            return
        key = connection.key
        if now is not None and self.keepalive_seconds > 0 and not self.closed:
            connection.idle_until = now + self.keepalive_seconds
            if expects_more:
                connection.idle_until -= _TRUSTED_IDLE_SECONDS
            idle = self._idle.get(key)
            if idle is None:
                idle = self._idle[key] = []
            idle.append(connection)
            self._idle_count += 1
            if self._sweep is None and self.keepalive_seconds < inf:
                self._plan_sweep(connection.idle_until)
        elif now is not None:
            connection.close()
        if self.limit_per_host or self._waiting:
            self.free_slot(key)
        else:
            self._slots -= 1

    def free_slot(self, key: ConnectionKey) -> None:
        """Free a slot of *key*, or hand it to the one who has waited longest and may have it."""
        if self.limit_per_host:
            taken = self._slots_of[key] - 1
            if taken:
                self._slots_of[key] = taken
            else:
                del self._slots_of[key]
        self._slots -= 1
        if self._waiting:
            self._wake_next()

    def forget(self, connection: C) -> None:
        """Drop an idle connection that was lost; others are left alone."""
        idle = self._idle.get(connection.key)
        if idle and connection in idle:
            idle.remove(connection)
            self._idle_count -= 1

    def drop_all(self) -> list[C]:
        """Forget every connection and slot, since their loop is gone, and return them."""
        connections = list(self.connections())
        self._busy.clear()
        self._idle.clear()
        self._idle_count = self._slots = 0
        self._slots_of.clear()
        self._waiting.clear()
        self._sweep = None
        return connections

    def close(self) -> list[C]:
        """Refuse further use, wake everybody who waits with an error, return all connections."""
        self.closed = True
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        connections = list(self.connections())
        self._idle.clear()
        self._idle_count = 0
        waiting, self._waiting = self._waiting, {}
        for queue in waiting.values():
            for _, turn in queue:
                if not turn.done():
                    turn.set_exception(ClientConnectionError("Connector is closed"))
        return connections

    # Privates

    def _is_fit(self, connection: C, now: float) -> bool:
        """Whether an idle connection can be used."""
        left = connection.idle_until - now
        if left > self._trusted_above:
            return True
        return left > 0 and not connection.is_stale()

    def _wake_next(self) -> None:
        """Give the free slot to the first in line whose host has room for it."""
        first: ConnectionKey | None = None
        first_number = 0
        for key, queue in list(self._waiting.items()):
            # Cancelled, but its task has not run yet to leave the queue.
            while queue and queue[0][1].done():
                queue.popleft()
            if not queue:
                del self._waiting[key]
                continue
            number = queue[0][0]
            if (first is None or number < first_number) and (
                not self.limit_per_host or self._slots_of.get(key, 0) < self.limit_per_host
            ):
                first, first_number = key, number
        if first is None or not self.take_slot(first):
            return
        queue = self._waiting[first]
        _, turn = queue.popleft()
        if not queue:
            del self._waiting[first]
        turn.set_result(None)

    def _leave_queue(self, key: ConnectionKey, entry: tuple[int, asyncio.Future[None]]) -> None:
        queue = self._waiting.get(key)
        if queue is not None and entry in queue:
            queue.remove(entry)
            if not queue:
                del self._waiting[key]

    def _plan_sweep(self, when: float) -> None:
        # A weak reference: the timer must not keep a forgotten session alive.
        self._sweep = asyncio.get_running_loop().call_at(when, _sweep, weakref.ref(self))

    def close_expired(self) -> None:
        """Close the connections that have idled for too long, and plan the next look."""
        self._sweep = None
        now = asyncio.get_running_loop().time()
        next_at = 0.0
        for key, idle in list(self._idle.items()):
            while idle and idle[0].idle_until <= now:
                self._idle_count -= 1
                idle.pop(0).close()
            if not idle:
                del self._idle[key]
            elif not next_at or idle[0].idle_until < next_at:
                next_at = idle[0].idle_until
        if next_at:
            self._plan_sweep(next_at)


def _sweep(pool_reference: weakref.ref[ConnectionPool[Any]]) -> None:
    pool = pool_reference()
    if pool is not None and not pool.closed:
        pool.close_expired()
