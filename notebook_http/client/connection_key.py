"""Say which connections may stand in for one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import ssl as ssl_module

    from notebook_http.client.proxy import Proxy
    from notebook_http.transport.tls import Fingerprint

__all__ = ["ConnectionKey"]


class ConnectionKey(NamedTuple):
    """What two requests must have in common to share a connection.

    TLS settings are part of it: a connection that was made without verification, or for another
    certificate name, must never carry a request that asked for more. So is the proxy, with the
    credentials that it was given.

    Attributes:
        host: name or address of the target, without brackets.
        port: its TCP port; None for a Unix socket.
        is_ssl: whether TLS is spoken with the target.
        ssl: how the peer is verified: True (default), False (not), a context, or a fingerprint.
        server_hostname: the name that the certificate must show, when it is not *host*.
        proxy: what the connection goes through, or None.
    """

    host: str
    port: int | None
    is_ssl: bool
    ssl: ssl_module.SSLContext | bool | Fingerprint = True
    server_hostname: str | None = None
    proxy: Proxy | None = None

    @property
    def authority(self) -> str:
        """`host:port`, an IPv6 address in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def where(self) -> str:
        """The target, and the proxy if there is one, for people."""
        if self.proxy is None:
            return self.authority
        return f"{self.authority} (through the proxy {self.proxy.url})"

    @property
    def speaks_tls(self) -> bool:
        """Whether the connection itself is a TLS one, be it only as far as the proxy."""
        return self.is_ssl or (self.proxy is not None and self.proxy.is_tls)

    @property
    def without_secrets(self) -> ConnectionKey:
        """The same key, without what only the proxy may know: errors hold on to it."""
        return self if self.proxy is None else self._replace(proxy=self.proxy.without_secrets)
