"""The body of a message as a stream that is read with ``await``, in aiohttp's shape.

Knows the ways to read. What is buffered, decoded, and when the peer has to wait is
`arriving_body`'s business.
"""

from __future__ import annotations

import asyncio

from notebook_http.transport.arriving_body import ArrivingBody, FlowControl
from notebook_http.transport.stream_iteration import EofStream, StreamIteration
from notebook_http.wire.errors import BodyTooLarge

__all__ = [
    "EMPTY_PAYLOAD",
    "EMPTY_READER",
    "EofStream",
    "FlowControl",
    "StreamReader",
    "whole_body",
]

# Decoded bytes after which a reader that wants everything lets others run once.
_YIELD_BYTES = 4 * 1024 * 1024


class StreamReader(ArrivingBody, StreamIteration):
    """A body that is arriving.

    One coroutine reads at a time. A cancelled read consumes nothing (`read_all` excepted).
    """

    __slots__ = ()

    async def wait_eof(self) -> None:
        """Return when the whole body has been received."""
        while not self._eof:
            if self._exception is not None:
                raise self._exception
            await self._wait()

    async def read(self, n: int = -1) -> bytes:
        """Return up to *n* bytes, at least one; all of the body if *n* is negative.

        Empty only at the end of the body, or for ``n == 0``.
        """
        if self._exception is not None:
            raise self._exception
        if not n:
            return b""
        if n < 0:
            return await self.read_all()
        await self._fill()
        return self._take(n)

    async def readany(self) -> bytes:
        """Return whatever is there, waiting for the first byte; empty at the end."""
        await self._fill()
        return self._take(self._buffer.size)

    async def readchunk(self) -> tuple[bytes, bool]:
        """Return the next bytes of a chunk of the wire, and whether it ends behind them.

        The flag is always False when the body does not come in chunks; ``(b"", True)`` says that
        the bytes before were the chunk's last, ``(b"", False)`` that the body has ended. A chunk
        that somebody read past has no end any more.
        """
        if self._decoded >= 0:
            return await self._read_coded_chunk()
        while True:
            if self._exception is not None:
                raise self._exception
            ends = self._chunk_ends
            while ends:
                size = ends.popleft() - self.total_raw_bytes + self._buffer.size
                if size >= 0:
                    return self._take(size), True
            if self._buffer.size:
                return self._take(len(self._buffer.first_piece())), False
            if self._eof:
                return b"", False
            await self._wait()

    async def _read_coded_chunk(self) -> tuple[bytes, bool]:
        """Do as `readchunk`; no step of decoding reaches beyond the end of a chunk."""
        while True:
            if self._exception is not None:
                raise self._exception
            if self._buffer.size:
                data = self._take(self._buffer.size)
                ended = self._passed_chunk_end()
                self._in_chunk = not ended
                return data, ended
            if self._in_chunk and self._passed_chunk_end():
                self._in_chunk = False
                return b"", True
            if self._decode_step():
                continue
            if self._eof:
                return b"", False
            await self._wait()

    async def readexactly(self, n: int) -> bytes:
        """Return *n* bytes.

        Raises:
            asyncio.IncompleteReadError: the body ended before; its ``partial`` holds what came.
        """
        pieces: list[bytes] = []
        missing = n
        while missing > 0:
            try:
                piece = await self.read(missing)
            except asyncio.CancelledError:
                self.unread_data(b"".join(pieces))
                raise
            if not piece:
                raise asyncio.IncompleteReadError(b"".join(pieces), n)
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    async def readline(self, *, max_line_length: int | None = None) -> bytes:
        """Return the next line with its LF; the rest of the body if it ends without one.

        Args:
            max_line_length: bytes a line may have, instead of what may be buffered.

        Raises:
            ValueError: the line is longer than that.
        """
        return await self.readuntil(max_size=max_line_length)

    async def readuntil(self, separator: bytes = b"\n", *, max_size: int | None = None) -> bytes:
        """Return what comes next up to *separator*, included; the rest if it does not come.

        Args:
            separator: one or more bytes.
            max_size: bytes that may be returned, instead of what may be buffered.

        Raises:
            ValueError: the separator is empty, or does not come within the limit.
        """
        if not separator:
            raise ValueError("Separator should be at least one-byte string")
        most = self._high if max_size is None else max_size
        found = bytearray()
        overlap = len(separator) - 1
        while await self._fill_or_put_back(found):
            if not found:  # lines that lie within one piece are found without a copy of it
                end = self._buffer.find_in_first(separator)
                if end >= 0:
                    size = end + len(separator)
                    self._check_size(size, most)
                    return self._take(size)
            searched = max(len(found) - overlap, 0)
            before = len(found)
            found += self._buffer.first_piece()
            end = found.find(separator, searched)
            if end >= 0:
                del found[end + len(separator) :]
            self._take(len(found) - before)
            self._check_size(len(found), most)
            if end >= 0:
                break
        return bytes(found)

    async def read_all(self, max_size: int | None = None) -> bytes:
        """Return the rest of the body, decoded.

        A cancel loses what was read before it: close the connection then.

        Args:
            max_size: decoded bytes to accept, or None for no limit.

        Raises:
            BodyTooLarge: there are more; reading stopped there.
        """
        if self._eof and self._decoder is None and self._exception is None:
            size = self._buffer.size
            if max_size is None or size <= max_size:
                return self._buffer.take(size)
        pieces: list[bytes] = []
        size = 0
        rested = 0
        while await self._fill():
            piece = self._take(self._buffer.size)
            size += len(piece)
            if max_size is not None and size > max_size:
                raise BodyTooLarge(max_size, size)
            pieces.append(piece)
            if self._decoder is not None and size - rested > _YIELD_BYTES:
                rested = size
                await asyncio.sleep(0)  # decoding never waits by itself
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def read_nowait(self, n: int = -1) -> bytes:
        """Return up to *n* bytes of what is there, all of it if *n* is negative; never waits."""
        if self._exception is not None:
            raise self._exception
        if self._waiter is not None:
            raise RuntimeError("read_nowait() called while another coroutine is already waiting")
        if not self._buffer.size and self._decoder is not None:
            self._decode_step()
        return self._take(self._buffer.size if n < 0 else n)

    def unread_data(self, data: bytes) -> None:
        """Put *data* back, to be read next."""
        self._buffer.put_back(data)

    # How it works

    async def _fill_or_put_back(self, found: bytearray) -> bool:
        """Do as `_fill`; a cancel makes *found* readable again."""
        try:
            return await self._fill()
        except asyncio.CancelledError:
            self.unread_data(bytes(found))
            raise

    @staticmethod
    def _check_size(size: int, most: int) -> None:
        if size > most:
            raise ValueError(f"Chunk too big: no end within {most} bytes")


def whole_body(data: bytes) -> StreamReader:
    """Return a stream of *data*, which is there already."""
    body = StreamReader(None)
    body.feed_data(data)
    body.feed_eof()
    return body


class EmptyStreamReader(StreamReader):
    """A body of no bytes. Shared, so nothing may change it."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(None)
        self._eof = True

    def __repr__(self) -> str:
        return "<EmptyStreamReader>"

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """Do nothing: there is nothing that could fail."""

    def feed_data(self, data: bytes, size: int = 0) -> None:
        """Refuse: somebody else reads this too."""
        if data:
            raise RuntimeError("the shared empty body cannot be fed")

    def unread_data(self, data: bytes) -> None:
        """Refuse: somebody else reads this too."""
        self.feed_data(data)

    def begin_http_chunk_receiving(self) -> None:
        """Do nothing: no chunk comes."""

    def set_read_chunk_size(self, n: int) -> None:
        """Do nothing: nothing is buffered."""


EMPTY_PAYLOAD = EMPTY_READER = EmptyStreamReader()
