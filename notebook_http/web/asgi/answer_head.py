"""What an application says in ``http.response.start``, checked, and as bytes.

How the body ends is ours to say (RFC 9112 §6): of the application's fields only a `Content-Length`
counts for that, and it is held to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from notebook_http.web.asgi.interface import Message
from notebook_http.web.response_head import REASON_PHRASES, SERVER_SOFTWARE, current_date
from notebook_http.wire.errors import excerpt

__all__ = ["AnswerHead", "hint_lines"]

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# Control characters, the tab excepted (RFC 9110 §5.5).
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_DIGITS = re.compile(rb"[0-9]+")
_MOST_DIGITS = 19  # an exabyte: more is no length of anything
# Fields of one connection (RFC 9110 §7.6.1), which is not the application's.
_OURS = frozenset((b"keep-alive", b"upgrade", b"proxy-connection", b"te", b"trailer"))

# Lines of fields that were checked. Answers say the same again and again; the bound is for those
# that number them.
_lines: dict[tuple[bytes, bytes], bytes] = {}
_MAX_LINES = 512
_MAX_LINE_BYTES = 256
_prefixes: dict[tuple[int, bool, bool], bytes] = {}

_date = ""
_date_line = b""
_server_line = f"Server: {SERVER_SOFTWARE}\r\n".encode("ascii")


class AnswerHead:
    """Status and fields of an answer.

    Attributes:
        status: three digits.
        fields: names and values as the application gave them.
        length: bytes that the application announced, or None.
        closes: whether it asked for the connection to end.
    """

    __slots__ = ("_block", "_has_date", "_has_server", "closes", "fields", "length", "status")

    def __init__(self, message: Message) -> None:
        """Check a ``http.response.start``.

        Raises:
            ValueError: status or a field cannot stand in a head. The application erred.
            TypeError: they are not numbers and bytes. The application erred.
            KeyError: there is no status.
        """
        status: int = message["status"]
        if status.__class__ is not int or not 200 <= status <= 999:
            self._refuse_status(status)
        self.status = status
        self.length: int | None = None
        self.closes = self._has_date = self._has_server = False
        fields = message.get("headers", ())
        self.fields: Sequence[Any] = fields if isinstance(fields, list) else list(fields)
        lines = []
        for pair in self.fields:
            name, value = pair
            # What nearly every answer says, and never the same.
            if name == b"content-length" and self.length is None and self._is_length(value):
                self.length = int(value)
                continue
            try:
                line = _lines.get((name, value))
            except TypeError:  # a bytearray, or another thing that has no hash
                line = None
            if line is None:
                line = self._line(name, value)
            lines.append(line)
        self._block = b"".join(lines)

    @staticmethod
    def _is_length(value: Any) -> bool:
        return value.__class__ is bytes and value.isdigit() and len(value) < _MOST_DIGITS

    @staticmethod
    def _refuse_status(status: Any) -> None:
        if isinstance(status, int) and 200 <= status <= 999:
            return  # an `HTTPStatus`
        if not isinstance(status, int):
            raise TypeError(f"status has to be a number, not {type(status).__name__}")
        raise ValueError(
            f"{status} is not the status of an answer: those have three digits, and 1xx only "
            "announces one (RFC 9110 §15)"
        )

    def _line(self, name: Any, value: Any) -> bytes:
        """Return the line of a field that is not known yet; empty for what is ours to say."""
        if not isinstance(name, bytes | bytearray) or not isinstance(value, bytes | bytearray):
            raise TypeError(f"names and values of headers are bytes, not {name!r}: {value!r}")
        name, value = bytes(name), bytes(value)
        if _TOKEN.fullmatch(name) is None:
            raise ValueError(f"{excerpt(name)} is not a header name")
        if _CONTROL.search(value) is not None:
            raise ValueError(
                f"Header {name.decode()} cannot contain CR, LF, NUL or other control characters"
            )
        lowered = name.lower()
        line = b"%b: %b\r\n" % (name, value)
        if lowered == b"content-length":
            self._take_length(value)
            return b""
        if lowered == b"transfer-encoding":
            if value.strip(b" \t").lower() != b"chunked":
                raise ValueError(f"Transfer-Encoding {excerpt(value)} is not supported")
            return b""
        if lowered == b"connection":
            options = [each.strip(b" \t") for each in value.lower().split(b",")]
            self.closes = self.closes or b"close" in options
            return b""
        if lowered in _OURS:
            return b""
        if lowered == b"date":
            self._has_date = True
        elif lowered == b"server":
            self._has_server = True
        elif len(_lines) < _MAX_LINES and len(line) <= _MAX_LINE_BYTES:
            _lines[name, value] = line
        return line

    def _take_length(self, value: bytes) -> None:
        digits = value.strip(b" \t")
        if _DIGITS.fullmatch(digits) is None or len(digits) >= _MOST_DIGITS:
            raise ValueError(f"Content-Length {excerpt(value)} is not a number of bytes")
        length = int(digits)
        if self.length is not None and self.length != length:
            raise ValueError(f"two lengths are announced, {self.length} and {length}")
        self.length = length

    def render(self, *, length: int | None, chunked: bool, modern: bool, keep_alive: bool) -> bytes:
        """Return the head, its empty line included.

        Args:
            length: the `Content-Length` to send, or None.
            chunked: whether the body comes in chunks.
            modern: whether the request was HTTP/1.1, not 1.0.
            keep_alive: whether the connection goes on.
        """
        global _date, _date_line
        parts = [_prefix(self.status, modern, keep_alive), self._block]
        if length is not None:
            parts.append(b"Content-Length: %d\r\n" % length)
        elif chunked:
            parts.append(b"Transfer-Encoding: chunked\r\n")
        if not self._has_date:
            date = current_date()
            if date is not _date:
                _date, _date_line = date, f"Date: {date}\r\n".encode("ascii")
            parts.append(_date_line)
        if not self._has_server:
            parts.append(_server_line)
        parts.append(b"\r\n")
        return b"".join(parts)

    def text_fields(self) -> list[tuple[str, str]]:
        """Return the fields as text, without those of the connection and of the body's end."""
        found = []
        for name, value in self.fields:
            if self._line(name, value):
                found.append((name.decode("ascii"), value.decode("utf-8", "surrogateescape")))
        return found


def hint_lines(links: Iterable[Any]) -> bytes:
    """Return the lines of `Link` fields with these values.

    Raises:
        ValueError: a value cannot stand in a head. The application erred.
        TypeError: it is no bytes. The application erred.
    """
    lines = []
    for link in links:
        if not isinstance(link, bytes | bytearray):
            raise TypeError(f"the links of an early hint are bytes, not {type(link).__name__}")
        if _CONTROL.search(link) is not None:
            raise ValueError("A link cannot contain CR, LF, NUL or other control characters")
        lines.append(b"Link: %b\r\n" % bytes(link))
    return b"".join(lines)


def _prefix(status: int, modern: bool, keep_alive: bool) -> bytes:
    key = (status, modern, keep_alive)
    prefix = _prefixes.get(key)
    if prefix is None:
        text = f"HTTP/1.{1 if modern else 0} {status} {REASON_PHRASES.get(status, '')}\r\n"
        if modern is not keep_alive:
            text += f"Connection: {'keep-alive' if keep_alive else 'close'}\r\n"
        prefix = _prefixes[key] = text.encode("ascii")
    return prefix
