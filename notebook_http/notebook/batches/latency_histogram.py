"""Draw how often which time came: a small inline SVG in the text's own colour.

It says nothing that the table below it does not say in words and numbers, so nothing is lost where
SVG is taken out (an untrusted notebook), without CSS, or to a screen reader.
"""

from __future__ import annotations

from collections.abc import Sequence

from notebook_http.notebook.batches.latency import Bin, bins_of
from notebook_http.notebook.display.html import Html, join, table, tag
from notebook_http.notebook.display.timings_bar import duration_words

__all__ = ["histogram"]

_BAR_WIDTH = 24
_HEIGHT = 60
_GAP = 2
_LEFT = "text-align: left"


def histogram(seconds: Sequence[float]) -> Html | None:
    """Return the picture of *seconds* and the table that it stands for; None if there are none."""
    bins = bins_of(seconds)
    if not bins:
        return None
    return join(_picture(bins), tag("details", tag("summary", "Times as a table"), _table(bins)))


def _picture(bins: Sequence[Bin]) -> Html:
    most = max(count for _, _, count in bins)
    bars = []
    for place, (_, _, count) in enumerate(bins):
        # What came at all is to be seen.
        height = max(round(count / most * _HEIGHT), 1) if count else 0
        bars.append(
            f'<rect x="{place * _BAR_WIDTH}" y="{_HEIGHT - height}" '
            f'width="{_BAR_WIDTH - _GAP}" height="{height}"></rect>'
        )
    width = len(bins) * _BAR_WIDTH
    low, high = duration_words(bins[0][0]), duration_words(bins[-1][1])
    title = f"How many requests took how long, from {low} to {high}, on a logarithmic scale"
    # Made of our own words and of numbers only, so that nothing has to be escaped.
    picture = Html(
        f'<svg role="img" width="{width}" height="{_HEIGHT}" viewBox="0 0 {width} {_HEIGHT}" '
        f'fill="currentColor"><title>{title}</title>{"".join(bars)}</svg>'
    )
    return join(tag("div", picture), tag("small", f"{title}."))


def _table(bins: Sequence[Bin]) -> Html:
    head = tag(
        "tr", *(tag("th", word, scope="col", style=_LEFT) for word in ("from", "to", "requests"))
    )
    rows = [
        tag(
            "tr",
            tag("td", duration_words(low), style=_LEFT),
            tag("td", duration_words(high), style=_LEFT),
            tag("td", f"{count:,}", style="text-align: right"),
        )
        for low, high, count in bins
    ]
    return table("Times of requests", head, rows)
