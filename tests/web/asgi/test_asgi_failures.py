"""Applications that err: the client gets a right answer or a broken connection, never a wrong one.

Everything here holds for an application alone, mounted, and inside a middleware.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from notebook_http import web

LAST = b"GET /at/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
AGAIN = b"GET /at/ HTTP/1.1\r\nHost: a\r\n\r\n"
START = {"type": "http.response.start", "status": 200}
BODY = {"type": "http.response.body"}


def saying(*messages: Any, error: Exception | None = None, waits: bool = False) -> Any:
    """Return an application that says *messages*, raises *error*, and waits in between or not."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            if waits:
                await asyncio.sleep(0)
            await send(message)
        if error is not None:
            raise error

    return app


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize("said", [(), (START,)])
async def test_failure_before_the_answer_is_500(
    waits: bool, said: Any, serve: Any, talk: Any, dressed: Any, caplog: Any
):
    """The log has the reason, the client has none; the connection goes on."""
    port = await serve(dressed(saying(*said, error=ValueError("a secret"), waits=waits)))
    answer = await talk(port, AGAIN + LAST)
    assert answer.count(b"HTTP/1.1 500 ") == 2
    assert b"secret" not in answer
    assert "a secret" in caplog.text


@pytest.mark.parametrize("waits", [True, False])
async def test_failure_within_the_answer_breaks_the_connection(
    waits: bool, serve: Any, talk: Any, dressed: Any, caplog: Any
):
    """Half an answer must not pass for a whole one, and nothing follows it."""
    piece = {**BODY, "body": b"half", "more_body": True}
    port = await serve(dressed(saying(START, piece, error=ValueError("why"), waits=waits)))
    answer = await talk(port, AGAIN + LAST)
    assert answer.endswith(b"4\r\nhalf\r\n")
    assert answer.count(b"HTTP/1.1") == 1
    assert "why" in caplog.text


@pytest.mark.parametrize("waits", [True, False])
async def test_failure_behind_the_answer_is_logged(
    waits: bool, serve: Any, talk: Any, dressed: Any, caplog: Any
):
    """The client has its answer, and the connection goes on."""
    said = (START, {**BODY, "body": b"done"})
    port = await serve(dressed(saying(*said, error=ValueError("late"), waits=waits)))
    answer = await talk(port, AGAIN + LAST)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    while "late" not in caplog.text:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("said", [(), (START,)])
async def test_no_answer_is_500(said: Any, serve: Any, talk: Any, dressed: Any, caplog: Any):
    """An application that returns owes one."""
    port = await serve(dressed(saying(*said)))
    assert (await talk(port, LAST)).startswith(b"HTTP/1.1 500 ")
    assert "returned without a response" in caplog.text


async def test_half_an_answer_breaks_the_connection(
    serve: Any, talk: Any, dressed: Any, caplog: Any
):
    """To return in the middle is to fail in the middle."""
    port = await serve(dressed(saying(START, {**BODY, "body": b"half", "more_body": True})))
    assert (await talk(port, AGAIN + LAST)).endswith(b"4\r\nhalf\r\n")
    assert "before its response was complete" in caplog.text


@pytest.mark.parametrize(
    "messages",
    [
        (BODY,),
        (START, START),
        (START, BODY, BODY),
        (START, BODY, START),
        ({"type": "websocket.accept"},),
        ({"type": "http.response.what"},),
        ({"type": "http.response.start"},),
        ({**START, "status": "200"},),
        ({**START, "status": 103},),
        ({**START, "status": 101},),
        (START, {**BODY, "body": "text"}),
    ],
    ids=str,
)
async def test_wrong_message_is_an_error_of_the_application(
    messages: Any, serve: Any, talk: Any, dressed: Any
):
    """Raised where it is sent, so that its author sees the line."""
    raised: list[BaseException] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages[:-1]:
            await send(message)
        try:
            await send(messages[-1])
        except (RuntimeError, ValueError, TypeError, KeyError) as error:
            raised.append(error)

    port = await serve(dressed(app))
    await talk(port, LAST)
    assert len(raised) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"x-a", b"1\r\nSet-Cookie: stolen=1"),
        (b"x-a", b"1\nSet-Cookie: stolen=1"),
        (b"x-a", b"1\rSet-Cookie: stolen=1"),
        (b"x-a", b"1\x00"),
        (b"x-a", b"1\x7f"),
        (b"x a", b"1"),
        (b"x-a\r\nSet-Cookie", b"stolen=1"),
        (b"x-a:", b"1"),
        (b"", b"1"),
        ("x-a", "1"),
        (b"transfer-encoding", b"gzip, chunked"),
        (b"transfer-encoding", b"identity"),
        (b"content-length", b"-1"),
        (b"content-length", b"0x2"),
        (b"content-length", b"2, 2"),
        (b"content-length", b"\xb2"),
        (b"content-length", b""),
    ],
)
async def test_fields_that_would_be_something_else_are_refused(
    name: Any, value: Any, serve: Any, talk: Any, answering: Any, dressed: Any
):
    """Nothing of them is sent; the client gets 500."""
    port = await serve(dressed(answering(b"ok", headers=[(name, value)])))
    answer = await talk(port, LAST)
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"stolen" not in answer


