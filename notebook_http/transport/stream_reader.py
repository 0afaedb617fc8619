"""The body of a message as a stream that is read with ``await``, in aiohttp's shape.

Bytes are kept as they came and decoded when somebody reads, a bounded step at a time: what nobody
reads is never decoded, and a reader that stops leaves a bomb unexploded. The peer is made to wait
while more is buffered than the reader asked to be buffered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from notebook_http.transport.stream_iteration import StreamIteration
from notebook_http.wire.byte_queue import ByteQueue
from notebook_http.wire.content_coding import ContentDecoder
from notebook_http.wire.errors import BodyTooLarge, HttpProcessingError

__all__ = ["EMPTY_READER", "FlowControl", "StreamReader"]

# Decoded bytes that one step may yield: well under 10 ms of work, and still few steps.
_STEP_BYTES = 256 * 1024
# Decoded bytes after which a reader that wants everything lets others run once.
_YIELD_BYTES = 4 * 1024 * 1024


class FlowControl(Protocol):
    """What a reader needs of the connection that feeds it."""

    def pause_reading(self) -> None:
        """Make the peer wait."""

    def resume_reading(self) -> None:
        """Let the peer go on."""


class StreamReader(StreamIteration):
    """A body that is arriving.

    One coroutine reads at a time. A cancelled read consumes nothing (`read_all` excepted).

    Args:
        flow: the connection that feeds this reader, or None if nobody can be made to wait.
        limit: bytes that may be buffered before the peer is made to wait is twice this; it goes
            on when less than this is left.
        decoder: undoes the body's content codings, or None.
        translate: turns a fault of the body's coding into the error that readers get.

    Attributes:
        total_bytes: bytes received so far, before decoding.
    """

    __slots__ = (
        "_buffer",
        "_decoder",
        "_eof",
        "_eof_callbacks",
        "_exception",
        "_flow",
        "_high",
        "_low",
        "_paused",
        "_raw",
        "_translate",
        "_waiter",
        "total_bytes",
    )

    def __init__(
        self,
        flow: FlowControl | None,
        limit: int = 2**16,
        *,
        decoder: ContentDecoder | None = None,
        translate: Callable[[HttpProcessingError], Exception] | None = None,
    ) -> None:
        self._flow = flow
        self._low = limit
        self._high = limit * 2
        self._decoder = decoder
        self._translate = translate
        self._buffer = ByteQueue()  # ready to be read
        self._raw = ByteQueue()  # still encoded
        self._paused = False
        self._eof = False
        self._exception: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._eof_callbacks: list[Callable[[], None]] | None = None
        self.total_bytes = 0

    def __repr__(self) -> str:
        state = "eof" if self._eof else "open"
        error = f" {self._exception!r}" if self._exception is not None else ""
        return f"<StreamReader {state}, {self._buffer.size + self._raw.size} bytes buffered{error}>"

    # Being fed, by a connection

    def feed_data(self, data: bytes) -> None:
        """Append *data* to what can be read."""
        if not data:
            return
        size = len(data)
        self.total_bytes += size
        if self._decoder is None:
            self._buffer.append(data)
        else:
            self._raw.append(data)
        self._wake()
        flow = self._flow
        if flow and not self._paused and self._buffer.size + self._raw.size > self._high:
            self._paused = True
            flow.pause_reading()

    def feed_eof(self) -> None:
        """Say that the body is whole."""
        self._eof = True
        self._wake()
        callbacks, self._eof_callbacks = self._eof_callbacks or (), None
        for callback in callbacks:
            callback()

    def set_exception(self, exc: BaseException) -> None:
        """Make this and every later read raise *exc*."""
        if self._exception is None:
            self._exception = exc
        self._eof_callbacks = None
        self._wake()

    def exception(self) -> BaseException | None:
        """Return the error that reads raise, or None."""
        return self._exception

    def on_eof(self, callback: Callable[[], None]) -> None:
        """Call *callback* once the body is whole; at once if it is. Not called on errors."""
        if self._eof:
            callback()
        else:
            self._eof_callbacks = [*(self._eof_callbacks or ()), callback]

    # Asking

    def is_eof(self) -> bool:
        """Whether the whole body has been received, be it read or not."""
        return self._eof

    def at_eof(self) -> bool:
        """Whether the whole body has been received and read, so that no read will raise."""
        return self._eof and not self._buffer.size and not self._pending_input()

    # Reading

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

    def _pending_input(self) -> bool:
        """Whether bytes wait to be decoded, or are missing at the end: a read will say so."""
        decoder = self._decoder
        if decoder is None:
            return False
        try:
            if decoder.needs_input and self.total_bytes:
                decoder.finish()
        except HttpProcessingError:
            return True
        return self._raw.size > 0 or not decoder.needs_input

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

    async def _fill(self) -> bool:
        """Wait until something can be taken; False at the end of the body."""
        while not self._buffer.size:
            if self._exception is not None:
                raise self._exception
            if self._decoder is not None and self._decode_step():
                continue
            if self._eof:
                return False
            await self._wait()
        if self._exception is not None:
            raise self._exception
        return True

    def _decode_step(self) -> bool:
        """Decode a bounded step; whether there may be more to come without waiting."""
        decoder = self._decoder
        if decoder is None:
            return False
        try:
            if self._raw.size or not decoder.needs_input:
                data = self._raw.take_piece() if decoder.needs_input else b""
                decoded = decoder.decode(data, _STEP_BYTES)
                if decoded:
                    self._buffer.append(decoded)
                self._maybe_resume()
                return True
            if self._eof:
                self._decoder = None
                if self.total_bytes:
                    decoder.finish()
        except HttpProcessingError as error:
            translate = self._translate
            self._exception = error if translate is None else translate(error)
            raise self._exception from error
        return False

    def _take(self, n: int) -> bytes:
        """Remove up to *n* buffered bytes and return them."""
        data = self._buffer.take(n)
        if self._paused:
            self._maybe_resume()
        return data

    def _maybe_resume(self) -> None:
        if self._paused and self._buffer.size + self._raw.size < self._low:
            self._paused = False
            if self._flow is not None:
                self._flow.resume_reading()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def _wait(self) -> None:
        """Wait until something changes."""
        if self._waiter is not None:
            raise RuntimeError(
                "read() called while another coroutine is already waiting for incoming data"
            )
        if self._paused:  # the peer waits for us: do not wait for it
            self._paused = False
            if self._flow is not None:
                self._flow.resume_reading()
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None


class _EmptyReader(StreamReader):
    """A body of no bytes. Shared, so nothing may change it."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(None)
        self._eof = True

    def set_exception(self, exc: BaseException) -> None:
        """Do nothing: there is nothing that could fail."""

    def feed_data(self, data: bytes) -> None:
        """Refuse: somebody else reads this too."""
        raise RuntimeError("the shared empty body cannot be fed")

    unread_data = feed_data


EMPTY_READER = _EmptyReader()
