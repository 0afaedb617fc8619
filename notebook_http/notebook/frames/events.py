"""Rows of an event stream that was read whole: one row an event."""

from __future__ import annotations

from typing import Any

from notebook_http.notebook.frames.exceptions import FrameError
from notebook_http.wire.event_stream import EventStreamParser, EventTooLarge
from notebook_http.wire.json_parser import parse_json

__all__ = ["event_rows"]


def event_rows(content: bytes) -> tuple[list[dict[str, Any]], bool]:
    """Return a row for each event in *content*, and whether all their data is plain text.

    A row has `event` and `id`, if any event of the stream has one, and `data`: the JSON value if
    it is an object or a list, and text otherwise.

    Raises:
        FrameError: there is no event, or one is larger than an event may be.
    """
    try:
        events = list(EventStreamParser().feed(content))
    except EventTooLarge as error:
        msg = f"The event stream cannot be read: {error}."
        raise FrameError(msg) from error
    if not events:
        msg = (
            "There is no whole event in this stream: one ends at an empty line.\n"
            "Look at .text to see what came."
        )
        raise FrameError(msg)
    named = any(event.event != "message" for event in events)
    numbered = any(event.id for event in events)
    rows = []
    plain = True
    for event in events:
        row: dict[str, Any] = {"event": event.event} if named else {}
        if numbered:
            row["id"] = event.id
        row["data"] = data = _data(event.data)
        plain = plain and isinstance(data, str)
        rows.append(row)
    return rows, plain


def _data(text: str) -> Any:
    if text.lstrip()[:1] not in ("{", "["):
        return text
    try:
        return parse_json(text)
    except (ValueError, RecursionError):
        return text  # `[DONE]` is how some streams end
