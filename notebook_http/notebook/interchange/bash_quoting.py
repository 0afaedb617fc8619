r"""Write words for bash: `'…'`, `$'…'`, and `printf '…'` for what no word can hold."""

from __future__ import annotations

import re

__all__ = ["as_printf_format", "quote_bash"]

_BARE = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_NAMED = {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x5C: "\\\\", 0x27: "\\'"}


def quote_bash(text: str) -> str:
    """Return *text* as one word of bash. Lone surrogates are the bytes that they stand for.

    Raises:
        ValueError: it holds a NUL, which no word can.
    """
    if "\0" in text:
        message = "a word of a shell cannot hold a NUL"
        raise ValueError(message)
    if _BARE.fullmatch(text) and text[0] != "-":
        return text
    if text.replace("\n", " ").isprintable():
        return "'" + text.replace("'", "'\\''") + "'"
    return "$'" + "".join(map(_ansi, text.encode("utf-8", "surrogateescape"))) + "'"


def _ansi(byte: int) -> str:
    if byte in _NAMED:
        return _NAMED[byte]
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}"


def as_printf_format(content: bytes) -> str:
    """Return the quoted word from which bash's `printf` makes *content*, whatever is in it."""
    # A format that opens with a hyphen would be an option.
    first = f"\\{content[0]:03o}" if content[:1] == b"-" else ""
    return "'" + first + "".join(map(_formatted, content[1 if first else 0 :])) + "'"


def _formatted(byte: int) -> str:
    if byte == 0x25:
        return "%%"
    if byte == 0x5C:
        return "\\\\"
    return chr(byte) if 0x20 <= byte < 0x7F and byte != 0x27 else f"\\{byte:03o}"
