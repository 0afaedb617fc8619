"""One timer for all the deadlines of a loop.

A timer handle per request would cost a heap push, an object and a cancel each time, for something
that hardly ever happens. Here a connection registers one `Deadline` for its whole life and merely
moves it; the loop's only timer wakes when the earliest may have passed, and looks.
"""

from __future__ import annotations

import asyncio
from math import inf
from weakref import WeakKeyDictionary, ref

__all__ = ["Deadline", "DeadlineTimer"]

# Seconds a deadline may pass before it is noticed: a floor, and a share per registered deadline.
# The share keeps the look through all of them (50 ns each) under 1 % of one core, however many
# connections there are: 10,000 of them are looked through at most five times a second.
_SLACK = 0.005
_SLACK_PER_DEADLINE = 20e-6


class Deadline:
    """Something that has to happen by a certain time. Derive and override `expire`.

    Attributes:
        when: time by the loop's clock, in seconds; ``inf`` while nothing is due. To move it later,
            assign it. After moving it earlier, call `DeadlineTimer.reschedule`.
    """

    __slots__ = ("when",)

    def __init__(self) -> None:
        self.when = inf

    def expire(self) -> None:
        """Do what is due. Called once `when` has passed; move or discard the deadline here."""
        raise NotImplementedError


class DeadlineTimer:
    """Watches every `Deadline` of one loop with one timer handle."""

    __slots__ = ("__weakref__", "_deadlines", "_handle", "_loop", "_wakes_at")

    _of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, DeadlineTimer] = WeakKeyDictionary()

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        # Weakly: the registry's keys must not be kept alive by its values.
        self._loop = ref(loop)
        self._deadlines: set[Deadline] = set()
        self._handle: asyncio.TimerHandle | None = None
        self._wakes_at = inf

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> DeadlineTimer:
        """Return the timer that *loop*'s connections share."""
        timer = cls._of_loop.get(loop)
        if timer is None:
            timer = cls._of_loop[loop] = cls(loop)
        return timer

    def __len__(self) -> int:
        return len(self._deadlines)

    def add(self, deadline: Deadline) -> None:
        """Watch *deadline* until it is discarded."""
        self._deadlines.add(deadline)
        self.reschedule(deadline)

    def discard(self, deadline: Deadline) -> None:
        """Stop watching *deadline*. The last one takes the timer handle with it."""
        self._deadlines.discard(deadline)
        if not self._deadlines and self._handle is not None:
            self._handle.cancel()
            self._handle = None
            self._wakes_at = inf

    def reschedule(self, deadline: Deadline) -> None:
        """Notice that *deadline* has moved, perhaps to before the timer's next look."""
        when = deadline.when
        if when < self._wakes_at:
            self._wake_at(when)

    def _wake_at(self, when: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self._wakes_at = when
        loop = self._loop()
        if when < inf and loop is not None and not loop.is_closed():
            self._handle = loop.call_at(when, self._look)

    def _look(self) -> None:
        loop = self._loop()
        if loop is None:
            return
        now = loop.time()
        self._handle = None
        self._wakes_at = inf
        for deadline in [entry for entry in self._deadlines if entry.when <= now]:
            try:
                deadline.expire()
            except Exception as error:
                # One faulty deadline must not keep the others from being seen.
                loop.call_exception_handler(
                    {"message": "Exception in Deadline.expire()", "exception": error}
                )
                deadline.when = inf
        earliest = min([entry.when for entry in self._deadlines], default=inf)
        slack = _SLACK + _SLACK_PER_DEADLINE * len(self._deadlines)
        earliest = max(earliest, now + slack)
        if earliest < self._wakes_at:
            self._wake_at(earliest)
