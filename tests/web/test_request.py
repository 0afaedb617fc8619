"""What a handler sees of a request."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from yarl import URL

from notebook_http import web

Ask = Callable[..., Awaitable[tuple[bytes, bytes]]]
Serve = Callable[..., Awaitable[int]]
Talk = Callable[[int, bytes], Awaitable[bytes]]
Look = Callable[[bytes, Callable[[web.Request], Any]], Awaitable[Any]]


@pytest.fixture
def look(serve: Serve, talk: Talk) -> Look:
    """Send bytes, and return what a function sees of the request that they are."""

    async def looked(data: bytes, see: Callable[[web.Request], Any]) -> Any:
        seen: list[Any] = []

        async def handle(request: web.Request) -> web.Response:
            result = see(request)
            seen.append(await result if asyncio.iscoroutine(result) else result)
            return web.Response(text="seen", headers={"Connection": "close"})

        answer = await talk(await serve(handle), data)
        assert answer.startswith(b"HTTP/1.1 200") or answer.startswith(b"HTTP/1.0 200"), answer
        return seen[0]

    return looked


KEPT = web.RequestKey("kept", int)
GET = b"GET /caf%C3%A9/b%2Fc?q=%C3%BC&q=2&e= HTTP/1.1\r\nHost: Example.org:81\r\nX-A: 1\r\n\r\n"


@pytest.mark.parametrize(
    ("see", "expected"),
    [
        (lambda request: request.method, "GET"),
        (lambda request: request.path, "/café/b/c"),
        (lambda request: request.raw_path, "/caf%C3%A9/b%2Fc?q=%C3%BC&q=2&e="),
        (lambda request: request.path_qs, "/caf%C3%A9/b%2Fc?q=%C3%BC&q=2&e="),
        (lambda request: request.query_string, "q=ü&q=2&e="),
        (lambda request: request.query.getall("q"), ["ü", "2"]),
        (lambda request: request.query["e"], ""),
        (lambda request: request.rel_url.raw_path, "/caf%C3%A9/b%2Fc"),
        (
            lambda request: request.url,
            URL("http://example.org:81/caf%C3%A9/b%2Fc?q=%C3%BC&q=2&e=", encoded=True),
        ),
        (lambda request: request.host, "Example.org:81"),
        (lambda request: request.scheme, "http"),
        (lambda request: request.secure, False),
        (lambda request: request.remote, "127.0.0.1"),
        (lambda request: tuple(request.version), (1, 1)),
        (lambda request: request.headers["x-a"], "1"),
        (lambda request: request.raw_headers[1], (b"X-A", b"1")),
        (lambda request: request.keep_alive, True),
        (lambda request: (request.body_exists, request.can_read_body), (False, False)),
        (lambda request: request.content_length, None),
        (lambda request: request.content_type, "application/octet-stream"),
        (lambda request: request.charset, None),
        (lambda request: request.content.at_eof(), True),
        (lambda request: request.read(), b""),
        (lambda request: request.loop is asyncio.get_running_loop(), True),
        (lambda request: request.task is asyncio.current_task(), True),
        (lambda request: request.get_extra_info("peername")[0], "127.0.0.1"),
        (lambda request: request.get_extra_info("none", 5), 5),
        (lambda request: request.transport is request.protocol.transport, True),
        (lambda request: repr(request), "<Request GET /caf%C3%A9/b%2Fc >"),
        (lambda request: request.match_info["path"], "café/b/c"),
        (lambda request: request.app.frozen, True),
        (lambda request: request.message.target[:5], "/caf%"),
    ],
)
async def test_views_of_a_request(
    look: Look, see: Callable[[web.Request], Any], expected: object
) -> None:
    """Names and values as aiohttp has them."""
    assert await look(GET, see) == expected


@pytest.mark.parametrize(
    ("target", "path_qs"),
    [
        (b"http://other.example/a?b=c", "/a?b=c"),
        (b"http://other.example", "/"),
        (b"http://other.example?b=/c", "/?b=/c"),
        (b"//evil.example/x", "//evil.example/x"),
    ],
)
async def test_unusual_targets(look: Look, target: bytes, path_qs: str) -> None:
    """A proxy's form is read, and a double slash stays a path (CVE-2021-21330)."""
    data = b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n"
    assert await look(data, lambda request: request.path_qs) == path_qs
    host = "a" if target[:1] == b"/" else "other.example"
    assert await look(data, lambda request: request.url.host) == host


