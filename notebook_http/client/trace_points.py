"""The places of a request that can be listened to: what the engine asks of those who listen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from multidict import CIMultiDict
    from yarl import URL

__all__ = ["TracePoints"]


class TracePoints(Protocol):
    """What the rooms that a request passes tell its listeners; `tracing.Traces` is it.

    Attributes:
        headers: what session and call say that a request carries, as listeners have left it.
    """

    headers: CIMultiDict[str]

    def move(self, method: str, url: URL, *, trusted: bool) -> None:
        """Go on with the next request of a call, after a redirect."""

    async def headers_sent(self, request: Any) -> None:
        """Tell which head leaves."""

    async def chunk_sent(self, request: Any, chunk: bytes) -> None:
        """Tell which piece of the body leaves."""

    async def request_redirect(self, response: Any) -> None:
        """Tell that *response* leads elsewhere."""

    async def chunk_received(self, response: Any, chunk: bytes) -> None:
        """Tell the body that was read."""

    async def connection_queued_start(self) -> None:
        """Tell that the request waits for another one to end."""

    async def connection_queued_end(self) -> None:
        """Tell that the request's turn has come."""

    async def connection_create_start(self) -> None:
        """Tell that a new connection is being made."""

    async def connection_create_end(self) -> None:
        """Tell that the new connection is there."""

    async def connection_reuseconn(self) -> None:
        """Tell that the request goes over a connection that was kept."""

    async def dns_cache(self, host: str, *, hit: bool) -> None:
        """Tell whether the addresses of *host* are known already."""

    async def dns_resolvehost_start(self, host: str) -> None:
        """Tell that the resolver is asked for *host*."""

    async def dns_resolvehost_end(self, host: str) -> None:
        """Tell that the resolver has answered."""
