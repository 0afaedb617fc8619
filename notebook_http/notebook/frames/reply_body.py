"""Make a DataFrame of a body by what it says it is, or by what it looks like.

Servers of raw files label CSV as `text/plain` or not at all, so plain text is looked into.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from notebook_http.notebook.frames.delivery import delivered, known_kind
from notebook_http.notebook.frames.exceptions import FrameError
from notebook_http.notebook.frames.json_body import json_lines, json_value
from notebook_http.notebook.frames.tabular import decoded_text, delimiter_of, frame_from_csv
from notebook_http.notebook.frames.typed_columns import cast
from notebook_http.notebook.frames.wanted import Dtypes, Wanted

if TYPE_CHECKING:
    import pandas

__all__ = ["frame_from_reply_parts"]

_JSON = frozenset({"application/json", "text/json", "application/javascript", "text/javascript"})
_JSON_LINES = frozenset(
    {
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "application/x-jsonlines",
        "application/jsonlines",
        "application/json-seq",
        "application/geo+json-seq",
    }
)
#: None: the delimiter is told from the text. European spreadsheets write `;` into text/csv.
_DELIMITED = {
    "text/csv": None,
    "application/csv": None,
    "text/x-csv": None,
    "text/comma-separated-values": None,
    "text/tab-separated-values": "\t",
    "text/tsv": "\t",
}
#: Types that say nothing, or that Windows registers for CSV: the body itself tells.
_UNTOLD = frozenset(
    {
        "",
        "text/plain",
        "application/octet-stream",
        "binary/octet-stream",
        "application/vnd.ms-excel",
    }
)
#: What to try for types that pandas reads and this package does not.
_ELSEWHERE = {
    "text/html": "For tables in the page: pandas.read_html(io.StringIO(r.text)).",
    "application/xhtml+xml": "For tables in the page: pandas.read_html(io.StringIO(r.text)).",
    "application/xml": "Try pandas.read_xml(io.BytesIO(r.content)).",
    "text/xml": "Try pandas.read_xml(io.BytesIO(r.content)).",
    "application/vnd.apache.parquet": "Try pandas.read_parquet(io.BytesIO(r.content)).",
    "application/vnd.apache.arrow.file": "Try pandas.read_feather(io.BytesIO(r.content)).",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (
        "Try pandas.read_excel(io.BytesIO(r.content))."
    ),
}


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
        path: where the rows are inside JSON, as in `"data.items"`; see `frame_from_json`.
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
    frame = _frame(content, media_type, charset, wanted)
    if wanted.dtypes:
        frame = cast(frame, wanted.dtypes)
    return delivered(frame, index=index, to=to, attrs=attrs)


def _frame(
    content: bytes, media_type: str, charset: str | None, wanted: Wanted
) -> pandas.DataFrame:
    if media_type in _JSON_LINES:
        return wanted.json_frame(json_lines(content, charset))
    if media_type in _JSON or media_type.endswith("+json") or _looks_like_json(content, media_type):
        return wanted.json_frame(_json_or_lines(content, charset))
    delimiter = _DELIMITED.get(media_type)
    if media_type in _DELIMITED or _looks_delimited(content, media_type, charset):
        if wanted.path is not None:
            msg = (
                "`path` chooses rows inside JSON, but this body is delimited text "
                f"({media_type or 'no content type'}).\nLeave `path` out."
            )
            raise FrameError(msg)
        return wanted.dated(frame_from_csv(content, charset, delimiter))
    raise FrameError(_no_table(media_type))


def _json_or_lines(content: bytes, charset: str | None) -> Any:
    """Return the JSON value in *content*, or its lines' values: many APIs label those as JSON."""
    try:
        return json_value(content, charset)
    except FrameError:
        first, _, rest = content.strip().partition(b"\n")
        if not (first.rstrip().endswith((b"}", b"]")) and rest.lstrip().startswith((b"{", b"["))):
            raise
    return json_lines(content, charset)


def _looks_like_json(content: bytes, media_type: str) -> bool:
    return media_type in _UNTOLD and content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def _looks_delimited(content: bytes, media_type: str, charset: str | None) -> bool:
    if media_type not in _UNTOLD or b"\0" in content[:4096]:
        return False
    # One line with a comma in it is a sentence, not a table.
    if b"\n" not in content.strip():
        return False
    # A slice may cut a character in two; without a charset the guess then falls to one byte a
    # character, which finds the same delimiters.
    head = content[: 64 * 1024]
    if len(head) < len(content):
        head = head.rpartition(b"\n")[0]
    return delimiter_of(decoded_text(head, charset)) is not None


def _no_table(media_type: str) -> str:
    named = f"{media_type[:80]!r}" if media_type else "of no stated type"
    hint = _ELSEWHERE.get(
        media_type, "Look at r.text or r.content, and read them with the library for that type."
    )
    return f"The body is {named}, which is no table: df() reads JSON and CSV.\n{hint}"
