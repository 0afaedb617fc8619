"""The answer of an application that went out as it was said: what is left for the access log."""

from __future__ import annotations

from multidict import CIMultiDict

from notebook_http.transport.stream_writer import StreamWriter
from notebook_http.web.asgi.answer_head import AnswerHead
from notebook_http.web.response_head import REASON_PHRASES
from notebook_http.web.stream_response import StreamResponse

__all__ = ["SentAnswer"]


class SentAnswer(StreamResponse):
    """A response whose head is out.

    Args:
        head: the head.
        keep_alive: whether the connection goes on.
        sent: bytes of head and body, if they left at once.
        body_length: bytes of the body among them.
        writer: what writes the body, if it leaves in pieces.
    """

    def __init__(
        self,
        head: AnswerHead,
        keep_alive: bool,
        sent: int = 0,
        body_length: int = 0,
        writer: StreamWriter | None = None,
    ) -> None:
        self._head = head
        self._status = head.status
        self.kept_alive = keep_alive
        self._sent_at_once = sent
        self._body_length = body_length
        self._writer = writer
        self._eof_sent = writer is None

    @property
    def prepared(self) -> bool:
        """Always True: the head is out."""
        return True

    @property
    def reason(self) -> str:
        """The reason phrase."""
        return REASON_PHRASES.get(self._status, "")

    @property
    def headers(self) -> CIMultiDict[str]:
        """The fields that the application gave; a copy, since they are out."""
        return CIMultiDict(self._head.text_fields())

    def body_is_whole(self) -> None:
        """Take note that the last of the body has been written."""
        self._eof_sent = True
