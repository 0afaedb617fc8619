"""Programs as users write them, run on both libraries with the import swapped.

What they return, what they catch, what they are warned of and what leaves has to be the same.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import io
import re
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.interop.request_recorder import compare

FILE = Path(__file__).with_name("request_body.csv")
USES: dict[str, Callable[[ModuleType, Any, str], Awaitable[Any]]] = {}

pytestmark = pytest.mark.filterwarnings("ignore:Unclosed .*<aiohttp:ResourceWarning")


def use(function: Callable[[ModuleType, Any, str], Awaitable[Any]]) -> Any:
    """Take *function* into the table."""
    USES[function.__name__] = function
    return function


async def caught(awaitable: Awaitable[Any]) -> str:
    """Return the name of what *awaitable* raises, "nothing" if nothing."""
    try:
        await awaitable
    except Exception as error:
        return type(error).__name__
    return "nothing"


async def pieces(*given: Any) -> AsyncIterator[Any]:
    for piece in given:
        yield piece


@use
async def closed_session(lib: Any, session: Any, url: str) -> Any:
    await session.close()
    await session.close()
    return session.closed, await caught(session.get(url))


@use
async def detached_session(lib: Any, session: Any, url: str) -> Any:
    connector = session.connector
    session.detach()
    outcome = session.closed, session.connector, connector.closed, await caught(session.get(url))
    await connector.close()
    return outcome


@use
async def shared_connector(lib: Any, session: Any, url: str) -> Any:
    other = lib.ClientSession(connector=session.connector, connector_owner=False)
    await other.post(url, data=b"x")
    await other.close()
    return other.closed, session.closed


@use
async def session_in_a_plain_with(lib: Any, session: Any, url: str) -> Any:
    with session:
        pass


@use
async def response_read_twice(lib: Any, session: Any, url: str) -> Any:
    response = await session.get(f"{url}/a?b=c#d")
    bodies = await response.read(), await response.read(), await response.text()
    response.release()
    response.close()
    state = response.closed, response.ok, response.method, response.version, response.history
    said = response.status, response.reason, response.content_length, response.charset
    headers = dict(response.headers), response.raw_headers
    urls = response.url.path_qs, response.real_url.fragment, response.host.partition(":")[0]
    return bodies, headers, urls, state, said


@use
async def response_read_too_late(lib: Any, session: Any, url: str) -> Any:
    async with session.get(url) as unread:
        pass
    return await caught(unread.read()), unread.closed


@use
async def request_awaited_twice(lib: Any, session: Any, url: str) -> Any:
    request = session.get(url)
    await request
    return await caught(request)


@use
async def request_never_awaited(lib: Any, session: Any, url: str) -> Any:
    session.get(url).close()


@use
async def request_as_a_task(lib: Any, session: Any, url: str) -> Any:
    first, second = await asyncio.gather(session.get(url), asyncio.create_task(session.get(url)))
    request = session.get(url)
    is_one = asyncio.iscoroutine(request)
    request.close()
    return first.status, second.status, is_one


@use
async def json_of_another_type(lib: Any, session: Any, url: str) -> Any:
    response = await session.get(url)
    return await caught(response.json()), await caught(response.json(content_type=None))


@use
async def session_views(lib: Any, session: Any, url: str) -> Any:
    session.headers["X"] = "2"
    await session.get(url)
    seen = "closed auth connector_owner trust_env raise_for_status auto_decompress version"
    rest = dict(session.headers), list(session.skip_auto_headers), session.trace_configs
    return [getattr(session, name) for name in seen.split()], rest, str(session.timeout)


@use
async def judge_of_responses(lib: Any, session: Any, url: str) -> Any:
    seen = []

    async def judge(response: Any) -> None:
        seen.append(response.status)
        raise KeyError("mine")

    return await caught(session.get(url, raise_for_status=judge)), seen


@use
async def bodies_sent_twice(lib: Any, session: Any, url: str) -> Any:
    form = lib.FormData({"a": "b"})
    parts = lib.FormData()
    parts.add_field("a", b"x")
    once = pieces(b"x")
    bodies = [form, parts, lib.BytesPayload(b"x"), once, io.BytesIO(b"abc"), io.StringIO("abc")]
    outcome = []
    for body in bodies:
        await session.post(url, data=body)
        outcome.append(await caught(session.post(url, data=body)))
    return outcome


@use
async def files_afterwards(lib: Any, session: Any, url: str) -> Any:
    outcome = []
    for body in (FILE.open("rb"), FILE.open("rb", buffering=0), io.BytesIO(b"x"), io.StringIO("x")):
        async with session.post(url, data=body) as response:
            await response.read()
        async with asyncio.timeout(10):
            # In a thread, so not at once.
            while not body.closed and not isinstance(body, (io.BytesIO, io.StringIO)):
                await asyncio.sleep(0.01)
        outcome.append(body.closed)
    return outcome


@use
async def wrong_pieces(lib: Any, session: Any, url: str) -> Any:
    async def failing() -> AsyncIterator[bytes]:
        yield b"x"
        raise KeyError("mine")

    return await caught(session.post(url, data=failing()))


@use
async def wrong_arguments_are_late(lib: Any, session: Any, url: str) -> Any:
    """Of a value, they show when the request is awaited."""
    given = [{"json": object()}, {"data": object()}, {"json": 1, "data": b"x"}, {"headers": 5}]
    requests = [session.get(url, **options) for options in given]
    return [await caught(request) for request in requests]


@use
async def top_level_request(lib: Any, session: Any, url: str) -> Any:
    request = importlib.import_module(
        "aiohttp" if lib.__name__ == "aiohttp" else "notebook_http.client"
    ).request
    async with request("POST", url, json={"a": 1}) as response:
        inside = response.status, await response.text()
    async with request("GET", url, connector=session.connector) as response:
        pass
    try:
        async with request("GET", url, json=object()):
            pass
    except TypeError as error:
        return inside, type(error).__name__, session.closed


@use
async def unclosed_things(lib: Any, session: Any, url: str) -> Any:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        other = lib.ClientSession()
        await other.get(url)
        del other
        connector = lib.TCPConnector()
        del connector
        gc.collect()
    kinds = {
        (warning.category.__name__, re.sub("<.*", "", str(warning.message))) for warning in seen
    }
    return sorted(kind for kind in kinds if "Unclosed client session" in kind[1])


@use
async def new_bodies_by_middlewares(lib: Any, session: Any, url: str) -> Any:
    form = lib.FormData({"a": "b"})
    bodies = [b"new", "new", bytearray(b"new"), io.BytesIO(b"new"), pieces(b"new"), form, None]
    waiting = iter(bodies)
    seen = []

    async def change(request: Any, handler: Any) -> Any:
        seen.append((request.method, request.is_ssl(), request.host, request.original_url.fragment))
        seen.append(b"" if request.body == b"" else await request.body.as_bytes())
        await request.update_body(next(waiting))
        return await handler(request)

    for _ in bodies:
        await session.post(f"{url}/a#b", data=b"old", middlewares=[change])
    return seen


@use
async def nothing_to_change(lib: Any, session: Any, url: str) -> Any:
    async def add(request: Any, handler: Any) -> Any:
        assert request.body == b""
        await request.update_body(b"new")
        request.headers["X"] = "1"
        return await handler(request)

    await session.get(url, middlewares=[add])
    await session.post(url, middlewares=[add])


@use
async def websocket_refused(lib: Any, session: Any, url: str) -> Any:
    """The server answers 200."""
    outcome = []
    for options in ({}, {"protocols": ["a"]}, {"compress": 3}, {"timeout": 5.0}, {"nonsense": 1}):
        try:
            outcome.append(
                await caught(session.ws_connect(f"{url}", headers={"X": "1"}, **options))
            )
        except TypeError:
            outcome.append("TypeError at once")
    return outcome


@pytest.mark.parametrize("name", USES)
async def test_uses(name: str) -> None:
    """One after the other, on both."""
    assert await compare(USES[name])
