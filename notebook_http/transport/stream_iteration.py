"""``async for`` over a body: by lines, by size, as it arrives, or by chunks of the wire."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

__all__ = [
    "AsyncStreamIterator",
    "ChunkTupleAsyncStreamIterator",
    "EofStream",
    "StreamIteration",
]

T = TypeVar("T")


class EofStream(Exception):
    """A queue has ended: nothing more is in it, and nothing will come."""


class AsyncStreamIterator(Generic[T]):
    """An async iterator over what a reading method returns, until it returns no bytes.

    Args:
        read_func: awaited for each item; `EofStream` ends the iteration as ``b""`` does.
    """

    __slots__ = ("read_func",)

    def __init__(self, read_func: Callable[[], Awaitable[T]]) -> None:
        self.read_func = read_func

    def __aiter__(self) -> AsyncStreamIterator[T]:
        return self

    async def __anext__(self) -> T:
        try:
            item = await self.read_func()
        except EofStream:
            raise StopAsyncIteration from None
        if item == b"":
            raise StopAsyncIteration
        return item


class _ChunkSource(Protocol):
    """What can be read chunk by chunk."""

    async def readchunk(self) -> tuple[bytes, bool]:
        """Return some bytes, and whether a chunk ends behind them."""


class ChunkTupleAsyncStreamIterator:
    """An async iterator over what `readchunk` of a stream returns."""

    __slots__ = ("_stream",)

    def __init__(self, stream: _ChunkSource) -> None:
        self._stream = stream

    def __aiter__(self) -> ChunkTupleAsyncStreamIterator:
        return self

    async def __anext__(self) -> tuple[bytes, bool]:
        item = await self._stream.readchunk()
        if item == (b"", False):
            raise StopAsyncIteration
        return item


class StreamIteration(ABC):
    """The ways to iterate over something that can be read."""

    __slots__ = ()

    @abstractmethod
    async def read(self, n: int = -1) -> bytes:
        """Return up to *n* bytes, empty at the end."""

    @abstractmethod
    async def readany(self) -> bytes:
        """Return whatever is there, empty at the end."""

    @abstractmethod
    async def readline(self) -> bytes:
        """Return the next line, empty at the end."""

    @abstractmethod
    async def readchunk(self) -> tuple[bytes, bool]:
        """Return some bytes, and whether a chunk ends behind them."""

    def __aiter__(self) -> AsyncStreamIterator[bytes]:
        return AsyncStreamIterator(self.readline)

    def iter_chunked(self, n: int) -> AsyncStreamIterator[bytes]:
        """Iterate over pieces of up to *n* bytes."""
        return AsyncStreamIterator(lambda: self.read(n))

    def iter_any(self) -> AsyncStreamIterator[bytes]:
        """Iterate over the pieces as they arrive."""
        return AsyncStreamIterator(self.readany)

    def iter_chunks(self) -> ChunkTupleAsyncStreamIterator:
        """Iterate over (bytes, whether a chunk of the wire ends there); see `readchunk`."""
        return ChunkTupleAsyncStreamIterator(self)
