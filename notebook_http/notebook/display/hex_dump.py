"""Show bytes in hex, sixteen a line, with the letters among them."""

from __future__ import annotations

__all__ = ["hex_lines"]


def hex_lines(content: bytes) -> list[str]:
    """Return *content* as `000010  7f 45 4c 46 …  .ELF`, sixteen bytes a line."""
    lines = []
    for start in range(0, len(content), 16):
        piece = content[start : start + 16]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in piece)
        lines.append(f"{start:06x}  {piece.hex(' '):<47}  {letters}")
    return lines
