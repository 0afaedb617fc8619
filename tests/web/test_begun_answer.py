"""A handler notices nothing of being begun before its task runs: the same code, both ways."""

from __future__ import annotations

import asyncio
import gc
import socket
import weakref
from collections.abc import AsyncIterator, Awaitable, Generator
from contextvars import ContextVar, copy_context
from typing import Any

import pytest

from notebook_http import web
from notebook_http.web.begun_answer import BegunAnswer, begin

level: ContextVar[str] = ContextVar("level", default="outside")


async def slow(request: web.Request) -> web.Response:
    await asyncio.sleep(0.02)
    return web.Response(text="slow;")


async def ask(port: int, *, behind: bool) -> bytes:
    """Return the answer to ``GET /``: begun where it was read, or *behind* another by the task."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n" if behind else b"")
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        async with asyncio.timeout(10):
            answer = await reader.read()
    finally:
        writer.close()
    return answer.partition(b"slow;")[2] if behind else answer


@pytest.fixture(params=[False, True], ids=["at once", "behind another"])
async def answer_of(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """What gets the answer of a handler, in one of two ways."""
    runners = []

    async def answer_of(handler: Any, **settings: Any) -> bytes:
        app = web.Application()
        app.router.add_get("/", handler)
        app.router.add_get("/slow", slow)
        runner = web.AppRunner(app, access_log=None, **settings)
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return await ask(runner.addresses[0][1], behind=request.param)

    yield answer_of
    for runner in runners:
        await runner.cleanup()


async def test_the_task_is_the_same_all_along(answer_of: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        before = asyncio.current_task()
        await asyncio.sleep(0)
        between = asyncio.current_task()
        await asyncio.sleep(0.001)
        same = before is between is asyncio.current_task() is request.task
        return web.Response(text=f"same: {same}")

    assert (await answer_of(handler)).endswith(b"same: True")


async def test_context_variables_live_on_behind_a_wait(answer_of: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        token = level.set("inside")
        await asyncio.sleep(0.001)
        seen = level.get()
        level.reset(token)
        return web.Response(text=f"{seen} {level.get()}")

    assert (await answer_of(handler)).endswith(b"inside outside")


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize("pipelined", [False, True])
async def test_context_variables_do_not_reach_the_next_request(wait: bool, pipelined: bool) -> None:
    """Behind a proxy the next one on the connection is somebody else's."""

    async def handler(request: web.Request) -> web.Response:
        seen = level.get()
        level.set(request.query["user"])
        if wait:
            await asyncio.sleep(0.001)
        return web.Response(text=f"{seen}!")

    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reader, writer = await asyncio.open_connection(*runner.addresses[0])
    async with asyncio.timeout(10):
        for user in ("alice", "bob"):
            writer.write(f"GET /?user={user} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            if not pipelined:
                assert (await reader.readuntil(b"!")).endswith(b"\r\noutside!")
        if pipelined:
            for _ in range(2):
                assert (await reader.readuntil(b"!")).endswith(b"\r\noutside!")
    writer.close()
    await runner.cleanup()


@pytest.mark.parametrize("seconds", [0, 0.01])
async def test_a_time_out_ends_the_wait(answer_of: Any, seconds: float) -> None:
    async def handler(request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(seconds):
                await asyncio.sleep(60)
        except TimeoutError:
            await asyncio.sleep(0.001)
            return web.Response(text="timed out")
        return web.Response(text="slept")

    assert (await answer_of(handler)).endswith(b"timed out")


async def test_a_time_out_reaches_what_the_handler_waits_for(answer_of: Any) -> None:
    """It comes before the task goes on with the handler, and ends no less than behind that."""

    async def handler(request: web.Request) -> web.Response:
        work = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(0):
                await asyncio.gather(work)
        except TimeoutError:
            await asyncio.sleep(0.001)
        return web.Response(text=f"cancelled: {work.cancelled()}")

    assert (await answer_of(handler)).endswith(b"cancelled: True")


async def test_handlers_can_wait_for_the_same_task(serve: Any) -> None:
    """As caches do: the first to ask begins to load, the others wait for what it began."""
    loading: asyncio.Task[str] | None = None

    async def load() -> str:
        await asyncio.sleep(0.02)
        return "loaded"

    async def handler(request: web.Request) -> web.Response:
        nonlocal loading
        if loading is None:
            loading = asyncio.create_task(load())
        return web.Response(text=await loading)

    port = await serve(handler)
    clients = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
    await asyncio.sleep(0.02)  # all of them are waited for
    for _, writer in clients:
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    async with asyncio.timeout(10):
        for reader, writer in clients:
            assert (await reader.read()).endswith(b"\r\n\r\nloaded")
            writer.close()


async def test_a_cancel_that_was_taken_back_ends_nothing(serve: Any) -> None:
    """As a task group does whose task fails before the group waits."""

    async def handler(request: web.Request) -> web.Response:
        assert request.task is not None
        request.task.cancel()
        request.task.uncancel()
        return web.Response(text="answered")

    reader, writer = await asyncio.open_connection("127.0.0.1", await serve(handler))
    async with asyncio.timeout(10):
        for _ in range(3):
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await reader.readuntil(b"answered")).startswith(b"HTTP/1.1 200 ")
            await asyncio.sleep(0.01)
    writer.close()


async def test_a_task_group_takes_its_parent_down(answer_of: Any) -> None:
    async def fail() -> None:
        raise LookupError

    async def handler(request: web.Request) -> web.Response:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())
                await asyncio.sleep(60)
        except* LookupError:
            pass
        return web.Response(text="down")

    assert (await answer_of(handler)).endswith(b"down")


