"""The head of a response: who frames its body how, and the lines that are the same every time.

Knows RFC 9112 §6 and the fields `Date`, `Server` and `Connection`. Reads no response object: it is
told what there is to know.
"""

from __future__ import annotations

import sys
from http import HTTPStatus
from time import time
from typing import NamedTuple

from multidict import CIMultiDict

from notebook_http._version import __version__
from notebook_http.transport.exceptions import BodyLengthError
from notebook_http.wire.head_writer import encode_head, field_lines, response_head, status_line
from notebook_http.wire.http_date import format_http_date
from notebook_http.wire.http_version import HttpVersion, HttpVersion10, HttpVersion11

__all__ = [
    "REASON_PHRASES",
    "SERVER_SOFTWARE",
    "BodyFraming",
    "current_date",
    "frame_body",
    "has_no_body",
    "message_with_fields",
    "plain_message",
    "set_general_fields",
]

SERVER_SOFTWARE = f"Python/{sys.version_info[0]}.{sys.version_info[1]} notebook_http/{__version__}"

REASON_PHRASES = {status.value: status.phrase for status in HTTPStatus}

# Heads up to `Content-Length: `, by all that goes into them. A program has a handful; the bound is
# for those that make up reasons or content types.
_prefixes: dict[tuple[bool, int, str, str | None, bool], bytes] = {}
_MAX_PREFIXES = 256

# Lengths of bodies as text, which are the same again and again: 0.1 µs saved of each.
_digits: dict[int, bytes] = {}
_MAX_DIGITS = 256

# Lines of fields by name and value: most say the same in each response. The bound is for values
# that differ each time; those of a program that do not come before they can fill it.
_lines: dict[tuple[str, str], bytes] = {}
_MAX_LINES = 512
_MAX_LINE_BYTES = 256
# Decided together with the framing, or once a second. No line of theirs is kept.
_SETTLED = frozenset(("content-length", "transfer-encoding", "connection", "date", "server"))

_date = ""
_date_until = 0.0
_date_lines = b""


def _refresh_date() -> None:
    global _date, _date_until, _date_lines
    second = int(time())
    _date = format_http_date(second)
    _date_until = second + 1.0
    _date_lines = f"\r\nDate: {_date}\r\nServer: {SERVER_SOFTWARE}\r\n".encode("ascii")


def current_date() -> str:
    """Return the value of a `Date` field for now; made once a second (RFC 9110 §6.6.1)."""
    if time() >= _date_until:
        _refresh_date()
    return _date


def has_no_body(method: str, status: int) -> bool:
    """Tell whether a response to *method* with *status* ends with its head (RFC 9112 §6.3)."""
    return (
        method == "HEAD"
        or status in (204, 304)
        or 100 <= status < 200
        or (method == "CONNECT" and 200 <= status < 300)
    )


class BodyFraming(NamedTuple):
    """How the end of a body is marked.

    Attributes:
        empty: nothing of the body is sent, whatever is written.
        chunked: in chunks, the last of them empty.
        length: bytes announced, or None.
        keep_alive: whether another response can follow; not if only the close marks the end.
    """

    empty: bool
    chunked: bool
    length: int | None
    keep_alive: bool


def frame_body(
    fields: CIMultiDict[str],
    *,
    method: str,
    status: int,
    version: HttpVersion,
    chunked: bool,
    keep_alive: bool,
) -> BodyFraming:
    """Decide how a body is framed and set or drop the fields that say so, in *fields*.

    Args:
        fields: the response's fields; a `Content-Length` there is the handler's promise.
        method: method of the request.
        status: status of the response.
        version: version of the request, so of the response.
        chunked: whether the handler asked for chunks.
        keep_alive: whether the connection is to go on.

    Raises:
        RuntimeError: chunks on HTTP/1.0, or beside a Content-Length. The handler erred.
        ValueError: Content-Length is no number, or Transfer-Encoding is set to something else
            than chunked. The handler erred.
    """
    coding = fields.get("Transfer-Encoding")
    if coding is not None:
        if coding.strip().lower() != "chunked":
            raise ValueError(f"Transfer-Encoding {coding!r} is not supported, only chunked is")
        chunked = True
        del fields["Transfer-Encoding"]
    given = fields.get("Content-Length")
    if given is not None and not (given.isascii() and given.isdecimal()):
        raise ValueError(f"Content-Length {given!r} is not a number of bytes")
    if chunked:
        if version != HttpVersion11:
            raise RuntimeError(
                f"Using chunked encoding is forbidden for HTTP/{version.major}.{version.minor}"
            )
        if given is not None:
            raise RuntimeError("You can't enable chunked encoding when a content length is set")
    if keep_alive and "Connection" in fields:
        options = ",".join(fields.getall("Connection")).lower().split(",")
        keep_alive = "close" not in [option.strip(" \t") for option in options]
    if has_no_body(method, status):
        if status < 200 or status == 204 or (method == "CONNECT" and status < 300):
            fields.popall("Content-Length", None)  # RFC 9110 §8.6 forbids it there
        return BodyFraming(empty=True, chunked=False, length=None, keep_alive=keep_alive)
    if chunked or (given is None and version >= HttpVersion11):
        fields["Transfer-Encoding"] = "chunked"
        return BodyFraming(empty=False, chunked=True, length=None, keep_alive=keep_alive)
    if given is None:  # HTTP/1.0: the end of the connection is the end of the body
        return BodyFraming(empty=False, chunked=False, length=None, keep_alive=False)
    return BodyFraming(empty=False, chunked=False, length=int(given), keep_alive=keep_alive)


