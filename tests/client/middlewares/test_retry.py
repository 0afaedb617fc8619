"""RetryMiddleware: what it repeats, how long it waits, and when it gives up."""

from __future__ import annotations

import asyncio
import gc
import io
import logging
import ssl
import time
from typing import Any

import pytest
import trustme

from notebook_http import web
from notebook_http.client import (
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientSession,
    ClientTimeout,
    ServerDisconnectedError,
    TotalTimeoutError,
)
from notebook_http.client.middlewares import RetryMiddleware
from notebook_http.client.middlewares.retry_after import retry_after_seconds
from notebook_http.wire.http_date import format_http_date


def answering(*statuses: int, **headers: str) -> Any:
    """Return a handler that answers with each of *statuses* in turn, the last one again."""
    left = list(statuses)

    async def handler(request: web.Request) -> web.Response:
        status = left.pop(0) if len(left) > 1 else left[0]
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, text=str(status), headers=fields)

    return handler


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_passing_trouble_passes(serve_handler: Any, status: int) -> None:
    server = await serve_handler(answering(status, status, 200))
    async with ClientSession(middlewares=[RetryMiddleware(base_delay=0.01)]) as session:
        response = await session.get(server.url)
        assert (response.status, await response.text()) == (200, "200")
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [400, 404, 500, 501])
async def test_other_answers_are_kept(serve_handler: Any, status: int) -> None:
    server = await serve_handler(answering(status, 200))
    async with ClientSession(middlewares=[RetryMiddleware(base_delay=0.01)]) as session:
        assert (await session.get(server.url)).status == status
    assert len(server.requests) == 1


async def test_statuses_can_be_chosen(serve_handler: Any) -> None:
    server = await serve_handler(answering(500, 200))
    middleware = RetryMiddleware(base_delay=0.01, statuses={500})
    async with ClientSession(middlewares=[middleware]) as session:
        assert (await session.get(server.url)).status == 200


async def test_the_last_answer_is_returned_whole(serve_handler: Any) -> None:
    server = await serve_handler(answering(503))
    async with ClientSession(middlewares=[RetryMiddleware(attempts=3, base_delay=0)]) as session:
        response = await session.get(server.url)
        assert (response.status, await response.text()) == (503, "503")
    assert len(server.requests) == 3


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_what_may_not_happen_twice_is_not_repeated(serve_handler: Any, method: str) -> None:
    server = await serve_handler(answering(503, 200))
    async with ClientSession(middlewares=[RetryMiddleware(base_delay=0)]) as session:
        assert (await session.request(method, server.url, data=b"x")).status == 503
    assert len(server.requests) == 1


@pytest.mark.parametrize("methods", [None, {"post"}])
async def test_unless_the_caller_says_that_it_may(serve_handler: Any, methods: Any) -> None:
    server = await serve_handler(answering(503, 200))
    middleware = RetryMiddleware(base_delay=0, methods=methods)
    async with ClientSession(middlewares=[middleware]) as session:
        assert (await session.post(server.url, data=b"body")).status == 200
    assert server.bodies == [b"body", b"body"]


async def test_a_file_is_sent_again_from_its_beginning(serve_handler: Any) -> None:
    server = await serve_handler(answering(503, 200))
    content = b"0123456789" * 50_000
    async with ClientSession(middlewares=[RetryMiddleware(base_delay=0.01)]) as session:
        assert (await session.put(server.url, data=io.BytesIO(content))).status == 200
    assert server.bodies == [content, content]


async def test_a_spent_stream_is_not_repeated(serve_handler: Any) -> None:
    """The answer to the only try is the answer: not an error that hides it."""
    server = await serve_handler(answering(503, 200))

    async def body() -> Any:
        yield b"once"

    async with ClientSession(middlewares=[RetryMiddleware(base_delay=0)]) as session:
        assert (await session.put(server.url, data=body())).status == 503
    assert server.bodies == [b"once"]


