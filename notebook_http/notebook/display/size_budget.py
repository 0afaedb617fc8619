"""Keep a display small: what a card may weigh, and how text is cut to fit.

A saved notebook keeps every output for good, so a card has a budget. Text is measured *before*
it is escaped and cut between characters, never after: a cut behind escaping halves an entity. What
it will weigh once escaped is counted too, because `"` becomes six bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from notebook_http.notebook.display.html import escape

__all__ = ["BUNDLE_BYTES", "IMAGE_BYTES", "PLAIN_LINES", "Cut", "cut", "size_words"]

# 64 KiB: the limit that itables found bearable for notebooks in version control; all
# representations of one display together, in UTF-8 bytes.
BUNDLE_BYTES = 64 * 1024
# 256 KiB: a plot or a photo for the screen; shown apart from the card, as an output of its own.
IMAGE_BYTES = 256 * 1024
# 12 lines fit on a screen beside the cell that made them.
PLAIN_LINES = 12

_PIECE = 1024  # characters weighed at a time


@dataclass(frozen=True, slots=True)
class Cut:
    """The head of a text: what is shown, and whether that is all."""

    text: str
    whole: bool


def cut(text: str, limit: int) -> Cut:
    """Return the longest head of *text* that weighs at most *limit* bytes once escaped.

    Both ends of the measure are UTF-8; the cost is linear in *limit*, whatever *text* is.
    """
    end = 0
    while end < len(text):
        piece = text[end : end + _PIECE]
        limit -= _weight(piece)
        if limit < 0:
            end += _fitting(piece, limit + _weight(piece))
            return Cut(text[:end], whole=False)
        end += len(piece)
    return Cut(text, whole=True)


def _fitting(piece: str, limit: int) -> int:
    """Return how many characters of *piece*, which does not fit, weigh at most *limit* bytes."""
    low, high = 0, len(piece)  # fits at low, does not at high
    while high - low > 1:
        middle = (low + high) // 2
        if _weight(piece[:middle]) <= limit:
            low = middle
        else:
            high = middle
    return low


def _weight(text: str) -> int:
    return len(escape(text).encode("utf-8"))


def size_words(size: int) -> str:
    """Return *size* in bytes as people read it: `0 bytes`, `812 bytes`, `1.2 KB`, `34 MB`."""
    if size < 1000:
        return f"{size} byte{'' if size == 1 else 's'}"
    amount, unit = size / 1000, "KB"
    for bigger in ("MB", "GB"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, bigger
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:.0f} {unit}"
