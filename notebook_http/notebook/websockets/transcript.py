"""The last messages of a WebSocket, bounded, and how they are shown."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from time import time
from typing import TYPE_CHECKING, NamedTuple

from notebook_http.notebook.display.cell_text import cell_text
from notebook_http.notebook.display.html import Html, table, tag
from notebook_http.notebook.display.size_budget import size_words

if TYPE_CHECKING:
    import pandas

__all__ = ["MOST_KEPT_BYTES", "Entry", "Transcript"]

# Bytes of memory that the texts may take together: some 10,000 messages of a kilobyte and a half,
# and nothing that a kernel would feel.
MOST_KEPT_BYTES = 16 * 1024 * 1024
# Characters that are kept of one message: whoever needs more has what `receive` gave.
_KEPT_CHARACTERS = 64 * 1024
# Bytes of a binary message that are kept, in hexadecimal: its magic number and some more.
_KEPT_BINARY = 32
_COLUMNS = ("Time", "Direction", "Kind", "Size", "Text")


class Entry(NamedTuple):
    """One message.

    Attributes:
        time: when it came or went, in seconds since 1970.
        direction: `sent` or `received`.
        kind: `text`, `binary` or `close`.
        size: bytes of its payload.
        text: it, or its beginning; binary ones in hexadecimal.
    """

    time: float
    direction: str
    kind: str
    size: int
    text: str


class Transcript:
    """The last *keep* messages, and of them as many as go into `MOST_KEPT_BYTES`."""

    __slots__ = ("_bytes", "_entries", "received", "sent")

    def __init__(self, keep: int) -> None:
        self._entries: deque[Entry] = deque(maxlen=keep)
        self._bytes = 0
        self.sent = 0
        self.received = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def note(self, direction: str, data: str | bytes) -> None:
        """Keep a message of text or bytes."""
        if direction == "sent":
            self.sent += 1
        else:
            self.received += 1
        if isinstance(data, str):
            size = len(data) if data.isascii() else len(data.encode("utf-8", "replace"))
            self._keep(direction, "text", size, _cut(data))
            return
        cut = "…" if len(data) > _KEPT_BINARY else ""
        self._keep(direction, "binary", len(data), data[:_KEPT_BINARY].hex(" ") + cut)

    def note_close(self, direction: str, code: int, reason: str) -> None:
        """Keep a goodbye; it counts as no message."""
        size = 2 + len(reason.encode("utf-8", "replace"))
        self._keep(direction, "close", size, f"{code} {reason}".rstrip())

    def _keep(self, direction: str, kind: str, size: int, text: str) -> None:
        if len(self._entries) == self._entries.maxlen:
            self._drop_first()
        self._entries.append(Entry(time(), direction, kind, size, text))
        self._bytes += sys.getsizeof(text)
        while self._bytes > MOST_KEPT_BYTES:
            self._drop_first()

    def _drop_first(self) -> None:
        self._bytes -= sys.getsizeof(self._entries.popleft().text)

    def df(self) -> pandas.DataFrame:
        """Return one row a message that was kept: time (UTC), direction, kind, size, text."""
        import pandas

        frame = pandas.DataFrame(list(self._entries), columns=list(Entry._fields))
        frame["time"] = pandas.to_datetime(frame["time"], unit="s", utc=True)
        return frame

    # Showing

    def html(self, rows: int) -> Html:
        """Return a table of the last *rows*, masked."""
        head = tag("tr", *(tag("th", name, scope="col") for name in _COLUMNS))
        body = [tag("tr", *(tag("td", cell) for cell in cells)) for cells in self._cells(rows)]
        return table("The last messages", head, body)

    def lines(self, rows: int) -> list[str]:
        """Return the last *rows* as lines, masked."""
        return ["  ".join(cells).rstrip() for cells in self._cells(rows)]

    def _cells(self, rows: int) -> list[tuple[str, ...]]:
        return [
            (
                # The reader's own time of day: that of the clock on the wall.
                f"{datetime.fromtimestamp(entry.time).astimezone():%H:%M:%S.%f}"[:-3],
                "→ sent" if entry.direction == "sent" else "← received",
                entry.kind,
                size_words(entry.size),
                cell_text(entry.text),
            )
            for entry in list(self._entries)[-rows:]
        ]


def _cut(text: str) -> str:
    return text if len(text) <= _KEPT_CHARACTERS else text[: _KEPT_CHARACTERS - 1] + "…"
