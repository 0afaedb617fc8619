"""An asyncio protocol with flow control both ways: what client and server connections share.

Knows how to wait for a slow peer and how to make a fast one wait. Knows no HTTP.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from functools import cache
from typing import Any, cast

from notebook_http.transport.accelerated import HELD_READER, forget_timers
from notebook_http.transport.exceptions import ClientConnectionResetError

__all__ = ["Connection", "runs_elsewhere"]

# asyncio allocates this much before each read. The more a read takes, the fewer turns of the loop a
# large body costs: 64 MiB come in 10.8 ms by 256 KiB, and in 13 by 64 KiB.
_READ_BYTES = 256 * 1024
# Below 128 KiB, no malloc that we know of asks the system for a fresh mapping each time.
_CAREFUL_READ_BYTES = 64 * 1024


@cache
def read_bytes() -> int:
    """Return how much to read at once, and make that cheap to allocate.

    glibc makes, and unmaps, a fresh mapping for everything larger than 128 KiB, until the process
    has freed something larger once: then it keeps such memory at hand. A program that holds data
    has done so anyway; we do it for those that have not. Without, reading 64 MiB takes 60 ms
    instead of 10, and a small answer 15 µs longer.
    """
    try:
        os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, ValueError, OSError):  # Windows; another C library
        return _CAREFUL_READ_BYTES
    bytes(2 * _READ_BYTES)
    return _READ_BYTES


def runs_elsewhere(loop: asyncio.AbstractEventLoop) -> bool:
    """Return whether *loop* runs in another thread than the caller's: its transports are not ours.

    The garbage collector, for one, runs in whatever thread happens to call it.
    """
    return loop.is_running() and asyncio._get_running_loop() is not loop


class Connection(asyncio.Protocol):
    """One stream to a peer.

    Derived classes override `data_received` and extend `connection_made` and `connection_lost`.

    Attributes:
        loop: the event loop that the connection lives on.
        transport: the asyncio transport, or None before it is made and after it is lost.
        writing_paused: whether the peer reads more slowly than we write; `drain` waits then.
    """

    __slots__ = (
        "__weakref__",
        "_drain_waiters",
        "_reading_paused",
        "loop",
        "transport",
        "writing_paused",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.transport: asyncio.Transport | None = None
        self.writing_paused = False
        self._reading_paused = False
        self._drain_waiters: list[asyncio.Future[None]] | None = None

    @property
    def is_connected(self) -> bool:
        """Whether bytes can be written: made, not lost and not closing."""
        transport = self.transport
        return transport is not None and not transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what the transport knows by *name* (``peername``, ``ssl_object`` …)."""
        transport = self.transport
        return default if transport is None else transport.get_extra_info(name, default)

    # Called by the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport. Called by asyncio."""
        self.transport = cast("asyncio.Transport", transport)
        # For TLS and aiofastnet as well, whose transports ask for as much by themselves.
        size = read_bytes()
        if hasattr(transport, "max_size"):
            transport.max_size = size

    def connection_lost(self, exc: BaseException | None) -> None:
        """Let go of the transport and fail whoever waits in `drain`. Called by asyncio."""
        if self.transport is not None:
            forget_timers(self.loop, self.transport)
        self.transport = None
        self.writing_paused = False
        waiters, self._drain_waiters = self._drain_waiters or (), None
        for waiter in waiters:
            if not waiter.done():
                lost = ClientConnectionResetError("Connection lost while writing")
                lost.__cause__ = exc
                waiter.set_exception(lost)

    def pause_writing(self) -> None:
        """Make `drain` wait: the transport's buffer is full. Called by asyncio."""
        self.writing_paused = True

    def resume_writing(self) -> None:
        """Let `drain` go on. Called by asyncio."""
        self.writing_paused = False
        waiters, self._drain_waiters = self._drain_waiters or (), None
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    # Writing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Hand *data* to the transport, which sends it now or soon.

        Raises:
            ClientConnectionResetError: the connection is closed or closing.
        """
        transport = self.transport
        if transport is None or transport.is_closing():
            raise ClientConnectionResetError("Cannot write to closing transport")
        transport.write(data)

    def writelines(self, parts: Iterable[bytes | bytearray | memoryview]) -> None:
        """Hand several pieces to the transport in one call.

        Raises:
            ClientConnectionResetError: the connection is closed or closing.
        """
        transport = self.transport
        if transport is None or transport.is_closing():
            raise ClientConnectionResetError("Cannot write to closing transport")
        transport.writelines(parts)

    async def drain(self) -> None:
        """Return when the transport takes more data; at once if it does.

        A cancel leaves the data that was written where it is: it is still being sent.

        Raises:
            ClientConnectionResetError: the connection was lost before the data left.
        """
        if self.transport is None:
            raise ClientConnectionResetError("Connection lost")
        if not self.writing_paused:
            return
        waiter = self.loop.create_future()
        waiters = self._drain_waiters
        if waiters is None:
            waiters = self._drain_waiters = []
        waiters.append(waiter)
        try:
            await waiter
        finally:
            if waiter in waiters:
                waiters.remove(waiter)

    # Reading

    def pause_reading(self) -> None:
        """Stop reading from the peer, which fills its own buffers then. Idempotent."""
        if not self._reading_paused and self.transport is not None:
            self._reading_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Go on reading. Idempotent."""
        if self._reading_paused:
            self._reading_paused = False
            transport = self.transport
            if transport is not None:
                read_held = getattr(transport, HELD_READER, None)
                if read_held is not None:
                    self.loop.call_soon(read_held)
                transport.resume_reading()

    # Closing

    def close(self) -> None:
        """Close when everything written has left."""
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        """Close now, whatever is still unsent."""
        if self.transport is not None:
            self.transport.abort()
