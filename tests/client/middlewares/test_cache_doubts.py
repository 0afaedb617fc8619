"""Where a server's word can be read in two ways, the cache takes the one that gives less away."""

from __future__ import annotations

from typing import Any

import pytest

from notebook_http import web
from notebook_http.client import ClientSession
from notebook_http.client.middlewares import CacheMiddleware


def saying(cache_control: str) -> Any:
    async def handler(request: web.Request) -> web.Response:
        key = request.headers.get("X-Api-Key", "nobody")
        headers = {"Cache-Control": cache_control, "ETag": '"1"', "X-Secret": key}
        if "If-None-Match" in request.headers:
            return web.Response(status=304, headers={"ETag": '"1"'})
        return web.Response(text=key, headers=headers)

    return handler


@pytest.mark.parametrize(
    ("cache_control", "asked"),
    [
        ("max-age=60, max-age=0", 1),
        ("max-age=0, max-age=60", 2),
        ("Max-Age=0, max-age=60", 2),
        ('max-age=60, extension="no-store, max-age=0"', 1),
        ("max-age=60, no-cache=", 2),
        ('max-age=60, no-cache=""', 2),
        ('max-age=60, no-cache="x-secret"', 1),
        ('max-age=60, private=""', 2),
        ('max-age=60, private=" , "', 2),
        ('max-age=60, private="x-secret"', 1),
    ],
)
async def test_directives_that_come_twice_or_empty(
    serve_handler: Any, cached: Any, cache_control: str, asked: int
) -> None:
    server = await serve_handler(saying(cache_control))
    for _ in range(2):
        response = await cached.get(server.url)
        assert await response.text() == "nobody"
        assert response.headers["Cache-Control"] == cache_control
    assert len(server.requests) == asked


@pytest.mark.parametrize(("cache_control", "asked"), [("max-age=60", 3), ("public, max-age=60", 1)])
async def test_a_key_is_a_credential(
    serve_handler: Any, cached: Any, cache_control: str, asked: int
) -> None:
    """RFC 9111 §3.5 speaks of `Authorization`; a key in a header of its own is the same."""
    server = await serve_handler(saying(cache_control))
    for key in ("ana", "bob", "eve"):
        async with cached.get(server.url, headers={"X-Api-Key": key}) as response:
            assert await response.text() == (key if asked == 3 else "ana")
    assert len(server.requests) == asked


async def test_fields_of_the_connection_are_not_the_answers(serve: Any) -> None:
    """RFC 9111 §3.1."""
    server = await serve(
        b"HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\n"
        b"Cache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nok"
    )
    async with CacheMiddleware() as cache, ClientSession(middlewares=[cache]) as session:
        first = await session.get(server.url)
        second = await session.get(server.url)
        assert len(server.requests) == 1
        assert (first.headers["X-Hop"], first.headers["X-End"]) == ("1", "2")
        assert "X-Hop" not in second.headers
        assert second.headers["X-End"] == "2"
