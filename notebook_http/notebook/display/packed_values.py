"""Read MessagePack, where its library is installed, for a tree: values only, nothing is called.

The library is asked to believe no length that is more than the bytes at hand.
"""

from __future__ import annotations

from notebook_http.notebook.display.body import Body
from notebook_http.notebook.display.json_items import Source

__all__ = ["UnreadablePack", "read_packed"]

# A megabyte of values is made in a few milliseconds.
_PACKED_BYTES = 1024 * 1024


class UnreadablePack(ValueError):
    """The body is not shown as values; the message says why."""


def read_packed(body: Body) -> Source:
    """Return the values of a MessagePack *body*.

    Raises:
        UnreadablePack: it is malformed or over 1 MiB, or the library is missing.
    """
    if len(body.content) > _PACKED_BYTES:
        raise UnreadablePack("MessagePack of more than 1 MiB is not read for a card.")
    try:
        import msgpack
    except ImportError:
        raise UnreadablePack("pip install msgpack shows its values.") from None
    length = len(body.content)
    unpacker = msgpack.Unpacker(
        strict_map_key=False,
        unicode_errors="surrogateescape",
        max_buffer_size=length,
        max_str_len=length,
        max_bin_len=length,
        max_ext_len=length,
        max_array_len=length,
        max_map_len=length // 2,
    )
    unpacker.feed(body.content)
    try:
        value = unpacker.unpack()
    except msgpack.OutOfData:
        raise UnreadablePack(f"Not MessagePack: it ends too early, at byte {length:,}.") from None
    except (ValueError, TypeError, RecursionError, OverflowError, msgpack.UnpackException) as error:
        where = f"before byte {unpacker.tell():,}" if unpacker.tell() else "in its first value"
        why = str(error)[:200] or type(error).__name__
        raise UnreadablePack(f"Not MessagePack: {why} ({where}).") from None
    if unpacker.tell() < length:
        raise UnreadablePack(
            f"Not one MessagePack value: the first ends at byte {unpacker.tell():,} of {length:,}."
        )
    return Source(value)
