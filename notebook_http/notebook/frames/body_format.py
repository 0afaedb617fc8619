"""Tell what format a body is in: by its media type, or by its first bytes if that says nothing.

Servers of raw files label CSV as `text/plain` or not at all, so plain text is looked into; Parquet
and workbooks mostly come as `application/octet-stream`.
"""

from __future__ import annotations

from typing import Literal

from notebook_http.notebook.frames.columnar import ARROW_FILE, PARQUET
from notebook_http.notebook.frames.tabular import decoded_text, delimiter_of
from notebook_http.notebook.frames.workbook import is_workbook

__all__ = ["DELIMITERS", "BodyFormat", "format_of"]

BodyFormat = Literal[
    "json", "json lines", "delimited", "parquet", "arrow", "workbook", "xml", "html", "events"
]

#: None: the delimiter is told from the text. European spreadsheets write `;` into text/csv.
DELIMITERS = {
    "text/csv": None,
    "application/csv": None,
    "text/x-csv": None,
    "text/comma-separated-values": None,
    "text/tab-separated-values": "\t",
    "text/tsv": "\t",
}
_FORMATS: dict[str, BodyFormat] = {
    **dict.fromkeys(
        ("application/json", "text/json", "application/javascript", "text/javascript"), "json"
    ),
    **dict.fromkeys(
        (
            "application/x-ndjson",
            "application/ndjson",
            "application/jsonl",
            "application/x-jsonlines",
            "application/jsonlines",
            "application/json-seq",
            "application/geo+json-seq",
        ),
        "json lines",
    ),
    **dict.fromkeys(DELIMITERS, "delimited"),
    **dict.fromkeys(
        ("application/vnd.apache.parquet", "application/parquet", "application/x-parquet"),
        "parquet",
    ),
    **dict.fromkeys(
        (
            "application/vnd.apache.arrow.file",
            "application/vnd.apache.arrow.stream",
            "application/feather",
        ),
        "arrow",
    ),
    **dict.fromkeys(
        (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.ms-excel.sheet.macroenabled.12",
            "application/vnd.ms-excel.sheet.binary.macroenabled.12",
            "application/vnd.oasis.opendocument.spreadsheet",
        ),
        "workbook",
    ),
    "application/xml": "xml",
    "text/xml": "xml",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/event-stream": "events",
}
#: Types that say nothing, or that Windows registers for CSV: the body itself tells.
_UNTOLD = frozenset(
    {
        "",
        "text/plain",
        "application/octet-stream",
        "binary/octet-stream",
        "application/zip",
        "application/vnd.ms-excel",
    }
)
_SNIFFED_BYTES = 1024


def format_of(content: bytes, media_type: str, charset: str | None) -> BodyFormat | None:
    """Return the format of *content*; None if it is nothing that holds a table.

    Raises:
        FrameError: the text has to be looked into, and is not in *charset*.
    """
    told = _FORMATS.get(media_type)
    if told is not None:
        return told
    if media_type.endswith("+json"):
        return "json"
    if media_type.endswith("+xml") and media_type != "image/svg+xml":
        return "xml"
    if media_type not in _UNTOLD:
        return None
    if content.startswith(PARQUET) and content.endswith(PARQUET):
        return "parquet"
    if content.startswith(ARROW_FILE):
        return "arrow"
    if is_workbook(content):
        return "workbook"
    head = content[:_SNIFFED_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head[:1] in (b"{", b"["):
        return "json"
    if head.startswith(b"<?xml"):
        return "html" if b"<html" in head else "xml"
    if head.startswith((b"<!doctype html", b"<html", b"<table")):
        return "html"
    return "delimited" if _looks_delimited(content, charset) else None


def _looks_delimited(content: bytes, charset: str | None) -> bool:
    if b"\0" in content[:4096]:
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
