"""make_mocked_request and make_mocked_coro, as the unit tests of handlers use them."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import pytest


def test_a_request_without_a_loop(library: Any) -> None:
    request = library.test_utils.make_mocked_request(
        "get", "/path?a=1&a=2", headers={"Token": "x", "Cookie": "k=v"}
    )
    assert isinstance(request, library.web.Request)
    assert (request.method, request.path, request.path_qs) == ("GET", "/path", "/path?a=1&a=2")
    assert request.query.getall("a") == ["1", "2"]
    assert request.headers["token"] == "x"
    assert dict(request.cookies) == {"k": "v"}
    assert (request.version.major, request.version.minor) == (1, 1)
    assert request.keep_alive
    assert request.scheme == "http"
    assert not request.body_exists
    assert dict(request.match_info) == {}


def test_the_connection_ends_where_it_has_to(library: Any) -> None:
    make = library.test_utils.make_mocked_request
    assert not make("GET", "/", closing=True).keep_alive
    assert not make("GET", "/", version=library.top.HttpVersion10).keep_alive


def test_values_of_the_path(library: Any) -> None:
    request = library.test_utils.make_mocked_request("GET", "/u/7", match_info={"id": "7"})
    assert request.match_info["id"] == "7"


def test_an_application_to_keep_things_in(library: Any) -> None:
    request = library.test_utils.make_mocked_request("GET", "/")
    request.app["db"] = "here"
    assert request.app["db"] == "here"
    app = library.web.Application()
    request = library.test_utils.make_mocked_request("GET", "/", app=app)
    assert request.app is app
    assert request.match_info.apps == (app,)


def test_over_tls(library: Any) -> None:
    context = ssl.create_default_context()
    request = library.test_utils.make_mocked_request("GET", "/", sslcontext=context)
    assert request.transport.get_extra_info("sslcontext") is context
    assert (request.scheme, request.secure) == ("https", True)


async def test_a_body(library: Any) -> None:
    request = library.test_utils.make_mocked_request("POST", "/")
    protocol = request.protocol
    body = library.top.StreamReader(protocol, 2**16, loop=asyncio.get_running_loop())
    body.feed_data(b'{"a": 1}')
    body.feed_eof()
    request = library.test_utils.make_mocked_request(
        "POST", "/", headers={"Content-Type": "application/json"}, payload=body
    )
    assert request.body_exists
    assert await request.json() == {"a": 1}


async def test_a_handler_is_called_by_hand(library: Any) -> None:
    async def handler(request: Any) -> Any:
        return library.web.Response(text=f"user {request.match_info['id']}")

    request = library.test_utils.make_mocked_request("GET", "/u/7", match_info={"id": "7"})
    response = await handler(request)
    assert response.text == "user 7"


async def test_a_limit_on_the_body(library: Any) -> None:
    request = library.test_utils.make_mocked_request("POST", "/", client_max_size=10)
    body = library.top.StreamReader(request.protocol, 2**16, loop=asyncio.get_running_loop())
    body.feed_data(b"x" * 11)
    body.feed_eof()
    request = library.test_utils.make_mocked_request("POST", "/", payload=body, client_max_size=10)
    with pytest.raises(library.web.HTTPRequestEntityTooLarge):
        await request.read()


async def test_what_an_answer_writes_is_seen_at_the_transport() -> None:
    """Ours: aiohttp writes to the mocked `writer`."""
    from notebook_http import test_utils, web

    request = test_utils.make_mocked_request("GET", "/")
    response = web.StreamResponse(status=418)
    await response.prepare(request)
    await response.write(b"teapot")
    await response.write_eof()
    transport: Any = request.transport
    written = b"".join(call.args[0] for call in transport.write.call_args_list)
    assert written.startswith(b"HTTP/1.1 418 ")
    assert written.endswith(b"6\r\nteapot\r\n0\r\n\r\n")


async def test_the_signals_of_an_application_run() -> None:
    from notebook_http import test_utils, web

    async def mark(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["X-Seen"] = request.path

    app = web.Application()
    app.on_response_prepare.append(mark)
    app.freeze()
    response = web.StreamResponse()
    await response.prepare(test_utils.make_mocked_request("GET", "/p", app=app))
    assert response.headers["X-Seen"] == "/p"


async def test_a_coroutine_that_knows_how_it_was_called(library: Any) -> None:
    answer = library.test_utils.make_mocked_coro("value")
    assert await answer(1, key=2) == "value"
    answer.assert_called_once_with(1, key=2)
    failing = library.test_utils.make_mocked_coro(raise_exception=KeyError("no"))
    with pytest.raises(KeyError):
        await failing()
    done = library.test_utils.make_mocked_coro(asyncio.sleep(0, "lost"))
    assert await done() is None
