"""What the kernel holds for a connection, and nobody has read yet."""

from __future__ import annotations

import os
import select
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebook_http.transport.connection import Connection

__all__ = ["has_input", "last_words"]

_READ_BYTES = 64 * 1024


def has_input(connection: Connection) -> bool:
    """Tell whether something can be read: bytes, or that the server has hung up."""
    sock = connection.get_extra_info("socket")
    if sock is None:
        return True
    try:
        if hasattr(select, "poll"):
            poll = select.poll()
            poll.register(sock.fileno(), select.POLLIN)
            return bool(poll.poll(0))
        return bool(select.select([sock.fileno()], [], [], 0)[0])
    except (OSError, ValueError):
        return True


def last_words(connection: Connection) -> Iterator[bytes]:
    """Yield what the server sent before it cut an upload off.

    A server that has refused a body answers and hangs up. Our next write fails then, and asyncio
    drops the connection with the answer (a 413, say) still in the kernel's buffer.
    """
    sock = connection.get_extra_info("socket")
    if sock is None or connection.get_extra_info("sslcontext") is not None:
        return
    try:
        with socket.socket(fileno=os.dup(sock.fileno())) as twin:
            twin.setblocking(False)
            while data := twin.recv(_READ_BYTES):
                yield data
    except OSError:
        pass  # nothing more is to be had
