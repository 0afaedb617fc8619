"""Servers of ours that note when they are asked, and say what a test tells them to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from notebook_http import web
from notebook_http.client import ClientSession
from notebook_http.client.middlewares import CacheMiddleware


class NotingServer:
    """Runs one handler, and notes each request.

    Attributes:
        url: of the root, with a slash at its end.
        requests: what came, in order.
        times: when, in the loop's time.
        bodies: what came with each.
        under_way: requests being answered now; most_under_way: the most there ever were.
    """

    def __init__(self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        self.handler = handler
        self.url = ""
        self.requests: list[web.Request] = []
        self.times: list[float] = []
        self.bodies: list[bytes] = []
        self.under_way = 0
        self.most_under_way = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.times.append(asyncio.get_running_loop().time())
        self.requests.append(request)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            self.bodies.append(await request.read())
            return await self.handler(request)
        finally:
            self.under_way -= 1

    @property
    def gaps(self) -> list[float]:
        """Seconds between one request and the next."""
        return [after - before for before, after in zip(self.times, self.times[1:], strict=False)]


ServeHandler = Callable[[Any], Awaitable[NotingServer]]


@pytest.fixture
async def serve_handler() -> AsyncIterator[ServeHandler]:
    """Return what starts a `NotingServer` of a handler."""
    runners: list[web.AppRunner] = []

    async def start(handler: Any) -> NotingServer:
        server = NotingServer(handler)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", server.answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        return server

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def cached() -> AsyncIterator[ClientSession]:
    """A session with a cache in memory."""
    cache = CacheMiddleware()
    async with cache, ClientSession(middlewares=[cache]) as session:
        yield session
