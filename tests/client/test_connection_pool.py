"""Whose turn it is: limits, order, and what is kept for later."""

from __future__ import annotations

import asyncio

import pytest

from notebook_http.client import ClientConnectionError
from notebook_http.client.connection_key import ConnectionKey
from notebook_http.client.connection_pool import ConnectionPool

A = ConnectionKey("a", 80, False)
B = ConnectionKey("b", 80, False)


class Line:
    """The least that a connection is to the pool."""

    def __init__(self, key: ConnectionKey) -> None:
        self.key = key
        self.idle_until = 0.0
        self.closed = False
        self.stale = False

    def is_stale(self) -> bool:
        return self.stale

    def close(self) -> None:
        self.closed = True


def pool_of(
    limit: int = 0, limit_per_host: int = 0, keepalive_seconds: float = 10
) -> ConnectionPool[Line]:
    return ConnectionPool(
        limit=limit, limit_per_host=limit_per_host, keepalive_seconds=keepalive_seconds
    )


def in_use(pool: ConnectionPool[Line], key: ConnectionKey) -> Line:
    assert pool.take_slot(key)
    line = Line(key)
    pool.adopt(line)
    return line


async def test_the_newest_idle_connection_is_used_first():
    """It is the least likely to have been closed by the server."""
    pool = pool_of()
    first, second = in_use(pool, A), in_use(pool, A)
    pool.give_back(first, 1.0)
    pool.give_back(second, 2.0)
    assert pool.reuse(A, 3.0) is second
    assert pool.reuse(A, 3.0) is first
    assert pool.reuse(A, 3.0) is None
    assert pool.reuse(B, 3.0) is None
    pool.close()


async def test_connections_past_their_time_are_closed_not_used():
    """The loop was blocked, so that the timer could not see to it."""
    pool = pool_of(limit=1)
    line = in_use(pool, A)
    pool.give_back(line, 1.0)
    assert pool.reuse(A, 100.0) is None
    assert line.closed
    assert pool.busy_count == 0
    pool.close()


async def test_connections_that_rested_are_looked_at():
    """Half a second is enough for a server to hang up behind a blocked loop."""
    pool = pool_of()
    fresh, stale = in_use(pool, A), in_use(pool, A)
    pool.give_back(fresh, 1.0)
    pool.give_back(stale, 1.0)
    stale.stale = True
    assert pool.reuse(A, 2.0) is fresh
    assert stale.closed
    pool.close()


async def test_a_limit_holds_and_the_queue_is_in_order():
    """First come, first served; a slot is handed over, never up for grabs."""
    pool = pool_of(limit=1)
    line = in_use(pool, A)
    order: list[str] = []

    async def want(name: str) -> None:
        await pool.wait_for_slot(A)
        order.append(name)
        assert not pool.take_slot(A)
        await asyncio.sleep(0)
        pool.free_slot(A)

    tasks = [asyncio.create_task(want(name)) for name in "123"]
    await asyncio.sleep(0)
    pool.give_back(line, None)
    assert not pool.take_slot(A), "the slot is the first waiter's"
    await asyncio.gather(*tasks)
    assert order == ["1", "2", "3"]
    assert pool.busy_count == 0


async def test_a_full_host_does_not_block_the_others():
    """The queue is one, but who cannot go yet lets others pass."""
    pool = pool_of(limit=2, limit_per_host=1)
    a, b = in_use(pool, A), in_use(pool, B)
    first = asyncio.create_task(pool.wait_for_slot(A))
    second = asyncio.create_task(pool.wait_for_slot(B))
    await asyncio.sleep(0)
    pool.give_back(b, None)
    await asyncio.sleep(0)
    assert second.done()
    assert not first.done()
    pool.give_back(a, None)
    await first


async def test_a_cancelled_waiter_passes_its_slot_on():
    """Also when the slot came in the same turn of the loop as the cancel."""
    pool = pool_of(limit=1)
    line = in_use(pool, A)
    first = asyncio.create_task(pool.wait_for_slot(A))
    second = asyncio.create_task(pool.wait_for_slot(A))
    await asyncio.sleep(0)
    pool.give_back(line, None)  # handed to the first,
    first.cancel()  # who is gone
    await second
    assert first.cancelled()
    pool.free_slot(A)
    assert (pool.busy_count, pool.waiting_count) == (0, 0)

    line = in_use(pool, A)
    first = asyncio.create_task(pool.wait_for_slot(A))
    second = asyncio.create_task(pool.wait_for_slot(A))
    await asyncio.sleep(0)
    first.cancel()
    pool.give_back(line, None)
    await second
    pool.free_slot(A)
    assert (pool.busy_count, pool.waiting_count) == (0, 0)


async def test_the_oldest_idle_connection_makes_room():
    """A limit is one of open connections, idle ones included."""
    pool = pool_of(limit=2)
    one, two = in_use(pool, A), in_use(pool, B)
    pool.give_back(one, 1.0)
    pool.give_back(two, 2.0)
    assert pool.take_slot(A)
    pool.make_room()
    assert one.closed
    assert not two.closed
    pool.free_slot(A)
    pool.close()


async def test_idle_connections_are_swept():
    """By one timer, at the time of the oldest."""
    loop = asyncio.get_running_loop()
    pool = pool_of(keepalive_seconds=0.03)
    line = in_use(pool, A)
    pool.give_back(line, loop.time())
    await asyncio.sleep(0.02)
    late = in_use(pool, A)
    pool.give_back(late, loop.time())
    await asyncio.sleep(0.02)
    assert (line.closed, late.closed) == (True, False)
    await asyncio.sleep(0.03)
    assert late.closed
    assert pool.idle_count == 0


async def test_a_lost_idle_connection_is_forgotten():
    """And one in use is left alone: its exchange ends it."""
    pool = pool_of()
    idle, busy = in_use(pool, A), in_use(pool, A)
    pool.give_back(idle, 1.0)
    pool.forget(idle)
    pool.forget(busy)
    assert (pool.idle_count, pool.busy_count) == (0, 1)
    pool.give_back(busy, None)
    pool.give_back(busy, None)  # twice is once
    assert pool.busy_count == 0
    pool.close()


async def test_closing_wakes_those_who_wait():
    """With an error that says why."""
    pool = pool_of(limit=1)
    line = in_use(pool, A)
    waiting = asyncio.create_task(pool.wait_for_slot(A))
    await asyncio.sleep(0)
    assert pool.close() == [line]
    with pytest.raises(ClientConnectionError, match="closed"):
        await waiting
    pool.give_back(line, 1.0)
    assert line.closed
    with pytest.raises(ClientConnectionError):
        pool.adopt(line)


async def test_many_hosts_and_waiters_are_served_in_no_time():
    """No scan of thousands per hand-over."""
    pool = pool_of(limit=1)
    line = in_use(pool, A)
    done = 0

    async def want() -> None:
        nonlocal done
        await pool.wait_for_slot(A)
        done += 1
        pool.free_slot(A)

    tasks = [asyncio.create_task(want()) for _ in range(5000)]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        pool.give_back(line, None)
        await asyncio.gather(*tasks)
    assert done == 5000
