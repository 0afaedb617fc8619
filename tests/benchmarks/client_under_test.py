"""Child process: one library's client, asking whatever its standard input says.

    python client_under_test.py LIBRARY PEM_FILE_OF_THE_AUTHORITY used|fresh

Each line in is `{"row": index, "requests": n, "origin": "https://127.0.0.1:p"}`; each line out the
price of these. Every round has a session of its own, warmed by one request on each connection
before the clock starts. With `"memory": true` the price is bytes (see `memory`).

With `used` the process has freed a large object, as any program with data has. It matters: asyncio
asks for 256 KiB before each read, for which glibc makes a new mapping each time (15 µs) until a
larger object was freed once. A client that leaves that size as it is depends on what its process
did before, on other rows for example.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from client_peers import PEERS, Peer
from client_rows import ANSWERS, CLIENT_ROWS, LARGE_BODY, MIB, PATHS, ClientRow, Heap
from payloads import HELLO, UPLOAD
from resident_memory import forget_peak, peak_bytes, resident_bytes


def once(peer: Peer, session: Any, url: str, row: ClientRow) -> Callable[[], Awaitable[Any]]:
    """Return a function that asks once and returns what `wanted` should equal."""
    if row.kind == "post":
        return lambda: peer.post(session, url, UPLOAD)
    ask = getattr(peer, row.kind)
    return lambda: ask(session, url)


def wanted(row: ClientRow) -> Any:
    """Return what a right answer is."""
    if row.kind == "download":
        return LARGE_BODY
    body = ANSWERS[row.kind]
    return 200, (json.loads(body) if row.kind == "json" else body)


async def ask(call: Callable[[], Awaitable[Any]], requests: int, right: Any) -> None:
    """Ask *requests* times, one after the other, and check each answer."""
    for _ in range(requests):
        answer = await call()
        if answer != right:
            raise SystemExit(f"wrong answer: {answer!r:.200}")


async def measure(peer: Peer, url: str, row: ClientRow, requests: int) -> dict[str, float]:
    """Return the CPU and wall seconds of *requests* requests."""
    async with peer.session(row.connections) as session:
        if row.kind == "echo":
            message = UPLOAD[:1] * row.message_bytes
            async with peer.socket(session, url) as socket:
                return await clocked(lambda times: peer.echo(socket, message, times), requests, 1)
        call, right = once(peer, session, url, row), wanted(row)

        async def all_workers(each: int) -> None:
            await asyncio.gather(*(ask(call, each, right) for _ in range(row.connections)))

        return await clocked(all_workers, max(1, requests // row.connections), row.connections)


async def clocked(
    work: Callable[[int], Awaitable[None]], each: int, connections: int
) -> dict[str, float]:
    """Return the price of `work(each)`, which a small piece of it warms."""
    await work(1)
    gc.collect()
    started, cpu_before = time.perf_counter(), time.process_time()
    await work(each)
    return {
        "cpu_seconds": time.process_time() - cpu_before,
        "wall_seconds": time.perf_counter() - started,
        "requests": each * connections,
    }


async def memory(peer: Peer, origin: str, row: ClientRow) -> dict[str, float]:
    """Return by how many bytes the process grew at most while a large body went through."""
    async with peer.session(1) as session:
        if await peer.get(session, origin + PATHS["get"]) != (200, HELLO):
            raise SystemExit("wrong answer")
        gc.collect()
        forget_peak()
        before = resident_bytes()
        await ask(once(peer, session, origin + row.path, row), 1, wanted(row))
        return {"grown_bytes": max(0, peak_bytes() - before)}


def main(library: str, authority: str, heap: Heap) -> None:
    """Answer lines until there are no more."""
    if heap == "used":
        bytes(4 * MIB)
    peer = PEERS[library](authority)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        question = json.loads(line)
        row, origin = CLIENT_ROWS[question["row"]], question["origin"]
        if question.get("memory"):
            price = asyncio.run(memory(peer, origin, row))
        else:
            price = asyncio.run(measure(peer, origin + row.path, row, question["requests"]))
        print(json.dumps(price), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])  # type: ignore[arg-type]
