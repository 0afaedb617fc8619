"""CacheMiddleware: what is answered from the store, what is asked about, what is asked again."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import Any

import pytest

from notebook_http import web
from notebook_http.client import ClientResponse, ClientSession
from notebook_http.client.middlewares import CacheMiddleware, LoggingMiddleware
from notebook_http.wire.http_date import format_http_date


def saying(body: str = "hello", status: int = 200, **headers: str) -> Any:
    """Return a handler that answers with *headers*: underscores in names stand for hyphens."""

    async def handler(request: web.Request) -> web.Response:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, text=body, headers=fields)

    return handler


async def ask_twice(session: ClientSession, url: str, **options: Any) -> tuple[str, str]:
    first = await (await session.get(url, **options)).text()
    return first, await (await session.get(url, **options)).text()


async def test_what_is_fresh_is_not_asked_for_again(serve_handler: Any, cached: Any) -> None:
    server = await serve_handler(saying(Cache_Control="max-age=60"))
    assert await ask_twice(cached, server.url) == ("hello", "hello")
    assert len(server.requests) == 1


async def test_an_answer_from_the_cache_is_one_like_any(serve_handler: Any, cached: Any) -> None:
    server = await serve_handler(
        saying('{"a": 1}', Cache_Control="max-age=60", Content_Type="application/json", X_Own="1")
    )
    live = await cached.get(server.url)
    assert await live.json() == {"a": 1}
    async with cached.get(f"{server.url}#part") as kept:
        assert type(kept) is ClientResponse
        assert (kept.status, kept.reason, kept.ok) == (200, "OK", True)
        assert (kept.method, str(kept.url)) == ("GET", server.url)
        assert kept.real_url.fragment == "part"
        assert kept.headers["x-own"] == "1"
        assert 0 <= int(kept.headers["Age"]) <= 2
        assert (kept.content_type, kept.charset) == (live.content_type, live.charset)
        assert (kept.content_length, kept.version) == (8, live.version)
        assert (kept.history, kept.connection, kept.closed) == ((), None, True)
        assert await kept.json() == {"a": 1}
        assert await kept.text() == '{"a": 1}'
        assert await kept.read() == b'{"a": 1}'
        kept.raise_for_status()
    in_pieces = await cached.get(server.url)
    assert [piece async for piece in in_pieces.content.iter_chunked(3)] == [b'{"a', b'": ', b"1}"]
    in_pieces.release()
    assert len(server.requests) == 1


async def test_the_answer_that_is_kept_can_be_read_as_ever(serve_handler: Any, cached: Any) -> None:
    """It was read ahead; whoever asked for it finds all of it in its stream."""
    text = "line one\nline two\n"
    server = await serve_handler(saying(text, Cache_Control="max-age=60"))
    response = await cached.get(server.url)
    assert [line async for line in response.content] == [b"line one\n", b"line two\n"]
    assert response.content.at_eof()


async def test_coded_bodies_are_decoded_once(serve_handler: Any, cached: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        response = web.Response(text="hello " * 100, headers={"Cache-Control": "max-age=60"})
        response.enable_compression(web.ContentCoding.gzip)
        return response

    server = await serve_handler(handler)
    first, second = await ask_twice(cached, server.url)
    assert first == second == "hello " * 100
    kept = await cached.get(server.url)
    assert kept.headers["Content-Encoding"] == "gzip"
    # As it came is another thing, and kept by itself.
    for _ in range(2):
        raw = await (await cached.get(server.url, auto_decompress=False)).read()
        assert raw[:2] == b"\x1f\x8b"
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"Cache_Control": "no-store, max-age=60"},
        {"Cache_Control": "private, max-age=60"},
        {"Cache_Control": "max-age=60", "Vary": "*"},
        {"Cache_Control": "max-age=60", "Content_Type": "text/event-stream"},
        {"Cache_Control": "max-age=0"},
        {"Cache_Control": "max-age=60", "Age": "60"},
        {"Expires": "0"},
        {"Expires": "Thu, 01 Jan 2015 00:00:00 GMT"},
        {"Cache_Control": "max-age=60", "Date": "Thu, 01 Jan 2015 00:00:00 GMT"},
        {},
    ],
)
async def test_what_may_not_be_used_again(
    serve_handler: Any, cached: Any, headers: dict[str, str]
) -> None:
    server = await serve_handler(saying(**headers))
    assert await ask_twice(cached, server.url) == ("hello", "hello")
    assert len(server.requests) == 2
    assert "If-None-Match" not in server.requests[1].headers


@pytest.mark.parametrize(("age", "asked"), [("50", 1), ("70", 2)])
async def test_what_caches_on_the_way_have_kept_it_for_counts(
    serve_handler: Any, cached: Any, age: str, asked: int
) -> None:
    server = await serve_handler(saying(Cache_Control="max-age=60", Age=age))
    await ask_twice(cached, server.url)
    assert len(server.requests) == asked
    if asked == 1:
        assert 50 <= int((await cached.get(server.url)).headers["Age"]) <= 55


@pytest.mark.parametrize("age", ["99999999999999999999", "2147483648", "4000000000, 1"])
async def test_ages_beyond_counting_are_old(serve_handler: Any, cached: Any, age: str) -> None:
    """RFC 9111 §1.2.2 and §5.1: never as new as one that says nothing."""
    server = await serve_handler(saying(Cache_Control="max-age=60", Age=age))
    await ask_twice(cached, server.url)
    assert len(server.requests) == 2


@pytest.mark.parametrize(("lifetime", "asked"), [(60, 1), (0, 2)])
async def test_expires_is_as_far_as_it_is_from_date(
    serve_handler: Any, cached: Any, lifetime: int, asked: int
) -> None:
    """The server's clock is two hours ahead of ours."""
    now = time.time() + 7200
    dates = {"Date": format_http_date(now), "Expires": format_http_date(now + lifetime)}
    server = await serve_handler(saying(**dates))
    await ask_twice(cached, server.url)
    assert len(server.requests) == asked
    assert (await cached.get(server.url)).headers["Expires"] == dates["Expires"]


