"""Whether a request costs the same among many routes and many connections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from children import Child
from idle_connections import FILES_BESIDE_CONNECTIONS, allow_files
from load_generator import connected, measure
from report import Price, promise, spread
from scaled_server import COUNTS, key
from scaling_plot import Line, plot
from server_applications import ROUTES_BY_SERIES
from server_rows import ServerRow, get
from server_table import OURS, SERVERS, THEIRS, ServerBench

# The last point over the first one: what two runs of the same differ by.
FLAT_MOST = 1.15
ROUNDS = 5
REQUESTS = 2_000  # a round
BODY = b"blue"
SERIES = (*ROUTES_BY_SERIES, "connections")
# How the series of a panel are told apart.
LABELS = {
    "routes under one prefix": ", one prefix",
    "routes of mixed segments": ", mixed segments",
}
DASHES = {"routes under one prefix": "6 4", "routes of mixed segments": "2 3"}


@dataclass(frozen=True, slots=True)
class Point:
    """One number of routes or connections, and what is asked there."""

    series: str
    count: int
    row: ServerRow
    application: str


def points() -> Iterator[Point]:
    """Yield all points, in the order in which they are measured; the last route is asked for."""
    for count in COUNTS:
        for series, template in ROUTES_BY_SERIES.items():
            path = template.format(count).format(owner="red", name="blue", part="1")
            row = ServerRow(f"{count} {series}", get(path), BODY, REQUESTS)
            yield Point(series, count, row, key(count, series))
        # One core for both ends: else one connection pays for waking cores, and many do not.
        row = ServerRow(
            f"{count} connections", get("/thing1/blue"), BODY, REQUESTS, count, one_core=True
        )
        yield Point("connections", count, row, key(1, "routes"))


def measure_scaling(
    bench: ServerBench, rounds: int, scale: float, picture: Path | None
) -> list[dict[str, Any]]:
    """Measure all points of both servers, draw them to *picture*, and return them by series."""
    allow_files(max(COUNTS) + FILES_BESIDE_CONNECTIONS)
    found: list[dict[str, Any]] = [{"name": name, "servers": {}} for name in SERIES]
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(Child("scaled_server.py", name, core=bench.core))
            for name in (OURS, THEIRS)
        }
        for point in points():
            bench.pin_load(one_core=point.row.one_core)
            prices = at_point(servers, point, min(rounds, ROUNDS), scale)
            series = found[SERIES.index(point.series)]["servers"]
            for name, figures in prices.items():
                cost = spread([price.cpu_microseconds for price in figures])
                series.setdefault(name, {})[str(point.count)] = cost
    if picture is not None:
        picture.parent.mkdir(exist_ok=True)
        picture.write_text(plot(lines(found)))
    return found


def at_point(
    servers: dict[str, Child], point: Point, rounds: int, scale: float
) -> dict[str, list[Price]]:
    """Return what each server asks for one point; round 0 is not counted."""
    prices: dict[str, list[Price]] = {name: [] for name in servers}
    requests = max(1, int(point.row.requests * scale))
    for number in range(rounds + 1):
        for name in sorted(servers, reverse=bool(number % 2)):
            server = servers[name]

            def spent(server: Child = server) -> float:
                seconds: float = server.ask(ask="cpu")
                return seconds

            with connected(server.ready[point.application], point.row) as clients:
                price = measure(clients, requests, spent, point.row.full_name)
            if number:
                prices[name].append(price)
    return prices


def lines(found: list[dict[str, Any]]) -> list[Line]:
    """Return what is drawn: routes to the left, connections to the right."""
    return [
        Line(
            panel="routes" if "routes" in series["name"] else "connections",
            label=SERVERS[name] + LABELS.get(series["name"], ""),
            ours=name == OURS,
            dashes=DASHES.get(series["name"], ""),
            points=[(int(count), cost["median"]) for count, cost in costs.items()],
        )
        for series in found
        for name, costs in series["servers"].items()
    ]


def scaling_table(found: list[dict[str, Any]]) -> str:
    """Return all points as text."""
    numbers = "".join(f"{count:>9,}" for count in COUNTS)
    rows = [f"{'CPU µs a request among':40}{numbers}   last / first"]
    for series in found:
        for name, costs in series["servers"].items():
            cells = "".join(f"{cost['median']:>9.1f}" for cost in costs.values())
            label = f"{series['name']}, {SERVERS[name]}"
            rows.append(f"{label:40}{cells}{growth(costs):>15.2f}")
    return "\n".join(rows)


def growth(costs: dict[str, dict[str, float]]) -> float:
    """Return what the last point costs, in what the first does."""
    medians = [cost["median"] for cost in costs.values()]
    return medians[-1] / medians[0]


def scaling_promises(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is promised of ours."""
    return [
        promise(
            f"{max(COUNTS):,} {series['name']} / 1",
            growth(series["servers"][OURS]),
            FLAT_MOST,
            most=True,
        )
        for series in found
    ]
