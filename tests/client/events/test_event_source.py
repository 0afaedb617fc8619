"""A source of events connects again, resumes, and gives up when it should."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from notebook_http.client import (
    ClientConnectorError,
    ClientPayloadError,
    ClientResponseError,
    ClientSession,
    ClientTimeout,
    ContentTypeError,
    SocketTimeoutError,
    TotalTimeoutError,
)
from notebook_http.wire.event_stream import ServerSentEvent

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
CHUNKED = HEAD.replace(b"Connection: close", b"Transfer-Encoding: chunked")
GONE = b"HTTP/1.1 204 No Content\r\n\r\n"
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
QUICK = b"retry: 1\n\n"
Stream = Callable[..., Awaitable[Any]]


def resumed_from(server: Any) -> list[str | None]:
    """Return the `Last-Event-ID` of each request."""
    found = [re.search(rb"\r\nLast-Event-ID: (.*)\r\n", request) for request in server.requests]
    return [None if match is None else match[1].decode() for match in found]


async def texts(source: Any) -> list[str]:
    return [event.data async for event in source]


async def test_events_arrive_as_they_are_sent(stream: Stream, session: ClientSession) -> None:
    """Split anywhere, slowly; the request asks for events."""
    body = 'event: add\nid: 7\ndata: {"a": "ü"}\n\ndata: b\n\n'.encode()
    server = await stream(
        (HEAD, QUICK, *[part for byte in body for part in (bytes([byte]), 0.0)]), (GONE,)
    )
    async with session.sse(server.url + "/events", params={"q": "1"}) as source:
        assert source.response is not None
        assert source.response.status == 200
        first = await anext(source)
        assert first == ServerSentEvent("add", '{"a": "ü"}', "7", None)
        assert first.json() == {"a": "ü"}
        assert await texts(source) == ["b"]
        assert source.closed
    head = server.requests[0]
    assert head.startswith(b"GET /events?q=1 HTTP/1.1\r\n")
    assert b"\r\nAccept: text/event-stream\r\n" in head
    assert b"\r\nCache-Control: no-store\r\n" in head


async def test_it_connects_again_and_names_the_last_event(
    stream: Stream, session: ClientSession
) -> None:
    """Also where the stream broke off, in the middle of an event: that one comes again."""
    server = await stream(
        (HEAD, QUICK, b"id: 1\ndata: a\n\n"),
        (CHUNKED, b"2\r\n\n\n\r\n", b"20\r\nid: 2\ndata: b\n\nid: 3\ndata: lost", 0.1),
        (HEAD, b"data: c\n\nid: \xc3\xbc\n\n"),
        (GONE,),
    )
    source = session.sse(server.url)
    assert await texts(source) == ["a", "b", "c"]
    assert resumed_from(server) == [None, "1", "2", "ü"]
    assert source.last_event_id == "ü"


async def test_it_waits_as_long_as_the_server_says(stream: Stream, session: ClientSession) -> None:
    server = await stream((HEAD, b"retry: 200\ndata: a\n\n"), (GONE,))
    source = session.sse(server.url)
    assert (await anext(source)).retry == 200
    assert source.retry_seconds == 0.2
    began = time.monotonic()
    assert await texts(source) == []
    assert 0.15 < time.monotonic() - began < 2


async def test_a_server_cannot_make_it_wait_for_ever_or_spin(
    stream: Stream, session: ClientSession
) -> None:
    """An hour at the most; and `retry: 0` with nothing else is a tenth of a second."""
    server = await stream((HEAD, b"retry: 0\n\n"), (HEAD,), (HEAD,), (GONE,))
    source = session.sse(server.url)
    began = time.monotonic()
    assert await texts(source) == []
    assert time.monotonic() - began > 0.15
    server = await stream((HEAD, b"retry: 99999999999999999\ndata: a\n\n"))
    async with session.sse(server.url) as source:
        await anext(source)
        assert source.retry_seconds == 3600


async def test_bytes_that_are_no_event_do_not_make_it_spin(
    stream: Stream, session: ClientSession
) -> None:
    """A server may say `retry: 0` each time, and nothing else."""
    server = await stream(*[(HEAD, b"retry: 0\n\n: hello\n\n")] * 4, (GONE,))
    began = time.monotonic()
    assert await texts(session.sse(server.url)) == []
    assert time.monotonic() - began > 0.35
    # With an event it is as good as its word.
    server = await stream(*[(HEAD, b"retry: 0\ndata: a\n\n")] * 4, (GONE,))
    assert await texts(session.sse(server.url)) == ["a"] * 4


async def test_passing_failures_are_tried_again(stream: Stream, session: ClientSession) -> None:
    """503, a connection closed without a word, and a body that breaks off at once."""
    server = await stream(
        (HEAD, QUICK, b"data: a\n\n"), (BUSY,), (), (CHUNKED,), (HEAD, b"data: b\n\n"), (GONE,)
    )
    assert await texts(session.sse(server.url)) == ["a", "b"]
    assert server.connections == 6


@pytest.mark.parametrize(
    ("failure", "error"), [((BUSY,), ClientResponseError), ((CHUNKED,), ClientPayloadError)]
)
async def test_too_many_failures_in_a_row_are_raised(
    stream: Stream, session: ClientSession, failure: Any, error: type[Exception]
) -> None:
    server = await stream((HEAD, QUICK, b"id: 9\ndata: a\n\n"), failure)
    source = session.sse(server.url, max_failures=3)
    assert (await anext(source)).data == "a"
    with pytest.raises(error) as caught:
        await anext(source)
    assert server.connections == 4
    assert "3 failures in a row" in caught.value.__notes__[0]
    assert source.last_event_id == "9"
    with pytest.raises(StopAsyncIteration):
        await anext(source)


async def test_retry_after_is_waited_for(stream: Stream, session: ClientSession) -> None:
    """RFC 9110 §10.2.3: longer than the stream's own `retry`, if the server says so."""
    busy = BUSY.replace(b"Content", b"Retry-After: 1\r\nContent")
    server = await stream((HEAD, QUICK, b"data: a\n\n"), (busy,), (HEAD, b"data: b\n\n"), (GONE,))
    source = session.sse(server.url)
    began = time.monotonic()
    assert [(await anext(source)).data for _ in "ab"] == ["a", "b"]
    assert 0.95 < time.monotonic() - began < 5
    source.close()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"reconnect_after": -1}, ValueError),
        ({"reconnect_after": "1"}, TypeError),
        ({"reconnect_after": float("nan")}, ValueError),
        ({"max_failures": 0}, ValueError),
        ({"max_failures": 1.5}, TypeError),
        ({"max_line_bytes": 0}, ValueError),
        ({"max_event_bytes": None}, TypeError),
        ({"last_event_id": 7}, TypeError),
    ],
)
async def test_arguments_that_make_no_sense(
    session: ClientSession, arguments: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error, match=f"sse: {next(iter(arguments))}"):
        session.sse("http://localhost/", **arguments)


