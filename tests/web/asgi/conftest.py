"""Applications written for ASGI by hand, and an exchange with one over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from notebook_http import web

Http = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


@pytest.fixture
def answering() -> Callable[..., Http]:
    """Make an application of one answer: status, headers, pieces of the body."""

    def make(*pieces: bytes, status: int = 200, headers: Any = ()) -> Http:
        async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": status, "headers": headers})
            for piece in pieces[:-1]:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": pieces[-1] if pieces else b""})

        return app

    return make


@pytest.fixture(params=["bare", "mounted", "wrapped"])
def dressed(request: pytest.FixtureRequest) -> Callable[[Any], web.Application]:
    """Dress an application: served alone, mounted below /, or inside a middleware.

    The answers have to be the same.
    """

    async def passing(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        return await handler(request)

    def dress(app: Any) -> web.Application:
        made = web.asgi_app(app, lifespan="off")
        if request.param == "wrapped":
            made.middlewares.append(passing)
        if request.param == "mounted":
            outer = web.Application()
            outer.add_subapp("/at", made)
            return outer
        return made

    return dress


@pytest.fixture
def connected() -> Callable[[int], Any]:
    """Connect to a port: reader and writer, closed behind the `async with`."""

    @asynccontextmanager
    async def connect(port: int) -> AsyncIterator[tuple[Any, Any]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            async with asyncio.timeout(10):
                yield reader, writer
        finally:
            writer.close()

    return connect
