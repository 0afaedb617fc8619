"""A file that is open to be sent, read without holding up the event loop.

Reading what the system has in memory takes a microsecond a page or so; a trip to a thread and back
takes fifty to a hundred. But bytes that are not in memory may take a disk ten milliseconds, and a
network for ever. Linux tells the two apart (`RWF_NOWAIT`): what is in memory is read here and now,
the rest in a thread. Systems that cannot tell, and network file systems, are always read there.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["OpenedFile", "ReadManner", "open_flags", "read_manner"]

T = TypeVar("T")

# Bytes that are brought into memory at once, in a thread.
_READ_AHEAD_BYTES = 256 * 1024

# File systems without RWF_NOWAIT whose files are in memory anyway.
_MEMORY_FILE_SYSTEMS = ("tmpfs", "ramfs")

# Not all systems have all of them.
_OPEN_FLAGS = os.O_RDONLY
for _name in ("O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY", "O_BINARY"):
    _OPEN_FLAGS |= getattr(os, _name, 0)

_NOWAIT: int = getattr(os, "RWF_NOWAIT", 0)


class ReadManner:
    """How files of a device are read; one of three, compared by identity."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<ReadManner {self.name}>"


IN_THREAD = ReadManner("in a thread")
IF_IN_MEMORY = ReadManner("at once if in memory")
AT_ONCE = ReadManner("at once")

# By device. There are as many entries as file systems that files were sent from.
_manners: dict[int, ReadManner] = {}


def open_flags(*, follow_symlinks: bool) -> int:
    """Return the flags to open a file for reading with; never waits for a pipe's other end."""
    return _OPEN_FLAGS if follow_symlinks else _OPEN_FLAGS | getattr(os, "O_NOFOLLOW", 0)


def read_manner(device: int, path: str) -> ReadManner:
    """Return how the files of *device* (`st_dev`) are read; *path* is one of them.

    May wait for a disk: to be called in a thread.
    """
    manner = _manners.get(device)
    if manner is None:
        if not _NOWAIT:
            return IN_THREAD
        try:
            file = os.open(path, open_flags(follow_symlinks=True))
        except OSError:
            return IN_THREAD  # not readable: another one will tell
        try:
            os.preadv(file, (bytearray(1),), 0, _NOWAIT)
            manner = IF_IN_MEMORY
        except BlockingIOError:
            manner = IF_IN_MEMORY
        except OSError:
            manner = AT_ONCE if _file_system_of(device) in _MEMORY_FILE_SYSTEMS else IN_THREAD
        finally:
            os.close(file)
        _manners[device] = manner
    return manner


def _file_system_of(device: int) -> str:
    """Return the kind of a mounted file system, as Linux calls it; nothing when it does not say."""
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as mounts:
            for line in mounts:
                mounted, _, kind = line.partition(" - ")
                if mounted.split(" ", 3)[2:3] == [number]:
                    return kind.partition(" ")[0]
    except OSError:
        pass
    return ""


class OpenedFile:
    """A descriptor that is read from, and closed once nobody reads any more.

    Args:
        descriptor: of a regular file; closed by `close`.
        manner: how to read it.
    """

    __slots__ = ("_descriptor", "_manner", "_reading")

    def __init__(self, descriptor: int, manner: ReadManner) -> None:
        self._descriptor = descriptor
        self._manner = manner
        self._reading: asyncio.Future[Any] | None = None

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def seek(self, offset: int) -> int:
        """Set the position, which nothing here depends on. For event loops that send files."""
        return os.lseek(self._descriptor, offset, os.SEEK_SET)

    def read_at_once(self, buffer: bytearray | memoryview, offset: int) -> bool:
        """Fill *buffer* from *offset* if nothing has to be waited for; whether that was so."""
        if self._manner is IN_THREAD:
            return False
        flags = 0 if self._manner is AT_ONCE else _NOWAIT
        try:
            return os.preadv(self._descriptor, (buffer,), offset, flags) == len(buffer)
        except OSError:  # not in memory, or broken: the thread will tell
            return False

    async def read(self, offset: int, size: int) -> bytes | bytearray:
        """Return *size* bytes from *offset*; less where the file ends.

        A cancel leaves a thread reading; `close` waits for it, without holding up anybody.

        Raises:
            OSError: it cannot be read.
        """
        if self._manner is not IN_THREAD:
            buffer = bytearray(size)
            if self.read_at_once(buffer, offset):
                return buffer
        return await self._in_thread(_read, self._descriptor, offset, size)

    async def bring_into_memory(self, offset: int, size: int) -> None:
        """Return when a part of the file can be read without waiting, as far as can be known.

        Looks at its first and its last byte: the system reads ahead, and drops what is old.

        Raises:
            OSError: it cannot be read.
        """
        if self._manner is AT_ONCE or not _NOWAIT:
            return  # systems that cannot tell: a thread would read all of it twice
        byte = bytearray(1)
        if self.read_at_once(byte, offset) and self.read_at_once(byte, offset + size - 1):
            return
        await self._in_thread(_read_ahead, self._descriptor, offset, size)

    def close(self) -> None:
        """Close the file, or have it closed when a thread has done with it."""
        if self._reading is None or self._reading.done():
            os.close(self._descriptor)
        else:  # its number may be another file's the moment it is closed
            self._reading.add_done_callback(self._close_late)

    def _close_late(self, reading: asyncio.Future[Any]) -> None:
        os.close(self._descriptor)
        if not reading.cancelled():
            reading.exception()  # nobody is there to be told

    async def _in_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        loop = asyncio.get_running_loop()
        self._reading = reading = loop.run_in_executor(None, function, *arguments)
        return await asyncio.shield(reading)


def _read(descriptor: int, offset: int, size: int) -> bytes:
    pieces = []
    while size:
        if hasattr(os, "pread"):
            piece = os.pread(descriptor, size, offset)
        else:  # Windows; one thread at a time reads a descriptor of ours
            os.lseek(descriptor, offset, os.SEEK_SET)
            piece = os.read(descriptor, size)
        if not piece:
            break
        pieces.append(piece)
        offset += len(piece)
        size -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _read_ahead(descriptor: int, offset: int, size: int) -> None:
    buffer = bytearray(min(size, _READ_AHEAD_BYTES))
    end = offset + size
    while offset < end:
        read = os.preadv(descriptor, (buffer,), offset)
        if not read:
            return
        offset += read
