"""Which coding a response is compressed with, and what caches have to be told of that."""

from __future__ import annotations

import enum

from multidict import CIMultiDict

from notebook_http.wire.accepted_codings import choose_coding
from notebook_http.wire.content_coding import accept_encoding as known_codings

__all__ = ["ContentCoding", "accepted_coding", "add_vary"]


class ContentCoding(enum.Enum):
    """A coding that `StreamResponse.enable_compression` can be told to use.

    `br` and `zstd` need their libraries (the project's extra ``fast``, Python 3.14).
    """

    # In the order of preference among those that a client likes equally well: what aiohttp would
    # take comes first, so that the same clients get the same answers.
    deflate = "deflate"
    gzip = "gzip"
    zstd = "zstd"
    br = "br"
    identity = "identity"


def accepted_coding(accept_encoding: str) -> ContentCoding | None:
    """Return the coding for a client that sent *accept_encoding*; None to send the body as it is.

    The one that the client weighs highest, of those that this process knows. A coding with weight
    zero is refused, ``*`` stands for all that are not named (RFC 9110 §12.5.3).
    """
    known = known_codings().split(", ")
    chosen = choose_coding(
        accept_encoding, (coding.value for coding in ContentCoding if coding.value in known)
    )
    return None if chosen is None else ContentCoding(chosen)


def add_vary(fields: CIMultiDict[str], name: str) -> None:
    """Say in *fields* that another *name* field may have another answer (RFC 9110 §12.5.5)."""
    varying = ", ".join(fields.getall("Vary", ()))
    words = [word.strip().lower() for word in varying.split(",")]
    if name.lower() not in words and "*" not in words:
        fields["Vary"] = f"{varying}, {name}" if varying else name
