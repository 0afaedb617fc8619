"""One request and its answer, as the history of a notebook keeps them: plain values, bounded."""

from __future__ import annotations

from typing import NamedTuple

from notebook_http.notebook.interchange.request_parts import RequestParts
from notebook_http.wire.secrets import mask_url

__all__ = ["Exchange", "Steps"]


class Steps(NamedTuple):
    """Seconds that each step took; None for one that did not happen, or that nobody measured."""

    queued: float | None = None
    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    sent: float | None = None
    first_byte: float | None = None
    body: float | None = None


class Exchange(NamedTuple):
    """One request, and what came of it.

    Attributes:
        started: when it was asked, in seconds since 1970.
        seconds: from the call to the last byte of the body, or to the error.
        request: what was asked, unmasked; its body up to a limit.
        status: the status code; 0 when there was no answer.
        reason: the reason phrase.
        headers: those of the answer.
        content: the body; None if it was not kept, and *missing* says why.
        missing: see *content*.
        size: of the decoded body in bytes; None when nobody counted.
        steps: how the time was spent.
        error: what went wrong; "" when nothing did.
    """

    started: float
    seconds: float
    request: RequestParts
    status: int = 0
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes | None = None
    missing: str = ""
    size: int | None = None
    steps: Steps = Steps()
    error: str = ""

    def header(self, name: str) -> str:
        """Return the first value of an answer's header by its lower-case *name*; "" without."""
        return next((value for given, value in self.headers if given.lower() == name), "")

    def __repr__(self) -> str:
        what = self.error.partition(":")[0] or str(self.status)
        return f"<{self.request.method} {mask_url(self.request.url)[:200]} {what}>"
