"""Open the listening sockets of servers in a notebook, and say what is wrong when that fails.

Sockets listen as soon as they are opened: who connects before the server is up waits in the
backlog and is answered then, instead of being refused.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = [
    "LOOPBACK",
    "PortTakenError",
    "address_url",
    "addresses_of",
    "checked_port",
    "listen",
    "listen_on_path",
]

#: Never `localhost`, which is two addresses (`::1` too) on some machines, and never all
#: interfaces: a server in a notebook runs with its user's rights.
LOOPBACK = "127.0.0.1"

_Address = tuple[Any, ...]  # (host, port), and two more numbers for IPv6

#: Connections that wait to be taken, as in aiohttp.
_BACKLOG = 128


class PortTakenError(OSError):
    """The address is taken by somebody else.

    An OSError with `errno.EADDRINUSE`, as the operating system's own is.

    Attributes:
        host: the address that was asked for.
        port: the port that was asked for.
    """

    def __init__(self, host: str, port: int, message: str) -> None:
        super().__init__(errno.EADDRINUSE, message)
        self.host = host
        self.port = port

    def __str__(self) -> str:
        return str(self.strerror)


def checked_port(port: int) -> int:
    """Return *port*.

    Raises:
        TypeError: it is no whole number.
        ValueError: it is not from 0 to 65,535.
    """
    if isinstance(port, bool) or not isinstance(port, int):
        msg = f"port is a whole number, not {port!r}; port=0 takes a free one"
        raise TypeError(msg)
    if not 0 <= port <= 65_535:
        msg = f"There is no port {port}: ports go from 1 to 65535; port=0 takes a free one"
        raise ValueError(msg)
    return port


def listen(host: str, port: int, *, backlog: int = _BACKLOG) -> list[socket.socket]:
    """Return listening sockets for every address of *host*, all on one port.

    Raises:
        PortTakenError: somebody else listens there; names the program, where it can be told.
        OSError: the name does not resolve, is not of this machine, or the port needs rights.
    """
    sockets: list[socket.socket] = []
    try:
        for family, address in _addresses(host, port):
            # The first address picks a free port when none is asked for; the others follow.
            wanted = sockets[0].getsockname()[1] if port == 0 and sockets else port
            sockets.append(_listening(family, (address[0], wanted, *address[2:]), host, backlog))
    except BaseException:
        for opened in sockets:
            opened.close()
        raise
    return sockets


def listen_on_path(path: str | os.PathLike[str], *, backlog: int = _BACKLOG) -> socket.socket:
    """Return a listening Unix socket at *path*; a socket left over there is replaced.

    Raises:
        OSError: it cannot be made there. A file that is no socket is left alone.
    """
    with suppress(OSError):
        if Path(path).is_socket():
            Path(path).unlink()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(os.fspath(path))
        listening.listen(backlog)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening


def address_url(listening: socket.socket, *, secure: bool = False) -> tuple[str, int]:
    """Return the URL, with a slash at its end, under which this machine reaches it, and its port.

    For a Unix socket `unix:` and its path, and 0.
    """
    if listening.family not in (socket.AF_INET, socket.AF_INET6):
        return f"unix:{listening.getsockname()}", 0
    host, port = listening.getsockname()[:2]
    # All interfaces: there is no address "all", but the loopback one is among them.
    host = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(host, host)
    host = f"[{host}]" if ":" in host else host
    return f"{'https' if secure else 'http'}://{host}:{port}/", port


def addresses_of(host: str, port: int) -> set[tuple[str, int]]:
    """Return the (address, port) pairs that `listen` would listen on.

    Raises:
        OSError: the name does not resolve.
    """
    return {(str(address[0]), port) for _, address in _addresses(host, port)}


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, _Address]]:
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except socket.gaierror as error:
        msg = f"The name {host!r} does not resolve ({error.strerror}), so nothing can listen there"
        raise OSError(error.errno, msg) from error
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def _listening(
    family: socket.AddressFamily, address: _Address, host: str, backlog: int
) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix" and sys.platform != "cygwin":
            # Connections of an earlier server linger in TIME_WAIT; only a *listening* socket is
            # in the way. (On Windows the option would let two programs share a port.)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(address)
        listening.listen(backlog)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        port = int(str(address[1]))
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(host, port, _taken(host, port)) from None
        if error.errno == errno.EACCES:
            msg = f"Port {port} needs an administrator's rights; take one from 1024 on, or port=0"
            raise PermissionError(error.errno, msg) from None
        raise OSError(error.errno, f"Cannot listen on {host}:{port}: {error.strerror}") from None
    except BaseException:
        listening.close()
        raise
    return listening


def _taken(host: str, port: int) -> str:
    holder = _holder(port)
    who = f"by {holder}" if holder else "by another program"
    return (
        f"Port {port} on {host} is taken {who}.\n"
        "Stop that, or choose another port; port=0 takes one that is free."
    )


def _holder(port: int) -> str | None:
    """Return who listens on *port*, if the operating system tells; psutil comes with ipykernel."""
    try:
        psutil = import_module("psutil")
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status != psutil.CONN_LISTEN or connection.laddr.port != port:
                continue
            if connection.pid == os.getpid():
                return "something else in this process"
            if connection.pid is not None:
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except Exception:
        # Rights, a process that just ended, no psutil: the answer is only a courtesy.
        return None
    return None
