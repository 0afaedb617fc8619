"""A middleware that hands a clone on, as those for proxies do: the answer to it is the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import IO

import pytest

from notebook_http import web

Serve = Callable[..., Awaitable[int]]
Talk = Callable[[int, bytes], Awaitable[bytes]]

GET = b"GET /%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


async def clone(request: web.Request, handler: web.Handler) -> web.StreamResponse:
    return await handler(request.clone(scheme="https"))


def cloning(handler: web.Handler) -> web.Application:
    """Return an application whose handler gets the clone of a clone."""
    app = web.Application(middlewares=[clone, clone])
    app.router.add_route("*", "/{rest:.*}", handler)
    return app


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"streamed")
    if request.path == "/ended":
        await response.write_eof()
    if request.path == "/broken":
        raise ValueError
    return response


@pytest.mark.parametrize("path", [b"open", b"ended"])
async def test_a_stream_that_answers_a_clone_is_the_answer(
    serve: Serve, talk: Talk, path: bytes
) -> None:
    answer = await talk(await serve(cloning(stream)), GET % path)
    assert answer.count(b"HTTP/1.1") == 1
    assert answer.endswith(b"8\r\nstreamed\r\n0\r\n\r\n")


async def test_a_stream_that_breaks_off_is_not_followed_by_another_answer(
    serve: Serve, talk: Talk
) -> None:
    """The client must not take half an answer for a whole one, nor an error for its rest."""
    answer = await talk(await serve(cloning(stream)), GET % b"broken")
    assert answer.count(b"HTTP/1.1") == 1
    assert answer.endswith(b"8\r\nstreamed\r\n")


async def test_a_response_prepared_by_hand_is_the_answer(serve: Serve, talk: Talk) -> None:
    async def prepare(request: web.Request) -> web.StreamResponse:
        response = web.Response(text="whole")
        await response.prepare(request)
        return response

    answer = await talk(await serve(cloning(prepare)), GET % b"")
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\nwhole")


async def test_a_websocket_that_answers_a_clone_is_closed_as_any_other(
    serve: Serve, talk: Talk
) -> None:
    async def greet(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse(timeout=0.1)
        await ws.prepare(request)
        await ws.send_str("x")
        return ws

    answer = await talk(await serve(cloning(greet)), UPGRADE)
    assert answer.count(b"HTTP/1.1") == 1
    assert answer.endswith(b"\x81\x01x\x88\x02\x03\xe8")


async def test_files_of_a_form_that_a_clone_has_read_are_closed(serve: Serve, talk: Talk) -> None:
    """They may be on disk, and nobody else is to close them."""
    files: list[IO[bytes]] = []

    async def read(request: web.Request) -> web.StreamResponse:
        field = (await request.post())["f"]
        assert isinstance(field, web.FileField)
        files.append(field.file)
        return web.Response(text=field.file.read().decode())

    body = (
        b'--B\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\ncontent\r\n--B--\r\n'
    )
    head = (
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        b"Content-Type: multipart/form-data; boundary=B\r\nContent-Length: %d\r\n\r\n"
    )
    answer = await talk(await serve(cloning(read)), head % len(body) + body)
    assert answer.endswith(b"content")
    assert [file.closed for file in files] == [True]
