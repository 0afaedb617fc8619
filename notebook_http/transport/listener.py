"""Listening sockets: TCP, Unix, or one that is there already.

Knows addresses and what binding to them can fail of. What speaks on accepted connections is the
protocol factory's business.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

__all__ = [
    "ListenOptions",
    "bind_tcp",
    "listen_socket",
    "listen_tcp",
    "listen_unix",
    "stop_listening",
]

ProtocolFactory = Callable[[], asyncio.Protocol]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenOptions:
    """How to listen.

    Attributes:
        ssl_context: certificate and key for TLS, or None for plain text.
        backlog: connections that the kernel keeps until they are accepted.
        reuse_address: bind although old connections linger on the port; None for the platform's
            usual: yes on POSIX, no on Windows, where it means something else.
        reuse_port: let several processes bind the port.
    """

    ssl_context: ssl.SSLContext | None = None
    backlog: int = 128
    reuse_address: bool | None = None
    reuse_port: bool | None = None


def _explained(error: OSError, where: str) -> OSError:
    """Return *error* with the next thing to try."""
    hints = {
        errno.EADDRINUSE: "somebody listens there already: stop it, take another port, or port 0 "
        "for any free one",
        errno.EACCES: "not allowed: ports below 1024 need special rights, take one above",
        errno.EADDRNOTAVAIL: "this machine has no such address: try 127.0.0.1",
    }
    if isinstance(error, socket.gaierror):
        return socket.gaierror(error.errno, f"cannot listen on {where}: {error.strerror}")
    hint = hints.get(error.errno or 0)
    if hint is None:
        return error
    return OSError(error.errno, f"cannot listen on {where}: {hint}")


async def _serving(server: asyncio.Server) -> asyncio.Server:
    """Return *server* when it accepts connections; a cancel closes it.

    asyncio's own start ends in a pause, and a cancel there would leave the socket listening and
    watched by the loop, with nobody who could close it.
    """
    try:
        await server.start_serving()
    except BaseException:
        server.close()
        raise
    return server


async def listen_tcp(
    factory: ProtocolFactory, host: str | None, port: int, options: ListenOptions
) -> asyncio.Server:
    """Return a server that listens on *port* of *host* (None for all interfaces).

    A cancel leaves nothing bound.

    Raises:
        OSError: the address is taken, not allowed or not there; the text says what to try.
    """
    try:
        server = await asyncio.get_running_loop().create_server(
            factory,
            host,
            port,
            start_serving=False,
            ssl=options.ssl_context,
            backlog=options.backlog,
            reuse_address=options.reuse_address,
            reuse_port=options.reuse_port,
        )
        return await _serving(server)
    except OSError as error:
        raise _explained(error, f"{host or 'all interfaces'}, port {port}") from error


async def listen_unix(
    factory: ProtocolFactory, path: str | os.PathLike[str], options: ListenOptions
) -> asyncio.Server:
    """Return a server that listens on the Unix socket at *path*; a stale one is replaced.

    Raises:
        OSError: the path is taken by something else, too long, or not allowed.
    """
    try:
        server = await asyncio.get_running_loop().create_unix_server(
            factory,
            path,
            ssl=options.ssl_context,
            backlog=options.backlog,
            start_serving=False,
        )
        return await _serving(server)
    except OSError as error:
        raise _explained(error, str(path)) from error


async def listen_socket(
    factory: ProtocolFactory, sock: socket.socket, options: ListenOptions
) -> asyncio.Server:
    """Return a server that listens on *sock*, which is bound already and belongs to it now."""
    server = await asyncio.get_running_loop().create_server(
        factory,
        sock=sock,
        ssl=options.ssl_context,
        backlog=options.backlog,
        start_serving=False,
    )
    return await _serving(server)


async def stop_listening(server: asyncio.Server) -> None:
    """Stop accepting, and return when *server* is closed; its connections go on.

    A connection that the loop has accepted is given to the server a turn later. If it is closed
    by then, asyncio drops the connection without a word: its client would wait for ever. So
    accepting ends first. A cancel closes the server at once.
    """
    loop = asyncio.get_running_loop()
    for sock in server.sockets:
        try:
            loop.remove_reader(sock)
        except NotImplementedError:
            pass  # a loop without readers accepts in another way, and hands over at once
    try:
        await asyncio.sleep(0)  # one turn for an accept that is due, one for its connection
        await asyncio.sleep(0)
    finally:
        server.close()


def bind_tcp(host: str, port: int, options: ListenOptions) -> socket.socket:
    """Return a socket bound to *port* of *host*, without waiting for an event loop.

    For who has to know at once whether the port can be had. Close it, or hand it to
    `listen_socket`. A name is resolved here and now, so an address is better.

    Raises:
        OSError: the address is taken, not allowed or not there; the text says what to try.
    """
    where = f"{host}, port {port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise OSError(error.errno, f"cannot listen on {where}: {error.strerror}") from error
    sock = socket.socket(family, kind, protocol)
    try:
        reuse = options.reuse_address
        if reuse or (reuse is None and os.name == "posix" and sys.platform != "cygwin"):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if options.reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setblocking(False)
        sock.bind(address)
        # Bound is not enough: two sockets with SO_REUSEADDR may bind, only one may listen.
        sock.listen(options.backlog)
    except OSError as error:
        sock.close()
        raise _explained(error, where) from error
    except BaseException:
        sock.close()
        raise
    return sock
