"""How much of a message head is read before it is refused.

Bodies have limits of their own, where they are read.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DEFAULT_LIMITS", "MAX_CHUNK_EXTENSION_BYTES", "MAX_INFORMATIONAL", "MessageLimits"]


class MessageLimits(NamedTuple):
    """Limits on the head of a message and on its trailers; all hold across reads.

    Attributes:
        max_line_size: bytes of a request target or of a reason phrase. 8,190 is what Apache and
            nginx accept by default, so a longer one seldom reaches us anyway.
        max_field_size: bytes of one header field, name and value together. Same precedent.
        max_headers: fields in one head. Real messages have fewer than 60.
    """

    max_line_size: int = 8190
    max_field_size: int = 8190
    max_headers: int = 128

    @property
    def max_head_bytes(self) -> int:
        """Bytes of a whole head: what the three limits allow together, at most 1 MiB.

        The cap keeps a head of 128 fields that are each just short enough from holding a
        megabyte for each of thousands of connections.
        """
        return min(self.max_line_size + self.max_headers * self.max_field_size, 1 << 20)


DEFAULT_LIMITS = MessageLimits()

# Bytes of chunk-size line and CRLFs that may come with one chunk. Extensions mean nothing to us
# (RFC 9112 §7.1.1 lets a recipient ignore them), and their only known use is abuse.
MAX_CHUNK_EXTENSION_BYTES = 1024

# Interim responses (1xx) before the final one. Servers send one or two; a stream of them never
# ends a request, so it is bounded.
MAX_INFORMATIONAL = 16
