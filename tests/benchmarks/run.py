"""Measure this project beside its peers: `python tests/benchmarks/run.py [--quick] [--only TEXT]`.

Servers and clients of both libraries run as processes of their own, pinned to one core, and take
turns within each round; their load runs on the other core. Access logs are off on both, the event
loop is the standard library's on both, every answer is checked. Results go to build/bench.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import import_cost
from children import Child, Cores, pin, two_cores
from client_table import client_table, measure_clients, promise_table, promises, versions
from load_generator import measure as measure_server
from payloads import SERVER_ROWS
from report import Price, compare, compare_imports, import_table, request_table

LIBRARIES = ("notebook_http", "aiohttp")
RESULTS = Path(__file__).parents[2] / "build" / "bench.json"
CONNECTIONS = 64


def in_turn(rounds: int) -> Iterator[tuple[int, str]]:
    """Yield (round, library); who goes first changes with every round."""
    for number in range(rounds):
        for library in LIBRARIES if number % 2 else reversed(LIBRARIES):
            yield number, library


def server_rows(rounds: int, scale: float, cores: Cores, only: str = "") -> list[dict[str, Any]]:
    """Measure the servers; round 0 warms both up and is not counted."""
    server_core, load_core = cores
    chosen = [row for row in SERVER_ROWS if only in row.name]
    results: list[dict[str, Any]] = []
    if not chosen:
        return results
    with ExitStack() as stack:
        ports = {
            library: stack.enter_context(
                Child("server_under_test.py", library, core=server_core)
            ).ready["port"]
            for library in LIBRARIES
        }
        pin(0, load_core)
        for row in chosen:
            prices: dict[str, list[Price]] = {library: [] for library in LIBRARIES}
            scaled = replace(row, requests=max(CONNECTIONS, int(row.requests * scale)))
            for number, library in in_turn(rounds + 1):
                figures = measure_server(ports[library], scaled, CONNECTIONS)
                if number:
                    prices[library].append(Price(**asdict(figures)))
            results.append(finish(row.name, prices, row.target))
    return results


def finish(name: str, prices: dict[str, list[Price]], target: float | None) -> dict[str, Any]:
    """Return the row, and say on the terminal that it is done."""
    row = compare(name, prices["notebook_http"], prices["aiohttp"], target)
    print(f"  {name}: {row['cpu_ratio']['median']:.2f} of aiohttp's CPU time", flush=True)
    return row


def machine() -> dict[str, Any]:
    """Return what a reader needs to judge the figures."""
    optional = ("aiofastnet", "uvloop")
    installed = {d.metadata["Name"].lower() for d in metadata.distributions()}
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "versions": versions(),
        "installed": sorted(installed.intersection(optional)),
    }


def main() -> None:
    """Run everything, print the tables, write the file."""
    parser = argparse.ArgumentParser(description="Measure notebook_http beside aiohttp.")
    parser.add_argument("--quick", action="store_true", help="a fifth of the work, rougher figures")
    parser.add_argument("--rounds", type=int, help="rounds a row (7, with --quick 3)")
    parser.add_argument("--work", type=float, help="share of the requests (1, with --quick 0.2)")
    parser.add_argument("--only", default="", metavar="TEXT", help="rows with TEXT in their name")
    parser.add_argument("--results", type=Path, help=f"what to write (without --only: {RESULTS})")
    arguments = parser.parse_args()
    rounds = arguments.rounds or (3 if arguments.quick else 7)
    scale = arguments.work or (0.2 if arguments.quick else 1.0)
    target = arguments.results or (None if arguments.only else RESULTS)

    started = time.perf_counter()
    print(f"{rounds} rounds a row, the libraries in turn.", flush=True)
    results: dict[str, Any] = {"machine": machine(), "rounds": rounds}
    tables = []
    if arguments.only in "imports":
        results["imports"] = compare_imports(import_cost.measure(rounds))
        tables.append(import_table(results["imports"]))
    cores = two_cores()  # before this process, as the servers' load, is pinned to one of them
    rows = results["rows"] = server_rows(rounds, scale, cores, arguments.only)
    if rows:
        tables.insert(0, request_table(rows))
    clients, memory = measure_clients(rounds, scale, cores, arguments.only)
    if clients:
        found = promises(clients, memory)
        results |= {"clients": clients, "client_memory": memory, "client_promises": found}
        tables += [client_table(clients, memory), promise_table(found)]
    print("\n" + "\n\n".join(tables) + "\n")
    if target is not None:
        target.parent.mkdir(exist_ok=True)
        target.write_text(json.dumps(results, indent=2) + "\n")
        print(f"Written to {target}.")
    print(
        f"{time.perf_counter() - started:.0f} s. Compare CPU time: it is steadier than requests/s."
    )


if __name__ == "__main__":
    sys.exit(main())
