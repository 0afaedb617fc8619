"""What connections cost that ask for nothing: memory, and the time of those that do ask.

A connection counts as idle when it was answered once and is kept, or is a WebSocket whose one
message came back.
"""

from __future__ import annotations

import resource
from contextlib import ExitStack
from statistics import median
from typing import Any

from children import Child
from load_generator import connected, measure
from report import Price, over, priced, promise, ratio_text, spread
from resident_memory import measurable
from server_rows import SERVER_ROWS, ServerRow
from server_table import OURS, SERVERS, THEIRS, ServerBench

KIB = 1024
# What our process may grow by, as a share of aiohttp's.
KEPT_MOST, SOCKET_MOST = 0.5, 1.0
# How much dearer a request may be beside idle connections: what two runs of the same differ by.
CROWDED_MOST = 1.1
FILES_BESIDE_CONNECTIONS = 200
# Below this a process may not grow at all: what it has freed before is enough.
FEWEST = 200
MEMORY_ROUNDS = 3
REQUESTS = 2_000  # a round

HELLO_ROW = next(row for row in SERVER_ROWS if row.name == "hello, 1 connection")
ECHO_ROW = next(row for row in SERVER_ROWS if row.name == "WebSocket echo, 64 B")
IDLE_ROWS = (
    ("idle kept connection", HELLO_ROW, 2_000, KEPT_MOST),
    ("idle WebSocket", ECHO_ROW, 1_000, SOCKET_MOST),
)


def allow_files(wanted: int) -> int:
    """Let this process and those it starts open *wanted* files; return how many they may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if most > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(most, soft)


def measure_idle(
    bench: ServerBench, rounds: int, scale: float
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the rows of memory, and what 10,000 idle connections do to one more."""
    wanted = max(FEWEST, int(10_000 * scale))
    connections = min(wanted, allow_files(wanted + FILES_BESIDE_CONNECTIONS) - 100)
    rows = [
        remembered(bench, name, row, max(FEWEST, int(number * scale)), min(rounds, MEMORY_ROUNDS))
        for name, row, number, _ in IDLE_ROWS
        if measurable()
    ]
    return rows, crowded(bench, connections, rounds, scale)


def remembered(
    bench: ServerBench, name: str, row: ServerRow, connections: int, rounds: int
) -> dict[str, Any]:
    """Return by how many bytes a connection each server grows, a fresh process each time."""
    grown: dict[str, list[float]] = {OURS: [], THEIRS: []}
    for _ in range(rounds):
        for server, figures in grown.items():
            with ExitStack() as stack:
                child = bench.start(server, stack=stack)
                figures.append(grown_by(child, row, connections) / connections)
    found = {
        "name": name,
        "connections": connections,
        "bytes_a_connection": {server: spread(figures) for server, figures in grown.items()},
        "ours_over_aiohttp": median(grown[OURS]) / median(grown[THEIRS]),
    }
    print(memory_row(found), flush=True)
    return found


def grown_by(server: Child, row: ServerRow, connections: int) -> int:
    """Return by how many bytes *server* grows while *connections* are idle."""
    with connected(server.ready[""], row):
        before: int = server.ask(ask="memory")
        with connected(server.ready[""], row, connections=connections):
            after: int = server.ask(ask="memory")
    return after - before


def crowded(bench: ServerBench, connections: int, rounds: int, scale: float) -> dict[str, Any]:
    """Return what a request over one connection costs, alone and beside idle ones.

    Two processes of each server take turns, one with nothing else to do, one with *connections*.
    """
    bench.pin_load(one_core=True)
    found: dict[str, Any] = {"connections": connections, "servers": {}}
    requests = max(1, int(REQUESTS * scale))
    for name in (OURS, THEIRS):
        prices: dict[str, list[Price]] = {"alone": [], "crowded": []}
        with ExitStack() as stack:
            servers = {key: bench.start(name, stack=stack) for key in prices}
            port = servers["crowded"].ready[""]
            stack.enter_context(connected(port, HELLO_ROW, connections=connections))
            clients = {
                key: stack.enter_context(connected(server.ready[""], HELLO_ROW))
                for key, server in servers.items()
            }
            for number in range(rounds + 1):
                for key in sorted(prices, reverse=bool(number % 2)):
                    server = servers[key]

                    def spent(server: Child = server) -> float:
                        seconds: float = server.ask(ask="cpu")
                        return seconds

                    price = measure(clients[key], requests, spent, HELLO_ROW.full_name)
                    if number:
                        prices[key].append(price)
        found["servers"][name] = crowd(prices)
        print(crowd_row(name, found), flush=True)
    return found


def crowd(prices: dict[str, list[Price]]) -> dict[str, Any]:
    """Return a server's figures alone and crowded, and how much dearer the latter is."""
    latency = {
        key: spread([price.wall_seconds / price.requests * 1e6 for price in figures])
        for key, figures in prices.items()
    }
    return {
        **priced(prices),
        "latency_microseconds": latency,
        "crowded_over_alone": over(prices["crowded"], prices["alone"]),
        "latency_ratio": latency["crowded"]["median"] / latency["alone"]["median"],
    }


def memory_row(row: dict[str, Any]) -> str:
    """Return one row of memory as text."""
    cells = "".join(
        f"{SERVERS[server]} {figures['median'] / KIB:.1f} "
        f"({figures['min'] / KIB:.1f}-{figures['max'] / KIB:.1f})   "
        for server, figures in row["bytes_a_connection"].items()
    )
    name = f"{row['name']}, KiB (of {row['connections']:,})"
    return f"{name:40}{cells}ours / aiohttp {row['ours_over_aiohttp']:.2f}"


def crowd_row(name: str, found: dict[str, Any]) -> str:
    """Return one server's figures beside idle connections as text."""
    figures = found["servers"][name]
    cpu, latency = (
        [kind[key]["median"] for key in ("alone", "crowded")]
        for kind in (
            {key: figures[key]["cpu_microseconds_a_request"] for key in ("alone", "crowded")},
            figures["latency_microseconds"],
        )
    )
    label = f"{SERVERS[name]}: alone, beside {found['connections']:,} idle"
    ratio = ratio_text(figures["crowded_over_alone"])
    return (
        f"{label:40}CPU {cpu[0]:.1f} and {cpu[1]:.1f} µs a request, {ratio}"
        f"   latency {latency[0]:.0f} and {latency[1]:.0f} µs"
    )


def idle_table(rows: list[dict[str, Any]], found: dict[str, Any]) -> str:
    """Return all of it as text."""
    return "\n".join(
        [*map(memory_row, rows), *(crowd_row(name, found) for name in found["servers"])]
    )


def idle_promises(rows: list[dict[str, Any]], found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what is promised of idle connections, with what was measured of it."""
    bounds = {name: bound for name, _, _, bound in IDLE_ROWS}
    judged = [
        promise(
            f"{row['name']}, memory, ours / aiohttp",
            row["ours_over_aiohttp"],
            bounds[row["name"]],
            most=True,
        )
        for row in rows
    ]
    ours = found["servers"][OURS]
    beside = f"beside {found['connections']:,} idle connections / alone"
    ratios = {"CPU": ours["crowded_over_alone"]["median"], "latency": ours["latency_ratio"]}
    for name, ratio in ratios.items():
        judged.append(promise(f"{name} {beside}", ratio, CROWDED_MOST, most=True))
    return judged
