"""Faster TLS: aiofastnet's transports instead of asyncio's, where it is installed.

asyncio moves every record through two memory buffers and some twenty Python calls; aiofastnet does
so in C. A small GET over TLS costs our client 27 µs of CPU with it, and 36 without. Over plain TCP
it gained less than 2 µs of 27, within what the machine's moods make of it: so asyncio's are used.

`NOTEBOOK_HTTP_NO_ACCELERATION=1` in the environment keeps to asyncio's.
"""

from __future__ import annotations

import asyncio
import os
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["SWITCH", "tls_connector"]

SWITCH = "NOTEBOOK_HTTP_NO_ACCELERATION"


def tls_connector(loop: asyncio.AbstractEventLoop) -> Callable[..., Awaitable[tuple[Any, Any]]]:
    """Return what makes TLS connections on *loop*, called as `loop.create_connection` is."""
    accelerated = None
    # Other loops bring transports of their own: uvloop's are fast, and Windows' are no sockets.
    if isinstance(loop, asyncio.SelectorEventLoop) and not os.environ.get(SWITCH):
        accelerated = _aiofastnet()
    if accelerated is None:
        return loop.create_connection

    def connect(*arguments: Any, **options: Any) -> Awaitable[tuple[Any, Any]]:
        return accelerated(loop, *arguments, **options)

    return connect


@cache
def _aiofastnet() -> Callable[..., Awaitable[tuple[Any, Any]]] | None:
    try:
        # 9 ms, once, when the first TLS connection is made.
        from aiofastnet import create_connection
    except ImportError:  # not installed, or it does not know this Python's OpenSSL
        return None
    return create_connection
