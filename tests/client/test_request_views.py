"""What aiohttp's middlewares ask of a request, and change in it, can be asked and changed here."""

from __future__ import annotations

import io
from typing import Any

import pytest
from yarl import URL

from notebook_http.client import ClientRequest, ClientResponse, ClientSession
from notebook_http.client.middleware import ClientHandlerType
from notebook_http.transport.form_data import FormData
from notebook_http.transport.payload import BytesPayload, Payload
from notebook_http.wire.http_version import HttpVersion11

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def changing(*bodies: Any) -> Any:
    """Return a middleware that gives the request one body after the other."""

    async def middleware(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        for body in bodies:
            await request.update_body(body)
        return await handler(request)

    return middleware


async def sent(serve: Any, *bodies: Any, **options: Any) -> tuple[str, bytes]:
    """Return head and body of a POST whose body was changed."""
    server = await serve(OK)
    async with ClientSession(middlewares=[changing(*bodies)]) as session:
        await session.post(server.url, **options)
    head, _, body = server.requests[-1].partition(b"\r\n\r\n")
    return head.decode(), body


async def test_all_of_a_request_can_be_asked_for(serve: Any) -> None:
    """The documented attributes, and the ones that middlewares are known to use."""
    server = await serve(OK)
    seen: list[ClientRequest] = []

    async def look(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        seen.append(request)
        assert request.loop.is_running()
        return await handler(request)

    url = URL(server.url).with_path("/a").with_fragment("part")
    async with ClientSession(middlewares=[look], skip_auto_headers=["user-agent"]) as session:
        await session.post(url, data=b"abc")
        (request,) = seen
        assert request.session is session
        assert request.response_class is ClientResponse
    assert (request.host, request.port) == (url.host, url.port)
    assert (request.url, request.original_url) == (url.with_fragment(None), url)
    assert (request.is_ssl(), request.ssl, request.server_hostname) == (False, True, None)
    assert (request.proxy, request.proxy_headers) == (None, None)
    assert (request.method, request.version) == ("POST", HttpVersion11)
    assert request.connection_key.host == url.host
    assert list(request.skip_auto_headers) == ["User-Agent"]
    assert isinstance(request.body, BytesPayload)
    assert await request.body.as_bytes() == b"abc"
    assert request.body.content_type == "application/octet-stream"


async def test_a_request_without_body_has_an_empty_one(serve: Any) -> None:
    """As aiohttp says it."""
    server = await serve(OK)

    async def look(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        assert request.body == b""
        return await handler(request)

    async with ClientSession(middlewares=[look]) as session:
        await session.get(server.url)


@pytest.mark.parametrize("body", [b"new", bytearray(b"new"), "new", io.BytesIO(b"new")])
async def test_a_body_takes_the_place_of_another(serve: Any, body: Any) -> None:
    """The length follows, the type stays."""
    head, got = await sent(serve, body, data=b"longer than that")
    assert got == b"new"
    assert head.count("Content-Length: 3") == head.count("Content-Length") == 1
    assert "Content-Type: application/octet-stream" in head


async def test_a_body_comes_and_goes(serve: Any) -> None:
    """The last word counts."""
    head, got = await sent(serve, b"one", None, "three", None)
    assert (head.count("Content-Length: 0"), head.count("Content-Length"), got) == (1, 1, b"")


async def test_an_iterable_goes_in_chunks(serve: Any) -> None:
    """Nobody knows how long it is; and what was in chunks stays so."""

    async def pieces() -> Any:
        yield b"ab"
        yield b"c"

    head, got = await sent(serve, pieces(), data=b"1234")
    assert "Transfer-Encoding: chunked" in head
    assert "Content-Length" not in head
    assert got == b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    head, got = await sent(serve, b"xyz", data=b"1234", chunked=True)
    assert (head.count("Transfer-Encoding: chunked"), got) == (1, b"3\r\nxyz\r\n0\r\n\r\n")


async def test_a_form_brings_its_boundary(serve: Any) -> None:
    """With the old type nobody could take it apart."""
    form = FormData(default_to_multipart=True)
    form.add_field("a", "1")
    head, got = await sent(serve, form, data=b"old")
    boundary = got.split(b"\r\n", 1)[0].removeprefix(b"--").decode()
    assert f"Content-Type: multipart/form-data; boundary={boundary}" in head
    assert head.count("Content-Type") == 1


async def test_compression_stays(serve: Any) -> None:
    """It is said once, and done."""
    head, got = await sent(serve, b"x" * 1000, data=b"y", compress="gzip")
    assert (head.count("Content-Encoding: gzip"), head.count("Transfer-Encoding: chunked")) == (
        1,
        1,
    )
    assert len(got) < 100


async def test_the_old_body_is_closed(serve: Any) -> None:
    """Also when the request never comes to send it."""
    closed: list[str] = []

    class Noted(BytesPayload):
        async def close(self) -> None:
            closed.append("old")

    await sent(serve, b"new", data=Noted(b"old"))
    assert closed == ["old"]


async def test_what_is_no_body_changes_nothing(serve: Any) -> None:
    """The middleware may still send what was there."""
    server = await serve(OK)

    async def wrong(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        before = request.body
        with pytest.raises(TypeError):
            await request.update_body(object())
        assert isinstance(before, Payload)
        assert isinstance(request.body, Payload)
        assert await request.body.as_bytes() == b"old"
        return await handler(request)

    async with ClientSession(middlewares=[wrong]) as session:
        await session.post(server.url, data=b"old")
    assert server.requests[-1].endswith(b"\r\n\r\nold")
