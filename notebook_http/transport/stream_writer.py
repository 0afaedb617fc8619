"""The body of a message on its way out: framed, perhaps encoded, at the peer's pace.

Shared by both sides. The head waits until the first bytes of the body are there, so that a small
message leaves in one piece.
"""

from __future__ import annotations

import asyncio

from multidict import CIMultiDict

from notebook_http.transport.abstract_stream_writer import AbstractStreamWriter
from notebook_http.transport.connection import Connection
from notebook_http.transport.exceptions import BodyLengthError
from notebook_http.wire.content_coding import ContentEncoder, encoder_for
from notebook_http.wire.head_writer import encode_head, field_lines

__all__ = ["StreamWriter"]

# Pieces up to this size are joined with their framing (a copy costs less than another buffer in
# the transport); larger ones go out as they are, if the transport can do so.
_JOIN_BYTES = 16 * 1024
# Seconds for which a body that nobody gets is taken as fast as it is made, and those that each
# piece of it waits from then on. What is made longer than that has no end most likely, and would
# take a whole core until its client leaves.
_DISCARDING_SECONDS = 5.0
_DISCARDING_PAUSE = 0.05


class StreamWriter:
    """Writes one message's body to a connection.

    Args:
        connection: where to.
        length: bytes that the head announced, or None.
        chunked: whether to frame with chunks (RFC 9112 §7.1).
        encoder: applies a content coding, or None.
        head: the message's head, sent in front of the first bytes.
        discard: the message has no body (HEAD, 204, 304): count what is written and drop it.

    Attributes:
        connection: where the bytes go.
        output_size: bytes handed to the connection so far, head and framing included.
        body_size: bytes of the body given to `write` so far.
        finished: whether the body is whole.
        has_body: whether what is written is sent: not so behind HEAD, 204, 304.
    """

    __slots__ = (
        "_chunked",
        "_discarding_since",
        "_encoder",
        "_head",
        "_left",
        "_length",
        "body_size",
        "connection",
        "finished",
        "has_body",
        "output_size",
    )

    def __init__(
        self,
        connection: Connection,
        *,
        length: int | None,
        chunked: bool,
        encoder: ContentEncoder | None = None,
        head: bytes = b"",
        discard: bool = False,
    ) -> None:
        self.connection = connection
        self._length = length
        self._left = -1 if length is None or discard else length
        self._chunked = chunked and not discard
        self._encoder = encoder
        self._head = head
        self.has_body = not discard
        self._discarding_since: float | None = None
        self.output_size = 0
        self.body_size = 0
        self.finished = False

    @property
    def is_verbatim(self) -> bool:
        """Whether the body goes out as it is: not coded, and framed by its length."""
        return self._left >= 0 and not self._chunked and self._encoder is None

    async def write(self, data: bytes | bytearray | memoryview, *, drain: bool = True) -> None:
        """Send a piece of the body, waiting while the peer is slower than that.

        *data* may be changed afterwards; a read-only view of what changes may not be given.

        A cancel leaves the piece in the transport: it is being sent, the body is not whole.

        Raises:
            BodyLengthError: more than the head announced; nothing of the piece was sent.
            ClientConnectionResetError: the peer has left.
            RuntimeError: the body has ended already.
        """
        self.write_nowait(data)
        if drain and (self.connection.writing_paused or not self.has_body):
            await self.drain()

    def write_nowait(self, data: bytes | bytearray | memoryview) -> None:
        """Send a piece of the body without waiting; raises as `write` does."""
        if self.finished:
            raise RuntimeError("Cannot call write() after write_eof()")
        if isinstance(data, memoryview) and data.nbytes != len(data):
            data = data.cast("B")
        size = len(data)
        self.body_size += size
        if self._chunked and self._encoder is None and 0 < size <= _JOIN_BYTES and not self._head:
            # What streams mostly write: 1.1 µs before, and 0.8 without the steps below.
            chunk = b"".join((b"%x\r\n" % size, data, b"\r\n"))
            self.connection.write(chunk)
            self.output_size += len(chunk)
            return
        if not self.has_body:
            return
        if self._encoder is not None and size:
            data = self._encoder.encode(bytes(data))
            size = len(data)
        if not size:
            return
        self._count(size)
        if data.__class__ is not bytes and not (isinstance(data, memoryview) and data.readonly):
            # A transport may keep what it cannot send at once, and not a copy of it (from Python
            # 3.12 on): who reads into the same buffer again would change what is on its way.
            data = bytes(data)
        self._send(data, size)

    async def write_eof(self, data: bytes | bytearray | memoryview = b"") -> None:
        """End the body, after a last piece. Idempotent, in what it raises, too.

        Raises:
            BodyLengthError: less was written than announced, or an encoder had more left than
                that: close the connection.
            ClientConnectionResetError: the peer has left.
        """
        if data and not self.finished:
            self.write_nowait(data)
        self.end_nowait()
        if self.connection.writing_paused:
            await self.connection.drain()

    def end_nowait(self) -> None:
        """End the body without waiting; raises as `write_eof` does."""
        if self.finished:
            self._check_whole()
            return
        if self._encoder is not None and self.has_body:
            rest = self._encoder.finish()
            self._encoder = None
            if rest:
                self._count(len(rest))
                self._send(rest, len(rest))
        self.finished = True
        if self._chunked:
            self._put(b"0\r\n\r\n")
        elif self._head:
            self._put(b"")
        self._check_whole()

    # For those who write heads themselves, as aiohttp's writers let them

    @property
    def transport(self) -> asyncio.Transport | None:
        """The connection's transport, or None when the peer has left."""
        return self.connection.transport

    def enable_compression(self, encoding: str = "deflate", strategy: int | None = None) -> None:
        """Compress what is written from now on; the head that says so is the caller's.

        *strategy* is zlib's, and left to the library.
        """
        self._encoder = encoder_for(encoding)

    def enable_chunking(self) -> None:
        """Frame what is written from now on with chunks; the head that says so is the caller's."""
        self._chunked = self.has_body

    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        """Keep a head for the first piece of the body; `send_head` sends it at once.

        Raises:
            ValueError: a field cannot stand in a head.
        """
        self._head = encode_head(f"{status_line}\r\n{field_lines(headers.items())}\r\n")

    def send_headers(self) -> None:
        """Send the head now, before there is any body."""
        self.send_head()

    async def drain(self) -> None:
        """Return when the peer has taken enough that more can be written.

        Where nothing is sent (`has_body`) nobody is waited for, but others run, and after some
        seconds each piece waits: a handler that writes for ever, were it asked with HEAD, would
        keep them from it.

        Raises:
            ClientConnectionResetError: the peer has left.
        """
        if self._head:
            self.send_head()
        await self.connection.drain()
        if not self.has_body:
            now = self.connection.loop.time()
            if self._discarding_since is None:
                self._discarding_since = now
            is_new = now - self._discarding_since < _DISCARDING_SECONDS
            await asyncio.sleep(0 if is_new else _DISCARDING_PAUSE)

    def send_head(self) -> None:
        """Send the head now, before there is any body."""
        if self._head:
            self._put(b"")

    def count_sent(self, size: int) -> None:
        """Take note of *size* bytes of the body that the system has sent by itself.

        Raises:
            BodyLengthError: more than the head announced.
        """
        self.body_size += size
        self._count(size)
        self.output_size += size

    # How it works

    def _check_whole(self) -> None:
        if self._left > 0:
            announced = self._length or 0
            raise BodyLengthError(announced, announced - self._left)

    def _count(self, size: int) -> None:
        """Take *size* bytes off what was announced."""
        if self._left >= 0:
            if size > self._left:
                announced = self._length or 0
                raise BodyLengthError(announced, announced - self._left + size)
            self._left -= size

    def _send(self, data: bytes | bytearray | memoryview, size: int) -> None:
        if not self._chunked:
            self._put(data)
        elif size <= _JOIN_BYTES:
            self._put(b"".join((b"%x\r\n" % size, data, b"\r\n")))
        else:
            # In one call, with the head if it waits: a system call of its own for the size costs
            # 64 MiB in pieces of 64 KiB 3.6 ms of 15.
            before = b"%s%x\r\n" % (self._head, size)
            self._head = b""
            self.connection.writelines((before, data, b"\r\n"))
            self.output_size += len(before) + size + 2

    def _put(self, data: bytes | bytearray | memoryview) -> None:
        head = self._head
        if head:
            self._head = b""
            self.output_size += len(head)
            if len(data) <= _JOIN_BYTES:
                self.connection.write(head + bytes(data) if data else head)
            else:
                self.connection.writelines((head, data))
        else:
            self.connection.write(data)
        self.output_size += len(data)


# By name alone: a class with slots that derives from one without has a dictionary all the same.
AbstractStreamWriter.register(StreamWriter)
