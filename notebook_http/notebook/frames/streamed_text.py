"""Make UTF-8 of text that comes in pieces, whatever it is written in."""

from __future__ import annotations

import codecs

from notebook_http.notebook.frames.exceptions import FrameError
from notebook_http.notebook.frames.tabular import byte_order_mark

__all__ = ["StreamedText"]


class StreamedText:
    """Text in pieces, in UTF-8 without a byte order mark.

    As `decoded_text` reads a whole body: a byte order mark wins, then *charset*, then UTF-8. What
    is not UTF-8 from its first character beyond ASCII on is Windows-1252.

    Args:
        head: the first bytes, four or more if there are as many; they have to be fed, too.
        charset: what the reply says the text is in; None if it says nothing.

    Raises:
        FrameError: Python knows no such charset.
    """

    def __init__(self, head: bytes, charset: str | None) -> None:
        marked = byte_order_mark(head)
        self._charset = charset
        self._guesses = not marked and not charset
        encoding = marked or charset or "utf-8"
        try:
            make = codecs.getincrementaldecoder(encoding)
        except LookupError as error:
            msg = f"The reply says its charset is {encoding[:40]!r}, which Python does not know."
            raise FrameError(msg) from error
        self._decoder = make("replace" if marked else "strict")
        self._only_ascii = True

    def feed(self, piece: bytes, *, final: bool = False) -> bytes:
        """Return *piece* in UTF-8; half a character waits for its other half.

        Raises:
            FrameError: the bytes are not in the charset.
        """
        if self._guesses and piece.isascii() and not self._decoder.getstate()[0]:
            return piece
        waiting = self._decoder.getstate()[0] if self._guesses else b""
        try:
            text = self._decoder.decode(piece, final)
        except UnicodeDecodeError as error:
            text = self._guessed(waiting + piece, error, final)
        except ValueError as error:  # "idna" and its like, which are no charsets of text
            raise FrameError(self._not_in_charset(error)) from error
        self._only_ascii = self._only_ascii and text.isascii()
        return text.encode("utf-8", "replace")

    def _guessed(self, content: bytes, error: UnicodeDecodeError, final: bool) -> str:
        """Return *content* in Windows-1252 if nothing beyond ASCII was UTF-8 before its *error*."""
        if not self._guesses or not self._only_ascii or not content[: error.start].isascii():
            raise FrameError(self._not_in_charset(error)) from error
        self._guesses = False
        self._decoder = codecs.getincrementaldecoder("cp1252")("replace")
        return self._decoder.decode(content, final)

    def _not_in_charset(self, error: ValueError) -> str:
        named = f"the charset that the reply says, {self._charset[:40]!r}" if self._charset else ""
        return (
            f"The body is not in {named or 'UTF-8, in which it began'}: {str(error)[:200]}\n"
            "Bring it into a file with nh.download(…), and read that with pandas."
        )
