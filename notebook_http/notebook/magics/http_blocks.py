"""Cut `.http` text into its requests: `###` between them, `# @name` and `@variable = …` above.

Knows lines, not what they ask for: `request_cell` reads a block's request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from notebook_http.notebook.magics.exceptions import MagicSyntaxError, Source, nearest
from notebook_http.notebook.magics.scope import Scope

__all__ = ["BODY_OPENERS", "COMMENTS", "Block", "HttpText", "split_blocks"]

COMMENTS = ("#", "//")
BODY_OPENERS = ("{", "[", "<")
_META = re.compile(r"(?:#+|//+)[ \t]*@([\w-]+)(?:[ \t]+|[ \t]*=[ \t]*|$)(.*)")
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_VARIABLE = re.compile(r"@([^\s=]*)[ \t]*(?:=[ \t]*(.*))?")


@dataclass(frozen=True, slots=True)
class HttpText:
    """Lines of a cell or a file, and where they stand there.

    Attributes:
        lines: without their ends.
        first_line: the number of the first, from 1.
        file: the name of their file; "" in a cell.
    """

    lines: Sequence[str]
    first_line: int
    file: str = ""

    def source(self, at: int, text: str | None = None) -> Source:
        """Return line *at*, or *text* that begins there, for errors."""
        shown = self.lines[at] if text is None else text
        return Source(shown, first_line=self.first_line + at, file=self.file)


@dataclass(frozen=True, slots=True)
class Block:
    """One request of the text, not read yet.

    Attributes:
        text: its lines; those that are none of the request are blanked.
        title: what stands behind its `###`.
        name: what later requests call it; "" without one.
        checks: what is asserted of its reply: (index of the line, text behind `??`).
        follow: False where `# @no-redirect` stands.
        start: the index of its first line that says something.
    """

    text: HttpText
    title: str
    name: str
    checks: tuple[tuple[int, str], ...]
    follow: bool
    start: int

    @property
    def line_number(self) -> int:
        """Where it begins in the cell or file."""
        return self.text.first_line + self.start


def split_blocks(
    text: HttpText, define: Callable[[str, Callable[[Scope], str], Source], None], *, begun: bool
) -> list[Block]:
    """Return the requests of *text*; *define* takes the variables that it sets.

    *begun*: whether the first request's line stands above the text.

    Raises:
        MagicSyntaxError: a name is none or is given twice, or a variable cannot be read.
    """
    blocks: list[Block] = []
    start, title = 0, ""
    ends = [at for at, line in enumerate(text.lines) if line.startswith("###")]
    for end in [*ends, len(text.lines)]:
        lines = list(text.lines[start:end])
        part = HttpText(lines, text.first_line + start, text.file)
        block = _read_block(part, title, define, begun=begun and not blocks)
        if block is not None:
            if block.name and any(block.name == other.name for other in blocks):
                raise _twice(text, part, block.name)
            blocks.append(block)
        if end < len(text.lines):
            start, title = end + 1, text.lines[end].lstrip("#").strip()
    return blocks


def _read_block(
    part: HttpText,
    title: str,
    define: Callable[[str, Callable[[Scope], str], Source], None],
    *,
    begun: bool,
) -> Block | None:
    lines = list(part.lines)
    name, follow, checks = "", True, []
    in_body = False
    start = 0 if begun else -1
    for at, line in enumerate(part.lines):
        if line.startswith("??") and start >= 0:
            checks.append((at, line[2:].strip()))
            lines[at] = ""
        elif in_body:
            continue
        elif line.startswith(COMMENTS):
            if found := _META.match(line):
                if found[1] == "name":
                    name = _checked_name(found[2].strip(), part.source(at))
                follow = follow and found[1] != "no-redirect"
        elif start < 0 and line.startswith("@"):
            _read_variable(part.source(at), define)
            lines[at] = ""
        elif line.strip():
            if start < 0:
                start = at
            elif line.lstrip().startswith(BODY_OPENERS):
                in_body = True
        elif start >= 0:
            in_body = True
    if start < 0:
        return None
    whole = HttpText(lines, part.first_line, part.file)
    return Block(whole, title, name, tuple(checks), follow, start)


def _checked_name(name: str, source: Source) -> str:
    if not _NAME.fullmatch(name):
        raise MagicSyntaxError(
            f"{name!r} cannot be the name of a request" if name else "The name is missing",
            source,
            (0, len(source.text)),
            expected="# @name login: letters, digits, - and _, a letter first",
        )
    return name


def _twice(text: HttpText, part: HttpText, name: str) -> MagicSyntaxError:
    at = next(
        at
        for at, line in enumerate(part.lines)
        if (found := _META.match(line)) and found[2].strip() == name
    )
    source = part.source(at)
    message = f"Two requests are named {name}"
    return MagicSyntaxError(message, source, (0, len(source.text)), hint="Rename one of them.")


def _read_variable(
    source: Source, define: Callable[[str, Callable[[Scope], str], Source], None]
) -> None:
    from notebook_http.notebook.magics.template_values import Values, fill_text
    from notebook_http.notebook.magics.templates import split_templates

    found = _VARIABLE.match(source.text)
    name = found[1] if found else ""
    if found is None or found[2] is None or not _NAME.fullmatch(name):
        near = nearest(name, ["name"])
        raise MagicSyntaxError(
            "This line sets no variable",
            source,
            (0, len(source.text)),
            expected="@host = https://example.com",
            hint=f"Did you mean a comment, # @{near} …?" if near else "",
        )
    value, at = found[2].rstrip(), found.start(2)
    parts = split_templates(" " * at + value)  # errors count in the line

    def fill(scope: Scope) -> str:
        return fill_text(parts, Values(scope, source)).strip()

    define(name, fill, source)
