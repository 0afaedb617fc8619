"""WebSockets in cells: said, received, shown, closed and refused."""

from __future__ import annotations

import asyncio
import gc
import warnings

import pytest

import notebook_http as nh
from notebook_http import web
from notebook_http.notebook.client import default_client
from notebook_http.notebook.display.explanations import explain
from notebook_http.notebook.pending_call import NotAwaitedError
from notebook_http.notebook.websockets import transcript
from notebook_http.notebook.websockets.console import close_consoles
from notebook_http.test_utils import TestServer

CANARY = "Bearer abcdefghijklmnop1234"
LIMIT = 30.0  # seconds for what takes none


class Talk:
    """What the server saw of its clients' ends."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.code: int | None = None

    async def answer(self, request: web.Request) -> web.WebSocketResponse:
        """Echo; the words of some messages are orders."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        try:
            async for message in socket:
                if message.data == "bye":
                    await socket.close(code=1001, message=b"restart\x1b[31m <b>now</b>")
                elif message.data == "drop":
                    request.transport.abort()
                elif message.data == "three":
                    for n in range(3):
                        await socket.send_str(f"{n}")
                elif message.type is nh.WSMsgType.TEXT:
                    await socket.send_str(message.data)
                else:
                    await socket.send_bytes(message.data)
        finally:
            self.code = socket.close_code
            self.ended.set()
        return socket


async def _refuse(request: web.Request) -> web.Response:
    return web.Response(status=int(request.match_info["status"]))


@pytest.fixture
def talk():
    """Return what notes the ends."""
    return Talk()


@pytest.fixture
async def server(talk):
    """Return a server of an echo and of refusals."""
    app = web.Application()
    app.router.add_get("/echo", talk.answer)
    app.router.add_get("/answer/{status}", _refuse)
    async with TestServer(app) as server:
        yield server
        await default_client().close()


@pytest.fixture
def url(server):
    """Return the echo's address."""
    return str(server.make_url("/echo")).replace("http:", "ws:")


async def test_messages_go_and_come_as_what_they_are(url):
    """Text, bytes, JSON; each is in the table with its time, direction and size."""
    async with nh.ws(url) as ws:
        await ws.send("grüße")
        assert await ws.receive(LIMIT) == "grüße"
        await ws.send(memoryview(b"\x00\x01"))
        assert await ws.receive() == b"\x00\x01"
        await ws.send({"a": ["ü", None]})
        assert await ws.receive_json() == {"a": ["ü", None]}
        for wrong in (5, None, {"a": {1, 2}}):
            with pytest.raises(TypeError):
                await ws.send(wrong)
        with pytest.raises(ValueError, match="JSON"):
            await ws.send([float("nan")])
        assert "open; 3 sent, 3 received" in repr(ws)
    frame = ws.df()
    assert list(frame.columns) == ["time", "direction", "kind", "size", "text"]
    assert frame.direction.tolist() == ["sent", "received"] * 3 + ["sent"]
    assert frame.kind.tolist() == ["text"] * 2 + ["binary"] * 2 + ["text"] * 2 + ["close"]
    assert frame["size"].tolist()[:4] == [7, 7, 2, 2]
    assert frame.text[2] == "00 01"
    assert "closed by this side: 1000 (done)" in repr(ws)


async def test_urls_are_short_ones_too(server):
    """`:PORT/path`, http://, and a path of a client with a base URL."""
    port = server.port
    assert str(nh.ws(f":{port}/echo")).startswith("nh.ws(…): no WebSocket was opened")
    async with nh.Client(base_url=server.make_url("/")) as client:
        for url in ("/echo", f"http://127.0.0.1:{port}/echo", f"ws://127.0.0.1:{port}/echo"):
            async with nh.ws(url, client=client, timeout=LIMIT) as ws:
                await ws.send("x")
                assert await ws.receive() == "x"
    async with nh.ws(f":{port}/echo") as ws:
        assert repr(ws).startswith(f"ws://localhost:{port}/echo: open")


