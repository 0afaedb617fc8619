"""Open client connections: Happy Eyeballs over a host's addresses, then TLS.

Raises what the operating system and `ssl` raise; whoever calls knows whom it was for and says so.
Nothing half-open is left behind by an error or a cancel.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from aiohappyeyeballs import start_connection

from notebook_http.transport.accelerated import connector
from notebook_http.transport.tls import Fingerprint, TlsSetting, client_context, ready_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence

    from aiohappyeyeballs import AddrInfoType, SocketFactoryType

    from notebook_http.transport.resolver import ResolveResult

__all__ = [
    "DialSettings",
    "close_orphan",
    "open_socket",
    "open_unix_socket",
    "start_protocol",
    "start_tls",
]

_Protocol = TypeVar("_Protocol", bound=asyncio.Protocol)


class DialSettings(NamedTuple):
    """How a connector dials.

    Attributes:
        local_address: (host, port) to bind to, or None for the system's choice.
        happy_eyeballs_delay: seconds before the next address is tried beside the first
            (RFC 8305 §5 recommends 0.25); None tries them one after another.
        interleave: how many addresses of the first family go first (RFC 8305 §4); None is 1.
        socket_factory: makes each socket from its address info, or None.
    """

    local_address: tuple[str, int] | None = None
    happy_eyeballs_delay: float | None = 0.25
    interleave: int | None = None
    socket_factory: SocketFactoryType | None = None


async def open_socket(addresses: Sequence[ResolveResult], settings: DialSettings) -> socket.socket:
    """Return a non-blocking socket that is connected to one of *addresses* (RFC 8305).

    A cancel closes every socket that was being tried.

    Raises:
        OSError: none of the addresses took the connection; names all causes that differ.
    """
    infos = [_address_info(entry) for entry in addresses]
    local_infos = None
    if settings.local_address is not None:
        local_infos = await _local_infos(settings.local_address)
    sock = await start_connection(
        infos,
        local_addr_infos=local_infos,
        happy_eyeballs_delay=settings.happy_eyeballs_delay,
        interleave=settings.interleave,
        socket_factory=settings.socket_factory,
    )
    try:
        # Requests are written whole: waiting for more to send would only delay them.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:  # a socket factory may make sockets that are not TCP
        pass
    return sock


async def open_unix_socket(path: str) -> socket.socket:
    """Return a non-blocking socket that is connected to the Unix socket at *path*.

    A cancel closes it.

    Raises:
        OSError: there is none, or it does not listen, or this user may not.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, path)
    except BaseException:
        sock.close()
        raise
    return sock


async def start_protocol(
    factory: Callable[[], _Protocol],
    sock: socket.socket,
    *,
    tls: TlsSetting | None,
    server_hostname: str | None,
    carries_tls: bool = False,
) -> _Protocol:
    """Return *factory*'s protocol, connected through *sock*, after the TLS handshake if *tls* asks.

    *carries_tls* says that `start_tls` will be called for its transport, which asyncio's can take.
    The socket belongs to the protocol's transport from then on. An error or a cancel closes it.

    Raises:
        ssl.SSLCertVerificationError: the peer is not *server_hostname*, or nobody vouches for it.
        ssl.SSLError: the handshake failed; `FingerprintError` if the pinned digest differs.
        OSError: the connection broke.
    """
    loop = asyncio.get_running_loop()
    connect = loop.create_connection if carries_tls else connector(loop)
    if tls is None:
        _, protocol = await connect(factory, sock=sock)
        return protocol
    try:
        context = await _context(loop, tls)
    except BaseException:
        sock.close()
        raise
    # From here on the loop closes the socket when anything goes wrong: it is in its selector.
    transport, protocol = await connect(
        factory, sock=sock, ssl=context, server_hostname=server_hostname
    )
    if isinstance(tls, Fingerprint):
        try:
            tls.check(transport)
        except BaseException:
            transport.abort()
            raise
    return protocol


async def start_tls(
    transport: asyncio.Transport,
    protocol: asyncio.Protocol,
    *,
    tls: TlsSetting,
    server_hostname: str,
) -> asyncio.Transport:
    """Return a transport that speaks TLS through *transport*, which may speak TLS itself.

    *protocol* gets its data; `connection_made` is not called. An error or a cancel aborts both.

    Raises:
        ssl.SSLCertVerificationError: the peer is not *server_hostname*, or nobody vouches for it.
        ssl.SSLError: the handshake failed; `FingerprintError` if the pinned digest differs.
        OSError: the connection broke.
        TypeError: the event loop cannot speak TLS through this transport.
    """
    loop = asyncio.get_running_loop()
    try:
        context = await _context(loop, tls)
        _let_force_close(transport)
        inner = await loop.start_tls(transport, protocol, context, server_hostname=server_hostname)
        if inner is None:  # asyncio's word for a connection that was lost during the handshake
            raise ConnectionResetError
        if isinstance(tls, Fingerprint):
            tls.check(inner)
    except BaseException:
        transport.abort()
        raise
    return inner


def _let_force_close(transport: asyncio.Transport) -> None:
    """Mend what TLS in TLS needs of asyncio before Python 3.13.

    There the outer transport's `_force_close` passes an argument on that nobody takes, and so a
    failed inner handshake ends in a TypeError in a callback, its waiter never woken.
    """
    if sys.version_info < (3, 13) and hasattr(transport, "_ssl_protocol"):
        cast("Any", transport)._force_close = lambda exc: transport.abort()


async def _context(loop: asyncio.AbstractEventLoop, tls: TlsSetting) -> ssl.SSLContext:
    context = ready_context(tls)
    if context is None:
        context = await loop.run_in_executor(None, client_context, tls)
    return context


def close_orphan(transport: asyncio.Transport) -> None:
    """Close the socket of a transport whose event loop is closed.

    asyncio closes sockets in a later turn of the loop. Here none comes, so what that turn would
    call is called now; where a loop has no such method, the peer is told, and the socket is
    closed when its transport is collected.
    """
    plain: Any = transport
    while (tls := getattr(plain, "_ssl_protocol", None)) is not None:  # two deep behind a proxy
        plain = tls._transport
    close_now = getattr(plain, "_call_connection_lost", None)
    if close_now is None:
        close_now = getattr(plain, "_finalize_close", None)  # aiofastnet's word for it
    try:
        if close_now is not None:
            close_now(None)
        else:
            plain.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
    except (AttributeError, OSError, RuntimeError, TypeError):
        pass  # closed already, or TLS wants to say goodbye on a loop that is no more
    if plain is not transport:
        try:
            transport.abort()  # the layers of TLS above: they would warn of not being closed
        except (AttributeError, OSError, RuntimeError, TypeError):
            pass


def _address_info(entry: ResolveResult) -> AddrInfoType:
    host, port, family = entry["host"], entry["port"], entry["family"]
    if family != socket.AF_INET6:
        return (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))
    address, _, zone = host.partition("%")
    scope_id = 0
    if zone:
        scope_id = int(zone) if zone.isdigit() else socket.if_nametoindex(zone)
    return (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port, 0, scope_id))


async def _local_infos(local_address: tuple[str, int]) -> list[AddrInfoType]:
    host, port = local_address
    infos = await asyncio.get_running_loop().getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    return [(*info[:4], info[4]) for info in infos]
