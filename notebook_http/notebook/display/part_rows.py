"""Rows of what is sent in parts: forms, multipart bodies and event streams.

Cut up by looking for their separators, which costs a few milliseconds for 100 MB, and only what is
shown is read. Strict reading is for those who use it (`wire.multipart_reader`); a glance must also
show what is broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from notebook_http.notebook.display.html import visible
from notebook_http.notebook.display.media import media_type_of
from notebook_http.notebook.display.record_rows import Rows, rows_of
from notebook_http.notebook.display.size_budget import size_words
from notebook_http.wire.content_disposition import (
    content_disposition_filename,
    read_content_disposition,
)
from notebook_http.wire.event_stream import EventStreamParser, EventTooLarge
from notebook_http.wire.secret_names import is_secret_name, mask
from notebook_http.wire.secrets import mask_text

__all__ = ["event_rows", "form_rows", "multipart_rows"]

_PREVIEW_BYTES = 200
_PART_HEAD_BYTES = 8192
_BOUNDARY_BYTES = 72  # two hyphens and RFC 2046's 70
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


def form_rows(text: str, limit: int, whole: bool) -> Rows | None:
    """Return the first *limit* pairs of a form (`a=1&b=2`); None when there is none in it."""
    fields = text.split("&", limit)
    total = text.count("&") + 1 if whole else None
    pairs = [field.partition("=") for field in fields[:limit]]
    if not all(equals for _, equals, _ in pairs):
        return None
    records = [
        {"name": unquote_plus(name[:500]), "value": unquote_plus(value[:5000])}
        for name, _, value in pairs
    ]
    return rows_of(records, total)


def event_rows(content: bytes, whole: bool, limit: int) -> Rows | None:
    """Return the first *limit* events of an event stream, whose head is *content*."""
    events = []
    try:
        for event in EventStreamParser(max_event_bytes=len(content) + 1).feed(content):
            events.append(event)
            if len(events) > limit:
                break
    except EventTooLarge:
        pass
    if not events:
        return None
    total = len(events) if whole and len(events) <= limit else None
    records: list[Mapping[str, Any]] = []
    for event in events[:limit]:
        record = {"event": event.event, "data": event.data}
        records.append({**record, "id": event.id} if event.id else record)
    return rows_of(records, total)


def multipart_rows(content: bytes, limit: int) -> Rows | None:
    """Return a row for each of the first *limit* parts of a multipart body: RFC 2046 §5.1.

    The boundary is read off the body's first line that begins with two hyphens. None when there
    is none.
    """
    found = re.search(rb"(?:\A|\n)(--[^\r\n]{1,70})[ \t]*\r?\n", content[:4096])
    if found is None or len(found.group(1)) > _BOUNDARY_BYTES:
        return None
    boundary = found.group(1)
    records = []
    parts = _parts(content, boundary, found.start(1))
    for part in parts:
        records.append(_part_record(part))
        if len(records) == limit:
            break
    more = sum(1 for _ in zip(parts, range(1000), strict=False))
    return rows_of(records, None if more == 1000 else len(records) + more)


def _parts(content: bytes, boundary: bytes, start: int) -> Iterator[memoryview]:
    """Yield what is between *boundary* and the next; the last may have been cut off."""
    view = memoryview(content)
    position = content.find(b"\n", start) + 1
    while 0 < position < len(content):
        end = content.find(b"\n" + boundary, position - 1)
        if end < 0:
            yield view[position:]
            return
        last = max(end - 1 if content[end - 1 : end] == b"\r" else end, position)
        yield view[position:last]
        behind = end + 1 + len(boundary)
        if content[behind : behind + 2] == b"--":
            return
        position = content.find(b"\n", behind) + 1


def _part_record(part: memoryview) -> dict[str, Any]:
    head = bytes(part[:_PART_HEAD_BYTES])
    # A part without fields begins with its blank line.
    blank = _BLANK_LINE.search(b"\n" + head)
    fields = head[: max(blank.start() - 1, 0)] if blank else head
    size = len(part) - (blank.end() - 1) if blank else 0
    headers = _headers_of(fields)
    _, parameters, _ = read_content_disposition(headers.get("content-disposition"))
    name = parameters.get("name", "")
    content = bytes(part[blank.end() - 1 :][:_PREVIEW_BYTES]) if blank else b""
    preview = _preview_of(content)
    return {
        "part": name,
        "filename": content_disposition_filename(parameters) or "",
        "type": headers.get("content-type", "")[:200],
        "size": size_words(size) if blank else "cut off in its head",
        "content": mask(preview) if is_secret_name(name) else mask_text(preview),
    }


def _headers_of(fields: bytes) -> dict[str, str]:
    headers = {}
    for line in fields.decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return headers


def _preview_of(content: bytes) -> str:
    media_type = media_type_of(content)
    if media_type:
        return f"({media_type})"
    if any(byte < 9 or 13 < byte < 27 for byte in content):
        return f"({content[:12].hex(' ')} …)"
    return visible(content.decode("utf-8", "replace"))
