"""How long each part of a request may take."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DEFAULT_TIMEOUT", "ClientTimeout"]


@dataclass(frozen=True, slots=True)
class ClientTimeout:
    """Limits in seconds; None (or 0) means no limit.

    Attributes:
        total: the whole exchange, from the call to the last byte of the body, redirects included.
            Raises `TotalTimeoutError`, a `TimeoutError`.
        connect: until a connection is there: waiting for a place in the pool, name look-up, TCP
            and TLS. Raises `ConnectionTimeoutError`.
        sock_read: between two reads from the server. Raises `SocketTimeoutError`.
        sock_connect: name look-up, TCP and TLS of one new connection. Raises
            `ConnectionTimeoutError`.
        ceil_threshold: accepted as aiohttp has it; our deadlines share one timer and are exact,
            so nothing is rounded.
    """

    total: float | None = None
    connect: float | None = None
    sock_read: float | None = None
    sock_connect: float | None = None
    ceil_threshold: float = 5


# 5 minutes for the whole, as aiohttp; 30 s to connect, so that the addresses of a host that does
# not answer are given up while somebody still waits in front of the cell.
DEFAULT_TIMEOUT = ClientTimeout(total=5 * 60, sock_connect=30)
