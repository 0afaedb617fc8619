"""The media type that a file's name suggests."""

from __future__ import annotations

import mimetypes
import os
import sys

__all__ = ["media_type_of"]

# A compressed file is one of its compression's type: `data.tar.gz` is gzip, not tar.
_COMPRESSED = {
    "gzip": "application/gzip",
    "br": "application/x-brotli",
    "bzip2": "application/x-bzip2",
    "compress": "application/x-compress",
    "xz": "application/x-xz",
    "zstd": "application/zstd",
}


def media_type_of(path: str) -> str:
    """Return the media type of the file at *path*, without looking at it.

    ``application/octet-stream`` when the name says nothing. What a program has told Python's
    `mimetypes` counts, at any time.
    """
    name = os.path.basename(path)
    if sys.version_info >= (3, 13):
        kind, compression = mimetypes.guess_file_type(name)
    else:  # takes URLs: a dot and a slash keep a colon from making one
        kind, compression = mimetypes.guess_type(f"./{name}")
    if compression is not None:
        kind = _COMPRESSED.get(compression)
    elif kind is None and name.lower().endswith((".zst", ".br")):  # Python before 3.14 and 3.9
        kind = _COMPRESSED["zstd" if name[-1] in "tT" else "br"]
    return kind or "application/octet-stream"
