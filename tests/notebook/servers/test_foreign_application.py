"""FastAPI, Starlette and Flask applications in `nh.serve`: told apart, served, and on a card."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import fastapi
import flask
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute

import notebook_http as nh
from notebook_http import web
from notebook_http.web.asgi.interface import is_asgi, is_wsgi

Get = Callable[..., tuple[int, str]]


async def asgi_function(scope: Any, receive: Any, send: Any) -> None:
    """Answer nothing."""


def asgi_plain(scope: Any, receive: Any, send: Any) -> Any:
    """Return something to await."""


def wsgi_function(environ: Any, start_response: Any) -> Any:
    """Answer nothing."""


class AsgiMethod:
    """An application that is an object."""

    async def __call__(self, a: Any, b: Any, c: Any) -> None:
        """Answer nothing."""

    async def method(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer nothing."""


async def handler(request: Any) -> Any:
    """Be no application."""


async def middleware(request: Any, handler: Any) -> Any:
    """Be no application."""


@pytest.mark.parametrize(
    ("app", "kind"),
    [
        (asgi_function, "asgi"),
        (asgi_plain, "asgi"),
        (partial(asgi_function), "asgi"),
        (AsgiMethod(), "asgi"),
        (AsgiMethod().method, "asgi"),
        (fastapi.FastAPI(), "asgi"),
        (Starlette(), "asgi"),
        (wsgi_function, "wsgi"),
        (flask.Flask("app"), "wsgi"),
        (handler, None),
        (middleware, None),
        (AsgiMethod, None),
        (print, None),
        (dict, None),
        (None, None),
    ],
    # Not by what `str` says of most: an address, which each process of a run has anew.
    ids=lambda value: getattr(value, "__qualname__", type(value).__name__),
)
def test_kinds_are_told_apart(app: Any, kind: str | None) -> None:
    """A handler that is served by mistake is no application of either kind."""
    assert (is_asgi(app), is_wsgi(app)) == (kind == "asgi", kind == "wsgi")


def fastapi_app() -> Any:
    app = fastapi.FastAPI()

    @app.get("/items/{item_id}")
    async def read_item(item_id: int) -> dict[str, int]:
        return {"item_id": item_id}

    @app.websocket("/ws")
    async def talk(websocket: fastapi.WebSocket) -> None:
        await websocket.accept()

    return app


def flask_app() -> Any:
    app = flask.Flask("shop")

    @app.get("/items/<int:item_id>")
    def read_item(item_id: int) -> dict[str, int]:
        return {"item_id": item_id}

    return app


@pytest.mark.parametrize("make", [fastapi_app, flask_app])
async def test_serve_takes_them_as_they_are(make: Any, get: Get) -> None:
    """In a script, with the same line as for any other application."""
    server = await nh.serve(make())
    try:
        status, body = await asyncio.to_thread(get, f"{server.url}items/5")
        assert (status, body.replace(" ", "").strip()) == (200, '{"item_id":5}')
        assert ("/items/", "GET") in {
            (path.partition("<")[0].partition("{")[0], method)
            for method, path in server.facts().routes
        }
    finally:
        await server.stop()


def test_card_lists_their_routes() -> None:
    """Not the one route that we have for all of them."""
    text = nh.Server(fastapi_app(), name="shop")._repr_mimebundle_()["text/plain"]
    assert "/items/{item_id}" in text
    assert "WS" in text
    assert "/ws" in text

    async def home(request: Any) -> Any:
        return PlainTextResponse("")

    routes = [Route("/", home, methods=["GET", "POST"]), Mount("/sub", routes=[]), home]
    routes[2] = WebSocketRoute("/talk", home)
    server = nh.Server(Starlette(routes=routes))
    assert server.facts().routes == [("GET", "/"), ("POST", "/"), ("*", "/sub"), ("WS", "/talk")]


def test_application_that_keeps_its_routes_to_itself() -> None:
    """There is still the one that answers everything."""
    assert nh.Server(asgi_function).facts().routes == [("*", "/{path}")]


def test_handler_by_mistake_is_told_what_to_write() -> None:
    """It is the most likely slip."""
    with pytest.raises(TypeError, match=r'a dict like \{"GET /hello": handler\}'):
        nh.Server(handler)


@pytest.mark.parametrize(("app", "call"), [(asgi_function, "asgi"), (wsgi_function, "wsgi")])
def test_run_app_says_what_to_write(app: Any, call: str) -> None:
    """In a script `run_app` takes ours only, as aiohttp's does, and knows the way."""
    with pytest.raises(TypeError, match=rf"web\.{call}_app"):
        web.run_app(app, print=None)


@pytest.mark.kernel
def test_cell_serves_fastapi(cells: Any, get: Get) -> None:
    """And shows its card; run again, it keeps its address."""
    code = (
        "import fastapi\n"
        "app = fastapi.FastAPI()\n"
        "@app.get('/hello')\n"
        "async def hello(name: str): return {'hello': name}\n"
        "srv = await nh.serve(app)\n"
        "print(srv.url)\n"
    )
    urls = set()
    for _ in range(2):
        ran = cells.run(code, "cell-fastapi")
        assert (ran.error, ran.stderr) == ("", "")
        assert "/hello" in ran.cards[0]["text/plain"]
        urls.add(ran.stdout.strip())
    (url,) = urls
    assert get(f"{url}hello?name=Ada") == (200, '{"hello":"Ada"}')
