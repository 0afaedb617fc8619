"""Each request is answered once, in order, and never read in two ways: raw bytes on a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from notebook_http import web

CANARY = b"GET /canary HTTP/1.1\r\nHost: a\r\n\r\n"


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="hello")


async def canary(request: web.Request) -> web.Response:
    return web.Response(text="CANARY")


async def echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


async def fail(request: web.Request) -> web.Response:
    raise LookupError("a secret of the handler")


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for piece in (b"one", b"two"):
        await response.write(piece)
    await response.write_eof()
    return response


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """The port of a server of ours with a handful of handlers."""
    app = web.Application()
    app.router.add_get("/", hello)
    app.router.add_get("/canary", canary)
    app.router.add_post("/echo", echo)
    app.router.add_post("/ignore", hello)
    app.router.add_get("/fail", fail)
    app.router.add_get("/stream", stream)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def talk(port: int, data: bytes) -> bytes:
    """Send *data*, say that no more comes, and return everything that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        writer.write_eof()
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()


LAST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


async def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    """Twenty of them in one packet, the last one closes."""
    answer = await talk(port, CANARY * 20 + LAST)
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 21
    assert answer.count(b"CANARY") == 20
    assert answer.endswith(b"hello")


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 5\r\n\r\nabcde",
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    ],
)
@pytest.mark.parametrize("path", [b"/echo", b"/ignore", b"/nowhere"])
async def test_a_body_never_reaches_the_next_request(port: int, path: bytes, body: bytes) -> None:
    """Read, unread, or sent to nobody: what follows it is the next request."""
    answer = await talk(port, b"POST " + path + b" HTTP/1.1\r\nHost: a\r\n" + body + LAST)
    assert answer.count(b"HTTP/1.1 ") == 2
    assert (b"abcde" in answer) is (path == b"/echo")
    assert answer.endswith(b"hello")


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 400),
        (
            b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ],
)
async def test_a_malformed_request_ends_the_connection(
    port: int, message: bytes, status: int
) -> None:
    """One short answer, and nothing behind the bad bytes is read as a request."""
    answer = await talk(port, message + CANARY)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"\r\nDate: ") == 1
    assert b"CANARY" not in answer
    assert (await talk(port, LAST)).endswith(b"hello")


async def test_a_handler_that_fails_tells_the_client_nothing(port: int) -> None:
    """The traceback is for the log; the connection goes on."""
    answer = await talk(port, b"GET /fail HTTP/1.1\r\nHost: a\r\n\r\n" + LAST)
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"secret" not in answer
    assert b"Traceback" not in answer
    assert answer.endswith(b"hello")


async def test_head_sends_no_body_and_wrong_methods_hear_the_right_ones(port: int) -> None:
    """RFC 9110 §9.3.2 and §15.5.6."""
    answer = await talk(port, b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + LAST)
    assert answer.count(b"hello") == 1
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 2
    answer = await talk(port, b"GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert b"Allow: POST\r\n" in answer


async def test_a_stream_of_unknown_length_is_chunked(port: int) -> None:
    """And the connection can be used again behind it."""
    answer = await talk(port, b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n" + LAST)
    assert b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n" in answer
