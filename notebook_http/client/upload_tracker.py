"""Tell how far the body of one request has got, and when it is out."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from notebook_http.client.exceptions import UploadAbortedError

if TYPE_CHECKING:
    from notebook_http.transport.stream_writer import StreamWriter

__all__ = ["UploadAttempt", "UploadTracker"]

# Pieces that are remembered while nobody asks how far the upload is; then those that have left
# are dropped. A piece is 64 KiB as a rule, and a transport buffers about as much.
_MOST_MARKS = 64


class UploadTracker:
    """Watches the body of one request: pass a new one as `upload_tracker=`, and look at it.

    Attributes:
        attempts: how often the body was begun: once, and again for each redirect or repetition.
        upload_complete: a future, done when the last attempt is out. Fails with what went wrong,
            or with `UploadAbortedError` if the body was cut short (an early answer, a cancel, no
            connection).

    Raises:
        RuntimeError: no event loop is running.
    """

    def __init__(self) -> None:
        self.attempts = 0
        self.upload_complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._attempt: UploadAttempt | None = None
        self._is_bound = False
        self._call_ended = False

    def __repr__(self) -> str:
        return f"<UploadTracker attempt {self.attempts}, {self.bytes_written} bytes sent>"

    @property
    def bytes_written(self) -> int:
        """Bytes of the body that this attempt has handed to the operating system.

        What still waits in this process is not counted. Exact for bodies that are sent as they
        are, estimated within a piece for compressed ones.
        """
        return 0 if self._attempt is None else self._attempt.bytes_written

    # Called by the call

    def bind(self) -> None:
        """Belong to a request from now on.

        Raises:
            RuntimeError: it belongs to one already.
        """
        if self._is_bound:
            text = "UploadTracker is already bound to a request: make a new one for each"
            raise RuntimeError(text)
        self._is_bound = True

    def begin_attempt(self, head_size: int) -> UploadAttempt:
        """Return the record of another sending of the body; the one before counts no more.

        Args:
            head_size: bytes that go in front of the body.
        """
        self.attempts += 1
        self._attempt = attempt = UploadAttempt(self, head_size)
        return attempt

    def end_call(self) -> None:
        """Note that no further attempt comes: the call has its answer or its error."""
        self._call_ended = True
        if self._attempt is None or not self._attempt.is_writing:
            self.settle(self._attempt)

    def settle(self, attempt: UploadAttempt | None) -> None:
        """Tell who waits for `upload_complete`, if *attempt* is the last one that there will be."""
        if attempt is not self._attempt or not self._call_ended or self.upload_complete.done():
            return
        if attempt is not None and attempt.is_complete:
            self.upload_complete.set_result(None)
            return
        error = None if attempt is None else attempt.error
        if error is None:
            error = UploadAbortedError("The request body was not fully sent")
        self.upload_complete.set_exception(error)
        self.upload_complete.exception()  # nobody has to look: the call itself has told


class UploadAttempt:
    """One sending of a body, as far as it has got.

    Attributes:
        error: why it failed, or None.
        is_complete: whether the body is out.
    """

    __slots__ = ("_marks", "_sent", "_tracker", "_writer", "error", "is_complete")

    def __init__(self, tracker: UploadTracker, head_size: int) -> None:
        self.error: BaseException | None = None
        self.is_complete = False
        self._tracker = tracker
        self._writer: StreamWriter | None = None
        self._sent = 0
        # (bytes of the body, bytes on the wire) at the end of each piece, all of them increasing.
        # The first one has left, the others may still be in the transport's buffer.
        self._marks: deque[tuple[int, int]] = deque([(0, head_size)])

    @property
    def is_writing(self) -> bool:
        """Whether the body is on its way just now."""
        return self._writer is not None

    @property
    def bytes_written(self) -> int:
        """Bytes of the body that have left this process."""
        self._look()
        return self._sent

    def begin(self, writer: StreamWriter) -> None:
        """Watch *writer*: the body is on its way."""
        self._writer = writer

    def wrote(self, body_size: int, output_size: int) -> None:
        """Note how much was given to the writer so far, and how much it made of that."""
        if self._writer is not None and output_size > self._marks[-1][1]:
            self._marks.append((body_size, output_size))
            if len(self._marks) > _MOST_MARKS:
                self._look()

    def complete(self, body_size: int) -> None:
        """Note that all of the body, *body_size* bytes, was sent."""
        self._writer = None
        self._sent = body_size
        self.is_complete = True
        self._tracker.settle(self)

    def fail(self, error: BaseException | None) -> None:
        """Note that the body was not sent whole: *error*, or None if it was cut short."""
        self._look()
        self._writer = None
        self.error = error
        self._tracker.settle(self)

    def _look(self) -> None:
        """See how much of what was written has left the transport's buffer."""
        transport = None if self._writer is None else self._writer.connection.transport
        if self._writer is None or transport is None or transport.is_closing():
            return  # what a closing transport drops was never sent
        left = self._writer.output_size - transport.get_write_buffer_size()
        marks = self._marks
        while len(marks) > 1 and marks[1][1] <= left:
            marks.popleft()
        body, wire = marks[0]
        if len(marks) > 1 and left > wire:
            next_body, next_wire = marks[1]
            body += (next_body - body) * (left - wire) // (next_wire - wire)
        self._sent = body
