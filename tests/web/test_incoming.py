"""Bytes to requests: bounds, time limits, and bodies that wait for their reader."""

from __future__ import annotations

import asyncio
import socket
import ssl
import tracemalloc
from collections.abc import Awaitable, Callable

import pytest
import trustme

from notebook_http import web
from notebook_http.transport.exceptions import ClientConnectionResetError

Serve = Callable[..., Awaitable[int]]
Talk = Callable[[int, bytes], Awaitable[bytes]]

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


async def hello(request: web.Request) -> web.Response:
    return web.Response(text=request.path)


async def test_a_flood_of_pipelined_requests_is_bounded(serve: Serve) -> None:
    """20,000 of them behind a slow one: few are kept, all are answered in order."""
    go_on = asyncio.Event()
    order: list[int] = []

    async def handle(request: web.Request) -> web.Response:
        await go_on.wait()
        order.append(int(request.path[1:]))
        return web.Response()

    count = 20_000
    flood = b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i for i in range(count))
    reader, writer = await asyncio.open_connection("127.0.0.1", await serve(handle))
    tracemalloc.start()
    writer.write(flood)
    await asyncio.sleep(0.3)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < len(flood) + 4 * 2**20
    go_on.set()
    writer.write(LAST.replace(b"last", b"%d" % count))
    async with asyncio.timeout(30):
        answers = (await reader.read()).count(b"HTTP/1.1 200")
    assert answers == count + 1
    assert order == list(range(count + 1))
    writer.close()


@pytest.mark.parametrize("data", [GET * 3 + LAST, LAST])
async def test_bytes_may_come_one_by_one(serve: Serve, data: bytes) -> None:
    """Where a packet ends means nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", await serve(hello))
    writer.transport.set_write_buffer_limits(0)
    for i in range(len(data)):
        writer.write(data[i : i + 1])
        await asyncio.sleep(0)
    answer = await reader.read()
    assert answer.count(b"HTTP/1.1 200") == data.count(b"GET")
    assert answer.endswith(b"/last")
    writer.close()


async def test_an_upload_waits_for_its_handler(serve: Serve) -> None:
    """What nobody reads fills the client's buffers, not ours."""
    go_on = asyncio.Event()
    total = 64 * 2**20

    async def handle(request: web.Request) -> web.Response:
        await go_on.wait()
        assert request.content.total_raw_bytes < 2 * 2**20
        received = 0
        async for piece in request.content.iter_any():
            received += len(piece)
        return web.Response(text=str(received))

    reader, writer = await asyncio.open_connection("127.0.0.1", await serve(handle))
    writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % total)

    async def send() -> None:
        for _ in range(64):
            writer.write(bytes(2**20))
            await writer.drain()

    sending = asyncio.create_task(send())
    await asyncio.sleep(0.2)
    assert not sending.done()
    go_on.set()
    await sending
    answer = await reader.readuntil(b"\r\n\r\n")
    assert await reader.readexactly(len(str(total))) == str(total).encode(), answer
    writer.close()


