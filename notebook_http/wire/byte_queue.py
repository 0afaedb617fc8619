"""Bytes in the pieces they came in, taken from the front without moving the rest."""

from __future__ import annotations

from collections import deque

__all__ = ["ByteQueue"]


class ByteQueue:
    """A queue of bytes that keeps its pieces whole while it can.

    Most bodies come in one piece, which is kept by itself: a deque takes 0.6 KiB.

    Attributes:
        size: bytes in the queue.
    """

    __slots__ = ("_first", "_offset", "_rest", "size")

    def __init__(self) -> None:
        self._first = b""  # taken from next; empty only when the queue is
        self._offset = 0  # bytes of it that have been taken
        self._rest: deque[bytes] | None = None  # the pieces behind it
        self.size = 0

    def __len__(self) -> int:
        return self.size

    def append(self, data: bytes) -> None:
        """Add *data* at the end; it must not be empty."""
        if self.size:
            rest = self._rest
            if rest is None:
                rest = self._rest = deque()
            rest.append(data)
        else:
            self._first = data
        self.size += len(data)

    def put_back(self, data: bytes) -> None:
        """Add *data* at the front, to be taken next."""
        if not data:
            return
        if self.size:
            first = self._first[self._offset :]
            if self._rest is None:
                self._rest = deque()
            self._rest.appendleft(first)
        self._first, self._offset = data, 0
        self.size += len(data)

    def first_piece(self) -> memoryview:
        """Return what is left of the first piece, without a copy; the queue must not be empty."""
        return memoryview(self._first)[self._offset :]

    def find_in_first(self, separator: bytes) -> int:
        """Return where *separator* begins in the first piece, counted from the front, or -1."""
        end = self._first.find(separator, self._offset)
        return end if end < 0 else end - self._offset

    def take_piece(self) -> bytes:
        """Remove what is left of the first piece and return it; ``b""`` if there is none."""
        return self.take(len(self._first) - self._offset)

    def take(self, n: int) -> bytes:
        """Remove up to *n* bytes from the front and return them."""
        first, offset = self._first, self._offset
        left = len(first) - offset
        if n < left:
            self._offset = offset + n
            self.size -= n
            return first[offset : offset + n]
        if left == self.size:
            self._first = b""
            self._offset = self.size = 0
            return first[offset:] if offset else first
        return self._take_across(min(n, self.size))

    def _take_across(self, n: int) -> bytes:
        """Take *n* bytes, which are there, from several pieces."""
        taken = []
        self.size -= n
        rest = self._rest
        while n:
            first, offset = self._first, self._offset
            left = len(first) - offset
            if n < left:
                taken.append(first[offset : offset + n])
                self._offset = offset + n
                break
            taken.append(first[offset:] if offset else first)
            self._first = rest.popleft() if rest else b""
            self._offset = 0
            n -= left
        return taken[0] if len(taken) == 1 else b"".join(taken)
