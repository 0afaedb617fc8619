"""Responses that are written piece by piece, as bytes on the wire."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from notebook_http import web
from notebook_http.transport.exceptions import BodyLengthError
from notebook_http.web.coding_choice import accepted_coding

Ask = Callable[..., Awaitable[tuple[bytes, bytes]]]
Serve = Callable[..., Awaitable[int]]
Talk = Callable[[int, bytes], Awaitable[bytes]]


async def test_the_head_leaves_when_it_is_prepared(serve: Serve) -> None:
    """A client may have to wait long for the first piece, but not for the status."""
    go_on = asyncio.Event()

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await go_on.wait()
        await response.write(b"late")
        return response

    reader, writer = await asyncio.open_connection("127.0.0.1", await serve(handle))
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    go_on.set()
    assert await reader.readuntil(b"0\r\n\r\n") == b"4\r\nlate\r\n0\r\n\r\n"
    writer.close()


async def test_a_known_length_needs_no_chunks(serve: Serve, ask: Ask) -> None:
    """And is held."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        response.content_length = 5
        await response.prepare(request)
        await response.write(b"he")
        await response.write(memoryview(b"llo"))
        await response.write_eof()
        return response

    head, body = await ask(await serve(handle))
    assert b"Content-Length: 5" in head
    assert b"Transfer-Encoding" not in head
    assert body == b"hello"


async def test_http_1_0_gets_the_end_of_the_connection(serve: Serve, talk: Talk) -> None:
    """There is no other way to mark the end of an unknown length there."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"abc")
        return response

    answer = await talk(await serve(handle), b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 200")
    assert b"keep-alive" not in head
    assert body == b"abc"


async def test_an_answer_that_is_whole_stays_so(serve: Serve, talk: Talk) -> None:
    """Whatever the handler returns or raises behind it: a reset could take it from the client."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write_eof(b"abc")
        if request.path == "/raise":
            raise ValueError
        return web.Response(text="another")

    port = await serve(handle)
    for path in (b"/return", b"/raise"):
        answer = await talk(port, b"GET %s HTTP/1.0\r\n\r\n" % path)
        assert answer.count(b"HTTP/1.0 ") == 1
        assert answer.endswith(b"\r\n\r\nabc")


@pytest.mark.parametrize(("written", "announced"), [(b"abc", 10), (b"abcdef", 3)])
async def test_a_broken_promise_ends_the_connection(
    serve: Serve, talk: Talk, written: bytes, announced: int
) -> None:
    """What follows would be read as the rest of this body."""
    errors: list[BaseException] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = announced
        await response.prepare(request)
        try:
            await response.write(written)
            await response.write_eof()
        except BodyLengthError as error:
            errors.append(error)
            raise
        return response

    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    answer = await talk(await serve(handle), request + request)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert len(errors) == 1


@pytest.mark.parametrize("method", ["HEAD", "GET"])
async def test_no_body_where_there_may_be_none(serve: Serve, ask: Ask, method: str) -> None:
    """Whatever the handler writes."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=200 if method == "HEAD" else 204)
        await response.prepare(request)
        await response.write(b"abc")
        await response.write_eof(b"def")
        return response

    head, body = await ask(await serve(handle), method)
    assert body == b""
    assert b"Transfer-Encoding" not in head


async def test_a_stream_can_be_compressed(serve: Serve, ask: Ask) -> None:
    """Its length is not known then."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 5
        response.enable_compression(web.ContentCoding.gzip)
        await response.prepare(request)
        await response.write(b"he")
        await response.write_eof(b"llo")
        return response

    head, body = await ask(await serve(handle))
    assert b"Content-Encoding: gzip" in head
    assert b"Content-Length" not in head
    chunks = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        chunks, body = chunks + body[: int(size, 16)], body[int(size, 16) + 2 :]
    assert gzip.decompress(chunks) == b"hello"


def test_the_coding_is_one_that_the_client_wants() -> None:
    """A weight of zero is a no (RFC 9110 §12.5.3)."""
    assert accepted_coding("gzip, deflate, br") is web.ContentCoding.deflate
    assert accepted_coding("GZIP;q=0.5") is web.ContentCoding.gzip
    assert accepted_coding("gzip;q=0.000, identity") is None
    assert accepted_coding("notgzip, xdeflate") is None
    assert accepted_coding("") is None


async def test_states_are_told_and_held(serve: Serve, ask: Ask) -> None:
    """What comes too early or too late is an error of the handler."""
    seen: dict[str, Any] = {}

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        seen["before"] = (response.prepared, response.task, repr(response))
        for early in (response.write(b"x"), response.drain(), response.write_eof()):
            with pytest.raises(RuntimeError):
                await early
        writer = await response.prepare(request)
        assert await response.prepare(request) is writer
        seen["prepared"] = (response.prepared, response.task, repr(response))
        with pytest.raises(RuntimeError, match="after the headers have been sent"):
            response.set_status(500)
        with pytest.raises(TypeError, match="byte-ish"):
            await response.write("text")  # type: ignore[arg-type]
        await response.write(b"abc")
        await response.drain()
        await response.write_eof()
        await response.write_eof()
        with pytest.raises(RuntimeError, match="after write_eof"):
            await response.write(b"x")
        assert await response.prepare(request) is None
        seen["after"] = (response.body_length, response.output_length > 100, repr(response))
        assert response.task is None
        assert asyncio.current_task() is request.task
        return response

    await ask(await serve(handle))
    assert seen["before"] == (False, None, "<StreamResponse OK not prepared>")
    assert seen["prepared"][0] is True
    assert seen["prepared"][2] == "<StreamResponse OK GET />"
    assert seen["after"] == (3, True, "<StreamResponse OK eof>")


