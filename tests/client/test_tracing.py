"""Those who trace are told each step of a request, in order, with what it was about."""

from __future__ import annotations

import asyncio
import io
import socket
from types import SimpleNamespace
from typing import Any

import pytest
from multidict import CIMultiDict
from yarl import URL

import notebook_http as nh
from notebook_http.client import ClientSession, TCPConnector
from notebook_http.client.tracing import TraceConfig

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
EVENTS = [name for name in dir(TraceConfig) if name.startswith("on_")]
Told = list[tuple[str, Any, Any]]


def to(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


def listening(told: Told) -> TraceConfig:
    """Return a configuration whose listeners note all that they are told."""
    config = TraceConfig()
    for event in EVENTS:

        async def listen(session: Any, context: Any, params: Any, event: str = event) -> None:
            assert isinstance(session, ClientSession)
            told.append((event.removeprefix("on_"), params, context))

        getattr(config, event).append(listen)
    return config


def names(told: Told) -> list[str]:
    return [name for name, _, _ in told]


def params_of(told: Told, name: str) -> list[Any]:
    return [params for told_name, params, _ in told if told_name == name]


async def test_a_request_over_a_new_connection_and_over_a_kept_one(serve: Any) -> None:
    server = await serve(OK)
    told: Told = []
    async with ClientSession(trace_configs=[listening(told)]) as session:
        async with session.get(server.url + "/a#part", params={"b": "1"}) as response:
            await response.read()
        assert names(told) == [
            "request_start",
            "connection_create_start",
            "connection_create_end",
            "request_headers_sent",
            "request_end",
            "response_chunk_received",
        ]
        start = params_of(told, "request_start")[0]
        assert (start.method, start.url) == ("GET", URL(server.url + "/a?b=1#part"))
        head = params_of(told, "request_headers_sent")[0]
        assert (head.method, head.url) == ("GET", URL(server.url + "/a?b=1"))
        assert head.headers["Host"] == f"127.0.0.1:{server.port}"
        assert params_of(told, "request_end")[0].response is response
        assert params_of(told, "response_chunk_received")[0].chunk == b"ok"
        told.clear()
        async with session.get(server.url) as response:
            await response.text()
        assert names(told) == [
            "request_start",
            "connection_reuseconn",
            "request_headers_sent",
            "request_end",
            "response_chunk_received",
        ]


async def test_the_look_up_of_a_name(serve: Any) -> None:
    """Told once: who comes later finds the answer, or waits for the same one."""
    server = await serve(OK)
    told: Told = []
    connector = TCPConnector(family=socket.AF_INET, force_close=True)
    async with ClientSession(connector=connector, trace_configs=[listening(told)]) as session:
        await session.get(f"http://localhost:{server.port}/")
        assert names(told)[1:6] == [
            "connection_create_start",
            "dns_cache_miss",
            "dns_resolvehost_start",
            "dns_resolvehost_end",
            "connection_create_end",
        ]
        assert params_of(told, "dns_resolvehost_start") == [
            nh.TraceDnsResolveHostStartParams("localhost")
        ]
        told.clear()
        await session.get(f"http://localhost:{server.port}/")
        assert names(told)[1:4] == [
            "connection_create_start",
            "dns_cache_hit",
            "connection_create_end",
        ]
        connector.clear_dns_cache()
        told.clear()
        twice = (session.get(f"http://localhost:{server.port}/") for _ in range(2))
        await asyncio.gather(*twice)
        assert sorted(name for name in names(told) if name.startswith("dns_cache")) == [
            "dns_cache_hit",
            "dns_cache_miss",
        ]
        assert names(told).count("dns_resolvehost_start") == 1


async def test_a_look_up_without_a_cache(serve: Any) -> None:
    server = await serve(OK)
    told: Told = []
    connector = TCPConnector(family=socket.AF_INET, use_dns_cache=False)
    async with ClientSession(connector=connector, trace_configs=[listening(told)]) as session:
        await session.get(f"http://localhost:{server.port}/")
    assert [name for name in names(told) if name.startswith("dns")] == [
        "dns_resolvehost_start",
        "dns_resolvehost_end",
    ]


async def test_waiting_for_a_connection(serve: Any) -> None:
    server = await serve(OK)
    told: Told = []
    connector = TCPConnector(limit=1)
    async with ClientSession(connector=connector, trace_configs=[listening(told)]) as session:

        async def ask(number: int) -> None:
            async with session.get(server.url, trace_request_ctx=number) as response:
                await response.read()

        await asyncio.gather(ask(0), ask(1))
        second = [name for name, _, context in told if context.trace_request_ctx == 1]
        assert second[:5] == [
            "request_start",
            "connection_queued_start",
            "connection_queued_end",
            "connection_reuseconn",
            "request_headers_sent",
        ]


async def pieces() -> Any:
    yield b"one"
    yield b"two"


@pytest.mark.parametrize(
    ("body", "chunks"),
    [
        ({"data": b"small"}, [b"small"]),
        ({"data": b""}, [b""]),
        ({"json": {"a": 1}}, [b'{"a": 1}']),
        ({"data": b"x" * 300_000}, [b"x" * 300_000]),
        ({"data": pieces}, [b"one", b"two"]),
        ({"data": b"abc" * 9, "compress": "deflate"}, [b"abc" * 9]),
        ({"data": io.BytesIO(b"file")}, [b"file"]),
        ({}, []),
    ],
    ids=["bytes", "empty", "json", "large", "generator", "compressed", "file", "none"],
)
async def test_the_body_is_told_as_it_was_given(
    serve: Any, read_request: Any, body: dict[str, Any], chunks: list[bytes]
) -> None:
    """Neither encoded nor framed, whatever it looks like on the wire."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)

    server = await serve(talk)
    told: Told = []
    if body.get("data") is pieces:
        body = {"data": pieces()}
    async with ClientSession(trace_configs=[listening(told)]) as session:
        await session.post(server.url + "/p", **body)
    assert [params.chunk for params in params_of(told, "request_chunk_sent")] == chunks
    for params in params_of(told, "request_chunk_sent"):
        assert (params.method, params.url) == ("POST", URL(server.url + "/p"))
        assert type(params.chunk) is bytes
    if chunks:
        order = names(told)
        assert order.index("request_headers_sent") < order.index("request_chunk_sent")


async def test_redirects_are_told_with_the_request_that_met_them(serve: Any) -> None:
    server = await serve(to("/b?c=1", 303), OK)
    told: Told = []
    async with ClientSession(trace_configs=[listening(told)]) as session:
        response = await session.post(server.url + "/a", data=b"body")
    assert names(told).count("request_start") == 1
    redirect = params_of(told, "request_redirect")[0]
    assert (redirect.method, redirect.url) == ("POST", URL(server.url + "/a"))
    assert redirect.response.status == 303
    end = params_of(told, "request_end")[0]
    assert (end.method, end.url) == ("GET", URL(server.url + "/b?c=1"))
    assert end.response is response


async def test_credentials_are_not_told_of_another_origin(serve: Any) -> None:
    other = await serve(OK)
    server = await serve(to(other.url + "/x"))
    told: Told = []
    async with ClientSession(trace_configs=[listening(told)]) as session:
        await session.get(server.url, headers={"Authorization": "Basic s3cret", "X": "1"})
    assert params_of(told, "request_redirect")[0].headers["Authorization"] == "Basic s3cret"
    assert params_of(told, "request_end")[0].headers == CIMultiDict(X="1")
    assert b"s3cret" not in other.requests[0]
    assert b"\r\nX: 1\r\n" in other.requests[0]


async def test_credentials_of_a_url_are_told_once(serve: Any) -> None:
    server = await serve(OK)
    told: Told = []
    async with ClientSession(trace_configs=[listening(told)]) as session:
        await session.get(f"http://me:s3cret@127.0.0.1:{server.port}/")
    assert params_of(told, "request_end")[0].url == URL(server.url + "/")


async def test_a_listener_may_change_the_headers(serve: Any) -> None:
    """What instrumentation does: add a trace's id, also to what redirects lead to."""
    server = await serve(to("/b"), OK)
    config = TraceConfig()

    @config.on_request_start
    async def sign(session: Any, context: Any, params: Any) -> None:
        params.headers["Traceparent"] = "00-1-2-01"
        del params.headers["X-Session"]

    async with ClientSession(trace_configs=[config], headers={"X-Session": "1"}) as session:
        await session.get(server.url)
    for request in server.requests:
        assert b"\r\nTraceparent: 00-1-2-01\r\n" in request
        assert b"X-Session" not in request
        assert b"\r\nUser-Agent: " in request


async def test_a_listener_may_change_the_head_at_the_last_moment(serve: Any) -> None:
    server = await serve(OK)
    config = TraceConfig()

    @config.on_request_headers_sent
    async def late(session: Any, context: Any, params: Any) -> None:
        params.headers["X-Late"] = "1"

    async with ClientSession(trace_configs=[config]) as session:
        await session.post(server.url, data=b"body")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert b"\r\nX-Late: 1" in head
    assert body == b"body"


async def test_each_request_has_a_context_of_its_own_in_each_configuration(serve: Any) -> None:
    server = await serve(OK)
    first: Told = []
    second: Told = []
    both = [listening(first), listening(second)]
    async with ClientSession(trace_configs=both) as session:
        assert session.trace_configs is both
        await session.get(server.url, trace_request_ctx={"n": 1})
        await session.get(server.url)
    assert names(first) == names(second)
    contexts = {id(context): context for _, _, context in first + second}
    assert len(contexts) == 4
    given = [context.trace_request_ctx for context in contexts.values()]
    assert given.count({"n": 1}) == given.count(None) == 2


async def test_a_context_can_be_of_any_class(serve: Any) -> None:
    class Notes(SimpleNamespace):
        pass

    server = await serve(OK)
    seen: list[Any] = []
    config = TraceConfig(trace_config_ctx_factory=Notes)
    assert config.trace_config_ctx("x") == Notes(trace_request_ctx="x")

    @config.on_request_end
    async def ended(session: Any, context: Any, params: Any) -> None:
        seen.append(context)

    async with ClientSession(trace_configs=[config]) as session:
        await session.get(server.url, trace_request_ctx=5)
    assert seen == [Notes(trace_request_ctx=5)]


async def test_listeners_come_before_the_session() -> None:
    config = TraceConfig()
    async with ClientSession(trace_configs=[config]):
        with pytest.raises(RuntimeError, match="frozen"):
            config.on_request_end.append(lambda *_: None)  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match="on_request_end cannot be replaced"):
        config.on_request_end = None
    params = nh.TraceDnsCacheHitParams(host="a")
    with pytest.raises(AttributeError):
        params.host = "b"  # type: ignore[misc]


async def test_nobody_is_told_when_nobody_listens(session: ClientSession, serve: Any) -> None:
    server = await serve(OK)
    response = await session.get(server.url, trace_request_ctx=1)
    assert response.timings.traces is None
    assert session.trace_configs == []
