"""The bytes between the parts of a multipart body (RFC 2046 §5.1).

Knows boundaries and part heads. What the parts hold, and how it gets out, is up to the sender.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from notebook_http.wire.head_writer import encode_head, field_lines
from notebook_http.wire.media_type import format_parameter

__all__ = [
    "check_boundary",
    "closing_delimiter",
    "multipart_content_type",
    "new_boundary",
    "part_head",
]

# RFC 2046 §5.1.1: up to 70 of these, the last one no space.
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def new_boundary() -> str:
    """Return a boundary nobody can guess: who can, can end a part from inside it. 32 letters."""
    return os.urandom(16).hex()


def check_boundary(boundary: str) -> str:
    """Return *boundary* if it may be one (RFC 2046 §5.1.1).

    Raises:
        ValueError: it is empty, over 70 characters, ends in a space, or has others than
            letters, digits, `'()+_,-./:=?` and spaces.
    """
    if not _BOUNDARY.fullmatch(boundary):
        msg = f"not a multipart boundary (1 to 70 letters, digits, '()+_,-./:=?): {boundary[:80]!r}"
        raise ValueError(msg)
    return boundary


def multipart_content_type(subtype: str, boundary: str) -> str:
    """Return `multipart/subtype; boundary=…`, the boundary quoted where it must be.

    Raises:
        ValueError: *subtype* is no token, or *boundary* none (`check_boundary`).
    """
    if not _TOKEN.fullmatch(subtype):
        msg = f"a multipart subtype is a token, not {subtype[:80]!r}"
        raise ValueError(msg)
    return f"multipart/{subtype}; boundary={format_parameter(check_boundary(boundary))}"


def part_head(boundary: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """Return the delimiter and the header lines in front of a part, empty line included.

    Behind the part's body comes CRLF, then the next head or `closing_delimiter`.

    Raises:
        ValueError: CR, LF, NUL or another control character in a name or value.
    """
    return encode_head(f"--{boundary}\r\n{field_lines(headers)}\r\n")


def closing_delimiter(boundary: str) -> bytes:
    """Return what ends the body, behind the CRLF of the last part."""
    return b"--" + boundary.encode("ascii") + b"--\r\n"
