"""Bytes in the pieces they came in, taken from the front without moving the rest."""

from __future__ import annotations

from collections import deque

__all__ = ["ByteQueue"]


class ByteQueue:
    """A queue of bytes that keeps its pieces whole while it can.

    Attributes:
        size: bytes in the queue.
    """

    __slots__ = ("_offset", "_pieces", "size")

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._offset = 0  # bytes of the first piece that have been taken
        self.size = 0

    def __len__(self) -> int:
        return self.size

    def append(self, data: bytes) -> None:
        """Add *data* at the end."""
        self._pieces.append(data)
        self.size += len(data)

    def put_back(self, data: bytes) -> None:
        """Add *data* at the front, to be taken next."""
        if not data:
            return
        if self._offset:
            self._pieces[0] = self._pieces[0][self._offset :]
            self._offset = 0
        self._pieces.appendleft(data)
        self.size += len(data)

    def first_piece(self) -> memoryview:
        """Return what is left of the first piece, without a copy; the queue must not be empty."""
        return memoryview(self._pieces[0])[self._offset :]

    def find_in_first(self, separator: bytes) -> int:
        """Return where *separator* begins in the first piece, counted from the front, or -1."""
        end = self._pieces[0].find(separator, self._offset)
        return end if end < 0 else end - self._offset

    def take_piece(self) -> bytes:
        """Remove what is left of the first piece and return it; ``b""`` if there is none."""
        return self.take(len(self._pieces[0]) - self._offset) if self._pieces else b""

    def take(self, n: int) -> bytes:
        """Remove up to *n* bytes from the front and return them."""
        pieces = self._pieces
        if not pieces:
            return b""
        first = pieces[0]
        offset = self._offset
        if n >= self.size and len(pieces) == 1:
            pieces.clear()
            self._offset = self.size = 0
            return first[offset:] if offset else first
        if n < len(first) - offset:
            self._offset = offset + n
            self.size -= n
            return first[offset : offset + n]
        return self._take_across(min(n, self.size))

    def _take_across(self, n: int) -> bytes:
        """Take *n* bytes, which are there, from several pieces."""
        taken = []
        self.size -= n
        while n:
            first = self._pieces[0]
            offset = self._offset
            available = len(first) - offset
            if n < available:
                taken.append(first[offset : offset + n])
                self._offset = offset + n
                break
            taken.append(first[offset:] if offset else first)
            self._pieces.popleft()
            self._offset = 0
            n -= available
        return taken[0] if len(taken) == 1 else b"".join(taken)
