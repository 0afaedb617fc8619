"""What the measured servers serve: one application for ours and aiohttp, the same for Starlette.

Both libraries of aiohttp's shape run the very same handlers. Nothing that the load asks for is
written to a log.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from payloads import CARS, HELLO
from server_rows import ROUTES, STREAMED

HELLO_TEXT = HELLO.decode()
# Where the ASGI servers' processes find the folder of static files.
FOLDER_VARIABLE = "NOTEBOOK_HTTP_BENCH_FOLDER"


# How dynamic routes differ: in their first segment, in their last, or in half of one between two
# variables.
ROUTES_BY_SERIES = {
    "routes": "/thing{}/{{name}}",
    "routes under one prefix": "/owners/{{name}}/thing{}",
    "routes of mixed segments": "/{{owner}}/thing{}-{{name}}/{{part}}",
}


def add_routes(app: Any, web: Any, count: int, series: str) -> None:
    """Add *count* dynamic routes of a *series*."""

    async def thing(request: Any) -> Any:
        return web.Response(text=request.match_info["name"])

    for number in range(1, count + 1):
        app.router.add_get(ROUTES_BY_SERIES[series].format(number), thing)


def application(web: Any, folder: Path) -> Any:
    """Return the application, made of *web*'s parts, with *folder* as its static files."""

    async def car(request: Any) -> Any:
        return web.json_response(CARS[request.match_info["name"]])

    async def upload(request: Any) -> Any:
        return web.Response(text=str(len(await request.read())))

    async def streamed(request: Any) -> Any:
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        for piece in STREAMED:
            await response.write(piece)
        await response.write_eof()
        return response

    async def echo(request: Any) -> Any:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        async for message in socket:
            await socket.send_bytes(message.data)
        return socket

    app = web.Application()
    app.router.add_get("/", hello_of(web))
    app.router.add_get("/cars/{name}", car)
    app.router.add_post("/upload", upload)
    app.router.add_get("/streamed", streamed)
    app.router.add_get("/echo", echo)
    app.router.add_static("/static", folder)
    add_routes(app, web, ROUTES, "routes")
    add_routes(app, web, ROUTES, "routes under one prefix")
    return app


def applications(web: Any, folder: Path) -> dict[str, Any]:
    """Return all applications, by the path that is asked for there; "" has everything else."""
    found = {"": application(web, folder)}
    for path, middlewares in (("/through", passing_on(web)), ("/worked", at_work(web))):
        found[path] = web.Application(middlewares=middlewares)
        found[path].router.add_get(path, hello_of(web))
    return found


def hello_of(web: Any) -> Any:
    """Return the smallest handler."""

    async def hello(request: Any) -> Any:
        return web.Response(text=HELLO_TEXT)

    return hello


def passing_on(web: Any) -> list[Any]:
    """Return three middlewares that do nothing but pass the request on."""

    def one() -> Any:
        @web.middleware
        async def passed(request: Any, handler: Any) -> Any:
            return await handler(request)

        return passed

    return [one() for _ in range(3)]


def at_work(web: Any) -> list[Any]:
    """Return three middlewares that do what such ones do."""

    @web.middleware
    async def errors(request: Any, handler: Any) -> Any:
        try:
            return await handler(request)
        except LookupError as error:
            return web.json_response({"error": str(error)}, status=404)

    @web.middleware
    async def allowed(request: Any, handler: Any) -> Any:
        if request.headers.get("Authorization", "").startswith("Banned"):
            raise web.HTTPForbidden
        return await handler(request)

    @web.middleware
    async def marked(request: Any, handler: Any) -> Any:
        response = await handler(request)
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return [errors, allowed, marked]


Asgi = Callable[[Any, Any, Any], Awaitable[None]]


class PassedOn:
    """An ASGI middleware that does nothing but pass the request on."""

    def __init__(self, app: Asgi) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


class NotFoundErrors(PassedOn):
    """An ASGI middleware that answers errors."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        from starlette.responses import JSONResponse

        try:
            await self.app(scope, receive, send)
        except LookupError as error:
            await JSONResponse({"error": str(error)}, 404)(scope, receive, send)


class Allowed(PassedOn):
    """An ASGI middleware that looks at a field of the request."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        from starlette.datastructures import Headers
        from starlette.responses import PlainTextResponse

        if Headers(scope=scope).get("Authorization", "").startswith("Banned"):
            await PlainTextResponse("Forbidden", 403)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


class Marked(PassedOn):
    """An ASGI middleware that adds a field to the answer."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def marked(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-content-type-options", b"nosniff"))
            await send(message)

        await self.app(scope, receive, marked)


def starlette_application() -> Any:
    """Return the same for ASGI servers; its static files are where the environment says."""
    from starlette import applications, middleware, responses, routing, staticfiles

    async def hello(request: Any) -> Any:
        return responses.PlainTextResponse(HELLO_TEXT)

    async def car(request: Any) -> Any:
        return responses.JSONResponse(CARS[request.path_params["name"]])

    async def upload(request: Any) -> Any:
        return responses.PlainTextResponse(str(len(await request.body())))

    async def streamed(request: Any) -> Any:
        return responses.StreamingResponse(pieces(), media_type="text/plain")

    async def thing(request: Any) -> Any:
        return responses.PlainTextResponse(request.path_params["name"])

    async def echo(socket: Any) -> None:
        await socket.accept()
        async for message in socket.iter_bytes():
            await socket.send_bytes(message)

    def through(path: str, layers: list[type[PassedOn]]) -> Any:
        wrapped = [middleware.Middleware(layer) for layer in layers]
        return routing.Route(path, hello, middleware=wrapped)

    numbers = range(1, ROUTES + 1)
    folder = os.environ[FOLDER_VARIABLE]
    return applications.Starlette(
        routes=[
            routing.Route("/", hello),
            routing.Route("/cars/{name}", car),
            routing.Route("/upload", upload, methods=["POST"]),
            routing.Route("/streamed", streamed),
            routing.WebSocketRoute("/echo", echo),
            routing.Mount("/static", staticfiles.StaticFiles(directory=folder)),
            through("/through", [PassedOn] * 3),
            through("/worked", [NotFoundErrors, Allowed, Marked]),
            *(routing.Route(f"/thing{number}/{{name}}", thing) for number in numbers),
            *(routing.Route(f"/owners/{{name}}/thing{number}", thing) for number in numbers),
        ]
    )


async def pieces() -> AsyncIterator[bytes]:
    """Yield what is streamed."""
    for piece in STREAMED:
        yield piece
