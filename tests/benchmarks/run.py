"""Measure this project beside aiohttp: `python tests/benchmarks/run.py [--quick]`.

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
from load_generator import measure as measure_server
from payloads import CLIENT_ROWS, SERVER_ROWS
from report import Price, compare, compare_imports, import_table, request_table

LIBRARIES = ("notebook_http", "aiohttp")
RESULTS = Path(__file__).parents[2] / "build" / "bench.json"
CONNECTIONS = 64


def in_turn(rounds: int) -> Iterator[tuple[int, str]]:
    """Yield (round, library); who goes first changes with every round."""
    for number in range(rounds):
        for library in LIBRARIES if number % 2 else reversed(LIBRARIES):
            yield number, library


def server_rows(rounds: int, scale: float, cores: Cores) -> list[dict[str, Any]]:
    """Measure the servers; round 0 warms both up and is not counted."""
    server_core, load_core = cores
    results = []
    with ExitStack() as stack:
        ports = {
            library: stack.enter_context(
                Child("server_under_test.py", library, core=server_core)
            ).ready["port"]
            for library in LIBRARIES
        }
        pin(0, load_core)
        for row in SERVER_ROWS:
            prices: dict[str, list[Price]] = {library: [] for library in LIBRARIES}
            scaled = replace(row, requests=int(row.requests * scale))
            for number, library in in_turn(rounds + 1):
                figures = measure_server(ports[library], scaled, CONNECTIONS)
                if number:
                    prices[library].append(Price(**asdict(figures)))
            results.append(finish(row.name, prices, row.target))
    return results


def client_rows(rounds: int, scale: float, cores: Cores) -> list[dict[str, Any]]:
    """Measure the clients against the fixed server; round 0 warms both up and is not counted."""
    client_core, load_core = cores
    results = []
    with ExitStack() as stack:
        ports = {
            core: stack.enter_context(Child("fixed_server.py", core=core)).ready["port"]
            for core in (client_core, load_core)
        }
        clients = {
            library: stack.enter_context(Child("client_under_test.py", library, core=client_core))
            for library in LIBRARIES
        }
        for index, row in enumerate(CLIENT_ROWS):
            prices: dict[str, list[Price]] = {library: [] for library in LIBRARIES}
            for number, library in in_turn(rounds + 1):
                price = clients[library].ask(
                    row=index,
                    requests=int(row.requests * scale),
                    port=ports[client_core if row.one_core else load_core],
                )
                if number:
                    prices[library].append(Price(**price))
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
        "aiohttp": metadata.version("aiohttp"),
        "installed": sorted(installed.intersection(optional)),
    }


def main() -> None:
    """Run everything, print the tables, write the file."""
    parser = argparse.ArgumentParser(description="Measure notebook_http beside aiohttp.")
    parser.add_argument("--quick", action="store_true", help="a fifth of the work, rougher figures")
    parser.add_argument("--rounds", type=int, help="rounds a row (7, with --quick 3)")
    arguments = parser.parse_args()
    rounds = arguments.rounds or (3 if arguments.quick else 7)
    scale = 0.2 if arguments.quick else 1.0

    started = time.perf_counter()
    print(f"{rounds} rounds a row, both libraries in turn. Imports first.", flush=True)
    imports = compare_imports(import_cost.measure(rounds))
    cores = two_cores()  # before this process, as the servers' load, is pinned to one of them
    rows = server_rows(rounds, scale, cores) + client_rows(rounds, scale, cores)
    results = {"machine": machine(), "rounds": rounds, "rows": rows, "imports": imports}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")

    print(f"\n{request_table(rows)}\n\n{import_table(imports)}\n")
    print(f"Written to {RESULTS} after {time.perf_counter() - started:.0f} s.")
    print("Compare CPU time: it is steadier than requests/s on a shared machine.")


if __name__ == "__main__":
    sys.exit(main())
