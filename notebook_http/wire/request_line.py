"""Whether a request line is `method SP target SP HTTP-version` and nothing else (RFC 9112 §3).

The parser's library takes more: other protocols (`RTSP/1.0`, `ICE/1.0`) and runs of spaces, and
does not tell. What two readers could read in two ways is looked at again, in the bytes themselves.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["RequestLines", "UnservedLine"]

# What lies between a request line and the next one, where no bytes of a sized body do.
_CHUNKS, _ANYTHING = -1, -2
# Bytes of a line that was refused that anybody may want to see.
_MOST_SHOWN = 200
_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}"  # no method that anybody knows is longer
_LINE = re.compile(rb"(?P<method>" + _TOKEN + rb") [!-~]+ HTTP/(?P<version>[0-9]\.[0-9])\r\n")
_BEGUN = re.compile(_TOKEN + rb"(?: (?:[!-~]+(?: [HTP/0-9.]{0,8})?)?)?\r?")


class UnservedLine(NamedTuple):
    """What a line asks for: its method, and its version as in `1.1`."""

    method: str
    version: str


class RequestLines:
    """The bytes that were read last, in which request lines are looked for.

    Attributes:
        text: those bytes; from the beginning of the message, while its first line may not be whole.
    """

    __slots__ = ("_at", "_body", "_is_checked", "text")

    def __init__(self) -> None:
        self.text = b""
        self._at = 0  # behind the last line that was found
        self._body = 0  # bytes of the body between that head and the next line, or what else
        self._is_checked = False  # the line of the message that is being read

    def take(self, data: bytes, *, fresh: bool, in_body: bool) -> None:
        """Take note of a read: it begins a message, or goes on in a body, or in a head."""
        in_head = not (fresh or in_body)
        if in_head and not self._is_checked:
            self.text += data
        else:
            self.text, self._at = data, 0
            self._body = _ANYTHING if in_head else _CHUNKS if in_body else 0

    def body_follows(self, length: int | None) -> None:
        """Take note that the message has a body of so many bytes, or of chunks."""
        if self._body != _ANYTHING:
            self._body = _CHUNKS if length is None else length

    def are_strict(self, method: bytes, target: bytes) -> bool:
        """Tell whether the line of the message whose head is whole now is as it has to be."""
        if self._is_checked:
            self._is_checked = False
            return True
        line = b"%b %b HTTP/" % (method, target)
        at = self._at
        if not self.text.startswith(line, at):
            at = self._position(line)
            if at < 0:
                return False
        self._at = at + len(line)
        if self._body != _ANYTHING:
            self._body = 0
        return True

    def _position(self, line: bytes) -> int:
        """Return where *line* stands behind another message or empty lines; -1 if it does not."""
        text = self.text
        if self._body >= 0:
            begin = self._beginning()
            return begin if text.startswith(line, begin) else -1
        at = text.find(line, self._at)
        return at if self._body == _ANYTHING or text[at - 1 : at] in (b"\n", b"\r", b"") else -1

    def _beginning(self) -> int:
        """Return where the next line begins, behind a message whose size is known."""
        text, begin = self.text, self._at
        if begin:
            begin = text.find(b"\r\n\r\n", begin) + 4 + self._body
        while text.startswith((b"\r", b"\n"), begin):
            begin += 1  # RFC 9112 §2.2 lets a server pass over empty lines
        return begin

    def check_early(self, method: bytes, target: bytes) -> bool:
        """The same, while the rest of the head is still to come; its bytes are let go."""
        if not self._is_checked:
            if not self.are_strict(method, target):
                return False
            self._is_checked = True
            self.text, self._at = b"", 0
        return True

    def unserved(self, most: int) -> UnservedLine | None:
        """Return what a line that the library refused asks for, if it is well-formed.

        None for a line that is not, is over *most* bytes, or cannot be found.

        Raises:
            EOFError: the line is not whole, and could still become well-formed.
        """
        if self._body < 0:
            return None
        begin = self._beginning()
        found = _LINE.match(self.text, begin, begin + most)
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
        if self._body >= 0:
            rest = self.text[self._beginning() :]
        elif self._at:
            rest = self.text[self._at :].partition(b"\r\n\r\n")[2]
        else:
            rest = self.text
        return re.split(rb"[\r\n]", rest.lstrip(b"\r\n")[:_MOST_SHOWN], maxsplit=1)[0]
