"""Make DataFrames of many outcomes: one row a request, or the records of all bodies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from notebook_http.notebook.batches.batch_text import error_words
from notebook_http.notebook.batches.fetching import Outcome
from notebook_http.notebook.batches.planned_request import PlannedRequest
from notebook_http.notebook.frames.exceptions import FrameError
from notebook_http.notebook.reply import Reply

if TYPE_CHECKING:
    import pandas

__all__ = ["frame_of_records", "frame_of_requests"]


def frame_of_requests(
    requests: Sequence[PlannedRequest], outcomes: Sequence[Outcome | None], labels: Any
) -> pandas.DataFrame:
    """Return one row a request; see `Batch.df`."""
    import pandas

    rows = [_row(request, each) for request, each in zip(requests, outcomes, strict=True)]
    names = ("url", "status", "ms", "bytes", "attempts", "error")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}
    types = {"status": "Int64", "ms": "float64", "bytes": "Int64", "attempts": "Int64"}
    return pandas.DataFrame(
        {
            name: pandas.array(list(columns.get(name, ())), dtype=types.get(name, "string"))
            for name in names
        },
        index=labels,
    )


def _row(request: PlannedRequest, outcome: Outcome | None) -> tuple[Any, ...]:
    if outcome is None:
        return request.shown_url, None, None, None, None, "not done"
    value = outcome.value
    ms = None if outcome.seconds is None else round(outcome.seconds * 1000, 3)
    if isinstance(value, Reply):
        size, error = len(value.content), None
        return request.shown_url, value.status, ms, size, outcome.attempts, error
    status = getattr(value, "status", None)
    if not isinstance(status, int) or not status:
        status = None
    return request.shown_url, status, ms, None, outcome.attempts, error_words(value)


def frame_of_records(
    requests: Sequence[PlannedRequest], outcomes: Sequence[Outcome | None], path: str | None
) -> pandas.DataFrame:
    """Return the records of all bodies; see `Batch.rows`."""
    import pandas

    frames: list[pandas.DataFrame] = []
    sources: list[str] = []
    without: list[int] = []
    for place, (request, outcome) in enumerate(zip(requests, outcomes, strict=True)):
        value = None if outcome is None else outcome.value
        if not isinstance(value, Reply) or not value.ok:
            without.append(place)
            continue
        try:
            frame = value.df(path)
        except FrameError as error:
            text = f"Request {place}, {request.shown_url[:200]}:\n{error}"
            raise FrameError(text) from error
        if frame.index.name is not None:  # the keys of a dict of records
            frame = frame.reset_index()
        # What is true of one body only is not true of all.
        frame.attrs = {}
        frames.append(frame)
        sources += [request.shown_url] * len(frame)
    if not frames:
        text = (
            "No reply with a status below 400 has come, so there are no rows.\nLook at batch.df()."
        )
        raise FrameError(text)
    # Frames without rows would take part in choosing the types of columns.
    joined = pandas.concat([each for each in frames if len(each)] or frames[:1], ignore_index=True)
    name = "source_url" if "source" in joined.columns else "source"
    joined.insert(0, name, pandas.array(sources, dtype="string"))
    joined.attrs["without_rows"] = without
    return joined
