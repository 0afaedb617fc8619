"""A list inside of a JSON body as a table, by way of `r.df(path)`, its secrets masked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from notebook_http.notebook.display.html import Html, join, tag
from notebook_http.notebook.display.record_rows import Rows, hidden_columns, rows_table
from notebook_http.notebook.frames import FrameError, frame_from_json
from notebook_http.notebook.frames.row_path import value_at
from notebook_http.notebook.widgets.json_nodes import Place
from notebook_http.wire.secret_names import Secrecy

__all__ = ["rows_html"]

_SCROLL = "overflow: auto; max-height: 30em"


def rows_html(place: Place, df: Callable[[str], Any], whole: Any, limit: int) -> Html:
    """Return at most *limit* rows of the list at *place* as a table, and the call that gives all.

    Args:
        place: where the list is in the body.
        df: `r.df`.
        whole: the value that the place is in.
        limit: of rows.

    Raises:
        FrameError: it is no table; or all of it is a secret.
    """
    if place.secrecy is not Secrecy.OPEN:
        message = "What is in here is masked. r.json() has it."
        raise FrameError(message)
    path = ".".join(map(str, place.steps))
    try:
        leads_there = value_at(whole, path or "$") is place.value
    except FrameError:
        leads_there = False
    frame = df(path or "$") if leads_there else frame_from_json(place.value)
    call = f"r.df({path!r})" if path else "r.df()"
    shown = frame.head(limit)
    columns = tuple(str(name) for name in frame.columns)
    records = tuple(
        {
            name: _plain(value)
            for name, value in zip(columns, row, strict=True)
            if not _is_missing(value)
        }
        for row in shown.itertuples(index=False, name=None)
    )
    total = len(frame)
    of = f"{total:,} row{'' if total == 1 else 's'}"
    head = f"First {len(records)} of {of}" if len(records) < total else of
    caption = f"{head}: {call} has all." if leads_there else f"{head}."
    rows = Rows(columns, records, total)
    note = hidden_columns(rows)
    return join(
        tag("div", rows_table(rows, caption), style=_SCROLL),
        tag("div", tag("small", note)) if note else None,
    )


def _plain(value: Any) -> Any:
    """Return a frame's *value* as JSON has it: NumPy's numbers and dates are none of its types."""
    if isinstance(value, str | bool | int | float | dict | list):
        return value
    item = getattr(value, "item", None)
    return item() if item is not None else str(value)


def _is_missing(value: Any) -> bool:
    return value is None or (not isinstance(value, str | dict | list) and bool(value != value))
