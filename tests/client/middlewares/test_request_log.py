"""LoggingMiddleware: one line for each request, and what is never in it."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any

import pytest

from notebook_http import web
from notebook_http.client import ClientConnectorError, ClientSession
from notebook_http.client.middlewares import LoggingMiddleware


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    """Return what gives the lines so far."""
    caplog.set_level(logging.DEBUG, "notebook_http.client")
    return lambda: [
        f"{record.levelname} {record.getMessage()}"
        for record in caplog.records
        if record.name == "notebook_http.client"
    ]


async def ok(request: web.Request) -> web.Response:
    return web.Response(text="0123456789")


async def test_a_line_says_method_url_status_time_and_size(serve_handler: Any, lines: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        await asyncio.sleep(0.05)
        return web.Response(status=404, body=bytes(2048))

    server = await serve_handler(handler)
    async with ClientSession(middlewares=[LoggingMiddleware()]) as session:
        await (await session.delete(f"{server.url}a/b?q=1")).read()
    (line,) = lines()
    url = re.escape(f"{server.url}a/b?q=1")
    found = re.fullmatch(rf"INFO DELETE {url} 404 in ([\d.]+) ms, 2,048 bytes", line)
    assert found
    assert 50 <= float(found[1]) < 5000


async def test_time_and_size_are_those_of_the_whole_body(serve_handler: Any, lines: Any) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x" * 1000)
        await asyncio.sleep(0.1)
        await response.write(b"x" * 1000)
        await response.write_eof()
        return response

    server = await serve_handler(handler)
    async with ClientSession(middlewares=[LoggingMiddleware()]) as session:
        response = await session.get(server.url)
        assert lines() == []
        await response.read()
    (line,) = lines()
    assert line.endswith("2,000 bytes")
    assert float(line.split(" in ")[1].split(" ")[0]) >= 100


async def test_a_body_that_was_given_back_is_said_to_be(serve_handler: Any, lines: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=bytes(4 * 1024 * 1024))

    server = await serve_handler(handler)
    async with ClientSession(middlewares=[LoggingMiddleware()]) as session:
        response = await session.get(server.url)
        await response.content.read(10)
        response.release()
    (line,) = lines()
    assert line.endswith(" bytes, not whole")


async def test_secrets_are_masked(serve_handler: Any, lines: Any) -> None:
    server = await serve_handler(ok)
    url = server.url.replace("//", "//user:s3cretpass@")
    async with ClientSession(middlewares=[LoggingMiddleware()]) as session:
        await session.get(f"{url}?api_key=0123456789abcdef&page=2", headers={"X-Token": "hidden"})
    (line,) = lines()
    assert "?api_key=•••• (len 16)&page=2 200" in line
    for secret in ("0123456789abcdef", "s3cretpass", "hidden"):
        assert secret not in line


async def test_redirects_have_lines_of_their_own(serve_handler: Any, lines: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.path == "/":
            return web.Response(status=302, headers={"Location": "/there?token=abcdefgh12345"})
        return web.Response(text="there")

    server = await serve_handler(handler)
    async with ClientSession(middlewares=[LoggingMiddleware()]) as session:
        await session.get(server.url)
    first, second = lines()
    assert f"GET {server.url} 302 in" in first
    assert f"GET {server.url}there?token=•••• (len 13) 200 in" in second


async def test_a_failure_is_a_warning_of_one_line(unused_tcp_port: int, lines: Any) -> None:
    async with ClientSession(middlewares=[LoggingMiddleware()]) as session:
        with pytest.raises(ClientConnectorError):
            await session.get(f"http://127.0.0.1:{unused_tcp_port}/?token=abcdefgh12345")
    (line,) = lines()
    assert line.startswith("WARNING GET http://127.0.0.1:")
    assert " ms: ClientConnectorError: " in line
    assert "\n" not in line
    assert "abcdefgh12345" not in line


async def test_a_cancel_is_no_failure(serve_handler: Any, lines: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    server = await serve_handler(handler)
    async with ClientSession(middlewares=[LoggingMiddleware()]) as session:
        task = asyncio.create_task(session.get(server.url))
        while not server.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    (line,) = lines()
    assert line.startswith(f"INFO GET {server.url} cancelled after ")


async def test_logger_and_level_can_be_chosen(
    serve_handler: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server = await serve_handler(ok)
    caplog.set_level(logging.DEBUG, "mine")
    middleware = LoggingMiddleware(logging.getLogger("mine"), level=logging.DEBUG)
    async with ClientSession(middlewares=[middleware]) as session:
        await session.get(server.url)
        caplog.set_level(logging.INFO, "mine")
        await session.get(server.url)
    assert [r.levelname for r in caplog.records if r.name == "mine"] == ["DEBUG"]
