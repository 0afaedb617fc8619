"""Show the head of a body as a few lines of plain text, for terminals and logs."""

from __future__ import annotations

from notebook_http.notebook.display.body import Body, BodyKind, head_of, json_source
from notebook_http.notebook.display.body_rows import has_all_rows, rows_of_body
from notebook_http.notebook.display.hex_dump import hex_lines
from notebook_http.notebook.display.html import visible
from notebook_http.notebook.display.json_items import MalformedJSON
from notebook_http.notebook.display.json_outline import json_outline
from notebook_http.notebook.display.json_tree import holds_words, json_nodes
from notebook_http.notebook.display.media_html import media_words
from notebook_http.notebook.display.packed_values import UnreadablePack, read_packed
from notebook_http.notebook.display.record_rows import rows_lines
from notebook_http.notebook.display.size_budget import size_words
from notebook_http.wire.secrets import mask_text

__all__ = ["preview_lines"]


def preview_lines(body: Body, count: int, width: int = 100) -> list[str]:
    """Return the head of *body* as at most *count* lines of at most *width* characters."""
    if body.kind is BodyKind.EMPTY:
        return []
    if body.kind in (BodyKind.IMAGE, BodyKind.AUDIO):
        return [f"({media_words(body)}: r.content has its bytes)"]
    if body.kind is BodyKind.MSGPACK:
        try:
            root, _ = json_nodes(read_packed(body), 4000)
            return [visible(f"(MessagePack: {holds_words(root) if root.bracket else root.text})")]
        except UnreadablePack as error:
            shown = hex_lines(body.content[: 16 * min(count - 2, 4)])
            return [visible(f"({error})"), *shown, _plain_note(body, "r.content")]
    if body.kind is BodyKind.BINARY:
        shown = hex_lines(body.content[: 16 * min(count - 1, 4)])
        return [*shown, _plain_note(body, "r.content")]
    if body.kind is BodyKind.TEXT:
        return _text_lines(body, count, width)
    if body.kind is BodyKind.JSON:
        try:
            json_source(body)
        except MalformedJSON as error:
            return [_malformed(error), *_text_lines(body, count - 1, width)]
    rows = rows_of_body(body, count)
    if rows is not None:
        remark = [visible(f"({rows.remark})")] if rows.remark else []
        lines = rows_lines(rows, count - 1 - len(remark), width)
        table = [*(visible(line) for line in lines), *remark]
        if len(lines) > (rows.total or count):
            return table
        return [*table, _plain_note(body, has_all_rows(body.kind))]
    if body.kind is not BodyKind.JSON:
        return _text_lines(body, count, width)
    text, whole = head_of(body)
    outline, ended = json_outline(text, characters=count * width * 2, lines=count + 1)
    return _fitted(body, outline, whole and ended, count, width)


def _malformed(error: MalformedJSON) -> str:
    return f"(not JSON: {error.words})"


def _text_lines(body: Body, count: int, width: int) -> list[str]:
    text, whole = head_of(body, 4 * count * width)
    return _fitted(body, mask_text(text), whole, count, width)


def _fitted(body: Body, text: str, whole: bool, count: int, width: int) -> list[str]:
    lines = text.splitlines()
    if whole and len(lines) <= count and all(len(line) <= width for line in lines):
        return [visible(line) for line in lines]
    lines = [visible(line[: width - 1] + "…" * (len(line) >= width)) for line in lines[: count - 1]]
    return [*lines, _plain_note(body, "r.text")]


def _plain_note(body: Body, where: str) -> str:
    return f"… {size_words(len(body.content))} in all: {where} has it"
