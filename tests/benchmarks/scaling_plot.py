"""The picture of how costs grow: two panels, both axes logarithmic, as SVG without any library."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 930, 400
PANEL_WIDTH, TOP, BOTTOM = 270, 70, 340
LEFTS = {"routes": 60, "connections": 550}
LABEL_GAP = 15  # between two labels, one below the other
OURS, OTHERS = "#0b6e4f", "#b3541e"
STYLE = (
    "text{font:12px sans-serif;fill:#222}.title{font-size:15px;font-weight:bold}"
    ".grid{stroke:#ddd}.axis{fill:#555}polyline{fill:none;stroke-width:2}"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One server in one panel: its points are (count, CPU microseconds)."""

    panel: str
    label: str
    ours: bool
    dashes: str  # as in SVG; empty for a line without gaps
    points: list[tuple[int, float]]

    @property
    def colour(self) -> str:
        """Green for ours."""
        return OURS if self.ours else OTHERS


@dataclass(frozen=True, slots=True)
class Scale:
    """A logarithmic axis: the values at its ends, and where these are drawn."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return where *value* is drawn."""
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)


def ticks(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 times the powers of ten from at most *low* to at least *high*."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = [digit * 10.0**power for power in range(first, last + 1) for digit in (1, 2, 5)]
    below = max(step for step in steps if step <= low)
    above = min(step for step in steps if step >= high)
    return [step for step in steps if below <= step <= above]


def plot(lines: list[Line]) -> str:
    """Return an SVG document of *lines*."""
    costs = [cost for line in lines for _, cost in line.points]
    marks = ticks(min(costs) / 1.1, max(costs) * 1.1)
    y = Scale(marks[0], marks[-1], BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' width="{WIDTH}" height="{HEIGHT}"><style>{STYLE}</style>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        '<text class="title" x="20" y="28">CPU time of the server, µs a request</text>',
    ]
    for panel, left in LEFTS.items():
        own = [line for line in lines if line.panel == panel]
        counts = sorted({count for line in own for count, _ in line.points})
        x = Scale(counts[0], counts[-1], left, left + PANEL_WIDTH)
        parts += axes(panel, left, marks, counts, x, y)
        for line in own:
            parts += drawn(line, x, y)
        parts += labels(own, left + PANEL_WIDTH + 10, y)
    return "\n".join([*parts, "</svg>\n"])


def axes(
    panel: str, left: int, marks: list[float], counts: list[int], x: Scale, y: Scale
) -> Iterator[str]:
    """Yield grid and numbers of one panel."""
    for mark in marks:
        yield (
            f'<line class="grid" x1="{left}" x2="{left + PANEL_WIDTH}" y1="{y(mark):.1f}"'
            f' y2="{y(mark):.1f}"/><text class="axis" text-anchor="end" x="{left - 8}"'
            f' y="{y(mark) + 4:.1f}">{mark:g}</text>'
        )
    for count in counts:
        yield (
            f'<text class="axis" text-anchor="middle" x="{x(count):.1f}" y="{BOTTOM + 20}">'
            f"{count:,}</text>"
        )
    middle = left + PANEL_WIDTH / 2
    yield f'<text text-anchor="middle" x="{middle}" y="{BOTTOM + 42}">{escape(panel)}</text>'


def drawn(line: Line, x: Scale, y: Scale) -> Iterator[str]:
    """Yield a line with a dot on each point."""
    places = [(x(count), y(cost)) for count, cost in line.points]
    dashes = f' stroke-dasharray="{line.dashes}"' if line.dashes else ""
    path = " ".join(f"{across:.1f},{down:.1f}" for across, down in places)
    yield f'<polyline points="{path}" stroke="{line.colour}"{dashes}/>'
    for (across, down), (count, cost) in zip(places, line.points, strict=True):
        yield (
            f'<circle cx="{across:.1f}" cy="{down:.1f}" r="3.5" fill="{line.colour}">'
            f"<title>{escape(line.label)}, {count:,}: {cost:.1f} µs</title></circle>"
        )


def labels(own: list[Line], across: float, y: Scale) -> Iterator[str]:
    """Yield what each line is, at its end, none above another."""
    lowest = -math.inf
    for line in sorted(own, key=lambda line: y(line.points[-1][1])):
        lowest = max(y(line.points[-1][1]) + 4, lowest + LABEL_GAP)
        text = f"{line.label} {line.points[-1][1]:.0f}"
        yield (
            f'<text x="{across}" y="{lowest:.1f}" style="fill:{line.colour}">{escape(text)}</text>'
        )
