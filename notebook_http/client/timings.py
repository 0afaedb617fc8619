"""Split a request's time into its steps.

The engine notes moments (`time.perf_counter()`), which costs next to nothing; the differences are
taken when somebody looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notebook_http.client.trace_points import TracePoints

__all__ = ["Timings"]


class Timings:
    """Seconds that each step of one request took, None for a step that did not happen.

    A request that went over a kept-alive connection has no `dns`, `connect` and `tls`. After
    redirects these are the steps of the last hop, while `total` covers all of them.

    Example: ``response.timings.first_byte`` is how long the server thought.

    Attributes:
        traces: those who listen to the steps, since they pass the same places; None as a rule.
    """

    __slots__ = (
        "_tries",  # set by who tries again, so that others need not
        "completed_at",
        "connect",
        "dns",
        "head_at",
        "queued",
        "sent_at",
        "started_at",
        "tls",
        "traces",
        "writing_at",
    )

    def __init__(self, started_at: float, traces: TracePoints | None = None) -> None:
        self.traces = traces
        self.started_at = started_at
        self.writing_at = started_at
        self.sent_at: float | None = None
        self.head_at: float | None = None
        self.completed_at: float | None = None
        self.queued: float | None = None
        self.dns: float | None = None
        self.connect: float | None = None
        self.tls: float | None = None

    @property
    def tries(self) -> int:
        """How often the request was sent until it was answered so; 1 as a rule."""
        return getattr(self, "_tries", 1)

    @tries.setter
    def tries(self, count: int) -> None:
        self._tries = count

    @property
    def was_sent(self) -> bool:
        """Whether there was anything to send: a cache answers without."""
        return self.sent_at is not None or self.writing_at != self.started_at

    @property
    def sent(self) -> float | None:
        """Seconds from the first byte of the request handed to the connection to the last."""
        return None if self.sent_at is None else self.sent_at - self.writing_at

    @property
    def first_byte(self) -> float | None:
        """Seconds from the end of the request (or the start of its body) to the response's head."""
        if self.head_at is None:
            return None
        # An answer may overtake the body that is still being sent.
        since = self.writing_at if self.sent_at is None else min(self.sent_at, self.head_at)
        return self.head_at - since

    @property
    def body(self) -> float | None:
        """Seconds from the response's head to the last byte of its body."""
        if self.completed_at is None or self.head_at is None:
            return None
        return self.completed_at - self.head_at

    @property
    def total(self) -> float | None:
        """Seconds from the call to the last byte of the body; None while that is to come."""
        return None if self.completed_at is None else self.completed_at - self.started_at

    def __repr__(self) -> str:
        steps = ("queued", "dns", "connect", "tls", "sent", "first_byte", "body", "total")
        shown = [
            f"{name}={seconds * 1000:.1f}ms"
            for name in steps
            if (seconds := getattr(self, name)) is not None
        ]
        return f"<Timings {' '.join(shown) or 'nothing yet'}>"
