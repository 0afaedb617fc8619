"""Checksums as people write them: `sha256:9f86d0…`."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

__all__ = ["Checksum", "digest_of_file", "parse_checksum"]

# Weak ones are still what older sites publish; they tell an accident, not an attack.
_SIZES = {"sha256": 64, "sha512": 128, "sha384": 96, "sha1": 40, "md5": 32, "blake2b": 128}
_PIECE = 1024 * 1024


class Checksum(NamedTuple):
    """An algorithm of hashlib, and its sum in lower-case hexadecimal digits."""

    algorithm: str
    digits: str


def parse_checksum(text: str | None) -> Checksum:
    """Return what *text* names; SHA-256 without digits for None.

    Raises:
        ValueError: the algorithm is none of ours, or the digits are no sum of it.
    """
    if text is None:
        return Checksum("sha256", "")
    algorithm, colon, digits = text.strip().partition(":")
    algorithm = algorithm.lower().replace("-", "")
    size = _SIZES.get(algorithm)
    if not colon or size is None:
        known = ", ".join(_SIZES)
        message = f"checksum is 'sha256:…' (or {known}), not {text[:80]!r}"
        raise ValueError(message)
    digits = digits.strip().lower()
    if len(digits) != size or set(digits) - set("0123456789abcdef"):
        message = f"a {algorithm} checksum has {size} hexadecimal digits, not {text[:80]!r}"
        raise ValueError(message)
    return Checksum(algorithm, digits)


def digest_of_file(path: Path, algorithm: str) -> hashlib._Hash:
    """Return the hash of the bytes in *path*, to be gone on with. Blocks: for a thread."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest
