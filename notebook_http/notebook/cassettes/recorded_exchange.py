"""An answer that is noted while it arrives, piece by piece."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebook_http.client.exchange import Exchange

if TYPE_CHECKING:
    from notebook_http.wire.response_head import ResponseHead

__all__ = ["MOST_BODY_BYTES", "RecordedExchange"]

# Of one body, as it came. A recording is read by people and kept with the code; what is larger is
# a download, and a test of that has a file of its own.
MOST_BODY_BYTES = 16 * 1024 * 1024


class RecordedExchange(Exchange):
    """An `Exchange` that keeps what came.

    Attributes:
        pieces: of the body, coded as they came; a chunk of the transfer coding ends behind each.
        size: bytes in them.
        failure: what ended it before its time.
    """

    __slots__ = ("_open", "failure", "pieces", "size")

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.pieces: list[bytes] = []
        self.size = 0
        self.failure: BaseException | None = None
        self._open = False  # whether the last piece goes on

    @property
    def is_too_large(self) -> bool:
        """Whether it is more than is kept."""
        return self.size > MOST_BODY_BYTES

    def body_received(self, data: bytes) -> None:
        """Note bytes of the body."""
        self._note(bytes(data))
        super().body_received(data)

    def chunk_completed(self) -> None:
        """Note where a chunk ends."""
        self._open = False
        super().chunk_completed()

    def whole_received(self, head: ResponseHead, body: bytes) -> None:
        """Note an answer that came at once."""
        self._note(bytes(body))
        super().whole_received(head, body)

    def fail(self, error: BaseException) -> None:
        """Note that no more comes."""
        if not self.completed:
            self.failure = error
        super().fail(error)

    def _note(self, data: bytes) -> None:
        self.size += len(data)
        if self.is_too_large:
            self.pieces.clear()
        elif self._open and self.pieces:
            self.pieces[-1] += data
        else:
            self.pieces.append(data)
        self._open = True
