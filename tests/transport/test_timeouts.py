"""One timer serves all deadlines, in time, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import weakref
from math import inf
from typing import Any

import pytest

from notebook_http.transport.timeouts import Deadline, DeadlineTimer


class Bell(Deadline):
    """Remembers when it rang."""

    __slots__ = ("rang",)

    def __init__(self, when: float = inf) -> None:
        super().__init__()
        self.when = when
        self.rang: list[float] = []

    def expire(self) -> None:
        self.rang.append(asyncio.get_running_loop().time())
        self.when = inf


async def test_deadlines_ring_in_time_in_any_order() -> None:
    """Also those that are added after a later one, and those moved earlier."""
    loop = asyncio.get_running_loop()
    timer = DeadlineTimer.of(loop)
    assert DeadlineTimer.of(loop) is timer
    now = loop.time()
    bells = [Bell(now + delay) for delay in (0.3, 0.1, 0.2)]
    moved, never = Bell(now + 60), Bell()
    for bell in (*bells, moved, never):
        timer.add(bell)
    moved.when = now + 0.15
    timer.reschedule(moved)
    await asyncio.sleep(0.5)
    for bell, delay in zip((*bells, moved), (0.3, 0.1, 0.2, 0.15), strict=True):
        assert len(bell.rang) == 1
        assert now + delay <= bell.rang[0] < now + delay + 0.15
    assert never.rang == []
    for bell in (*bells, moved, never):
        timer.discard(bell)
    assert len(timer) == 0


async def test_moving_a_deadline_later_is_free_and_works() -> None:
    """A connection moves it at each request without telling the timer."""
    loop = asyncio.get_running_loop()
    timer = DeadlineTimer.of(loop)
    bell = Bell(loop.time() + 0.05)
    timer.add(bell)
    for _ in range(5):
        await asyncio.sleep(0.02)
        bell.when = loop.time() + 0.1
    assert bell.rang == []
    await asyncio.sleep(0.25)
    assert len(bell.rang) == 1
    timer.discard(bell)


async def test_a_faulty_deadline_does_not_silence_the_others() -> None:
    """Its error goes to the loop's handler."""
    loop = asyncio.get_running_loop()
    caught: list[dict[str, object]] = []
    loop.set_exception_handler(lambda _loop, context: caught.append(context))

    class Faulty(Deadline):
        def expire(self) -> None:
            raise LookupError("mine")

    timer = DeadlineTimer.of(loop)
    faulty, bell = Faulty(), Bell(loop.time() + 0.02)
    faulty.when = loop.time() + 0.01
    timer.add(faulty)
    timer.add(bell)
    await asyncio.sleep(0.1)
    assert isinstance(caught[0]["exception"], LookupError)
    assert len(caught) == 1
    assert len(bell.rang) == 1
    timer.discard(faulty)
    timer.discard(bell)


async def test_a_deadline_can_discard_itself() -> None:
    """Aborting a connection does that."""
    timer = DeadlineTimer.of(asyncio.get_running_loop())

    class Once(Bell):
        def expire(self) -> None:
            super().expire()
            timer.discard(self)

    bells = [Once(asyncio.get_running_loop().time() + 0.01) for _ in range(3)]
    for bell in bells:
        timer.add(bell)
    await asyncio.sleep(0.1)
    assert [len(bell.rang) for bell in bells] == [1, 1, 1]
    assert len(timer) == 0


def test_a_closed_loop_and_its_timer_are_forgotten() -> None:
    """A notebook may run thousands of loops."""

    async def use() -> weakref.ref[DeadlineTimer]:
        loop = asyncio.get_running_loop()
        timer = DeadlineTimer.of(loop)
        bell = Bell(loop.time() + 60)
        timer.add(bell)
        timer.discard(bell)
        return weakref.ref(timer)

    timer = asyncio.run(use())
    gc.collect()
    assert timer() is None


async def test_ten_thousand_idle_deadlines_cost_next_to_nothing(most_cpu: Any) -> None:
    """Looking at all of them is rationed."""
    loop = asyncio.get_running_loop()
    timer = DeadlineTimer.of(loop)
    now = loop.time()
    bells = [Bell(now + 0.2 + index / 10_000) for index in range(10_000)]
    for bell in bells:
        timer.add(bell)
    with most_cpu(0.8):
        await asyncio.sleep(1.6)
    assert all(len(bell.rang) == 1 for bell in bells)
    for bell in bells:
        timer.discard(bell)


def test_the_plain_deadline_has_to_be_derived_from() -> None:
    """What to do is the owner's to say."""
    with pytest.raises(NotImplementedError):
        Deadline().expire()
