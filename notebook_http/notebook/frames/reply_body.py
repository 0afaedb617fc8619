"""Make a table of a reply's body, whatever format it is in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from notebook_http.notebook.frames.body_format import DELIMITERS, BodyFormat, format_of
from notebook_http.notebook.frames.columnar import arrow_table, frame_from_table, parquet_table
from notebook_http.notebook.frames.delivery import delivered, delivered_table, known_kind
from notebook_http.notebook.frames.events import event_rows
from notebook_http.notebook.frames.exceptions import FrameError
from notebook_http.notebook.frames.html_tables import html_columns
from notebook_http.notebook.frames.json_body import json_lines, json_value
from notebook_http.notebook.frames.tabular import decoded_text, frame_from_csv
from notebook_http.notebook.frames.typed_columns import cast
from notebook_http.notebook.frames.wanted import Dtypes, Wanted
from notebook_http.notebook.frames.workbook import frame_from_workbook
from notebook_http.notebook.frames.xml_body import xml_value

if TYPE_CHECKING:
    import pandas

__all__ = ["frame_from_reply_parts"]


def frame_from_reply_parts(
    content: bytes,
    content_type: str,
    charset: str | None = None,
    path: str | None = None,
    *,
    flatten: bool = True,
    dtypes: Dtypes = "auto",
    index: str | Sequence[str] | None = None,
    to: str = "pandas",
    attrs: Mapping[str, str] | None = None,
) -> Any:
    """Return the table in a reply's body.

    Args:
        content: the decoded body.
        content_type: the media type; parameters and case do not matter, `""` when unknown.
        charset: the charset parameter, if there is one.
        path: where the rows are inside JSON or XML, as in `"data.items"` (see `frame_from_json`);
            the number, caption or id of a table in a page; the name or number of a sheet.
        flatten: whether nested dicts become columns.
        dtypes: "auto", None for values as the body has them, or types by column, the rest auto.
        index: the column, or columns, that name the rows.
        to: "pandas", "polars" or "arrow".
        attrs: where the table is from; kept in `attrs`, and in the metadata of an Arrow table.

    Raises:
        FrameError: the body is no table, or one of the other arguments does not fit it.
    """
    known_kind(to)
    media_type = content_type.partition(";")[0].strip().lower()
    if not content:
        msg = (
            "The reply has no body, so there is no table in it.\n"
            "Look at its status: 204 and 304 never have one, and HEAD asks for none."
        )
        raise FrameError(msg)
    wanted = Wanted.of(path, flatten, dtypes)
    found = format_of(content, media_type, charset)
    if found in ("parquet", "arrow"):
        _refuse_path(path, found)
        table = parquet_table(content) if found == "parquet" else arrow_table(content)
        if to != "pandas" and index is None and not wanted.dtypes:
            return delivered_table(table, to, attrs)
        frame = frame_from_table(table)
    else:
        frame = _frame(content, media_type, found, charset, wanted)
    if wanted.dtypes:
        frame = cast(frame, wanted.dtypes)
    return delivered(frame, index=index, to=to, attrs=attrs)


def _frame(
    content: bytes,
    media_type: str,
    found: BodyFormat | None,
    charset: str | None,
    wanted: Wanted,
) -> pandas.DataFrame:
    match found:
        case "json":
            return wanted.json_frame(_json_or_lines(content, charset))
        case "json lines":
            return wanted.json_frame(json_lines(content, charset))
        case "delimited":
            _refuse_path(wanted.path, f"delimited text ({media_type or 'no content type'})")
            return wanted.dated(frame_from_csv(content, charset, DELIMITERS.get(media_type)))
        case "workbook":
            return wanted.dated(frame_from_workbook(content, wanted.path))
        case "xml":
            value = xml_value(content, charset)
            if not isinstance(value, dict):
                msg = "There are no rows in this XML: its root has no elements.\nLook at .text."
                raise FrameError(msg)
            return wanted.json_frame(value, text_only=True)
        case "html":
            return wanted.text_frame(html_columns(decoded_text(content, charset), wanted.path))
        case "events":
            rows, plain = event_rows(content)
            return wanted.json_frame(rows, text_only=plain)
        case _:
            raise FrameError(_no_table(media_type))


def _refuse_path(path: str | None, what: str) -> None:
    if path is not None:
        msg = f"`path` chooses rows inside JSON, but this body is {what}.\nLeave `path` out."
        raise FrameError(msg)


def _json_or_lines(content: bytes, charset: str | None) -> Any:
    """Return the JSON value in *content*, or its lines' values: many APIs label those as JSON."""
    try:
        return json_value(content, charset)
    except FrameError:
        first, _, rest = content.strip().partition(b"\n")
        if not (first.rstrip().endswith((b"}", b"]")) and rest.lstrip().startswith((b"{", b"["))):
            raise
    return json_lines(content, charset)


def _no_table(media_type: str) -> str:
    named = f"{media_type[:80]!r}" if media_type else "of no stated type"
    return (
        f"The body is {named}, which is no table: df() reads JSON, CSV, Parquet, Arrow, Excel, "
        "XML, HTML tables and event streams.\n"
        "Look at r.text or r.content, and read them with the library for that type."
    )