async def test_a_forgotten_await_explains_itself(url):
    """In each call; nothing was done."""
    with pytest.raises(NotAwaitedError, match="no WebSocket was opened"):
        nh.ws(url).df()
    with pytest.raises(NotAwaitedError, match="no WebSocket was opened"):
        nh.ws(url).send("x")
    async with nh.ws(url) as ws:
        assert repr(ws.send("x")) == "ws.send(…): nothing was sent yet. Put `await` in front."
        for pending in (ws.receive(), ws.receive_json(), ws.close(), ws.watch()):
            assert "Put `await` in front" in repr(pending)
        assert len(ws) == 0
        assert bool(ws)


async def test_neither_timeout_nor_cancel_loses_anything(url):
    """The next who asks gets the message; a close still is a proper one."""
    ws = await nh.ws(url)
    with pytest.raises(TimeoutError, match="still open"):
        await ws.receive(timeout=0.01)
    waiting = asyncio.ensure_future(ws.receive())
    await asyncio.sleep(0.01)
    with pytest.raises(RuntimeError, match="Another cell"):
        await ws.receive()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await ws.watch(seconds=0.01) is ws
    await ws.send("kept")
    assert await ws.receive(LIMIT) == "kept"
    await ws.close(4001, "enough")
    assert ws.close_code == 4001
    assert "closed by this side: 4001 (a code of the application's own), “enough”" in repr(ws)
    assert "did not answer" not in repr(ws)


async def test_the_servers_goodbye_is_seen_by_nobody_receiving(url, talk):
    """And answered; its reason is shown as text, and what came before is still there."""
    ws = await nh.ws(url)
    await ws.send("bye")
    await asyncio.wait_for(talk.ended.wait(), LIMIT)
    async with asyncio.timeout(LIMIT):
        while not ws.closed:
            await asyncio.sleep(0.01)
    text = repr(ws)
    assert "closed by the server: 1001 (going away), “restart␛[31m <b>now</b>”" in text
    assert "<b>" not in ws._html(ws._words())
    assert [message async for message in ws] == []
    with pytest.raises(nh.WebSocketClosedError, match="closed by the server") as caught:
        await ws.receive()
    assert caught.value.code == 1001
    with pytest.raises(nh.WebSocketClosedError, match="Nothing was sent"):
        await ws.send("x")
    await ws.close()


async def test_messages_before_the_end_are_received(url):
    """Also after a connection that broke."""
    ws = await nh.ws(url)
    for word in ("three", "drop"):
        await ws.send(word)
    assert [message async for message in ws] == ["0", "1", "2"]
    assert "closed: 1006 (the connection broke without a goodbye)" in repr(ws)


async def test_a_message_too_big_is_told(url):
    """The limit is this side's, and so is the end."""
    ws = await nh.ws(url, max_msg_size=10)
    await ws.send("x" * 11)
    assert [message async for message in ws] == []
    assert "closed by this side: 1009 (a message too big)" in repr(ws)


async def test_a_close_that_cannot_be_leaves_it_open(url):
    """Codes that nobody may send, and reasons without end."""
    async with nh.ws(url) as ws:
        for arguments in ((1006,), (1000, "x" * 124)):
            with pytest.raises(ValueError, match=r"code|123"):
                await ws.close(*arguments)
        assert not ws.closed
        await ws.send("x")
        assert await ws.receive() == "x"


async def test_hostile_messages_are_text_and_secrets_masked(url):
    """In HTML, in text, and in the URL."""
    async with nh.ws(url + "?token=t0ken-abcdef") as ws:
        await ws.send("<img src=x onerror=alert(1)>\x1b[31m\u202e\n\nbelow")
        await ws.receive()
        await ws.send(f"Authorization: {CANARY}")
        await ws.receive()
        for shown in (repr(ws), ws._html(ws._words())):
            assert "<img" not in shown or shown == repr(ws)
            for hidden in ("abcdefghijklmnop1234", "t0ken-abcdef", "\x1b", "\u202e"):
                assert hidden not in shown
        assert len(repr(ws).splitlines()) == 5


