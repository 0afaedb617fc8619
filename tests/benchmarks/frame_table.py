"""Nested JSON to a DataFrame, ours beside `json.loads` and `pandas.json_normalize`.

Each figure is a fresh process's; the two take turns within a round, and have to make tables of one
shape. A ratio is theirs over ours: above 1 is ours the cheaper.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from frame_under_test import LIBRARIES
from report import promise, ratio_text, spread

OURS, THEIRS = LIBRARIES
CHILD = Path(__file__).with_name("frame_under_test.py")
RECORDS = 100_000
FASTER_LEAST = 2.0
MEMORY_MOST = 1.0
MIB = 1 << 20


class FrameRow(NamedTuple):
    """A shape of records."""

    name: str
    record: Callable[[int], dict[str, Any]]


def _deep(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"user {number}",
        "active": number % 3 == 0,
        "created": f"2024-{number % 12 + 1:02}-{number % 28 + 1:02}T10:{number % 60:02}:00Z",
        "score": number * 0.37,
        "geo": {
            "lat": number % 90 + 0.5,
            "lng": number % 180 + 0.25,
            "place": {
                "country": "GB",
                "city": f"city {number % 500}",
                "zone": {"name": "Europe/London", "offset": number % 12},
            },
        },
        "plan": {"name": "free", "limits": {"calls": number % 1000, "rows": number % 7 or None}},
    }


def _listed(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"user {number}",
        "tags": ["a", f"t{number % 100}", "b"],
        "owner": {"id": number % 1000, "login": f"o{number % 1000}"},
        "sizes": [number, number + 1, number + 2],
        "items": [{"sku": f"s{number % 50}", "n": number % 5}, {"sku": "x", "n": 1}],
        "score": number * 0.5,
    }


ROWS = (
    FrameRow("frames: 100,000 records, three levels deep", _deep),
    FrameRow("frames: 100,000 records, with list columns", _listed),
)


def rows_named(texts: list[str]) -> list[FrameRow]:
    """Return the rows with one of *texts* in their name."""
    return [row for row in ROWS if any(text.lower() in row.name.lower() for text in texts)]


def measure_frames(rows: list[FrameRow], rounds: int, work: float) -> list[dict[str, Any]]:
    """Return the figures of each row, for *work* times 100,000 records."""
    records = max(10, round(RECORDS * work))
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for row in rows:
            file = Path(folder, "body.json")
            file.write_text(json.dumps([row.record(number) for number in range(records)]))
            figures: dict[str, list[dict[str, Any]]] = {name: [] for name in LIBRARIES}
            for _ in range(rounds):
                for name, costs in figures.items():
                    costs.append(_measured(name, file))
            shapes = {tuple(cost["shape"]) for costs in figures.values() for cost in costs}
            if len(shapes) != 1:
                raise RuntimeError(f"{row.name}: tables of several shapes: {sorted(shapes)}")
            print(f"{row.name}: done", flush=True)
            results.append(_row_figures(row.name, records, figures))
    return results


def _measured(name: str, file: Path) -> dict[str, Any]:
    command = [sys.executable, str(CHILD), name, str(file)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise RuntimeError(f"{name}: {finished.stderr.strip()[-500:]}")
    found: dict[str, Any] = json.loads(finished.stdout)
    return found


def _row_figures(
    name: str, records: int, figures: dict[str, list[dict[str, Any]]]
) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name, "records": records, "libraries": {}}
    keys = [key for key in ("seconds", "peak_bytes") if figures[OURS][0][key] is not None]
    for library, costs in figures.items():
        row["libraries"][library] = {key: spread([cost[key] for cost in costs]) for key in keys}
    pairs = list(zip(figures[THEIRS], figures[OURS], strict=True))
    row["theirs_over_ours"] = spread([a["seconds"] / b["seconds"] for a, b in pairs])
    if "peak_bytes" in keys:
        # A body of a few records may fit into what the process held before.
        row["peak_over_theirs"] = spread(
            [b["peak_bytes"] / max(a["peak_bytes"], 1) for a, b in pairs]
        )
    return row


def frame_promises(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is promised of frames, and whether it was kept."""
    found = []
    for row in rows:
        ratio = row["theirs_over_ours"]["median"]
        found.append(promise(f"{row['name']}: CPU", ratio, FASTER_LEAST))
        if "peak_over_theirs" in row:
            peak = row["peak_over_theirs"]["median"]
            found.append(promise(f"{row['name']}: peak", peak, MEMORY_MOST, most=True))
    return found


def frame_table(rows: list[dict[str, Any]]) -> str:
    """Return the figures as text."""
    lines = [f"{'':48}{'ours':>9}{'by hand':>9}  theirs / ours        peak MiB, ours / by hand"]
    for row in rows:
        ours, theirs = (row["libraries"][name] for name in (OURS, THEIRS))
        line = f"{row['name']:48}{ours['seconds']['median']:>8.2f}s"
        line += f"{theirs['seconds']['median']:>8.2f}s  {ratio_text(row['theirs_over_ours']):21}"
        if "peak_bytes" in ours:
            peaks = (each["peak_bytes"]["median"] / MIB for each in (ours, theirs))
            line += " / ".join(f"{peak:.0f}" for peak in peaks)
        lines.append(line)
    return "\n".join(lines)
