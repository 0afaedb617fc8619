"""A dict of handlers becomes an application, or a message that names the entry at fault."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

import notebook_http as nh
from notebook_http import web
from notebook_http.notebook.dict_application import application_from


async def ask(server: nh.Server, path: str, method: str = "GET") -> tuple[int, str, str]:
    """Return status, content type and text of an answer."""
    async with nh.request(method, server.url + path) as response:
        return response.status, response.headers.get("Content-Type", ""), await response.text()


@pytest.mark.parametrize(
    ("value", "content_type", "text"),
    [
        ({"a": [1, None]}, "application/json; charset=utf-8", '{"a": [1, null]}'),
        ([1, 2], "application/json; charset=utf-8", "[1, 2]"),
        ((), "application/json; charset=utf-8", "[]"),
        (5, "application/json; charset=utf-8", "5"),
        (True, "application/json; charset=utf-8", "true"),
        ("grüß <b>", "text/plain; charset=utf-8", "grüß <b>"),
        (b"bytes", "application/octet-stream", "bytes"),
        (bytearray(b"more"), "application/octet-stream", "more"),
    ],
)
async def test_plain_values_become_responses(value: Any, content_type: str, text: str) -> None:
    """What people return when nobody told them of responses; text is never taken for HTML."""

    async def handler(request: web.Request) -> Any:
        return value

    async with nh.Server({"/": handler}) as server:
        assert await ask(server, "") == (200, content_type, text)


async def test_responses_and_errors_pass_as_they_are() -> None:
    """All of `web` can be used in a dict's handlers, too; paths have variables."""

    async def made(request: web.Request) -> web.Response:
        if request.match_info["name"] == "nobody":
            raise web.HTTPNotFound(text="who?")
        return web.json_response({"made": request.match_info["name"]}, status=201)

    async with nh.Server({"POST /people/{name}": made}) as server:
        assert (await ask(server, "people/ada", "POST"))[0] == 201
        assert (await ask(server, "people/nobody", "POST"))[::2] == (404, "who?")
        assert (await ask(server, "people/ada"))[0] == 405


async def test_keys_mean_what_they_look_like() -> None:
    """No method is GET, a star is any, small letters do; a GET answers HEAD."""
    handlers: dict[str, Callable[[web.Request], Any]] = {
        "/plain": lambda request: request.method,
        "get /small": lambda request: request.method,
        "* /any": lambda request: request.method,
        "GET  /spaced ": lambda request: request.method,
        "HEAD /own": lambda request: web.Response(status=204),
        "GET /own": lambda request: request.method,
    }
    async with nh.Server(handlers) as server:
        for path in ("plain", "small", "any", "spaced", "own"):
            assert (await ask(server, path))[2] == "GET"
        assert (await ask(server, "any", "PATCH"))[2] == "PATCH"
        assert (await ask(server, "plain", "HEAD"))[0] == 200
        assert (await ask(server, "own", "HEAD"))[0] == 204


async def test_a_handler_that_returns_nothing_is_told_so(caplog: pytest.LogCaptureFixture) -> None:
    """A forgotten `return` answers 500, and the log names the route."""
    async with nh.Server({"GET /none": lambda request: None}) as server:
        assert (await ask(server, "none"))[0] == 500
    assert "The handler of 'GET /none' returned None" in caplog.text


@pytest.mark.parametrize(
    ("routes", "error", "said"),
    [
        ({"GTE /x": print}, ValueError, "Did you mean 'GET /x'?"),
        ({"GET": print}, ValueError, "'GET' has no path"),
        ({"GET x": print}, ValueError, "'GET x' has no path"),
        ({"GET /a b": print}, ValueError, "no spaces"),
        ({"": print}, ValueError, "does not begin with an HTTP method"),
        ({"/a b": print}, ValueError, "does not begin with an HTTP method"),
        ({"hello": print}, ValueError, "Write a method and a path"),
        ({"GET /{": print}, ValueError, "The entry 'GET /{' has no valid path"),
        ({"GET /x": print, "/x": print}, ValueError, "the second is '/x'"),
        ({5: print}, TypeError, "not a int"),
        ({"GET /x": {"a": 1}}, TypeError, "The entry 'GET /x' needs a handler, not a dict"),
        ({"GET /x": None}, TypeError, "not None"),
    ],
)
def test_what_is_no_route_is_named(
    routes: dict[Any, Any], error: type[Exception], said: str
) -> None:
    """In few lines, before any socket is opened."""
    with pytest.raises(error) as caught:
        application_from(routes)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 12


def test_each_dict_makes_an_application_of_its_own() -> None:
    """So a cell can be run again; handlers keep their names for tracebacks."""

    async def hello(request: web.Request) -> Any:
        """Say hello."""
        return json.dumps({})

    routes = {"GET /hello": hello}
    one, two = application_from(routes), application_from(routes)
    assert one is not two
    (route, _) = one.router.routes()
    assert route.handler.__name__ == "hello"
