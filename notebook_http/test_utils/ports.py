"""Ports that nobody uses, and sockets that are bound to one."""

from __future__ import annotations

import os
import socket
import sys

__all__ = ["REUSE_ADDRESS", "get_port_socket", "get_unused_port_socket", "unused_port"]

# On Windows SO_REUSEADDR lets two servers share a port, which nobody wants in a test.
REUSE_ADDRESS = os.name == "posix" and sys.platform != "cygwin"


def get_unused_port_socket(
    host: str, family: socket.AddressFamily = socket.AF_INET
) -> socket.socket:
    """Return a socket bound to a free port of *host*. The caller closes it."""
    return get_port_socket(host, 0, family)


def get_port_socket(host: str, port: int, family: socket.AddressFamily) -> socket.socket:
    """Return a socket bound to *port* of *host*; 0 is any free one. The caller closes it.

    Raises:
        OSError: the address cannot be had.
    """
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if REUSE_ADDRESS:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except BaseException:
        bound.close()
        raise
    return bound


def unused_port() -> int:
    """Return a port of 127.0.0.1 that nobody uses right now: another program may take it.

    A server that is given port 0 has no such gap.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port
