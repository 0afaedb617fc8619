"""What one cell sent, request by request, as a table: what `%%httptrace` shows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from notebook_http.client.exchange import Exchange
from notebook_http.client.interception import intercept
from notebook_http.notebook.cell_identity import current_cell_run
from notebook_http.notebook.client import default_client
from notebook_http.notebook.display.html import Html, join, table, tag, visible
from notebook_http.notebook.display.size_budget import size_words
from notebook_http.notebook.display.timings_bar import duration_words, timings_words
from notebook_http.wire.secrets import mask_text, mask_url

if TYPE_CHECKING:
    from notebook_http.client.middleware import ClientHandlerType
    from notebook_http.client.request import ClientRequest
    from notebook_http.client.response import ClientResponse
    from notebook_http.wire.response_head import ResponseHead

__all__ = ["Trace", "TracedExchange"]

# Rows of the table: what somebody reads, and some 40 KiB of HTML. The rest is counted.
_MOST_SHOWN = 100
_MOST_KEPT = 10_000
_URL_CHARACTERS = 160
_ERROR_CHARACTERS = 120
_COLUMNS = ("#", "client", "request", "status", "time", "steps", "bytes", "attempts")


class TracedExchange(Exchange):
    """An `Exchange` that counts the bytes of its body, as they came."""

    __slots__ = ("size",)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.size = 0

    def body_received(self, data: bytes) -> None:
        """Count bytes of the body."""
        self.size += len(data)
        super().body_received(data)

    def whole_received(self, head: ResponseHead, body: bytes) -> None:
        """Count an answer that came at once."""
        self.size += len(body)
        super().whole_received(head, body)


class _Row:
    """One request, and how it went so far."""

    __slots__ = ("attempts", "began", "client", "ended", "error", "method", "response", "url")

    def __init__(self, client: str, request: ClientRequest) -> None:
        self.client = client
        self.method = request.method
        self.url = mask_url(request.url)
        self.attempts = 0
        self.began = time.perf_counter()
        self.ended: float | None = None
        self.error = ""
        self.response: ClientResponse | None = None

    def words(self) -> list[str]:
        """Return the cells of the table, but for the number."""
        url = (
            self.url if len(self.url) <= _URL_CHARACTERS else self.url[: _URL_CHARACTERS - 1] + "…"
        )
        response = self.response
        steps = size = ""
        total = None if self.ended is None else self.ended - self.began
        if response is not None:
            timings = response.timings
            steps = timings_words(timings) if timings.was_sent else "answered without the server"
            if timings.completed_at is not None:
                total = timings.completed_at - self.began
            count = getattr(response._exchange, "size", None)
            size = "" if count is None else size_words(count)
        status = self.error or ("running" if response is None else _status(response))
        return [
            self.client,
            visible(f"{self.method} {url}"),
            visible(status),
            "" if total is None else duration_words(max(total, 0.0)),
            steps,
            size,
            str(self.attempts),
        ]


def _status(response: ClientResponse) -> str:
    words = f"{response.status} {mask_text(response.reason or '')[:40]}".rstrip()
    return (
        words if response._exchange.completed or response.status == 101 else f"{words}, body open"
    )


class Trace:
    """Notes what the running cell sends, from now on until `end`."""

    def __init__(self) -> None:
        self._cell = current_cell_run()
        self._rows: list[_Row] = []
        self._by_call: dict[int, tuple[object, _Row]] = {}
        self._sessions: list[object] = []
        self._more = 0
        self._undo = intercept(self._pass, TracedExchange, answers=False)

    def end(self) -> None:
        """Note no more. Idempotent."""
        self._undo()
        self._by_call.clear()
        self._sessions.clear()

    async def _pass(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Send *request*, and note how it went."""
        if current_cell_run() != self._cell:
            return await handler(request)  # a task of another cell
        row = self._row_of(request)
        if row is None:
            return await handler(request)
        row.attempts += 1
        row.error = ""
        try:
            row.response = await handler(request)
        except BaseException as error:
            text = " ".join(mask_text(str(error)).split())
            text = f"{type(error).__name__}: {text}" if text else type(error).__name__
            row.error = (
                text[: _ERROR_CHARACTERS - 1] + "…" if len(text) > _ERROR_CHARACTERS else text
            )
            raise
        finally:
            row.ended = time.perf_counter()
        return row.response

    def _row_of(self, request: ClientRequest) -> _Row | None:
        """Return the row of *request*: the same for all its attempts."""
        call = request.responder
        known = self._by_call.get(id(call))
        if known is not None:
            return known[1]
        if len(self._rows) >= _MOST_KEPT:
            self._more += 1
            return None
        row = _Row(self._client_of(request.session), request)
        self._by_call[id(call)] = (call, row)  # held, so that its number stays its own
        self._rows.append(row)
        return row

    def _client_of(self, session: object) -> str:
        if default_client().sends_with(session):
            return "nh"
        for number, known in enumerate(self._sessions, 1):
            if known is session:
                return f"session {number}"
        self._sessions.append(session)
        return f"session {len(self._sessions)}"

    # As something to look at

    def bundle(self) -> dict[str, str]:
        """Return the table for `display(…, raw=True)`."""
        rows = [[str(number), *row.words()] for number, row in enumerate(self._rows, 1)]
        left = len(rows) + self._more - _MOST_SHOWN
        caption = f"This cell sent {_count(len(rows) + self._more)}"
        note = f"and {left:,} more" if left > 0 else ""
        shown = rows[:_MOST_SHOWN]
        return {
            "text/plain": _plain(caption, shown, note),
            "text/html": str(join(_table(caption, shown), tag("small", note) if note else None)),
        }


def _count(number: int) -> str:
    return "nothing" if not number else f"{number:,} request{'s' if number > 1 else ''}"


def _table(caption: str, rows: Sequence[Sequence[str]]) -> Html:
    if not rows:
        return tag("div", caption)
    left = "text-align: left"
    wrap = f"{left}; overflow-wrap: anywhere"
    head = tag("tr", *[tag("th", name, scope="col", style=left) for name in _COLUMNS])
    lines = [tag("tr", *[tag("td", cell, style=wrap) for cell in row]) for row in rows]
    return table(caption, head, lines)


def _plain(caption: str, rows: Sequence[Sequence[str]], note: str) -> str:
    lines = [caption]
    for number, client, request, status, total, steps, size, attempts in rows:
        tries = f", {attempts} attempts" if attempts != "1" else ""
        parts = ", ".join([part for part in (total, size) if part])
        steps = f" ({steps})" if steps else ""
        lines.append(f"{number}. [{client}] {request}: {status}, {parts}{steps}{tries}")
    return "\n".join([*lines, note]).rstrip()
