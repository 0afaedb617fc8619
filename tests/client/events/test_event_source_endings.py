"""However a source of events ends, nobody waits for it any more, and nothing of it is left."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest

from notebook_http.client import ClientSession

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
GONE = b"HTTP/1.1 204 No Content\r\n\r\n"
Stream = Callable[..., Awaitable[Any]]


async def texts(source: Any) -> list[str]:
    return [event.data async for event in source]


async def test_a_cancelled_read_loses_nothing(stream: Stream, session: ClientSession) -> None:
    """While it reads, while it waits, while it connects: the next read goes on."""
    server = await stream(
        (HEAD, b"retry: 100\ndata: a\n\n", 0.15, b"data: b\n\n"),
        (0.15, HEAD, b"data: c\n\n"),
        (GONE,),
    )
    async with session.sse(server.url) as source:
        found = []
        while True:
            try:
                event = await asyncio.wait_for(anext(source), 0.04 if len(found) < 2 else 0.6)
            except TimeoutError:
                continue
            except StopAsyncIteration:
                break
            found.append(event.data)
    assert found == ["a", "b", "c"]


@pytest.mark.parametrize("turns", range(0, 40, 3))
async def test_a_cancel_while_connecting_leaves_no_connection(
    stream: Stream, session: ClientSession, turns: int
) -> None:
    server = await stream((HEAD, b"data: a\n\n", 5.0))
    source = session.sse(server.url)
    task = asyncio.create_task(anext(source))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    source.close()
    assert session.connector._pool.busy_count == 0


async def test_every_way_out_closes_the_connection(stream: Stream, session: ClientSession) -> None:
    server = await stream((HEAD, b"data: a\n\ndata: b\n\n", 5.0))
    async with session.sse(server.url) as source:
        await anext(source)
    assert session.connector._pool.busy_count == 0
    with pytest.raises(StopAsyncIteration):  # what had arrived is gone, too
        await anext(source)
    async with aclosing(session.sse(server.url)) as source:
        await anext(source)
    assert session.connector._pool.busy_count == 0
    async for _ in session.sse(server.url):
        break
    gc.collect()
    assert session.connector._pool.busy_count == 0


async def test_closing_wakes_whoever_reads(stream: Stream, session: ClientSession) -> None:
    server = await stream((HEAD, b"data: a\n\n", 5.0))
    source = session.sse(server.url)
    reading = asyncio.create_task(texts(source))
    await asyncio.sleep(0.1)
    source.close()
    assert await asyncio.wait_for(reading, 1) == ["a"]


async def test_closing_ends_the_wait_for_the_next_connection(
    stream: Stream, session: ClientSession
) -> None:
    server = await stream((HEAD, b"retry: 600000\ndata: a\n\n"))
    source = session.sse(server.url)
    reading = asyncio.create_task(texts(source))
    while source.last_event_id != "" or source.response is not None or not server.connections:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    source.close()
    assert await asyncio.wait_for(reading, 5) == ["a"]
    assert server.connections == 1


async def test_closing_ends_the_wait_for_an_answer(stream: Stream, session: ClientSession) -> None:
    server = await stream((20.0,))
    source = session.sse(server.url)
    reading = asyncio.create_task(texts(source))
    while not server.requests:
        await asyncio.sleep(0.01)
    source.close()
    assert await asyncio.wait_for(reading, 5) == []
    assert session.connector._pool.busy_count == 0


async def test_a_session_that_closes_ends_the_wait_for_the_next_connection(stream: Stream) -> None:
    server = await stream((HEAD, b"retry: 600000\ndata: a\n\n"))
    async with ClientSession() as session:
        source = session.sse(server.url)
        assert (await anext(source)).data == "a"
        reading = asyncio.create_task(texts(source))
        await asyncio.sleep(0.1)
    with pytest.raises(RuntimeError, match="closed"):
        await asyncio.wait_for(reading, 10)


async def test_a_session_that_closes_ends_its_sources(stream: Stream) -> None:
    server = await stream((HEAD, b"data: a\n\n", 5.0))
    async with ClientSession() as session:
        source = session.sse(server.url)
        await anext(source)
    with pytest.raises(Exception, match="session was closed"):
        await asyncio.wait_for(anext(source), 1)
    with pytest.raises(RuntimeError, match="closed"):
        await anext(session.sse(server.url))


async def test_its_state_shows(stream: Stream, session: ClientSession) -> None:
    server = await stream((HEAD, b"data: a\n\n", 5.0))
    source = session.sse(server.url)
    assert "not begun" in repr(source)
    async with source:
        assert "open" in repr(source)
    assert "closed" in repr(source)