@pytest.mark.parametrize("soon", [False, True])
async def test_a_cancel_arrives_at_the_next_wait(answer_of: Any, soon: bool) -> None:
    """Of the handler itself, or just before its task goes on with it."""

    async def handler(request: web.Request) -> web.Response:
        task = asyncio.current_task()
        assert task is not None
        if soon:
            asyncio.get_running_loop().call_soon(task.cancel)
        else:
            task.cancel()
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            task.uncancel()
            await asyncio.sleep(0.001)
            return web.Response(text="caught")
        return web.Response(text="missed")

    assert (await answer_of(handler)).endswith(b"caught")


async def test_a_cancel_that_is_not_caught_ends_the_connection(answer_of: Any) -> None:
    seen = []

    async def handler(request: web.Request) -> web.Response:
        assert request.task is not None
        request.task.cancel()
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            seen.append("cleaned up")
        return web.Response(text="missed")

    assert await answer_of(handler) == b""
    assert seen == ["cleaned up"]


async def test_any_awaitable_is_an_answer() -> None:
    class Later:
        def __await__(self) -> Generator[Any, None, web.Response]:
            yield from asyncio.sleep(0.001).__await__()
            return web.Response(text="an object")

    future = asyncio.get_running_loop().create_future()
    future.set_result(web.Response(text="a future"))
    answers: list[Awaitable[web.StreamResponse]] = [Later(), future]
    runner = web.ServerRunner(web.Server(lambda request: answers.pop()))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    assert (await ask(port, behind=False)).endswith(b"a future")
    assert (await ask(port, behind=False)).endswith(b"an object")
    await runner.cleanup()


async def test_what_a_handler_raises_is_answered(
    answer_of: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def at_once(request: web.Request) -> web.Response:
        raise LookupError("at once")

    async def after_a_wait(request: web.Request) -> web.Response:
        await asyncio.sleep(0.001)
        raise web.HTTPConflict

    async def cancelled(request: web.Request) -> web.Response:
        raise asyncio.CancelledError

    assert b" 500 " in await answer_of(at_once)
    assert "at once" in caplog.text
    assert b" 409 " in await answer_of(after_a_wait)
    assert b" 500 " in await answer_of(cancelled)


async def test_a_raised_answer_is_gone_when_it_is_sent(serve: Any) -> None:
    """With its request, and without the garbage collector: a 404 is nothing rare."""
    raised = []

    async def handler(request: web.Request) -> web.Response:
        answer = web.HTTPConflict()
        raised.append(weakref.ref(answer))
        raise answer

    gc.disable()
    try:
        assert b" 409 " in await ask(await serve(handler), behind=False)
        assert [answer() for answer in raised] == [None]
    finally:
        gc.enable()


async def test_a_response_that_cannot_be_sent_is_500(
    answer_of: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def wrong_length(request: web.Request) -> web.Response:
        return web.Response(text="abc", headers={"Content-Length": "5"})

    assert b" 500 " in await answer_of(wrong_length)
    assert caplog.text.count("Error handling request") == 1


async def test_an_end_in_the_middle_of_a_wait_closes_the_handler() -> None:
    """The server is taken down: nobody goes on with the handler, and it can clean up."""
    seen = asyncio.Event()
    entered = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        entered.set()
        try:
            await asyncio.sleep(60)
        finally:
            seen.set()
        return web.Response()

    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    asking = asyncio.create_task(ask(runner.addresses[0][1], behind=False))
    async with asyncio.timeout(10):
        await entered.wait()
        await runner.cleanup()
        assert await asking == b""
    assert seen.is_set()


def test_an_interrupt_ends_the_loop_and_the_connection() -> None:
    """Ctrl+C, or a notebook's Stop button, while a handler runs."""

    async def handler(request: web.Request) -> web.Response:
        raise KeyboardInterrupt

    app = web.Application()
    app.router.add_get("/", handler)
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(app, access_log=None)
    loop.run_until_complete(runner.setup())
    loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", 0).start())
    with socket.create_connection(runner.addresses[0]) as client:
        client.settimeout(10)
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        with pytest.raises(KeyboardInterrupt):
            loop.run_until_complete(asyncio.sleep(10))
        loop.run_until_complete(asyncio.sleep(0.01))
        assert client.recv(1) == b""
    loop.run_until_complete(runner.cleanup())
    loop.close()


def test_begin_returns_what_is_there_at_once() -> None:
    async def handler(request: object) -> object:
        return request

    assert begin(copy_context(), handler, 1) == 1


def test_a_begun_answer_can_be_closed() -> None:
    closed = []

    class Once:
        def __await__(self) -> Generator[str, None, None]:
            yield "waiting"

    async def handler(request: object) -> None:
        try:
            await Once()
        finally:
            closed.append(request)

    begun = begin(copy_context(), handler, 1)
    assert isinstance(begun, BegunAnswer)
    begun.close()
    assert closed == [1]