async def test_many_tiny_chunks_cost_time_in_proportion(serve: Serve, talk: Talk) -> None:
    """100,000 chunks of one byte (CVE-2025-69229)."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with asyncio.timeout(5):
        answer = await talk(await serve(handle), head + b"1\r\nx\r\n" * 100_000 + b"0\r\n\r\n")
    assert answer.endswith(b"\r\n\r\n100000")


@pytest.mark.parametrize(
    ("sent", "status"),
    [(b"GET / HT", b"408"), (b"GET / HTTP/1.1\r\nHost: a\r\nX", b"408"), (b"", None)],
)
async def test_a_slow_head_is_not_waited_for(
    serve: Serve, talk: Talk, sent: bytes, status: bytes | None
) -> None:
    """408 when something has come, a close when nothing has."""
    port = await serve(hello, head_timeout=0.1, keepalive_timeout=0.3)
    answer = await talk(port, sent)
    assert answer[9:12] == (status or b"")
    assert await talk(port, LAST)


async def test_a_head_that_trickles_has_one_time_limit(serve: Serve) -> None:
    """Each byte must not begin it anew."""
    port = await serve(hello, head_timeout=0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    reading = asyncio.create_task(reader.read())
    for byte in b"GET / HTTP/1.1\r\nX-Slow: ":
        if reading.done():
            break
        writer.write(bytes([byte]))
        await asyncio.sleep(0.05)
    assert (await asyncio.wait_for(reading, 1)).startswith(b"HTTP/1.1 408")
    writer.close()


async def test_a_slow_body_is_not_waited_for(serve: Serve, talk: Talk) -> None:
    """408 to the handler, unless it has an answer of its own; then the connection closes."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    port = await serve(handle, body_timeout=0.1)
    answer = await talk(port, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"Connection: close" in answer


async def test_a_body_that_trickles_may_take_its_time(serve: Serve) -> None:
    """The limit is between two reads."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    port = await serve(handle, body_timeout=0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 8\r\n\r\n")
    for _ in range(8):
        await asyncio.sleep(0.06)
        writer.write(b"x")
    assert (await reader.read()).endswith(b"xxxxxxxx")
    writer.close()


async def test_a_body_that_nobody_reads_may_not_trickle_for_ever(serve: Serve) -> None:
    """`lingering_time` is for all of it: a byte now and then must not begin it anew."""
    port = await serve(hello, lingering_time=0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
    reading = asyncio.create_task(reader.read())
    for _ in range(40):
        if reading.done():
            break
        writer.write(b"x")
        await asyncio.sleep(0.05)
    assert reading.done()
    assert (await reading).endswith(b"/unread")
    writer.close()


async def test_a_handler_that_takes_long_is_left_alone(serve: Serve, talk: Talk) -> None:
    """Time limits are for clients."""

    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        await asyncio.sleep(0.4)
        return web.Response(body=body, headers={"Connection": "close"})

    port = await serve(handle, head_timeout=0.1, body_timeout=0.1, keepalive_timeout=0.1)
    assert (await talk(port, GET)).startswith(b"HTTP/1.1 200")
    data = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
    assert (await talk(port, data)).endswith(b"hi")


async def test_an_idle_connection_closes(serve: Serve, talk: Talk) -> None:
    """After `keepalive_timeout`, counted from the last answer."""
    port = await serve(hello, keepalive_timeout=0.2)
    begin = asyncio.get_running_loop().time()
    answer = await talk(port, GET)
    assert answer.startswith(b"HTTP/1.1 200")
    assert 0.15 < asyncio.get_running_loop().time() - begin < 2


async def test_a_head_behind_a_slow_one_has_its_own_time(serve: Serve) -> None:
    """It begins in the read that ends the slow one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", await serve(hello, head_timeout=1))
    writer.write(GET[:9])
    await asyncio.sleep(0.7)
    writer.write(GET[9:] + LAST[:9])
    await asyncio.sleep(0.7)
    writer.write(LAST[9:])
    async with asyncio.timeout(10):
        assert (await reader.read()).endswith(b"/last")
    writer.close()


async def test_a_slow_head_does_not_make_the_next_wait_longer(serve: Serve) -> None:
    """Behind it the connection is idle, however much time the head still had."""
    port = await serve(hello, keepalive_timeout=0.2, head_timeout=5)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET[:9])
    await asyncio.sleep(0.4)  # the time for the head is being watched now
    writer.write(GET[9:])
    async with asyncio.timeout(3):
        assert (await reader.read()).endswith(b"\r\n\r\n/")
    writer.close()


