"""One ASGI application on three servers: ours, uvicorn and granian."""

from __future__ import annotations

from typing import Any

from payloads import HELLO, ONE_CAR
from report import over, priced, ratio_text
from server_rows import HELLO_GET, STREAMED, ServerRow, get
from server_table import FOOTNOTE, RUST, SERVERS, ServerBench

# Our server with the application that the others run, in a process of its own.
ASGI = "asgi"
PEERS = ("uvicorn", RUST)
# Its listening socket has no protocol's number, so asyncio leaves Nagle's algorithm on: what is
# streamed leaves together, behind the ACK of the first piece. Ours and granian's send at once.
NAGLE = "uvicorn's pieces wait for each other (no TCP_NODELAY), which spares it system calls' work."
NAMES = {ASGI: "ours", **{name: SERVERS[name] for name in PEERS}}

ASGI_ROWS = (
    ServerRow("ASGI: hello", HELLO_GET, HELLO, 3_000),
    ServerRow("ASGI: JSON, dynamic route", get("/cars/toyota-corona"), ONE_CAR, 3_000, json=True),
    ServerRow("ASGI: streamed, 10 pieces of 1 KiB", get("/streamed"), b"".join(STREAMED), 1_000),
)


def measure_asgi(bench: ServerBench, rounds: int, scale: float) -> list[dict[str, Any]]:
    """Measure the rows beside those peers that are there, and print each; none without a peer."""
    peers = [name for name in PEERS if name in bench.names]
    if not peers:
        return []
    results = []
    print(table_head(), flush=True)
    for row in ASGI_ROWS:
        prices = bench.prices(row, rounds, scale, (ASGI, *peers))
        ratios = {f"{name}_over_ours": over(prices[name], prices[ASGI]) for name in peers}
        results.append({"name": row.full_name, "servers": priced(prices)} | ratios)
        print(table_row(results[-1]), flush=True)
    return results


def table_head() -> str:
    """Return the line above `table_row`s."""
    names = "".join(f"{name:>10}" for name in NAMES.values())
    return f"{'ASGI: CPU µs a request':40}{names}" + "".join(f"{p + ' / ours':>19}" for p in PEERS)


def table_row(row: dict[str, Any]) -> str:
    """Return one row as text."""
    cells = ""
    for name in NAMES:
        figures = row["servers"].get(name)
        cell = f"{figures['cpu_microseconds_a_request']['median']:,.1f}" if figures else "-"
        cells += f"{cell:>10}"
    for name in PEERS:
        ratio = row.get(f"{name}_over_ours")
        cells += f"{ratio_text(ratio) if ratio else '-':>19}"
    return f"{row['name']:40}{cells}"


def asgi_table(rows: list[dict[str, Any]]) -> str:
    """Return all rows as text."""
    return "\n".join([table_head(), *map(table_row, rows), FOOTNOTE, NAGLE])
