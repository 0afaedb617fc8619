"""`ClientWebSocketResponse` against a peer that sends exactly what a test tells it to."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable

import pytest

import notebook_http as nh
from notebook_http import ClientSession, ClientWSTimeout, WSMsgType
from notebook_http.wire.websocket_handshake import accept_key

CLOSE_1000 = b"\x88\x02\x03\xe8"


def opened(request: bytes, *more: str) -> bytes:
    """Return the answer that opens a WebSocket."""
    key = next(
        line.split(b":")[1].strip().decode()
        for line in request.split(b"\r\n")
        if line.lower().startswith(b"sec-websocket-key")
    )
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
    lines += [f"Sec-WebSocket-Accept: {accept_key(key)}", *more, "", ""]
    return "\r\n".join(lines).encode()


@pytest.fixture
def says(serve, read_request) -> Callable[..., Awaitable[object]]:
    """Return what starts a server that opens a WebSocket, says something, then reads."""

    async def start(*words: bytes, behind: bytes = b"", answers: bool = True):
        heard: list[bytes] = []

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(opened(await read_request(reader)) + behind)
            for word in words:
                writer.write(word)
                await asyncio.sleep(0.005)
            while data := await reader.read(65536):
                heard.append(data)
                if answers and data[0] == 0x88:
                    writer.write(CLOSE_1000)

        server = await serve(talk)
        server.heard = heard
        return server

    return start


async def test_messages_of_every_kind_are_received(session: ClientSession, says):
    """And the iteration ends at the close, which it answers."""
    server = await says(b"\x81\x02hi", b"\x82\x01b", b"\x89\x00", b"\x8a\x00", CLOSE_1000)
    async with session.ws_connect(server.url) as ws:
        assert [message.data async for message in ws] == ["hi", b"b"]
        assert (ws.closed, ws.close_code, ws.exception()) == (True, 1000, None)
        assert (await ws.receive()).type is WSMsgType.CLOSED


async def test_bytes_behind_the_head_of_the_answer_are_the_first_message(session, says):
    """A server may speak at once, in the same packet."""
    server = await says(behind=b"\x81\x05early\x81\x04")
    async with session.ws_connect(server.url) as ws:
        assert await ws.receive_str() == "early"


async def test_asked_for_a_kind_and_got_another(session: ClientSession, says):
    """A TypeError that says what came, as aiohttp's."""
    server = await says(b"\x82\x01x", b"\x81\x01y", b"\x82\x02[]", b"\x81\x03[1]")
    async with session.ws_connect(server.url) as ws:
        with pytest.raises(nh.WSMessageTypeError, match=r"2:b'x' is not WSMsgType\.TEXT"):
            await ws.receive_str()
        with pytest.raises(nh.WSMessageTypeError, match=r"1:'y' is not WSMsgType\.BINARY"):
            await ws.receive_bytes()
        with pytest.raises(TypeError):
            await ws.receive_json()
        assert await ws.receive_json() == [1]


async def test_wrong_types_are_refused_before_anything_is_sent(session: ClientSession, says):
    """With aiohttp's words."""
    server = await says()
    async with session.ws_connect(server.url) as ws:
        with pytest.raises(TypeError, match="data argument must be str"):
            await ws.send_str(b"x")
        for send in (ws.send_bytes, ws.ping, ws.pong):
            with pytest.raises(TypeError, match="byte-ish"):
                await send("x")
        with pytest.raises(ValueError, match="125"):
            await ws.ping(bytes(126))
        with pytest.raises(ValueError, match="use close"):
            await ws.send_frame(b"", WSMsgType.CLOSE)
        await asyncio.sleep(0.01)
        assert server.heard == []


async def test_what_is_sent_is_masked_anew_each_time(session: ClientSession, says):
    """The same message never looks the same."""
    server = await says()
    async with session.ws_connect(server.url) as ws:
        for _ in range(5):
            await ws.send_bytes(memoryview(b"same"))
            await asyncio.sleep(0.005)
    frames = server.heard[:5]
    assert {frame[:2] for frame in frames} == {b"\x82\x84"}
    assert len({frame[2:] for frame in frames}) == 5
    for frame in frames:
        assert bytes(frame[6 + at] ^ frame[2 + at] for at in range(4)) == b"same"


async def test_after_the_end_nothing_can_be_sent(session: ClientSession, says):
    """ClientConnectionResetError, as in aiohttp."""
    server = await says()
    ws = await session.ws_connect(server.url)
    assert await ws.close(code=nh.WSCloseCode.GOING_AWAY, message=b"bye") is True
    assert await ws.close() is False
    for send in (ws.send_str("x"), ws.ping(), ws.send_bytes(b""), ws.send_json(1)):
        with pytest.raises(nh.ClientConnectionResetError):
            await send
    await asyncio.sleep(0.01)
    assert ws.get_extra_info("peername", "gone") == "gone"


async def test_silent_server_is_left(session: ClientSession, says):
    """After `ws_close`; and `ws_receive` limits each wait for a message."""
    server = await says(answers=False)
    timeout = ClientWSTimeout(ws_receive=0.02, ws_close=0.05)
    async with asyncio.timeout(2), session.ws_connect(server.url, timeout=timeout) as ws:
        with pytest.raises(TimeoutError):
            await ws.receive()
    ws = await session.ws_connect(server.url, timeout=timeout)
    assert await ws.close() is True
    assert (ws.close_code, type(ws.exception())) == (1006, TimeoutError)


async def test_heartbeat_fails_with_a_server_time_out(session: ClientSession, says):
    """The receiver gets ERROR; then the iteration ends."""
    server = await says(answers=False)
    async with asyncio.timeout(2), session.ws_connect(server.url, heartbeat=0.1) as ws:
        (message,) = [message async for message in ws]
        assert message.type is WSMsgType.ERROR
        assert isinstance(message.data, nh.ServerTimeoutError)
        assert ws.exception() is message.data


async def test_closing_the_session_ends_its_sockets(says):
    """Whoever receives learns of it; nothing is left behind."""
    server = await says(answers=False)
    session = ClientSession()
    ws = await session.ws_connect(server.url)
    receiving = asyncio.ensure_future(ws.receive())
    await asyncio.sleep(0.01)
    await session.close()
    assert (await receiving).type is WSMsgType.CLOSED
    assert (ws.closed, ws.close_code) == (True, 1006)
    del ws, receiving
    gc.collect()


async def test_connection_counts_as_in_use_and_never_returns_to_the_pool(says):
    """The slot is free when the socket is closed, and not before."""
    server = await says()
    async with ClientSession(connector=nh.TCPConnector(limit=1)) as session:
        async with session.ws_connect(server.url):
            assert "1 in use, 0 idle" in repr(session.connector)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(session.ws_connect(server.url), 0.05)
        async with session.ws_connect(server.url):
            pass
        await asyncio.sleep(0.02)
        assert "0 in use, 0 idle" in repr(session.connector)
    assert server.connections == 2


async def test_subclass_is_made_instead(says):
    """`ws_response_class`, as in aiohttp."""

    class Loud(nh.ClientWebSocketResponse[bool]):
        async def receive_str(self, **options: object) -> str:
            return (await super().receive_str(**options)).upper()

    server = await says(b"\x81\x02hi")
    session = ClientSession(ws_response_class=Loud)
    async with session, session.ws_connect(server.url) as ws:
        assert isinstance(ws, Loud)
        assert await ws.receive_str() == "HI"
