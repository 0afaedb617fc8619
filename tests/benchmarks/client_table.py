"""Clients beside each other: who is measured, in which order, and the table that comes of it."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path
from statistics import geometric_mean
from typing import Any

import trustme
from children import Child, Cores, pin
from client_peers import PEERS
from client_rows import CLIENT_ROWS, MEMORY_MOST, MIB, SMALL_LEAST, SMALL_MEAN, ClientRow, Heap
from report import Price, over, priced, promise, ratio_text, spread
from resident_memory import measurable

OURS, THEIRS, RUST = "notebook_http", "aiohttp", "pyreqwest"
SHORT_NAMES = {OURS: "ours"}
MEMORY_ROUNDS = 3

Prices = dict[str, list[Price]]


class ClientBench:
    """The processes that are needed, and what is measured with them."""

    def __init__(self, stack: ExitStack, cores: Cores) -> None:
        self._core, load_core = cores
        pin(0, load_core)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        authority, certificate = folder / "authority.pem", folder / "certificate.pem"
        trust = trustme.CA()
        trust.cert_pem.write_to_path(str(authority))
        trust.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
        self._authority = str(authority)
        # A row of one core has its servers there, the others on the other one.
        self._ports = {
            (script, core): stack.enter_context(Child(script, str(certificate), core=core)).ready
            for script in ("fixed_server.py", "bulk_server.py")
            for core in {self._core, load_core}
        }
        self._load_core = load_core
        self.clients = dict(self._start(stack))

    def _start(self, stack: ExitStack) -> Iterator[tuple[str, Child]]:
        """Start a process for each library; one that cannot be had is said, and left out."""
        for name in PEERS:
            if importlib.util.find_spec(name) is None and name not in (OURS, THEIRS):
                print(
                    f"\n  !!! {name} is NOT INSTALLED: it is left out of every row.\n", flush=True
                )
                continue
            yield name, stack.enter_context(self._child(name))

    def _child(self, name: str, heap: Heap = "used") -> Child:
        return Child("client_under_test.py", name, self._authority, heap, core=self._core)

    def able(self, row: ClientRow) -> list[str]:
        """Return those who can do what *row* asks."""
        names = self.clients if row.heap == "used" else (OURS, THEIRS)
        return [name for name in names if row.kind in PEERS[name].kinds]

    def origin(self, row: ClientRow) -> str:
        """Return the start of the address that *row* asks."""
        script = "bulk_server.py" if row.bulk else "fixed_server.py"
        ports = self._ports[script, self._core if row.one_core else self._load_core]
        return f"{'https' if row.tls else 'http'}://127.0.0.1:{ports['tls' if row.tls else 'tcp']}"

    def prices(self, index: int, rounds: int, scale: float) -> Prices:
        """Return what *row* costs each library; round 0 warms all up and is not counted."""
        row = CLIENT_ROWS[index]
        if row.heap == "used":
            return self._prices(index, rounds, scale, self.clients)
        with ExitStack() as stack:
            fresh = {
                name: stack.enter_context(self._child(name, "fresh")) for name in self.able(row)
            }
            return self._prices(index, rounds, scale, fresh)

    def _prices(self, index: int, rounds: int, scale: float, clients: dict[str, Child]) -> Prices:
        row = CLIENT_ROWS[index]
        libraries = self.able(row)
        prices: Prices = {name: [] for name in libraries}
        for number in range(rounds + 1):
            # Who goes first changes with every round.
            first = number % len(libraries)
            for name in libraries[first:] + libraries[:first]:
                requests = max(1, int(row.requests * scale * PEERS[name].share))
                price = clients[name].ask(row=index, requests=requests, origin=self.origin(row))
                if number:
                    prices[name].append(Price(**price))
        return prices

    def memory(self, index: int, rounds: int) -> dict[str, list[int]]:
        """Return by how many bytes each library's process grew, a fresh process each time."""
        row = CLIENT_ROWS[index]
        grown: dict[str, list[int]] = {name: [] for name in self.able(row)}
        for _ in range(rounds):
            for name in grown:
                with self._child(name) as child:
                    figure = child.ask(row=index, memory=True, origin=self.origin(row))
                grown[name].append(figure["grown_bytes"])
        return grown


