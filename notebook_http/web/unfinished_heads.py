"""How many of a server's connections may be in the middle of a head.

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
        most: of them that may go on. Up to twice as many are let be before they are counted, so
            that counting costs each of them as little as a few looks.
    """

    __slots__ = ("_begun", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._begun: dict[SlowConnection, None] = {}  # in the order in which heads began

    def add(self, connection: SlowConnection) -> None:
        """Take note that a head has begun; refuse the oldest ones if they are too many."""
        begun = self._begun
        begun.pop(connection, None)
        begun[connection] = None
        if len(begun) <= 2 * self._most:
            return
        unfinished = [one for one in begun if one.head_is_unfinished]
        at = max(0, len(unfinished) - self._most)
        self._begun = dict.fromkeys(unfinished[at:])
        for one in unfinished[:at]:
            one.time_is_up()

    def discard(self, connection: SlowConnection) -> None:
        """Forget a connection that is lost. Idempotent."""
        self._begun.pop(connection, None)
