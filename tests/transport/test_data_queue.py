"""Messages are read in order, and whoever feeds too many has to wait."""

from __future__ import annotations

import asyncio

import pytest

from notebook_http.transport.data_queue import DataQueue, FlowControlDataQueue
from notebook_http.transport.stream_reader import EofStream


class Flow:
    """Remembers what a connection was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def pause_reading(self) -> None:
        self.told.append("pause")

    def resume_reading(self) -> None:
        self.told.append("resume")


async def test_items_come_in_order_and_then_the_end() -> None:
    """Also items that are false; an empty bytes object ends an iteration, as in aiohttp."""
    queue: DataQueue[object] = DataQueue(asyncio.get_running_loop())
    assert queue  # a queue is one, also when nothing is in it
    for item in (0, "", "b"):
        queue.feed_data(item, 1)
    assert len(queue) == 3
    queue.feed_eof()
    assert queue.is_eof()
    assert not queue.at_eof()
    assert await queue.read() == 0
    assert [item async for item in queue] == ["", "b"]
    assert queue.at_eof()
    with pytest.raises(EofStream):
        await queue.read()


async def test_a_waiter_is_woken_by_an_item_the_end_and_an_error() -> None:
    """One at a time; a cancelled one takes nothing."""
    queue: DataQueue[str] = DataQueue(asyncio.get_running_loop())
    waiting = asyncio.ensure_future(queue.read())
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="already waiting"):
        await queue.read()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    waiting = asyncio.ensure_future(queue.read())
    await asyncio.sleep(0)
    queue.feed_data("a")
    assert await waiting == "a"
    waiting = asyncio.ensure_future(queue.read())
    await asyncio.sleep(0)
    cause = OSError("reset")
    error = ValueError("broken")
    queue.set_exception(error, cause)
    with pytest.raises(ValueError, match="broken"):
        await waiting
    assert queue.exception() is error
    assert error.__cause__ is cause


async def test_what_came_before_an_error_is_still_read() -> None:
    """It is whole."""
    queue: DataQueue[str] = DataQueue(asyncio.get_running_loop())
    queue.feed_data("a")
    queue.set_exception(ValueError("broken"))
    assert await queue.read() == "a"
    with pytest.raises(ValueError, match="broken"):
        await queue.read()


async def test_the_peer_waits_while_too_much_is_queued() -> None:
    """Above twice the limit, until less than the limit is left."""
    flow = Flow()
    queue: FlowControlDataQueue[str] = FlowControlDataQueue(
        flow, 10, loop=asyncio.get_running_loop()
    )
    for _ in range(5):
        queue.feed_data("x", 5)
    assert flow.told == ["pause"]
    for _ in range(3):
        await queue.read()
    assert flow.told == ["pause"]
    await queue.read()
    assert flow.told == ["pause", "resume"]
