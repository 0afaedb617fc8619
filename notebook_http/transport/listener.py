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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from notebook_http.transport.accelerated import adopter
from notebook_http.transport.secure_listener import Adopter, ProtocolFactory, SecureListener

if TYPE_CHECKING:
    import ssl

__all__ = [
    "ListenOptions",
    "Listening",
    "bind_tcp",
    "listen_pipe",
    "listen_socket",
    "listen_tcp",
    "listen_unix",
    "stop_listening",
]

# What listens: asyncio's own, or ours.
Listening = asyncio.Server | SecureListener


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenOptions:
    """How to listen.

    Attributes:
        ssl_context: certificate and key for TLS, or None for plain text.
        backlog: connections that the kernel keeps until they are accepted.
        reuse_address: bind although old connections linger on the port; None for the platform's
            usual: yes on POSIX, no on Windows, where it means something else.
        reuse_port: let several processes bind the port.
        handshake_timeout: seconds that a client may take over a TLS handshake; asyncio's own 60 by
            default. Has no meaning without TLS.
    """

    ssl_context: ssl.SSLContext | None = None
    backlog: int = 128
    reuse_address: bool | None = None
    reuse_port: bool | None = None
    handshake_timeout: float | None = None

    @property
    def tls(self) -> dict[str, Any]:
        """What asyncio's servers take about TLS."""
        if self.ssl_context is None or self.adopter is not None:
            return {"ssl": None}
        return {"ssl": self.ssl_context, "ssl_handshake_timeout": self.handshake_timeout}

    @property
    def adopter(self) -> Adopter | None:
        """What makes TLS connections in place of asyncio, or None."""
        if self.ssl_context is None:
            return None
        return adopter(asyncio.get_running_loop())


_HINTS = {
    errno.EADDRINUSE: "somebody listens there already: stop it, take another port, or port 0 for "
    "any free one",
    errno.EACCES: "not allowed: ports below 1024 need special rights, take one above",
    errno.EADDRNOTAVAIL: "this machine has no such address: try 127.0.0.1",
}
_UNIX_HINTS = {
    errno.EADDRINUSE: "a file or a folder is there that is no socket: take another path",
    errno.EACCES: "not allowed: nothing may be made in that folder",
    errno.ENOENT: "its folder is not there",
}


def _explained(error: OSError, where: str, hints: dict[int, str] = _HINTS) -> OSError:
    """Return *error* with the next thing to try."""
    if isinstance(error, socket.gaierror):
        return socket.gaierror(error.errno, f"cannot listen on {where}: {error.strerror}")
    hint = hints.get(error.errno or 0)
    if hint is None:
        return error
    return OSError(error.errno, f"cannot listen on {where}: {hint}")


async def _serving(
    bound: asyncio.Server, factory: ProtocolFactory, options: ListenOptions
) -> Listening:
    """Return what accepts connections on the sockets of *bound*; a cancel closes it.

    asyncio's own start ends in a pause, and a cancel there would leave the socket listening and
    watched by the loop, with nobody who could close it.
    """
    server: Listening = bound
    adopt, context = options.adopter, options.ssl_context
    if adopt is not None and context is not None:
        server = SecureListener(
            bound,
            factory,
            adopt,
            context=context,
            backlog=options.backlog,
            handshake_timeout=options.handshake_timeout,
        )
    try:
        await server.start_serving()
    except BaseException:
        server.close()
        raise
    return server


async def listen_tcp(
    factory: ProtocolFactory, host: str | None, port: int, options: ListenOptions
) -> Listening:
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
            backlog=options.backlog,
            **options.tls,
            reuse_address=options.reuse_address,
            reuse_port=options.reuse_port,
        )
        return await _serving(server, factory, options)
    except OSError as error:
        raise _explained(error, f"{host or 'all interfaces'}, port {port}") from error


async def listen_unix(
    factory: ProtocolFactory, path: str | os.PathLike[str], options: ListenOptions
) -> Listening:
    """Return a server that listens on the Unix socket at *path*; a stale one is replaced.

    Raises:
        OSError: the path is taken by something else, too long, or not allowed.
    """
    try:
        server = await asyncio.get_running_loop().create_unix_server(
            factory,
            path,
            backlog=options.backlog,
            start_serving=False,
            **options.tls,
        )
        return await _serving(server, factory, options)
    except OSError as error:
        raise _explained(error, repr(os.fspath(path)), _UNIX_HINTS) from error


async def listen_socket(
    factory: ProtocolFactory, sock: socket.socket, options: ListenOptions
) -> Listening:
    """Return a server that listens on *sock*, which is bound already and belongs to it now."""
    server = await asyncio.get_running_loop().create_server(
        factory,
        sock=sock,
        backlog=options.backlog,
        start_serving=False,
        **options.tls,
    )
    return await _serving(server, factory, options)


async def listen_pipe(factory: ProtocolFactory, path: str) -> Any:
    """Return a server that listens on the named pipe *path*: it has ``close()`` and no sockets.

    Only the proactor of Windows has pipes.

    Raises:
        OSError: the pipe cannot be made.
    """
    loop: Any = asyncio.get_running_loop()
    (server,) = await loop.start_serving_pipe(factory, path)
    return server


async def stop_listening(server: Listening) -> None:
    """Stop accepting, and return when *server* is closed; its connections go on.

    A connection that the loop has accepted is given to the server a turn later. If it is closed
    by then, asyncio drops the connection without a word: its client would wait for ever. So
    accepting ends first. A cancel closes the server at once.
    """
    loop = asyncio.get_running_loop()
    if isinstance(server, SecureListener):
        server.stop_accepting()
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
