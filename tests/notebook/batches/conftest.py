"""A server of our own that answers many requests, and notes how many were there at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from notebook_http import web
from notebook_http.notebook.batches.last_batch import last_batch
from notebook_http.notebook.client import default_client
from notebook_http.test_utils import TestServer


class ManyAnswers:
    """Answers `/item/N`, and others by what they are called; counts what it is asked."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.order: list[str] = []
        self.now = 0
        self.most_at_once = 0
        self.gate = asyncio.Event()
        self.headers: list[dict[str, str]] = []
        self.body = b""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self.server = TestServer(app)

    def url(self, path: str) -> str:
        return str(self.server.make_url(path))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        if path == "/body":  # of which there are too many to note each
            return web.Response(body=self.body)
        self.asked[path] += 1
        self.order.append(path)
        self.headers.append(dict(request.headers))
        self.now += 1
        self.most_at_once = max(self.most_at_once, self.now)
        try:
            return await self._response(request, path)
        finally:
            self.now -= 1

    async def _response(self, request: web.Request, path: str) -> web.StreamResponse:
        kind, _, rest = path.strip("/").partition("/")
        if kind == "item":
            await asyncio.sleep(0.01 if int(rest) % 3 else 0)
            return web.json_response([{"n": int(rest)}, {"n": -int(rest)}])
        if kind == "wait":
            await self.gate.wait()
            return web.json_response([{"waited": rest}])
        if kind == "busy" and self.asked[path] == 1:
            return web.json_response({"why": "busy"}, status=503)
        if kind == "always-busy":
            return web.Response(status=503)
        if kind == "redirect":
            raise web.HTTPFound("/item/1")
        if kind == "none":
            return web.json_response([])
        if kind == "missing":
            return web.Response(status=404, text="no such thing")
        if kind == "broken":
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"method": request.method, "query": dict(request.query)})


@pytest.fixture
async def answers() -> AsyncIterator[ManyAnswers]:
    """Return a running server."""
    made = ManyAnswers()
    await made.server.start_server()
    yield made
    made.gate.set()
    await made.server.close()


@pytest.fixture(autouse=True)
async def _fresh_state() -> AsyncIterator[None]:
    """Leave neither connections nor replies behind."""
    yield
    last_batch.batch = None
    await default_client().close()
