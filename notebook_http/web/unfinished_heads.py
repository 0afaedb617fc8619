"""How many of a server's connections may be in the middle of a head, and how large those may be.

A head that trickles in is kept until it is whole or its time is up, and many clients may do that at
once (slow-loris). Only those count whose head did not come in one read: no request in one piece
pays for it.
"""

from __future__ import annotations

from typing import Protocol

__all__ = ["SlowConnection", "UnfinishedHeads"]


class SlowConnection(Protocol):
    """What is needed of a connection whose head is not whole."""

    @property
    def head_is_unfinished(self) -> bool:
        """Whether it still is not."""

    def time_is_up(self) -> None:
        """Refuse the head: it came too slowly."""


class UnfinishedHeads:
    """The connections that were in the middle of a head when they were looked at last.

    Args:
        most: of them that may go on.
        most_bytes: that their heads may have together.

    Up to twice as many of both are let be before they are counted, so that counting costs each of
    them as little as a few looks.
    """

    __slots__ = ("_begun", "_bytes", "_most", "_most_bytes")

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        # Bytes of heads, in the order in which those began; and all of them.
        self._begun: dict[SlowConnection, int] = {}
        self._bytes = 0

    def add(self, connection: SlowConnection, size: int) -> None:
        """Take note that a head has begun with *size* bytes; refuse some if it is one too many."""
        self.discard(connection)
        self._begun[connection] = size
        self._bytes += size
        if len(self._begun) > 2 * self._most or self._bytes > 2 * self._most_bytes:
            self._refuse()

    def grow(self, connection: SlowConnection, size: int) -> None:
        """Take note that a head that was added has *size* bytes now; refuse some if need be."""
        before = self._begun.get(connection)
        if before is None:
            return  # it is being refused
        self._begun[connection] = size
        self._bytes += size - before
        if self._bytes > 2 * self._most_bytes:
            self._refuse()

    def discard(self, connection: SlowConnection) -> None:
        """Forget a connection that is lost. Idempotent."""
        self._bytes -= self._begun.pop(connection, 0)

    def _refuse(self) -> None:
        """Refuse the oldest heads that are too many, then the largest that are too large."""
        unfinished = [one for one in self._begun.items() if one[0].head_is_unfinished]
        at = max(0, len(unfinished) - self._most)
        refused = unfinished[:at]
        left = sum(size for _, size in unfinished[at:])
        for one in sorted(unfinished[at:], key=_size, reverse=True):
            if left <= self._most_bytes:
                break
            left -= one[1]
            refused.append(one)
        self._begun = dict(unfinished)
        for connection, _ in refused:
            del self._begun[connection]
        self._bytes = left
        for connection, _ in refused:
            connection.time_is_up()


def _size(of: tuple[SlowConnection, int]) -> int:
    return of[1]
