"""`nh.stream_df(url)`: a table that is larger than memory, as DataFrames one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from notebook_http.client.client_timeout import ClientTimeout
from notebook_http.notebook.argument_names import check_names, request_option_names
from notebook_http.notebook.batches.fetch_all import client_of
from notebook_http.notebook.reply import Reply
from notebook_http.wire.media_type import parse_media_type, text_encoding

if TYPE_CHECKING:
    import pandas
    from yarl import URL

    from notebook_http.client.response import ClientResponse
    from notebook_http.client.session import ClientSession
    from notebook_http.notebook.client import Client
    from notebook_http.notebook.frames.frame_pieces import FramePieces, StreamedFormat
    from notebook_http.notebook.frames.wanted import Dtypes, Wanted

__all__ = ["stream_df"]

# As for a download: as long as bytes come it may take what it takes.
_TIMEOUT = ClientTimeout(total=None, sock_connect=30, sock_read=60)


def stream_df(
    url: str | URL,
    rows: int = 50_000,
    *,
    format: StreamedFormat | None = None,
    dtypes: Dtypes = "auto",
    record_limit: int | None = None,
    client: Client | ClientSession | None = None,
    **options: Any,
) -> AsyncGenerator[pandas.DataFrame, None]:
    """Yield the rows of *url* as DataFrames of at most *rows* rows, as they come.

    ```python
    async for df in nh.stream_df("https://example.org/large.csv"):
        total += df["amount"].sum()
    ```

    For JSON Lines, CSV and TSV that memory does not hold: there is one frame, and the text of the
    next. The loop's body sets the pace. Rows are what `df()` of a reply makes of them; their labels
    go on from frame to frame, and `attrs` tells where each is from. Types are found anew for each
    frame, so that a column may be of whole numbers in one, and of floats where a value is missing:
    *dtypes* names those that have to be alike. A body of no rows gives one frame without rows.
    Leaving the loop by `break` closes the connection when the generator is collected;
    `contextlib.aclosing` closes it at once.

    Args:
        url: what to fetch; redirects are followed.
        rows: how many rows a frame has, the last one fewer.
        format: "csv", "tsv", "jsonl" or "ndjson"; None tells it from the content type, and from the
            text where that says nothing. So is the delimiter of CSV: from the first 256 KiB.
        dtypes: None leaves values as the body has them; a dict names types by column of the first
            frame, the others are found.
        record_limit: bytes that one row may have; 16 MiB by default, so that a quote that nobody
            closes does not fill the memory.
        client: the `Client` or `ClientSession` to send with; that of `nh.get` by default.
        options: as for `nh.get`; without `timeout=`, a minute of silence ends it, and nothing else.

    Raises:
        TypeError, ValueError: an argument cannot be.
        StatusError, ClientError, TimeoutError: when iterated, as below: the request failed, or the
            connection broke; the frames before that are whole.
        FrameError: a ValueError; the body is none of these formats, or a row is broken or larger
            than the limit. It names the row, counted from 1 without the line of names.
    """
    from notebook_http.notebook.frames.frame_pieces import known_format
    from notebook_http.notebook.frames.record_cutter import RECORD_LIMIT
    from notebook_http.notebook.frames.wanted import Wanted

    check_names("stream_df", options, request_option_names())
    limit = RECORD_LIMIT if record_limit is None else record_limit
    for name, value in (("rows", rows), ("record_limit", limit)):
        if isinstance(value, bool) or not isinstance(value, int):
            text = f"stream_df: {name} is a whole number, not {value!r}"
            raise TypeError(text)
        if value < 1:
            text = f"stream_df: {name} is 1 or more, not {value!r}"
            raise ValueError(text)
    known_format(format)
    wanted = Wanted.of(None, True, dtypes)
    options.setdefault("timeout", _TIMEOUT)
    # Judged below, after the body was read: it mostly says what was wrong.
    options["raise_for_status"] = False
    return _frames(client_of(client), url, options, rows, format, wanted, limit)


async def _frames(
    client: Client,
    url: str | URL,
    options: dict[str, Any],
    rows: int,
    named: str | None,
    wanted: Wanted,
    limit: int,
) -> AsyncGenerator[pandas.DataFrame, None]:
    response = await client.open("GET", url, options)
    try:
        if response.status >= 400:
            (await Reply.read(response)).raise_for_status()
        pieces = _pieces_of(response, rows, named, wanted, limit)
        final = False
        while not final:
            piece = await response.content.readany()
            final = not piece
            for records in pieces.feed(piece, final=final):
                # In a thread: others on this loop, a server in the next cell, go on meanwhile.
                frame = await asyncio.to_thread(pieces.frame, records)
                del records[:]
                yield frame
                del frame  # while the next one is awaited, only the caller holds it
    finally:
        response.close()


def _pieces_of(
    response: ClientResponse, rows: int, named: str | None, wanted: Wanted, limit: int
) -> FramePieces:
    from notebook_http.notebook.frames import provenance
    from notebook_http.notebook.frames.frame_pieces import FramePieces

    media_type = parse_media_type(response.headers.get("Content-Type"))
    charset = media_type.charset
    if charset:
        try:
            text_encoding(charset)
        except LookupError:
            charset = None  # as for `df()`: the server made it up
    attrs = provenance(response.url, response.headers, datetime.now(UTC))
    return FramePieces(rows, named, media_type.essence, charset, wanted, limit, attrs)
