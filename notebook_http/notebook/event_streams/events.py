"""`nh.sse(url)`: events for `async for`, or a table of the last ones while the cell runs."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import AsyncIterator, Generator
from functools import lru_cache
from time import perf_counter, time
from typing import TYPE_CHECKING, Any, NamedTuple

from notebook_http.client.event_source import EventSource
from notebook_http.client.middlewares.arguments import check_count
from notebook_http.notebook.argument_names import check_names, request_option_names
from notebook_http.notebook.batches.fetch_all import client_of
from notebook_http.notebook.display.cell_text import cell_text
from notebook_http.notebook.display.html import Html, join, table, tag, visible
from notebook_http.notebook.display.timings_bar import duration_words
from notebook_http.notebook.live_output import LiveOutput, Shown, output_here
from notebook_http.notebook.shell import running_shell
from notebook_http.wire.event_stream import ServerSentEvent
from notebook_http.wire.json_parser import parse_json
from notebook_http.wire.secrets import mask_url

if TYPE_CHECKING:
    import pandas
    from yarl import URL

    from notebook_http.client.session import ClientSession
    from notebook_http.notebook.client import Client

__all__ = ["Events", "sse"]


class _Came(NamedTuple):
    time: float  # seconds since 1970
    event: ServerSentEvent


def sse(
    url: str | URL,
    *,
    rows: int = 10,
    keep: int = 10_000,
    client: Client | ClientSession | None = None,
    **options: Any,
) -> Events:
    """Return the server-sent events of *url*: `async for` them, or `await` to watch them here.

    ```python
    async for event in nh.sse("https://example.org/prices"):
        print(event.json())

    events = nh.sse("https://example.org/prices")
    await events        # a table of the last ones, until the stream ends or Stop is pressed
    events.df()
    ```

    It connects when the first event is asked for, and again after a break, as `EventSource` does.

    Args:
        url: where the stream is.
        rows: how many of the last events the table shows.
        keep: how many events are kept for `.df()`, the last ones; 10,000, some MB.
        client: the `Client` or `ClientSession` to send with; that of `nh.get` by default.
        options: those of `EventSource` (method, reconnect, max_failures, last_event_id …) and of
            `nh.get`.

    Raises:
        TypeError, ValueError: an argument cannot be.
        ClientError, TimeoutError: when read, as `EventSource`.
    """
    check_names("sse", options, request_option_names() | _event_source_names())
    check_count("sse", "rows", rows)
    check_count("sse", "keep", keep)
    return Events(url, rows, keep, client_of(client), options)


@lru_cache(maxsize=1)
def _event_source_names() -> frozenset[str]:
    names = inspect.signature(EventSource).parameters
    return frozenset(names) - {"session", "url", "options"}


class Events(AsyncIterator[ServerSentEvent]):
    """The events of one stream; the last ones are kept. Made by `nh.sse`."""

    def __init__(
        self, url: str | URL, rows: int, keep: int, client: Client, options: dict[str, Any]
    ) -> None:
        self._url = url
        self._rows = rows
        self._client = client
        self._options = options
        self._source: EventSource | None = None
        self._came: deque[_Came] = deque(maxlen=keep)
        self._count = 0
        self._ended = False
        self._began = perf_counter()
        self._shown_in: int | None = None  # the cell that has watched it

    # Reading

    async def __anext__(self) -> ServerSentEvent:
        if self._source is None:
            if self._ended:
                raise StopAsyncIteration
            self._source = (await self._client.session()).sse(self._url, **self._options)
        try:
            event = await anext(self._source)
        except StopAsyncIteration:
            self._ended = True
            raise
        self._count += 1
        self._came.append(_Came(time(), event))
        return event

    def __await__(self) -> Generator[Any, None, Events]:
        return self._watch().__await__()

    async def _watch(self) -> Events:
        shell = running_shell()
        self._shown_in = shell.execution_count if shell is not None else None
        self._began = perf_counter()
        shown = LiveOutput(self._shown, output_here())
        shown.begin()
        try:
            async for _ in self:
                pass
        finally:
            # After Stop nobody reads: the next `await` goes on with a connection of its own.
            if self._source is not None and not self._ended:
                self._drop(self._source)
            shown.end()
        return self

    def _drop(self, source: EventSource) -> None:
        self._options = {**self._options, "last_event_id": source.last_event_id}
        source.close()
        self._source = None

    def close(self) -> None:
        """Close the connection; what came is kept. Idempotent."""
        self._ended = True
        if self._source is not None:
            self._source.close()

    # What came

    def __len__(self) -> int:
        return len(self._came)

    @property
    def last(self) -> ServerSentEvent | None:
        """The event that came last; None before any."""
        return self._came[-1].event if self._came else None

    def df(self) -> pandas.DataFrame:
        """Return one row an event that was kept: time (UTC), event, id, data.

        `data` is the JSON value where it is an object or a list, and text otherwise.
        """
        import pandas

        return pandas.DataFrame(
            {
                "time": pandas.to_datetime([came.time for came in self._came], unit="s", utc=True),
                "event": [came.event.event for came in self._came],
                "id": [came.event.id for came in self._came],
                "data": [_value(came.event.data) for came in self._came],
            }
        )

    # Showing

    def _words(self) -> str:
        url = visible(mask_url(self._url))[:200]
        count = f"{self._count:,} event{'' if self._count == 1 else 's'}"
        return f"{url}: {count}"

    def _shown(self, is_over: bool) -> Shown:
        words = f"{self._words()} in {duration_words(perf_counter() - self._began)}"
        if is_over:
            words += ", ended" if self._ended else ", stopped; await it again to go on"
        return Shown(self._html(words), self._text(words), 0, 0, is_over)

    def _html(self, words: str) -> Html:
        head = tag("tr", *(tag("th", name, scope="col") for name in ("Event", "Id", "Data")))
        rows = [tag("tr", *(tag("td", cell) for cell in cells)) for cells in self._cells()]
        return tag("div", join(tag("div", words), table("The last events", head, rows)))

    def _text(self, words: str) -> str:
        return "\n".join([words, *("  ".join(filter(None, cells)) for cells in self._cells())])

    def _cells(self) -> list[tuple[str, ...]]:
        last = list(self._came)[-self._rows :]
        return [
            tuple(map(cell_text, (came.event.event, came.event.id, came.event.data)))
            for came in last
        ]

    def __repr__(self) -> str:
        if self._source is None and not self._count:
            return f"{self._words()}, not connected yet. Put `await` in front to watch it here."
        return self._text(self._words())

    def _ipython_display_(self) -> None:
        """Show it, unless this very cell has watched it, and shows it already."""
        shell = running_shell()
        if shell is not None and shell.execution_count == self._shown_in:
            return
        from IPython.display import display

        html = self._html(self._words()) if self._count else tag("div", repr(self))
        display({"text/html": str(html), "text/plain": repr(self)}, raw=True)


def _value(text: str) -> Any:
    if text.lstrip()[:1] not in ("{", "["):
        return text
    try:
        return parse_json(text)
    except (ValueError, RecursionError):
        return text
