"""Applications in the shape of Starlette's documentation, and Flask's quickstart."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import flask
import pytest
from a2wsgi import WSGIMiddleware
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute

pytestmark = pytest.mark.peer


class Home(HTTPEndpoint):
    """An endpoint with a method for each method."""

    async def get(self, request: Request) -> Response:
        return PlainTextResponse(f"Hello, {request.query_params.get('name', 'world')}!")

    async def post(self, request: Request) -> Response:
        return JSONResponse({"got": await request.json()}, status_code=201)


async def visit(request: Request) -> Response:
    """Count visits in a signed cookie."""
    request.session["visits"] = request.session.get("visits", 0) + 1
    return JSONResponse(dict(request.session))


async def user(request: Request) -> Response:
    name, number = request.path_params["name"], request.path_params["number"]
    return PlainTextResponse(f"{name} {number} {request.url_for('api:user', name='b', number=2)}")


async def large(request: Request) -> Response:
    return PlainTextResponse("abracadabra " * 5000)


async def events(request: Request) -> Response:
    """Stream server-sent events."""

    async def made() -> AsyncIterator[str]:
        for number in range(5):
            yield f"id: {number}\ndata: {{}}\n\n"
            await asyncio.sleep(0.002)

    return StreamingResponse(made(), media_type="text/event-stream")


async def fail(request: Request) -> Response:
    raise {"value": ValueError("on purpose"), "teapot": HTTPException(418)}[
        request.query_params["how"]
    ]


async def on_value_error(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=422)


class Timing(BaseHTTPMiddleware):
    """A middleware that calls the application in a task of its own."""

    async def dispatch(self, request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers["X-Timing"] = "yes"
        return response


class Echo(WebSocketEndpoint):
    """An endpoint that gives back what it gets."""

    encoding = "bytes"

    async def on_receive(self, websocket: Any, data: Any) -> None:
        await websocket.send_bytes(b"got " + data)


def documented() -> Starlette:
    api = [Route("/users/{name}/{number:int}", user, name="user"), Route("/events", events)]
    return Starlette(
        routes=[
            Route("/", Home),
            Route("/visit", visit),
            Route("/large", large),
            Route("/fail", fail),
            Mount("/api", routes=api, name="api"),
            WebSocketRoute("/echo", Echo),
        ],
        middleware=[
            Middleware(Timing),
            Middleware(SessionMiddleware, secret_key="secret", max_age=None),
            Middleware(GZipMiddleware, minimum_size=1000),
        ],
        exception_handlers={ValueError: on_value_error},
    )


async def test_routes_middlewares_and_errors(same_answers: Any) -> None:
    """Endpoints, mounts, sessions, GZip, streams, exception handlers."""
    answers = await same_answers(
        documented,
        ("GET", "/?name=Ada"),
        ("HEAD", "/"),
        ("POST", "/", {"json": [1, "ü"]}),
        ("DELETE", "/"),
        ("GET", "/api/users/a%20b/7"),
        ("GET", "/api/users/a/x"),
        ("GET", "/api/events"),
        ("GET", "/fail?how=value"),
        ("GET", "/fail?how=teapot"),
        ("GET", "/large", {"headers": {"Accept-Encoding": "gzip"}}),
        ("GET", "/large", {"headers": {"Accept-Encoding": "identity"}}),
        ("GET", "/large/"),
        ("OPTIONS", "/"),
    )
    assert answers[0].body == b"Hello, Ada!"
    assert answers[6].body.count(b"data: {}") == 5
    assert len({len(answer.body) for answer in answers[9:11]}) == 1


async def test_session_cookies_are_understood(servers: Any) -> None:
    """What one answer sets, the next request brings back."""
    for url in (await servers(documented)).values():
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            counts = []
            for _ in range(3):
                async with session.get(f"{url}/visit") as response:
                    counts.append((await response.json())["visits"])
            assert counts == [1, 2, 3]
            socket = await session.ws_connect(f"{url}/echo")
            await socket.send_bytes(b"\x00" * 70_000)
            assert await socket.receive_bytes() == b"got " + b"\x00" * 70_000
            await socket.close()


async def test_raw_applications(same_answers: Any) -> None:
    """No framework at all: what comes, in the order in which it comes."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while True:
                kind = (await receive())["type"]
                await send({"type": f"{kind}.complete"})
                if kind == "lifespan.shutdown":
                    return
        told = {key: scope[key] for key in ("type", "method", "path", "root_path", "scheme")}
        told |= {key: scope[key].decode() for key in ("raw_path", "query_string")}
        told["headers"] = sorted(name.decode() for name, _ in scope["headers"])
        body, more = b"", True
        while more:
            event = await receive()
            body, more = body + event["body"], event["more_body"]
        told["body"] = gzip.decompress(body).decode() if scope["query_string"] else body.decode()
        answer = json.dumps(told).encode()
        headers = [(b"content-length", b"%d" % len(answer)), (b"x-twice", b"1"), (b"x-twice", b"2")]
        await send({"type": "http.response.start", "status": 299, "headers": headers})
        await send({"type": "http.response.body", "body": answer[:9], "more_body": True})
        await send({"type": "http.response.body", "body": answer[9:]})

    await same_answers(
        lambda: app,
        ("GET", "/caf%C3%A9/%2e%2e/x%2Fy;z"),
        ("POST", "/", {"data": b"body"}),
        ("HEAD", "/"),
        (
            "PUT",
            "/a?coded",
            {"data": gzip.compress(b"body"), "headers": {"Content-Encoding": "gzip"}},
        ),
    )


