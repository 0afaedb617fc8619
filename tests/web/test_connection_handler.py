"""Each request is answered once, in order, and never read in two ways: raw bytes on a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from notebook_http import web

Serve = Callable[..., Awaitable[int]]

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


# Keeping and ending connections


async def test_a_connection_goes_on_until_one_side_ends_it(port: int) -> None:
    """HTTP/1.1 keeps, HTTP/1.0 asks for it (RFC 9112 §9.3)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(3):
        writer.write(CANARY)
        assert b"Connection" not in await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(6) == b"CANARY"
    writer.write(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert b"HTTP/1.0 200 OK\r\n" in (head := await reader.readuntil(b"\r\n\r\n"))
    assert b"Connection: keep-alive" in head
    await reader.readexactly(5)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    assert (await reader.read()).endswith(b"hello")
    writer.close()


async def test_a_closed_connection_answers_nothing_more(port: int) -> None:
    """Bytes behind `Connection: close` have no meaning (RFC 9112 §9.6)."""
    assert b"CANARY" not in await talk(port, LAST + CANARY)


async def test_a_half_closed_client_still_gets_its_answer(serve: Serve) -> None:
    """It has said all it had to say, and listens."""

    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(0.1)
        return web.Response(text="late")

    assert (await talk(await serve(slow), CANARY)).endswith(b"late")


async def test_a_large_unread_body_closes_the_connection(serve: Serve) -> None:
    """Reading it all would cost more than a new connection; the answer arrives all the same."""
    port = await serve(hello, lingering_bytes=10_000, lingering_time=5)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert await reader.readexactly(5) == b"hello"

    async def send() -> None:
        while True:
            writer.write(bytes(65536))
            await writer.drain()

    with pytest.raises(ConnectionError):
        await asyncio.wait_for(send(), 10)
    writer.close()


async def test_an_unread_body_is_waited_for_a_while(serve: Serve) -> None:
    """Then the connection closes: the next request cannot be found."""
    port = await serve(hello, lingering_time=0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
    async with asyncio.timeout(5):
        assert (await reader.read()).endswith(b"hello")
    writer.close()


async def test_a_body_that_was_not_asked_for_ends_the_connection(port: int) -> None:
    """After a final answer to `Expect` the client may send its body, or not: nobody can tell."""
    request = (
        b"POST /nowhere HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
        b"Content-Length: %d\r\n\r\n" % len(CANARY)
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404")
    assert b"Connection: close" in head
    writer.write(CANARY)
    async with asyncio.timeout(5):
        assert b"CANARY" not in await reader.read()
    writer.close()


# Failing


async def test_a_failure_is_logged_once(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """With its traceback, and where it happened."""
    assert (await talk(await serve(fail), CANARY)).startswith(b"HTTP/1.1 500")
    (record,) = caplog.records
    assert record.name == "notebook_http.server"
    assert "GET '/canary'" in record.getMessage()
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], LookupError)


@pytest.mark.parametrize("debug", [False, True])
async def test_a_browser_is_told_of_a_failure_on_a_page(serve: Serve, debug: bool) -> None:
    """Its text is text there, whatever is in it."""

    async def mark_up(request: web.Request) -> web.Response:
        raise LookupError("<script>a secret</script>")

    asked = CANARY.replace(b"\r\n\r\n", b"\r\nAccept: text/html, */*;q=0.1\r\n\r\n")
    head, _, page = (await talk(await serve(mark_up, debug=debug), asked)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 500 ")
    assert b"Content-Type: text/html; charset=utf-8" in head
    assert b"<h1>500 Internal Server Error</h1>" in page
    assert b"<script>" not in page
    assert (b"&lt;script&gt;a secret" in page) is debug


async def test_debug_mode_tells_the_client(serve: Serve) -> None:
    """Its author is the client then."""
    assert b"a secret of the handler" in await talk(await serve(fail, debug=True), CANARY)


@pytest.mark.parametrize("result", [None, "text", 5, web.Response])
async def test_a_handler_that_returns_no_response(
    serve: Serve, caplog: pytest.LogCaptureFixture, result: object
) -> None:
    """The most frequent slip: `return` is missing. 500, and the log says so."""

    async def handle(request: web.Request) -> web.Response:
        return result  # type: ignore[return-value]

    assert (await talk(await serve(handle), CANARY)).startswith(b"HTTP/1.1 500")
    assert "is `return` missing?" in caplog.text


async def test_a_time_out_that_passes_through_is_504(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever was asked did not answer in time; the log tells who."""

    async def handle(request: web.Request) -> web.Response:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(5)
        return web.Response()

    assert (await talk(await serve(handle), CANARY)).startswith(b"HTTP/1.1 504")
    assert len(caplog.records) == 1


async def test_a_cancellation_that_leaks_out_of_a_handler_is_500(serve: Serve) -> None:
    """It awaited a task that somebody cancelled; nobody cancelled the connection."""

    async def handle(request: web.Request) -> web.Response:
        inner = asyncio.create_task(asyncio.sleep(5))
        inner.cancel()
        await inner
        return web.Response()

    port = await serve(handle)
    answer = await talk(port, CANARY + CANARY)
    assert answer.count(b"HTTP/1.1 500") == 2


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
async def test_a_failure_in_the_middle_cuts_the_answer_off(serve: Serve, version: bytes) -> None:
    """The client must not take half of it for the whole."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"half")
        raise LookupError("broken")

    port = await serve(handle)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/" + version + b"\r\nHost: a\r\n\r\n")
    if version == b"1.0":
        with pytest.raises(ConnectionResetError):
            await reader.read()
    else:
        answer = await reader.read()
        assert answer.endswith(b"4\r\nhalf\r\n")
        assert answer.count(b"HTTP/1.1 ") == 1
    writer.close()


async def test_a_second_response_cannot_follow_a_prepared_one(serve: Serve) -> None:
    """One request, one answer."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        return web.Response(text="another")

    assert b"another" not in await talk(await serve(handle), CANARY)


# Cancelling


@pytest.mark.parametrize("cancels", [True, False])
async def test_a_client_that_leaves_cancels_its_handler_only_when_asked(
    serve: Serve, cancels: bool
) -> None:
    """`handler_cancellation`; by default work that was begun is finished."""
    ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def handle(request: web.Request) -> web.Response:
        try:
            await asyncio.sleep(0.2)
        except asyncio.CancelledError:
            ended.set_result("cancelled")
            raise
        ended.set_result("finished")
        return web.Response()

    port = await serve(handle, handler_cancellation=cancels)
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(CANARY)
    await asyncio.sleep(0.05)
    writer.transport.abort()
    expected = "cancelled" if cancels else "finished"
    assert await asyncio.wait_for(ended, 5) == expected


async def test_ten_thousand_requests_leave_nothing_behind(port: int) -> None:
    """No task, timer or callback is left from any of them."""
    await talk(port, CANARY * 100 + LAST)
    before = len(asyncio.all_tasks())
    for _ in range(10):
        await talk(port, CANARY * 1000 + LAST)
    await asyncio.sleep(0.05)
    assert len(asyncio.all_tasks()) <= before
