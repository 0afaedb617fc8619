"""Measure this project beside its peers: `python tests/benchmarks/run.py [--quick] [--rows TEXT]`.

Servers and clients of all libraries run as processes of their own, pinned to one core, and take
turns within each round; their load runs on the other core. Access logs are off on all, the event
loop is the standard library's on all, every answer is checked. Results go to build/bench.json,
the picture of how costs grow to build/scaling.svg.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path
from typing import Any

import import_cost
import server_table
from asgi_table import asgi_table, measure_asgi
from card_table import card_promises, card_table, measure_cards, rows_named as card_rows
from children import Cores, two_cores
from client_table import client_table, measure_clients, promises, versions
from frame_table import frame_promises, frame_table, measure_frames, rows_named as frame_rows
from idle_connections import idle_promises, idle_table, measure_idle
from report import compare_imports, import_table, promise_table
from scaling import measure_scaling, scaling_promises, scaling_table

RESULTS = Path(__file__).parents[2] / "build" / "bench.json"
# What is measured of servers beside rows: a name for `--rows` each.
ASGI, IDLE, SCALING = MANY = ("server: ASGI", "server: idle connections", "server: scaling")
# Peers of the servers that are no clients.
SERVER_PACKAGES = ("granian", "starlette", "uvicorn")


def arguments_of(command_line: list[str] | None = None) -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description="Measure notebook_http beside its peers.")
    parser.add_argument("--quick", action="store_true", help="a fifth of the work, rougher figures")
    parser.add_argument("--rounds", type=int, help="rounds a row (7, with --quick 3)")
    parser.add_argument("--work", type=float, help="share of the requests (1, with --quick 0.2)")
    parser.add_argument("--server", action="store_true", help="the servers only")
    parser.add_argument("--client", action="store_true", help="the clients only")
    parser.add_argument(
        "--rows", default="", metavar="TEXT,TEXT", help="rows with such a text in their name"
    )
    parser.add_argument(
        "--beside",
        default=",".join(server_table.SERVERS),
        metavar="NAME,NAME",
        help="servers to measure beside ours and aiohttp's (%(default)s)",
    )
    parser.add_argument("--results", type=Path, help=f"what to write (of everything: {RESULTS})")
    arguments = parser.parse_args(command_line)
    arguments.everything = not (arguments.server or arguments.client or arguments.rows)
    arguments.both = arguments.server == arguments.client
    arguments.rounds = arguments.rounds or (3 if arguments.quick else 7)
    arguments.work = arguments.work or (0.2 if arguments.quick else 1.0)
    arguments.rows = [text.strip() for text in arguments.rows.split(",")]
    if arguments.results is None and arguments.everything:
        arguments.results = RESULTS
    return arguments


def machine() -> dict[str, Any]:
    """Return what a reader needs to judge the figures."""
    optional = ("aiofastnet", "uvloop")
    installed = {d.metadata["Name"].lower(): d.version for d in metadata.distributions()}
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "versions": versions()
        | {name: installed[name] for name in SERVER_PACKAGES if name in installed},
        "installed": sorted({*installed}.intersection(optional)),
    }


def servers(arguments: argparse.Namespace, cores: Cores) -> tuple[dict[str, Any], list[str]]:
    """Measure the servers: return what goes to the file, and tables."""
    beside = arguments.beside.split(",")
    names = [
        name
        for name in server_table.SERVERS
        if name in beside or name in (server_table.OURS, server_table.THEIRS)
    ]
    chosen = server_table.rows_named(arguments.rows)
    many = [part for part in MANY if any(text.lower() in part.lower() for text in arguments.rows)]
    if not (chosen or many):
        return {}, []
    results: dict[str, Any] = {}
    found: list[dict[str, Any]] = []
    tables = []
    with ExitStack() as stack:
        bench = server_table.ServerBench(stack, cores, names)
        if chosen:
            rows = server_table.measure_rows(bench, chosen, arguments.rounds, arguments.work)
            results["servers"] = rows
            found += server_table.promises(rows)
            tables.append(server_table.server_table(rows))
        if ASGI in many and (rows := measure_asgi(bench, arguments.rounds, arguments.work)):
            results["asgi"] = rows
            tables.append(asgi_table(rows))
        if IDLE in many:
            memory, crowd = measure_idle(bench, arguments.rounds, arguments.work)
            results |= {"idle_memory": memory, "beside_idle": crowd}
            found += idle_promises(memory, crowd)
            tables.append(idle_table(memory, crowd))
        if SCALING in many:
            file = arguments.results
            picture = file.with_name("scaling.svg") if file is not None else None
            scaling = measure_scaling(bench, arguments.rounds, arguments.work, picture)
            results["scaling"] = scaling
            found += scaling_promises(scaling)
            tables.append(scaling_table(scaling))
    return results | {"server_promises": found}, [*tables, promise_table(found)]


def clients(arguments: argparse.Namespace, cores: Cores) -> tuple[dict[str, Any], list[str]]:
    """Measure the clients: return what goes to the file, and tables."""
    rows, memory = measure_clients(arguments.rounds, arguments.work, cores, arguments.rows)
    if not rows:
        return {}, []
    found = promises(rows, memory)
    results = {"clients": rows, "client_memory": memory, "client_promises": found}
    return results, [client_table(rows, memory), promise_table(found)]


def frames(arguments: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    """Measure JSON to DataFrames: return what goes to the file, and tables."""
    chosen = frame_rows(arguments.rows)
    if not chosen:
        return {}, []
    rows = measure_frames(chosen, arguments.rounds, arguments.work)
    found = frame_promises(rows)
    return {"frames": rows, "frame_promises": found}, [frame_table(rows), promise_table(found)]


def cards(arguments: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    """Measure cards of JSON: return what goes to the file, and tables."""
    chosen = card_rows(arguments.rows)
    if not chosen:
        return {}, []
    rows = measure_cards(chosen, arguments.rounds, arguments.work)
    found = card_promises(rows)
    return {"cards": rows, "card_promises": found}, [card_table(rows), promise_table(found)]


def main() -> None:
    """Run everything, print the tables, write the file."""
    arguments = arguments_of()
    started = time.perf_counter()
    print(f"{arguments.rounds} rounds a row, the libraries in turn.", flush=True)
    results: dict[str, Any] = {"machine": machine(), "rounds": arguments.rounds}
    tables: list[str] = []
    if arguments.everything:
        results["imports"] = compare_imports(import_cost.measure(arguments.rounds))
        tables.append(import_table(results["imports"]))
    if not (arguments.server or arguments.client):
        for part_of_notebook in (frames, cards):
            figures, more = part_of_notebook(arguments)
            results |= figures
            tables += more
    cores = two_cores()  # before this process, as the servers' load, is pinned to one of them
    for wanted, part in ((arguments.server, servers), (arguments.client, clients)):
        if wanted or arguments.both:
            figures, more = part(arguments, cores)
            results |= figures
            tables += more
    print("\n" + "\n\n".join(tables) + "\n")
    if arguments.results is not None:
        arguments.results.parent.mkdir(exist_ok=True)
        arguments.results.write_text(json.dumps(results, indent=2) + "\n")
        print(f"Written to {arguments.results}.")
    print(
        f"{time.perf_counter() - started:.0f} s. Compare CPU time: it is steadier than requests/s."
    )


if __name__ == "__main__":
    sys.exit(main())
