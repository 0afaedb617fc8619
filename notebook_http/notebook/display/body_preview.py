"""Show the head of a body by its type: JSON laid out, rows as a table, text, an image, or hex.

Only the head is decoded and read, so a body of any size costs about the same. Everything is text
to us: HTML and SVG appear as their source, never as a page. Whatever is left out is said, with
what has it all.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from notebook_http.notebook.display.html import Html, join, tag, visible
from notebook_http.notebook.display.json_outline import json_outline
from notebook_http.notebook.display.record_rows import (
    Rows,
    csv_rows,
    hidden_columns,
    json_line_rows,
    json_rows,
    may_hold_secrets,
    rows_lines,
    rows_table,
)
from notebook_http.notebook.display.size_budget import IMAGE_BYTES, cut, size_words
from notebook_http.wire.secrets import mask_text

__all__ = ["Body", "BodyKind", "image_html", "preview_html", "preview_lines", "table_html"]

# 128 KiB of the body is looked at: more than any card shows.
_HEAD_BYTES = 128 * 1024
# Up to 256 KiB a JSON body is parsed whole (2 to 3 ms), to tell how many rows it has and whether
# it is JSON at all. Beyond that the card must not keep the cell waiting.
_PARSED_BYTES = 256 * 1024
_TABLE_ROWS = 20
# A thousand lines of laid out JSON; more is a search, not a glance.
_OUTLINE_BYTES = 24_000
_HEX_BYTES = 256
# Frame, notes and caption around the body's own text.
_FRAME_BYTES = 600

_JSON_TYPES = frozenset({"application/json", "text/json"})
_LINES_TYPES = frozenset(
    {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-seq"}
)
_CSV_TYPES = {
    "text/csv": None,
    "application/csv": None,
    "text/tab-separated-values": "\t",
}
# Pictures that every browser shows from `data:`, and none of which can carry a script (SVG can).
_IMAGE_TYPES = {
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/jpg": "jpeg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/bmp": "bmp",
    "image/x-icon": "x-icon",
    "image/vnd.microsoft.icon": "x-icon",
}
# `application/…` that is text; besides `text/*` and `*+xml`.
_TEXT_SUBTYPES = frozenset(
    {"xml", "javascript", "ecmascript", "yaml", "x-yaml", "toml", "sql", "graphql"}
    | {"x-www-form-urlencoded", "x-sh"}
)
_UNTOLD_TYPES = frozenset({"", "application/octet-stream", "binary/octet-stream", "text/plain"})
_PRE = "white-space: pre-wrap; overflow-wrap: anywhere; max-height: 30em; overflow: auto; margin: 0"
_SCROLL = "overflow: auto; max-height: 30em"


class BodyKind(Enum):
    """What a body is shown as; the value is the word for it."""

    EMPTY = "no body"
    JSON = "JSON"
    JSON_LINES = "JSON lines"
    CSV = "CSV"
    IMAGE = "image"
    TEXT = "text"
    BINARY = "binary"


@dataclass(frozen=True, slots=True)
class Body:
    """A body and what its header says of it.

    Attributes:
        content: its bytes, decoded from gzip and the like.
        content_type: the media type in lower case without parameters; empty when there is none.
        charset: a codec name that Python can decode with.
        kind: what it is shown as, told from these.
    """

    content: bytes
    content_type: str = ""
    charset: str = "utf-8"
    kind: BodyKind = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", _kind_of(self.content, self.content_type))


def _kind_of(content: bytes, content_type: str) -> BodyKind:
    if not content:
        return BodyKind.EMPTY
    if content_type in _IMAGE_TYPES:
        return BodyKind.IMAGE
    if content_type in _JSON_TYPES or content_type.endswith("+json"):
        return BodyKind.JSON
    if content_type in _LINES_TYPES:
        return BodyKind.JSON_LINES
    if content_type in _CSV_TYPES:
        return BodyKind.CSV
    if content_type in _UNTOLD_TYPES:
        return _kind_by_look(content)
    main, _, subtype = content_type.partition("/")
    told = main == "text" or (main == "application" and subtype in _TEXT_SUBTYPES)
    if told or subtype.endswith("+xml"):
        return BodyKind.TEXT
    return BodyKind.BINARY if _looks_binary(content) else BodyKind.TEXT


def _kind_by_look(content: bytes) -> BodyKind:
    """Return the kind of a body whose type says nothing: many servers send JSON so."""
    if _looks_binary(content):
        return BodyKind.BINARY
    if content[:256].lstrip()[:1] in (b"{", b"[") and len(content) <= _PARSED_BYTES:
        try:
            json.loads(content)
        except (ValueError, RecursionError):
            return BodyKind.TEXT
        return BodyKind.JSON
    return BodyKind.TEXT


def _looks_binary(content: bytes) -> bool:
    head = content[:1024]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16, which is full of NULs
        return False
    return any(byte < 9 or 13 < byte < 27 for byte in head)


def _head(body: Body, size: int = _HEAD_BYTES) -> tuple[str, bool]:
    """Return (the first *size* bytes of *body* as text, whether that is all of it)."""
    whole = len(body.content) <= size
    text = body.content[:size].decode(body.charset, "replace").removeprefix("\ufeff")
    if not whole:
        text = text.removesuffix("\ufffd")  # the character that the cut went through
    return text, whole


# As HTML ----------------------------------------------------------------------------------------


def preview_html(body: Body, limit: int, *, table: bool = True) -> Html:
    """Return the head of *body* as HTML that weighs at most *limit* bytes (at least 2,000).

    Rows are shown as a table, unless *table* is False: then as what they were sent as.
    """
    limit = max(limit - _FRAME_BYTES, 1400)
    if body.kind is BodyKind.EMPTY:
        return tag("div", "The body is empty.")
    if body.kind is BodyKind.IMAGE:
        return _image(body, limit)
    if body.kind is BodyKind.BINARY:
        return _hex(body)
    if body.kind is BodyKind.TEXT:
        return _text(body, limit)
    return _structured(body, limit, table)


def image_html(body: Body) -> Html | None:
    """Return *body* as an `<img>` of its own bytes; None when it is no image or over 256 KiB."""
    image_type = _IMAGE_TYPES.get(body.content_type)
    if image_type is None or not 0 < len(body.content) <= IMAGE_BYTES:
        return None
    data = b64encode(body.content).decode("ascii")
    return tag(
        "img",
        src=f"data:image/{image_type};base64,{data}",
        alt=f"{body.content_type}, {size_words(len(body.content))}",
        style="max-width: 100%",
    )


def _image(body: Body, limit: int) -> Html:
    image = image_html(body)
    if image is not None and len(image) <= limit:
        return tag("div", image)
    size = size_words(len(body.content))
    return tag(
        "div",
        f"{body.content_type}, {size}: too big to be kept in a card. "
        "r.widget() shows it, r.content has its bytes.",
    )


def _text(body: Body, limit: int, remark: str = "") -> Html:
    # A token that the cut goes through lies in the slack and is masked with the rest.
    text, whole = _head(body, min(limit + 2048, _HEAD_BYTES))
    shown = cut(mask_text(text), limit)
    note = "" if whole and shown.whole else _how_much(body, shown.text)
    return join(_note(remark), tag("pre", shown.text, style=_PRE, dir="auto"), _note(note))


def _how_much(body: Body, shown: str) -> str:
    size = len(shown.encode(body.charset, "replace"))
    total = len(body.content)
    return f"Showing {_of_words(min(size, total), total)}: r.text has all."


def _of_words(part: int, total: int) -> str:
    """Return `40 of 913 KB`, or `900 bytes of 2.1 KB` where the units differ."""
    part_words, total_words = size_words(part), size_words(total)
    amount, _, unit = part_words.rpartition(" ")
    return f"{amount if total_words.endswith(unit) else part_words} of {total_words}"


def _structured(body: Body, limit: int, table: bool) -> Html:
    rows, error = _find_rows(body, _TABLE_ROWS)
    if error:
        return _text(body, limit, f"Not JSON, though it is sent as {body.content_type}: {error}")
    # In plain CSV nothing but its column tells that a value is a secret: the table masks it.
    if rows is not None and (table or (body.kind is BodyKind.CSV and may_hold_secrets(rows))):
        return _table(body, rows, limit)
    text, whole = _head(body)
    if body.kind is not BodyKind.JSON:
        return _text(body, limit)
    limit = min(limit, _OUTLINE_BYTES)
    outline, ended = json_outline(text, characters=limit)
    shown = cut(outline, limit)
    note = ""
    if not (whole and ended and shown.whole):
        size = size_words(len(body.content))
        note = f"Showing the beginning of {size}: r.text has all, r.json() its values."
    return join(tag("pre", shown.text, style=_PRE, dir="auto"), _note(note))


def _parse(body: Body) -> tuple[Any, str]:
    """Return (the value of a JSON body, what is wrong with it); (None, "") when it is too long."""
    if len(body.content) > _PARSED_BYTES:
        return None, ""
    try:
        return json.loads(_head(body, _PARSED_BYTES)[0]), ""
    except RecursionError:
        return None, ""
    except ValueError as error:
        return None, str(error)


def _find_rows(body: Body, limit: int) -> tuple[Rows | None, str]:
    """Return (the first *limit* rows or None, what is wrong with a body that is no JSON)."""
    text, _ = _head(body)
    if body.kind is BodyKind.JSON:
        parsed, error = _parse(body)
        return (None, error) if error else (json_rows(text, parsed, limit), "")
    if body.kind is BodyKind.JSON_LINES:
        return json_line_rows(text, limit), ""
    if body.kind is BodyKind.CSV:
        return _csv_rows(body, text, limit), ""
    return None, ""


def _csv_rows(body: Body, text: str, limit: int) -> Rows | None:
    lines = body.content.count(b"\n") + (not body.content.endswith(b"\n"))
    return csv_rows(text, _CSV_TYPES.get(body.content_type), limit, lines)


def _table(body: Body, rows: Rows, limit: int) -> Html:
    """Return as many of *rows* as weigh at most *limit* bytes, and what is left out."""
    count = len(rows.records)
    while True:
        shown = Rows(rows.columns, rows.records[:count], rows.total)
        table = rows_table(shown, _caption(body, count, rows.total))
        if len(table.encode("utf-8")) <= limit or count <= 1:
            break
        count //= 2
    if len(table.encode("utf-8")) > limit:  # one row with cells of nothing but quotes
        return tag("div", f"{len(rows.columns)} columns: r.df() has them.")
    note = hidden_columns(rows)
    return join(tag("div", table, style=_SCROLL), _note(note))


def table_html(body: Body, rows: int, limit: int) -> Html | None:
    """Return at most *rows* rows and *limit* bytes of a body as a table; None if it has no rows."""
    found, _ = _find_rows(body, rows)
    return None if found is None else _table(body, found, limit)


def _caption(body: Body, count: int, total: int | None) -> str:
    if total is None:
        return f"First {count} rows of {size_words(len(body.content))}: r.df() has all."
    if count == total:
        return f"{count} row{'' if count == 1 else 's'}: r.df() makes a DataFrame of them."
    # A quoted field may hold line breaks, so lines are a good guess at rows, no more.
    about = "about " if body.kind is BodyKind.CSV else ""
    return f"First {count} of {about}{total:,} rows: r.df() has all."


def _hex(body: Body) -> Html:
    note = f"Showing {_of_words(min(_HEX_BYTES, len(body.content)), len(body.content))}"
    return join(
        tag("pre", "\n".join(_hex_lines(body.content[:_HEX_BYTES])), style=_PRE),
        _note(f"{note}: r.content has all." if len(body.content) > _HEX_BYTES else ""),
    )


def _hex_lines(content: bytes) -> list[str]:
    lines = []
    for start in range(0, len(content), 16):
        piece = content[start : start + 16]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in piece)
        lines.append(f"{start:06x}  {piece.hex(' '):<47}  {letters}")
    return lines


def _note(text: str) -> Html | None:
    return tag("div", tag("small", text)) if text else None


# As plain text ----------------------------------------------------------------------------------


def preview_lines(body: Body, count: int, width: int = 100) -> list[str]:
    """Return the head of *body* as at most *count* lines of at most *width* characters."""
    if body.kind is BodyKind.EMPTY:
        return []
    if body.kind is BodyKind.IMAGE:
        return [f"({body.content_type}, {size_words(len(body.content))}: r.content has its bytes)"]
    if body.kind is BodyKind.BINARY:
        shown = _hex_lines(body.content[: 16 * min(count - 1, 4)])
        return [*shown, _plain_note(body, "r.content")]
    if body.kind is BodyKind.TEXT:
        return _text_lines(body, count, width)
    rows, error = _find_rows(body, count)
    if rows is not None:
        table = [visible(line) for line in rows_lines(rows, count - 1, width)]
        return (
            table if len(table) > (rows.total or count) else [*table, _plain_note(body, "r.df()")]
        )
    if error or body.kind is not BodyKind.JSON:
        return _text_lines(body, count, width)
    text, whole = _head(body)
    outline, ended = json_outline(text, characters=count * width * 2, lines=count + 1)
    return _fitted(body, outline, whole and ended, count, width)


def _text_lines(body: Body, count: int, width: int) -> list[str]:
    text, whole = _head(body, 4 * count * width)
    return _fitted(body, mask_text(text), whole, count, width)


def _fitted(body: Body, text: str, whole: bool, count: int, width: int) -> list[str]:
    lines = text.splitlines()
    if whole and len(lines) <= count and all(len(line) <= width for line in lines):
        return [visible(line) for line in lines]
    lines = [visible(line[: width - 1] + "…" * (len(line) >= width)) for line in lines[: count - 1]]
    return [*lines, _plain_note(body, "r.text")]


def _plain_note(body: Body, where: str) -> str:
    return f"… {size_words(len(body.content))} in all: {where} has it"
