"""What WebSocket servers were made to do by their clients."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from notebook_http import web
from tests.web.raw_websocket import close_frame, connected, frame, handshake

pytestmark = pytest.mark.advisory

CANARY = b"GET /canary HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
OFFER = handshake("Sec-WebSocket-Extensions: permessage-deflate")
MOST = 100_000


async def answer(request: web.Request) -> web.StreamResponse:
    """Echo on /ws; elsewhere decline every upgrade."""
    if request.path == "/canary":
        return web.Response(text="sings")
    if request.path != "/":
        return web.Response(text=f"<{request.path}>")
    ws: web.WebSocketResponse[bool] = web.WebSocketResponse(max_msg_size=MOST)
    await ws.prepare(request)
    async for message in ws:
        if message.type is web.WSMsgType.TEXT:
            await ws.send_str(message.data)
        elif message.type is web.WSMsgType.BINARY:
            await ws.send_bytes(message.data)
    return ws


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """The port of a server of ours."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield site.port
    await runner.cleanup()


async def ends_with(port: int, data: bytes, code: int, request: bytes | None = None) -> None:
    """See that *data* ends the connection with *code*, and that the next client is served."""
    async with connected(port, request) as client:
        client.send(data)
        assert await client.next_frame() == (8, code.to_bytes(2, "big"))
        client.send(close_frame(code))
    async with connected(port) as client:
        client.send(frame(1, b"next"), close_frame(1000))
        assert await client.frames() == [(1, b"next"), (8, b"\x03\xe8")]


async def test_cve_2026_54274_a_length_is_judged_on_the_head(port: int) -> None:
    """A tebibyte announced, ten bytes sent."""
    head = b"\x82\xff" + (2**40).to_bytes(8, "big") + b"mask"
    await ends_with(port, head + bytes(10), 1009)


async def test_cve_2026_59881_packed_frames_that_nobody_agreed_to(port: int) -> None:
    await ends_with(port, frame(2, zlib.compress(bytes(1000), wbits=-15), reserved=0x40), 1002)


@pytest.mark.parametrize("framing", [b"Content-Length: %d\r\n\r\n", b""])
async def test_cve_2026_69243_the_body_of_a_declined_upgrade_is_no_request(
    port: int, framing: bytes
) -> None:
    asked = handshake(method="POST", target="/declined").removesuffix(b"\r\n")
    if framing:
        asked += framing % len(CANARY) + CANARY
    else:
        chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(CANARY), CANARY)
        asked += b"Transfer-Encoding: chunked\r\n\r\n" + chunk
    last = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    async with connected(port, asked + last) as client:
        rest = client.head + await client.rest()
    assert rest.count(b"HTTP/1.1 200") == 2
    assert b"sings" not in rest


async def test_pr_13356_requests_behind_a_declined_upgrade_are_answered(port: int) -> None:
    async with connected(port, handshake(target="/declined") + CANARY) as client:
        rest = client.head + await client.rest()
    assert rest.count(b"HTTP/1.1 200") == 2
    assert rest.endswith(b"sings")


async def test_pr_13350_fragments_are_counted(port: int, most_cpu: Any) -> None:
    with most_cpu(2):
        await ends_with(port, frame(2, fin=False) + frame(0, fin=False) * 2000, 1008)


@pytest.mark.parametrize("connection", [b"notupgrade", b"x-upgrade, close", b"up grade"])
async def test_pr_12723_connection_is_a_list_of_tokens(port: int, connection: bytes) -> None:
    asked = handshake().replace(b"Connection: Upgrade", b"Connection: " + connection)
    async with connected(port, asked) as client:
        assert client.head.startswith(b"HTTP/1.1 400 ")


async def test_cve_2018_1000518_inflation_is_bounded(
    port: int, most_memory: Any, most_cpu: Any
) -> None:
    packed = zlib.compress(bytes(200_000_000), 9, wbits=-15)
    with most_cpu(2), most_memory(8):
        await ends_with(port, frame(2, packed[: MOST - 1], reserved=0x40), 1009, OFFER)


async def test_cve_2024_37890_a_handshake_has_few_fields(port: int) -> None:
    async with connected(port, handshake(*["X: y"] * 2000)) as client:
        assert client.head.startswith(b"HTTP/1.1 431 ")


async def test_promise_frames_of_clients_are_masked(port: int) -> None:
    """Two of them, so that a server which looks for the masks has enough to find some."""
    await ends_with(port, frame(1, b"hi", masked=False) * 2, 1002)


@pytest.mark.parametrize(
    "data",
    [
        frame(1, b"x", reserved=0x20),
        frame(1, b"x", reserved=0x10),
        frame(9, b"x", reserved=0x40),
        frame(1, b"x", fin=False) + frame(0, b"y", reserved=0x40),
    ],
)
async def test_promise_reserved_bits_are_refused(port: int, data: bytes) -> None:
    """Where compression was agreed upon, too."""
    await ends_with(port, data, 1002, OFFER)


@pytest.mark.parametrize(
    "data",
    [frame(3), frame(11), frame(9, bytes(126)), frame(9, fin=False), frame(0, b"x")],
)
async def test_promise_opcodes_control_frames_and_continuations(port: int, data: bytes) -> None:
    await ends_with(port, data, 1002)


async def test_promise_fragments_are_summed(port: int) -> None:
    await ends_with(port, frame(2, bytes(MOST), fin=False) + frame(0, b"x"), 1009)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(1, b"\xc3\x28"), 1007),
        (close_frame(1000, b"\xff"), 1007),
        (close_frame(1005), 1002),
        (close_frame(999), 1002),
        (frame(8, b"\x03"), 1002),
    ],
)
async def test_promise_texts_reasons_and_codes(port: int, data: bytes, code: int) -> None:
    await ends_with(port, data, code)


async def test_promise_a_handshake_is_checked_whole(port: int) -> None:
    """Each word of it that is missing or wrong."""
    whole = handshake()
    for line in whole.split(b"\r\n")[2:6]:
        async with asyncio.timeout(5), connected(port, whole.replace(line, b"X: y")) as client:
            assert client.head[9:12] in (b"400", b"426")
