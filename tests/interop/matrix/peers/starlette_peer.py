"""The same paths on Starlette, served by uvicorn: `starlette_peer.py PEM_FILE`."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator, Iterable
from typing import Any

import contract
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


async def hello(request: Request) -> Response:
    return PlainTextResponse("héllo")


async def echo(request: Request) -> Response:
    body, size = hashlib.sha256(), 0
    async for piece in request.stream():
        body.update(piece)
        size += len(piece)
    target = request.scope["raw_path"].decode()
    if query := request.scope["query_string"].decode():
        target += f"?{query}"
    said = contract.echo(request.method, target, request.headers.items(), body, size)
    return Response(said, media_type="application/json")


async def large(request: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in contract.large():
            yield piece

    return StreamingResponse(pieces())


async def coded(request: Request) -> Response:
    coding = request.path_params["coding"]
    if coding == "gzip":
        return Response(contract.TEXT, media_type="text/plain")  # the middleware's work
    body = contract.ENCODERS[coding](contract.TEXT)
    return Response(body, headers={"Content-Encoding": coding})


async def redirect(request: Request) -> Response:
    response = Response(
        status_code=int(request.path_params["status"]), headers={"Location": "/echo?redirected"}
    )
    response.set_cookie("hop", "on the way")
    return response


async def status(request: Request) -> Response:
    return Response(status_code=int(request.path_params["status"]))


async def private(request: Request) -> Response:
    if request.headers.get("Authorization") == contract.CREDENTIALS:
        return PlainTextResponse("welcome")
    return Response(status_code=401, headers={"WWW-Authenticate": 'Basic realm="peers"'})


async def refuse(request: Request) -> Response:
    return PlainTextResponse("too much", status_code=413)


async def close(request: Request) -> Response:
    return PlainTextResponse("bye", headers={"Connection": "close"})


async def slow(request: Request) -> Response:
    await asyncio.sleep(contract.SLOW_SECONDS)
    return PlainTextResponse("at last")


async def file(request: Request) -> Response:
    return FileResponse(__file__)


def application() -> Starlette:
    """Return the application."""
    anything: Iterable[tuple[str, Any]] = [
        ("/echo", echo), ("/echo/{rest:path}", echo), ("/redirect/{status}", redirect),
        ("/refuse", refuse),
    ]  # fmt: skip
    readable: Iterable[tuple[str, Any]] = [
        ("/hello", hello), ("/large", large), ("/coded/{coding}", coded), ("/close", close),
        ("/status/{status}", status), ("/private", private), ("/slow", slow), ("/file", file),
    ]  # fmt: skip
    return Starlette(
        routes=[
            *(Route(path, handler, methods=ALL_METHODS) for path, handler in anything),
            *(Route(path, handler) for path, handler in readable),
        ],
        middleware=[Middleware(OnlyCoded)],
    )


class OnlyCoded:
    """GZipMiddleware for /coded/gzip only: elsewhere it would hide what the peer itself sends."""

    def __init__(self, app: Any) -> None:
        self.plain, self.zipped = app, GZipMiddleware(app)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        zips = scope.get("path") == "/coded/gzip"
        await (self.zipped if zips else self.plain)(scope, receive, send)


async def main() -> None:
    """Serve until standard input closes."""
    app, ports, servers = application(), [], []
    for context in (None, contract.certificate()):
        config = uvicorn.Config(
            app,
            port=0,
            log_level="critical",
            timeout_keep_alive=contract.IDLE_SECONDS,
            timeout_graceful_shutdown=1,
        )
        config.load()
        config.ssl = context
        server = uvicorn.Server(config)
        serving = asyncio.ensure_future(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        servers.append((server, serving))
        ports.append(server.servers[0].sockets[0].getsockname()[1])
    contract.say_ports(*ports)
    await asyncio.to_thread(sys.stdin.read)
    for server, serving in servers:
        server.should_exit = True
        await serving


if __name__ == "__main__":
    asyncio.run(main())