async def test_two_lengths_are_refused(serve: Any, talk: Any, answering: Any, dressed: Any):
    """Which of them counts is what smuggling lives on (RFC 9112 §6.3)."""
    both = [(b"content-length", b"2"), (b"Content-Length", b"3")]
    port = await serve(dressed(answering(b"ok", headers=both)))
    assert (await talk(port, LAST)).startswith(b"HTTP/1.1 500 ")


@pytest.mark.parametrize("pieces", [(b"ok",), (b"o", b"k")])
@pytest.mark.parametrize("length", [[], [(b"content-length", b"2")]])
async def test_framing_is_ours(
    pieces: Any, length: Any, serve: Any, talk: Any, answering: Any, dressed: Any
):
    """An application's Transfer-Encoding says nothing: never both, never what is not so."""
    port = await serve(
        dressed(answering(*pieces, headers=[(b"transfer-encoding", b"chunked"), *length]))
    )
    head, _, body = (await talk(port, LAST)).partition(b"\r\n\r\n")
    lines = [line.lower() for line in head.split(b"\r\n")]
    framing = [line for line in lines if line.startswith((b"transfer-", b"content-length"))]
    if length or len(pieces) == 1:
        assert framing == [b"content-length: 2"]
        assert body == b"ok"
    else:
        assert framing == [b"transfer-encoding: chunked"]
        assert body == b"1\r\no\r\n1\r\nk\r\n0\r\n\r\n"


@pytest.mark.parametrize("body", [b"", b"1234", b"123456"])
async def test_whole_body_of_another_length_is_500(
    body: bytes, serve: Any, talk: Any, answering: Any, dressed: Any, caplog: Any
):
    """Nothing is out yet, so the client can be told."""
    port = await serve(dressed(answering(body, headers=[(b"content-length", b"5")])))
    assert (await talk(port, LAST)).startswith(b"HTTP/1.1 500 ")
    assert "than Content-Length" in caplog.text


@pytest.mark.parametrize("pieces", [(b"123", b"456"), (b"123", b"4"), (b"123456", b"")])
async def test_pieces_of_another_length_break_the_connection(
    pieces: Any, serve: Any, talk: Any, answering: Any, dressed: Any, caplog: Any
):
    """Never a byte more than announced, and no answer behind one that is too short."""
    port = await serve(dressed(answering(*pieces, headers=[(b"content-length", b"5")])))
    answer = await talk(port, AGAIN + LAST)
    assert answer.count(b"HTTP/1.1 200") <= 1
    assert len(answer.partition(b"\r\n\r\n")[2]) <= 5 or answer.startswith(b"HTTP/1.1 500")
    assert "than Content-Length" in caplog.text


async def test_client_that_leaves_is_no_error(
    serve: Any, connected: Any, dressed: Any, caplog: Any
):
    """An application that gives up then has done nothing wrong."""
    ended = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        event = await receive()
        ended.set()
        raise RuntimeError(event["type"])

    port = await serve(dressed(app))
    async with connected(port) as (_, writer):
        writer.write(AGAIN)
        await writer.drain()
        await asyncio.sleep(0.02)
    async with asyncio.timeout(5):
        await ended.wait()
    await asyncio.sleep(0.05)
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []


async def test_cancelled_when_its_client_leaves_if_so_set(serve: Any, connected: Any, dressed: Any):
    """`handler_cancellation` is about handlers of any kind."""
    states: asyncio.Queue[str] = asyncio.Queue()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        states.put_nowait("running")
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            states.put_nowait("cancelled")
            raise

    port = await serve(dressed(app), handler_cancellation=True)
    async with asyncio.timeout(5):
        async with connected(port) as (_, writer):
            writer.write(AGAIN)
            assert await states.get() == "running"
        assert await states.get() == "cancelled"


async def test_application_that_is_not_started_says_so(serve: Any, talk: Any):
    """Mounted without `add_subapp` its lifespan never runs; that is an error, not a riddle."""
    inner = web.asgi_app(saying(START, BODY))
    app = web.Application()

    async def handler(request: web.Request) -> web.StreamResponse:
        return await inner._answer(request)

    app.router.add_get("/at/", handler)
    assert (await talk(await serve(app), LAST)).startswith(b"HTTP/1.1 500 ")