async def test_a_moment_since_the_last_change_counts_for_a_tenth(
    serve_handler: Any, cached: Any
) -> None:
    long_ago = format_http_date(time.time() - 864_000)
    server = await serve_handler(saying(Last_Modified=long_ago))
    await ask_twice(cached, server.url)
    assert len(server.requests) == 1


# Which request


async def test_vary_keeps_them_apart(serve_handler: Any, cached: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        fields = {"Cache-Control": "max-age=60", "Vary": "Accept-Language, X-Mode"}
        return web.Response(text=request.headers.get("Accept-Language", "none"), headers=fields)

    server = await serve_handler(handler)
    for _ in range(2):
        for languages in ({"Accept-Language": "de"}, {"Accept-Language": "fr, en"}, {}):
            response = await cached.get(server.url, headers=languages)
            assert await response.text() == languages.get("Accept-Language", "none")
    assert len(server.requests) == 3
    await cached.get(server.url, headers={"Accept-Language": "fr,en"})  # the same list
    assert len(server.requests) == 3


async def test_a_variant_is_not_confirmed_by_the_date_of_another(
    serve_handler: Any, cached: Any
) -> None:
    """`If-Modified-Since` of the German text must not make a French reader get it."""

    async def handler(request: web.Request) -> web.Response:
        changed = "Thu, 01 Jan 2015 00:00:00 GMT"
        fields = {"Cache-Control": "no-cache", "Vary": "Accept-Language", "Last-Modified": changed}
        if "If-Modified-Since" in request.headers:
            return web.Response(status=304, headers=fields)
        return web.Response(text=request.headers["Accept-Language"], headers=fields)

    server = await serve_handler(handler)
    for language in ("de", "fr", "de"):
        response = await cached.get(server.url, headers={"Accept-Language": language})
        assert await response.text() == language
    assert len(server.requests) == 3


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_a_change_makes_it_forget(serve_handler: Any, cached: Any, method: str) -> None:
    server = await serve_handler(saying(Cache_Control="max-age=60"))
    await cached.get(server.url)
    await cached.get(f"{server.url}other")
    await cached.request(method, server.url, headers={"If-Match": '"x"'})
    await cached.get(server.url)
    await cached.get(f"{server.url}other")
    assert [request.method for request in server.requests] == ["GET", "GET", method, "GET"]


async def test_a_change_that_failed_does_not(serve_handler: Any, cached: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        status = 200 if request.method == "GET" else 409
        return web.Response(status=status, headers={"Cache-Control": "max-age=60"})

    server = await serve_handler(handler)
    await cached.get(server.url)
    await cached.post(server.url)
    await cached.get(server.url)
    assert [request.method for request in server.requests] == ["GET", "POST"]


async def test_head_and_get_are_kept_apart(serve_handler: Any, cached: Any) -> None:
    server = await serve_handler(saying(Cache_Control="max-age=60"))
    for _ in range(2):
        head = await cached.head(server.url)
        assert (head.headers["Content-Length"], await head.read()) == ("5", b"")
        assert await (await cached.get(server.url)).text() == "hello"
    assert [request.method for request in server.requests] == ["HEAD", "GET"]


@pytest.mark.parametrize(
    ("wish", "asked"),
    [
        ("no-cache", 2),
        ("no-store", 2),
        ("max-age=0", 2),
        ("max-age=10", 2),
        ("max-age=40", 1),
        ("only-if-cached", 1),
    ],
)
async def test_wishes_of_the_request(
    serve_handler: Any, cached: Any, wish: str, asked: int
) -> None:
    server = await serve_handler(saying(Cache_Control="max-age=60", Age="20"))
    await cached.get(server.url)
    response = await cached.get(server.url, headers={"Cache-Control": wish})
    assert await response.text() == "hello"
    assert len(server.requests) == asked


async def test_only_if_cached_asks_nobody(serve_handler: Any, cached: Any) -> None:
    server = await serve_handler(saying(Cache_Control="max-age=60"))
    response = await cached.get(server.url, headers={"Cache-Control": "only-if-cached"})
    assert (response.status, await response.read()) == (504, b"")
    await cached.get(server.url, headers={"Cache-Control": "no-store"})
    await cached.get(server.url)
    assert len(server.requests) == 2  # no-store left nothing behind


async def test_redirects_are_kept_as_well(serve_handler: Any, cached: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        fields = {"Cache-Control": "max-age=60"}
        if request.path == "/":
            return web.Response(status=301, headers={**fields, "Location": "/there"})
        return web.Response(text="there", headers=fields)

    server = await serve_handler(handler)
    for _ in range(2):
        response = await cached.get(server.url)
        assert await response.text() == "there"
        assert [past.status for past in response.history] == [301]
    assert len(server.requests) == 2


async def test_others_around_and_behind_it(serve_handler: Any) -> None:
    """The log has a line for an answer from the cache, with the bytes of its body."""
    import logging

    lines: list[str] = []
    logger = logging.Logger("own", logging.INFO)
    logger.addFilter(lambda record: bool(lines.append(record.getMessage())))
    server = await serve_handler(saying(Cache_Control="max-age=60"))
    async with CacheMiddleware() as cache:
        both = [LoggingMiddleware(logger), cache]
        async with ClientSession(middlewares=both) as session:
            await ask_twice(session, server.url)
    assert [line.endswith("ms, 5 bytes") for line in lines] == [True, True]
    assert len(server.requests) == 1


async def test_a_cancel_while_reading_ahead_leaves_nothing(
    serve: Any, session: ClientSession
) -> None:
    head = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 10\r\n\r\nhalf"
    server = await serve(head)
    async with CacheMiddleware() as cache:
        task = asyncio.create_task(session.get(server.url, middlewares=[cache]))
        while not server.requests:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def test_without_hishel_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['hishel'] = None\n"
        "import notebook_http as nh\n"
        "from notebook_http import *\n"  # names can be listed and imported all the same
        "try: nh.CacheMiddleware()\n"
        "except ModuleNotFoundError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'notebook-http[cache]'" in done.stdout


@pytest.mark.parametrize("name", ["max_body_bytes", "max_bytes"])
def test_limits_that_make_no_sense(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        CacheMiddleware(**{name: 0})
