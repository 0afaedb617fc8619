"""A real server that counts what reaches it, and that can be stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from notebook_http import web


class Counted:
    """A server; `url` ends in a slash."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[str] = []
        self.runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen."""
        app = web.Application()
        app.router.add_get("/items", self.items)
        app.router.add_route("*", "/echo", self.echo)
        app.router.add_get("/events", self.events)
        app.router.add_get("/zip", self.zipped)
        app.router.add_get("/bytes", self.binary)
        app.router.add_get("/broken", self.broken)
        app.router.add_get("/moved", self.moved)
        app.router.add_get("/empty/{status}", self.empty)
        app.router.add_get("/login", self.login)
        app.router.add_get("/ws", self.socket)
        self.runner = web.AppRunner(app, access_log=None)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}/"

    async def stop(self) -> None:
        """Go away for good."""
        if self.runner is not None:
            await self.runner.cleanup()
            self.runner = None

    def _count(self, request: web.Request) -> int:
        self.requests.append(f"{request.method} {request.raw_path}")
        return len(self.requests)

    async def items(self, request: web.Request) -> web.Response:
        """JSON, another one each time."""
        count = self._count(request)
        return web.json_response({"count": count, "page": request.query.get("page"), "ä": [1.5]})

    async def echo(self, request: web.Request) -> web.Response:
        """What was sent."""
        self._count(request)
        body = await request.read()
        return web.Response(body=body, content_type=request.content_type or "text/plain")

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Three events, each a chunk of its own."""
        self._count(request)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number in range(3):
            await response.write(f"id: {number}\ndata: tick {number}\n\n".encode())
            await asyncio.sleep(0.01)
        return response

    async def zipped(self, request: web.Request) -> web.Response:
        """Text that is coded on the way."""
        self._count(request)
        response = web.Response(text="line one\nline two\n" * 100)
        response.enable_compression(web.ContentCoding.gzip)
        return response

    async def binary(self, request: web.Request) -> web.Response:
        """No text at all."""
        self._count(request)
        return web.Response(body=bytes(range(256)), headers={"X-Kind": "bytes"})

    async def broken(self, request: web.Request) -> web.StreamResponse:
        """Half a body."""
        self._count(request)
        response = web.StreamResponse()
        response.content_length = 1000
        await response.prepare(request)
        await response.write(b"half of it")
        assert request.transport is not None
        request.transport.abort()
        return response

    async def moved(self, request: web.Request) -> web.Response:
        """A redirect."""
        self._count(request)
        raise web.HTTPFound("/items?page=moved")

    async def empty(self, request: web.Request) -> web.Response:
        """A status that has no body."""
        self._count(request)
        return web.Response(status=int(request.match_info["status"]))

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """Say back the first message."""
        self._count(request)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await ws.send_str(await ws.receive_str())
        await ws.close()
        return ws

    async def login(self, request: web.Request) -> web.Response:
        """Secrets in the answer."""
        self._count(request)
        response = web.json_response({"access_token": "c4nary-in-the-answer", "user": "al"})
        response.set_cookie("session", "c4nary-in-a-cookie")
        return response


@pytest.fixture
async def server() -> AsyncIterator[Counted]:
    """A running one."""
    made = Counted()
    await made.start()
    yield made
    await made.stop()
