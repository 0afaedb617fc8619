"""Servers beside each other: who is measured, in which order, and the table that comes of it."""

from __future__ import annotations

import importlib.util
import ssl
import tempfile
import textwrap
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import geometric_mean
from typing import Any

import trustme
from children import Child, Cores, pin
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from load_generator import connected, measure
from process_clock import measures_children
from report import Price, over, priced, promise, ratio_text
from server_rows import FILES, SERVER_ROWS, SMALL_LEAST, SMALL_MEAN, ServerRow

OURS, THEIRS, RUST = "notebook_http", "aiohttp", "granian"
# Each server, by what the table calls it; the ASGI servers run the same Starlette application.
SERVERS = {
    OURS: "ours",
    THEIRS: "aiohttp",
    "uvicorn": "uvicorn*",
    RUST: "granian*",
}
# The share of a row's requests that a server is asked for: slow ones get fewer.
SHARES = {OURS: 1.0, THEIRS: 1.0, "uvicorn": 0.3, RUST: 0.3}
FOOTNOTE = "* with Starlette; granian's threads and processes are all counted."

Prices = dict[str, list[Price]]


class ServerBench:
    """The processes that are needed, each started when a row asks for it."""

    def __init__(self, stack: ExitStack, cores: Cores, names: Sequence[str]) -> None:
        self._stack = stack
        self.core, self._load_core = cores
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name, content in FILES.items():
            (self.folder / name).write_bytes(content)
        self._certificate, self.context = certified(self.folder)
        self.names = [name for name in names if self._is_there(name)]
        self._servers: dict[tuple[str, bool], Child] = {}

    def _is_there(self, name: str) -> bool:
        """Whether a server can be measured; one that cannot is said, and left out."""
        if name in (OURS, THEIRS):
            return True
        reason = ""
        if importlib.util.find_spec(name) is None or importlib.util.find_spec("starlette") is None:
            reason = "is NOT INSTALLED"
        elif not measures_children():
            reason = "CANNOT BE MEASURED: this system tells no other process's CPU time"
        if reason:
            print(f"\n  !!! {name} {reason}: it is left out of every row.\n", flush=True)
        return not reason

    def start(self, name: str, *, tls: bool = False, stack: ExitStack | None = None) -> Child:
        """Start a server on the core of what is measured, until *stack* ends, or this bench."""
        certificate = [str(self._certificate)] if tls else []
        script = "server_under_test.py"
        child = Child(script, name, str(self.folder), *certificate, core=self.core)
        return (stack or self._stack).enter_context(child)

    def server(self, name: str, *, tls: bool) -> Child:
        """Return the server of that name that all rows share."""
        if (name, tls) not in self._servers:
            self._servers[name, tls] = self.start(name, tls=tls)
        return self._servers[name, tls]

    def pin_load(self, *, one_core: bool) -> None:
        """Move the load, which is this process, to where it belongs."""
        pin(0, self.core if one_core else self._load_core)

    def price(self, server: Child, row: ServerRow, requests: int) -> Price:
        """Return what *requests* requests cost *server*."""
        port = server.ready.get(row.application, server.ready[""])
        with connected(port, row, self.context) as clients:
            return measure(clients, requests, lambda: server.ask(ask="cpu"), row.full_name)

    def prices(
        self, row: ServerRow, rounds: int, scale: float, names: Sequence[str] = ()
    ) -> Prices:
        """Return what *row* costs each server; round 0 warms all up and is not counted."""
        names = list(names) or self.names
        servers = {name: self.server(name, tls=row.tls) for name in names}
        self.pin_load(one_core=row.one_core)
        prices: Prices = {name: [] for name in servers}
        for number in range(rounds + 1):
            # Who goes first changes with every round.
            first = number % len(names)
            for name in names[first:] + names[:first]:
                requests = int(row.requests * scale * SHARES.get(name, 1.0))
                price = self.price(servers[name], row, requests)
                if number:
                    prices[name].append(price)
        return prices


def certified(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Write a certificate with its key, as all servers read it; return it and the client's side."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    # granian reads no other kind of key than PKCS #8.
    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / "certificate.pem"
    path.write_bytes(key_pem + b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return path, context


def measure_rows(
    bench: ServerBench, rows: Sequence[ServerRow], rounds: int, scale: float
) -> list[dict[str, Any]]:
    """Measure *rows* and print each as it is done."""
    results = []
    print(table_head(), flush=True)
    for row in rows:
        results.append(compared(row, bench.prices(row, rounds, scale)))
        print(table_row(results[-1]), flush=True)
    return results


def compared(row: ServerRow, prices: Prices) -> dict[str, Any]:
    """Return one row: figures of each server, and the ratios, taken round by round."""
    return {
        "name": row.full_name,
        "servers": priced(prices),
        "answer_bytes": {name: figures[0].answer_bytes for name, figures in prices.items()},
        "aiohttp_over_ours": over(prices[THEIRS], prices[OURS]),
        "granian_over_ours": over(prices[RUST], prices[OURS]) if RUST in prices else None,
        "small": row.small,
        "beside_rust": row.beside_rust,
        "least_ratio": row.least_ratio,
    }


def table_head() -> str:
    """Return the lines above `table_row`s."""
    names = "".join(f"{name:>10}" for name in SERVERS.values())
    ratios = f"{'aiohttp / ours':>19}{'granian / ours':>19}"
    return f"{'server: CPU µs a request':40}{names}{ratios}"


def table_row(row: dict[str, Any]) -> str:
    """Return one row as text."""
    cells = ""
    for name in SERVERS:
        figures = row["servers"].get(name)
        cell = f"{figures['cpu_microseconds_a_request']['median']:,.1f}" if figures else "-"
        cells += f"{cell:>10}"
    for ratio in (row["aiohttp_over_ours"], row["granian_over_ours"]):
        cells += f"{ratio_text(ratio) if ratio else '-':>19}"
    return f"{row['name']:40}{cells}"


def server_table(rows: list[dict[str, Any]]) -> str:
    """Return all rows as text."""
    small = "; ".join(row["name"] for row in rows if row["small"])
    notes = [FOOTNOTE, *(textwrap.wrap(f"Small requests: {small}.", 100) if small else [])]
    return "\n".join([table_head(), *map(table_row, rows), *notes])


def promises(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return every promise with what was measured of it: `least` or `most`, and `figure`."""
    found = []
    small = {row["name"]: row["aiohttp_over_ours"]["median"] for row in rows if row["small"]}
    if small:
        mean = geometric_mean(small.values())
        found.append(promise(f"geometric mean of {len(small)} small requests", mean, SMALL_MEAN))
        least = min(small, key=small.__getitem__)
        found.append(promise(f"the least of them: {least}", small[least], SMALL_LEAST))
    for row in rows:
        if row["least_ratio"] is not None and not row["small"]:
            ratio = row["aiohttp_over_ours"]["median"]
            found.append(promise(f"{row['name']}, aiohttp / ours", ratio, row["least_ratio"]))
        if row["beside_rust"] and row["granian_over_ours"]:
            ratio = row["granian_over_ours"]["median"]
            found.append(promise(f"{row['name']}, granian / ours", ratio, 1.0))
    return found


def rows_named(texts: Sequence[str]) -> list[ServerRow]:
    """Return the rows that have one of *texts* in their name, of those that can be asked."""
    return [
        row
        for row in SERVER_ROWS
        if any(text.lower() in f"server: {row.full_name}".lower() for text in texts)
    ]