async def test_the_target_names_the_host_when_it_is_absolute(look: Look) -> None:
    """Whatever the field says: a proxy passes both on (RFC 9112 §3.2.2)."""
    data = b"GET http://shop.example:8080?a=1 HTTP/1.1\r\nHost: other\r\n\r\n"
    seen = await look(data, lambda request: (request.host, str(request.url)))
    assert seen == ("shop.example:8080", "http://shop.example:8080/?a=1")


async def test_an_old_client_may_send_no_host(look: Look) -> None:
    """The address that it is connected to stands in (HTTP/1.0); nothing is looked up."""

    async def see(request: web.Request) -> bool:
        host, port = request.get_extra_info("sockname")[:2]
        return request.host == f"{host}:{port}" and request.url.port == port

    assert await look(b"GET / HTTP/1.0\r\n\r\n", see)


async def test_cookies(look: Look) -> None:
    """The last of equal names counts, malformed ones are left out."""
    data = b'GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1; b="x y"; =z; a=2\r\nCookie: c=3\r\n\r\n'
    cookies = await look(data, lambda request: request.cookies)
    assert dict(cookies) == {"a": "2", "b": "x y", "c": "3"}
    with pytest.raises(TypeError):
        cookies["a"] = "1"


def post(body: bytes, content_type: str, *fields: str) -> bytes:
    """Return a POST request."""
    lines = ["POST / HTTP/1.1", "Host: a", f"Content-Type: {content_type}", *fields]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}"]).encode() + b"\r\n\r\n" + body


async def test_bodies_are_read_once_and_kept(look: Look) -> None:
    """As bytes, text or JSON."""

    async def see(request: web.Request) -> Any:
        assert request.body_exists
        assert request.can_read_body
        first = await request.read()
        assert not request.can_read_body
        return first, await request.read(), await request.text(), await request.json()

    body = '{"a": "é"}'.encode("latin-1")
    data = post(body, "application/json; charset=latin-1")
    assert await look(data, see) == (body, body, '{"a": "é"}', {"a": "é"})


async def test_json_takes_another_reader(look: Look) -> None:
    """`loads` is the caller's choice."""
    data = post(b"[1]", "text/plain")
    assert await look(data, lambda request: request.json(loads=lambda text: text)) == "[1]"


async def test_an_unknown_charset_is_the_clients_fault(serve: Serve, talk: Talk) -> None:
    """415, and not a codec that is no charset."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(text=await request.text())

    port = await serve(handle)
    for charset in ("nonsense", "zlib", "idna"):
        data = post(b"x", f"text/plain; charset={charset}", "Connection: close")
        assert (await talk(port, data)).startswith(b"HTTP/1.1 415")


async def test_broken_json_is_an_error_to_catch(look: Look) -> None:
    """The builtin one."""

    async def see(request: web.Request) -> str:
        with pytest.raises(json.JSONDecodeError):
            await request.json()
        return "caught"

    assert await look(post(b"{", "application/json"), see) == "caught"


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_body_over_the_limit_is_413(serve: Serve, talk: Talk, chunked: bool) -> None:
    """Announced or not; the next request is not read out of it."""
    app = web.Application(client_max_size=1000)

    async def handle(request: web.Request) -> web.Response:
        assert request.client_max_size == 1000
        return web.Response(text=str(len(await request.read())))

    app.router.add_post("/", handle)
    port = await serve(app)
    for size, status in ((1000, 200), (1001, 413)):
        body = b"x" * size
        data = post(body, "a/b")
        if chunked:
            data = (
                b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + b"%x\r\n" % size
                + body
                + b"\r\n0\r\n\r\n"
            )
        last = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        answer = await talk(port, data + last)
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert answer.count(b"HTTP/1.1 ") == 2


async def test_the_limit_counts_decoded_bytes(serve: Serve, talk: Talk) -> None:
    """A bomb is refused when it is over the limit, not when it is whole (CVE-2025-69223)."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    bomb = gzip.compress(bytes(64 * 2**20))
    data = post(bomb, "a/b", "Content-Encoding: gzip", "Connection: close")
    assert (await talk(await serve(handle), data)).startswith(b"HTTP/1.1 413")


