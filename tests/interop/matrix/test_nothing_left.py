"""10,000 requests through 100 connections, and 64 MiB: what is left, and what they took meanwhile.

The server is another process, so that every task, timer, socket and byte here is the client's.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import notebook_http as nh

# Three times as long as a slow machine needs, since a count may be taken three times.
pytestmark = [pytest.mark.peer, pytest.mark.timeout(400)]

REQUESTS, CONNECTIONS = 10_000, 100
# One pointer kept for each request would be 80 kB, the smallest object 160 kB. What caches of
# first use, a longer table of strings or a collection that did not run leave is less than this.
MOST_BYTES_LEFT = 64 * 1024
# As many objects: one for each hundred requests would be over.
MOST_OBJECTS_LEFT = 100
# 64 MiB go through buffers that know their limits; the rest is what malloc keeps for next time.
MOST_STREAMING_MEBIBYTES = 8

# A POST that crosses the end of an idle connection is not repeated. These servers keep theirs for
# longer than a slow machine needs.
OURS, AIOHTTP = (pytest.param((name, 300), id=name) for name in ("ours", "aiohttp"))
servers = pytest.mark.parametrize("peer", [OURS, AIOHTTP], indirect=True)
Ask = Callable[[nh.ClientSession, Any, int], Awaitable[str]]


def held() -> dict[str, int]:
    """Count what this process holds."""
    gc.collect()
    return {
        "tasks": len(asyncio.all_tasks()),
        "timers": sum(not timer.cancelled() for timer in asyncio.get_running_loop()._scheduled),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "objects": len(gc.get_objects()),
        "bytes": tracemalloc.get_traced_memory()[0],
    }


async def run(peer: Any, ask: Ask, requests: int) -> Counter[str]:
    """Make so many requests, 100 at a time, in one session; return how they ended."""
    ends: Counter[str] = Counter()
    numbers = iter(range(requests))

    async def worker() -> None:
        for number in numbers:
            ends[await ask(session, peer, number)] += 1

    connector = nh.TCPConnector(limit=CONNECTIONS, ssl=False)
    async with nh.ClientSession(connector=connector) as session:
        await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))
        assert connector._pool.busy_count == 0
        assert connector._pool.waiting_count == 0
        assert connector._pool.idle_count <= CONNECTIONS
    return ends


async def settled(before: dict[str, int]) -> dict[str, int]:
    """Return what is held more than before, when the loop has closed what was to be closed."""
    more: dict[str, int] = {}
    for _ in range(200):
        now = held()
        more = {name: now[name] - count for name, count in before.items()}
        if more["descriptors"] <= 0 and more["tasks"] <= 0 and more["timers"] <= 0:
            break
        await asyncio.sleep(0.02)
    return more


async def assert_nothing_left(peer: Any, ask: Ask, requests: int = REQUESTS) -> Counter[str]:
    """Run once to warm up and once to be counted; return how the counted requests ended.

    A table that grew by chance in that very run (of strings, of lines that coverage saw) is not
    left again by the next one; what each request leaves is.
    """
    tracemalloc.start()
    try:
        await run(peer, ask, requests // 5)
        for _ in range(3):
            before = held()
            ends = await run(peer, ask, requests)
            more = await settled(before)
            if more["objects"] < MOST_OBJECTS_LEFT and more["bytes"] < MOST_BYTES_LEFT:
                break
    finally:
        tracemalloc.stop()
    assert (more["tasks"], more["timers"], more["descriptors"]) == (0, 0, 0)
    assert more["objects"] < MOST_OBJECTS_LEFT
    assert more["bytes"] < MOST_BYTES_LEFT
    return ends


async def echo(session: nh.ClientSession, peer: Any, number: int) -> str:
    """Ask in one of three ways; see that the answer is to that question."""
    url = peer.at("/echo")
    data = b"x" * number if number % 3 == 1 else pieces(number % 50) if number % 3 == 2 else None
    method = "GET" if data is None else "POST"
    async with session.request(method, url, data=data, params={"n": number}) as response:
        said = await response.json()
    assert said["target"] == f"/echo?n={number}"
    assert said["size"] == {0: 0, 1: number, 2: number % 50 * 10}[number % 3]
    return "answered"


async def pieces(count: int) -> AsyncIterator[bytes]:
    """Yield a body without a length."""
    for _ in range(count):
        yield b"ten bytes."


async def cancelled(session: nh.ClientSession, peer: Any, number: int) -> str:
    """Cancel a request after some turns of the loop: dialling, sending, waiting, reading."""
    path = ("/large", "/slow", "/echo")[number // 10 % 3]
    data = pieces(1000) if path == "/echo" else None

    async def ask() -> None:
        method = "GET" if data is None else "POST"
        async with session.request(method, peer.at(path), data=data) as response:
            await response.read()

    task = asyncio.create_task(ask())
    for _ in range(number // 10 % 40):
        await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return "cancelled"
    return "answered"


async def mixed(session: nh.ClientSession, peer: Any, number: int) -> str:
    """One in ten each: a cancel, a time-out, a dead connection, an error, a body left half read."""
    kind = number % 10
    if kind == 1:
        return await cancelled(session, peer, number)
    if kind == 3:
        with pytest.raises(TimeoutError):
            await session.get(peer.at("/slow"), timeout=nh.ClientTimeout(total=0.01))
        return "timed out"
    if kind == 5:
        try:
            async with session.post(peer.at("/once"), headers={"X-Token": "many"}) as response:
                await response.read()
        except nh.ClientConnectionError:
            return "hung up"
        return "answered"
    if kind == 7:
        with pytest.raises(nh.ClientResponseError):
            await session.get(peer.at("/nowhere"), raise_for_status=True)
        return "refused"
    if kind == 9:
        async with session.get(peer.at("/large")) as response:
            await response.content.readexactly(1000)
        return "half read"
    return await echo(session, peer, number)


@servers
async def test_ten_thousand_requests_leave_nothing(peer: Any) -> None:
    """GET, POST with a length and POST in chunks."""
    assert await assert_nothing_left(peer, echo) == {"answered": REQUESTS}


@servers
async def test_ten_thousand_requests_that_end_badly_leave_nothing(peer: Any) -> None:
    """Cancels, time-outs, connections that die, errors and half read bodies among good ones."""
    ends = await assert_nothing_left(peer, mixed)
    assert sum(ends.values()) == REQUESTS
    for end in ("timed out", "refused", "half read"):
        assert ends[end] == REQUESTS // 10
    # How many of these are still answered is a matter of time.
    assert ends["cancelled"] > REQUESTS // 40
    assert ends["hung up"] > 0


@servers
async def test_requests_over_tls_that_end_badly_leave_nothing(peer: Any) -> None:
    """The same on TLS, whose transports are others: fewer, since half of them shake hands anew."""
    secure, requests = SimpleNamespace(at=partial(peer.at, tls=True)), REQUESTS // 5
    ends = await assert_nothing_left(secure, mixed, requests)
    assert sum(ends.values()) == requests
    assert ends["timed out"] == ends["refused"] == ends["half read"] == requests // 10


@pytest.mark.parametrize("peer", [OURS], indirect=True)
async def test_our_server_keeps_nothing_of_them(peer: Any, session: nh.ClientSession) -> None:
    """Tasks, timers and sockets of the server's process, before and after."""

    async def left() -> dict[str, int]:
        async with session.get(peer.at("/left"), headers={"Connection": "close"}) as response:
            counts: dict[str, int] = await response.json()
            return counts

    await run(peer, mixed, REQUESTS // 10)
    before = await left()
    await run(peer, mixed, REQUESTS)
    for _ in range(200):
        after = await left()
        if all(after[name] <= count for name, count in before.items()):
            break
        await asyncio.sleep(0.02)
    assert {
        name: after[name] - count for name, count in before.items() if after[name] > count
    } == {}


@pytest.mark.parametrize("peer", ["ours"], indirect=True)
@pytest.mark.parametrize("secure", [False, True], ids=["tcp", "tls"])
async def test_64_mebibytes_go_through_little_memory(peer: Any, secure: bool) -> None:
    """Down, up from a generator, up from a file: the resident set at its highest."""
    script = Path(__file__).with_name("streaming_client.py")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        peer.tls_url if secure else peer.url,
        "1024",
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    grown = json.loads(output)
    assert set(grown) == {"down", "generator", "file"}
    assert max(grown.values()) <= MOST_STREAMING_MEBIBYTES * 2**20, grown
