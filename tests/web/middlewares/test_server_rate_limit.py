"""RateLimitMiddleware: how often a client is answered, and what it is told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, strategies as st

from notebook_http import web
from notebook_http.test_utils import make_mocked_request
from notebook_http.web.middlewares import RateLimitMiddleware
from notebook_http.web.middlewares.rate_limit import address_of


def rates(answer: Any) -> tuple[int, int, int]:
    """Return limit, what is left, and seconds until all of it is."""
    limit, left, reset = (
        int(answer.headers[f"RateLimit-{name}"]) for name in ("Limit", "Remaining", "Reset")
    )
    return limit, left, reset


async def test_so_many_and_no_more(asking: Any) -> None:
    client = await asking(RateLimitMiddleware(3, per=60))
    answers = [await client.get("/text") for _ in range(5)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
    assert [rates(answer)[:2] for answer in answers] == [(3, 2), (3, 1), (3, 0), (3, 0), (3, 0)]
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 20
    assert 40 < rates(answers[3])[2] <= 60
    assert "ask again in" in await answers[3].text()


async def test_tokens_come_back(asking: Any) -> None:
    client = await asking(RateLimitMiddleware(20, per=1, burst=1))
    assert (await client.get("/text")).status == 200
    async with asyncio.timeout(10):
        while (await client.get("/text")).status == 429:
            await asyncio.sleep(0.02)


async def test_a_burst(asking: Any) -> None:
    client = await asking(RateLimitMiddleware(1, per=60, burst=4))
    statuses = [(await client.get("/text")).status for _ in range(5)]
    assert statuses == [200] * 4 + [429]


async def test_each_client_has_its_own(asking: Any) -> None:
    middleware = RateLimitMiddleware(1, per=60, key=lambda request: request.headers.get("X-Key"))
    client = await asking(middleware)
    asked = ["a", "b", "a", "b", "c"]
    statuses = [(await client.get("/text", headers={"X-Key": key})).status for key in asked]
    assert statuses == [200, 200, 429, 429, 200]
    for _ in range(3):  # nobody in particular: not limited
        answer = await client.get("/text")
        assert (answer.status, "RateLimit-Limit" in answer.headers) == (200, False)


async def test_errors_and_streams_count_and_tell(asking: Any) -> None:
    client = await asking(RateLimitMiddleware(10, per=60))
    left = [
        rates(await client.get(path))[1]
        for path in ("/stream", "/forbidden", "/failing", "/nowhere")
    ]
    assert left == [9, 8, 7, 6]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_of_two_limits_the_nearer_one_is_told(asking: Any, order: tuple[int, int]) -> None:
    both = [RateLimitMiddleware(100, per=60), RateLimitMiddleware(5, per=60)]
    client = await asking(*(both[at] for at in order))
    assert rates(await client.get("/text"))[:2] == (5, 4)


@pytest.mark.parametrize("said", ["5;w=60", "", "many", "-1", "9" * 5000])
async def test_what_a_handler_says_is_no_reason_to_fail(asking: Any, said: str) -> None:
    """It may pass on the answer of a server that writes these fields in another way."""

    async def passed_on(request: web.Request) -> web.Response:
        return web.Response(headers={"RateLimit-Remaining": said})

    routes = [web.get("/passed", passed_on)]
    client = await asking(RateLimitMiddleware(5, per=60), routes=routes)
    answer = await client.get("/passed")
    assert (answer.status, rates(answer)[:2]) == (200, (5, 4))


async def test_those_who_asked_longest_ago_are_forgotten(asking: Any) -> None:
    middleware = RateLimitMiddleware(
        1, per=60, key=lambda request: request.query["k"], max_clients=3
    )
    client = await asking(middleware)
    asked = ["a", "b", "c", "a", "d", "b"]  # `d` pushes `b` out: `a` asked once more meanwhile
    statuses = [(await client.get(f"/text?k={key}")).status for key in asked]
    assert statuses == [200, 200, 200, 429, 200, 200]
    for number in range(50):
        await client.get(f"/text?k={number}")
    assert len(middleware._buckets) == 3


@pytest.mark.parametrize(
    ("remote", "same"),
    [
        ("2001:db8::1", "2001:db8:0:0:ffff::2"),
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
    ],
)
def test_addresses_that_are_one_client(remote: str, same: str) -> None:
    def asked_from(address: str) -> Any:
        return address_of(make_mocked_request("GET", "/").clone(remote=address))

    assert asked_from(remote) == asked_from(same)
    assert asked_from(remote) not in {asked_from("2001:db8:0:1::1"), asked_from("192.0.2.2")}
    assert asked_from("fe80::1%eth0") is not None
    assert asked_from("no:address") == "no:address"


@given(st.lists(st.integers(0, 4), max_size=60), st.integers(1, 5))
def test_nobody_gets_more_than_the_burst_at_once(keys: list[int], burst: int) -> None:
    caller = web.RequestKey("caller", int)
    middleware = RateLimitMiddleware(1, per=3600, burst=burst, key=lambda request: request[caller])

    async def handler(request: web.Request) -> web.Response:
        return web.Response()

    async def run() -> dict[int, int]:
        answered = dict.fromkeys(keys, 0)
        for key in keys:
            request = make_mocked_request("GET", "/")
            request[caller] = key
            try:
                await middleware(request, handler)
            except web.HTTPTooManyRequests:
                continue
            answered[key] += 1
        return answered

    assert asyncio.run(run()) == {key: min(keys.count(key), burst) for key in keys}


def test_wrong_arguments() -> None:
    for arguments in ({"requests": 0}, {"requests": 1, "per": 0}, {"requests": 1, "burst": 0}):
        with pytest.raises(ValueError, match="RateLimitMiddleware"):
            RateLimitMiddleware(**arguments)
    with pytest.raises(TypeError, match="whole number"):
        RateLimitMiddleware(1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="seconds"):
        RateLimitMiddleware(1, per="1")  # type: ignore[arg-type]
