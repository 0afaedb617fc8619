"""What the parser of requests tells, and to whom."""

from __future__ import annotations

from typing import Protocol

from notebook_http.wire.request_head import RequestHead

__all__ = ["RequestSink"]


class RequestSink(Protocol):
    """Where the events of a connection go, in the order of the bytes."""

    def request_received(self, head: RequestHead) -> None:
        """A whole head is there."""

    def body_received(self, data: bytes) -> None:
        """Some bytes of the body are there; only after a head with `has_body`."""

    def chunk_completed(self) -> None:
        """A chunk of the body is whole; the last, empty one too."""

    def body_completed(self) -> None:
        """The body is whole; only after a head with `has_body`."""

    def upgrade_asked(self, rest: bytes) -> None:
        """The last head asked for another protocol, which *rest* may be of.

        Only whoever answers it can tell: if it was declined, feed *rest* again.
        """
