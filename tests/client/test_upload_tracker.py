"""`UploadTracker` tells how much of a body has left, and whether all of it did."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from notebook_http.client import (
    ClientConnectionError,
    ClientConnectorError,
    ClientSession,
    UploadAbortedError,
)
from notebook_http.client.upload_tracker import UploadTracker

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REFUSED = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def to(status: int) -> bytes:
    return f"HTTP/1.1 {status} Go\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n".encode()


async def produced(count: int, size: int) -> Any:
    for _ in range(count):
        yield b"x" * size


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"data": b"small"}, 5),
        ({"data": b"x" * 500_000}, 500_000),
        ({"data": lambda: produced(3, 1000)}, 3000),
        ({"data": b"abc" * 1000, "compress": "deflate"}, 3000),
        ({}, 0),
    ],
    ids=["small", "large", "generator", "compressed", "none"],
)
async def test_a_body_that_is_sent_whole(serve: Any, options: dict[str, Any], size: int) -> None:
    server = await serve(OK)
    tracker = UploadTracker()
    assert (tracker.attempts, tracker.bytes_written) == (0, 0)
    if callable(options.get("data")):
        options = {"data": options["data"]()}
    async with ClientSession() as session:
        await session.post(server.url, upload_tracker=tracker, **options)
        await tracker.upload_complete
    assert (tracker.attempts, tracker.bytes_written) == (1, size)


async def test_only_what_has_left_the_process_counts(serve: Any) -> None:
    """The peer reads nothing: kernels take some megabytes, the rest waits here."""
    may_read = asyncio.Event()

    async def lazy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await may_read.wait()
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"chunked" in head
        last = b""
        while not last.endswith(b"\r\n0\r\n\r\n"):
            last = last[-7:] + await reader.read(1 << 20)
        writer.write(OK)

    server = await serve(lazy, limit=1 << 16)
    tracker = UploadTracker()
    async with ClientSession() as session:
        body = produced(40, 1024 * 1024)
        asking = asyncio.create_task(
            session.post(server.url, data=body, upload_tracker=tracker).__aenter__()
        )
        seen = -1
        while tracker.bytes_written != seen or not seen:
            seen = tracker.bytes_written
            await asyncio.sleep(0.05)
        assert 0 < seen < 40 * 1024 * 1024
        assert not tracker.upload_complete.done()
        may_read.set()
        response = await asking
        assert response.status == 200
        await tracker.upload_complete
    assert tracker.bytes_written == 40 * 1024 * 1024


async def test_each_redirect_is_an_attempt(serve: Any) -> None:
    server = await serve(to(307), to(303), OK)
    tracker = UploadTracker()
    async with ClientSession() as session:
        await session.post(server.url, data=b"body", upload_tracker=tracker)
    assert tracker.attempts == 3
    assert tracker.bytes_written == 0  # the last one was a GET
    assert tracker.upload_complete.result() is None


async def test_an_early_answer_cuts_the_body_short(serve: Any) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(REFUSED)
        await writer.drain()
        await asyncio.sleep(0.2)

    server = await serve(refuse, limit=1 << 16)
    tracker = UploadTracker()
    async with ClientSession() as session:
        body = produced(100, 1024 * 1024)
        response = await session.post(server.url, data=body, upload_tracker=tracker)
        assert response.status == 413
        with pytest.raises(UploadAbortedError, match="not fully sent"):
            await tracker.upload_complete
    assert tracker.bytes_written < 100 * 1024 * 1024


async def test_a_body_that_fails_tells_why(serve: Any) -> None:
    server = await serve(OK)

    async def body() -> Any:
        yield b"one"
        raise KeyError("two")

    tracker = UploadTracker()
    async with ClientSession() as session:
        with pytest.raises(ClientConnectionError) as caught:
            await session.post(server.url, data=body(), upload_tracker=tracker)
    assert tracker.upload_complete.exception() is caught.value


async def test_no_connection_and_a_cancel(serve: Any, unused_tcp_port: int) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    server = await serve(silent)
    async with ClientSession() as session:
        tracker = UploadTracker()
        with pytest.raises(ClientConnectorError):
            await session.post(
                f"http://127.0.0.1:{unused_tcp_port}/", data=b"x", upload_tracker=tracker
            )
        assert isinstance(tracker.upload_complete.exception(), UploadAbortedError)
        tracker = UploadTracker()
        asking = asyncio.create_task(
            session.post(
                server.url, data=produced(64, 1024 * 1024), upload_tracker=tracker
            ).__aenter__()
        )
        while not tracker.bytes_written:
            await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        with pytest.raises(UploadAbortedError):
            await asyncio.wait_for(asyncio.shield(tracker.upload_complete), 5)
        assert "bytes sent" in repr(tracker)


async def test_one_tracker_is_for_one_request(serve: Any) -> None:
    server = await serve(OK)
    tracker = UploadTracker()
    async with ClientSession() as session:
        await session.post(server.url, data=b"x", upload_tracker=tracker)
        with pytest.raises(RuntimeError, match="already bound to a request"):
            await session.post(server.url, data=b"x", upload_tracker=tracker)
    assert len(server.requests) == 1


def test_a_tracker_needs_a_loop() -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        UploadTracker()
