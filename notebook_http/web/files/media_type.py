"""The media type that a file's name suggests."""

from __future__ import annotations

import os
import sys
from mimetypes import MimeTypes

__all__ = ["media_type_of"]

# Python's own table: not that of the system, which would be another one on the next machine.
_types = MimeTypes()
# A compressed file is one of its compression's type: `data.tar.gz` is gzip, not tar.
_types.encodings_map.clear()
for _type, _suffix in (
    ("application/gzip", ".gz"),
    ("application/x-brotli", ".br"),
    ("application/x-bzip2", ".bz2"),
    ("application/x-compress", ".Z"),
    ("application/x-xz", ".xz"),
    ("application/zstd", ".zst"),
):
    _types.add_type(_type, _suffix)


def media_type_of(path: str) -> str:
    """Return the media type of the file at *path*, without looking at it.

    ``application/octet-stream`` when the name says nothing.
    """
    name = os.path.basename(path)
    if sys.version_info >= (3, 13):
        kind, _ = _types.guess_file_type(name)
    else:  # takes URLs: a dot and a slash keep a colon from making one
        kind, _ = _types.guess_type(f"./{name}")
    return kind or "application/octet-stream"
