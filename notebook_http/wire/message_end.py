"""Where a message ends in the bytes that held its end (RFC 9112 §6.3)."""

from __future__ import annotations

__all__ = ["KEPT_BYTES", "is_last_byte"]

_HEAD_END = b"\r\n\r\n"
# What has to be remembered of earlier reads, for `is_last_byte`: the empty line, and what is
# before it.
KEPT_BYTES = len(_HEAD_END) + 1


def is_last_byte(data: bytes, body_size: int) -> bool:
    """Tell whether the last byte of *data* is the message's own, and no line break behind it.

    llhttp passes over such line breaks without a word, which nobody asked for either.

    Args:
        data: at least the last `KEPT_BYTES` bytes up to the body, and the body.
        body_size: bytes of the body behind the empty line; 0 for a chunked one, which ends in such
            a line itself.
    """
    end = len(data) - body_size
    begin = end - len(_HEAD_END)
    # In front of an empty line stands the end of a word, never another line break or half of one.
    return data[begin:end] == _HEAD_END and data[begin - 1 : begin] not in (b"\n", b"\r")
