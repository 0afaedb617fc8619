"""RequestIdMiddleware: whose id it is, and where it is seen."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any

import pytest
from hypothesis import given, strategies as st

from notebook_http import web
from notebook_http.test_utils import make_mocked_request
from notebook_http.web.middlewares import (
    REQUEST_ID,
    RequestIdFilter,
    RequestIdMiddleware,
    current_request_id,
)


async def show(request: web.Request) -> web.Response:
    logging.getLogger("app").warning("working")
    return web.json_response([request[REQUEST_ID], current_request_id()])


async def ids_of(client: Any, **headers: str) -> tuple[str, list[str]]:
    answer = await client.get("/show", headers=headers)
    return answer.headers["X-Request-ID"], await answer.json()


async def test_a_new_one_for_each(asking: Any) -> None:
    client = await asking(RequestIdMiddleware(), routes=[web.get("/show", show)])
    first, inside = await ids_of(client)
    second, _ = await ids_of(client)
    assert inside == [first, first]
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert first != second
    assert current_request_id() is None


async def test_the_clients_own(asking: Any) -> None:
    client = await asking(RequestIdMiddleware(), routes=[web.get("/show", show)])
    given = "0190a3c4-7e5f-7abc.8def_1"
    assert await ids_of(client, **{"X-Request-ID": given}) == (given, [given, given])


@pytest.mark.parametrize("bad", ["a b", 'a"b', "x" * 129, "../etc", "-a", "ä"])
async def test_what_is_not_taken_over(asking: Any, bad: str) -> None:
    client = await asking(RequestIdMiddleware(), routes=[web.get("/show", show)])
    assert (await ids_of(client, **{"X-Request-ID": bad}))[0] != bad


async def test_nobody_is_trusted(asking: Any) -> None:
    middleware = RequestIdMiddleware("X-Trace", trust=False, make=lambda: "mine")
    client = await asking(middleware)
    answer = await client.get("/text", headers={"X-Trace": "theirs"})
    assert answer.headers["X-Trace"] == "mine"


async def test_errors_and_streams_carry_it(asking: Any) -> None:
    client = await asking(RequestIdMiddleware())
    for path in ("/failing", "/forbidden", "/nowhere", "/stream"):
        assert len((await client.get(path)).headers["X-Request-ID"]) == 32


async def test_log_records_carry_it(asking: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(RequestIdFilter())
    client = await asking(RequestIdMiddleware(), routes=[web.get("/show", show)])
    name, _ = await ids_of(client)
    records: list[Any] = [record for record in caplog.records if record.name == "app"]
    assert [record.request_id for record in records] == [name]
    logging.getLogger("app").warning("outside")
    outside: Any = caplog.records[-1]
    assert outside.request_id == "-"


async def test_requests_at_once_do_not_mix(asking: Any) -> None:
    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(0.01)
        return web.Response(text=current_request_id())

    client = await asking(RequestIdMiddleware(), routes=[web.get("/slow", slow)])

    async def one(name: str) -> str:
        return await (await client.get("/slow", headers={"X-Request-ID": name})).text()

    names = [f"id{number}" for number in range(20)]
    assert await asyncio.gather(*map(one, names)) == names


@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=200))
def test_whatever_comes_the_id_is_harmless(value: str) -> None:
    request = make_mocked_request("GET", "/", headers={"X-Request-ID": value})

    async def handler(request: web.Request) -> web.Response:
        return web.Response()

    asyncio.run(RequestIdMiddleware()(request, handler))
    assert re.fullmatch(r"[A-Za-z0-9._\-]{1,128}", request[REQUEST_ID])


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="not a header name"):
        RequestIdMiddleware("X Request")
