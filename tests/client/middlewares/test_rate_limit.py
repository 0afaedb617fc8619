"""RateLimitMiddleware: the tokens of a bucket, and the order of those who wait."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from notebook_http import web
from notebook_http.client import ClientSession, ClientTimeout, TotalTimeoutError
from notebook_http.client.middlewares import RateLimitMiddleware, RetryMiddleware


async def ok(request: web.Request) -> web.Response:
    return web.Response(text="ok")


async def test_a_burst_leaves_at_once_and_the_rest_evenly(serve_handler: Any) -> None:
    server = await serve_handler(ok)
    limit = RateLimitMiddleware(10, per=1.0, burst=3)
    async with ClientSession(middlewares=[limit]) as session:
        await asyncio.gather(*(session.get(server.url) for _ in range(7)))
    since = [when - server.times[0] for when in server.times]
    # Three at once, then one each 0.1 s: the nth is never early, and not late by much.
    for place, earliest in enumerate((0, 0, 0, 0.1, 0.2, 0.3, 0.4)):
        assert earliest - 0.03 <= since[place] <= earliest + 0.5


async def test_tokens_come_back_with_time_but_not_above_the_burst(serve_handler: Any) -> None:
    server = await serve_handler(ok)
    limit = RateLimitMiddleware(10, per=0.5, burst=2)
    async with ClientSession(middlewares=[limit]) as session:
        await asyncio.gather(*(session.get(server.url) for _ in range(2)))
        await asyncio.sleep(0.5)  # time for ten
        server.times.clear()
        await asyncio.gather(*(session.get(server.url) for _ in range(4)))
    assert server.times[3] - server.times[0] >= 0.1 - 0.03  # two waited for their own


async def test_without_a_burst_they_leave_one_by_one(serve_handler: Any) -> None:
    server = await serve_handler(ok)
    limit = RateLimitMiddleware(1, per=0.1)
    async with ClientSession(middlewares=[limit]) as session:
        await asyncio.gather(*(session.get(server.url) for _ in range(4)))
    assert server.times[3] - server.times[0] >= 0.3 - 0.03


async def test_who_comes_first_leaves_first(serve_handler: Any) -> None:
    server = await serve_handler(ok)
    limit = RateLimitMiddleware(50, burst=1)
    async with ClientSession(middlewares=[limit]) as session:

        async def ask(place: int) -> None:
            await asyncio.sleep(place * 0.002)  # some while others wait
            await session.get(f"{server.url}{place}")

        await asyncio.gather(*(ask(place) for place in range(12)))
    assert [request.path for request in server.requests] == [f"/{n}" for n in range(12)]


async def test_a_cancelled_wait_takes_no_token(serve_handler: Any) -> None:
    server = await serve_handler(ok)
    limit = RateLimitMiddleware(1, per=0.4)
    async with ClientSession(middlewares=[limit]) as session:
        await session.get(server.url)
        waiting = [asyncio.create_task(session.get(server.url)) for _ in range(20)]
        last = asyncio.create_task(session.get(server.url))
        await asyncio.sleep(0.05)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await last
    assert len(server.requests) == 2
    assert 0.3 <= server.gaps[0] <= 2  # not twenty periods


async def test_a_token_given_to_a_cancelled_one_is_passed_on() -> None:
    """The timer and the cancel may fall into the same turn of the loop."""
    limit = RateLimitMiddleware(1, per=1.0)
    passed: list[str] = []
    async with ClientSession(middlewares=[limit]) as session:

        async def note(request: Any, handler: Any) -> Any:
            passed.append(request.url.path)
            raise ConnectionError

        def ask(path: str) -> asyncio.Task[Any]:
            call = session.get(f"http://127.0.0.1{path}", middlewares=[limit, note])
            return asyncio.create_task(call.__aenter__())

        first = ask("/first")
        await asyncio.wait([first])
        cancelled, second = ask("/cancelled"), ask("/second")
        await asyncio.sleep(0)
        (bucket,) = limit._buckets.values()
        # Ten microseconds after the token is given, and before anybody was woken.
        assert bucket._timer is not None
        asyncio.get_running_loop().call_at(bucket._timer.when() + 1e-5, cancelled.cancel)
        began = time.monotonic()
        await asyncio.wait([cancelled, second], timeout=5)
        assert time.monotonic() - began < 1.6  # it did not wait for another one
    assert cancelled.cancelled()
    assert isinstance(first.exception(), ConnectionError)
    assert isinstance(second.exception(), ConnectionError)
    assert passed == ["/first", "/second"]


async def test_a_cancel_is_a_cancel_though_tokens_have_come_meanwhile(serve_handler: Any) -> None:
    """A busy loop: the timer passes those by who were cancelled but have not run since."""
    server = await serve_handler(ok)
    limit = RateLimitMiddleware(1, per=0.1)
    async with ClientSession(middlewares=[limit]) as session:
        await session.get(server.url)
        tasks = [asyncio.create_task(session.get(server.url)) for _ in range(3)]
        await asyncio.sleep(0)
        time.sleep(0.15)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert [task.cancelled() for task in tasks] == [True] * 3
        await asyncio.wait_for(session.get(server.url), 5)
    assert len(server.requests) == 2


async def test_nothing_is_left_when_all_waits_are_cancelled(serve_handler: Any) -> None:
    server = await serve_handler(ok)
    limit = RateLimitMiddleware(1, per=0.2)
    async with ClientSession(middlewares=[limit]) as session:
        await session.get(server.url)
        tasks = [asyncio.create_task(session.get(server.url)) for _ in range(3)]
        await asyncio.sleep(0.02)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    (bucket,) = limit._buckets.values()
    assert not bucket._waiters
    assert bucket._timer is None


async def test_hosts_can_be_counted_by_themselves(serve_handler: Any) -> None:
    one, two = await serve_handler(ok), await serve_handler(ok)
    limit = RateLimitMiddleware(1, per=0.5, per_host=True)
    async with ClientSession(middlewares=[limit]) as session:
        began = time.monotonic()
        await asyncio.gather(session.get(one.url), session.get(two.url))
        assert time.monotonic() - began < 0.45
        await session.get(one.url)
    assert one.gaps[0] >= 0.5 - 0.03


async def test_and_are_counted_together_by_default(serve_handler: Any) -> None:
    one, two = await serve_handler(ok), await serve_handler(ok)
    async with ClientSession(middlewares=[RateLimitMiddleware(1, per=0.3)]) as session:
        await asyncio.gather(session.get(one.url), session.get(two.url))
    assert abs(one.times[0] - two.times[0]) >= 0.3 - 0.03


async def test_buckets_of_hosts_do_not_pile_up() -> None:
    limit = RateLimitMiddleware(1000, per=0.001, per_host=True)

    async def answer(request: Any, handler: Any) -> Any:
        raise ConnectionError

    async with ClientSession(middlewares=[limit, answer]) as session:
        for number in range(3000):
            with pytest.raises(ConnectionError):
                await session.get(f"http://h{number}.test/")
    assert len(limit._buckets) <= 1024


async def test_total_holds_while_waiting(serve_handler: Any) -> None:
    server = await serve_handler(ok)
    async with ClientSession(middlewares=[RateLimitMiddleware(1, per=30)]) as session:
        await session.get(server.url)
        with pytest.raises(TotalTimeoutError, match="its middlewares took all"):
            await session.get(server.url, timeout=ClientTimeout(total=0.2))
    assert len(server.requests) == 1


async def test_each_try_waits_its_turn(serve_handler: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=503 if len(server.requests) < 3 else 200)

    server = await serve_handler(handler)
    both = [RetryMiddleware(base_delay=0), RateLimitMiddleware(1, per=0.2)]
    async with ClientSession(middlewares=both) as session:
        assert (await session.get(server.url)).status == 200
    assert all(gap >= 0.2 - 0.03 for gap in server.gaps)
    assert len(server.gaps) == 2


def test_one_limit_serves_loop_after_loop() -> None:
    """A script that calls `asyncio.run` twice; those who waited the first time are gone."""
    limit = RateLimitMiddleware(1, per=0.3)

    async def answer(request: Any, handler: Any) -> Any:
        raise ConnectionError

    async def ask(times: int) -> None:
        async with ClientSession(middlewares=[limit, answer]) as session:
            calls = [session.get("http://127.0.0.1/").__aenter__() for _ in range(times)]
            tasks = [asyncio.create_task(call) for call in calls]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(ask(3))
    began = time.monotonic()
    asyncio.run(ask(1))
    assert 0.2 <= time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"requests": 0}, ValueError),
        ({"requests": 0.5}, TypeError),
        ({"requests": 1, "per": 0}, ValueError),
        ({"requests": 1, "per": float("inf")}, ValueError),
        ({"requests": 1, "burst": 0}, ValueError),
    ],
)
def test_arguments_that_make_no_sense(arguments: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=list(arguments)[-1]):
        RateLimitMiddleware(**arguments)
