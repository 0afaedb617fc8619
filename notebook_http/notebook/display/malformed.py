"""Say where a body is malformed: the line with that place, masked, and a mark below it."""

from __future__ import annotations

from notebook_http.notebook.display.html import visible
from notebook_http.wire.secrets import mask_text

__all__ = ["bad_bytes_words", "lines_around", "place_words"]

_LINE = 100  # characters of the line that are shown
_BEFORE = 60  # of these, in front of the place
_MASKED_WITH = 2048  # characters on both sides that tell whether it is part of a secret


def lines_around(text: str, position: int) -> list[str]:
    """Return the line of *text* that holds *position*, masked, and a mark below that place.

    Empty where there is nothing to see, or where the place is inside a secret.
    """
    if not text.strip():
        return []
    marker = "\ue000"  # rides along while the text is masked; lost inside a secret, rightly
    before = text[max(position - _MASKED_WITH, 0) : position].replace(marker, " ")
    after = text[position : position + _MASKED_WITH].replace(marker, " ")
    before, found, after = mask_text(before + marker + after).partition(marker)
    if not found:
        return []
    before = visible(before.rpartition("\n")[2])[-_BEFORE:]
    after = visible(after.partition("\n")[0])[: _LINE - len(before)]
    return [before + after, " " * len(before) + "^"]


def place_words(text: str, position: int) -> str:
    """Return `line 3, column 5 (byte 41)` for a place in *text*; lines and columns count from 1.

    Bytes count from 0 and as UTF-8.
    """
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    byte = len(text[:position].encode("utf-8", "replace"))
    return f"line {line:,}, column {column:,} (byte {byte:,})"


def bad_bytes_words(content: bytes, charset: str) -> str:
    """Return what is wrong with *content* as text in *charset*, the first place only.

    "" when nothing is. *content* may be the head of more: a character that is cut by its end is
    none of that.
    """
    try:
        content.decode(charset)
    except UnicodeDecodeError as error:
        if error.end >= len(content) and "unexpected end" in error.reason:
            return ""
        bad = content[error.start : min(error.end, error.start + 4)].hex(" ")
        line = content.count(b"\n", 0, error.start) + 1
        return f"Byte {error.start:,} (line {line:,}) is no {charset}: {bad} ({error.reason})."
    return ""
