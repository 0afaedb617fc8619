"""Many requests as a stream: as they are done, nothing kept, nothing read too far ahead."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import Iterator
from contextlib import aclosing

import pytest

import notebook_http as nh


async def test_the_first_that_is_done_comes_first(answers):
    """With its place in the list."""
    urls = [answers.url(path) for path in ("/wait/1", "/item/0", "/broken", "/item/3")]
    places = []
    async with aclosing(nh.stream_all(urls, retry=None)) as stream:
        async for place, reply in stream:
            places.append(place)
            if place == 2:
                assert isinstance(reply, nh.ClientConnectionError)
            else:
                assert reply.status == 200
            if len(places) == 3:
                answers.gate.set()
    assert sorted(places[:3]) == [1, 2, 3]
    assert places[3] == 0


async def test_leaving_it_stops_the_rest(answers):
    """Their connections are closed, not only forgotten."""
    urls = [answers.url(path) for path in ("/item/0", "/wait/1", "/wait/2")]
    async with aclosing(nh.stream_all(urls)) as stream:
        async for place, _ in stream:
            assert place == 0
            while answers.now < 2:
                await asyncio.sleep(0.01)
            break
    while answers.now:
        await asyncio.sleep(0.01)


async def test_a_generator_is_read_as_it_goes(answers):
    """And what is wrong in it is named when it is reached."""
    read = 0

    def urls() -> Iterator[str | int]:
        nonlocal read
        for n in range(1000):
            read += 1
            yield answers.url(f"/item/{n}")

    async with aclosing(nh.stream_all(urls(), limit=5, per_host=2)) as stream:
        async for _ in stream:
            break
    assert read <= 12
    with pytest.raises(TypeError, match="item 1 is no URL"):
        async for _ in nh.stream_all(iter([answers.url("/item/0"), 5])):
            pass


async def test_an_error_can_be_raised(answers):
    """As by `fetch_all`."""
    with pytest.raises(nh.ClientConnectionError):
        async for _ in nh.stream_all([answers.url("/broken")], errors="raise", retry=None):
            pass
    with pytest.raises(ValueError, match="stream_all: errors is"):
        nh.stream_all([], errors="none")


async def test_memory_stays_flat_over_ten_thousand_requests(answers, caplog):
    """Bodies of 8 KB would be 80 MB if they were kept."""
    caplog.set_level("WARNING")  # pytest would keep each request's line, where others log all
    count = 10_000
    answers.body = b"x" * 8192
    url = answers.url("/body")
    held: list[int] = []
    seen = 0
    tracemalloc.start(1)
    try:
        async with aclosing(nh.stream_all(url for _ in range(count))) as stream:
            async for _, reply in stream:
                assert len(reply.content) == 8192
                del reply
                seen += 1
                if seen % 1000 == 0:
                    gc.collect()
                    held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert seen == count
    assert held[-1] - held[0] < 1_000_000