async def test_a_server_that_went_away(session: ClientSession) -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        listener.close()
        writer.write(HEAD + QUICK + b"data: a\n\n")
        writer.close()

    listener = await asyncio.start_server(once, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    source = session.sse(f"http://127.0.0.1:{port}/", max_failures=2)
    assert (await anext(source)).data == "a"
    with pytest.raises(ClientConnectorError, match=str(port)):
        await anext(source)


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (b"500 Oops", ClientResponseError, "500.*begins with 200"),
        (b"404 No", ClientResponseError, "404"),
        (b"201 Made\r\nContent-Type: text/event-stream", ClientResponseError, "201"),
        (
            b"200 OK\r\nContent-Type: text/html; charset=x",
            ContentTypeError,
            "'text/html; charset=x'",
        ),
        (b"200 OK", ContentTypeError, "no Content-Type"),
    ],
)
@pytest.mark.parametrize("later", [False, True])
async def test_answers_that_are_no_event_stream(
    stream: Stream, session: ClientSession, answer: bytes, error: Any, says: str, later: bool
) -> None:
    """On the first connection, and when connecting again (500 passes by then)."""
    answer = b"HTTP/1.1 " + answer + b"\r\nContent-Length: 6\r\n\r\n<html>"
    server = await stream(*([(HEAD, QUICK, b"data: a\n\n")] if later else []), (answer,))
    source = session.sse(server.url, max_failures=1)
    if later:
        assert (await anext(source)).data == "a"
    with pytest.raises(error, match=says):
        await anext(source)
    assert source.closed
    assert server.connections == 1 + later


