"""Bodies that are read from file objects, off the event loop.

A file is sent from where it stands, and sent again from there when a redirect asks for it.
"""

from __future__ import annotations

import asyncio
import io
import os
from typing import IO, Any

from notebook_http.transport.memory_payload import StringPayload
from notebook_http.transport.payload_shape import Payload, PayloadWriter
from notebook_http.wire.media_type import parse_media_type

__all__ = [
    "BufferedReaderPayload",
    "BytesIOPayload",
    "IOBasePayload",
    "StringIOPayload",
    "TextIOPayload",
    "guess_filename",
]

# Bytes read at once: a trip to a thread and back costs some 50 µs, so pieces are not small.
_READ_BYTES = 256 * 1024


def guess_filename(file: object, default: str | None = None) -> str | None:
    """Return the last component of a file object's name, or *default* when it has none."""
    name = getattr(file, "name", None)
    # `<stdin>`, and numbers for files made from a descriptor, are no names.
    if isinstance(name, str) and name and not (name[0] == "<" and name[-1] == ">"):
        return os.path.basename(name) or default
    return default


class IOBasePayload(Payload):
    """A body read from a file object; reads run in the loop's executor.

    Args:
        value: a readable file object.
        disposition: sets Content-Disposition with the file's name; None leaves it alone.
        filename: by default the file's own name.
    """

    # Reading it may wait for a disk, a pipe, or a network file system.
    _reads_in_thread = True

    def __init__(
        self,
        value: IO[Any],
        disposition: str | None = "attachment",
        *args: Any,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("filename", guess_filename(value))
        super().__init__(value, *args, disposition=disposition, **kwargs)
        self._start: int | None = None
        self._started = False

    @property
    def size(self) -> int | None:
        """Bytes from where the file stood at first, or None when only reading would tell."""
        raw = getattr(self._value, "raw", self._value)
        # Others have a descriptor too, but it is not what they read: a GzipFile's, for one.
        if not isinstance(raw, io.FileIO):
            return None
        try:
            start = self._start_position()
            return None if start is None else max(os.fstat(raw.fileno()).st_size - start, 0)
        except (OSError, ValueError):
            return None

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the file's text, read here and now: it blocks, and is for logs and tests.

        Raises:
            UnicodeDecodeError: it is not *encoding*.
        """
        self._started = False
        return b"".join(iter(self._read_next, b"")).decode(encoding, errors)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return the file's bytes, read off the loop."""
        pieces = []
        self._started = False
        while piece := await self._piece():
            pieces.append(piece)
        return b"".join(pieces)

    async def write(self, writer: PayloadWriter) -> None:
        """Send the file from where it stood at first to its end.

        A cancel leaves it half sent; a read that is under way ends in its thread.

        Raises:
            OSError: it cannot be read.
            TypeError: it yields text.
        """
        await self.write_with_length(writer, None)

    async def write_with_length(self, writer: PayloadWriter, content_length: int | None) -> None:
        """Send at most *content_length* bytes: a file that grows meanwhile breaks no promise."""
        left = content_length
        self._started = False
        while left is None or left > 0:
            piece = await self._piece(_READ_BYTES if left is None else min(left, _READ_BYTES))
            if not piece:
                break
            if left is not None:
                left -= len(piece)
            await writer.write(piece)

    async def close(self) -> None:
        """Close the file, off the loop. Idempotent."""
        if not getattr(self._value, "closed", False):
            await asyncio.get_running_loop().run_in_executor(None, self._value.close)

    async def _piece(self, size: int = _READ_BYTES) -> bytes:
        if self._reads_in_thread:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(None, self._read_next, size)
        return self._read_next(size)

    def _read_next(self, size: int = _READ_BYTES) -> bytes:
        """Read a piece; the first call of a sending goes to the start again."""
        if not self._started:
            self._rewind()
            self._started = True
        piece = self._value.read(size)
        return self._to_bytes(piece) if piece else b""

    def _to_bytes(self, piece: Any) -> bytes:
        if not isinstance(piece, bytes | bytearray | memoryview):
            msg = f"a file that is sent yields bytes, not {type(piece).__name__}: open it with 'rb'"
            raise TypeError(msg)
        return bytes(piece)

    def _start_position(self) -> int | None:
        if self._start is None:
            try:
                self._start = self._value.tell()
            except (AttributeError, OSError, ValueError):
                return None
        return self._start

    def _rewind(self) -> None:
        start = self._start_position()
        if start is None or not self._seekable():
            if self._consumed:
                msg = "the file cannot be sent again: it does not seek"
                raise RuntimeError(msg)
            self._consumed = True
            return
        self._value.seek(start)

    def _seekable(self) -> bool:
        try:
            return bool(self._value.seekable())
        except AttributeError:
            return False  # has none, or is of a tar's stream, whose own fails of one inside


class BufferedReaderPayload(IOBasePayload):
    """A body read from a file opened with `open(path, "rb")`."""


class BytesIOPayload(IOBasePayload):
    """A body in an `io.BytesIO`; it is read here, and stays open afterwards."""

    _reads_in_thread = False

    @property
    def size(self) -> int | None:
        """Bytes from where the buffer stood at first."""
        start = self._start_position() or 0
        return int(max(self._value.getbuffer().nbytes - start, 0))

    @property
    def autoclose(self) -> bool:
        """True: memory needs no closing."""
        return True

    async def close(self) -> None:
        """Do nothing: the buffer holds no descriptor, and its owner may want to read it again."""


class TextIOPayload(IOBasePayload):
    """A body read from a text file, encoded anew; its size shows only at the end.

    Args:
        value: a file opened for text.
        encoding: charset of the body, not of the file; by default the content type's, else UTF-8.
        content_type: by default text/plain with the charset.

    Raises:
        UnicodeEncodeError: when sent: the text has characters that the charset lacks.
    """

    def __init__(
        self,
        value: IO[str],
        *args: Any,
        encoding: str | None = None,
        content_type: str | None = None,
        **kwargs: Any,
    ) -> None:
        if content_type is None:
            encoding = encoding or "utf-8"
            content_type = f"text/plain; charset={encoding}"
        elif encoding is None:
            encoding = parse_media_type(content_type).charset or "utf-8"
        self._charset = encoding
        super().__init__(value, *args, encoding=encoding, content_type=content_type, **kwargs)

    @property
    def size(self) -> int | None:
        """None: line ends and charset change the number of bytes."""
        return None

    async def write_with_length(self, writer: PayloadWriter, content_length: int | None) -> None:
        """Send at most *content_length* bytes of the encoded text."""
        left = content_length
        self._started = False
        while left is None or left > 0:
            piece = await self._piece()
            if not piece:
                break
            if left is not None:
                piece = piece[:left]
                left -= len(piece)
            await writer.write(piece)

    def _to_bytes(self, piece: Any) -> bytes:
        encoded: bytes = piece.encode(self._charset)
        return encoded


class StringIOPayload(StringPayload):
    """A body of the text that is left in an `io.StringIO`."""

    def __init__(self, value: IO[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(value.read(), *args, **kwargs)
