"""Server-sent events: bytes of a `text/event-stream` to events, and back (WHATWG HTML §9.2).

Knows nothing of connections: what to do when a stream ends is the reader's business. The parser
takes bytes however they were cut and looks at each once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from notebook_http.wire.errors import excerpt

__all__ = [
    "MAX_EVENT_BYTES",
    "MAX_LINE_BYTES",
    "EventStreamParser",
    "EventTooLarge",
    "ServerSentEvent",
    "serialise_comment",
    "serialise_event",
]

# One line is usually one JSON text. 8 MiB hold an image in base64, the largest that services send
# in one; more than that in memory for one event is a mistake, or an attack.
MAX_LINE_BYTES = 8 * 1024 * 1024
# All the data of one event: a few such lines.
MAX_EVENT_BYTES = 16 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"
# Digits of a time in milliseconds that are read: 31 years. Nobody waits longer.
_MAX_RETRY_DIGITS = 12
_SHOWN_CHARACTERS = 60
# What ends a line of the stream; `str.splitlines` knows eight more.
_LINE_ENDS = re.compile(r"\r\n|\r|\n")


class EventTooLarge(ValueError):
    """A line or an event is longer than the reader was willing to keep.

    Attributes:
        limit: in bytes.
    """

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"{what} of the event stream is over the limit of {limit:,} bytes")
        self.limit = limit


class ServerSentEvent(NamedTuple):
    """One event.

    Attributes:
        event: its type; "message" when the server named none.
        data: its text, lines joined by LF.
        id: of the last event that had one, this one included; "" before any had.
        retry: milliseconds to wait before connecting again, if this event said so; else None.
    """

    event: str = "message"
    data: str = ""
    id: str = ""
    retry: int | None = None

    def json(self) -> Any:
        """Return the data's JSON as Python values.

        Raises:
            json.JSONDecodeError: a ValueError; the data is no JSON.
        """
        try:
            return json.loads(self.data)
        except json.JSONDecodeError as error:
            begins = excerpt(self.data[:_SHOWN_CHARACTERS])
            why = f"{error.msg} (the data of this {self.event!r} event begins with {begins})"
            raise json.JSONDecodeError(why, error.doc, error.pos) from None


class EventStreamParser:
    """Cuts a stream into events.

    Args:
        last_event_id: of the stream that this one continues.
        max_line_bytes: of one line, its end excluded.
        max_event_bytes: of the data of one event.

    Attributes:
        last_event_id: what to name when connecting again: the `id` of the last whole event.
        retry: milliseconds to wait before that, as the server last said; None before it did.
    """

    __slots__ = (
        "_after_cr",
        "_at_start",
        "_data",
        "_has_data",
        "_id",
        "_line",
        "_max_event_bytes",
        "_max_line_bytes",
        "_retry",
        "_type",
        "last_event_id",
        "retry",
    )

    def __init__(
        self,
        *,
        last_event_id: str = "",
        max_line_bytes: int = MAX_LINE_BYTES,
        max_event_bytes: int = MAX_EVENT_BYTES,
    ) -> None:
        self.last_event_id = last_event_id
        self.retry: int | None = None
        self._max_line_bytes = max_line_bytes
        self._max_event_bytes = max_event_bytes
        self._line = bytearray()  # one that has not ended yet
        self._after_cr = False
        self._at_start = True
        self._id = last_event_id
        self._type = b""
        self._data = bytearray()
        self._has_data = False
        self._retry: int | None = None

    def feed(self, data: bytes) -> Iterator[ServerSentEvent]:
        """Yield the events that end within *data*. Exhaust it before the next call.

        What is not yielded yet is not counted yet: `last_event_id` is the last yielded event's.

        Raises:
            EventTooLarge: a limit is passed; the stream is of no use any more.
        """
        if self._at_start:
            # Perhaps the first byte of a BOM only: kept like a line that has not ended.
            self._line += data
            if len(self._line) < len(_BOM) and _BOM.startswith(self._line):
                return
            data, self._line = bytes(self._line).removeprefix(_BOM), bytearray()
            self._at_start = False
        at, end = 0, len(data)
        next_cr = data.find(b"\r")
        next_lf = data.find(b"\n")
        while at < end:
            if self._after_cr:
                self._after_cr = False
                if data[at] == 0x0A:
                    at += 1
                    continue
            if 0 <= next_cr < at:
                next_cr = data.find(b"\r", at)
            if 0 <= next_lf < at:
                next_lf = data.find(b"\n", at)
            stop = min(next_cr if next_cr >= 0 else end, next_lf if next_lf >= 0 else end)
            if len(self._line) + stop - at > self._max_line_bytes:
                raise EventTooLarge("A line", self._max_line_bytes)
            if stop == end:
                self._line += data[at:]
                return
            line = data[at:stop]
            if self._line:
                line, self._line = bytes(self._line + line), bytearray()
            self._after_cr = stop == next_cr
            at = stop + 1
            if line:
                self._take_line(line)
                continue
            event = self._end_event()
            if event is not None:
                yield event

    def _take_line(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            if len(self._data) + len(value) + 1 > self._max_event_bytes:
                raise EventTooLarge("The data of one event", self._max_event_bytes)
            if self._has_data:
                self._data += b"\n"
            self._data += value
            self._has_data = True
        elif name == b"event":
            self._type = value
        elif name == b"id":
            if b"\0" not in value:
                self._id = _text(value)
        elif name == b"retry" and value.isdigit():
            digits = value.lstrip(b"0")[-_MAX_RETRY_DIGITS - 1 :]
            self.retry = self._retry = min(int(digits or b"0"), 10**_MAX_RETRY_DIGITS)

    def _end_event(self) -> ServerSentEvent | None:
        """Return the event that an empty line ends; None for one without data."""
        self.last_event_id = self._id
        event = None
        if self._has_data:
            kind = _text(self._type) if self._type else "message"
            event = ServerSentEvent(kind, _text(self._data), self._id, self._retry)
        self._type = b""
        self._data = bytearray()
        self._has_data = False
        self._retry = None
        return event


def _text(data: bytes | bytearray) -> str:
    return data.decode("utf-8", "replace")


def serialise_event(
    data: str | None = None,
    *,
    event: str | None = None,
    id: str | None = None,
    retry: int | None = None,
) -> bytes:
    """Return one event of a stream.

    Args:
        data: its text. Each line leaves as one, whatever ends it: the reader joins them by LF.
            None is no data: the reader takes note of *id* and *retry*, and shows nobody an event.
        event: its type; None for "message".
        id: what the reader names when it connects again.
        retry: milliseconds that the reader waits before that.

    Raises:
        ValueError: a line break or NUL in *event* or *id*, or a negative *retry*; or text that is
            no Unicode (lone surrogates). The caller erred.
        TypeError: *retry* is no whole number, or another argument is no text. The caller erred.
    """
    lines = []
    if id is not None:
        lines.append(f"id: {_one_line('id', id)}\n")
    if event is not None:
        lines.append(f"event: {_one_line('event', event)}\n")
    if data is not None:
        if not isinstance(data, str):
            # Reached by callers without a type checker.
            raise TypeError(f"the data of an event is str, not {type(data)!r}: use send_json")
        lines += [f"data: {line}\n" for line in _LINE_ENDS.split(data)]
    if retry is not None:
        if not isinstance(retry, int) or isinstance(retry, bool):
            raise TypeError(f"retry is a whole number of milliseconds, not {retry!r}")
        if retry < 0:
            raise ValueError(f"retry is 0 or more milliseconds, not {retry}")
        lines.append(f"retry: {retry}\n")
    lines.append("\n")
    return "".join(lines).encode("utf-8")


def serialise_comment(text: str) -> bytes:
    """Return a comment of a stream, which readers ignore; each line of *text* is one."""
    return "".join(f": {line}\n" for line in _LINE_ENDS.split(text)).encode("utf-8") + b"\n"


def _one_line(name: str, value: str) -> str:
    if not isinstance(value, str):
        # Reached by callers without a type checker.
        raise TypeError(f"the {name} of an event is str, not {type(value).__name__}")
    if "\n" in value or "\r" in value or "\0" in value:
        shown = excerpt(value, _SHOWN_CHARACTERS)
        raise ValueError(f"the {name} of an event is one line without NUL, not {shown}")
    return value
