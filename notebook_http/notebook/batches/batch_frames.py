"""Make DataFrames of many outcomes: one row a request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from notebook_http.notebook.batches.batch_text import error_words
from notebook_http.notebook.batches.fetching import Outcome
from notebook_http.notebook.batches.planned_request import PlannedRequest
from notebook_http.notebook.reply import Reply

if TYPE_CHECKING:
    import pandas

__all__ = ["frame_of_requests"]


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
