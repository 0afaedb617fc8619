"""WebSockets of ASGI applications: accepted, refused, closed by either side."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

import notebook_http as nh
from notebook_http import web

ACCEPT = {"type": "websocket.accept"}
Notes = list[dict[str, Any]]


def speaking(notes: Notes, *said: dict[str, Any], echo: bool = False) -> Any:
    """Return an application that notes what it hears, says *said*, and echoes until the end."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "websocket"
        notes.append(await receive())
        for message in said:
            await send(message)
        while echo:
            event = await receive()
            notes.append(event)
            if event["type"] == "websocket.disconnect":
                break
            kind = "text" if event.get("text") is not None else "bytes"
            await send({"type": "websocket.send", kind: event[kind]})

    return app


@pytest.fixture
async def session() -> Any:
    """A client."""
    async with nh.ClientSession() as made:
        yield made


async def test_messages_both_ways(serve: Any, session: Any, dressed: Any):
    """Text stays text, bytes stay bytes; the end has the client's code and reason."""
    notes: Notes = []
    port = await serve(dressed(speaking(notes, ACCEPT, echo=True)))
    async with session.ws_connect(f"http://127.0.0.1:{port}/at/") as socket:
        await socket.send_str("grüß")
        assert await socket.receive_str() == "grüß"
        await socket.send_bytes(b"\x00\xff" * 40_000)
        assert await socket.receive_bytes() == b"\x00\xff" * 40_000
        await socket.send_str("")
        assert await socket.receive_str() == ""
        await socket.close(code=4001, message=b"enough")
    while notes[-1]["type"] != "websocket.disconnect":
        await asyncio.sleep(0.001)
    assert notes[0] == {"type": "websocket.connect"}
    assert notes[-1] == {"type": "websocket.disconnect", "code": 4001, "reason": "enough"}


async def test_scope(serve: Any, session: Any):
    """As that of a request, without a method."""
    seen: Notes = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)
        await send({**ACCEPT, "subprotocol": "two", "headers": [(b"x-served", b"yes")]})

    port = await serve(web.asgi_app(app, root_path="/r", lifespan="off"))
    url = f"http://127.0.0.1:{port}/a%20b?q"
    async with session.ws_connect(url, protocols=("one", "two")) as socket:
        assert socket.protocol == "two"
        assert socket._response.headers["X-Served"] == "yes"
    scope = seen[0]
    assert "method" not in scope
    assert scope["subprotocols"] == ["one", "two"]
    assert (scope["scheme"], scope["path"], scope["query_string"]) == ("ws", "/r/a b", b"q")
    assert "websocket.http.response" in scope["extensions"]


async def test_closed_by_the_application(serve: Any, session: Any, dressed: Any):
    """Code and reason reach the client."""
    closing = {"type": "websocket.close", "code": 4002, "reason": "grüße"}
    port = await serve(dressed(speaking([], ACCEPT, closing)))
    async with session.ws_connect(f"http://127.0.0.1:{port}/at/") as socket:
        message = await socket.receive()
        assert (message.type, message.data, message.extra) == (nh.WSMsgType.CLOSE, 4002, "grüße")


async def test_application_that_returns_closes(serve: Any, session: Any, dressed: Any):
    """1000: it has said all it had to say."""
    port = await serve(dressed(speaking([], ACCEPT)))
    async with session.ws_connect(f"http://127.0.0.1:{port}/at/") as socket:
        assert (await socket.receive()).data == 1000


async def test_close_before_accept_is_403(serve: Any, session: Any, dressed: Any):
    """The handshake is refused, as the specification says."""
    port = await serve(dressed(speaking([], {"type": "websocket.close", "code": 4000})))
    with pytest.raises(nh.WSServerHandshakeError) as caught:
        await session.ws_connect(f"http://127.0.0.1:{port}/at/")
    assert caught.value.status == 403


@pytest.mark.parametrize("pieces", [1, 2])
async def test_denial_with_an_answer_of_ones_own(pieces: int, serve: Any, talk: Any, dressed: Any):
    """The extension `websocket.http.response`, whole and in pieces."""
    start = {"type": "websocket.http.response.start", "status": 402, "headers": [(b"x-a", b"1")]}
    body = {"type": "websocket.http.response.body", "body": b"pay"}
    said = [{**body, "more_body": True}] * (pieces - 1) + [body]
    port = await serve(dressed(speaking([], start, *said)))
    answer = await talk(
        port,
        b"GET /at/ HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 402 ")
    assert b"x-a: 1\r\n" in answer.lower()
    assert answer.count(b"pay") == pieces


async def test_bad_handshake_never_reaches_the_application(serve: Any, ask: Any, dressed: Any):
    """It is answered as what it is."""
    notes: Notes = []
    port = await serve(dressed(speaking(notes, ACCEPT)))
    fields = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13"}
    head, _ = await ask(port, "GET", "/at/", **fields)
    assert head.startswith(b"HTTP/1.1 400 ")
    assert notes == []


