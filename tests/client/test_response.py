"""What a response tells its reader, and what it refuses to tell."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib

import pytest
from yarl import URL

from notebook_http.client import (
    ClientPayloadError,
    ClientResponseError,
    ClientSession,
    ContentTypeError,
)


def answer(body: bytes, *fields: str, status: str = "200 OK") -> bytes:
    lines = "".join(f"{field}\r\n" for field in fields)
    return f"HTTP/1.1 {status}\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def test_the_head_is_told_in_full(serve, session):
    """Names and types are aiohttp's."""
    fields = (
        "Content-Type: text/html; charset=latin-1",
        'Content-Disposition: attachment; filename="a.txt"',
        'Link: </next>; rel="next", <https://x.example/>; rel=prev; title="a, b"',
        "Set-Cookie: a=1; Path=/",
        "Set-Cookie: b=2",
    )
    server = await serve(answer(b"\xe9", *fields, status="201 Made Up"))
    async with session.get(server.url + "/p#f") as r:
        assert (r.status, r.reason, r.ok, r.method) == (201, "Made Up", True, "GET")
        assert r.version == (1, 1)
        assert r.url == URL(server.url + "/p")
        assert r.real_url == URL(server.url + "/p#f")
        assert r.host == "127.0.0.1"
        assert (r.content_type, r.charset, r.content_length) == ("text/html", "latin-1", 1)
        assert r.headers.getall("Set-Cookie") == ["a=1; Path=/", "b=2"]
        assert (b"Set-Cookie", b"b=2") in r.raw_headers
        assert {name: c.value for name, c in r.cookies.items()} == {"a": "1", "b": "2"}
        assert r.links["next"]["url"] == URL(server.url + "/next")
        assert r.links["prev"]["title"] == "a, b"
        assert r.content_disposition.type == "attachment"
        assert r.content_disposition.filename == "a.txt"
        assert r.request_info.method == "GET"
        assert r.request_info.headers["Host"].startswith("127.0.0.1")
        assert r.history == ()
        assert await r.text() == "é"
        assert "[201 Made Up]" in repr(r)
    assert r.closed


async def test_without_headers_there_are_defaults(serve, session):
    """RFC 9110 §8.3: any bytes."""
    server = await serve(answer(b"x"))
    async with session.get(server.url) as r:
        assert (r.content_type, r.charset) == ("application/octet-stream", None)
        assert r.content_disposition is None
        assert len(r.links) == 0
        assert r.get_encoding() == "utf-8"


async def test_json_is_read(serve, session):
    """`application/json` and every `+json`; an empty body is None, as in aiohttp."""
    for content_type in ("application/json", "application/vnd.api+json; charset=utf-8"):
        server = await serve(answer('{"é": 1}'.encode(), f"Content-Type: {content_type}"))
        async with session.get(server.url) as r:
            assert await r.json() == {"é": 1}
            assert await r.json() == {"é": 1}
    server = await serve(answer(b"  ", "Content-Type: application/json"))
    async with session.get(server.url) as r:
        assert await r.json() is None


async def test_json_of_another_type_is_an_error(serve, session):
    """Mostly it is an error page; the body is still there to look at."""
    server = await serve(answer(b"<p>sorry", "Content-Type: text/html"))
    async with session.get(server.url) as r:
        with pytest.raises(ContentTypeError, match="text/html") as caught:
            await r.json()
        assert caught.value.status == 200
        assert "content_type=None" in str(caught.value)
        assert await r.text() == "<p>sorry"
    server = await serve(answer(b"[1]", "Content-Type: text/plain"))
    async with session.get(server.url) as r:
        assert await r.json(content_type=None) == [1]


async def test_a_body_that_is_no_json_is_shown_in_the_error(serve, session):
    """A JSONDecodeError, with the URL and how the body begins."""
    server = await serve(answer(b"oops <html>", "Content-Type: application/json"))
    async with session.get(server.url + "/x") as r:
        with pytest.raises(json.JSONDecodeError, match=r"/x begins with 'oops.*\.text\(\)"):
            await r.json()


async def test_made_up_charsets_are_ignored(serve, session):
    """A codec such as `idna` or `base64` is no charset either."""
    for charset in ("nonsense", "idna", "base64"):
        server = await serve(answer("é".encode(), f"Content-Type: text/plain; charset={charset}"))
        async with session.get(server.url) as r:
            assert await r.text() == "é"


