"""What applications say reaches the client, framed by us: whole, in pieces, and not at all."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from notebook_http import web

HEAD = b"GET /at/x HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /at/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
PLAIN = [(b"content-type", b"text/plain")]


def parted(answer: bytes) -> tuple[bytes, dict[bytes, bytes], bytes]:
    """Return status line, fields with their names in lower case, and body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    fields = (line.split(b": ", 1) for line in lines)
    return first, {name.lower(): value for name, value in fields}, body


async def test_whole_answer_has_a_length(serve: Any, talk: Any, answering: Any, dressed: Any):
    """An application that says all at once need not count."""
    port = await serve(dressed(answering(b"hello", headers=PLAIN)))
    status, fields, body = parted(await talk(port, LAST))
    assert status == b"HTTP/1.1 200 OK"
    assert fields[b"content-length"] == b"5"
    assert fields[b"content-type"] == b"text/plain"
    assert b"transfer-encoding" not in fields
    assert fields[b"connection"] == b"close"
    assert {b"date", b"server"} <= set(fields)
    assert body == b"hello"


async def test_whole_answer_leaves_in_one_piece(
    serve: Any, connected: Any, answering: Any, dressed
):
    """Head and body in two writes are two packets, and two wake-ups of the client."""
    port = await serve(dressed(answering(b"x" * 1000)))
    async with connected(port) as (reader, writer):
        writer.write(HEAD)
        await reader.read(1)
        rest = reader._buffer  # all that the first read brought
        assert rest.endswith(b"x" * 1000)


async def test_pieces_come_in_chunks(serve: Any, talk: Any, answering: Any, dressed: Any):
    """Without a length, HTTP/1.1 has chunks."""
    port = await serve(dressed(answering(b"one", b"", b"two")))
    _, fields, body = parted(await talk(port, LAST))
    assert fields[b"transfer-encoding"] == b"chunked"
    assert body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


async def test_pieces_of_announced_length(serve: Any, talk: Any, answering: Any, dressed: Any):
    """An application that counts is taken at its word."""
    port = await serve(dressed(answering(b"one", b"two", headers=[(b"content-length", b"6")])))
    _, fields, body = parted(await talk(port, LAST))
    assert fields[b"content-length"] == b"6"
    assert b"transfer-encoding" not in fields
    assert body == b"onetwo"


