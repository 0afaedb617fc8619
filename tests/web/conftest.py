"""A server of ours with any application, raw bytes on its socket, and who was passed on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from notebook_http import web

Serve = Callable[..., Awaitable[int]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start servers: an application or a handler, and settings, to a port."""
    runners: list[web.AppRunner] = []

    async def start(what: Any, **settings: Any) -> int:
        app = what
        if not isinstance(what, web.Application):
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", what)
        settings.setdefault("access_log", None)
        settings.setdefault("shutdown_timeout", 1.0)
        runner = web.AppRunner(app, **settings)
        runners.append(runner)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return site.port

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
def talk() -> Callable[[int, bytes], Awaitable[bytes]]:
    """Send bytes to a port and return all that comes until the server closes.

    The client keeps its side open: a server that waits for more fails the test.
    """

    async def exchange(port: int, data: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(data)
            async with asyncio.timeout(10):
                return await reader.read()
        finally:
            writer.close()

    return exchange


@pytest.fixture
def ask(
    talk: Callable[[int, bytes], Awaitable[bytes]],
) -> Callable[..., Awaitable[tuple[bytes, bytes]]]:
    """Ask a port for a target, with a body and fields, to head and body of the answer."""

    async def exchange(
        port: int, method: str = "GET", target: str = "/", body: bytes = b"", **fields: str
    ) -> tuple[bytes, bytes]:
        lines = [f"{method} {target} HTTP/1.1", "Host: a", "Connection: close"]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        data = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        head, _, rest = (await talk(port, data)).partition(b"\r\n\r\n")
        return head, rest

    return exchange


@pytest.fixture
def named() -> Callable[..., web.Application]:
    """Make an application that knows its name."""

    def make(name: str, *middlewares: Any) -> web.Application:
        app = web.Application(middlewares=middlewares)
        with pytest.warns(web.NotAppKeyWarning):
            app["name"] = name
        return app

    return make


@pytest.fixture
def noting() -> Callable[[list[str], str], Any]:
    """Make a middleware, undecorated, that notes when it is passed, in which application."""

    def make(notes: list[str], name: str) -> Any:
        async def passing(request: web.Request, handler: web.Handler) -> web.StreamResponse:
            notes.append(f"{name} in {request.app['name']}")
            response = await handler(request)
            notes.append(f"{name} out")
            return response

        return passing

    return make
