"""What a request sets in context variables is there for all that is done for it, its log too."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any

import pytest

from notebook_http import web

user: ContextVar[str] = ContextVar("user", default="nobody")


async def log_in(request: web.Request, handler: web.Handler) -> web.StreamResponse:
    user.set("alice")
    return await handler(request)


@pytest.fixture(params=[False, True], ids=["at once", "after a wait"])
def waits(request: pytest.FixtureRequest) -> bool:
    """Whether the handler waits before it answers."""
    return bool(request.param)


async def test_the_access_log_sees_them(serve: Any, ask: Any, waits: bool) -> None:
    seen = []

    class Log(web.AbstractAccessLogger):
        def log(self, request: Any, response: web.StreamResponse, time: float) -> None:
            seen.append(user.get())

    async def handler(request: web.Request) -> web.Response:
        await asyncio.sleep(0.001 if waits else 0)
        return web.Response()

    app = web.Application(middlewares=[log_in])
    app.router.add_get("/", handler)
    log: Any = {"access_log": logging.getLogger("tests.log"), "access_log_class": Log}
    port = await serve(app, **log)
    await ask(port)
    assert seen == ["alice"]


async def test_a_prepare_signal_sees_them(serve: Any, ask: Any, waits: bool) -> None:
    async def handler(request: web.Request) -> web.Response:
        if waits:
            await asyncio.sleep(0.001)
        return web.Response()

    async def name_user(request: web.Request, response: web.StreamResponse) -> None:
        await asyncio.sleep(0.001)
        response.headers["X-User"] = user.get()

    app = web.Application(middlewares=[log_in])
    app.router.add_get("/", handler)
    app.on_response_prepare.append(name_user)
    head, _ = await ask(await serve(app))
    assert b"X-User: alice" in head


async def test_a_body_that_is_made_while_it_is_sent_sees_them(serve: Any, ask: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        async def body() -> AsyncIterator[bytes]:
            for _ in range(2):
                yield user.get().encode()
                await asyncio.sleep(0.001)

        return web.Response(body=body(), headers={"Content-Length": "10"})

    app = web.Application(middlewares=[log_in])
    app.router.add_get("/", handler)
    _, body = await ask(await serve(app))
    assert body == b"alicealice"


async def test_the_log_of_a_failure_sees_them(
    serve: Any, ask: Any, caplog: pytest.LogCaptureFixture, waits: bool
) -> None:
    seen = []

    def note(record: logging.LogRecord) -> bool:
        seen.append(user.get())
        return True

    async def handler(request: web.Request) -> web.Response:
        if waits:
            await asyncio.sleep(0.001)
        raise LookupError

    app = web.Application(middlewares=[log_in])
    app.router.add_get("/", handler)
    caplog.handler.addFilter(note)
    try:
        head, _ = await ask(await serve(app))
    finally:
        caplog.handler.removeFilter(note)
    assert b" 500 " in head
    assert "alice" in seen
