"""``async for`` over a body: by lines, by size, or as it arrives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

__all__ = ["StreamIteration", "StreamPieces"]


class StreamPieces:
    """An async iterator over what a reading method returns, until it returns nothing."""

    __slots__ = ("_read",)

    def __init__(self, read: Callable[[], Awaitable[bytes]]) -> None:
        self._read = read

    def __aiter__(self) -> StreamPieces:
        return self

    async def __anext__(self) -> bytes:
        piece = await self._read()
        if not piece:
            raise StopAsyncIteration
        return piece


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

    def __aiter__(self) -> StreamPieces:
        return StreamPieces(self.readline)

    def iter_chunked(self, n: int) -> StreamPieces:
        """Iterate over pieces of up to *n* bytes."""
        return StreamPieces(lambda: self.read(n))

    def iter_any(self) -> StreamPieces:
        """Iterate over the pieces as they arrive."""
        return StreamPieces(self.readany)
