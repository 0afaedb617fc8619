"""Keep account of the servers of this process: which run, and which place each of them has.

A place is what stays the same when a cell is run again: a name, or a cell and the call's order in
it. It keeps its port, also while no server has it. Module state, not context variables: a kernel
does not carry those from cell to cell.
"""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

__all__ = ["ServerRegistry"]

S = TypeVar("S")


class ServerRegistry(Generic[S]):
    """The servers that run, in the order in which they were started, and the places they have."""

    __slots__ = ("_at_place", "_ports", "_running", "_turns")

    def __init__(self) -> None:
        self._running: dict[S, None] = {}
        self._at_place: dict[str, S] = {}
        self._ports: dict[str, int] = {}
        self._turns: WeakValueDictionary[tuple[str, int], asyncio.Lock] = WeakValueDictionary()

    def add(self, server: S) -> None:
        """Take note that *server* listens; it is kept alive until `discard`."""
        self._running[server] = None

    def discard(self, server: S) -> None:
        """Forget *server*; its place keeps its port."""
        self._running.pop(server, None)
        for place in [place for place, holder in self._at_place.items() if holder is server]:
            del self._at_place[place]

    def running(self) -> list[S]:
        """Return the servers that were added and not discarded, the oldest first."""
        return list(self._running)

    def holder(self, place: str | None) -> S | None:
        """Return the server that has *place*, or None."""
        return None if place is None else self._at_place.get(place)

    def port_of(self, place: str | None) -> int:
        """Return the port that *place* had last; 0 if it never had one."""
        return 0 if place is None else self._ports.get(place, 0)

    def settle(self, place: str | None, server: S, port: int) -> None:
        """Give *place* to *server*, which listens on *port*."""
        if place is not None:
            self._at_place[place] = server
            self._ports[place] = port

    def turn(self, place: str | None) -> asyncio.Lock:
        """Return the lock that lets one call after the other change what is at *place*."""
        if place is None:
            return asyncio.Lock()
        # A lock belongs to one loop, and is needed only as long as somebody holds or awaits it.
        key = (place, id(asyncio.get_running_loop()))
        lock = self._turns.get(key)
        if lock is None:
            lock = self._turns[key] = asyncio.Lock()
        return lock
