"""Make a file name of what a stranger says: one component, of no meaning to any system."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["safe_file_name"]

# What Windows forbids, what ends a component anywhere, and what cannot be seen.
_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f\x7f-\x9f\ud800-\udfff]')
_INVISIBLE = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.IGNORECASE)
# Python imports these from the folder that a notebook runs in, and our own parts end in the last.
_MEANINGFUL = (".py", ".pyc", ".pyw", ".pth", ".so", ".pyd", ".dll", ".part", ".json.part")
# File systems allow 255 bytes; the suffix of a part needs some.
_MOST_BYTES = 200


def safe_file_name(said: str) -> str:
    """Return a name for a file in one folder, made of the last component of *said*.

    No separators, control or invisible characters, no dot in front (hidden files), no device of
    Windows, none that Python would import (`x.py` becomes `x.py_`), 200 bytes at most.
    `"download"` if nothing is left.
    """
    name = re.split(r"[/\\]", said)[-1]
    name = _FORBIDDEN.sub("_", _INVISIBLE.sub("", unicodedata.normalize("NFC", name)))
    name = name.lstrip(". ").rstrip(". ")
    if _RESERVED.match(name):
        name = f"_{name}"
    if name.lower().endswith(_MEANINGFUL):
        name += "_"
    return _shortened(name) or "download"


def _shortened(name: str) -> str:
    if len(name.encode()) <= _MOST_BYTES:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > 16:
        stem, suffix = name, ""
    room = _MOST_BYTES - len((dot + suffix).encode()) if suffix else _MOST_BYTES
    head = stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ")
    return f"{head}.{suffix}" if suffix else head
