"""Client middlewares see each request before it leaves, and each response before the caller."""

from __future__ import annotations

from typing import Any

import pytest

from notebook_http.client import (
    ClientConnectorError,
    ClientPayloadError,
    ClientRequest,
    ClientResponse,
    ClientSession,
    NonHttpUrlClientError,
)
from notebook_http.client.middleware import ClientHandlerType

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno"


def to(location: str) -> bytes:
    return f"HTTP/1.1 302 Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


def noting(notes: list[str], name: str) -> Any:
    """Return a middleware that notes when it is passed."""

    async def middleware(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        notes.append(f"{name} > {request.method} {request.url.path}")
        response = await handler(request)
        notes.append(f"{name} < {response.status}")
        return response

    return middleware


async def again(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Ask once more when the server is busy."""
    response = await handler(request)
    if response.status == 503:
        response.release()
        response = await handler(request)
    return response


async def test_the_first_is_the_outermost_and_redirects_pass_too(serve: Any) -> None:
    server = await serve(to("/b"), OK)
    notes: list[str] = []
    both = (noting(notes, "one"), noting(notes, "two"))
    async with ClientSession(middlewares=both) as session:
        response = await session.get(server.url + "/a")
        assert await response.text() == "ok"
        assert [past.status for past in response.history] == [302]
    assert notes == [
        *("one > GET /a", "two > GET /a", "two < 302", "one < 302"),
        *("one > GET /b", "two > GET /b", "two < 200", "one < 200"),
    ]


async def test_a_request_may_have_its_own_or_none(serve: Any) -> None:
    server = await serve(OK)
    notes: list[str] = []
    async with ClientSession(middlewares=[noting(notes, "session")]) as session:
        await session.get(server.url, middlewares=[noting(notes, "request")])
        await session.get(server.url, middlewares=())
        await session.get(server.url)
    assert [note.split()[0] for note in notes] == ["request", "request", "session", "session"]


async def test_headers_can_be_changed(serve: Any) -> None:
    server = await serve(OK)

    async def sign(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        assert isinstance(request.session, ClientSession)
        request.headers["X-Signed"] = f"{request.method} {request.url.path}"
        del request.headers["User-Agent"]
        return await handler(request)

    async with ClientSession(middlewares=(sign,)) as session:
        await session.post(server.url + "/x", data=b"body")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert b"\r\nX-Signed: POST /x" in head
    assert b"User-Agent" not in head
    assert body == b"body"


async def test_a_request_can_be_repeated_with_its_body(serve: Any) -> None:
    server = await serve(BUSY, OK)
    async with ClientSession(middlewares=(again,)) as session:
        response = await session.post(server.url, json={"a": 1})
        assert response.status == 200
    first, second = server.requests
    assert first == second
    assert first.endswith(b'{"a": 1}')


async def test_a_stream_cannot_be_repeated(serve: Any) -> None:
    server = await serve(BUSY, OK)

    async def body() -> Any:
        yield b"once"

    async with ClientSession(middlewares=(again,)) as session:
        with pytest.raises(ClientPayloadError, match="consumed and cannot be sent again"):
            await session.post(server.url, data=body())
    assert len(server.requests) == 1


async def test_another_url_is_another_server(serve: Any) -> None:
    """Connection and `Host` follow what the middleware says."""
    old, new = await serve(BUSY), await serve(OK)

    async def move(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        request.url = request.url.with_port(new.port)
        return await handler(request)

    async with ClientSession(middlewares=(move,), headers={"X-Own": "1"}) as session:
        response = await session.get(old.url + "/path")
        assert response.status == 200
        assert response.url.port == new.port
    assert old.requests == []
    assert f"Host: 127.0.0.1:{new.port}\r\n".encode() in new.requests[0]
    assert b"X-Own: 1" in new.requests[0]


async def test_a_url_that_is_none_is_an_error(serve: Any) -> None:
    server = await serve(OK)

    async def spoil(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        request.url = request.url.with_scheme("ftp")
        return await handler(request)

    async with ClientSession(middlewares=(spoil,)) as session:
        with pytest.raises(NonHttpUrlClientError):
            await session.get(server.url)


async def test_errors_pass_through_middlewares(unused_tcp_port: int) -> None:
    seen: list[str] = []

    async def watch(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        try:
            return await handler(request)
        except ClientConnectorError as error:
            seen.append(type(error).__name__)
            raise

    async with ClientSession(middlewares=(watch,)) as session:
        with pytest.raises(ClientConnectorError):
            await session.get(f"http://127.0.0.1:{unused_tcp_port}/")
    assert seen == ["ClientConnectorError"]


async def test_a_middleware_may_answer_for_the_server(serve: Any) -> None:
    """With the response of another request, say."""
    server = await serve(OK)
    kept: list[ClientResponse] = []

    async def keep(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        if not kept:
            kept.append(await handler(request))
            await kept[0].read()
        return kept[0]

    async with ClientSession(middlewares=(keep,)) as session:
        assert await (await session.get(server.url)).text() == "ok"
        assert await (await session.get(server.url)).text() == "ok"
    assert len(server.requests) == 1
