"""Whatever goes wrong is told once, and a listener that fails leaves nothing behind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from notebook_http.client import (
    ClientConnectionError,
    ClientConnectorError,
    ClientResponseError,
    ClientSession,
    ClientTimeout,
    InvalidURL,
    NonHttpUrlClientError,
    TCPConnector,
    TooManyRedirects,
)
from notebook_http.client.tracing import TraceConfig

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GONE = b"HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n"
LOOP = b"HTTP/1.1 302 Go\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
ABROAD = b"HTTP/1.1 302 Go\r\nLocation: ftp://x/\r\nContent-Length: 0\r\n\r\n"
EVENTS = [name for name in dir(TraceConfig) if name.startswith("on_")]
Told = list[tuple[str, Any]]


def listening(told: Told, fails_at: str = "") -> TraceConfig:
    """Return a configuration that notes everything, and raises at one event."""
    config = TraceConfig()
    for event in EVENTS:

        async def listen(session: Any, context: Any, params: Any, event: str = event) -> None:
            told.append((event.removeprefix("on_"), params))
            if event == "on_" + fails_at:
                raise ZeroDivisionError(event)

        getattr(config, event).append(listen)
    return config


def only_error(told: Told) -> BaseException:
    """Return the error that was told, which must be the last event and the only one of its kind."""
    names = [name for name, _ in told]
    assert names[0] == "request_start"
    assert names[-1] == "request_exception"
    assert names.count("request_exception") == 1
    assert "request_end" not in names
    error: BaseException = told[-1][1].exception
    return error


def assert_free(session: ClientSession) -> None:
    """All slots are given back, and nobody waits for one."""
    assert session.connector is not None
    pool = session.connector._pool
    assert pool.busy_count == pool.waiting_count == 0


async def test_a_refused_connection(unused_tcp_port: int) -> None:
    told: Told = []
    async with ClientSession(trace_configs=[listening(told)]) as session:
        with pytest.raises(ClientConnectorError) as caught:
            await session.get(f"http://127.0.0.1:{unused_tcp_port}/")
    assert only_error(told) is caught.value
    assert [name for name, _ in told] == [
        "request_start",
        "connection_create_start",
        "request_exception",
    ]


async def test_a_name_without_an_address() -> None:
    told: Told = []
    async with ClientSession(trace_configs=[listening(told)]) as session:
        with pytest.raises(ClientConnectorError):
            await session.get("http://no-such-name.invalid/")
    assert [name for name, _ in told] == [
        "request_start",
        "connection_create_start",
        "dns_cache_miss",
        "dns_resolvehost_start",
        "request_exception",
    ]


@pytest.mark.parametrize(
    ("answer", "options", "error"),
    [
        (GONE, {"raise_for_status": True}, ClientResponseError),
        (LOOP, {"max_redirects": 2}, TooManyRedirects),
        (ABROAD, {}, NonHttpUrlClientError),
        (b"what?\r\n\r\n", {}, ClientResponseError),
    ],
    ids=["status", "loop", "scheme", "no-http"],
)
async def test_an_answer_that_is_an_error(
    serve: Any, answer: bytes, options: dict[str, Any], error: type[Exception]
) -> None:
    server = await serve(answer)
    told: Told = []
    async with ClientSession(trace_configs=[listening(told)]) as session:
        with pytest.raises(error) as caught:
            await session.get(server.url, **options)
        assert_free(session)
    assert only_error(told) is caught.value


async def test_a_body_that_cannot_be_produced(serve: Any) -> None:
    server = await serve(OK)
    told: Told = []

    async def body() -> Any:
        yield b"one"
        raise KeyError("two")

    async with ClientSession(trace_configs=[listening(told)]) as session:
        with pytest.raises(ClientConnectionError) as caught:
            await session.post(server.url, data=body())
        assert_free(session)
    assert only_error(told) is caught.value
    assert [params.chunk for name, params in told if name == "request_chunk_sent"] == [b"one"]


async def test_a_cancel_and_a_time_out(serve: Any) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    server = await serve(silent)
    told: Told = []
    async with ClientSession(trace_configs=[listening(told)]) as session:
        with pytest.raises(TimeoutError) as caught:
            await session.get(server.url, timeout=ClientTimeout(total=0.05))
        assert only_error(told) is caught.value
        told.clear()
        task = asyncio.create_task(session.get(server.url))
        while "request_headers_sent" not in [name for name, _ in told]:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert isinstance(only_error(told), asyncio.CancelledError)
        assert_free(session)


async def test_what_is_no_request_is_told_to_nobody() -> None:
    """The caller has erred, and no request was begun."""
    told: Told = []
    async with ClientSession(trace_configs=[listening(told)]) as session:
        with pytest.raises(NonHttpUrlClientError):
            await session.get("ftp://example.org/")
        with pytest.raises(InvalidURL):
            await session.get("http://")
        with pytest.raises(ValueError, match="same time"):
            await session.post("http://127.0.0.1/", data=b"", json=1)
        task = session.get("http://127.0.0.1/")
        await session.connector.close()
        with pytest.raises(RuntimeError, match="closed"):
            await task
    assert told == []


@pytest.mark.parametrize(
    "event",
    [
        "request_start",
        "connection_create_start",
        "dns_cache_miss",
        "dns_resolvehost_start",
        "dns_resolvehost_end",
        "connection_create_end",
        "request_headers_sent",
        "request_chunk_sent",
        "request_redirect",
        "request_end",
    ],
)
async def test_a_listener_that_raises_ends_the_request(serve: Any, event: str) -> None:
    server = await serve(LOOP.replace(b"Location: /", b"Location: /b"), OK)
    told: Told = []
    connector = TCPConnector(limit=1, family=2)
    config = listening(told, fails_at=event)
    async with ClientSession(connector=connector, trace_configs=[config]) as session:
        with pytest.raises(ZeroDivisionError):
            await session.put(f"http://localhost:{server.port}/", data=b"body")
        assert_free(session)
        if event != "request_start":  # who did not see it begin does not see it end
            assert isinstance(told[-1][1].exception, ZeroDivisionError)


@pytest.mark.parametrize(
    "event", ["connection_create_start", "dns_cache_miss", "connection_create_end"]
)
@pytest.mark.parametrize("timeout", [ClientTimeout(), ClientTimeout(sock_connect=None)])
async def test_a_time_out_of_a_listener_is_its_own(
    serve: Any, event: str, timeout: ClientTimeout
) -> None:
    """It is not taken for one of the connection's."""
    server = await serve(OK)
    config = TraceConfig()

    async def listen(session: Any, context: Any, params: Any) -> None:
        raise TimeoutError(event)

    getattr(config, "on_" + event).append(listen)
    async with ClientSession(trace_configs=[config], timeout=timeout) as session:
        with pytest.raises(TimeoutError, match=f"^{event}$") as caught:
            await session.get(f"http://localhost:{server.port}/")
        assert type(caught.value) is TimeoutError
        assert_free(session)


