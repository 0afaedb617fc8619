"""Find the rows of a body and show them as a table, with how many there are."""

from __future__ import annotations

from notebook_http.notebook.display.body import (
    CSV_TYPES,
    Body,
    BodyKind,
    head_of,
    json_source,
)
from notebook_http.notebook.display.html import Html, join, tag
from notebook_http.notebook.display.json_items import MalformedJSON
from notebook_http.notebook.display.part_rows import event_rows, form_rows, multipart_rows
from notebook_http.notebook.display.record_rows import (
    Rows,
    csv_rows,
    hidden_columns,
    json_line_rows,
    json_rows,
    rows_table,
)
from notebook_http.notebook.display.size_budget import size_words

__all__ = ["has_all_rows", "rows_html", "rows_of_body", "table_html"]

_SCROLL = "overflow: auto; max-height: 30em"
# What a row is called, and what has all of them.
_CALLED = {
    BodyKind.FORM: ("pair", "r.text"),
    BodyKind.MULTIPART: ("part", "r.content"),
    BodyKind.EVENTS: ("event", "r.df()"),
}


def has_all_rows(kind: BodyKind) -> str:
    """Return what gives all rows of a body: an expression of the reply `r`."""
    return _CALLED[kind][1] if kind in _CALLED else "r.df()"


def rows_of_body(body: Body, limit: int) -> Rows | None:
    """Return the first *limit* rows of *body*, or None if it has none or is malformed."""
    if body.kind is BodyKind.JSON:
        try:
            return json_rows(json_source(body), limit)
        except MalformedJSON:
            return None
    text, whole = head_of(body)
    if body.kind is BodyKind.JSON_LINES:
        return json_line_rows(text, limit, whole)
    if body.kind is BodyKind.CSV:
        lines = body.content.count(b"\n") + (not body.content.endswith(b"\n"))
        return csv_rows(text, CSV_TYPES.get(body.content_type), limit, lines)
    if body.kind is BodyKind.FORM:
        return form_rows(text, limit, whole)
    if body.kind is BodyKind.EVENTS:
        return event_rows(text.encode("utf-8", "replace"), whole, limit)
    if body.kind is BodyKind.MULTIPART:
        return multipart_rows(body.content, limit)
    return None


def rows_html(body: Body, rows: Rows, limit: int) -> Html:
    """Return as many of *rows* as weigh at most *limit* bytes, and what is left out."""
    count = len(rows.records)
    while True:
        shown = Rows(rows.columns, rows.records[:count], rows.total)
        table = rows_table(shown, _caption(body, count, rows.total))
        if len(table.encode("utf-8")) <= limit or count <= 1:
            break
        count //= 2
    if len(table.encode("utf-8")) > limit:  # one row with cells of nothing but quotes
        return tag("div", f"{len(rows.columns)} columns: {has_all_rows(body.kind)} has them.")
    note = " ".join(filter(None, (rows.remark, hidden_columns(rows))))
    return join(tag("div", table, style=_SCROLL), tag("div", tag("small", note)) if note else None)


def table_html(body: Body, rows: int, limit: int) -> Html | None:
    """Return at most *rows* rows and *limit* bytes of a body as a table; None if it has no rows."""
    found = rows_of_body(body, rows)
    return None if found is None else rows_html(body, found, limit)


def _caption(body: Body, count: int, total: int | None) -> str:
    word = _CALLED[body.kind][0] if body.kind in _CALLED else "row"
    where = f"{has_all_rows(body.kind)} has all"
    if total is None:
        return f"First {count} {word}s of {size_words(len(body.content))}: {where}."
    if count == total:
        counted = f"{count} {word}{'' if count == 1 else 's'}"
        return f"{counted}: r.df() makes a DataFrame of them." if word == "row" else counted
    # A quoted field may hold line breaks, so lines are a good guess at rows, no more.
    about = "about " if body.kind is BodyKind.CSV else ""
    return f"First {count} of {about}{total:,} {word}s: {where}."
