"""Whose turn it is: the requests in their order, but none that would only wait for its host.

A list often names one host a thousand times before the next. Requests beyond what a host may have
at once are held back, so that they do not take the places of those to others.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator

from notebook_http.notebook.batches.planned_request import PlannedRequest

__all__ = ["Turn", "Turns"]

Turn = tuple[int, PlannedRequest]
_Host = tuple[str, int | None]


class Turns:
    """Gives out requests while their hosts have room.

    Args:
        source: (position, request) pairs, read no further than needed.
        per_host: requests under way to one host at most.
        look_ahead: how many are held back at most, which is how far *source* is read ahead.
    """

    __slots__ = ("_busy", "_freed", "_held", "_held_count", "_look_ahead", "_per_host", "_source")

    def __init__(self, source: Iterator[Turn], per_host: int, look_ahead: int) -> None:
        self._source = source
        self._per_host = per_host
        self._look_ahead = look_ahead
        self._busy: Counter[_Host] = Counter()
        self._held: dict[_Host, deque[Turn]] = {}
        self._held_count = 0
        self._freed: deque[_Host] = deque()  # hosts that got room while requests were held back

    def next(self) -> Turn | None:
        """Return the next request to be sent; None if there is none, or none for now."""
        while self._freed:
            host = self._freed.popleft()
            held = self._held.get(host)
            if held is not None and self._busy[host] < self._per_host:
                turn = held.popleft()
                self._held_count -= 1
                if not held:
                    del self._held[host]
                self._busy[host] += 1
                return turn
        while self._held_count < self._look_ahead:
            turn_or_none = next(self._source, None)
            if turn_or_none is None:
                return None
            host = turn_or_none[1].host
            if self._busy[host] < self._per_host and host not in self._held:
                self._busy[host] += 1
                return turn_or_none
            self._held.setdefault(host, deque()).append(turn_or_none)
            self._held_count += 1
        return None

    def done(self, request: PlannedRequest) -> None:
        """Make room: *request* is no longer under way."""
        host = request.host
        self._busy[host] -= 1
        if not self._busy[host]:
            del self._busy[host]
        if host in self._held:
            self._freed.append(host)
