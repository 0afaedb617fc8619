"""The opening handshake: what is asked for, what is accepted, and what is not."""

from __future__ import annotations

import asyncio
import base64

import pytest

import notebook_http as nh
from notebook_http import ClientSession, ClientWSTimeout, WSServerHandshakeError
from notebook_http.wire.websocket_handshake import accept_key

UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
PMD = "Sec-WebSocket-Extensions: permessage-deflate"


def header(request: bytes, name: str) -> str | None:
    """Return the value that *request* has of a header."""
    for line in request.decode().split("\r\n")[1:]:
        found, _, value = line.partition(":")
        if found.lower() == name.lower():
            return value.strip()
    return None


@pytest.fixture
def answers(serve, read_request):
    """Return what starts a server that answers a handshake in a given way."""

    async def start(more="", *, status="101 Switching Protocols", upgrade=UPGRADE, accept=None):
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            request = await read_request(reader)
            server.requests.append(request)
            key = header(request, "Sec-WebSocket-Key")
            accepted = accept_key(key) if accept is None else accept
            head = f"HTTP/1.1 {status}\r\n{upgrade}Sec-WebSocket-Accept: {accepted}\r\n{more}\r\n"
            writer.write(head.encode())
            if (await reader.read(65536))[:1] == b"\x88":
                writer.write(b"\x88\x02\x03\xe8")
                await reader.read()

        server = await serve(talk)
        return server

    return start


