"""Whether a request line is `method SP target SP HTTP-version` and nothing else (RFC 9112 §3).

The parser's library takes more: other protocols (`RTSP/1.0`, `ICE/1.0`) and runs of spaces, and
does not tell. What two readers could read in two ways is looked at again, in the bytes themselves.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["RequestLines", "UnservedLine"]

# Where a read is known: at the beginning of a request line; in a head whose body is chunked; and,
# from its first byte, in a chunked body. Else in a head, with so many bytes of body behind it.
_LINE, _CHUNKS, _IN_CHUNKS = -1, -2, -3
# Bytes of a line that was refused that anybody may want to see.
_MOST_SHOWN = 200
_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}"  # no method that anybody knows is longer
_REQUEST_LINE = re.compile(
    rb"(?P<method>" + _TOKEN + rb") [!-~]+ HTTP/(?P<version>[0-9]\.[0-9])\r\n"
)
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]+)[^\n]*\n")
_BEGUN = re.compile(_TOKEN + rb"(?: (?:[!-~]+(?: [HTP/0-9.]{0,8})?)?)?\r?")


class UnservedLine(NamedTuple):
    """What a line asks for: its method, and its version as in `1.1`."""

    method: str
    version: str


class RequestLines:
    """The bytes that were read last, in which request lines are looked for.

    The parser's library does not tell where in a read it is. That is reckoned here from the framing
    that it followed, and only where one read holds more than one request.

    Attributes:
        text: those bytes; from the beginning of the message, while its first line may not be whole.
        first_chunk: bytes of the chunk that was the first to end in this read; negative before.
    """

    __slots__ = ("_at", "_body", "_is_checked", "_started", "_tail", "first_chunk", "text")

    def __init__(self) -> None:
        self.text = self._tail = b""  # the tail: the last bytes in front of the text, if in chunks
        self._at = self._started = 0  # behind the last line that was found, or the text's beginning
        self._body = _LINE
        self._is_checked = False  # the line of the message that is being read
        self.first_chunk = -1

    def take(self, data: bytes, fresh: bool, in_chunk: int | None) -> None:
        """Take note of a read: it begins a message, or goes on in a chunked body, or in a head.

        Args:
            data: the read.
            fresh: it begins a message.
            in_chunk: bytes of the running chunk that have been read; negative in a size line, None
                outside of bodies.
        """
        if fresh:
            self.text, self._at, self._body = data, 0, _LINE
        elif in_chunk is not None:
            self._tail = (self._tail + self.text[-3:])[-3:]
            self._started, self.first_chunk = in_chunk, -1
            self.text, self._body = data, _IN_CHUNKS
        elif self._is_checked:
            self.text, self._at, self._body = self.text[-3:] + data, 0, 0
        else:
            self.text += data

    def body_follows(self, length: int | None) -> None:
        """Take note that the message has a body of so many bytes, or of chunks."""
        if length is None:
            self._body, self._tail = _CHUNKS, b""
        else:
            self._body = length

    def are_strict(self, method: bytes, target: bytes) -> bool:
        """Tell whether the line of the message whose head is whole now is as it has to be."""
        if self._is_checked:
            self._is_checked = False
            return True
        line = b"%b %b HTTP/" % (method, target)
        at = self._at
        if self._body != _LINE or not self.text.startswith(line, at):
            at = self._beginning()
            if at < 0 or not self.text.startswith(line, at):
                return False
        self._at, self._body = at + len(line), 0
        return True

    def _beginning(self) -> int:
        """Return where the next line begins, behind the message that was found last.

        Negative if that is not whole, or nobody can tell.
        """
        text, begin, body = self.text, self._at, self._body
        if body == _IN_CHUNKS:
            begin = self._end_of_begun_chunks()
        elif body != _LINE:
            begin = text.find(b"\r\n\r\n", begin)
            if begin >= 0:
                begin = _end_of_chunks(text, begin + 4) if body == _CHUNKS else begin + 4 + body
        if begin < 0:
            return -1
        while text.startswith((b"\r", b"\n"), begin):
            begin += 1  # RFC 9112 §2.2 lets a server pass over empty lines
        return begin

    def _end_of_begun_chunks(self) -> int:
        """Return where the chunks end that the text begins in the middle of."""
        size, text = self.first_chunk, self.text
        if size < 0:
            return -1
        if size == 0:  # what the text begins in are the last size line and the trailers
            tail = self._tail
            end = (tail + text).find(b"\r\n\r\n")
            return end if end < 0 else end + 4 - len(tail)
        # In front of its first byte: the end of the size line, or the beginning of the chunk.
        at = text.find(b"\n") + 1 + size if self._started < 0 else size - self._started
        return _end_of_chunks(text, text.find(b"\n", at) + 1)

    def check_early(self, method: bytes, target: bytes) -> bool:
        """The same, while the rest of the head is still to come; its bytes are let go."""
        if not self._is_checked:
            if not self.are_strict(method, target):
                return False
            self._is_checked = True
            self.text = self.text[-3:]
        return True

    def unserved(self, most: int) -> UnservedLine | None:
        """Return what a line that the library refused asks for, if it is well-formed.

        None for a line that is not, is over *most* bytes, or cannot be found.

        Raises:
            EOFError: the line is not whole, and could still become well-formed.
        """
        begin = self._beginning()
        if begin < 0:
            return None
        found = _REQUEST_LINE.match(self.text, begin, begin + most)
        if found is not None:
            return UnservedLine(found["method"].decode(), found["version"].decode())
        if len(self.text) - begin <= most and _BEGUN.fullmatch(self.text, begin) is not None:
            raise EOFError
        return None

    def refused(self, method: bytes, target: bytes) -> bytes:
        """Return the beginning of the line that was refused, as far as can be told.

        No byte behind the end of a line: fields may hold secrets.
        """
        if target:
            return (method + b" " + target)[:_MOST_SHOWN]
        begin = self._beginning()
        rest = self.text[begin : begin + _MOST_SHOWN] if begin >= 0 else b""
        return re.split(rb"[\r\n]", rest, maxsplit=1)[0]


def _end_of_chunks(text: bytes, at: int) -> int:
    """Return where the chunked body ends that begins at *at*; negative if it does not end."""
    while True:
        found = _CHUNK_SIZE.match(text, at)
        if found is None:
            return -1
        at = found.end()
        size = int(found[1], 16)
        if size == 0:
            end = text.find(b"\r\n\r\n", at - 2)
            return end if end < 0 else end + 4
        at += size + 2
