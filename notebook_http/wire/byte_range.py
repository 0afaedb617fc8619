"""Parts of a body, as `Range` asks for them and `Content-Range` names them (RFC 9110 §14).

Bytes only: no other unit is in use, and a recipient ignores those that it does not know.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = [
    "ByteRange",
    "ContentRange",
    "format_content_range",
    "format_range",
    "parse_content_range",
    "parse_range",
]

# [0-9], not \d: digits of other scripts are not digits on the wire. Compiled when first used.
_RANGE = r"([0-9]*)-([0-9]*)"
_CONTENT_RANGE = r"bytes (?:([0-9]+)-([0-9]+)|\*)/([0-9]+|\*)"

# Digits that a number may have. More than any file needs, and few enough that reading it is cheap:
# Python's `int` takes quadratic time, and refuses 4300 of them.
_MAX_DIGITS = 30
_BEYOND = 10**_MAX_DIGITS


class ByteRange(NamedTuple):
    """One range that was asked for.

    Attributes:
        first: position of the first byte; None when the last bytes are asked for, however many
            there are.
        last: position of the last byte, or None for the end; where *first* is None, how many of
            the last bytes.
    """

    first: int | None
    last: int | None

    def within(self, size: int) -> tuple[int, int] | None:
        """Return start and stop, as a slice has them, in a body of *size* bytes.

        None when no byte of the range is there: that is answered with 416.
        """
        if self.first is None:
            length = min(self.last or 0, size)
            return (size - length, size) if length else None
        if self.first >= size:
            return None
        return self.first, size if self.last is None else min(self.last + 1, size)


class ContentRange(NamedTuple):
    """What part of a body a message carries.

    Attributes:
        start: position of its first byte; None where the range could not be satisfied (416).
        stop: position behind its last byte, or None as well.
        size: bytes of the whole body, or None when the sender does not know.
    """

    start: int | None
    stop: int | None
    size: int | None


def _number(digits: str) -> int:
    return int(digits) if len(digits) <= _MAX_DIGITS else _BEYOND


def parse_range(value: str | None) -> ByteRange | None:
    """Return the range that *value*, a `Range` field, asks for; None when it is to be ignored.

    To be ignored are another unit than bytes, and several ranges at once: the answer is the whole
    body then, which RFC 9110 §14.2 allows. They are not even counted, so that a thousand cost
    nothing.

    Raises:
        ValueError: it is no range. The peer erred; 416, or ignoring it, are both answers.
    """
    if value is None:
        return None
    unit, equals, ranges = value.partition("=")
    if unit.strip(" \t").lower() != "bytes":
        return None
    if "," in ranges:
        return None
    found = re.fullmatch(_RANGE, ranges.strip(" \t")) if equals else None
    if found is None or found[0] == "-":
        raise ValueError("a range is written bytes=first-last, bytes=first- or bytes=-length")
    first, last = (_number(digits) if digits else None for digits in found.groups())
    if first is not None and last is not None and last < first:
        raise ValueError("a range ends behind its first byte")
    return ByteRange(first, last)


def format_range(first: int | None, last: int | None) -> str:
    """Return a `Range` field that asks for the bytes from *first* to *last*, both included.

    Raises:
        ValueError: neither is given, one is negative, or the last is before the first. The caller
            erred.
    """
    if first is None and last is None:
        raise ValueError("a range has a first byte, a last one, or both")
    if min(first or 0, last or 0) < 0:
        raise ValueError("positions of bytes begin with 0")
    if first is not None and last is not None and last < first:
        raise ValueError(f"a range from {first} cannot end at {last}")
    return f"bytes={'' if first is None else first}-{'' if last is None else last}"


def parse_content_range(value: str | None) -> ContentRange | None:
    """Return what *value*, a `Content-Range` field, says; None when it says nothing of bytes.

    None also for a range that cannot be (RFC 9110 §14.4): behind its own end, or longer than the
    whole. Such a message's body is not to be joined with others.
    """
    found = re.fullmatch(_CONTENT_RANGE, value.strip(" \t"), re.IGNORECASE) if value else None
    if found is None:
        return None
    size = None if found[3] == "*" else _number(found[3])
    if found[1] is None:
        return None if size is None else ContentRange(None, None, size)
    start, stop = _number(found[1]), _number(found[2]) + 1
    if stop <= start or (size is not None and stop > size):
        return None
    return ContentRange(start, stop, size)


def format_content_range(span: tuple[int, int] | None, size: int | None) -> str:
    """Return a `Content-Range` field for start and stop of a body of *size* bytes.

    *span* None says that no range could be satisfied, which needs a *size*.

    Raises:
        ValueError: the span is empty or reaches behind the body, or nothing is given. The caller
            erred.
    """
    if span is None:
        if size is None:
            raise ValueError("an unsatisfied range is answered with the size of the body")
        return f"bytes */{size}"
    start, stop = span
    if not 0 <= start < stop or (size is not None and stop > size):
        raise ValueError(f"bytes {start} to {stop} are no part of {size}")
    return f"bytes {start}-{stop - 1}/{'*' if size is None else size}"
