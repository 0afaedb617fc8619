"""Connections over TCP, with TLS for https: names, addresses and certificates."""

from __future__ import annotations

import socket
import warnings
from time import perf_counter
from typing import TYPE_CHECKING

from notebook_http.client.connector import NOT_GIVEN, BaseConnector, DialStep
from notebook_http.client.exceptions import (
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientProxyConnectionError,
)
from notebook_http.client.handshake import start_connection
from notebook_http.client.origin import make_key
from notebook_http.transport.dialling import DialSettings, open_socket
from notebook_http.transport.resolver import (
    AbstractResolver,
    DefaultResolver,
    DnsCache,
    ResolveResult,
    literal_address,
)
from notebook_http.transport.tls import Fingerprint, TlsSetting, merge_tls_settings

if TYPE_CHECKING:
    import asyncio
    from ssl import SSLContext

    from aiohappyeyeballs import SocketFactoryType

    from notebook_http.client.connection import ClientConnection
    from notebook_http.client.connection_key import ConnectionKey
    from notebook_http.client.proxy import Proxy
    from notebook_http.client.timings import Timings

__all__ = ["TCPConnector"]


class TCPConnector(BaseConnector):
    """Connections over TCP, with TLS for https.

    Args:
        use_dns_cache: remember addresses.
        ttl_dns_cache: seconds an answer is used again; None for ever.
        dns_cache_max_size: names remembered at most; the oldest goes first.
        family: `socket.AF_INET` or `AF_INET6` to use one only; 0 for both.
        ssl: default for requests that do not say: True verifies against the system's authorities,
            False does not verify at all, an `ssl.SSLContext` or a `Fingerprint` says how.
        verify_ssl, ssl_context, fingerprint: older names for what *ssl* says.
        local_addr: (host, port) to connect from.
        resolver: asked for addresses; default is the operating system.
        happy_eyeballs_delay: seconds before the next address is tried beside the first
            (RFC 8305); None tries them one after another.
        interleave: how many addresses of the first family are tried first.
        socket_factory: makes each socket from its address info.
        ssl_shutdown_timeout: seconds that a TLS peer has to answer our goodbye; 0 for none at
            all, None for 30. Deprecated, as in aiohttp.

    The others are `BaseConnector`'s.
    """

    allowed_protocol_schema_set = BaseConnector.allowed_protocol_schema_set | {"tcp"}

    def __init__(
        self,
        *,
        use_dns_cache: bool = True,
        ttl_dns_cache: float | None = 10,
        dns_cache_max_size: int = 1000,
        family: socket.AddressFamily = socket.AF_UNSPEC,
        ssl: TlsSetting | None = True,
        verify_ssl: bool | None = None,
        ssl_context: SSLContext | None = None,
        fingerprint: bytes | None = None,
        local_addr: tuple[str, int] | None = None,
        resolver: AbstractResolver | None = None,
        keepalive_timeout: float | None = NOT_GIVEN,
        force_close: bool = False,
        limit: int = 100,
        limit_per_host: int = 0,
        enable_cleanup_closed: bool = False,
        loop: asyncio.AbstractEventLoop | None = None,
        timeout_ceil_threshold: float = 5,
        happy_eyeballs_delay: float | None = 0.25,
        interleave: int | None = None,
        socket_factory: SocketFactoryType | None = None,
        ssl_shutdown_timeout: float | None = NOT_GIVEN,
    ) -> None:
        super().__init__(
            keepalive_timeout=keepalive_timeout,
            force_close=force_close,
            limit=limit,
            limit_per_host=limit_per_host,
            enable_cleanup_closed=enable_cleanup_closed,
            loop=loop,
            timeout_ceil_threshold=timeout_ceil_threshold,
        )
        if ssl_shutdown_timeout is not NOT_GIVEN:
            text = "ssl_shutdown_timeout is deprecated, as in aiohttp: leave it out"
            warnings.warn(text, DeprecationWarning, stacklevel=2)
            # asyncio itself waits 30 s, and no longer.
            seconds = 30.0 if ssl_shutdown_timeout is None else float(ssl_shutdown_timeout)
            self._goodbye_seconds = self._pool.goodbye_seconds = seconds
        self._ssl = merge_tls_settings(ssl, verify_ssl, ssl_context, fingerprint)
        self._resolver_is_ours = resolver is None
        self._resolver: AbstractResolver = DefaultResolver() if resolver is None else resolver
        self._use_dns_cache = use_dns_cache
        self._dns_cache = DnsCache(
            self._resolver, ttl_seconds=ttl_dns_cache, max_names=dns_cache_max_size
        )
        self._family = family
        self._settings = DialSettings(
            local_address=local_addr,
            happy_eyeballs_delay=happy_eyeballs_delay,
            interleave=interleave,
            socket_factory=socket_factory,
        )

    @property
    def family(self) -> socket.AddressFamily:
        """The address family that is used, 0 for both."""
        return self._family

    @property
    def use_dns_cache(self) -> bool:
        """Whether addresses are remembered."""
        return self._use_dns_cache

    def clear_dns_cache(self, host: str | None = None, port: int | None = None) -> None:
        """Forget all addresses, or those of *host* and *port*.

        Raises:
            ValueError: only one of the two is given.
        """
        if (host is None) != (port is None):
            text = "either both host and port or none of them are allowed"
            raise ValueError(text)
        self._dns_cache.clear(host, port)

    def _close_pool(self) -> list[ClientConnection]:
        self._dns_cache.close()
        return super()._close_pool()

    async def _dial(self, key: ConnectionKey, timings: Timings, step: DialStep) -> ClientConnection:
        tls = key.ssl if key.ssl is not True else self._ssl
        if key.proxy is not None:
            return await self._dial_through(key.proxy, key, tls, timings, step)
        sock = await self._open(key, timings, step, ClientConnectorError)
        if not key.is_ssl:
            return await start_connection(key, sock, tls=None, pool=self._pool)
        securing = perf_counter()
        step.what = f"the TLS handshake with {key.where}"
        connection = await start_connection(key, sock, tls=tls, pool=self._pool)
        timings.tls = perf_counter() - securing
        return connection

    async def _dial_through(
        self, proxy: Proxy, key: ConnectionKey, tls: TlsSetting, timings: Timings, step: DialStep
    ) -> ClientConnection:
        """Return a connection to *key*'s host through *proxy*."""
        proxy_tls: TlsSetting | None = None
        if proxy.is_tls:
            # A fingerprint names the certificate of the target, which no proxy can show.
            pinned = isinstance(tls, Fingerprint) and key.is_ssl
            proxy_tls = True if pinned else tls
        peer = make_key(proxy.url, True if proxy_tls is None else proxy_tls, None)
        sock = await self._open(peer, timings, step, ClientProxyConnectionError)
        if proxy.tunnels:
            # Few programs use proxies: the others do not pay for the import.
            from notebook_http.client.tunnel import open_tunnel

            return await open_tunnel(
                key,
                proxy,
                sock,
                peer=peer,
                proxy_tls=proxy_tls,
                tls=tls if key.is_ssl else None,
                pool=self._pool,
                timings=timings,
                step=step,
            )
        securing = perf_counter()
        if proxy_tls is not None:
            step.what = f"the TLS handshake with the proxy {peer.where}"
        connection = await start_connection(key, sock, tls=proxy_tls, pool=self._pool, peer=peer)
        if proxy_tls is not None:
            timings.tls = perf_counter() - securing
        return connection

    async def _open(
        self,
        key: ConnectionKey,
        timings: Timings,
        step: DialStep,
        failure: type[ClientConnectorError],
    ) -> socket.socket:
        """Return a socket that is connected to *key*'s host.

        Raises:
            ClientConnectorDNSError: its name has no address.
            ClientConnectorError: as *failure*: no address took the connection.
        """
        address = literal_address(key.host, key.port or 0)
        if address is not None:
            addresses = [address]
        else:
            began = perf_counter()
            addresses = await self._addresses(key, timings, step)
            timings.dns = perf_counter() - began
        connecting = perf_counter()
        step.what = f"a TCP connection to {key.where}"
        try:
            sock = await open_socket(addresses, self._settings)
        except OSError as error:
            raise failure(key, error) from error
        timings.connect = perf_counter() - connecting
        return sock

    async def _addresses(
        self, key: ConnectionKey, timings: Timings, step: DialStep
    ) -> list[ResolveResult]:
        host, port = key.host, key.port or 0
        step.what = f"the address of {host}"
        resolve = self._dns_cache.resolve if self._use_dns_cache else self._resolver.resolve
        traces = timings.traces
        is_known = False
        if traces is not None:
            is_known = self._use_dns_cache and self._dns_cache.knows(host, port, self._family)
            if self._use_dns_cache:
                await traces.dns_cache(host, hit=is_known)
            if not is_known:
                await traces.dns_resolvehost_start(host)
        try:
            addresses = await resolve(host, port, self._family)
        except OSError as error:
            raise ClientConnectorDNSError(key, error) from error
        if traces is not None and not is_known:
            await traces.dns_resolvehost_end(host)
        if not addresses:
            nothing = OSError(None, "the resolver returned no address")
            raise ClientConnectorDNSError(key, nothing)
        return addresses
