"""Answers are kept for a while, shared while they are under way, and bounded."""

from __future__ import annotations

import asyncio
import socket

import pytest

from notebook_http.transport.exceptions import ClientConnectionError
from notebook_http.transport.resolver import (
    AbstractResolver,
    DnsCache,
    ResolveResult,
    ThreadedResolver,
    literal_address,
)


class Slow(AbstractResolver):
    """Two addresses for every name, after `go`."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = asyncio.Event()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        await self.go.wait()
        if host == "bad":
            raise socket.gaierror(socket.EAI_NONAME, "no")
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in ("10.0.0.1", "10.0.0.2")
        ]

    async def close(self) -> None:
        pass


def cache_of(resolver: Slow, *, ttl: float | None = 10, names: int = 10) -> DnsCache:
    return DnsCache(resolver, ttl_seconds=ttl, max_names=names)


async def test_concurrent_callers_share_one_look_up():
    """A burst of a hundred requests is one question."""
    slow = Slow()
    cache = cache_of(slow)
    tasks = [asyncio.create_task(cache.resolve("a", 80, socket.AF_INET)) for _ in range(5)]
    await asyncio.sleep(0)
    slow.go.set()
    answers = await asyncio.gather(*tasks)
    assert slow.asked == ["a"]
    assert all(len(answer) == 2 for answer in answers)


async def test_one_cancel_does_not_spoil_it_for_the_others():
    """The last one to leave stops the look-up, and nobody before."""
    slow = Slow()
    cache = cache_of(slow)
    first = asyncio.create_task(cache.resolve("a", 80, socket.AF_INET))
    second = asyncio.create_task(cache.resolve("a", 80, socket.AF_INET))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    slow.go.set()
    assert len(await second) == 2
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_hits_take_turns():
    """The load spreads over a name's addresses."""
    slow = Slow()
    slow.go.set()
    cache = cache_of(slow)
    firsts = [(await cache.resolve("a", 80, socket.AF_INET))[0]["host"] for _ in range(3)]
    assert firsts == ["10.0.0.1", "10.0.0.2", "10.0.0.1"]


async def test_answers_age_and_failures_are_not_kept():
    """A name may move, and a network may come back."""
    slow = Slow()
    slow.go.set()
    cache = cache_of(slow, ttl=0.02)
    await cache.resolve("a", 80, socket.AF_INET)
    await asyncio.sleep(0.03)
    await cache.resolve("a", 80, socket.AF_INET)
    assert slow.asked == ["a", "a"]
    for _ in range(2):
        with pytest.raises(OSError, match="no"):
            await cache.resolve("bad", 80, socket.AF_INET)
    assert slow.asked[2:] == ["bad", "bad"]


async def test_the_number_of_names_is_bounded():
    """CVE-2026-34513."""
    slow = Slow()
    slow.go.set()
    cache = cache_of(slow, names=3)
    for n in range(10):
        await cache.resolve(f"h{n}", 80, socket.AF_INET)
    assert len(cache) == 3
    cache.clear("h9", 80)
    assert len(cache) == 2
    cache.clear()
    assert len(cache) == 0
    with pytest.raises(ValueError, match="at least 1"):
        cache_of(slow, names=0)


async def test_the_system_resolves_localhost():
    """In aiohttp's shape."""
    found = await ThreadedResolver().resolve("localhost", 80, socket.AF_INET)
    assert found[0]["host"] == "127.0.0.1"
    assert (found[0]["hostname"], found[0]["port"]) == ("localhost", 80)
    with pytest.raises(socket.gaierror):
        await ThreadedResolver().resolve("no.such.host.invalid")


def test_addresses_need_no_look_up():
    """Names that merely look like one do."""
    assert literal_address("127.0.0.1", 80)["family"] == socket.AF_INET
    assert literal_address("::1", 80)["family"] == socket.AF_INET6
    assert literal_address("1.2.3.4.example", 80) is None
    assert literal_address("host", 80) is None


async def test_who_comes_as_the_last_one_leaves_gets_a_look_up_of_their_own():
    """The one that was just stopped must not be joined: its cancel would be theirs."""
    slow = Slow()
    cache = cache_of(slow)
    first = asyncio.create_task(cache.resolve("a", 80, socket.AF_INET))
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.sleep(0)
    second = asyncio.create_task(cache.resolve("a", 80, socket.AF_INET))
    await asyncio.sleep(0.01)
    third = asyncio.create_task(cache.resolve("a", 80, socket.AF_INET))
    slow.go.set()
    assert len(await second) == len(await third) == 2
    assert slow.asked == ["a", "a"]
    assert first.cancelled()


async def test_closing_is_an_error_for_those_who_wait_and_no_cancel():
    """A cancel that nobody asked for would end a TaskGroup or a cell without a word."""
    slow = Slow()
    cache = cache_of(slow)
    waiting = asyncio.create_task(cache.resolve("a", 80, socket.AF_INET))
    await asyncio.sleep(0.01)
    cache.close()
    with pytest.raises(ClientConnectionError, match="closed during the look-up of a"):
        await waiting


def test_a_look_up_that_its_loop_never_finished_is_not_joined():
    """A loop that is stopped by hand leaves it under way for ever."""
    slow = Slow()
    cache = cache_of(slow)
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    left = first.create_task(cache.resolve("a", 80, socket.AF_INET))
    first.run_until_complete(asyncio.sleep(0.01))
    slow.go = asyncio.Event()
    slow.go.set()
    assert len(second.run_until_complete(cache.resolve("a", 80, socket.AF_INET))) == 2
    second.close()
    left.cancel()
    first.run_until_complete(asyncio.sleep(0.01))
    first.close()
