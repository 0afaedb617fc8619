"""WebSockets that nobody closes, that are used wrongly, or whose server says much too early."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest
import websockets.sync.server

import notebook_http as nh
from notebook_http import ClientSession, ClientWSTimeout, WSMsgType
from notebook_http.wire.websocket_handshake import accept_key

CLOSE_1000 = b"\x88\x02\x03\xe8"


@pytest.fixture
def opens(serve, read_request):
    """Return what starts a server that opens WebSockets, says something at once, and listens."""

    async def start(tail: bytes = b"", more: str = "", *, listens: bool = True):
        heard = bytearray()

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            request = (await read_request(reader)).decode()
            key = request.split("Sec-WebSocket-Key: ")[1].split("\r\n")[0]
            writer.write(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade"
                f"\r\nSec-WebSocket-Accept: {accept_key(key)}\r\n{more}\r\n".encode()
                + tail
            )
            if not listens:
                writer.transport.pause_reading()
            while data := await reader.read(65536):
                heard.extend(data)
                if data[0] == 0x88:
                    writer.write(CLOSE_1000)

        server = await serve(talk)
        server.heard = heard
        return server

    return start


async def until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


async def test_forgotten_websocket_gives_its_place_back(opens):
    """With a warning; it held its place in the pool for as long as the session lived."""
    server = await opens()
    async with ClientSession(connector=nh.TCPConnector(limit=1)) as session:
        sockets = [await session.ws_connect(server.url)]
        with pytest.warns(ResourceWarning, match="Unclosed WebSocket"):
            sockets.clear()
        async with asyncio.timeout(5), session.ws_connect(server.url) as ws:
            assert not ws.closed
        del ws  # nothing to warn of
        gc.collect()


@pytest.fixture
def thread_url():
    """A server that outlives the event loops of its clients."""

    def echo(connection) -> None:
        try:
            for message in connection:
                connection.send(message)
        except websockets.ConnectionClosed:
            pass  # without a word

    with websockets.sync.server.serve(echo, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("how", ["receives", "closes", "forgets"])
def test_websocket_of_a_loop_that_is_gone(thread_url, how: str):
    """It is closed as soon as anybody looks; also when nobody does, without a word."""
    sessions = []

    async def connect() -> nh.ClientWebSocketResponse[bool]:
        sessions.append(ClientSession())
        ws = await sessions[0].ws_connect(thread_url, heartbeat=30)
        await ws.send_str("x")
        assert await ws.receive_str() == "x"
        return ws

    async def use(ws: nh.ClientWebSocketResponse[bool]) -> None:
        async with asyncio.timeout(5):
            if how == "receives":
                assert (await ws.receive()).type is WSMsgType.CLOSED
            assert await ws.close() is (how == "closes")
            with pytest.raises(nh.ClientConnectionResetError):
                await ws.send_str("x")
        assert (ws.closed, ws.close_code) == (True, 1006)
        assert "loop" in str(ws.exception())
        assert ws.get_extra_info("peername") is None

    made = [asyncio.run(connect())]
    if how != "forgets":
        asyncio.run(use(made[0]))
    made.clear()
    gc.collect()  # an unclosed transport would warn here
    asyncio.run(sessions[0].close())


async def test_session_is_closed_while_a_message_cannot_leave(opens):
    """The server reads nothing: whoever sends is told, and no socket is left."""
    server = await opens(listens=False)
    session = ClientSession()
    ws = await session.ws_connect(server.url)
    sending = asyncio.ensure_future(ws.send_bytes(bytes(20_000_000)))
    await asyncio.sleep(0.02)
    async with asyncio.timeout(5):
        await session.close()
        with pytest.raises(nh.ClientConnectionResetError):
            await sending
        await ws.close()
    assert ws._session.transport is None


@pytest.mark.parametrize("payload", [b"", b"x" * 20])
async def test_server_that_says_much_with_its_first_words_has_to_wait(session, opens, payload):
    """Its flow control was lost: the queue grew without a bound from then on."""
    frame = bytes((0x82, len(payload))) + payload
    server = await opens(frame * (60_000 // len(frame)))
    async with session.ws_connect(server.url) as ws:
        await until(lambda: ws._session._reading_paused)
        assert not ws._session.transport.is_reading()
        for _ in range(60_000 // len(frame)):
            assert await ws.receive_bytes() == payload
        await until(lambda: ws._session.transport.is_reading())


async def test_reason_may_be_text(session: ClientSession, opens):
    """As in aiohttp: it becomes UTF-8."""
    server = await opens()
    ws = await session.ws_connect(server.url)
    assert await ws.close(code=3001, message="é") is True
    frame = bytes(server.heard)
    assert bytes(frame[6 + at] ^ frame[2 + at] for at in range(4)) == b"\x0b\xb9\xc3\xa9"


async def test_iteration_asks_an_overridden_receive(opens):
    """As in aiohttp, whose programs log and decode there."""
    asked = []

    class Loud(nh.ClientWebSocketResponse[bool]):
        async def receive(self, timeout: float | None = None):
            asked.append(timeout)
            return await super().receive(timeout)

    server = await opens(b"\x81\x01x" + CLOSE_1000)
    session = ClientSession(ws_response_class=Loud)
    async with session, session.ws_connect(server.url) as ws:
        assert [message.data async for message in ws] == ["x"]
    assert asked == [None, None]


async def test_window_that_we_cannot_have_means_no_compression(session: ClientSession, opens):
    """Zlib has none of 256 bytes, so messages are sent as they are."""
    extension = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=8\r\n"
    server = await opens(more=extension)
    async with session.ws_connect(server.url, compress=15) as ws:
        assert ws.compress == 0
        await ws.send_bytes(b"a" * 100)
        await until(lambda: len(server.heard) >= 106)
        assert server.heard[0] == 0x82


WRONG = [
    ({"max_msg_size": -1}, ValueError, "not -1"),
    ({"max_msg_size": None}, TypeError, "not NoneType"),
    ({"timeout": ClientWSTimeout(ws_close="1")}, TypeError, "ws_close is seconds or None, not str"),
    ({"timeout": ClientWSTimeout(ws_receive="1")}, TypeError, "ws_receive"),
    ({"heartbeat": "30"}, TypeError, "heartbeat is seconds or None, not str"),
    ({"heartbeat": -1}, ValueError, "heartbeat"),
    ({"protocols": [1]}, TypeError, "str"),
    ({"protocols": ["a\r\nX: y"]}, ValueError, "Sec-WebSocket-Protocol"),
    ({"origin": "a\nb"}, ValueError, "Origin"),
    ({"headers": {"X-A": "a\0b"}}, ValueError, "X-A"),
    ({"ssl": "x"}, TypeError, "ssl"),
]


@pytest.mark.parametrize(("options", "error", "why"), WRONG, ids=[r[2] for r in WRONG])
async def test_wrong_arguments_are_refused_before_anything_is_sent(
    session, opens, options, error, why
):
    """A wrong time used to show when the WebSocket was closed, and then left it open."""
    server = await opens()
    with pytest.raises(error, match=why):
        await session.ws_connect(server.url, **options)
    assert server.connections == 0


async def test_class_of_the_user_that_fails_leaves_nothing(opens):
    """The connection was open already."""

    class Failing(nh.ClientWebSocketResponse[bool]):
        def __init__(self, *args: object, **options: object) -> None:
            raise KeyError("mine")

    server = await opens()
    async with ClientSession(ws_response_class=Failing) as session:
        with pytest.raises(KeyError, match="mine"):
            await session.ws_connect(server.url)
        await until(lambda: session.connector._pool.busy_count == 0)


async def test_answer_has_ended_when_the_connection_is_handed_over(opens, caplog):
    """Middlewares learn of it: a place among concurrent requests was never given back."""
    server = await opens()
    middlewares = [nh.ConcurrencyLimitMiddleware(1), nh.LoggingMiddleware()]
    with caplog.at_level("INFO", "notebook_http.client"):
        async with asyncio.timeout(5), ClientSession(middlewares=middlewares) as session:
            for _ in range(2):
                async with session.ws_connect(server.url), session.ws_connect(server.url):
                    pass
    assert len(caplog.messages) == 4
    assert "GET http" in caplog.messages[0]
    assert " 101 in " in caplog.messages[0]
    assert "not whole" not in caplog.messages[0]


async def test_no_limit_for_the_close_can_be_said_as_in_aiohttp(session: ClientSession, opens):
    """`timeout=None` is the older way, with a warning."""
    server = await opens()
    with pytest.warns(DeprecationWarning, match="ws_close"):
        connecting = session.ws_connect(server.url, timeout=None)
    async with connecting as ws:
        assert ws._session._settings.close_seconds is None
    async with session.ws_connect(server.url) as ws:
        assert ws._session._settings.close_seconds == 10.0


async def test_answer_to_the_handshake_may_come_with_a_length(session: ClientSession, opens):
    """A 101 has no body, whatever it says (RFC 9110 §15.2)."""
    for more in (
        "Content-Length: 0\r\n",
        "Content-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n",
    ):
        server = await opens(b"\x81\x01x", more)
        async with session.ws_connect(server.url) as ws:
            assert await ws.receive_str() == "x"