def set_general_fields(
    fields: CIMultiDict[str], framing: BodyFraming, version: HttpVersion
) -> None:
    """Add what every response carries to *fields*, where the handler did not set it."""
    if not framing.empty and framing.length != 0:
        fields.setdefault("Content-Type", "application/octet-stream")
    fields.setdefault("Date", current_date())
    fields.setdefault("Server", SERVER_SOFTWARE)
    if "Connection" not in fields:
        if framing.keep_alive:
            if version == HttpVersion10:
                fields["Connection"] = "keep-alive"
        elif version == HttpVersion11:
            fields["Connection"] = "close"


def plain_message(
    version: HttpVersion,
    status: int,
    reason: str,
    content_type: str | None,
    body: bytes | bytearray,
    keep_alive: bool,
) -> bytes:
    """Return a response that has a body and no fields but the usual ones.

    All but length and date comes from a table: this is the way of most responses.

    Raises:
        ValueError: reason or content type cannot stand in a head.
    """
    modern = version is HttpVersion11
    key = (modern, status, reason, content_type, keep_alive)
    prefix = _prefixes.get(key)
    if prefix is None:
        prefix = _kept_prefix(*key)
    if time() >= _date_until:
        _refresh_date()
    digits = _digits.get(len(body)) or _kept_digits(len(body))
    return b"".join((prefix, digits, _date_lines, b"\r\n", body))


def _kept_digits(length: int) -> bytes:
    digits = b"%d" % length
    if len(_digits) < _MAX_DIGITS:
        _digits[length] = digits
    return digits


def _kept_prefix(
    modern: bool, status: int, reason: str, content_type: str | None, keep_alive: bool
) -> bytes:
    """Return a head up to ``Content-Length: ``, and keep it if there is room."""
    lines = status_line(HttpVersion11 if modern else HttpVersion10, status, reason)
    if content_type is not None:
        lines += field_lines([("Content-Type", content_type)])
    if modern is not keep_alive:
        lines += f"Connection: {'keep-alive' if keep_alive else 'close'}\r\n"
    prefix = encode_head(f"{lines}Content-Length: ")
    if len(_prefixes) < _MAX_PREFIXES:
        _prefixes[modern, status, reason, content_type, keep_alive] = prefix
    return prefix


def message_with_fields(
    version: HttpVersion,
    status: int,
    reason: str,
    fields: CIMultiDict[str],
    body: bytes | bytearray,
    keep_alive: bool,
) -> bytes | None:
    """Return a response with a body and *fields* of its own; None if they settle its framing.

    Raises:
        ValueError: reason or a field cannot stand in a head.
        TypeError: a field is no text.
        BodyLengthError: *fields* announce another length. The handler erred.
    """
    modern = version is HttpVersion11
    prefix = _prefixes.get((modern, status, reason, None, keep_alive))
    if prefix is None:
        prefix = _kept_prefix(modern, status, reason, None, keep_alive)
    if time() >= _date_until:
        _refresh_date()
    digits = _digits.get(len(body)) or _kept_digits(len(body))
    parts: list[bytes | bytearray] = [prefix, digits, _date_lines]
    for item in fields.items():
        try:
            line = _lines.get(item)
        except TypeError:  # no text, as the check will say
            line = None
        if line is None:
            line = _field_line(item)
            if not line:
                return _settled_message(version, status, reason, fields, body, keep_alive)
        parts.append(line)
    if len(body) and "Content-Type" not in fields:
        parts.append(b"Content-Type: application/octet-stream\r\n")
    parts.append(b"\r\n")
    parts.append(body)
    return b"".join(parts)


def _field_line(item: tuple[str, str]) -> bytes:
    """Return the checked line of a field; nothing for one that is settled elsewhere."""
    line = encode_head(field_lines((item,)))
    name, value = item
    lower = name.lower()
    if lower in _SETTLED:
        return b""
    # Cookies are secrets, and hardly ever the same.
    if len(line) <= _MAX_LINE_BYTES and len(_lines) < _MAX_LINES and lower != "set-cookie":
        # Plain text: an instance of another class could be equal, and yet differ.
        _lines[str.__str__(name), str.__str__(value)] = line
    return line


def _settled_message(
    version: HttpVersion,
    status: int,
    reason: str,
    fields: CIMultiDict[str],
    body: bytes | bytearray,
    keep_alive: bool,
) -> bytes | None:
    """Return a response whose *fields* say more than its body's type."""
    if "Transfer-Encoding" in fields or "Connection" in fields:
        return None
    length = len(body)
    given = fields.get("Content-Length")
    if given is None:
        fields["Content-Length"] = str(length)
    elif given != str(length):
        raise BodyLengthError(int(given) if given.isdecimal() else -1, length)
    framing = BodyFraming(empty=False, chunked=False, length=length, keep_alive=keep_alive)
    set_general_fields(fields, framing, version)
    return response_head(version, status, reason, fields.items()) + body
