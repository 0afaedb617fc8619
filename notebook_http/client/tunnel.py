"""Tunnels through a proxy: CONNECT, and what goes on inside (RFC 9110 §9.3.6)."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from notebook_http import hdrs
from notebook_http.client.connection import ClientConnection
from notebook_http.client.exceptions import (
    ClientConnectionError,
    ClientHttpProxyError,
    ClientOSError,
    RequestInfo,
    ServerDisconnectedError,
)
from notebook_http.client.handshake import certificate_name, handshake_errors
from notebook_http.transport.connection import Connection
from notebook_http.transport.dialling import start_protocol, start_tls
from notebook_http.wire.errors import HttpProcessingError
from notebook_http.wire.head_writer import request_head
from notebook_http.wire.http1_response import ResponseParser
from notebook_http.wire.http_version import HttpVersion11

if TYPE_CHECKING:
    import socket

    from notebook_http.client.connection_key import ConnectionKey
    from notebook_http.client.connection_pool import ConnectionPool
    from notebook_http.client.connector import DialStep
    from notebook_http.client.proxy import Proxy
    from notebook_http.client.timings import Timings
    from notebook_http.transport.tls import TlsSetting
    from notebook_http.wire.response_head import ResponseHead

__all__ = ["open_tunnel"]


async def open_tunnel(
    key: ConnectionKey,
    proxy: Proxy,
    sock: socket.socket,
    *,
    peer: ConnectionKey,
    proxy_tls: TlsSetting | None,
    tls: TlsSetting | None,
    pool: ConnectionPool[ClientConnection],
    timings: Timings,
    step: DialStep,
) -> ClientConnection:
    """Return a connection to *key*'s host through a tunnel that *proxy* makes.

    A cancel or an error closes the socket, whatever stage it had come to.

    Args:
        key: the target.
        proxy: asked for the tunnel; it alone gets its credentials.
        sock: connected to the proxy.
        peer: where the proxy is, for error messages.
        proxy_tls: how the proxy itself is verified; None for no TLS with it.
        tls: how the target is verified; None for no TLS inside the tunnel.
        pool: where the connection goes back to.
        timings: `tls` gets the time of the handshake with the target.
        step: told what is being waited for.

    Raises:
        ClientHttpProxyError: the proxy refused, or its answer is no HTTP.
        ServerDisconnectedError: the proxy hung up without an answer.
        ClientConnectorError: or a subclass: TLS with the proxy or the target failed.
        ClientOSError: the connection to the proxy broke.
        ClientConnectionError: bytes came through the tunnel before anything was asked for.
    """
    loop = asyncio.get_running_loop()
    if proxy_tls is not None:
        step.what = f"the TLS handshake with the proxy {peer.where}"
    with handshake_errors(peer):
        asking = await start_protocol(
            lambda: _Asking(loop, key),
            sock,
            tls=proxy_tls,
            server_hostname=None if proxy_tls is None else certificate_name(peer),
            carries_tls=True,
        )
    try:
        step.what = f"the answer of the proxy {peer.where} to CONNECT {key.authority}"
        transport = await asking.ask(proxy)
        asking.check_silent(proxy)
        securing = perf_counter()
        if tls is not None:
            step.what = f"the TLS handshake with {key.where}"
            with handshake_errors(key):
                transport = await start_tls(
                    transport, asking, tls=tls, server_hostname=certificate_name(key)
                )
            timings.tls = perf_counter() - securing
        asking.check_silent(proxy)
    except BaseException:
        asking.abort()
        raise
    connection = ClientConnection(loop, key, pool)
    transport.set_protocol(connection)
    connection.connection_made(transport)
    transport.resume_reading()
    return connection


class _Asking(Connection):
    """A connection to a proxy, from CONNECT until the tunnel carries its first request.

    Until then nobody may say anything but the proxy, and that only the head of its answer: a
    target speaks when it is spoken to. Whatever else comes would be taken for the target's.
    """

    __slots__ = ("_head", "_key", "_parser", "_unasked", "_waiter")

    def __init__(self, loop: asyncio.AbstractEventLoop, key: ConnectionKey) -> None:
        super().__init__(loop)
        self._key = key
        self._parser: ResponseParser | None = None
        self._head: ResponseHead | None = None
        self._unasked = False
        self._waiter: asyncio.Future[None] | None = None

    async def ask(self, proxy: Proxy) -> asyncio.Transport:
        """Return the transport of the tunnel once *proxy* has made it. Reading from it is paused.

        Raises:
            ClientHttpProxyError: it refused, or its answer is no HTTP.
            ServerDisconnectedError: it hung up instead.
            ClientOSError: the connection broke.
        """
        key = self._key
        port = "" if key.port == (443 if key.is_ssl else 80) else f":{key.port}"
        host = key.authority.rpartition(":")[0] + port
        headers = [(str(hdrs.HOST), host), *proxy.headers]
        if proxy.authorization:
            headers.append((str(hdrs.PROXY_AUTHORIZATION), proxy.authorization))
        # An answer that makes a tunnel has no body, as little as one to HEAD (RFC 9110 §9.3.6).
        parser = self._parser = ResponseParser(self, method=hdrs.METH_HEAD)
        if not self.is_connected:
            raise self._hung_up(proxy)
        self.write(request_head(hdrs.METH_CONNECT, key.authority, HttpVersion11, headers))
        self._waiter = self.loop.create_future()
        try:
            await self._waiter
        except HttpProcessingError as error:
            raise self._refusal(proxy, error.code, error.message, None) from error
        except OSError as error:
            text = f"Connection to the proxy {proxy.url} lost: {error.strerror or error}"
            raise ClientOSError(error.errno, text) from error
        head, transport = self._head, self.transport
        if head is not None and not 200 <= head.status < 300:
            message = head.reason or _phrase(head.status)
            raise self._refusal(proxy, head.status, message, head.headers)
        if head is None or transport is None:
            raise self._hung_up(proxy)
        self._unasked = parser.excess
        return transport

    def check_silent(self, proxy: Proxy) -> None:
        """Return if the tunnel stands and nothing came through it yet.

        Raises:
            ServerDisconnectedError: it is gone.
            ClientConnectionError: bytes came before anything was asked for.
        """
        if self._unasked:
            text = (
                f"The proxy {proxy.url} sent bytes behind its answer to CONNECT "
                f"{self._key.authority}, before anything was asked for: they cannot be trusted. "
                "Is it an HTTP proxy?"
            )
            raise ClientConnectionError(text)
        if not self.is_connected:
            raise self._hung_up(proxy)

    # Called by the transport

    def data_received(self, data: bytes) -> None:
        """Read the proxy's answer; note what comes too early. Called by asyncio."""
        parser, waiter = self._parser, self._waiter
        if parser is None or waiter is None or waiter.done():
            self._unasked = True
            return
        try:
            parser.feed(data)
        except HttpProcessingError as error:
            waiter.set_exception(error)
            return
        if self._head is not None:
            if self.transport is not None:
                self.transport.pause_reading()
            waiter.set_result(None)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Tell the one who waits. Called by asyncio."""
        super().connection_lost(exc)
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            if exc is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(exc if isinstance(exc, OSError) else OSError(str(exc)))

    # What the parser reports

    def informational_received(self, head: ResponseHead) -> None:
        """Go on waiting; the parser counts them."""

    def head_received(self, head: ResponseHead) -> None:
        """Keep the answer."""
        self._head = head

    def body_received(self, data: bytes) -> None:
        """Nothing: there is no body."""

    def chunk_completed(self) -> None:
        """Nothing: there is no body."""

    def body_completed(self) -> None:
        """Nothing: the head is all there is."""

    # Privates

    def _refusal(
        self, proxy: Proxy, status: int, message: str, headers: CIMultiDictProxy[str] | None
    ) -> ClientHttpProxyError:
        scheme = "https" if self._key.is_ssl else "http"
        target = URL(f"{scheme}://{self._key.authority}/")
        said = CIMultiDictProxy(CIMultiDict(proxy.headers))
        info = RequestInfo(target, hdrs.METH_CONNECT, said, proxy.url)
        return ClientHttpProxyError(info, (), status=status, message=message, headers=headers)

    def _hung_up(self, proxy: Proxy) -> ServerDisconnectedError:
        return ServerDisconnectedError(
            f"The proxy {proxy.url} closed the connection instead of making a tunnel to "
            f"{self._key.authority}. Is it an HTTP proxy, and may it connect to this port?"
        )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
