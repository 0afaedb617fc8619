"""`on_response_prepare`: what a signal sees of a response, and what it may change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from notebook_http import web

Ask = Callable[..., Awaitable[tuple[bytes, bytes]]]
Serve = Callable[..., Awaitable[int]]
Named = Callable[..., web.Application]
Noting = Callable[[list[str], str], Any]
Talk = Callable[[int, bytes], Awaitable[bytes]]


async def test_prepare_signals_see_the_final_head(serve: Serve, ask: Ask) -> None:
    """And may change it, for every kind of response."""

    async def sign(request: web.Request, response: web.StreamResponse) -> None:
        assert "Content-Length" in response.headers or "Transfer-Encoding" in response.headers
        response.headers["X-Signed"] = request.path

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path == "/stream":
            response = web.StreamResponse()
            await response.prepare(request)
            return response
        return web.Response(text="hi")

    app = web.Application()
    app.on_response_prepare.append(sign)
    app.router.add_get("/{x}", handle)
    port = await serve(app)
    for target in ("/stream", "/plain"):
        assert f"X-Signed: {target}".encode() in (await ask(port, target=target))[0]
    assert b"X-Signed: /a/b" in (await ask(port, target="/a/b"))[0]


async def test_prepare_signals_see_the_application_of_the_handler(
    serve: Serve, ask: Ask, named: Named, noting: Noting
) -> None:
    """Although the middlewares of the outer one have not ended when a plain response leaves."""

    async def sign(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["X-App"] = request.app["name"]

    async def handle(request: web.Request) -> web.Response:
        return web.Response(text=request.app["name"])

    outer, inner = named("outer", noting([], "o")), named("inner")
    inner.on_response_prepare.append(sign)
    inner.router.add_get("/", handle)
    outer.add_subapp("/in", inner)
    head, body = await ask(await serve(outer), target="/in/")
    assert b"\r\nX-App: inner" in head
    assert body == b"inner"


@pytest.mark.parametrize("target", ["/stream", "/plain"])
@pytest.mark.parametrize("version", ["1.1", "1.0"])
async def test_what_a_prepare_signal_does_to_the_framing_counts(
    serve: Serve, talk: Talk, target: str, version: str
) -> None:
    """The answer stays whole and the connection ends where the head says so."""

    async def meddle(request: web.Request, response: web.StreamResponse) -> None:
        del response.headers["Server"]
        response.headers.popall("Content-Length", None)
        if request.query:
            response.headers["Connection"] = "close"

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path == "/stream":
            response = web.StreamResponse()
            response.content_length = 5
            await response.prepare(request)
            await response.write(b"hello")
            return response
        return web.Response(text="hello")

    app = web.Application()
    app.on_response_prepare.append(meddle)
    app.router.add_get("/{x}", handle)
    lines = "GET {} HTTP/{}\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"
    data = lines.format(target, version) + lines.format(target + "?last", version)
    answer = await talk(await serve(app), data.encode())
    assert b"Server:" not in answer
    if version == "1.1":
        assert answer.count(b"Transfer-Encoding: chunked") == 2
        assert answer.count(b"5\r\nhello\r\n0\r\n\r\n") == 2
        assert answer.count(b"Connection: close") == 1
    else:  # the first answer ends with the connection
        assert answer.count(b"HTTP/1.0 200") == 1
        assert answer.endswith(b"\r\n\r\nhello")


async def test_a_prepare_signal_cannot_announce_a_length_beside_chunks(
    serve: Serve, ask: Ask
) -> None:
    """Two recipients could read such an answer in two ways."""

    async def meddle(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Content-Length"] = "5"

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        return response

    app = web.Application()
    app.on_response_prepare.append(meddle)
    app.router.add_get("/", handle)
    head, _ = await ask(await serve(app))
    assert b"chunked" not in head


@pytest.mark.parametrize("target", ["/stream", "/plain", "/file"])
async def test_cookies_may_be_set_changed_and_taken_back_there(
    serve: Serve, ask: Ask, target: str
) -> None:
    """The head is not out yet. What the handler said in a field of its own stays."""

    async def settle(request: web.Request, response: web.StreamResponse) -> None:
        assert "changed=before; Path=/" in response.headers.getall("Set-Cookie")
        response.set_cookie("new", "1")
        response.set_cookie("changed", "after")
        del response.cookies["gone"]

    async def handle(request: web.Request) -> web.StreamResponse:
        own = {"Set-Cookie": "own=1"}
        response: web.StreamResponse = web.Response(text="hi", headers=own)
        if target == "/stream":
            response = web.StreamResponse(headers=own)
        elif target == "/file":
            response = web.FileResponse(__file__, headers=own)
        for name in ("kept", "changed", "gone"):
            response.set_cookie(name, "before")
        await response.prepare(request)
        return response

    app = web.Application()
    app.on_response_prepare.append(settle)
    app.router.add_get(target, handle)
    head, _ = await ask(await serve(app), target=target)
    assert [line for line in head.split(b"\r\n") if line.startswith(b"Set-Cookie")] == [
        b"Set-Cookie: own=1",
        b"Set-Cookie: kept=before; Path=/",
        b"Set-Cookie: changed=after; Path=/",
        b"Set-Cookie: new=1; Path=/",
    ]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("before", [b"hi", b"", b"longer than what follows"])
async def test_a_body_may_be_changed_there(
    serve: Serve, ask: Ask, before: bytes, method: str
) -> None:
    """Its length is told anew: the client would wait for the rest, or take it for an answer."""

    async def replace(request: web.Request, response: web.StreamResponse) -> None:
        assert isinstance(response, web.Response)
        response.body = b"what follows"

    async def handle(request: web.Request) -> web.Response:
        return web.Response(body=before)

    app = web.Application()
    app.on_response_prepare.append(replace)
    app.router.add_get("/", handle)
    head, body = await ask(await serve(app), method)
    assert head.startswith(b"HTTP/1.1 200")
    assert body == (b"what follows" if method == "GET" else b"")
    if method == "GET" or before:
        assert b"\r\nContent-Length: 12\r\n" in head + b"\r\n"
