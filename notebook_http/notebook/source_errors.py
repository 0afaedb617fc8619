"""Say what is wrong with a text that somebody typed or pasted, and where.

Each message has at most twelve lines: what failed, the line with a mark under the part that is
meant, what would have been right, and the nearest known word.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from notebook_http.wire.secrets import mask_text

__all__ = ["Source", "SourceSyntaxError", "nearest"]

# 76 columns: what fits beside the prompt in a narrow notebook without wrapping, which would
# tear the mark from its word.
_SHOWN_COLUMNS = 76
_CONTEXT_COLUMNS = 30


@dataclass(frozen=True, slots=True)
class Source:
    """A line or some lines of a text, and where they stand in their cell.

    Attributes:
        text: the lines; the positions of errors count in it.
        prefix: what the cell has in front of the first one, such as `%http `.
        first_line: the first line's number in the cell, from 1; 0 when numbers say nothing.
        file: the name of the file that they are in; empty for a cell.
    """

    text: str
    prefix: str = ""
    first_line: int = 0
    file: str = ""


class SourceSyntaxError(ValueError):
    """A text that cannot be read. Its author erred. The message hides secrets.

    Attributes:
        problem: what is wrong, in one sentence.
        source: the lines it is in.
        span: where in `source.text`, as (start, end); on one line.
        expected: what would have been right, fit to be shown; may be empty.
        hint: the next thing to try; may be empty.
    """

    def __init__(
        self,
        problem: str,
        source: Source,
        span: tuple[int, int],
        *,
        expected: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.source = source
        self.span = span
        self.expected = expected
        self.hint = hint

    @property
    def line_number(self) -> int:
        """The number of the line in the cell, from 1; 0 when it says nothing."""
        if not self.source.first_line:
            return 0
        return self.source.first_line + self.source.text.count("\n", 0, self.span[0])

    def __str__(self) -> str:
        number = self.line_number
        file = self.source.file
        where = f" (line {number})" if number else ""
        if file:
            where = f" ({mask_text(file)}:{number})" if number else f" ({mask_text(file)})"
        lines = [f"{mask_text(self.problem)}{where}", *_marked(self.source, self.span)]
        if self.expected:
            # Not masked: it is our own text, where `key=value` is what to write.
            lines.append(f"Expected: {self.expected}")
        if self.hint:
            lines.append(mask_text(self.hint))
        return "\n".join(lines)


def nearest(word: str, known: Iterable[str], *, likeness: float = 0.6) -> str:
    """Return the one of *known* that *word* was most likely meant to be; empty when none is near.

    Upper and lower case count as the same. *likeness*: from 0, anything, to 1, only the same.
    """
    import difflib  # only where something is wrong already

    by_folded = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=likeness)
    return by_folded[found[0]] if found else ""


# The marked line --------------------------------------------------------------------------------


def _marked(source: Source, span: tuple[int, int]) -> list[str]:
    """Return the line and the mark below it, cut to what is near the mark, secrets masked."""
    start, end = span
    line_start = source.text.rfind("\n", 0, start) + 1
    line_end = source.text.find("\n", start)
    if line_end < 0:
        line_end = len(source.text)
    before, meant, after = _masked(
        ("" if line_start else source.prefix) + source.text[line_start:start],
        source.text[start : min(end, line_end)],
        source.text[min(end, line_end) : line_end],
    )
    if _columns(before + meant + after) > _SHOWN_COLUMNS:
        if len(before) > _CONTEXT_COLUMNS:
            before = "…" + before[-_CONTEXT_COLUMNS:]
        if len(meant) > _CONTEXT_COLUMNS:
            meant = meant[:_CONTEXT_COLUMNS] + "…"
        room = max(_SHOWN_COLUMNS - _columns(before + meant), 0)
        if len(after) > room:
            after = after[:room] + "…"
    mark = " " * _columns(before) + "^" * max(_columns(meant), 1)
    return [f"  {before}{meant}{after}", f"  {mark}"]


def _masked(before: str, meant: str, after: str) -> tuple[str, str, str]:
    """Return the three with the secrets of the line they make masked."""
    masked = mask_text(before + meant + after)
    if masked.startswith(before + meant):
        return before, meant, masked[len(before + meant) :]
    if masked.endswith(meant + after):
        return masked[: len(masked) - len(meant + after)], meant, after
    return mask_text(before), "••••", ""  # the word is, or stands among, secrets


def _columns(text: str) -> int:
    """Return how wide *text* is on a screen: CJK counts double, combining marks nothing."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in text
    )
