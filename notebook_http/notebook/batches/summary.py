"""What came of many requests in numbers: how many of which kind, and how long they took."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from types import MappingProxyType

from notebook_http.notebook.batches.batch_text import counts_of, headline, trouble
from notebook_http.notebook.batches.fetching import Outcome
from notebook_http.notebook.batches.latency import latency_words, percentiles_of
from notebook_http.notebook.batches.latency_histogram import histogram
from notebook_http.notebook.batches.planned_request import PlannedRequest
from notebook_http.notebook.display.html import Html, join, table, tag
from notebook_http.notebook.display.size_budget import cut
from notebook_http.notebook.display.timings_bar import duration_words

__all__ = ["Summary", "batch_html"]

_LEFT = "text-align: left; vertical-align: top"
_SHOWN_KINDS = 20
# With 2 x 400 bytes a row they stay well within the 64 KiB of a display.
_SHOWN_TROUBLES = 20
_CELL_BYTES = 400


class Summary:
    """The numbers of a batch as they were when it was made; a cell shows them as tables.

    Attributes:
        counts: requests by what came of them: a status as text, an error's class, `not done`.
        percentiles: seconds that 50, 90, 99 and 100 % of the requests took at most.
        seconds: how long the batch took.
    """

    __slots__ = ("_headline", "_latencies", "counts", "percentiles", "seconds")

    def __init__(self, outcomes: Sequence[Outcome | None], seconds: float) -> None:
        self.counts = MappingProxyType(dict(counts_of(outcomes).most_common()))
        self._latencies = [
            each.seconds for each in outcomes if each is not None and each.seconds is not None
        ]
        self.percentiles = MappingProxyType(percentiles_of(self._latencies))
        self.seconds = seconds
        self._headline = headline(outcomes, seconds)

    def __repr__(self) -> str:
        lines = [self._headline]
        if self._latencies:
            lines.append(f"  {latency_words(self._latencies)}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return what a cell shows whose value this is."""
        return str(self.html())

    def html(self) -> Html:
        """Return the numbers as tables, and a histogram of the times."""
        parts: list[Html | None] = [tag("div", tag("strong", self._headline))]
        if self.counts:
            parts.append(self._counts_table())
        if self.percentiles:
            parts += [self._percentiles_table(), histogram(self._latencies)]
        return join(*parts)

    def _counts_table(self) -> Html:
        shown = list(islice(self.counts.items(), _SHOWN_KINDS))
        rest = sum(self.counts.values()) - sum(count for _, count in shown)
        if rest:
            shown.append(("others", rest))
        return table("What came of them", _head("outcome", "requests"), map(_number_row, shown))

    def _percentiles_table(self) -> Html:
        rows = [
            _row(f"{each} %", f"within {duration_words(seconds)}")
            for each, seconds in self.percentiles.items()
        ]
        return table("How long they took", _head("requests", "time"), rows)


def batch_html(
    requests: Sequence[PlannedRequest], outcomes: Sequence[Outcome | None], seconds: float
) -> str:
    """Return a batch as a cell shows it: its summary, and what went wrong; secrets masked."""
    found = trouble(requests, outcomes)
    rows = [
        tag(
            "tr",
            tag("th", place, scope="row", style=_LEFT),
            tag("td", cut(what, _CELL_BYTES).text, style=_LEFT),
            tag("td", cut(url, _CELL_BYTES).text, style=_LEFT),
        )
        for place, url, what in islice(found, _SHOWN_TROUBLES)
    ]
    rest = sum(1 for _ in found)
    missing = sum(each is None for each in outcomes)
    return str(
        join(
            Summary(outcomes, seconds).html(),
            table("What went wrong", _head("request", "why", "URL"), rows) if rows else None,
            tag("div", f"and {rest:,} more: batch.df() has them all") if rest else None,
            tag("div", f"{missing:,} are not done: await batch.resume() goes on")
            if missing
            else None,
        )
    )


def _head(*words: str) -> Html:
    return tag("tr", *(tag("th", word, scope="col", style=_LEFT) for word in words))


def _number_row(pair: tuple[str, int]) -> Html:
    return _row(pair[0], f"{pair[1]:,}")


def _row(name: str, value: str) -> Html:
    return tag("tr", tag("th", name, scope="row", style=_LEFT), tag("td", value, style=_LEFT))