async def test_pieces_to_an_old_client_end_with_the_connection(
    serve: Any, talk: Any, answering: Any, dressed: Any
):
    """HTTP/1.0 has no chunks."""
    port = await serve(dressed(answering(b"one", b"two")))
    _, fields, body = parted(
        await talk(port, b"GET /at/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    )
    assert not {b"transfer-encoding", b"content-length"} & set(fields)
    assert fields.get(b"connection") in (None, b"close")
    assert body == b"onetwo"


@pytest.mark.parametrize("pieces", [(b"hello",), (b"he", b"llo")])
async def test_head_has_the_fields_and_no_body(
    pieces: Any, serve: Any, talk: Any, answering: Any, dressed: Any
):
    """The application answers HEAD as it does GET, and may say a body (RFC 9110 §9.3.2)."""
    port = await serve(dressed(answering(*pieces, headers=[(b"content-length", b"5")])))
    status, fields, body = parted(await talk(port, LAST.replace(b"GET", b"HEAD")))
    assert status == b"HTTP/1.1 200 OK"
    assert fields[b"content-length"] == b"5"
    assert body == b""


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("pieces", [(b"",), (b"not", b"sent")])
async def test_answers_without_a_body(
    status: int, pieces: Any, serve: Any, connected: Any, answering: Any, dressed: Any
):
    """What is said beyond the head would be read as the next answer (RFC 9112 §6.3)."""
    port = await serve(dressed(answering(*pieces, status=status)))
    async with connected(port) as (reader, writer):
        for _ in range(2):
            writer.write(HEAD)
            _, fields, _ = parted(await reader.readuntil(b"\r\n\r\n"))
            assert b"transfer-encoding" not in fields
            assert b"content-length" not in fields
        writer.write(LAST)
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.read() == b""


@pytest.mark.parametrize("pieces", [(b"not sent",), (b"not", b"sent")])
async def test_accepted_tunnel_says_nothing_of_a_body(
    pieces: Any, serve: Any, talk: Any, answering: Any
):
    """A 2xx to CONNECT has neither length nor coding (RFC 9110 §8.6, RFC 9112 §6.1)."""
    asked = b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"
    for status, told in ((200, False), (403, True)):
        port = await serve(web.asgi_app(answering(*pieces, status=status), lifespan="off"))
        _, fields, body = parted(await talk(port, asked))
        assert (b"content-length" in fields or b"transfer-encoding" in fields) is told
        assert bool(body) is told
        assert fields[b"connection"] == b"close"


async def test_repeated_fields_stay_in_order(serve: Any, talk: Any, answering: Any, dressed: Any):
    """Set-Cookie cannot be joined (RFC 6265 §3)."""
    cookies = [(b"set-cookie", b"a=1"), (b"x-between", b"\xe9"), (b"set-cookie", b"b=2")]
    port = await serve(dressed(answering(b"", headers=cookies)))
    head, _, _ = (await talk(port, LAST)).partition(b"\r\n\r\n")
    lines = [line.lower() for line in head.split(b"\r\n")]
    assert [line for line in lines if b"cookie" in line or b"between" in line] == [
        b"set-cookie: a=1",
        b"x-between: \xe9",
        b"set-cookie: b=2",
    ]


async def test_connection_close_of_the_application_is_kept(
    serve: Any, talk: Any, answering: Any, dressed: Any
):
    """The application may end a connection; the client is told."""
    port = await serve(dressed(answering(b"bye", headers=[(b"connection", b"close")])))
    _, fields, body = parted(await talk(port, HEAD))
    assert fields[b"connection"] == b"close"
    assert body == b"bye"


async def test_own_date_and_server_are_kept(serve: Any, talk: Any, answering: Any, dressed: Any):
    """They are said once."""
    own = [(b"date", b"Mon, 01 Jan 2001 00:00:00 GMT"), (b"server", b"mine")]
    port = await serve(dressed(answering(b"", headers=own)))
    answer = (await talk(port, LAST)).lower()
    assert answer.count(b"date:") == 1
    assert answer.count(b"server:") == 1
    assert b"server: mine" in answer


async def test_requests_in_a_row_are_answered_in_a_row(serve: Any, talk: Any, dressed: Any):
    """Each by its own scope, and in order, also when some wait and others do not."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        number = scope["query_string"]
        if int(number) % 2:
            await asyncio.sleep(0.002)
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": number.center(3, b"|")})

    port = await serve(dressed(app))
    asked = [b"GET /at/?%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(8)]
    answer = await talk(port, b"".join(asked) + LAST.replace(b"/x", b"/?8"))
    assert [answer.find(b"|%d|" % number) > 0 for number in range(9)] == [True] * 9
    found = [answer.find(b"|%d|" % number) for number in range(9)]
    assert found == sorted(found)


async def test_slow_client_makes_the_application_wait(serve: Any, connected: Any, dressed: Any):
    """What is not taken is not kept in memory without bound."""
    sent = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal sent
        await send({"type": "http.response.start", "status": 200})
        for _ in range(400):
            await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
            sent += 65536
        await send({"type": "http.response.body"})

    port = await serve(dressed(app))
    async with connected(port) as (reader, writer):
        writer.write(LAST)
        before = -1
        while before != sent or not sent:
            before = sent
            await asyncio.sleep(0.05)
        assert sent < 400 * 65536
        body = (await reader.read()).partition(b"\r\n\r\n")[2]
        assert body.count(b"x") == 400 * 65536


async def test_client_that_leaves_ends_an_endless_answer(
    serve: Any, connected: Any, dressed: Any, caplog: Any
):
    """An application that never looks is stopped by its `send`, and that is no error."""
    ended = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})
        try:
            while True:
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
                await asyncio.sleep(0.001)
        finally:
            ended.set()

    port = await serve(dressed(app))
    async with connected(port) as (reader, writer):
        writer.write(HEAD)
        await reader.read(1)
    async with asyncio.timeout(5):
        await ended.wait()
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []
