"""Messages in a row from one who has them to one who waits for them, in aiohttp's shape."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

from notebook_http.transport.arriving_body import FlowControl
from notebook_http.transport.stream_iteration import AsyncStreamIterator, EofStream

__all__ = ["DataQueue", "FlowControlDataQueue"]

T = TypeVar("T")


class DataQueue(Generic[T]):
    """Items that are read in the order in which they were fed.

    Args:
        loop: where readers wait.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._items: deque[tuple[T, int]] = deque()
        self._eof = False
        self._exception: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._items)

    def __bool__(self) -> bool:
        return True

    def __aiter__(self) -> AsyncStreamIterator[T]:
        return AsyncStreamIterator(self.read)

    def is_eof(self) -> bool:
        """Whether nothing more will be fed."""
        return self._eof

    def at_eof(self) -> bool:
        """Whether nothing is left, and nothing more will come."""
        return self._eof and not self._items

    def exception(self) -> BaseException | None:
        """Return the error that `read` raises when nothing is left, or None."""
        return self._exception

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """End the queue with an error, with *exc_cause* as its cause; what is in it stays."""
        if exc_cause is not None:
            exc.__cause__ = exc_cause
        self._eof = True
        self._exception = exc
        self._wake()

    def feed_data(self, data: T, size: int = 0) -> None:
        """Append an item that counts for *size* bytes."""
        self._items.append((data, size))
        self._wake()

    def feed_eof(self) -> None:
        """Say that nothing more will come."""
        self._eof = True
        self._wake()

    async def read(self) -> T:
        """Return the next item, waiting for it. A cancel takes none.

        Raises:
            EofStream: the queue has ended; or the error that `set_exception` named.
            RuntimeError: another coroutine waits already.
        """
        while not self._items:
            if self._exception is not None:
                raise self._exception
            if self._eof:
                raise EofStream
            await self._wait()
        data, size = self._items.popleft()
        self._taken(size)
        return data

    def _taken(self, size: int) -> None:
        """Called when an item of *size* bytes was read."""

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def _wait(self) -> None:
        if self._waiter is not None:
            raise RuntimeError("read() called while another coroutine is already waiting for data")
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None


class FlowControlDataQueue(DataQueue[T]):
    """A queue that makes the peer wait while too many bytes are in it.

    Args:
        protocol: the connection that feeds it.
        limit: bytes; the peer waits above twice this, and goes on below it.
        loop: where readers wait.
    """

    def __init__(
        self, protocol: FlowControl, limit: int, *, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(loop=loop)
        self._protocol = protocol
        self._limit = limit * 2
        self._low = limit
        self._size = 0
        self._paused = False

    def feed_data(self, data: T, size: int = 0) -> None:
        """Append an item that counts for *size* bytes."""
        super().feed_data(data, size)
        self._size += size
        if self._size > self._limit and not self._paused:
            self._paused = True
            self._protocol.pause_reading()

    def _taken(self, size: int) -> None:
        self._size -= size
        if self._paused and self._size < self._low:
            self._paused = False
            self._protocol.resume_reading()
