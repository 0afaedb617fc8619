"""A word that changes when a file's content does, for URLs that caches may keep for ever."""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode
from hashlib import sha256

__all__ = ["ContentHashes"]

_READ_BYTES = 256 * 1024
# Files whose words are remembered; some 300 bytes each.
_MAX_REMEMBERED = 1024


class ContentHashes:
    """SHA-256 of files, remembered for as long as they are not written to."""

    def __init__(self) -> None:
        self._remembered: dict[str, tuple[tuple[int, int, int], str]] = {}

    def hash_of(self, path: str) -> str:
        """Return the hash of the file at *path*, in letters that a URL can hold.

        Reads the file, here and now, when it has changed since it was last asked for.

        Raises:
            OSError: it cannot be read.
        """
        with open(path, "rb") as file:
            stat = os.fstat(file.fileno())
            state = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
            remembered = self._remembered.get(path)
            if remembered is not None and remembered[0] == state:
                return remembered[1]
            digest = sha256()
            while piece := file.read(_READ_BYTES):
                digest.update(piece)
        word = urlsafe_b64encode(digest.digest()).decode("ascii")
        if len(self._remembered) >= _MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered[path] = (state, word)
        return word
