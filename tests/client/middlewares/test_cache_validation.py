"""CacheMiddleware asks whether what it has kept still holds (RFC 9111 §4.3)."""

from __future__ import annotations

from typing import Any

from notebook_http import web
from notebook_http.client import ClientSession


async def ask_twice(session: ClientSession, url: str, **options: Any) -> tuple[str, str]:
    first = await (await session.get(url, **options)).text()
    return first, await (await session.get(url, **options)).text()


def with_etag(**headers: str) -> Any:
    async def handler(request: web.Request) -> web.Response:
        fields = {"ETag": '"v1"', **{n.replace("_", "-"): v for n, v in headers.items()}}
        if request.headers.get("If-None-Match") == '"v1"':
            fields["X-Checked"] = "yes"
            return web.Response(status=304, headers=fields)
        return web.Response(text="hello", headers=fields)

    return handler


async def test_an_etag_saves_the_body(serve_handler: Any, cached: Any) -> None:
    server = await serve_handler(with_etag(Cache_Control="no-cache", Set_Cookie="seen=1"))
    assert await ask_twice(cached, server.url) == ("hello", "hello")
    response = await cached.get(server.url)
    assert (response.status, await response.text()) == (200, "hello")
    assert response.headers["X-Checked"] == "yes"  # what the 304 said is there, too
    assert "Set-Cookie" not in response.headers
    assert "If-None-Match" not in response.request_info.headers
    assert [r.headers.get("If-None-Match") for r in server.requests] == [None, '"v1"', '"v1"']


async def test_a_304_makes_it_fresh_again(serve_handler: Any, cached: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        fields = {"ETag": '"v1"', "Cache-Control": "max-age=60"}
        if "If-None-Match" in request.headers:
            return web.Response(status=304, headers=fields)
        return web.Response(text="hello", headers={**fields, "Age": "100"})

    server = await serve_handler(handler)
    for _ in range(4):
        response = await cached.get(server.url)
        assert await response.text() == "hello"
    assert len(server.requests) == 2


async def test_last_modified_saves_it_too(serve_handler: Any, cached: Any) -> None:
    changed = "Thu, 01 Jan 2015 00:00:00 GMT"

    async def handler(request: web.Request) -> web.Response:
        fields = {"Last-Modified": changed, "Cache-Control": "no-cache"}
        if request.headers.get("If-Modified-Since") == changed:
            return web.Response(status=304, headers=fields)
        return web.Response(text="hello", headers=fields)

    server = await serve_handler(handler)
    assert await ask_twice(cached, server.url) == ("hello", "hello")
    assert server.requests[1].headers["If-Modified-Since"] == changed


async def test_what_has_changed_replaces_what_was_kept(serve_handler: Any, cached: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        number = len(server.requests)
        fields = {"ETag": f'"{number}"', "Cache-Control": "no-cache"}
        return web.Response(text=str(number), headers=fields)

    server = await serve_handler(handler)
    assert await ask_twice(cached, server.url) == ("1", "2")
    await cached.get(server.url)
    assert server.requests[2].headers["If-None-Match"] == '"2"'


async def test_a_304_that_fits_nothing_is_not_passed_on(serve_handler: Any, cached: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        if "If-None-Match" in request.headers:
            return web.Response(status=304, headers={"ETag": '"another"'})
        fields = {"ETag": '"v1"', "Cache-Control": "no-cache"}
        return web.Response(text="hello", headers=fields)

    server = await serve_handler(handler)
    assert await ask_twice(cached, server.url) == ("hello", "hello")
    assert len(server.requests) == 3


async def test_own_conditions_and_ranges_pass_by(serve_handler: Any, cached: Any) -> None:
    server = await serve_handler(with_etag(Cache_Control="max-age=60"))
    await cached.get(server.url)
    response = await cached.get(server.url, headers={"If-None-Match": '"v1"'})
    assert response.status == 304
    response = await cached.get(server.url, headers={"Range": "bytes=0-1"})
    assert response.status == 200
    assert len(server.requests) == 3