def test_chunks_and_length_exclude_each_other() -> None:
    """Told when the second one is asked for."""
    response = web.StreamResponse()
    response.content_length = 5
    with pytest.raises(RuntimeError, match="content length"):
        response.enable_chunked_encoding()
    response.content_length = None
    response.enable_chunked_encoding()
    assert response.chunked
    with pytest.raises(RuntimeError, match="chunked"):
        response.content_length = 5
    assert not response.compression
    with pytest.raises(TypeError):
        response.enable_compression("gzip")  # type: ignore[arg-type]
    with pytest.warns(DeprecationWarning, match="ContentCoding"):
        response.enable_compression(True)
    assert response.compression


def test_a_response_is_a_mapping_too() -> None:
    """Middlewares leave things in it for each other; an empty one is still a response."""
    key = web.ResponseKey("key", int)
    response = web.StreamResponse()
    assert response
    assert len(response) == 0
    response[key] = 1
    with pytest.warns(web.NotAppKeyWarning, match="ResponseKey") as warned:
        response["text"] = 1
    assert warned[0].filename == __file__
    response["text"] = 2  # of which it was warned
    assert (response[key], list(response), len(response)) == (1, [key, "text"], 2)
    del response[key]
    assert key not in response
    assert response != web.StreamResponse()
    assert {response: 1}[response] == 1


async def test_force_close_closes(serve: Serve, talk: Talk) -> None:
    """The client is told, and nothing behind it is answered."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.force_close()
        await response.prepare(request)
        assert response.keep_alive is False
        return response

    answer = await talk(await serve(handle), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 2)
    assert answer.count(b"HTTP/1.1 200") == 1
    assert b"Connection: close" in answer


async def test_a_client_that_left_is_an_error_of_the_connection(serve: Serve) -> None:
    """Writing goes on failing; the class is one that catches the builtin, too."""
    ended: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65536)
                await asyncio.sleep(0)
        except ConnectionResetError as error:
            ended.set_result(error)
            raise

    _, writer = await asyncio.open_connection("127.0.0.1", await serve(handle))
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await asyncio.sleep(0.05)
    writer.transport.abort()
    error = await asyncio.wait_for(ended, 5)
    assert type(error).__name__ == "ClientConnectionResetError"


async def test_head_of_an_endless_stream_holds_up_nobody(serve: Serve, ask: Ask) -> None:
    """Nothing that is written is sent, so no write would ever wait; the others are served."""
    written = 0
    left = asyncio.Event()

    async def handle(request: web.Request) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse()
        await response.prepare(request)
        if request.path == "/short":
            return response
        try:
            while written < 300_000:  # for ever, if that did not hang a broken server's test
                await response.write(b"x")
                written += 1
        except ConnectionResetError:
            left.set()
        return response

    port = await serve(handle)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    head, _ = await ask(port, target="/short")
    assert head.startswith(b"HTTP/1.1 200")
    assert written < 300_000
    writer.transport.abort()
    async with asyncio.timeout(5):
        await left.wait()


async def test_a_slow_client_makes_the_handler_wait(serve: Serve) -> None:
    """What it does not take is not kept: a bounded buffer."""
    written = 0

    async def handle(request: web.Request) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse()
        response.content_length = 64 * 2**20
        await response.prepare(request)
        for _ in range(64):
            await response.write(bytes(2**20))
            written += 2**20
        return response

    reader, writer = await asyncio.open_connection("127.0.0.1", await serve(handle), limit=1024)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await asyncio.sleep(0.3)
    stalled_at = written
    assert stalled_at < 32 * 2**20
    received = 0
    while received < 64 * 2**20:
        piece = await reader.read(2**20)
        assert piece
        received += len(piece)
    assert written == 64 * 2**20
    writer.close()


async def test_cancelling_prepare_leaves_nothing_sent(serve: Serve, ask: Ask) -> None:
    """A signal that takes too long can be given up; another answer goes out then."""
    app = web.Application()

    async def slow(request: web.Request, response: web.StreamResponse) -> None:
        if response.status == 200:
            await asyncio.sleep(10)

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        try:
            async with asyncio.timeout(0.01):
                await response.prepare(request)
        except TimeoutError:
            assert not response.prepared
            return web.Response(status=503, text="slow")
        return response

    app.on_response_prepare.append(slow)
    app.router.add_get("/", handle)
    head, body = await ask(await serve(app))
    assert head.startswith(b"HTTP/1.1 503")
    assert body == b"slow"


def test_the_size_of_chunks_is_ignored_with_a_warning() -> None:
    """As in aiohttp."""
    response = web.StreamResponse()
    with pytest.warns(DeprecationWarning, match="chunk_size"):
        response.enable_chunked_encoding(1024)
    assert response.chunked