async def test_the_fallback_charset_can_be_guessed(serve):
    """By a function that sees the body."""
    server = await serve(answer(b"\xe9", "Content-Type: text/plain"))
    guessing = ClientSession(fallback_charset_resolver=lambda r, body: "latin-1")
    async with guessing as session, session.get(server.url) as r:
        with pytest.raises(RuntimeError, match="not yet read"):
            r.get_encoding()
        assert await r.text() == "é"
    async with ClientSession() as session, session.get(server.url) as r:
        with pytest.raises(UnicodeDecodeError):
            await r.text()
        assert await r.text(errors="replace") == "�"
        assert await r.text(encoding="latin-1") == "é"


CODED = [("gzip", gzip.compress(b"a" * 100_000)), ("deflate", zlib.compress(b"a" * 100_000))]


@pytest.mark.parametrize(("coding", "body"), CODED)
async def test_coded_bodies_are_decoded(serve, session, coding, body):
    """Read whole or in pieces; `auto_decompress=False` gives the bytes as they came."""
    server = await serve(answer(body, f"Content-Encoding: {coding}"))
    async with session.get(server.url) as r:
        assert await r.read() == b"a" * 100_000
        assert r.headers["Content-Encoding"] == coding
    async with session.get(server.url) as r:
        pieces = [piece async for piece in r.content.iter_chunked(1000)]
        assert b"".join(pieces) == b"a" * 100_000
    async with session.get(server.url, auto_decompress=False) as r:
        assert await r.read() == body


async def test_unknown_codings_are_left_alone(serve, session):
    """`aws-chunked` is nobody's; as in aiohttp, the user gets the bytes."""
    server = await serve(answer(b"raw", "Content-Encoding: aws-chunked"))
    async with session.get(server.url) as r:
        assert await r.read() == b"raw"


async def test_broken_codings_are_an_error_of_the_body(serve, session):
    """The head is fine, and may be all that somebody wants."""
    for fields, body in (
        ("Content-Encoding: gzip", b"no gzip at all"),
        ("Content-Encoding: gzip", gzip.compress(b"x" * 1000)[:-9]),
        ("Content-Encoding: gzip, gzip, gzip, gzip, gzip, gzip", b"x"),
    ):
        server = await serve(answer(body, fields))
        async with session.get(server.url) as r:
            assert r.status == 200
            with pytest.raises(ClientPayloadError, match="auto_decompress=False"):
                await r.read()


async def test_a_bomb_is_not_unpacked(serve):
    """`max_decoded_size`, by name; what nobody reads is not decoded at all."""
    bomb = gzip.compress(b"\0" * 50_000_000)
    server = await serve(answer(bomb, "Content-Encoding: gzip"))
    async with ClientSession(max_decoded_size=1_000_000) as session:
        async with session.get(server.url) as r:
            with pytest.raises(ClientPayloadError, match=r"1,000,000 bytes.*max_decoded_size"):
                await r.read()
        async with session.get(server.url) as r:
            assert r.status == 200


async def test_raise_for_status_tells_what_came_back(serve, session):
    """Inside a block the body stays readable, outside it is given up."""
    server = await serve(answer(b"why", status="503 Busy"))
    async with session.get(server.url) as r:
        with pytest.raises(ClientResponseError, match="503, message='Busy'") as caught:
            r.raise_for_status()
        assert caught.value.headers["Content-Length"] == "3"
        assert await r.text() == "why"
    r = await session.get(server.url)
    with pytest.raises(ClientResponseError):
        r.raise_for_status()
    assert r.closed


async def test_release_can_be_awaited_or_left(serve, session):
    """Both are in use."""
    server = await serve(answer(b"x"))
    for released in range(2):
        response = await session.get(server.url)
        waiting = response.release()
        if not released:
            await waiting
        assert response.closed
    assert server.connections == 1


async def test_what_was_read_stays_read(serve, session):
    """Leaving the block does not take it away."""
    server = await serve(answer(b"x"))
    async with session.get(server.url) as r:
        await r.read()
    assert await r.text() == "x"


async def test_a_response_is_closed_when_nothing_more_arrives(serve, session):
    """Programs for aiohttp look at it to see whether the connection is still theirs."""
    go = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha")
        await go.wait()
        writer.write(b"lf")
        await reader.read()

    server = await serve(talk)
    async with session.get(server.url) as r:
        assert await r.content.readany() == b"ha"
        assert not r.closed
        go.set()
        assert await r.content.read() == b"lf"
        assert r.closed


async def test_times_are_split(serve, session):
    """Steps that did not happen are None; the others add up to no more than the total."""
    server = await serve(answer(b"x"))
    async with session.get(server.url) as r:
        first = r.timings
    async with session.get(server.url) as r:
        second = r.timings
    assert first.connect > 0
    assert first.tls is None
    assert second.connect is None
    for timings in (first, second):
        assert timings.sent is not None
        assert timings.first_byte > 0
        assert 0 <= timings.body < timings.total
    assert "first_byte=" in repr(second)
