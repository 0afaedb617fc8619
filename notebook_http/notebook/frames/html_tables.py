"""Read the tables of an HTML page: rows, headers, cells that span several, tables in tables.

Only the tags of tables matter here, so a page is cut into tags by one expression that never goes
back over what it has seen; nothing is fetched and no script is run. What a cell says is its text,
with white space drawn together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from itertools import takewhile
from typing import Any, NamedTuple

from notebook_http.notebook.frames.exceptions import FrameError
from notebook_http.notebook.frames.row_path import nearest_name, quoted

__all__ = ["html_columns"]

# Possessive throughout. A quoted value is bounded: a lone quote must not make each tag after it
# look through the whole page.
_TAG = re.compile(
    r"<(?P<end>/?)(?P<name>[a-zA-Z][^\s/<>]*+)"
    r"(?P<rest>(?:[^\"'<>]++|\"[^\"]{0,4096}\"|'[^']{0,4096}')*+)>?|<!--|<![^<>]*+>?"
)
_SPAN = re.compile(r"\b(colspan|rowspan)\s{0,9}=\s{0,9}[\"']?\s{0,9}(\d{1,5})", re.IGNORECASE)
_ID = re.compile(
    r"(?:^|\s)id\s{0,9}=\s{0,9}(?:\"([^\"]{1,200})\"|'([^']{1,200})'|([^\s\"'>]{1,200}))", re.I
)
#: What holds text that is no text of the page.
_RAW = {
    name: re.compile(f"</{name}", re.IGNORECASE)
    for name in ("script", "style", "template", "noscript", "svg", "textarea", "select")
}
#: The bounds of HTML itself.
_MAX_COLSPAN, _MAX_ROWSPAN = 1000, 65534
#: Cells of one table once spans are laid out: two small numbers ask for 65 million.
_MAX_CELLS = 4_000_000
#: Columns of one table, as in a workbook: pandas takes a column's time for each, however short.
_MAX_COLUMNS = 16_384
_LISTED_TABLES = 7
_LISTED_NAMES = 4


class _Cell(NamedTuple):
    text: str
    header: bool
    columns: int
    rows: int


@dataclass(slots=True)
class _Table:
    """A table as it is read: rows of cells, and which of them are its head."""

    label: str = ""
    caption: str = ""
    rows: list[list[_Cell]] = field(default_factory=list)
    head_rows: int = 0
    in_head: bool = False
    text: list[str] | None = None  # of what is open: a cell, or the caption
    open_cell: tuple[bool, int, int] | None = None

    def end_cell(self) -> None:
        if self.open_cell is not None and self.text is not None and self.rows:
            header, columns, rows = self.open_cell
            self.rows[-1].append(_Cell(_drawn_together(self.text), header, columns, rows))
        self.open_cell = None
        self.text = None

    def begin_row(self) -> None:
        self.end_cell()
        self.rows.append([])
        if self.in_head and self.head_rows == len(self.rows) - 1:
            self.head_rows = len(self.rows)


class _Laid(NamedTuple):
    """A table laid out: names of columns (numbers if it has none) and texts by column."""

    names: list[Any]
    rows: list[list[str | None]]
    table: _Table


def html_columns(text: str, wanted: str | None = None) -> dict[Any, list[Any]]:
    """Return the columns of the table in the page *text*, texts all; empty cells are None.

    Without *wanted* it is the only table with rows, or the only one with headers. Names are those
    of `thead` or of leading rows of `th`; without these columns have numbers.

    Args:
        text: the page.
        wanted: the number of the table, from 0, or its caption, or its id.

    Raises:
        FrameError: there is no table, or no such table, or there are several (lists them).
    """
    tables = [laid for laid in map(_laid_out, _tables(text)) if laid.rows]
    if not tables:
        msg = (
            "There is no table with rows in this page.\n"
            "Many pages are filled by scripts: the browser's tools show what JSON they ask for."
        )
        raise FrameError(msg)
    chosen = _named(tables, wanted) if wanted is not None else _only(tables)
    return {name: [row[place] for row in chosen.rows] for place, name in enumerate(chosen.names)}


def _tables(page: str) -> list[_Table]:
    """Return the tables of *page* in the order in which they begin."""
    found: list[_Table] = []
    nested: list[_Table] = []
    at = 0
    while tag := _TAG.search(page, at):
        table = nested[-1] if nested else None
        if table is not None and table.text is not None and tag.start() > at:
            table.text.append(page[at : tag.start()])
        at = tag.end()
        name = tag["name"]
        if name is None:
            if tag[0] == "<!--":
                end = page.find("-->", at)
                at = len(page) if end < 0 else end + 3
            continue
        name = name.lower()
        if not tag["end"] and name in _RAW:
            closed = _RAW[name].search(page, at)
            at = len(page) if closed is None else closed.start()
        elif name == "table":
            if not tag["end"]:
                nested.append(_Table(label=_label(tag["rest"])))
                found.append(nested[-1])
            elif table is not None:
                table.end_cell()
                nested.pop()
        elif table is not None:
            _read(table, name, bool(tag["end"]), tag["rest"])
    for table in nested:
        table.end_cell()
    return found


def _read(table: _Table, name: str, ends: bool, rest: str) -> None:
    """Take one tag inside *table*. Ends may be missing, as HTML has it."""
    if name in ("td", "th"):
        table.end_cell()
        if not ends:
            if not table.rows:
                table.begin_row()
            spans = {key.lower(): int(number) for key, number in _SPAN.findall(rest)}
            columns = min(spans.get("colspan", 1) or 1, _MAX_COLSPAN)
            rows = min(spans.get("rowspan", 1) or _MAX_ROWSPAN, _MAX_ROWSPAN)
            table.open_cell = (name == "th", columns, rows)
            table.text = []
    elif name == "tr":
        if ends:
            table.end_cell()
        else:
            table.begin_row()
    elif name in ("thead", "tbody", "tfoot"):
        table.end_cell()
        table.in_head = name == "thead" and not ends
    elif name == "caption":
        if ends and table.text is not None:
            table.caption = _drawn_together(table.text)
        table.text = None if ends else []
    elif table.text is not None:
        table.text.append(" " if name in ("br", "p", "div", "li") else "")


def _laid_out(table: _Table) -> _Laid:
    """Give each cell its place; a cell that spans several says its text in each."""
    grid: list[list[_Cell | None]] = []
    hanging: dict[int, tuple[int, _Cell]] = {}  # by column: rows that a cell still reaches into
    cells = 0
    for row in table.rows:
        line: list[_Cell | None] = []
        waiting = iter(row)
        cell = next(waiting, None)
        while cell is not None or any(column >= len(line) for column in hanging):
            place = len(line)
            if place in hanging:
                left, above = hanging.pop(place)
                line.append(above)
                if left > 1:
                    hanging[place] = (left - 1, above)
            elif cell is None:
                line.append(None)
            else:
                for column in range(place, place + cell.columns):
                    if cell.rows > 1:
                        hanging[column] = (cell.rows - 1, cell)
                    line.append(cell)
                cell = next(waiting, None)
            cells += len(line) - place
            if cells > _MAX_CELLS:
                msg = f"A table of this page has more than {_MAX_CELLS:,} cells."
                raise FrameError(msg)
        grid.append(line)
    width = max(map(len, grid), default=0)
    if width * len(grid) > _MAX_CELLS:
        msg = f"A table of this page has more than {_MAX_CELLS:,} cells."
        raise FrameError(msg)
    if width > _MAX_COLUMNS:
        msg = f"A table of this page has {width:,} columns, more than {_MAX_COLUMNS:,}."
        raise FrameError(msg)
    heads = table.head_rows or len(list(takewhile(_all_headers, grid)))
    if heads == len(grid):
        heads = 0 if not table.head_rows else heads
    names = _names([_texts(line, width) for line in grid[:heads]], width)
    return _Laid(names, [_texts(line, width) for line in grid[heads:] if line], table)


def _all_headers(line: list[_Cell | None]) -> bool:
    return bool(line) and all(cell is not None and cell.header for cell in line)


def _texts(line: list[_Cell | None], width: int) -> list[str | None]:
    texts = [cell.text or None if cell is not None else None for cell in line]
    return texts + [None] * (width - len(texts))


def _names(heads: list[list[str | None]], width: int) -> list[Any]:
    """Return names for *width* columns, each once: the rows of a head are joined by spaces."""
    if not heads:
        return list(range(width))
    names: dict[str, None] = {}
    seen: dict[str, int] = {}
    for place in range(width):
        parts = dict.fromkeys(head[place] for head in heads if head[place])
        plain = name = " ".join(part for part in parts if part) or f"column {place}"
        while name in names:
            seen[plain] = seen.get(plain, 0) + 1
            name = f"{plain}.{seen[plain]}"
        names[name] = None
    return list(names)


def _named(tables: list[_Laid], wanted: str) -> _Laid:
    if wanted.isdecimal() and len(wanted) < 9 and int(wanted) < len(tables):
        return tables[int(wanted)]
    for laid in tables:
        if wanted in (laid.table.caption, laid.table.label):
            return laid
    known = [name for laid in tables for name in (laid.table.caption, laid.table.label) if name]
    msg = f"There is no table {quoted(wanted)} in this page; it has {len(tables):,}, from 0."
    raise FrameError(msg + nearest_name(wanted, known))


def _only(tables: list[_Laid]) -> _Laid:
    if len(tables) == 1:
        return tables[0]
    headed = [laid for laid in tables if laid.names and isinstance(laid.names[0], str)]
    if len(headed) == 1:
        return headed[0]
    lines = [f"{len(tables):,} tables of this page have rows:"]
    for number, laid in enumerate(tables[:_LISTED_TABLES]):
        title = f" {quoted(laid.table.caption)}" if laid.table.caption else ""
        names = ", ".join(quoted(str(name)) for name in laid.names[:_LISTED_NAMES])
        more = ", …" if len(laid.names) > _LISTED_NAMES else ""
        lines.append(f'  path="{number}"{title}  ({len(laid.rows):,} rows: {names}{more})')
    if len(tables) > _LISTED_TABLES:
        lines.append(f"  and {len(tables) - _LISTED_TABLES:,} more")
    lines.append('Give the one you want, as in .df(path="0").')
    raise FrameError("\n".join(lines))


def _label(rest: str) -> str:
    found = _ID.search(rest)
    return "" if found is None else unescape(next(filter(None, found.groups()), ""))


def _drawn_together(text: list[str]) -> str:
    return " ".join(unescape("".join(text)).split())