@pytest.mark.parametrize("made_by", ["stream", "poll"])
async def test_endless_stream_ends_when_its_client_leaves(servers: Any, made_by: str) -> None:
    """Also one that is silent, of a generator or of an application that asks by itself."""
    ended: list[str] = []

    async def silent(request: Request) -> Response:
        async def made() -> AsyncIterator[bytes]:
            try:
                yield b"first"
                while True:
                    if made_by == "poll" and await request.is_disconnected():
                        return
                    await asyncio.sleep(60 if made_by == "stream" else 0.005)
            finally:
                ended.append("generator")

        return StreamingResponse(made(), background=BackgroundTask(ended.append, "background"))

    def make() -> Starlette:
        return Starlette(routes=[Route("/", silent)])

    for url in (await servers(make)).values():
        ended.clear()
        async with aiohttp.ClientSession() as session:
            response = await session.get(f"{url}/")
            assert await response.content.readany() == b"first"
            response.close()
        async with asyncio.timeout(5):
            while "generator" not in ended:
                await asyncio.sleep(0.005)


async def test_upload_that_breaks_off(servers: Any) -> None:
    """Starlette hears that its client has left."""
    heard: list[str] = []

    async def upload(request: Request) -> Response:
        try:
            await request.body()
        except ClientDisconnect:
            heard.append("left")
            raise
        return Response()

    for url in (
        await servers(lambda: Starlette(routes=[Route("/", upload, methods=["POST"])]))
    ).values():
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.close()
    async with asyncio.timeout(5):
        while len(heard) < 2:
            await asyncio.sleep(0.005)


def quickstart() -> Any:
    """Return an application as Flask's quickstart builds it."""
    app = flask.Flask("quickstart")
    app.secret_key = "secret"

    @app.route("/")
    def index() -> str:
        return "<p>Hello, World!</p>"

    @app.route("/user/<username>")
    def profile(username: str) -> str:
        return f"User {flask.url_for('profile', username=username)}"

    @app.route("/post/<int:post_id>")
    def show_post(post_id: int) -> Any:
        return {"post": post_id, "args": flask.request.args.to_dict()}

    @app.route("/login", methods=["GET", "POST"])
    def login() -> Any:
        if flask.request.method == "POST":
            flask.session["name"] = flask.request.form["name"]
            return flask.redirect(flask.url_for("index"))
        return flask.Response("who?", status=401, headers={"X-Say": "name"})

    @app.route("/upload", methods=["POST"])
    def upload() -> Any:
        sent = flask.request.files["file"]
        return {"name": sent.filename, "size": len(sent.read())}

    @app.errorhandler(404)
    def missing(error: Any) -> Any:
        return "nothing here", 404

    return app


def file_form() -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("file", b"y" * 200_000, filename="notes.txt")
    return form


async def test_quickstart_of_flask(same_answers: Any) -> None:
    """Through a2wsgi on either server."""
    answers = await same_answers(
        lambda: WSGIMiddleware(quickstart()),
        ("GET", "/"),
        ("HEAD", "/"),
        ("GET", "/user/J%C3%BCrgen"),
        ("GET", "/post/5?a=1&b=%20"),
        ("GET", "/post/x"),
        ("GET", "/login"),
        ("POST", "/login", {"data": {"name": "Ada"}}),
        ("POST", "/upload", {"data": file_form}),
        ("PUT", "/"),
    )
    assert json.loads(answers[7].body) == {"name": "notes.txt", "size": 200_000}
