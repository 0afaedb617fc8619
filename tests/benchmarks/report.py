"""Figures to medians, spread, ratios and promises.

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


def over(theirs: list[Price], ours: list[Price]) -> dict[str, float]:
    """Return theirs as a multiple of ours: CPU time a request, round by round."""
    pairs = zip(theirs, ours, strict=True)
    return spread([a.cpu_microseconds / b.cpu_microseconds for a, b in pairs])


def priced(prices: dict[str, list[Price]]) -> dict[str, Any]:
    """Return the figures of each library."""
    return {
        name: {
            "cpu_microseconds_a_request": spread([p.cpu_microseconds for p in figures]),
            "requests_a_second": spread([p.requests_a_second for p in figures]),
        }
        for name, figures in prices.items()
    }


def ratio_text(ratio: dict[str, float]) -> str:
    """Return median and spread in one cell."""
    return f"{ratio['median']:.2f} ({ratio['min']:.2f}-{ratio['max']:.2f})"


def promise(name: str, figure: float, bound: float, *, most: bool = False) -> dict[str, Any]:
    """Return a promise, `least` (or `most`) *bound*, with what was measured of it."""
    short = figure - bound if most else bound - figure
    bounds = {"most": bound} if most else {"least": bound}
    return {"name": name, "figure": figure, **bounds, "met": short <= 0, "short_by": max(0, short)}


def promise_table(found: list[dict[str, Any]]) -> str:
    """Return the promises as text."""
    lines = []
    for each in found:
        bound = f"<= {each['most']:.2f}" if "most" in each else f">= {each['least']:.2f}"
        verdict = "met" if each["met"] else f"SHORT BY {each['short_by']:.2f}"
        lines.append(f"{each['name']:60}{each['figure']:>7.2f}  {bound:>8}  {verdict}")
    return "\n".join(lines)


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


def _verdict(met: bool) -> str:
    return "within" if met else "ABOVE"
