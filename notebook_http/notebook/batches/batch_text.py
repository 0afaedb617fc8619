"""Say in a few lines what came of many requests; masked, on lines that fit a screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice

from notebook_http.notebook.batches.fetching import Outcome
from notebook_http.notebook.batches.latency import latency_words
from notebook_http.notebook.batches.planned_request import PlannedRequest
from notebook_http.notebook.display.html import visible
from notebook_http.notebook.display.size_budget import PLAIN_LINES
from notebook_http.notebook.display.timings_bar import duration_words
from notebook_http.notebook.reply import Reply
from notebook_http.wire.secrets import mask_text

__all__ = ["batch_lines", "counts_of", "counts_words", "error_words", "headline", "trouble"]

_LINE_CHARACTERS = 120
_SHOWN_KINDS = 6


def counts_of(outcomes: Iterable[Outcome | None]) -> Counter[str]:
    """Return how often each came: statuses as `200`, errors by their class, `not done`."""
    return Counter(map(_kind, outcomes))


def _kind(outcome: Outcome | None) -> str:
    if outcome is None:
        return "not done"
    value = outcome.value
    return str(value.status) if isinstance(value, Reply) else type(value).__name__


def counts_words(counts: Counter[str]) -> str:
    """Return *counts* on a line: `200 (990), 404 (8), ClientConnectorError (2)`."""
    words = [f"{kind} ({count:,})" for kind, count in counts.most_common(_SHOWN_KINDS)]
    if len(counts) > _SHOWN_KINDS:
        words.append(f"{len(counts) - _SHOWN_KINDS} other outcomes")
    return ", ".join(words)


def headline(outcomes: Sequence[Outcome | None], seconds: float) -> str:
    """Return the first line: how many, of which kinds, in what time."""
    count = len(outcomes)
    words = f"Batch of {count:,} request{'' if count == 1 else 's'}"
    counts = counts_of(outcomes)
    if counts:
        words += f" in {duration_words(seconds)}: {counts_words(counts)}"
    return words


def error_words(error: Exception) -> str:
    """Return *error* on one line, masked: its class, and the first line of its message."""
    message = mask_text(str(error)).strip().partition("\n")[0]
    name = type(error).__name__
    return visible(f"{name}: {message}" if message else name)[:400]


def trouble(
    requests: Sequence[PlannedRequest], outcomes: Sequence[Outcome | None]
) -> Iterable[tuple[int, str, str]]:
    """Yield (position, masked URL, what went wrong) of errors and of statuses above 399."""
    for place, outcome in enumerate(outcomes):
        if outcome is None:
            continue
        value = outcome.value
        if isinstance(value, Exception):
            yield place, requests[place].shown_url, error_words(value)
        elif not value.ok:
            yield place, requests[place].shown_url, visible(f"{value.status} {value.reason}"[:80])


def batch_lines(
    requests: Sequence[PlannedRequest], outcomes: Sequence[Outcome | None], seconds: float
) -> list[str]:
    """Return twelve lines at the most: the headline, latencies, the first troubles, what to do."""
    lines = [headline(outcomes, seconds)]
    latencies = [each.seconds for each in outcomes if each is not None and each.seconds is not None]
    if latencies:
        lines.append(f"  {latency_words(latencies)}")
    missing = sum(each is None for each in outcomes)
    told = trouble(requests, outcomes)
    room = PLAIN_LINES - len(lines) - 2
    lines += [f"  [{place}] {what}  {url}" for place, url, what in islice(told, room)]
    rest = sum(1 for _ in told)
    if rest:
        lines.append(f"  and {rest:,} more: batch.df() has them all")
    if missing:
        lines.append(f"  {missing:,} are not done: await batch.resume() goes on")
    return [_line(line) for line in lines]


def _line(text: str) -> str:
    return text if len(text) <= _LINE_CHARACTERS else text[: _LINE_CHARACTERS - 1] + "…"
