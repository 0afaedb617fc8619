"""Events out: what a reader gets, and every way in which a stream ends."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import notebook_http as nh
from notebook_http import web
from notebook_http.transport.timeouts import DeadlineTimer
from notebook_http.wire.event_stream import (
    EventStreamParser,
    ServerSentEvent,
    serialise_comment,
    serialise_event,
)

Serve = Callable[..., Awaitable[int]]
ASKED = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def three(request: web.Request) -> web.StreamResponse:
    async with web.sse_response(request) as events:
        await events.send("one\r\ntwo\rthree\n", event="lines", id="7", retry=250)
        await events.send_json({"a": [1, "é"]})
        await events.send_comment("nobody\nsees this")
        await events.send(f"after {events.last_event_id!r}")
    return events


async def test_our_client_reads_what_was_sent(serve: Serve) -> None:
    url = f"http://127.0.0.1:{await serve(three)}/"
    async with nh.ClientSession() as session:
        async with session.sse(url, last_event_id="6", reconnect=False) as source:
            got = [event async for event in source]
            assert source.retry_seconds == 0.25
        async with session.get(url) as response:
            assert response.headers["Content-Type"] == "text/event-stream"
            assert response.headers["Cache-Control"] == "no-store"
            assert response.headers["X-Accel-Buffering"] == "no"
            await response.read()
        async with session.head(url) as response:
            assert response.status == 200
    assert got == [
        ServerSentEvent("lines", "one\ntwo\nthree\n", "7", 250),
        ServerSentEvent("message", '{"a": [1, "\\u00e9"]}', "7", None),
        ServerSentEvent("message", "after '6'", "7", None),
    ]
    assert got[1].json() == {"a": [1, "é"]}


@pytest.mark.peer
async def test_curl_reads_as_it_comes(serve: Serve) -> None:
    """Each event leaves at once, not when the next one comes."""
    go = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        async with web.sse_response(request) as events:
            await events.send("first")
            await go.wait()
            await events.send("last")
        return events

    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    url = f"http://127.0.0.1:{await serve(slow)}/"
    process = await asyncio.create_subprocess_exec(
        curl, "-sN", "--max-time", "10", url, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readuntil(b"\n\n") == b"data: first\n\n"
    go.set()
    assert await process.stdout.read() == b"data: last\n\n"
    assert await process.wait() == 0


@pytest.mark.parametrize("closes", ["close", "half", "abort"])
async def test_a_block_ends_when_its_client_leaves(serve: Serve, closes: str, caplog: Any) -> None:
    """Whatever it waits for; what is behind it still runs, and nothing is logged as an error."""
    behind = asyncio.Event()

    async def waits(request: web.Request) -> web.StreamResponse:
        async with web.sse_response(request, ping_interval=0) as events:
            await events.send("hi")
            await asyncio.sleep(3600)
        assert not events.is_connected()
        behind.set()
        return events

    reader, writer = await asyncio.open_connection("127.0.0.1", await serve(waits))
    writer.write(ASKED)
    await reader.readuntil(b"data: hi\n\n")
    if closes == "half":
        writer.write_eof()
    elif closes == "abort":
        writer.transport.abort()
    else:
        writer.close()
    async with asyncio.timeout(5):
        await behind.wait()
    writer.close()
    assert caplog.records == []


async def test_a_block_that_only_sends_ends_when_its_client_leaves(serve: Serve) -> None:
    behind = asyncio.Event()

    async def pushes(request: web.Request) -> web.StreamResponse:
        async with web.sse_response(request) as events:
            while True:
                await events.send("x" * 1000)
        behind.set()
        return events

    reader, writer = await asyncio.open_connection("127.0.0.1", await serve(pushes))
    writer.write(ASKED)
    await reader.readuntil(b"xx")
    writer.transport.abort()
    async with asyncio.timeout(5):
        await behind.wait()


async def test_a_shutdown_ends_streams_in_good_order() -> None:
    """A block, a `wait` and a loop that asks `is_connected`: the last chunk is there."""

    async def block(request: web.Request) -> web.StreamResponse:
        async with web.sse_response(request) as events:
            await asyncio.sleep(3600)
        return events

    async def wait(request: web.Request) -> web.StreamResponse:
        events = await web.sse_response(request)
        await events.wait()
        await events.send("goodbye")
        return events

    async def asks(request: web.Request) -> web.StreamResponse:
        events = web.EventSourceResponse()
        await events.prepare(request)
        while events.is_connected():
            await asyncio.sleep(0.01)
        return events

    app = web.Application()
    for handler in (block, wait, asks):
        app.router.add_get(f"/{handler.__name__}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    readers = []
    for path in (b"/block", b"/wait", b"/asks"):
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(ASKED.replace(b"/ ", path + b" "))
        await reader.readuntil(b"\r\n\r\n")
        readers.append((reader, writer))
    async with asyncio.timeout(3):
        await runner.cleanup()
        ends = [await reader.read() for reader, _ in readers]
    assert ends == [b"0\r\n\r\n", b"f\r\ndata: goodbye\n\n\r\n0\r\n\r\n", b"0\r\n\r\n"]
    for _, writer in readers:
        writer.close()


async def test_a_silent_stream_is_pinged_and_a_talking_one_is_not(serve: Serve) -> None:
    async def silent(request: web.Request) -> web.StreamResponse:
        async with web.sse_response(request, ping_interval=0.05) as events:
            assert events.ping_interval == 0.05
            await events.wait()
        return events

    reader, writer = await asyncio.open_connection("127.0.0.1", await serve(silent))
    writer.write(ASKED)
    async with asyncio.timeout(5):
        await reader.readuntil(b": ping\n\n")
        await reader.readuntil(b": ping\n\n")
    writer.close()
    while len(DeadlineTimer.of(asyncio.get_running_loop())):
        await asyncio.sleep(0.01)


async def test_another_task_ends_it(serve: Serve) -> None:
    opened: list[web.EventSourceResponse] = []

    async def waits(request: web.Request) -> web.StreamResponse:
        async with web.sse_response(request) as events:
            opened.append(events)
            await events.wait()
        with pytest.raises(RuntimeError, match="is over"):
            await events.send("late")
        return events

    port = await serve(waits)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):  # the connection goes on
        writer.write(ASKED)
        async with asyncio.timeout(5):
            await reader.readuntil(b"\r\n\r\n")
            while not opened:
                await asyncio.sleep(0)
            opened.pop().stop_streaming()
            assert await reader.readuntil(b"0\r\n\r\n") == b"0\r\n\r\n"
    writer.close()


async def test_an_error_in_a_block_is_an_error(serve: Serve, caplog: Any) -> None:
    async def fails(request: web.Request) -> web.StreamResponse:
        async with web.sse_response(request) as events:
            await events.send("half")
            raise LookupError("mine")
        return events

    reader, writer = await asyncio.open_connection("127.0.0.1", await serve(fails))
    writer.write(ASKED)
    assert not (await reader.read()).endswith(b"0\r\n\r\n")
    assert "LookupError: mine" in caplog.text
    writer.close()


def test_lines_of_the_stream_cannot_be_forged() -> None:
    """Breaks in data are lines of data; elsewhere they are refused."""
    for data in ("a\nid: 1", "a\r\revent: x", "a\r\n\r\ndata: b", "\n", "", " x", "\u2028:\x85\0"):
        (event,) = EventStreamParser().feed(serialise_event(data))
        assert event == ServerSentEvent(data=data.replace("\r\n", "\n").replace("\r", "\n"))
    for bad in ("a\n", "\r", "a\0b"):
        with pytest.raises(ValueError, match="one line without NUL"):
            serialise_event("x", event=bad)
        with pytest.raises(ValueError, match="one line without NUL"):
            serialise_event("x", id=bad)
    assert serialise_comment("a\r\rdata: b") == b": a\n: \n: data: b\n\n"
    assert list(EventStreamParser().feed(serialise_event(retry=5))) == []
    for wrong, error in ((-1, ValueError), (True, TypeError), (1.5, TypeError)):
        with pytest.raises(error, match="retry"):
            serialise_event("x", retry=wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="use send_json"):
        serialise_event(b"x")  # type: ignore[arg-type]


async def test_words_out_of_order() -> None:
    events = web.EventSourceResponse()
    assert not events.is_connected()
    for call in (events.wait(), events.send("x")):
        with pytest.raises(RuntimeError, match="prepare"):
            await call
    with pytest.raises(NotImplementedError):
        events.enable_compression()
    with pytest.raises(ValueError, match="ping_interval"):
        web.EventSourceResponse(ping_interval=-1)
    with pytest.raises(TypeError, match="response_cls"):
        web.sse_response(None, response_cls=web.StreamResponse)  # type: ignore[arg-type]