async def test_coded_bodies_are_decoded_unless_told_otherwise(serve: Serve, talk: Talk) -> None:
    """A coding that we do not know reaches the handler as it came."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    coded = gzip.compress(b"hello")
    data = post(coded, "a/b", "Content-Encoding: gzip", "Connection: close")
    assert (await talk(await serve(handle), data)).endswith(b"\r\n\r\nhello")
    assert (await talk(await serve(handle, auto_decompress=False), data)).endswith(coded)
    unknown = post(b"hello", "a/b", "Content-Encoding: rot13", "Connection: close")
    assert (await talk(await serve(handle), unknown)).endswith(b"\r\n\r\nhello")


async def test_a_broken_coding_is_400(serve: Serve, talk: Talk) -> None:
    """The client erred, not the handler."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    data = post(b"no gzip at all", "a/b", "Content-Encoding: gzip", "Connection: close")
    assert (await talk(await serve(handle), data)).startswith(b"HTTP/1.1 400")


async def test_release_reads_and_drops(look: Look) -> None:
    """What is left of the body."""

    async def see(request: web.Request) -> bytes:
        assert await request.content.read(2) == b"ab"
        await request.release()
        return await request.read()

    assert await look(post(b"abcdef", "a/b"), see) == b""


async def test_a_request_is_a_mapping_too(look: Look) -> None:
    """Middlewares leave things in it for handlers."""

    def see(request: web.Request) -> Any:
        key = web.RequestKey("key", int)
        assert request
        assert len(request) == 0
        request[key] = 1
        with pytest.warns(web.NotAppKeyWarning, match="RequestKey") as warned:
            request["text"] = 1
        assert warned[0].filename == __file__
        request["text"] = 2  # of which it was warned
        assert (request[key], list(request), len(request)) == (1, [key, "text"], 2)
        del request[key]
        assert {request: 1}[request] == 1
        with pytest.raises(KeyError):
            request["none"]
        with pytest.raises(AttributeError):
            request.mine = 1  # type: ignore[attr-defined]
        return dict(request)

    assert await look(GET, see) == {"text": 2}


async def test_clones_differ_in_what_is_given(look: Look) -> None:
    """For middlewares that know better: behind a proxy, or when a method is tunnelled."""

    async def see(request: web.Request) -> Any:
        request[KEPT] = 1
        other = request.clone(
            method="PUT",
            rel_url="/x?y=1",
            headers={"X-B": "2"},
            scheme="https",
            host="h",
            remote="r",
            client_max_size=5,
            client_max_fields=6,
        )
        same = request.clone()
        assert (same.method, same.url, same.headers) == (
            request.method,
            request.url,
            request.headers,
        )
        assert other.match_info == request.match_info
        assert other.app is request.app
        assert other[KEPT] == 1
        assert (other.client_max_size, other.client_max_fields) == (5, 6)
        assert (other.secure, other.remote) == (True, "r")
        if await request.read():
            with pytest.raises(RuntimeError, match="after reading"):
                request.clone()
        else:
            assert request.clone().method == request.method
        return other.method, str(other.url), dict(other.headers)

    assert await look(GET, see) == ("PUT", "https://h/x?y=1", {"X-B": "2"})
    with_body = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"
    assert await look(with_body, see) == ("PUT", "https://h/x?y=1", {"X-B": "2"})


async def test_a_cancelled_read_can_be_given_up(serve: Serve) -> None:
    """The handler may answer without the body; the connection closes then."""

    async def handle(request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(0.05):
                await request.read()
        except TimeoutError:
            return web.Response(status=408, text="late", headers={"Connection": "close"})
        return web.Response()

    reader, writer = await asyncio.open_connection(
        "127.0.0.1", await serve(handle, lingering_time=0.1)
    )
    writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
    async with asyncio.timeout(5):
        assert (await reader.read()).startswith(b"HTTP/1.1 408")
    writer.close()
