"""Say which connections may stand in for one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import ssl as ssl_module

    from notebook_http.transport.tls import Fingerprint

__all__ = ["ConnectionKey"]


class ConnectionKey(NamedTuple):
    """What two requests must have in common to share a connection.

    TLS settings are part of it: a connection that was made without verification, or for another
    certificate name, must never carry a request that asked for more.

    Attributes:
        host: name or address as dialled, without brackets.
        port: TCP port; None for a Unix socket.
        is_ssl: whether TLS is spoken.
        ssl: how the peer is verified: True (default), False (not), a context, or a fingerprint.
        server_hostname: the name that the certificate must show, when it is not *host*.
    """

    host: str
    port: int | None
    is_ssl: bool
    ssl: ssl_module.SSLContext | bool | Fingerprint = True
    server_hostname: str | None = None

    @property
    def where(self) -> str:
        """`host:port`, for people."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"
