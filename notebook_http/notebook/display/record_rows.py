"""Find rows in the head of a body and show them as a small table.

Rows of JSON are objects of the top list (or one a line); rows of CSV are its lines. Only what is
shown is parsed.
The DataFrame (`r.df()`) looks deeper; this is the glance before it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from notebook_http.notebook.display.html import Html, table, tag
from notebook_http.notebook.display.json_items import Source
from notebook_http.wire.registered_secrets import mask_registered
from notebook_http.wire.secret_names import Secrecy, is_secret_name, mask_leaf, secrecy_of
from notebook_http.wire.secrets import mask_text

__all__ = [
    "Rows",
    "csv_rows",
    "hidden_columns",
    "json_line_rows",
    "json_rows",
    "may_hold_secrets",
    "rows_lines",
    "rows_of",
    "rows_table",
]

_COLUMNS = 12
_CELL_CHARACTERS = 60
_LEFT = "text-align: left; vertical-align: top"
_RIGHT = "text-align: right; vertical-align: top"


@dataclass(frozen=True, slots=True)
class Rows:
    """The first rows of a body.

    Attributes:
        columns: their names, in the order they turn up.
        records: one mapping a row, column to value; a column may be missing.
        total: how many rows the whole body has, None when nobody counted.
        remark: what is wrong behind them, for people; "" as a rule.
    """

    columns: tuple[str, ...]
    records: tuple[Mapping[str, Any], ...]
    total: int | None
    remark: str = ""


def rows_of(records: Iterable[Mapping[str, Any]], total: int | None, remark: str = "") -> Rows:
    """Return *records* as rows, their columns in the order in which they turn up."""
    shown = tuple(records)
    columns = dict.fromkeys(str(name) for record in shown for name in record)
    return Rows(tuple(columns), shown, total, remark)


def json_rows(source: Source, limit: int) -> Rows | None:
    """Return the first *limit* rows of a JSON list of objects; None when it is something else."""
    found = source.open_item(source.item)
    if found.bracket != "[" or not found.items:
        return None
    records: list[Mapping[str, Any]] = []
    for item in found.items[:limit]:
        try:
            value = source.value_of(item)
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, Mapping) or not value:
            return None
        records.append(value)
    return rows_of(records, None if source.unfinished else len(found.items))


def json_line_rows(text: str, limit: int, whole: bool = False) -> Rows | None:
    """Return the first *limit* rows of a text with one JSON object a line; None if it has none.

    *whole* says that *text* is all of the body, so that its last line is no cut one.
    """
    records: list[Mapping[str, Any]] = []
    remark = ""
    lines = text.split("\n", limit)
    for number, line in enumerate(lines[:limit], 1):
        if not line.strip(" \t\r\x1e"):
            continue
        try:
            value = json.loads(line.lstrip("\x1e"))  # RFC 7464 puts one in front of each
        except (ValueError, RecursionError) as error:
            if whole or number < len(lines):
                why = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
                remark = f"Line {number} is not JSON: {why[:200]}."
            break
        if not isinstance(value, Mapping):
            return None
        records.append(value)
    if not records:
        return None
    total = len(records) if whole and not remark and len(lines) <= limit else None
    return rows_of(records, total, remark)


def csv_rows(text: str, delimiter: str | None, limit: int, total_lines: int) -> Rows | None:
    """Return the first *limit* rows of a CSV *text* whose first line names the columns.

    Without a *delimiter* the first line tells: the commonest of comma, semicolon, tab and bar.
    None when it is one column only (prose, most likely) or cannot be read.
    """
    import csv  # not needed until a server sends some

    text = text.replace("\r\n", "\n").replace("\r", "\n")  # Windows, and Macs of old
    head_line = text.partition("\n")[0]
    if delimiter is None:
        delimiter = max(",;\t|", key=head_line.count)
    try:
        lines = csv.reader(text.split("\n", 4 * limit), delimiter=delimiter)
        names = [name.strip() for name in next(lines, [])]
        cells = [row for row, _ in zip(lines, range(limit), strict=False) if row]
    except csv.Error:  # a NUL in the text, or a field longer than the reader takes
        return None
    if len(names) < 2 or len(names) > 2000:
        return None
    names = _distinct(names)
    records = [dict(zip(names, row, strict=False)) for row in cells]
    return Rows(tuple(names), tuple(records), max(total_lines - 1, len(records)))


def _distinct(names: list[str]) -> list[str]:
    """Number names that repeat, and name what has none, so that no column hides another."""
    seen: dict[str, int] = {}
    result = []
    for index, name in enumerate(names, 1):
        name = name or f"column {index}"
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result


def rows_table(rows: Rows, caption: str) -> Html:
    """Return *rows* as a table with a *caption*, secrets masked, at most 12 columns wide."""
    columns = rows.columns[:_COLUMNS]
    head = tag(
        "tr",
        *(tag("th", _short(mask_registered(name)), scope="col", style=_LEFT) for name in columns),
    )
    body = [tag("tr", *(_cell(record, name) for name in columns)) for record in rows.records]
    return table(caption, head, body)


def hidden_columns(rows: Rows) -> str:
    """Return words for the columns that `rows_table` leaves out; empty when it shows all."""
    left_out = rows.columns[_COLUMNS:]
    if not left_out:
        return ""
    names = ", ".join(_short(mask_registered(name)) for name in left_out[:8])
    return f"{len(left_out)} more columns: {names}{', …' if len(left_out) > 8 else ''}"


def may_hold_secrets(rows: Rows) -> bool:
    """Return whether a column's name says that its values are secrets, or another column may."""
    return {"name", "value"} <= set(rows.columns) or any(map(is_secret_name, rows.columns))


