r"""Read a `.env` file: `NAME=value` lines, and nothing that could run.

`export NAME=value`, comments, `'…'` as it stands, `"…"` with `\n \t \" \\` and over several lines.
No `$NAME` is put in: a password may hold a dollar.
"""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["DotenvError", "nearest_dotenv", "read_dotenv"]

# A file of settings, read by hand: a larger one is something else by that name.
_MOST_BYTES = 1024 * 1024
_NAME = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*")
_SINGLE = re.compile(r"'([^']*)'[ \t]*(?:#.*)?$", re.MULTILINE)
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*+)"[ \t]*(?:#[^\n]*)?$', re.DOTALL | re.MULTILINE)
_PLAIN = re.compile(r"(?:[^\s#]|[ \t]+(?=[^\s#])|(?<=\S)#)*")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$", "'": "'"}


class DotenvError(ValueError):
    """A line of a `.env` file cannot be read. Its text is not told: it may be half a password."""


def nearest_dotenv(folder: Path) -> Path | None:
    """Return the `.env` file of *folder*, or of the nearest folder above it; None without one."""
    for place in (folder, *folder.parents):
        path = place / ".env"
        if path.is_file():
            return path
    return None


def read_dotenv(path: Path) -> dict[str, str]:
    """Return the values of a `.env` file by their names; of two of one name, the last.

    Raises:
        DotenvError: it is larger than 1 MiB, no UTF-8, or has a line that says nothing.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        raw = file.read(_MOST_BYTES + 1)
    if len(raw) > _MOST_BYTES:
        text = f"{path} is larger than 1 MiB, which no file of settings is"
        raise DotenvError(text)
    try:
        source = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        text = f"{path} is no UTF-8 (byte {error.start:,})"
        raise DotenvError(text) from None
    values: dict[str, str] = {}
    at = 0
    while at < len(source):
        end = source.find("\n", at)
        end = len(source) if end < 0 else end
        line = source[at:end].strip()
        if not line or line[0] == "#":
            at = end + 1
            continue
        found = _NAME.match(source, at, end)
        if found is None:
            raise _wrong(path, source, at, "it is no NAME=value, and no comment")
        values[found[1]], at = _value(path, source, found.end())
    return values


def _value(path: Path, source: str, at: int) -> tuple[str, int]:
    """Return the value that begins *at*, and where the next line does."""
    opening = source[at : at + 1]
    if opening not in ("'", '"'):
        plain = _PLAIN.match(source, at)
        end = source.find("\n", at)
        return (plain[0] if plain else ""), (len(source) if end < 0 else end + 1)
    found = (_SINGLE if opening == "'" else _DOUBLE).match(source, at)
    if found is None:
        raise _wrong(path, source, at, f"what {opening} opens does not end, or something is behind")
    value = found[1]
    if opening == '"':
        value = re.sub(
            r"\\(.)", lambda each: _ESCAPES.get(each[1], each[0]), value, flags=re.DOTALL
        )
    return value, found.end() + 1


def _wrong(path: Path, source: str, at: int, why: str) -> DotenvError:
    return DotenvError(f"{path}, line {source.count(chr(10), 0, at) + 1}: {why}")