async def test_request_is_what_rfc_6455_asks_for(session: ClientSession, answers):
    """And every argument is where it belongs."""
    server = await answers("Sec-WebSocket-Protocol: b\r\n")
    async with session.ws_connect(
        f"ws://127.0.0.1:{server.port}/chat?a=1",
        params={"b": "2"},
        protocols=["a", "b"],
        origin="https://example.org",
        headers={"X-Mine": "yes"},
        auth=nh.BasicAuth("user", "password"),
    ) as ws:
        assert (ws.protocol, ws.compress, ws.client_notakeover) == ("b", 0, False)
        assert ws.get_extra_info("peername")[1] == server.port
        assert ws.get_extra_info("nothing", 5) == 5
    (request,) = server.requests
    assert request.startswith(b"GET /chat?a=1&b=2 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert header(request, "Upgrade") == "websocket"
    assert header(request, "Connection") == "Upgrade"
    assert header(request, "Sec-WebSocket-Version") == "13"
    assert header(request, "Sec-WebSocket-Protocol") == "a,b"
    assert header(request, "Sec-WebSocket-Extensions") is None
    assert header(request, "Origin") == "https://example.org"
    assert header(request, "X-Mine") == "yes"
    assert header(request, "Authorization").startswith("Basic ")
    assert len(base64.b64decode(header(request, "Sec-WebSocket-Key"))) == 16


async def test_compression_is_offered_and_accepted(session: ClientSession, answers):
    """What the server asks for holds for us."""
    server = await answers(f"{PMD}; client_max_window_bits=9; client_no_context_takeover\r\n")
    async with session.ws_connect(server.url, compress=15) as ws:
        assert (ws.compress, ws.client_notakeover) == (9, True)
    expected = "permessage-deflate; client_max_window_bits"
    assert header(server.requests[0], "Sec-WebSocket-Extensions") == expected
    server = await answers()
    async with session.ws_connect(server.url, compress=10) as ws:
        assert ws.compress == 0


REFUSED = [
    ("status", {"status": "200 OK", "upgrade": "Content-Length: 0\r\n"}, "response status", 200),
    ("forbidden", {"status": "403 No", "upgrade": "Content-Length: 0\r\n"}, "status", 403),
    ("upgrade", {"upgrade": "Connection: Upgrade\r\n"}, "upgrade header", 101),
    ("other", {"upgrade": "Upgrade: h2c\r\nConnection: Upgrade\r\n"}, "upgrade header", 101),
    ("connection", {"upgrade": "Upgrade: websocket\r\n"}, "connection header", 101),
    (
        "notupgrade",
        {"upgrade": "Upgrade: websocket\r\nConnection: notupgrade\r\n"},
        "connection header",
        101,
    ),
    ("accept", {"accept": "AAAA"}, "challenge response", 101),
    ("no accept", {"accept": ""}, "challenge response", 101),
    ("extension", {"more": "Sec-WebSocket-Extensions: x-foo\r\n"}, "not offered", 101),
    ("deflate unasked", {"more": f"{PMD}\r\n"}, "not offered", 101),
    ("malformed", {"more": f"{PMD}; ;\r\n"}, "malformed", 101),
]


@pytest.mark.parametrize(("what", "answer", "why", "status"), REFUSED, ids=[r[0] for r in REFUSED])
async def test_answers_that_open_no_websocket(session, answers, what, answer, why, status):
    """WSServerHandshakeError with status and headers; the connection is not kept."""
    server = await answers(**answer)
    with pytest.raises(WSServerHandshakeError, match=why) as caught:
        await session.ws_connect(server.url)
    assert caught.value.status == status
    assert caught.value.headers is not None
    assert caught.value.request_info.method == "GET"
    await asyncio.sleep(0.01)
    assert session.connector._pool.busy_count == 0


async def test_connection_header_may_be_a_list(session: ClientSession, answers):
    """RFC 9110 §7.6.1; names in any case."""
    server = await answers(upgrade="upgrade: WebSocket\r\nconnection: keep-alive, UPGRADE\r\n")
    async with session.ws_connect(server.url) as ws:
        assert not ws.closed


async def test_protocol_that_was_not_offered_is_none(session: ClientSession, answers):
    """As in aiohttp; the connection stays open."""
    server = await answers("Sec-WebSocket-Protocol: zz\r\n")
    async with session.ws_connect(server.url, protocols=("a",)) as ws:
        assert ws.protocol is None


async def test_redirects_are_followed(session: ClientSession, answers, serve):
    """To another server, too."""
    target = await answers()
    moved = f"HTTP/1.1 302 F\r\nLocation: {target.url}/there\r\nContent-Length: 0\r\n\r\n"
    server = await serve(moved.encode())
    async with session.ws_connect(f"ws://127.0.0.1:{server.port}/") as ws:
        assert not ws.closed
    assert target.requests[0].startswith(b"GET /there ")


async def test_cancel_during_the_handshake_leaves_nothing(session: ClientSession, serve):
    """The server has the request and says nothing."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    server = await serve(silent)
    connecting = asyncio.ensure_future(session.ws_connect(server.url))
    await asyncio.sleep(0.02)
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    await asyncio.sleep(0.01)
    assert session.connector._pool.busy_count == 0


async def test_cancel_right_behind_the_answer_leaves_nothing(session: ClientSession, answers):
    """At every turn of the loop between the answer and the open socket."""
    server = await answers()
    for turns in range(1, 60):
        connecting = asyncio.ensure_future(session.ws_connect(server.url))
        for _ in range(turns):
            await asyncio.sleep(0)
        connecting.cancel()
        try:
            ws = await connecting
        except asyncio.CancelledError:
            continue
        await ws.close()
    await asyncio.sleep(0.02)
    assert session.connector._pool.busy_count == 0


async def test_plain_request_that_is_answered_with_101_keeps_nothing(session, answers):
    """Nobody asked for another protocol, so nobody speaks it."""
    server = await answers()
    headers = {"Sec-WebSocket-Key": "x"}
    async with session.get(server.url, headers=headers) as response:
        assert response.status == 101
        assert await response.read() == b""
        assert response.connection is None
    assert session.connector._pool.busy_count == 0


async def test_older_arguments_warn(session: ClientSession, answers):
    """With aiohttp's words, and still do what they say."""
    server = await answers()
    with pytest.warns(DeprecationWarning, match="'timeout' of type 'float'"):
        connecting = session.ws_connect(server.url, timeout=3.5)
    await (await connecting).close()
    with pytest.warns(DeprecationWarning, match="receive_timeout"):
        connecting = session.ws_connect(server.url, receive_timeout=0.02)
    async with connecting as ws:
        with pytest.raises(TimeoutError):
            await ws.receive()
    assert ClientWSTimeout() == ClientWSTimeout(ws_receive=None, ws_close=None)


@pytest.mark.parametrize("compress", [1, 8, 16, -15])
async def test_window_that_zlib_has_not_is_refused(session, answers, compress):
    """Before anything is sent."""
    server = await answers()
    with pytest.raises(ValueError, match="9 to 15"):
        await session.ws_connect(server.url, compress=compress)
    assert server.connections == 0


async def test_unknown_scheme_and_closed_session(session: ClientSession):
    """As any other request."""
    with pytest.raises(nh.NonHttpUrlClientError):
        await session.ws_connect("ftp://127.0.0.1/")
    with pytest.raises(TypeError):
        session.ws_connect("ws://127.0.0.1/", bogus=1)
    closed = ClientSession()
    await closed.close()
    with pytest.raises(RuntimeError, match="closed"):
        await closed.ws_connect("ws://127.0.0.1/")
