"""A client for an application with some middlewares, over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from notebook_http import web
from notebook_http.test_utils import TestClient, TestServer

Asking = Callable[..., Awaitable[TestClient[Any, Any]]]


async def text(request: web.Request) -> web.Response:
    return web.Response(text="hello " * 1000)


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(3):
        await response.write(b"piece ")
    return response


async def echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(f"echo {message.data}")
    return socket


async def forbidden(request: web.Request) -> web.Response:
    raise web.HTTPForbidden(text="not for you")


async def failing(request: web.Request) -> web.Response:
    raise ValueError("the password=hunter2 was wrong")


async def half(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"half")
    raise ValueError("in the middle")


async def who(request: web.Request) -> web.Response:
    return web.json_response({str(key): str(value) for key, value in request.items()})


@pytest.fixture
async def asking() -> AsyncIterator[Asking]:
    """Return what starts an application with the given middlewares, and its client."""
    clients: list[TestClient[Any, Any]] = []

    async def start(*middlewares: Any, routes: Any = (), **kwargs: Any) -> TestClient[Any, Any]:
        app = web.Application(middlewares=middlewares)
        for handler in (text, stream, echo, forbidden, failing, half, who):
            app.router.add_route("*", f"/{handler.__name__}", handler)
        app.add_routes(routes)
        client: TestClient[Any, Any] = TestClient(TestServer(app), auto_decompress=False, **kwargs)
        clients.append(client)
        await client.start_server()
        return client

    yield start
    for client in clients:
        await client.close()