async def test_the_transcript_is_bounded(url, monkeypatch):
    """In messages, in what of one is kept, and in bytes."""
    async with nh.ws(url, keep=3, rows=2) as ws:
        for n in range(4):
            await ws.send(str(n))
        assert ws.df().text.tolist()[-1:] == ["3"] or len(ws) == 3
        assert len(ws) == 3
        assert len(repr(ws).splitlines()) == 3
    kept = transcript.Transcript(10_000)
    kept.note("sent", "x" * 1_000_000)
    kept.note("sent", bytes(1_000_000))
    sizes = [(entry.size, len(entry.text)) for entry in kept]
    assert sizes == [(1_000_000, 65_536), (1_000_000, 96)]
    for _ in range(1_000):
        kept.note("received", "ü" * 65_536)
    assert sum(len(entry.text) for entry in kept) <= transcript.MOST_KEPT_BYTES
    assert len(kept) < 300
    assert kept.received == 1_000


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (200, "this is no WebSocket"),
        (403, "refuses"),
        (404, "nothing at this path"),
        (302, "It answered"),
    ],
)
async def test_a_refused_handshake_is_explained(server, status, words):
    """What, why, and what next; no secrets."""
    with pytest.raises(nh.WSServerHandshakeError) as caught:
        await nh.ws(str(server.make_url(f"/answer/{status}?token=t0ken-abcdef")))
    told = explain(caught.value)
    assert "did not open a WebSocket" in told.what
    assert words in told.why
    assert told.next
    assert "t0ken-abcdef" not in f"{told}"


async def test_a_wrong_accept_and_nobody_there_are_explained():
    """A server that agrees to anything, and a port without one."""

    async def agree(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: d3Jvbmc=\r\n\r\n"
        )
        await writer.drain()
        writer.close()

    liar = await asyncio.start_server(agree, "127.0.0.1", 0)
    port = liar.sockets[0].getsockname()[1]
    with pytest.raises(nh.WSServerHandshakeError) as caught:
        await nh.ws(f"ws://127.0.0.1:{port}/")
    assert "does not answer our key" in explain(caught.value).why
    liar.close()
    await liar.wait_closed()
    with pytest.raises(nh.ClientConnectorError) as caught:
        await nh.ws(f"ws://127.0.0.1:{port}/")
    assert "Nothing listens" in explain(caught.value).why
    await default_client().close()


async def test_wrong_arguments_are_told_at_once():
    """Where they stand."""
    with pytest.raises(TypeError, match="heartbeat="):
        nh.ws("ws://127.0.0.1/", hartbeat=5)
    with pytest.raises(ValueError, match="keep"):
        nh.ws("ws://127.0.0.1/", keep=0)


async def test_a_dropped_one_ends_silently(url, talk):
    """As when its cell is run again."""
    ws = await nh.ws(url)
    await ws.send("x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del ws
        gc.collect()
        await asyncio.wait_for(talk.ended.wait(), LIMIT)


async def test_unloading_says_goodbye(url, talk):
    """With 1001, without anybody waiting."""
    ws = await nh.ws(url)
    close_consoles()
    await asyncio.wait_for(talk.ended.wait(), LIMIT)
    assert talk.code == 1001
    assert "closed by this side: 1001 (going away)" in repr(ws)


def test_it_ends_with_its_loop():
    """And says so, to whoever looks at it or goes on with it in the next `asyncio.run`."""

    async def opened():
        app = web.Application()
        app.router.add_get("/echo", Talk().answer)
        server = TestServer(app)
        await server.start_server()
        ws = await nh.ws(server.make_url("/echo"))
        return server, ws

    async def gone_on(server, ws):
        with pytest.raises(nh.WebSocketClosedError, match="its event loop ended"):
            await ws.send("x")
        await ws.close()

    with asyncio.Runner() as runner:
        server, ws = runner.run(opened())
        runner.run(asyncio.sleep(0))
        assert not ws.closed
        runner.run(_cancel_all_others())
        assert "its event loop ended" in repr(ws)
        runner.run(gone_on(server, ws))
        runner.run(server.close())
        runner.run(default_client().close())


async def _cancel_all_others():
    """Do what `asyncio.run` does at its end."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