async def test_a_listener_that_raises_at_a_kept_connection_or_in_the_queue(serve: Any) -> None:
    server = await serve(OK)
    for event in ("connection_reuseconn", "connection_queued_start", "connection_queued_end"):
        told: Told = []
        config = listening(told, fails_at=event)
        connector = TCPConnector(limit=1)
        async with ClientSession(connector=connector, trace_configs=[config]) as session:

            async def ask(session: ClientSession = session) -> None:
                async with session.get(server.url) as response:
                    await response.read()

            results = await asyncio.gather(ask(), ask(), return_exceptions=True)
            assert [type(result) for result in results] == [type(None), ZeroDivisionError], event
            assert_free(session)


async def test_a_connection_that_breaks_while_a_listener_is_busy(
    serve: Any, read_request: Any
) -> None:
    """The request goes out once more over a new one, as without listeners."""
    served: list[bytes] = []

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(await read_request(reader))
        writer.write(OK)
        await writer.drain()
        await asyncio.sleep(0.05)

    server = await serve(once)
    config = TraceConfig()

    @config.on_request_headers_sent
    async def dawdle(session: Any, context: Any, params: Any) -> None:
        if len(served) == 1:
            await asyncio.sleep(0.15)

    async with ClientSession(trace_configs=[config]) as session:
        for _ in range(2):
            async with session.get(server.url) as response:
                assert await response.read() == b"ok"
        assert server.connections == 2
        assert_free(session)


async def test_the_clock_of_sock_read_does_not_run_for_listeners(serve: Any) -> None:
    server = await serve(OK)
    config = TraceConfig()

    @config.on_request_headers_sent
    async def dawdle(session: Any, context: Any, params: Any) -> None:
        await asyncio.sleep(0.15)

    limits = ClientTimeout(sock_read=0.1)
    async with ClientSession(trace_configs=[config], timeout=limits) as session:
        response = await session.get(server.url)
        assert await response.read() == b"ok"


async def test_a_body_that_breaks_off_is_not_told_as_read(serve: Any) -> None:
    async def short(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")

    server = await serve(short)
    told: Told = []
    async with ClientSession(trace_configs=[listening(told)]) as session:
        response = await session.get(server.url)
        with pytest.raises(Exception, match="not completed"):
            await response.read()
    assert [name for name, _ in told][-1] == "request_end"


async def test_a_listener_that_raises_at_the_body_closes_the_response(serve: Any) -> None:
    server = await serve(OK)
    config = listening([], fails_at="response_chunk_received")
    async with ClientSession(trace_configs=[config]) as session:
        response = await session.get(server.url)
        with pytest.raises(ZeroDivisionError):
            await response.read()
        assert response.closed
        assert_free(session)
