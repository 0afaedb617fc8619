"""Files that applications name instead of reading them (ASGI's ``http.response.pathsend``)."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from stat import S_ISREG

from notebook_http.transport.file_sending import send_file
from notebook_http.transport.opened_file import OpenedFile, open_flags, read_manner
from notebook_http.transport.stream_writer import StreamWriter

__all__ = ["open_path", "send_opened"]

# Bytes read at once where the system cannot send by itself.
_CHUNK_BYTES = 256 * 1024

Opened = tuple[OpenedFile, int]


async def open_path(path: str | os.PathLike[str]) -> Opened:
    """Return the file at *path*, opened in a thread, and its size in bytes.

    A cancel closes the file that is opened by then.

    Raises:
        OSError: it is not there, may not be read, or is no regular file.
    """
    loop = asyncio.get_running_loop()
    opening = loop.run_in_executor(None, partial(_open, os.fspath(path)))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_opened)
        raise


def _open(path: str) -> Opened:
    descriptor = os.open(path, open_flags(follow_symlinks=True))
    try:
        stat = os.fstat(descriptor)
        if not S_ISREG(stat.st_mode):
            raise OSError(f"{path!r} is no regular file")
        return OpenedFile(descriptor, read_manner(stat.st_dev, path)), stat.st_size
    except BaseException:
        os.close(descriptor)
        raise


def _close_opened(opening: asyncio.Future[Opened]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result()[0].close()


async def send_opened(writer: StreamWriter, file: OpenedFile, size: int) -> None:
    """Send *size* bytes of *file*, by the system itself where it can; raises as `send_file`."""
    if not size or not writer.has_body:
        return
    secure = writer.connection.get_extra_info("sslcontext") is not None
    by_system = writer.is_verbatim and not secure
    await send_file(writer, file, 0, size, chunk_size=_CHUNK_BYTES, by_system=by_system)
