"""Responses that are there as a whole, and the shortcuts for JSON."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from notebook_http import web

Ask = Callable[..., Awaitable[tuple[bytes, bytes]]]
Serve = Callable[..., Awaitable[int]]


def test_text_is_plain_and_utf_8_by_default() -> None:
    """Aiohttp's defaults."""
    response = web.Response(text="é")
    assert response.body == "é".encode()
    assert dict(response.headers) == {"Content-Type": "text/plain; charset=utf-8"}
    assert response.text == "é"
    assert response.content_length == 2


def test_arguments_settle_the_content_type() -> None:
    """By argument or by field, not by both."""
    html = web.Response(text="é", content_type="text/html", charset="latin-1")
    assert html.headers["Content-Type"] == "text/html; charset=latin-1"
    assert html.body == b"\xe9"
    by_field = web.Response(text="é", headers={"Content-Type": "text/x; charset=latin-1"})
    assert by_field.body == b"\xe9"
    silent = web.Response(text="é", headers={"Content-Type": "text/html"})
    assert silent.headers["Content-Type"] == "text/html; charset=utf-8"
    assert silent.body == "é".encode()
    assert web.Response(body=b"x").content_type == "application/octet-stream"
    assert web.Response(body=b"x", content_type="a/b").headers["Content-Type"] == "a/b"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"text": 1}, TypeError),
        ({"text": "a", "body": b"b"}, ValueError),
        ({"text": "a", "content_type": "text/plain; charset=x", "charset": "y"}, ValueError),
        ({"headers": {"Content-Type": "a/b"}, "content_type": "c/d"}, ValueError),
        ({"headers": {"Content-Type": "a/b"}, "charset": "utf-8"}, ValueError),
        ({"body": object()}, ValueError),
    ],
)
def test_contradicting_arguments_are_told(
    arguments: dict[str, Any], error: type[Exception]
) -> None:
    """Where the handler makes the response."""
    with pytest.raises(error):
        web.Response(**arguments)


def test_text_and_body_can_be_changed() -> None:
    """Setting text settles type and charset when there is none."""
    response = web.Response()
    assert (response.body, response.text, response.content_length) == (None, None, 0)
    response.text = "é"
    assert response.body == "é".encode()
    assert response.content_type == "text/plain"
    response.text = None
    assert response.body is None
    response.body = bytearray(b"xy")
    assert response.content_length == 2
    with pytest.raises(RuntimeError, match="automatically"):
        response.content_length = 3
    wrong: Any = b"x"
    with pytest.raises(TypeError):
        response.text = wrong


def test_json_response_takes_data_text_or_body() -> None:
    """One of them."""
    assert web.json_response({"a": "é"}).text == json.dumps({"a": "é"})
    assert web.json_response(None).text == "null"
    assert web.json_response(text="[1]").content_type == "application/json"
    assert web.json_response([1], dumps=lambda data: "x").text == "x"
    assert web.json_bytes_response([1], dumps=lambda data: b"[1]").body == b"[1]"
    with pytest.raises(ValueError, match="only one"):
        web.json_response([1], text="[1]")
    with pytest.raises(ValueError, match="only one"):
        web.json_bytes_response([1], dumps=lambda data: b"", body=b"[1]")


@pytest.mark.parametrize(
    ("method", "status", "length", "body"),
    [
        ("GET", 200, b"2", b"hi"),
        ("HEAD", 200, b"2", b""),
        ("GET", 204, None, b""),
        ("GET", 304, b"2", b""),
        ("GET", 299, b"2", b"hi"),
    ],
)
async def test_what_goes_out(
    serve: Serve, ask: Ask, method: str, status: int, length: bytes | None, body: bytes
) -> None:
    """Bytes on the wire, for each kind of ending (RFC 9112 §6.3)."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(text="hi", status=status)

    head, received = await ask(await serve(handle), method)
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert received == body
    lengths = [line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")]
    assert lengths == ([] if length is None else [b"Content-Length: " + length])


async def test_an_empty_answer_has_no_content_type(serve: Serve, ask: Ask) -> None:
    """There is no content that could have one (RFC 9110 §8.3)."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response()

    head, _ = await ask(await serve(handle))
    assert b"Content-Length: 0" in head
    assert b"Content-Type" not in head


async def test_fields_of_the_handler_come_through(serve: Serve, ask: Ask) -> None:
    """Repeated ones and non-ASCII values, too; Date and Server only where there is none."""

    async def handle(request: web.Request) -> web.Response:
        fields = [("X-A", "1"), ("X-A", "2"), ("X-Ü".replace("Ü", "U"), "é"), ("Server", "mine")]
        response = web.Response(text="hi", headers=fields)
        response.set_cookie("a", "b")
        return response

    head, body = await ask(await serve(handle))
    lines = head.split(b"\r\n")
    assert lines.count(b"X-A: 1") == lines.count(b"X-A: 2") == 1
    assert "X-U: é".encode() in lines
    assert [line for line in lines if line.startswith(b"Server")] == [b"Server: mine"]
    assert b"Set-Cookie: a=b; Path=/" in lines
    assert body == b"hi"


