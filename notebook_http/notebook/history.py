"""`nh.history()`: what the notebook's clients sent, and what came back; kept in memory, bounded."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from notebook_http.notebook.interchange.exchanges import Exchange, Steps
from notebook_http.notebook.interchange.request_parts import RequestParts
from notebook_http.wire.secrets import mask_text, mask_url

if TYPE_CHECKING:
    import pandas
    from yarl import URL

    from notebook_http.client.response import ClientResponse
    from notebook_http.client.timings import Timings
    from notebook_http.notebook.reply import Reply
    from notebook_http.notebook.reply_head import ReplyHead, SentRequest

__all__ = ["History", "history", "note_failure", "note_reply", "note_response"]

# Requests that are remembered: a day of work by hand, and the end of any batch.
_MOST = 1_000
# Bytes of a body that are: JSON that somebody looks at. With both bodies of 1,000 requests it is
# 32 MiB at most, which no kernel notices.
_BODY_BYTES = 16 * 1024

_kept: deque[Exchange] = deque(maxlen=_MOST)


class History(Sequence[Exchange]):
    """What was sent, oldest first; a copy of the moment that it was asked for.

    Attributes of its items are as they were sent; what `df` and `har` give is masked.
    """

    __slots__ = ("_exchanges",)

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self._exchanges = tuple(exchanges)

    def __len__(self) -> int:
        return len(self._exchanges)

    @overload
    def __getitem__(self, index: int) -> Exchange: ...

    @overload
    def __getitem__(self, index: slice) -> History: ...

    def __getitem__(self, index: int | slice) -> Exchange | History:
        if isinstance(index, slice):
            return History(self._exchanges[index])
        return self._exchanges[index]

    def __repr__(self) -> str:
        lines = [f"<History of {len(self)} requests, oldest first; .df() shows them all>"]
        lines += [f"  {exchange!r}" for exchange in self._exchanges[-10:]]
        return "\n".join(lines)

    def df(self) -> pandas.DataFrame:
        """Return one row a request: time, method, url (masked), status, ms, bytes, type, error."""
        import pandas

        return pandas.DataFrame(
            {
                "time": pandas.to_datetime([each.started for each in self], unit="s", utc=True),
                "method": [each.request.method for each in self],
                "url": [mask_url(each.request.url) for each in self],
                "status": [each.status for each in self],
                "ms": [round(each.seconds * 1000, 1) for each in self],
                "bytes": [each.size for each in self],
                "type": [each.header("content-type").partition(";")[0] for each in self],
                "error": [mask_text(each.error) for each in self],
            }
        )

    @overload
    def har(self) -> dict[str, Any]: ...

    @overload
    def har(self, path: str | Path) -> Path: ...

    def har(self, path: str | Path | None = None) -> dict[str, Any] | Path:
        """Return the HTTP archive (HAR 1.2), or write it to *path* and return that.

        Credentials are masked in it; bodies above 16 KiB are left out, and a comment says so.

        Raises:
            OSError: the file cannot be written.
        """
        from notebook_http.notebook.interchange.har_archive import har_archive

        archive = har_archive(self)
        if path is None:
            return archive
        path = Path(path).expanduser()
        path.write_text(json.dumps(archive, indent=1), "utf-8")
        return path

    def clear(self) -> None:
        """Forget everything that any client has sent so far."""
        _kept.clear()


def history() -> History:
    """Return what the clients of this process sent: the last 1,000 requests, oldest first.

    `nh.history().df()` is a table, `nh.history().har("session.har")` writes an HTTP archive.
    Redirects are requests of their own; bodies are kept up to 16 KiB.
    """
    return History(tuple(_kept))


# Called by the client ----------------------------------------------------------------------------


def note_reply(reply: Reply) -> None:
    """Note a reply, and the redirects that led to it."""
    timings = reply.timings
    seconds = (timings.total if timings is not None else None) or 0.0
    now = time.time() - seconds
    for hop in reply.history:
        _kept.append(_of_head(hop, now, 0.0, missing="it was not read, as it redirects"))
    content = reply.content
    missing = "" if len(content) <= _BODY_BYTES else _too_large(len(content))
    _kept.append(
        _of_head(reply, now, seconds, missing=missing)._replace(
            content=None if missing else content, size=len(content), steps=_steps(timings)
        )
    )


def note_response(response: ClientResponse, sent: SentRequest) -> None:
    """Note a response whose body is still to come, and that answers *sent*."""
    _kept.append(
        Exchange(
            time.time(),
            0.0,
            _parts(sent),
            response.status,
            response.reason or "",
            tuple(response.headers.items()),
            missing="it was streamed",
            steps=_steps(response.timings),
        )
    )


def note_failure(method: str, url: str | URL, began: float, error: Exception) -> None:
    """Note a request that came to nothing; it *began* in seconds since 1970."""
    text = f"{type(error).__name__}: {error}"[:1_000]
    request = RequestParts(method, str(url), (), missing="the request failed")
    _kept.append(Exchange(began, max(time.time() - began, 0.0), request, error=text))


def _of_head(head: ReplyHead, started: float, seconds: float, *, missing: str) -> Exchange:
    headers = tuple(head.headers.items())
    return Exchange(
        started,
        seconds,
        _parts(head.request),
        head.status,
        head.reason,
        headers,
        missing=missing,
    )


def _parts(sent: SentRequest) -> RequestParts:
    parts = sent.parts()
    if parts.body is not None and len(parts.body) > _BODY_BYTES:
        return parts._replace(body=None, missing=_too_large(len(parts.body)))
    return parts


def _too_large(size: int) -> str:
    return f"it has {size:,} bytes, and {_BODY_BYTES:,} are kept"


def _steps(timings: Timings | None) -> Steps:
    if timings is None:
        return Steps()
    return Steps(*[getattr(timings, name) for name in Steps._fields])