async def test_a_body_behind_a_flood_has_its_own_time(serve: Serve) -> None:
    """Not what was left of the time in which the flood had to begin."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    flood = GET.replace(b"a", b"abcdef") * 600  # 512 of them fill what is parsed at once
    body = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 6\r\n\r\nabc"
    port = await serve(handle, keepalive_timeout=0.6, body_timeout=5)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.sleep(0.3)
    writer.write(flood + body)
    await asyncio.sleep(0.6)
    writer.write(b"def")
    async with asyncio.timeout(10):
        assert (await reader.read()).endswith(b"abcdef")
    writer.close()


async def test_a_client_that_leaves_fails_the_read(serve: Serve) -> None:
    """The handler is told, and not cancelled."""
    errors: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    async def handle(request: web.Request) -> web.Response:
        try:
            await request.read()
        except ClientConnectionResetError as error:
            await asyncio.sleep(0)  # goes on
            errors.set_result(error)
            raise
        return web.Response()

    _, writer = await asyncio.open_connection("127.0.0.1", await serve(handle))
    writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
    await asyncio.sleep(0.05)
    writer.close()
    assert isinstance(await asyncio.wait_for(errors, 5), ConnectionResetError)


@pytest.mark.parametrize("reads", [True, False])
async def test_broken_framing_within_a_body_ends_the_connection(
    serve: Serve, talk: Talk, reads: bool
) -> None:
    """400 for who reads it; either way nothing behind it is a request."""

    async def handle(request: web.Request) -> web.Response:
        if reads:
            await request.read()
        return web.Response(text=f"answer to {request.path}")

    head = b"POST /post HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = await talk(await serve(handle), head + b"3\r\nabcXX" + GET)
    assert answer.startswith(b"HTTP/1.1 400" if reads else b"HTTP/1.1 200")
    assert b"answer to /\r" not in answer
    assert not answer.endswith(b"answer to /")
    assert answer.count(b"HTTP/1.1") == 1
    assert b"\r\nConnection: close\r\n" in answer


async def test_requests_before_a_broken_body_keep_the_connection(serve: Serve, talk: Talk) -> None:
    """Only the answer to the broken one is the last."""

    async def handle(request: web.Request) -> web.Response:
        await asyncio.sleep(0.01)
        return web.Response(text=f"answer to {request.path}")

    head = b"POST /post HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = await talk(await serve(handle), GET + head + b"3\r\nabcXX")
    first, second = answer.split(b"HTTP/1.1 ")[1:]
    assert b"Connection: close" not in first
    assert b"Connection: close" in second


def upload_over_tls(port: int, size: int) -> bytes:
    """Send a request whose body nobody wants, all of it, before reading the answer."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain) as secure,
    ):
        secure.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % 2**40)
        for _ in range(size // 65_536):
            secure.sendall(bytes(65_536))
        return secure.recv(65_536)


async def test_a_client_over_tls_sees_the_answer_to_an_upload_that_nobody_reads() -> None:
    """A reset would take it away again (RFC 9112 §9.6): the server hangs up a little later."""
    app = web.Application()
    app.router.add_post("/", hello)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    answer = await asyncio.to_thread(upload_over_tls, site.port, 16 * 2**20)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    await runner.cleanup()


async def test_a_body_that_is_there_and_never_read_holds_up_nobody(serve: Serve) -> None:
    """It came whole while the handler waited, in the very read that was one too many to buffer."""

    async def handle(request: web.Request) -> web.Response:
        while not request.content.is_eof():
            await asyncio.sleep(0.01)
        return web.Response(text=request.path)

    port = await serve(handle, read_bufsize=1024)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 4096\r\n\r\n"
    for number in range(2):
        writer.write(head % number + bytes(4096))
        async with asyncio.timeout(5):
            assert await reader.readuntil(b"/%d" % number)
    writer.close()


async def test_who_reads_a_body_lets_no_other_body_grow(serve: Serve) -> None:
    """One that waits behind it has a bound of its own."""
    go_on, waits = asyncio.Event(), asyncio.Event()
    received = 0

    async def handle(request: web.Request) -> web.Response:
        nonlocal received
        if request.path == "/0":
            await go_on.wait()
            return web.Response(text=str(len(await request.read())))
        await asyncio.sleep(0.3)
        received = request.content.total_raw_bytes
        waits.set()
        return web.Response(text=str(len(await request.read())))

    port = await serve(handle, read_bufsize=1024, access_log=None)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    first, second = 8192, 64 * 2**20
    writer.write(b"POST /0 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % first)
    writer.write(bytes(first))
    writer.write(b"POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % second)
    writer.write(bytes(second))
    await asyncio.sleep(0.2)
    go_on.set()
    async with asyncio.timeout(5):
        await waits.wait()
        assert received < 2**20
        assert await reader.readuntil(b"%d" % first)
    writer.close()