async def test_the_first_connection_has_to_succeed(
    stream: Stream, session: ClientSession, unused_tcp_port: int
) -> None:
    """A wrong address is an error now, and not after a minute of trying."""
    with pytest.raises(ClientConnectorError):
        await anext(session.sse(f"http://127.0.0.1:{unused_tcp_port}/"))
    server = await stream((BUSY,))
    with pytest.raises(ClientResponseError):
        async with session.sse(server.url):
            pytest.fail("there is nothing to read")
    assert server.connections == 1


async def test_204_at_once_is_an_empty_stream(stream: Stream, session: ClientSession) -> None:
    server = await stream((GONE,))
    async with session.sse(server.url) as source:
        assert await texts(source) == []


async def test_a_post_is_not_done_twice(stream: Stream, session: ClientSession) -> None:
    """Its end is the end; and a break-off is an error."""
    server = await stream((HEAD, b"data: a\n\n"), (CHUNKED, b"9\r\ndata: b\n\n\r\n"))
    assert await texts(session.sse(server.url, method="post", json={"q": 1})) == ["a"]
    source = session.sse(server.url, method="POST", json={"q": 1})
    assert (await anext(source)).data == "b"
    with pytest.raises(ClientPayloadError):
        await anext(source)
    assert server.connections == 2
    assert json.loads(server.requests[0].partition(b"\r\n\r\n")[2]) == {"q": 1}


async def test_reconnect_can_be_chosen(stream: Stream, session: ClientSession) -> None:
    server = await stream((HEAD, QUICK, b"data: a\n\n"), (GONE,))
    assert await texts(session.sse(server.url, reconnect=False)) == ["a"]
    assert server.connections == 1
    server = await stream((HEAD, QUICK, b"data: a\n\n"), (GONE,))
    assert await texts(session.sse(server.url, method="POST", reconnect=True)) == ["a"]
    assert server.connections == 2


async def test_the_caller_may_take_up_an_earlier_stream(
    stream: Stream, session: ClientSession
) -> None:
    """An id that cannot stand in a header stays at home."""
    server = await stream(
        (HEAD, QUICK, b"data: a\n\n"), (HEAD, b"id: x\x01y\ndata: b\n\n"), (GONE,)
    )
    source = session.sse(server.url, last_event_id="41", headers=[("Accept", "*/*"), ("X-A", "1")])
    assert [event.id async for event in source] == ["41", "x\x01y"]
    assert resumed_from(server) == ["41", "41", None]
    assert b"\r\nAccept: */*\r\n" in server.requests[0]
    assert b"\r\nX-A: 1\r\n" in server.requests[2]


# Time


async def test_total_does_not_cut_a_living_stream(stream: Stream) -> None:
    """It limits the way to the head of the answer, each time."""
    server = await stream((HEAD, QUICK, b"data: a\n\n", 0.5, b"data: b\n\n"), (1.5, GONE))
    async with ClientSession(timeout=ClientTimeout(total=0.3)) as session:
        source = session.sse(server.url, max_failures=1)
        assert (await anext(source)).data == "a"
        assert (await anext(source)).data == "b"
        with pytest.raises(TotalTimeoutError, match=r"0\.3 s that ClientTimeout.total"):
            await anext(source)
        assert session.connector._pool.busy_count == 0


async def test_a_silent_stream_is_left_after_sock_read(
    stream: Stream, session: ClientSession
) -> None:
    server = await stream((HEAD, QUICK, b"data: a\n\n", 5.0), (HEAD, b"data: b\n\n"), (GONE,))
    limits = ClientTimeout(sock_read=0.2)
    assert await texts(session.sse(server.url, timeout=limits)) == ["a", "b"]
    server = await stream((HEAD, 5.0))
    with pytest.raises(SocketTimeoutError):
        await anext(session.sse(server.url, timeout=limits, reconnect=False))


# Limits


@pytest.mark.parametrize("limit", ["max_line_bytes", "max_event_bytes"])
async def test_events_over_a_limit_end_it(
    stream: Stream, session: ClientSession, limit: str
) -> None:
    """What came before is delivered; connecting again would only meet the same."""
    server = await stream((HEAD, QUICK + b"data: a\n\n" + b"data: " + b"x" * 200 + b"\n\n", 5.0))
    source = session.sse(server.url, **{limit: 100})
    assert (await anext(source)).data == "a"
    with pytest.raises(ClientPayloadError, match=rf"100 bytes.*{limit}"):
        await anext(source)
    assert source.closed


# Leaving
