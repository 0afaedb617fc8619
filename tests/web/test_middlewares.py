"""Middlewares: who is passed first, what they see, and what they may answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from notebook_http import web

Ask = Callable[..., Awaitable[tuple[bytes, bytes]]]
Serve = Callable[..., Awaitable[int]]
Named = Callable[..., web.Application]
Noting = Callable[[list[str], str], Any]


async def test_three_middlewares_wrap_each_other(
    serve: Serve, ask: Ask, named: Named, noting: Noting
) -> None:
    """The first one is the outermost; decorated or not makes no difference."""
    notes: list[str] = []
    layers = [noting(notes, "a"), web.middleware(noting(notes, "b")), noting(notes, "c")]
    app = named("app", *layers)

    async def handle(request: web.Request) -> web.Response:
        notes.append("handler")
        return web.Response(text="ok")

    app.router.add_get("/", handle)
    port = await serve(app)
    for _ in range(2):
        notes.clear()
        assert (await ask(port))[1] == b"ok"
        assert notes == [
            "a in app", "b in app", "c in app", "handler", "c out", "b out", "a out",
        ]  # fmt: skip


async def test_middlewares_see_requests_without_a_route(serve: Serve, ask: Ask) -> None:
    """That is where error pages are made."""

    async def pages(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            same = request.match_info.http_exception is error
            return web.Response(status=error.status, text=f"page {error.status} {same}")

    async def handle(request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application(middlewares=[pages])
    app.router.add_get("/", handle)
    port = await serve(app)
    assert (await ask(port, target="/none"))[1] == b"page 404 True"
    assert (await ask(port, "POST"))[1] == b"page 405 True"


async def test_a_middleware_may_answer_by_itself(serve: Serve, ask: Ask) -> None:
    """And replace what the handler answered."""

    async def gate(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        if request.query.get("key") != "1":
            raise web.HTTPForbidden
        response = await handler(request)
        response.headers["X-Seen"] = "yes"
        return response

    async def handle(request: web.Request) -> web.Response:
        return web.Response(text="in")

    app = web.Application(middlewares=[gate])
    app.router.add_get("/", handle)
    port = await serve(app)
    assert (await ask(port))[0].startswith(b"HTTP/1.1 403")
    head, body = await ask(port, target="/?key=1")
    assert b"X-Seen: yes" in head
    assert body == b"in"
