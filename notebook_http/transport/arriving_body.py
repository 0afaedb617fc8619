"""A body on its way in: what a connection feeds, what is buffered, and when the peer has to wait.

Bytes are kept as they came and decoded when somebody reads, a bounded step at a time: what nobody
reads is never decoded, and a reader that stops leaves a bomb unexploded. The peer is made to wait
while more is buffered than the reader asked to be buffered. How bytes are read is
`stream_reader`'s business.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from notebook_http.wire.byte_queue import ByteQueue
from notebook_http.wire.content_coding import ContentDecoder
from notebook_http.wire.errors import HttpProcessingError

__all__ = ["ArrivingBody", "FlowControl"]

# Decoded bytes that one step may yield: well under 10 ms of work, and still few steps.
_STEP_BYTES = 256 * 1024


# What is still encoded of a body that is not: nothing is ever put into it.
_NO_BYTES = ByteQueue()


class FlowControl(Protocol):
    """What a reader needs of the connection that feeds it."""

    def pause_reading(self) -> None:
        """Make the peer wait."""

    def resume_reading(self) -> None:
        """Let the peer go on."""


class ArrivingBody:
    """The half of a stream reader that a connection feeds.

    Args:
        protocol: the connection that feeds it, or None if nobody can be made to wait.
        limit: bytes that may be buffered before the peer is made to wait is twice this; it goes
            on when less than this is left.
        decoder: undoes the body's content codings, or None.
        translate: turns a fault of the body's coding into the error that readers get.
        timer: entered around each wait, for a limit of one's own.
        loop: no effect; the running loop is used.

    Attributes:
        total_raw_bytes: bytes received so far, before decoding.
    """

    __slots__ = (
        "_buffer",
        "_chunk_ends",
        "_decoded",
        "_decoder",
        "_eof",
        "_eof_callbacks",
        "_exception",
        "_high",
        "_in_chunk",
        "_last_chunk_end",
        "_low",
        "_paused",
        "_protocol",
        "_raw",
        "_timer",
        "_translate",
        "_waiter",
        "total_raw_bytes",
    )

    def __init__(
        self,
        protocol: FlowControl | None,
        limit: int = 2**16,
        *,
        timer: AbstractContextManager[Any] | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
        decoder: ContentDecoder | None = None,
        translate: Callable[[HttpProcessingError], Exception] | None = None,
    ) -> None:
        self._protocol = protocol
        self._low = limit
        self._high = limit * 2
        self._timer = timer
        self._decoder = decoder
        self._decoded = -1 if decoder is None else 0  # bytes, once there was a decoder
        self._translate = translate
        self._buffer = ByteQueue()  # ready to be read
        self._raw = _NO_BYTES if decoder is None else ByteQueue()  # still encoded
        self._paused = False
        self._eof = False
        self._exception: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._eof_callbacks: list[Callable[[], None]] | None = None
        # Where chunks of the wire end, counted as `total_raw_bytes` is; None without any.
        self._chunk_ends: deque[int] | None = None
        self._last_chunk_end = 0
        self._in_chunk = False  # `readchunk` gave the beginning of a coded chunk, not its end
        self.total_raw_bytes = 0

    def __repr__(self) -> str:
        state = "eof" if self._eof else "open"
        error = f" {self._exception!r}" if self._exception is not None else ""
        return f"<StreamReader {state}, {self._buffer.size + self._raw.size} bytes buffered{error}>"

    # Being fed, by a connection

    def feed_data(self, data: bytes, size: int = 0) -> None:
        """Append *data* to what can be read; *size* has no effect."""
        if not data:
            return
        self.total_raw_bytes += len(data)
        if self._decoder is None:
            self._buffer.append(data)
        else:
            self._raw.append(data)
        self._wake()
        protocol = self._protocol
        if protocol and not self._paused and self._buffer.size + self._raw.size > self._high:
            self._paused = True
            protocol.pause_reading()

    def begin_http_chunk_receiving(self) -> None:
        """Say that the body comes in chunks. Needless when `end_http_chunk_receiving` is called.

        Raises:
            RuntimeError: bytes came already that belong to no chunk.
        """
        if self._chunk_ends is None:
            if self.total_raw_bytes:
                raise RuntimeError(
                    "Called begin_http_chunk_receiving when some data was already fed"
                )
            self._chunk_ends = deque()

    def end_http_chunk_receiving(self) -> None:
        """Note that a chunk of the wire ends behind what was fed so far; empty ones do not count.

        What was read past is forgotten here, so that no more ends are kept than bytes.
        """
        end = self.total_raw_bytes
        if end == self._last_chunk_end:
            return
        self._last_chunk_end = end
        ends = self._chunk_ends
        if ends is None:
            ends = self._chunk_ends = deque()
        elif ends:
            position = end - self._buffer.size - self._raw.size
            while ends and ends[0] < position:
                ends.popleft()
        ends.append(end)
        if not self._buffer.size:  # `readchunk` may wait for just this
            self._wake()

    def feed_eof(self) -> None:
        """Say that the body is whole: from now on it holds nobody up, be it read or not."""
        self._eof = True
        protocol, self._protocol = self._protocol, None
        if self._paused and protocol is not None:
            self._paused = False
            protocol.resume_reading()
        self._wake()
        callbacks, self._eof_callbacks = self._eof_callbacks or (), None
        for callback in callbacks:
            callback()

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """Make this and every later read raise *exc*, with *exc_cause* as its cause."""
        if exc_cause is not None:
            exc.__cause__ = exc_cause
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

    @property
    def total_bytes(self) -> int:
        """Bytes that came so far, those of a coded body as they were decoded for readers."""
        return self.total_raw_bytes if self._decoded < 0 else self._decoded

    @property
    def total_compressed_bytes(self) -> int | None:
        """Bytes of a coded body that came so far; None for one that is not coded."""
        return None if self._decoded < 0 else self.total_raw_bytes

    def is_eof(self) -> bool:
        """Whether the whole body has been received, be it read or not."""
        return self._eof

    def at_eof(self) -> bool:
        """Whether the whole body has been received and read, so that no read will raise."""
        return self._eof and not self._buffer.size and not self._pending_input()

    def get_read_buffer_limits(self) -> tuple[int, int]:
        """Return the bytes left at which the peer goes on, and those at which it has to wait."""
        return self._low, self._high

    def set_read_chunk_size(self, n: int) -> None:
        """Let at least *n* bytes be buffered, for those who read that many at once."""
        if n > self._low:
            self._low = n
            self._high = n * 2

    # How it works

    def _pending_input(self) -> bool:
        """Whether bytes wait to be decoded, or are missing at the end: a read will say so."""
        decoder = self._decoder
        if decoder is None:
            return False
        try:
            if decoder.needs_input and self.total_raw_bytes:
                decoder.finish()
        except HttpProcessingError:
            return True
        return self._raw.size > 0 or not decoder.needs_input

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
                    self._decoded += len(decoded)
                    self._buffer.append(decoded)
                self._maybe_resume()
                return True
            if self._eof:
                self._decoder = None
                if self.total_raw_bytes:
                    decoder.finish()
        except HttpProcessingError as error:
            translate = self._translate
            self._exception = error if translate is None else translate(error)
            raise self._exception from error
        return False

    def _passed_chunk_end(self) -> bool:
        """Whether decoding stands where a chunk ends, and has all that came out of it."""
        ends = self._chunk_ends
        if not ends or (self._decoder is not None and not self._decoder.needs_input):
            return False
        position = self.total_raw_bytes - self._raw.size
        passed = ends[0] <= position
        while ends and ends[0] <= position:
            ends.popleft()
        return passed

    def _take(self, n: int) -> bytes:
        """Remove up to *n* buffered bytes and return them."""
        data = self._buffer.take(n)
        if self._paused:
            self._maybe_resume()
        return data

    def _maybe_resume(self) -> None:
        if self._paused and self._buffer.size + self._raw.size < self._low:
            self._paused = False
            if self._protocol is not None:
                self._protocol.resume_reading()

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
            if self._protocol is not None:
                self._protocol.resume_reading()
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            if self._timer is None:
                await self._waiter
            else:
                with self._timer:
                    await self._waiter
        finally:
            self._waiter = None