def rows_lines(rows: Rows, count: int, width: int) -> list[str]:
    """Return *rows* as at most *count* lines of text in columns, at most *width* characters wide.

    The first line has the names; columns that do not fit are left out, at least one stays.
    """
    names = rows.columns[:_COLUMNS]
    grid = [[_short(mask_registered(name), 24) for name in names]]
    grid += [
        [_short(_cell_text(record, name), 24) for name in names]
        for record in rows.records[: count - 1]
    ]
    grid = [[" ".join(cell.split()) for cell in row] for row in grid]
    lines = [""] * len(grid)
    for index in range(len(names)):
        cells = [row[index] for row in grid]
        column = max(map(len, cells)) + 2
        if index and len(lines[0]) + column > width:
            break
        lines = [line + cell.ljust(column) for line, cell in zip(lines, cells, strict=True)]
    return [line.rstrip() for line in lines]


def _cell(record: Mapping[str, Any], column: str) -> Html:
    value = record.get(column)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    text = _short(_cell_text(record, column))
    return tag("td", text, style=_RIGHT if number else _LEFT, dir="auto")


def _cell_text(record: Mapping[str, Any], column: str) -> str:
    if column not in record:
        return ""
    value = record[column]
    pair_name = record.get("name")
    name = pair_name if column == "value" and isinstance(pair_name, str) else column
    secrecy = secrecy_of(name, value)
    return _words(value) if secrecy is Secrecy.OPEN else _masked(value, secrecy)


def _masked(value: Any, secrecy: Secrecy) -> str:
    if isinstance(value, Mapping | list):
        return "••••"
    shown = mask_leaf(value, secrecy)
    return shown if isinstance(shown, str) else _words(shown)


def _words(value: Any) -> str:
    """Return a JSON *value* as a cell shows it; what is nested by its shape only."""
    if isinstance(value, str):
        return mask_text(value[: 4 * _CELL_CHARACTERS])
    if isinstance(value, Mapping):
        names = list(value)[:5]
        return "{" + ", ".join(map(str, names)) + (", …}" if len(value) > 5 else "}")
    if isinstance(value, list):
        if len(value) <= 4 and not any(isinstance(item, Mapping | list) for item in value):
            return "[" + ", ".join(_words(item) for item in value) + "]"
        return f"[{len(value):,} items]"
    return json.dumps(value)


def _short(text: str, characters: int = _CELL_CHARACTERS) -> str:
    return text if len(text) <= characters else text[: characters - 1] + "…"
