"""What every connection of a server has in common."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from math import inf

from notebook_http.web.access_log import AbstractAccessLogger, AccessLogger, access_logger
from notebook_http.web.unfinished_heads import UnfinishedHeads
from notebook_http.wire.limits import MessageLimits

__all__ = ["ConnectionSettings", "server_logger"]

server_logger = logging.getLogger("notebook_http.server")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """Settings of a server's connections, under aiohttp's names where it has them.

    Attributes:
        keepalive_timeout: seconds that an idle connection stays open. An hour and more by default,
            so that a proxy in front of us closes first; `run_app` takes 75, as nginx does. 0 for
            none that does: each answer is its connection's last.
        tcp_keepalive: whether the kernel looks for peers that vanished.
        logger: where failures of handlers are written.
        access_log_class: what writes the access log.
        access_log: where it goes; None for no access log.
        access_log_format: what a line of it looks like.
        debug: whether answers may tell what failed. Never where others can reach the server.
        max_line_size: bytes of a request target.
        max_field_size: bytes of a header field.
        max_headers: number of header fields.
        lingering_time: seconds for which a body that nobody read is read and dropped, so that the
            client sees the answer; then the connection closes.
        lingering_bytes: bytes of such a body that are dropped at most. 1 MiB: dropping costs less
            than a new connection up to about that.
        read_bufsize: bytes of a body that wait for the handler before the client has to.
        auto_decompress: whether bodies are decoded by their Content-Encoding.
        head_timeout: seconds that a client may take over a head; nginx's `client_header_timeout`.
            0 for no limit.
        body_timeout: seconds between two reads of a body; nginx's `client_body_timeout`. 0 for no
            limit.
        max_unfinished_heads: connections that may be in the middle of a head; beyond that (twice as
            many, before they are counted) the slowest are refused before their time, 408. 1,000
            heads at their limits are 1 GiB; an honest client takes hardly more than a round trip.
        max_unfinished_head_bytes: bytes that these heads may have together; beyond that (twice as
            many, before they are counted) the largest are refused, 408. 32 MiB: 1,000 heads of
            32 KiB, which is more than browsers send with all their cookies.
        max_pipelined: requests that wait behind the running one before reading stops.
        handler_cancellation: whether a handler is cancelled when its client leaves.
        timeout_ceil_threshold: taken for aiohttp's sake, whose timers it rounds; ours are one timer
            for all connections (`transport.timeouts`).
        idle_seconds: for which a connection waits for a request, the first one or the next.
    """

    keepalive_timeout: float = 3630
    tcp_keepalive: bool = True
    logger: logging.Logger = server_logger
    access_log_class: type[AbstractAccessLogger] = AccessLogger
    access_log: logging.Logger | None = access_logger
    access_log_format: str = AccessLogger.LOG_FORMAT
    debug: bool = False
    max_line_size: int = 8190
    max_field_size: int = 8190
    max_headers: int = 128
    lingering_time: float = 10.0
    lingering_bytes: int = 1024**2
    read_bufsize: int = 2**18
    auto_decompress: bool = True
    head_timeout: float = 60.0
    body_timeout: float = 60.0
    max_unfinished_heads: int = 1000
    max_unfinished_head_bytes: int = 32 * 1024**2
    max_pipelined: int = 32
    handler_cancellation: bool = False
    timeout_ceil_threshold: float = 5
    limits: MessageLimits = field(init=False)
    unfinished_heads: UnfinishedHeads = field(init=False, repr=False, compare=False)
    idle_seconds: float = field(init=False)

    def __post_init__(self) -> None:
        limits = MessageLimits(
            max_line_size=self.max_line_size,
            max_field_size=self.max_field_size,
            max_headers=self.max_headers,
        )
        object.__setattr__(self, "limits", limits)
        heads = UnfinishedHeads(self.max_unfinished_heads, self.max_unfinished_head_bytes)
        object.__setattr__(self, "unfinished_heads", heads)
        kept = self.keepalive_timeout
        object.__setattr__(self, "idle_seconds", kept if kept > 0 else self.head_timeout or inf)

    def make_access_logger(self) -> AbstractAccessLogger | None:
        """Return what writes the access log, or None."""
        if not self.access_log:
            return None
        return self.access_log_class(self.access_log, self.access_log_format)