@pytest.mark.parametrize("body", [b"hi", b"x" * 300_000, b""])
async def test_a_field_may_ask_for_chunks(serve: Serve, ask: Ask, body: bytes) -> None:
    """As it does when the fields of another server's answer are passed on."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(body=body, headers={"Transfer-Encoding": "chunked"})

    head, sent = await ask(await serve(handle))
    assert head.startswith(b"HTTP/1.1 200")
    assert b"Content-Length" not in head
    assert head.count(b"Transfer-Encoding: chunked") == 1
    assert sent.endswith(b"0\r\n\r\n")
    assert sent.count(b"x") == body.count(b"x")


@pytest.mark.parametrize("size", [10, 100_000])
@pytest.mark.parametrize(
    ("accepted", "coding"), [("gzip", b"gzip"), ("gzip, deflate", b"deflate"), ("gzip;q=0", None)]
)
async def test_compression_is_what_the_client_takes(
    serve: Serve, ask: Ask, accepted: str, coding: bytes | None, size: int
) -> None:
    """With the length of what is sent; a large body is compressed in a thread."""
    text = "a" * size

    async def handle(request: web.Request) -> web.Response:
        response = web.Response(text=text)
        response.enable_compression()
        return response

    head, body = await ask(await serve(handle), Accept_Encoding=accepted)
    assert b"Content-Length: %d" % len(body) in head
    if coding is None:
        assert b"Content-Encoding" not in head
        assert body == text.encode()
    else:
        assert b"Content-Encoding: " + coding in head
        decode = gzip.decompress if coding == b"gzip" else zlib.decompress
        assert decode(body) == text.encode()


async def test_what_is_coded_already_is_not_coded_again(serve: Serve, ask: Ask) -> None:
    """The client would see gibberish after one decoding."""
    coded = gzip.compress(b"hello")

    async def handle(request: web.Request) -> web.Response:
        response = web.Response(body=coded, headers={"Content-Encoding": "gzip"})
        response.enable_compression(web.ContentCoding.deflate)
        return response

    head, body = await ask(await serve(handle), Accept_Encoding="gzip, deflate")
    assert head.count(b"Content-Encoding") == 1
    assert body == coded


async def test_a_body_may_be_a_file_an_iterable_or_text(
    serve: Serve, ask: Ask, tmp_path: Path
) -> None:
    """Whatever a payload is registered for."""
    path = tmp_path / "f.txt"
    path.write_bytes(b"file")

    async def pieces() -> AsyncIterator[bytes]:
        yield b"pie"
        yield b"ces"

    async def handle(request: web.Request) -> web.Response:
        bodies: dict[str, Any] = {
            "/file": path.open("rb"),
            "/bytes": io.BytesIO(b"bytes"),
            "/text": "text",
            "/pieces": pieces(),
        }
        chosen = bodies.pop(request.path)
        bodies["/file" if request.path != "/file" else "/bytes"].close()
        await asyncio.sleep(0)
        return web.Response(body=chosen)

    port = await serve(handle)
    assert (await ask(port, target="/file"))[1] == b"file"
    assert (await ask(port, target="/bytes"))[1] == b"bytes"
    head, body = await ask(port, target="/text")
    assert body == b"text"
    assert b"Content-Length: 4" in head
    head, body = await ask(port, target="/pieces")
    assert body == b"3\r\npie\r\n3\r\nces\r\n0\r\n\r\n"
    head, body = await ask(port, "HEAD", "/file")
    assert body == b""


async def test_a_large_body_arrives_whole(serve: Serve, ask: Ask) -> None:
    """It goes out in slices."""
    large = bytes(range(256)) * 20_000

    async def handle(request: web.Request) -> web.Response:
        return web.Response(body=large)

    head, body = await ask(await serve(handle))
    assert b"Content-Length: %d" % len(large) in head
    assert body == large


async def test_a_response_is_sent_once(serve: Serve, ask: Ask) -> None:
    """A response kept in a global answers one request; the second must not hang."""
    kept = web.Response(text="hi")
    streamed = web.Response(body=b"x" * 300_000)

    async def handle(request: web.Request) -> web.Response:
        return kept if request.path == "/" else streamed

    port = await serve(handle)
    for target in ("/", "/large"):
        assert (await ask(port, target=target))[0].startswith(b"HTTP/1.1 200")
        assert (await ask(port, target=target))[0].startswith(b"HTTP/1.1 500")


async def test_a_wrong_length_becomes_500(serve: Serve, ask: Ask) -> None:
    """Nothing was sent yet, so the client can still be told."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(text="hi", headers={"Content-Length": "5"})

    assert (await ask(await serve(handle)))[0].startswith(b"HTTP/1.1 500")


@pytest.mark.parametrize("fields", [{"X": "a\r\nY: b"}, {"X Y": "a"}, {"X": "a\0b"}])
async def test_a_field_that_cannot_stand_becomes_500(
    serve: Serve, ask: Ask, fields: dict[str, str]
) -> None:
    """Not a byte of it is out."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(text="hi", headers=fields)

    head, _ = await ask(await serve(handle))
    assert head.startswith(b"HTTP/1.1 500")
    assert b"Y: b" not in head