async def test_a_server_that_is_not_up_yet(unused_tcp_port: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nup")
        writer.close()

    async def come_up() -> asyncio.Server:
        await asyncio.sleep(0.1)
        return await asyncio.start_server(answer, "127.0.0.1", unused_tcp_port)

    coming = asyncio.create_task(come_up())
    middleware = RetryMiddleware(attempts=200, base_delay=0.05, max_delay=0.05)
    async with ClientSession(middlewares=[middleware]) as session:
        response = await session.get(f"http://127.0.0.1:{unused_tcp_port}/")
        assert await response.text() == "up"
    (await coming).close()


async def test_the_last_error_tells_of_the_tries(unused_tcp_port: int) -> None:
    middleware = RetryMiddleware(attempts=3, base_delay=0)
    async with ClientSession(middlewares=[middleware]) as session:
        with pytest.raises(ClientConnectorError) as caught:
            await session.get(f"http://127.0.0.1:{unused_tcp_port}/")
    assert "gave up after 3 tries" in caught.value.__notes__[0]


async def test_a_server_that_hangs_up(serve: Any) -> None:
    server = await serve(b"", b"", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    async with ClientSession(middlewares=[RetryMiddleware(base_delay=0)]) as session:
        assert await (await session.get(server.url)).text() == "ok"
        server.requests.clear()
        with pytest.raises(ServerDisconnectedError):
            await session.post(server.url, data=b"x")
    assert len(server.requests) == 1


async def test_a_foreign_certificate_stays_foreign(serve: Any) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    handshakes: list[str | None] = []
    context.sni_callback = lambda sock, name, context: handshakes.append(name)
    server = await serve(b"", ssl=context)
    async with ClientSession(middlewares=[RetryMiddleware(base_delay=0)]) as session:
        with pytest.raises(ClientConnectorCertificateError):
            await session.get(f"https://localhost:{server.port}/")
    assert handshakes == ["localhost"]


# How long it waits


async def test_waits_grow_and_are_drawn_at_random(serve_handler: Any) -> None:
    server = await serve_handler(answering(503))
    middleware = RetryMiddleware(attempts=5, base_delay=0.04, max_delay=0.1)
    async with ClientSession(middlewares=[middleware]) as session:
        await asyncio.gather(*(session.get(f"{server.url}{n}") for n in range(12)))
    waits: dict[int, list[float]] = {1: [], 2: [], 3: [], 4: []}
    by_path: dict[str, list[float]] = {}
    for request, when in zip(server.requests, server.times, strict=True):
        by_path.setdefault(request.path, []).append(when)
    for times in by_path.values():
        assert len(times) == 5
        for n in waits:
            waits[n].append(times[n] - times[n - 1])
    slack = 0.25  # twelve clients and their server share one loop
    for n, most in ((1, 0.04), (2, 0.08), (3, 0.1), (4, 0.1)):
        assert all(0 <= wait <= most + slack for wait in waits[n])
    assert len({round(wait, 4) for wait in waits[3]}) > 3


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_waited_for_in_full(serve_handler: Any, status: int) -> None:
    server = await serve_handler(answering(status, 200, Retry_After="1"))
    async with ClientSession(middlewares=[RetryMiddleware(base_delay=0)]) as session:
        assert (await session.get(server.url)).status == 200
    assert 0.99 <= server.gaps[0] <= 2


async def test_retry_after_as_a_date(serve_handler: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        if len(server.requests) > 1:
            return web.Response()
        # The server's clock is an hour ahead: only the difference counts.
        now = time.time() + 3600
        dates = {"Date": format_http_date(now), "Retry-After": format_http_date(now + 1)}
        return web.Response(status=503, headers=dates)

    server = await serve_handler(handler)
    async with ClientSession(middlewares=[RetryMiddleware(base_delay=0)]) as session:
        assert (await session.get(server.url)).status == 200
    assert 0.9 <= server.gaps[0] <= 2.5


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("9" * 40, float("inf")),
        ("Wed, 21 Oct 2015 07:28:07 GMT", 7.0),
        ("Wednesday, 21-Oct-15 07:28:07 GMT", 7.0),
        ("Wed, 21 Oct 2015 07:27:00 GMT", 0.0),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
        ("", None),
    ],
)
def test_values_of_retry_after(value: str, seconds: float | None) -> None:
    headers = {"Retry-After": value, "Date": "Wed, 21 Oct 2015 07:28:00 GMT"}
    assert retry_after_seconds(headers) == seconds


async def test_a_wait_that_is_too_long_is_not_begun(serve_handler: Any) -> None:
    server = await serve_handler(answering(503, 200, Retry_After="60"))
    async with ClientSession(middlewares=[RetryMiddleware(max_delay=30)]) as session:
        response = await session.get(server.url)
        assert response.status == 503
        assert response.headers["Retry-After"] == "60"
    assert len(server.requests) == 1


async def test_all_tries_together_have_a_limit(serve_handler: Any) -> None:
    server = await serve_handler(answering(503, Retry_After="1"))
    middleware = RetryMiddleware(attempts=10, base_delay=0, max_total=1.5)
    async with ClientSession(middlewares=[middleware]) as session:
        assert (await session.get(server.url)).status == 503
    assert len(server.requests) == 2


async def test_no_wait_that_the_call_would_not_outlast(serve_handler: Any) -> None:
    server = await serve_handler(answering(503, Retry_After="5"))
    async with ClientSession(middlewares=[RetryMiddleware()]) as session:
        began = time.monotonic()
        response = await session.get(server.url, timeout=ClientTimeout(total=2))
        assert response.status == 503
        assert time.monotonic() - began < 1.5


async def test_total_holds_over_all_tries(serve_handler: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        await asyncio.sleep(0.2)
        return web.Response(status=503)

    server = await serve_handler(handler)
    middleware = RetryMiddleware(attempts=100, base_delay=0)
    async with ClientSession(middlewares=[middleware]) as session:
        with pytest.raises(TotalTimeoutError):
            await session.get(server.url, timeout=ClientTimeout(total=0.5))
    assert 2 <= len(server.requests) <= 4


# What it leaves behind


async def test_a_cancel_ends_the_wait(serve_handler: Any, session: ClientSession) -> None:
    server = await serve_handler(answering(503, Retry_After="20"))
    task = asyncio.create_task(session.get(server.url, middlewares=[RetryMiddleware()]))
    while not server.requests:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(server.requests) == 1


async def test_answers_that_are_not_kept_are_released(serve: Any, session: ClientSession) -> None:
    """One whose body never ends, too: its connection is closed, and its slot free."""
    endless = b"HTTP/1.1 503 Busy\r\nContent-Length: 1000000\r\n\r\nbusy"
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    server = await serve(endless, endless, ok)
    response = await session.get(server.url, middlewares=[RetryMiddleware(base_delay=0.01)])
    assert await response.text() == "ok"
    del response
    gc.collect()
    assert session.connector._pool.busy_count == 0


async def test_a_closed_session_is_not_asked_again(serve_handler: Any) -> None:
    """An error of a session that was closed meanwhile is final: no waiting for what cannot come."""

    async def handler(request: web.Request) -> web.Response:
        asyncio.get_running_loop().call_soon(closing.set)
        await asyncio.sleep(30)
        return web.Response()

    closing = asyncio.Event()
    server = await serve_handler(handler)
    session = ClientSession(middlewares=[RetryMiddleware(base_delay=20, max_delay=20)])
    task = asyncio.create_task(session.get(server.url))
    await closing.wait()
    await session.close()
    with pytest.raises(Exception, match="session was closed"):
        await asyncio.wait_for(task, 5)


async def test_waits_are_logged_without_secrets(
    serve_handler: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server = await serve_handler(answering(503, 200))
    caplog.set_level(logging.INFO, "notebook_http.client.retry")
    async with ClientSession(middlewares=[RetryMiddleware(base_delay=0)]) as session:
        await session.get(f"{server.url}?token=0123456789abcdef")
    (record,) = [r for r in caplog.records if r.name == "notebook_http.client.retry"]
    assert "answered 503: try 2 of 4 follows in 0.00 s" in record.getMessage()
    assert "0123456789abcdef" not in record.getMessage()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"attempts": 0}, ValueError),
        ({"attempts": 1.5}, TypeError),
        ({"attempts": True}, TypeError),
        ({"base_delay": -1}, ValueError),
        ({"max_delay": float("inf")}, ValueError),
        ({"max_total": float("nan")}, ValueError),
        ({"max_total": "1"}, TypeError),
        ({"methods": "GET"}, TypeError),
    ],
)
def test_arguments_that_make_no_sense(arguments: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=next(iter(arguments))):
        RetryMiddleware(**arguments)