def measure_clients(
    rounds: int, scale: float, cores: Cores, texts: Sequence[str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return rows of CPU time and of memory: those with one of *texts* in their name."""
    names = [f"client: {row.full_name}".lower() for row in CLIENT_ROWS]
    chosen = [
        index for index, name in enumerate(names) if any(text.lower() in name for text in texts)
    ]
    if not chosen:
        return [], []
    with ExitStack() as stack:
        bench = ClientBench(stack, cores)
        rows = []
        for index in chosen:
            rows.append(compared(CLIENT_ROWS[index], bench.prices(index, rounds, scale)))
            print(table_row(rows[-1]), flush=True)
        large = [i for i in chosen if CLIENT_ROWS[i].large and CLIENT_ROWS[i].heap == "used"]
        memory = [
            remembered(CLIENT_ROWS[index], bench.memory(index, min(rounds, MEMORY_ROUNDS)))
            for index in (large if measurable() else [])
        ]
    return rows, memory


def compared(row: ClientRow, prices: Prices) -> dict[str, Any]:
    """Return one row: figures of each library, and the ratios, taken round by round."""
    return {
        "name": row.full_name,
        "libraries": priced(prices),
        "aiohttp_over_ours": over(prices[THEIRS], prices[OURS]),
        "pyreqwest_over_ours": over(prices[RUST], prices[OURS]) if RUST in prices else None,
        "small": row.small,
        "beside_rust": row.beside_rust,
        "least_ratio": row.least_ratio,
    }


def remembered(row: ClientRow, grown: dict[str, list[int]]) -> dict[str, Any]:
    """Return a row of memory: bytes by library."""
    return {
        "name": row.full_name,
        "grown_bytes": {name: spread(figures) for name, figures in grown.items()},
    }


def table_head(libraries: list[str]) -> str:
    """Return the line above `table_row`s."""
    names = "".join(f"{SHORT_NAMES.get(name, name):>11}" for name in libraries)
    return f"{'CPU µs a request':35}{names}   aiohttp / ours"


def table_row(row: dict[str, Any]) -> str:
    """Return one row as text."""
    cells = ""
    for name in PEERS:
        figures = row["libraries"].get(name)
        cell = f"{figures['cpu_microseconds_a_request']['median']:,.1f}" if figures else "-"
        cells += f"{cell:>11}"
    return f"{row['name']:35}{cells}   {ratio_text(row['aiohttp_over_ours'])}"


def client_table(rows: list[dict[str, Any]], memory: list[dict[str, Any]]) -> str:
    """Return all rows as text."""
    lines = [table_head(list(PEERS)), *map(table_row, rows)]
    if memory:
        lines += ["", f"{'MiB grown while streaming 64 MiB':35}"]
    for row in memory:
        cells = "".join(
            f"{row['grown_bytes'][name]['median'] / MIB:>11.1f}"
            if name in row["grown_bytes"]
            else f"{'-':>11}"
            for name in PEERS
        )
        lines.append(f"{row['name']:35}{cells}")
    return "\n".join(lines)


def promises(rows: list[dict[str, Any]], memory: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return every promise with what was measured of it: `least` or `most`, and `figure`."""
    found = []
    small = [row["aiohttp_over_ours"]["median"] for row in rows if row["small"]]
    if small:
        found.append(promise("small requests, geometric mean", geometric_mean(small), SMALL_MEAN))
        found.append(promise("small requests, the least", min(small), SMALL_LEAST))
    for row in rows:
        if row["least_ratio"] is not None and not row["small"]:
            ratio = row["aiohttp_over_ours"]["median"]
            found.append(promise(f"{row['name']}, aiohttp / ours", ratio, row["least_ratio"]))
        if row["beside_rust"] and row["pyreqwest_over_ours"]:
            ratio = row["pyreqwest_over_ours"]["median"]
            found.append(promise(f"{row['name']}, pyreqwest / ours", ratio, 1.0))
    for row in memory:
        grown = row["grown_bytes"][OURS]["median"]
        name = f"{row['name']}, MiB grown"
        found.append(promise(name, grown / MIB, MEMORY_MOST / MIB, most=True))
    return found


def versions() -> dict[str, str]:
    """Return the version of each peer that is installed."""
    found = {}
    for name in PEERS:
        try:
            found[name] = metadata.version(name.replace("_", "-"))
        except metadata.PackageNotFoundError:
            continue
    return found
