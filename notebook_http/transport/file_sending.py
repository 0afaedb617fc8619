"""The bytes of a file as the body of a message: by the system itself where that can be.

`sendfile` moves them from the file's pages to the socket, without a copy here. TLS and codings need
them in hand; those get them piece by piece.
"""

from __future__ import annotations

from typing import IO, cast

from notebook_http.transport.exceptions import BodyLengthError, ClientConnectionResetError
from notebook_http.transport.opened_file import OpenedFile
from notebook_http.transport.stream_writer import StreamWriter

__all__ = ["send_file"]

# Bytes that are looked at, and if need be brought into memory, before they are sent: long enough
# that looking costs nothing, short enough that they are still there when the client takes them.
_WINDOW_BYTES = 4 * 1024 * 1024


async def send_file(
    writer: StreamWriter,
    file: OpenedFile,
    start: int,
    count: int,
    *,
    chunk_size: int,
    by_system: bool,
) -> None:
    """Send *count* bytes of *file* from *start*, at the peer's pace; the body is not ended.

    Args:
        writer: whose head said so.
        file: what to send.
        start: position of the first byte.
        count: bytes that were announced. Of a file that has grown no more are sent.
        chunk_size: bytes read at once where the system cannot send.
        by_system: whether it may: the body is neither coded nor framed, the connection is no TLS.

    A cancel leaves the body half sent: the connection has to be closed.

    Raises:
        BodyLengthError: the file has shrunk: the connection has to be closed.
        ClientConnectionResetError: the peer has left.
        OSError: the file cannot be read.
    """
    sent = 0
    if by_system and hasattr(writer.connection.loop, "sendfile"):
        sent = await _send_by_system(writer, file, start, count)
    while sent < count:
        piece = await file.read(start + sent, min(chunk_size, count - sent))
        if not piece:
            raise BodyLengthError(count, sent)
        await writer.write(memoryview(piece).toreadonly())  # nobody writes to it any more
        sent += len(piece)


async def _send_by_system(writer: StreamWriter, file: OpenedFile, start: int, count: int) -> int:
    """Return how many bytes the system has sent: all, or none where it does not do so."""
    connection = writer.connection
    # asyncio asks a file for its descriptor and its position, and no more.
    source = cast("IO[bytes]", file)
    writer.send_head()
    sent = 0
    while sent < count:
        size = min(count - sent, _WINDOW_BYTES)
        await file.bring_into_memory(start + sent, size)
        transport = connection.transport
        if transport is None or transport.is_closing():
            raise ClientConnectionResetError("Cannot write to closing transport")
        try:
            taken = await connection.loop.sendfile(
                transport, source, start + sent, size, fallback=False
            )
        except (NotImplementedError, RuntimeError):
            # This loop, transport or file does not (asyncio's SendfileNotAvailableError is a
            # RuntimeError); nothing of this part has left.
            return sent
        except ConnectionError as error:
            connection.abort()
            raise ClientConnectionResetError("Connection lost while sending a file") from error
        writer.count_sent(taken)
        sent += taken
        if taken < size:
            raise BodyLengthError(count, sent)
    return sent
