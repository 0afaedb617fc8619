"""Show the head of a body by its type: JSON as a tree, rows as a table, text, a picture, or hex.

Only what is shown is decoded and read, so a body of any size costs about the same. Everything is
text to us: HTML and SVG appear as their source, never as a page. Whatever is left out is said, with
what has it all; what is malformed is said, with the place.
"""

from __future__ import annotations

from notebook_http.notebook.display.body import (
    HEAD_BYTES,
    Body,
    BodyKind,
    head_of,
    json_source,
)
from notebook_http.notebook.display.body_rows import rows_html, rows_of_body
from notebook_http.notebook.display.hex_dump import hex_lines
from notebook_http.notebook.display.html import Html, join, tag
from notebook_http.notebook.display.json_items import MalformedJSON
from notebook_http.notebook.display.json_tree import json_nodes, tree_html
from notebook_http.notebook.display.malformed import bad_bytes_words, lines_around
from notebook_http.notebook.display.media_html import media_html, media_note, media_words
from notebook_http.notebook.display.packed_values import UnreadablePack, read_packed
from notebook_http.notebook.display.record_rows import Rows, may_hold_secrets
from notebook_http.notebook.display.size_budget import cut, size_words
from notebook_http.notebook.display.source_colours import coloured, language_of
from notebook_http.wire.secrets import mask_text

__all__ = ["Body", "BodyKind", "preview_html"]

_TABLE_ROWS = 20
# Some three hundred values; more is a search, not a glance.
_TREE_BYTES = 28_000
# The tree that stands folded below a table: the first records, with what is nested in them.
_FOLDED_TREE_BYTES = 8_000
_HEX_BYTES = 256
# Frame, notes and caption around the body's own text, and a remark with the place it is about.
_FRAME_BYTES = 600
_REMARK_BYTES = 1_400

_EXCERPT = "white-space: pre-wrap; overflow-wrap: anywhere; margin: 0.5em 0"
_PRE = "white-space: pre-wrap; overflow-wrap: anywhere; max-height: 30em; overflow: auto; margin: 0"


def preview_html(body: Body, limit: int, *, table: bool = True) -> Html:
    """Return the head of *body* as HTML that weighs at most *limit* bytes (at least 2,000).

    Rows are shown as a table, unless *table* is False: then as what they were sent as.
    """
    limit = max(limit - _FRAME_BYTES, 1400)
    if body.kind is BodyKind.EMPTY:
        return tag("div", "The body is empty.")
    if body.kind in (BodyKind.IMAGE, BodyKind.AUDIO):
        return _media(body, limit)
    if body.kind is BodyKind.BINARY:
        return join(_note(body.remark), _hex(body))
    if body.kind is BodyKind.TEXT:
        return _text(body, limit, _note(body.remark))
    if body.kind is BodyKind.MSGPACK:
        return _packed(body, min(limit, _TREE_BYTES))
    return _structured(body, limit, table)


def _media(body: Body, limit: int) -> Html:
    shown = media_html(body)
    if shown is not None and len(shown) <= limit:
        return join(tag("div", shown), _note(f"{media_words(body)}. {media_note(body)}"))
    where = "" if shown is None else "r.widget() shows it, "
    return join(
        tag(
            "div",
            f"{media_words(body)}: too big to be kept in a card. {where}r.content has its bytes.",
        ),
        _note(media_note(body)),
    )


def _text(body: Body, limit: int, remark: Html | None = None) -> Html:
    # A token that the cut goes through lies in the slack and is masked with the rest.
    size = min(limit + 2048, HEAD_BYTES)
    text, whole = head_of(body, size)
    language = language_of(body.content_type)
    colours = limit * 2 // 5 if language else 0
    shown = cut(mask_text(text), limit - colours)
    note = "" if whole and shown.whole else _how_much(body, shown.text)
    if body.content_type in ("text/html", "application/xhtml+xml", "image/svg+xml"):
        note = f"{note} r.render() shows it as a page, in a frame that can reach nothing.".lstrip()
    bad = bad_bytes_words(body.content[:size], body.charset) if "\ufffd" in text else ""
    return join(
        remark,
        _note(bad),
        tag(
            "pre",
            coloured(shown.text, language, colours) if language else shown.text,
            style=_PRE,
            dir="auto",
        ),
        _note(note),
    )


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
    if body.kind is BodyKind.JSON:
        try:
            json_source(body)
        except MalformedJSON as error:
            return _text(body, limit - _REMARK_BYTES, _not_json(body, error))
    rows = rows_of_body(body, _TABLE_ROWS)
    if rows is not None and (table or _hides_more(body, rows)):
        shown = rows_html(body, rows, limit)
        left = min(limit - len(shown.encode("utf-8")) - _FRAME_BYTES, _FOLDED_TREE_BYTES)
        if body.kind is not BodyKind.JSON or left < 2000:
            return shown
        return join(shown, tag("details", tag("summary", "The same as a tree"), _tree(body, left)))
    if body.kind is not BodyKind.JSON:
        return _text(body, limit)
    return _tree(body, min(limit, max(_TREE_BYTES, limit // 2)))


def _hides_more(body: Body, rows: Rows) -> bool:
    """Return whether a table masks what text could not: a value that only its column tells of."""
    if body.kind is BodyKind.CSV:
        return may_hold_secrets(rows)
    return body.kind in (BodyKind.FORM, BodyKind.MULTIPART)


def _packed(body: Body, limit: int) -> Html:
    try:
        source = read_packed(body)
    except UnreadablePack as error:
        return join(tag("div", str(error)), _hex(body))
    root, whole = json_nodes(source, limit)
    note = "" if whole else f"Showing a part of {size_words(len(body.content))}: r.content has all."
    return join(tree_html(root), _note(note))


def _tree(body: Body, limit: int) -> Html:
    source = json_source(body)
    root, whole = json_nodes(source, limit)
    note = ""
    if not whole:
        why = f" ({source.why})" if source.why else ""
        size = size_words(len(body.content))
        note = f"Showing a part of {size}{why}: r.text has all, r.json() its values."
    return join(tree_html(root), _note(note))


def _not_json(body: Body, error: MalformedJSON) -> Html:
    """Return what is wrong with a body that is sent as JSON, and the line it is on."""
    around = lines_around(error.text, error.position)
    return join(
        tag("div", f"Not JSON, though it is sent as {body.content_type[:80]}: {error.words}."),
        tag("pre", "\n".join(around), style=_EXCERPT) if around else None,
    )


def _hex(body: Body) -> Html:
    note = f"Showing {_of_words(min(_HEX_BYTES, len(body.content)), len(body.content))}"
    return join(
        tag("pre", "\n".join(hex_lines(body.content[:_HEX_BYTES])), style=_PRE),
        _note(f"{note}: r.content has all." if len(body.content) > _HEX_BYTES else ""),
    )


def _note(text: str) -> Html | None:
    return tag("div", tag("small", text)) if text else None
