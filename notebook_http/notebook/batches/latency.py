"""Percentiles of many times, and how often which came."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log10

from notebook_http.notebook.display.timings_bar import duration_words

__all__ = ["PERCENTILES", "Bin", "bins_of", "latency_words", "percentiles_of"]

#: The middle, what nine of ten stay below, the rare ones, and the longest of all.
PERCENTILES = (50, 90, 99, 100)
Bin = tuple[float, float, int]  # from, to (seconds), how many


def percentiles_of(seconds: Sequence[float]) -> dict[int, float]:
    """Return the percentiles of *seconds*, by nearest rank: each is a time that did occur."""
    ordered = sorted(seconds)
    if not ordered:
        return {}
    return {each: ordered[max(ceil(each / 100 * len(ordered)), 1) - 1] for each in PERCENTILES}


def latency_words(seconds: Sequence[float]) -> str:
    """Return the percentiles on a line: `half within 14 ms, 90 % 20 ms, 99 % 80 ms, all 0.2 s`."""
    found = percentiles_of(seconds)
    words = [f"{each} % {duration_words(found[each])}" for each in PERCENTILES[1:-1]]
    middle, longest = duration_words(found[50]), duration_words(found[100])
    return ", ".join([f"half within {middle}", *words, f"all {longest}"])


def bins_of(seconds: Sequence[float], count: int = 12) -> list[Bin]:
    """Return how many of *seconds* fall in each of *count* bins between the least and the most.

    The bins grow evenly on a logarithmic scale, since times spread over decades.
    """
    if not seconds:
        return []
    # A tenth of a microsecond: below that a clock tells nothing, and a logarithm needs a number.
    low, high = max(min(seconds), 1e-7), max(max(seconds), 1e-7)
    if high / low < 1.000001:
        return [(low, high, len(seconds))]
    start, width = log10(low), (log10(high) - log10(low)) / count
    counted = [0] * count
    for each in seconds:
        place = int((log10(max(each, 1e-7)) - start) / width)
        counted[min(max(place, 0), count - 1)] += 1
    edges = [10 ** (start + width * place) for place in range(count + 1)]
    return list(zip(edges, edges[1:], counted, strict=False))
