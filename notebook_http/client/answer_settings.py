"""How the bytes of an answer are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notebook_http.wire.limits import MessageLimits

__all__ = ["AnswerSettings"]


class AnswerSettings:
    """How answers are read; shared by all requests that do not say otherwise.

    Attributes:
        limits: of the head.
        read_bufsize: bytes; see `RequestOptions`.
        auto_decompress: whether content codings are undone.
        read_until_eof: whether a body without announced length lasts until the connection ends.
    """

    __slots__ = ("auto_decompress", "limits", "read_bufsize", "read_until_eof")

    def __init__(
        self,
        limits: MessageLimits,
        *,
        read_bufsize: int,
        auto_decompress: bool,
        read_until_eof: bool = True,
    ) -> None:
        self.limits = limits
        self.read_bufsize = read_bufsize
        self.auto_decompress = auto_decompress
        self.read_until_eof = read_until_eof
