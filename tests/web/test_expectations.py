"""`Expect`: what is answered before the body is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from notebook_http import web

Serve = Callable[..., Awaitable[int]]
Talk = Callable[[int, bytes], Awaitable[bytes]]


async def test_expectations(serve: Serve, talk: Talk) -> None:
    """100 when there is a handler, 417 for what is unknown, an own answer where one is set."""

    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    async def check(request: web.Request) -> web.StreamResponse | None:
        if request.headers.get("X-Key") is None:
            return web.Response(status=401, text="key?")
        await request.send_continue()
        return None

    app = web.Application()
    app.router.add_post("/", echo)
    app.router.add_route("POST", "/checked", echo, expect_handler=check)
    port = await serve(app)

    def post(path: str, expect: str, *fields: str) -> bytes:
        lines = [f"POST {path} HTTP/1.1", "Host: a", "Content-Length: 2", f"Expect: {expect}"]
        return "\r\n".join([*lines, "Connection: close", *fields]).encode() + b"\r\n\r\n"

    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(post("/", "100-Continue"))
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"ok")
    assert (await reader.read()).endswith(b"ok")
    writer.close()
    assert (await talk(port, post("/", "coffee"))).startswith(b"HTTP/1.1 417")
    assert (await talk(port, post("/", "") + b"ok")).startswith(b"HTTP/1.1 200")  # nothing asked
    missing = await talk(port, post("/none", "100-continue"))
    assert missing.startswith(b"HTTP/1.1 404")
    assert (await talk(port, post("/checked", "100-continue"))).startswith(b"HTTP/1.1 401")
    passed = await talk(port, post("/checked", "100-continue", "X-Key: 1") + b"ok")
    assert passed.endswith(b"ok")
