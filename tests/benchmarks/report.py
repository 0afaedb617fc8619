"""Figures to medians, spread, ratios and a table.

A ratio is taken round by round (the two libraries ran back to back, so a slow moment of the machine
hits both), then the median of these ratios is reported with the smallest and the largest.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

MICROSECONDS = 1e6


@dataclass(frozen=True, slots=True)
class Price:
    """One round of one library: seconds for a number of requests."""

    cpu_seconds: float
    wall_seconds: float
    requests: int
    answer_bytes: int | None = None

    @property
    def cpu_microseconds(self) -> float:
        """CPU time a request."""
        return self.cpu_seconds / self.requests * MICROSECONDS

    @property
    def requests_a_second(self) -> float:
        """Requests by the wall clock."""
        return self.requests / self.wall_seconds


def spread(values: list[float]) -> dict[str, float]:
    """Return median, smallest and largest."""
    return {"median": median(values), "min": min(values), "max": max(values)}


def compare(
    name: str, ours: list[Price], theirs: list[Price], target: float | None
) -> dict[str, Any]:
    """Return one row: both libraries' figures, and ours as a share of theirs.

    *target* is the largest CPU ratio that the project promises, None where it promises none.
    """
    ratios = [
        a.cpu_seconds / a.requests / (b.cpu_seconds / b.requests)
        for a, b in zip(ours, theirs, strict=True)
    ]
    speeds = [a.requests_a_second / b.requests_a_second for a, b in zip(ours, theirs, strict=True)]
    return {
        "name": name,
        "notebook_http": _library(ours),
        "aiohttp": _library(theirs),
        "cpu_ratio": spread(ratios),
        "speed_ratio": spread(speeds),
        "target_cpu_ratio": target,
        "target_met": None if target is None else median(ratios) <= target,
    }


def _library(prices: list[Price]) -> dict[str, Any]:
    return {
        "cpu_microseconds_a_request": spread([price.cpu_microseconds for price in prices]),
        "requests_a_second": spread([price.requests_a_second for price in prices]),
        "answer_bytes": prices[0].answer_bytes,
    }


def compare_imports(seconds: dict[str, list[float]]) -> dict[str, Any]:
    """Return the import figures: medians in seconds, and ours as a share of aiohttp's."""
    pairs = zip(seconds["notebook_http"], seconds["aiohttp"], strict=True)
    ratio = spread([ours / theirs for ours, theirs in pairs])
    load_seconds = spread(seconds["%load_ext notebook_http"])
    return {
        "seconds": {name: spread(values) for name, values in seconds.items()},
        "import_ratio": ratio,
        "target_import_ratio": 0.5,
        "import_target_met": ratio["median"] <= 0.5,
        "target_load_ext_seconds": 0.3,
        "load_ext_target_met": load_seconds["median"] <= 0.3,
    }


def request_table(rows: list[dict[str, Any]]) -> str:
    """Return the rows as text, 100 columns wide."""
    lines = [
        f"{'':33}{'CPU µs a request':>20}{'CPU: ours / theirs':>22}{'requests/s':>17}",
        f"{'':33}{'ours':>10}{'aiohttp':>10}{'median (min-max)':>22}{'ours':>9}{'aiohttp':>8}",
    ]
    for row in rows:
        ours, theirs, ratio = row["notebook_http"], row["aiohttp"], row["cpu_ratio"]
        spread_text = f"{ratio['median']:.2f} ({ratio['min']:.2f}-{ratio['max']:.2f})"
        lines.append(
            f"{row['name']:33}"
            f"{ours['cpu_microseconds_a_request']['median']:>10.1f}"
            f"{theirs['cpu_microseconds_a_request']['median']:>10.1f}"
            f"{spread_text:>22}"
            f"{ours['requests_a_second']['median']:>9,.0f}"
            f"{theirs['requests_a_second']['median']:>8,.0f}"
            f"{_promise(row)}"
        )
        if ours["answer_bytes"] is not None:
            lines.append(
                f"{'':4}bytes of one answer: {ours['answer_bytes']} and {theirs['answer_bytes']}"
            )
    return "\n".join(lines)


def import_table(imports: dict[str, Any]) -> str:
    """Return the import figures as text."""
    lines = []
    for name, figures in imports["seconds"].items():
        middle, low, high = (figures[key] * 1000 for key in ("median", "min", "max"))
        text = f"{middle:.0f} ms ({low:.0f}-{high:.0f})"
        lines.append(f"{name:33}{text:>22}")
    ratio = imports["import_ratio"]
    lines.append(
        f"{'import, ours / aiohttp':33}{ratio['median']:>10.2f}"
        f"   {_verdict(imports['import_target_met'])} {imports['target_import_ratio']:.2f};"
        f"  %load_ext {_verdict(imports['load_ext_target_met'])}"
        f" {imports['target_load_ext_seconds'] * 1000:.0f} ms"
    )
    return "\n".join(lines)


def _promise(row: dict[str, Any]) -> str:
    if row["target_cpu_ratio"] is None:
        return ""
    return f"  {_verdict(row['target_met'])} {row['target_cpu_ratio']:.2f}"


def _verdict(met: bool) -> str:
    return "within" if met else "ABOVE"
