"""An application runs in a task of its own from its first step to its last, and in a context."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any

import anyio
import pytest

from notebook_http import web

AGAIN = b"GET /at/ HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /at/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
START = {"type": "http.response.start", "status": 200}
variable = contextvars.ContextVar("variable", default="unset")


async def test_the_task_stays_the_same(serve: Any, talk: Any, dressed: Any):
    """Time-outs, task groups and locks hold on to the task that they began in."""
    tasks: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for _ in range(2):
            tasks.append(asyncio.current_task())
            await asyncio.sleep(0.001)
        await send(START)
        await send({"type": "http.response.body"})
        tasks.append(asyncio.current_task())
        await asyncio.sleep(0.001)
        tasks.append(asyncio.current_task())

    await talk(await serve(dressed(app)), LAST)
    while len(tasks) < 4:
        await asyncio.sleep(0.001)
    assert len(set(tasks)) == 1
    assert tasks[0] is not asyncio.current_task()


async def test_work_behind_the_answer_does_not_hold_up_the_connection(
    serve: Any, connected: Any, dressed: Any
):
    """The next request is answered while the one before still has something to do."""
    go_on, done = asyncio.Event(), asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send({"type": "http.response.body", "body": b"ok"})
        await go_on.wait()
        done.set()

    port = await serve(dressed(app))
    async with connected(port) as (reader, writer):
        for _ in range(3):
            writer.write(AGAIN)
            await reader.readuntil(b"\r\n\r\nok")
        assert not done.is_set()
        go_on.set()
        await done.wait()


async def test_work_behind_the_answer_is_waited_for_at_the_end(connected: Any):
    """A server that stops lets it finish."""
    done = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send({"type": "http.response.body", "body": b"ok"})
        await asyncio.sleep(0.05)
        done.append(True)

    runner = web.AppRunner(web.asgi_app(app, lifespan="off"), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with connected(site.port) as (reader, writer):
        writer.write(LAST)
        await reader.read()
        await runner.cleanup()
    assert done == [True]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_request_that_is_at_work_when_the_server_stops_is_cancelled(connected: Any):
    """After `shutdown_timeout`, and its clean-up is run."""
    states: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        states.append("running")
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            states.append("cleaned up")

    settings: Any = {"access_log": None, "shutdown_timeout": 0.05}
    runner = web.AppRunner(web.asgi_app(app, lifespan="off"), **settings)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with connected(site.port) as (_, writer):
        writer.write(AGAIN)
        while not states:
            await asyncio.sleep(0.001)
        await runner.cleanup()
    assert states == ["running", "cleaned up"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_context_is_one_from_beginning_to_end(serve: Any, talk: Any, dressed: Any):
    """A token may be reset where it was made, and the next request does not see what was set."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(variable.get())
        token = variable.set("mine")
        await asyncio.sleep(0)
        await send(START)
        await send({"type": "http.response.body"})
        await asyncio.sleep(0)
        seen.append(variable.get())
        variable.reset(token)
        variable.set("left behind")

    await talk(await serve(dressed(app)), AGAIN + LAST)
    while len(seen) < 4:
        await asyncio.sleep(0.001)
    assert sorted(seen) == ["mine", "mine", "unset", "unset"]


async def test_middleware_and_application_share_what_was_set_before(serve: Any, talk: Any):
    """A request id that a middleware sets is the application's, too."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(variable.get())
        await send(START)
        await send({"type": "http.response.body"})

    async def setting(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        variable.set("set outside")
        return await handler(request)

    outer = web.Application(middlewares=[setting])
    outer.add_subapp("/at", web.asgi_app(app, lifespan="off"))
    await talk(await serve(outer), LAST)
    assert seen == ["set outside"]


@pytest.mark.parametrize("waits_first", [True, False])
async def test_time_outs_and_cancel_scopes_work(
    waits_first: bool, serve: Any, talk: Any, dressed: Any
):
    """Those of asyncio and those of anyio, begun before and after the first wait."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if waits_first:
            await asyncio.sleep(0)
        ended = []
        try:
            async with asyncio.timeout(0.01):
                await asyncio.sleep(60)
        except TimeoutError:
            ended.append("timeout")
        with anyio.move_on_after(0.01):
            await anyio.sleep(60)
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep, 60)
            group.cancel_scope.cancel()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.sleep(0))
        ended.append("scopes")
        await send(START)
        await send({"type": "http.response.body", "body": " ".join(ended).encode()})

    port = await serve(dressed(app))
    answer = await talk(port, AGAIN + LAST)
    assert answer.count(b"timeout scopes") == 2


@pytest.mark.parametrize("waits", [True, False])
async def test_application_that_cancels_itself_harms_nobody_else(
    waits: bool, serve: Any, talk: Any, dressed: Any
):
    """Its task is not used again; the next request has another."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["query_string"]:
            task = asyncio.current_task()
            assert task is not None
            if waits:
                await asyncio.sleep(0)
            task.cancel()
            if waits:
                await asyncio.sleep(60)
        await send(START)
        await send({"type": "http.response.body", "body": b"fine"})

    port = await serve(dressed(app))
    odd = AGAIN.replace(b"/at/", b"/at/?cancel")
    answer = await talk(port, odd + AGAIN + odd + LAST)
    assert answer.count(b"fine") == (2 if waits else 4)


async def test_no_task_is_made_for_an_application_that_never_waits(
    serve: Any, talk: Any, answering: Any
):
    """One is at hand, and stays."""
    port = await serve(web.asgi_app(answering(b"ok"), lifespan="off"))
    await talk(port, AGAIN + LAST)
    before = len(asyncio.all_tasks())
    await talk(port, AGAIN * 20 + LAST)
    assert len(asyncio.all_tasks()) == before


async def test_many_at_once_leave_a_bounded_crew(serve: Any, connected: Any, dressed: Any):
    """A burst is not paid for ever."""
    waiting, go_on = 0, asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal waiting
        waiting += 1
        await go_on.wait()
        await send(START)
        await send({"type": "http.response.body", "body": b"ok"})

    port = await serve(web.asgi_app(app, lifespan="off"))
    before = len(asyncio.all_tasks())
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(100)]
    for _, writer in connections:
        writer.write(LAST)
    while waiting < 100:
        await asyncio.sleep(0.001)
    go_on.set()
    for reader, writer in connections:
        assert (await reader.read()).endswith(b"ok")
        writer.close()
    async with asyncio.timeout(5):
        while len(asyncio.all_tasks()) > before + 70:
            await asyncio.sleep(0.01)
