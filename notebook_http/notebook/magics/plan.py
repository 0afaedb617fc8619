"""What a cell of `%%http` or an `.http` file will send: all of it looked at before the first goes.

The first request is read at once. The others may hold what its reply says, so their values are put
in when their turn comes; that they can be read at all, and that each name in them is one, is
checked before anything is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebook_http.notebook.magics.assertions import Assertion, read_assertion
from notebook_http.notebook.magics.exceptions import MagicSyntaxError, Source, nearest
from notebook_http.notebook.magics.http_blocks import Block, HttpText, split_blocks
from notebook_http.notebook.magics.request_body import read_file
from notebook_http.notebook.magics.request_cell import (
    ParsedRequest,
    nothing_in_cell,
    read_block,
    read_magic_line,
)
from notebook_http.notebook.magics.request_line import RequestLine
from notebook_http.notebook.magics.scope import Scope

if TYPE_CHECKING:
    from notebook_http.notebook.magics.answer import Answer

__all__ = ["Plan", "plan_cell", "plan_file"]


@dataclass(slots=True)
class Plan:
    """Requests to be sent one after the other.

    Attributes:
        blocks: the requests, not read yet.
        options: the values of the magic's `--options`, by name.
        replies: those that came, by the names of their requests.
        scope: the names that its expressions may use.
        assertions: what is asserted of each reply.
    """

    blocks: list[Block]
    options: dict[str, object]
    replies: dict[str, Answer]
    scope: Scope
    assertions: list[list[Assertion]]
    _first: RequestLine | None
    _begun: ParsedRequest | None = None

    def read(self, index: int) -> ParsedRequest:
        """Return the request at *index*, its values put in now.

        Raises:
            MagicSyntaxError: a value does not fit, or there is none (`TemplateError`).
        """
        if index == 0 and self._begun is not None:
            begun, self._begun = self._begun, None
            return begun
        return read_block(self.blocks[index], self.scope, self._first if index == 0 else None)

    def look(self) -> None:
        """Read the first request, and see whether the others can be read.

        Raises:
            MagicSyntaxError: one of them cannot.
        """
        self.scope.is_dry = bool({"dry-run", "curl"} & set(self.options))
        for assertions in self.assertions:
            for assertion in assertions:
                assertion.look(self.scope)
        for block in self.blocks[1:]:
            read_block(block, self.scope.looking())
        self._begun = self.read(0)

    def words(self, index: int) -> str:
        """Return what the request at *index* is called in messages."""
        block = self.blocks[index]
        called = f", {block.name or block.title}" if block.name or block.title else ""
        file = f"{block.text.file}:" if block.text.file else "line "
        return f"request {index + 1} of {len(self.blocks)}{called} ({file}{block.line_number})"


def plan_cell(line: str, cell: str, scope: Scope) -> Plan:
    """Return the plan of a `%%http` *cell* below its own *line*, with the names of *scope*.

    Raises:
        MagicSyntaxError: something cannot be read, or a template of the first request has no value.
    """
    first = read_magic_line(line, scope)
    if "file" in first.options:
        source = Source(line, "%%http ", 1)
        message = "A file is sent by a line, %http --file PATH, not by a cell"
        raise MagicSyntaxError(message, source, (0, len(line)))
    text = HttpText(cell.replace("\r\n", "\n").split("\n"), 2)
    plan = _plan(text, scope, first)
    if not plan.blocks:
        raise nothing_in_cell(line)
    plan.look()
    return plan


def plan_file(line: str, first: RequestLine, scope: Scope) -> Plan:
    """Return the plan of the `.http` file that *first*, read from the magic's *line*, names.

    Raises:
        MagicSyntaxError: it cannot be read, has no such request, or says what cannot be read.
    """
    path = str(first.options["file"])
    source = Source(line, "%http ")
    content = read_file(path, scope.folder, source, line.find(path))
    try:
        lines = content.decode("utf-8-sig").replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError as error:
        problem = f"{path} is no UTF-8 (byte {error.start:,})"
        raise MagicSyntaxError(problem, source, (0, len(line))) from None
    scope.folder = ((scope.folder or Path.cwd()) / Path(path).expanduser()).parent
    plan = _plan(HttpText(lines, 1, path), scope, None)
    plan.options = first.options
    if first.chosen:
        plan = _only(plan, first.chosen, source)
        scope.elsewhere = f"%http --file {path}"
    if not plan.blocks:
        raise MagicSyntaxError(f"There is no request in {path}", source, (0, len(line)))
    plan.look()
    return plan


def _only(plan: Plan, name: str, source: Source) -> Plan:
    """Return *plan* with the request of that name or title only."""
    for index, block in enumerate(plan.blocks):
        if name in (block.name, block.title):
            plan.blocks, plan.assertions = [block], [plan.assertions[index]]
            plan.scope.awaited = frozenset([block.name] if block.name else [])
            return plan
    known = [block.name or block.title for block in plan.blocks if block.name or block.title]
    near = nearest(name, known)
    at = source.text.rfind(name)
    listed = ", ".join(known[:10]) or "none has a name"
    raise MagicSyntaxError(
        f"No request of {plan.options['file']} is named {name}",
        source,
        (max(at, 0), max(at, 0) + len(name)),
        expected=listed,
        hint=f"Did you mean {near}?" if near else "A line # @name gives one.",
    )


def _plan(text: HttpText, scope: Scope, first: RequestLine | None) -> Plan:
    """Return the plan of *text*, looked at by nobody yet."""
    sources: list[tuple[str, Source]] = []

    def define(name: str, value: Any, source: Source) -> None:
        if any(name == known for known, _ in sources):
            message = f"The variable @{name} is set twice"
            span = (0, len(source.text))
            raise MagicSyntaxError(message, source, span, hint="Take one of them away.")
        sources.append((name, source))
        scope.define(name, value)

    blocks = split_blocks(text, define, begun=first is not None and bool(first.url))
    replies: dict[str, Answer] = {}
    scope.replies = replies
    scope.awaited = frozenset([block.name for block in blocks if block.name])
    assertions = [
        [read_assertion(said, block.text.source(at, f"?? {said}")) for at, said in block.checks]
        for block in blocks
    ]
    options = {} if first is None else first.options
    return Plan(blocks, options, replies, scope, assertions, first)