@pytest.mark.parametrize("said", [(), (ACCEPT,)])
async def test_failure(said: Any, serve: Any, session: Any, dressed: Any, caplog: Any):
    """Before accept 500, after it 1011; the reason is in the log."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await speaking([], *said)(scope, receive, send)
        raise ValueError("on purpose")

    url = f"http://127.0.0.1:{await serve(dressed(app))}/at/"
    if said:
        async with session.ws_connect(url) as socket:
            assert (await socket.receive()).data == 1011
    else:
        with pytest.raises(nh.WSServerHandshakeError) as caught:
            await session.ws_connect(url)
        assert caught.value.status == 500
    assert "on purpose" in caplog.text


async def test_no_word_is_500(serve: Any, session: Any, dressed: Any):
    """An application that returns without accepting owes an answer."""
    port = await serve(dressed(speaking([])))
    with pytest.raises(nh.WSServerHandshakeError) as caught:
        await session.ws_connect(f"http://127.0.0.1:{port}/at/")
    assert caught.value.status == 500


@pytest.mark.parametrize("how", ["abort", "close"])
async def test_client_that_leaves_is_no_error(
    how: str, serve: Any, session: Any, dressed: Any, caplog: Any
):
    """The application hears of it, and may fail of it as Starlette's do; so may its `send`."""
    ended: asyncio.Queue[Any] = asyncio.Queue()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(ACCEPT)
        event = await receive()
        try:
            await send({"type": "websocket.send", "text": "too late"})
        except OSError as error:
            ended.put_nowait((event["code"], error))
            raise

    port = await serve(dressed(app))
    socket = await session.ws_connect(f"http://127.0.0.1:{port}/at/")
    if how == "abort":
        socket._session.abort()
    await socket.close(code=1001)
    async with asyncio.timeout(5):
        code, _ = await ended.get()
    assert code == (1006 if how == "abort" else 1001)
    await asyncio.sleep(0.02)
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []


@pytest.mark.parametrize(
    "messages",
    [
        ({"type": "websocket.send", "text": "early"},),
        ({"type": "http.response.start", "status": 200},),
        (ACCEPT, ACCEPT),
        (ACCEPT, {"type": "websocket.send"}),
        (ACCEPT, {"type": "websocket.send", "text": 3}),
        (ACCEPT, {"type": "websocket.http.response.start", "status": 200}),
        (ACCEPT, {"type": "websocket.close"}, {"type": "websocket.send", "text": "late"}),
        (ACCEPT, {"type": "websocket.close", "code": 1006}),
        ({"type": "websocket.close"}, ACCEPT),
        ({**ACCEPT, "headers": [(b"x", b"1\r\nSet-Cookie: a=b")]},),
        ({**ACCEPT, "headers": [("text", "text")]},),
    ],
    ids=str,
)
async def test_wrong_message_is_an_error_of_the_application(
    messages: Any, serve: Any, session: Any, dressed: Any
):
    """Raised where it is sent."""
    raised: list[BaseException] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages[:-1]:
            await send(message)
        try:
            await send(messages[-1])
        except (RuntimeError, ValueError, TypeError) as error:
            raised.append(error)

    port = await serve(dressed(app))
    try:
        async with session.ws_connect(f"http://127.0.0.1:{port}/at/") as socket:
            await socket.receive()
    except nh.WSServerHandshakeError:
        pass
    async with asyncio.timeout(5):
        while not raised:
            await asyncio.sleep(0.001)
    assert len(raised) == 1


async def test_close_that_cannot_be_sent_may_be_said_anew(serve: Any, session: Any, dressed: Any):
    """Nothing has left: the WebSocket is as open as before."""
    raised: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(ACCEPT)
        for wrong in ({"reason": "long" * 50}, {"code": 1006}, {"code": "1000"}):
            try:
                await send({"type": "websocket.close", **wrong})
            except (ValueError, TypeError) as error:
                raised.append(type(error).__name__)
        await send({"type": "websocket.send", "text": "still there"})
        await send({"type": "websocket.close", "code": 4000})

    port = await serve(dressed(app))
    async with session.ws_connect(f"http://127.0.0.1:{port}/at/") as socket:
        assert await socket.receive_str() == "still there"
        assert (await socket.receive()).data == 4000
    assert raised == ["ValueError", "ValueError", "TypeError"]


async def test_choice_of_a_subprotocol_is_the_applications(
    serve: Any, session: Any, dressed: Any, caplog: Any
):
    """The log does not say that there is none in common, since there is."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({**ACCEPT, "subprotocol": scope["subprotocols"][-1]})

    port = await serve(dressed(app))
    url = f"http://127.0.0.1:{port}/at/"
    async with session.ws_connect(url, protocols=("one", "two")) as socket:
        assert socket.protocol == "two"
    assert not caplog.records


async def test_server_that_stops_says_so(session: Any):
    """The client hears 1001, the application of a disconnect; nothing is left running."""
    notes: Notes = []
    app = web.asgi_app(speaking(notes, ACCEPT, echo=True), lifespan="off")
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with session.ws_connect(f"http://127.0.0.1:{site.port}/") as socket:
        receiving = asyncio.create_task(socket.receive())
        await asyncio.sleep(0.01)
        await runner.cleanup()
        assert (await receiving).data == 1001
    assert notes[-1]["type"] == "websocket.disconnect"
