"""Tell pictures and sounds by their first bytes, and how many pixels a picture has.

A header may say anything; what a page is given as `image/png` begins as one. Only formats that
browsers show and that cannot carry a script are known here: SVG is text to us.
"""

from __future__ import annotations

import struct

__all__ = ["media_type_of", "pixel_size"]

_BY_BEGINNING = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf2", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
)
_BY_RIFF_KIND = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
# ISO/IEC 14496-12: the brand of the file that an `ftyp` box names.
_BY_BRAND = {b"avif": "image/avif", b"avis": "image/avif", b"M4A ": "audio/mp4"}
# Headers of pictures come early; a JPEG may have half a megabyte of notes before its frame.
_JPEG_SEGMENTS = 200


def media_type_of(content: bytes) -> str:
    """Return the media type of a picture or sound that begins so; "" for everything else."""
    for beginning, media_type in _BY_BEGINNING:
        if content.startswith(beginning):
            return media_type
    if content[:4] == b"RIFF":
        return _BY_RIFF_KIND.get(content[8:12], "")
    if content[4:8] == b"ftyp":
        return _BY_BRAND.get(content[8:12], "")
    # Two letters are too few to tell a bitmap: its header's size tells the rest.
    if content[:2] == b"BM" and content[14:18] in (b"\x28\0\0\0", b"\x6c\0\0\0", b"\x7c\0\0\0"):
        return "image/bmp"
    return ""


def pixel_size(content: bytes) -> tuple[int, int] | None:
    """Return (width, height) as the header of a picture says; None where that cannot be told."""
    media_type = media_type_of(content)
    try:
        if media_type == "image/png":
            return struct.unpack_from(">II", content, 16)
        if media_type == "image/gif":
            return struct.unpack_from("<HH", content, 6)
        if media_type == "image/bmp":
            width, height = struct.unpack_from("<ii", content, 18)
            return abs(width), abs(height)  # a negative height: its lines go down
        if media_type == "image/x-icon":
            width, height = content[6], content[7]
            return width or 256, height or 256
        if media_type == "image/webp":
            return _webp_size(content)
        if media_type == "image/jpeg":
            return _jpeg_size(content)
    except (struct.error, IndexError):  # it ends within its header
        pass
    return None


def _webp_size(content: bytes) -> tuple[int, int] | None:
    kind = content[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(content[24:27], "little")
        height = int.from_bytes(content[27:30], "little")
        return width + 1, height + 1
    if kind == b"VP8L" and content[20] == 0x2F:
        bits = int.from_bytes(content[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", content, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    position = 2
    for _ in range(_JPEG_SEGMENTS):
        if content[position] != 0xFF:
            return None
        marker = content[position + 1]
        if marker == 0xFF:  # padding
            position += 1
            continue
        (length,) = struct.unpack_from(">H", content, position + 2)
        # A frame's header (SOF); C4, C8 and CC are something else.
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", content, position + 5)
            return width, height
        position += 2 + length
    return None
