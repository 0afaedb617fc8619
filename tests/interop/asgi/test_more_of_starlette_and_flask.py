"""What else the documentations of Starlette and Flask teach, on our server as on uvicorn."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import flask
import pytest
from a2wsgi import WSGIMiddleware
from starlette.applications import Starlette
from starlette.authentication import (
    AuthCredentials,
    AuthenticationBackend,
    AuthenticationError,
    SimpleUser,
    requires,
)
from starlette.background import BackgroundTasks
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Host, Mount, Route, Router, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

pytestmark = pytest.mark.peer

MULTIPART = "multipart/form-data; boundary=x"


class Basic(AuthenticationBackend):
    """Says who sends Basic credentials."""

    async def authenticate(self, conn: Any) -> Any:
        if "Authorization" not in conn.headers:
            return None
        try:
            name, _, _ = base64.b64decode(conn.headers["Authorization"].split()[1]).partition(b":")
        except (ValueError, IndexError) as error:
            raise AuthenticationError("Invalid basic auth credentials") from error
        return AuthCredentials(["authenticated"]), SimpleUser(name.decode())


@requires("authenticated", redirect="home")
async def dashboard(request: Request) -> Response:
    return PlainTextResponse(request.user.display_name)


async def home(request: Request) -> Response:
    return PlainTextResponse(f"home of {request.user.display_name or 'nobody'}")


async def told(request: Request) -> Response:
    """Tell what Starlette made of the request."""
    return JSONResponse(
        {
            "method": request.method,
            "path": request.url.path,
            "query": sorted(request.query_params.multi_items()),
            "cookies": request.cookies,
            "host": request.headers["host"].partition(":")[0],
            "scheme": request.url.scheme,
            "loaded": request.state.loaded,
        }
    )


async def upload(request: Request) -> Response:
    async with request.form(max_files=2, max_fields=3) as form:
        told = {}
        for name, value in form.multi_items():
            told[name] = value if isinstance(value, str) else [value.filename, value.size]
        return JSONResponse(told)


async def cookies(request: Request) -> Response:
    response = Response(status_code=201)
    response.set_cookie("a", "1 2", max_age=60, path="/x", httponly=True, samesite="lax")
    response.set_cookie("b", "ü".encode().hex(), secure=True)
    response.delete_cookie("c")
    return response


async def denied(socket: WebSocket) -> None:
    refusal = JSONResponse({"no": "entry"}, status_code=451, headers={"X-Why": "law"})
    await socket.send_denial_response(refusal)


def everything(folder: Path, notes: list[str]) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, str]]:
        yield {"loaded": "yes"}

    async def file(request: Request) -> Response:
        tasks = BackgroundTasks()
        tasks.add_task(notes.append, "sent")
        return FileResponse(folder / "page.html", background=tasks, filename="ü.html")

    api = Router([Route("/told", told, methods=["GET", "POST"])])
    return Starlette(
        routes=[
            Route("/", home, name="home"),
            Route("/dashboard", dashboard),
            Route("/upload", upload, methods=["POST"]),
            Route("/cookies", cookies),
            Route("/file", file),
            Route("/away", lambda request: RedirectResponse("https://example.org/ü?a b")),
            Mount("/files", StaticFiles(directory=folder, html=True), name="files"),
            Mount("/deep/{number:int}", app=api),
            WebSocketRoute("/denied", denied),
            Host("api.example.org", api, name="api"),
        ],
        middleware=[Middleware(AuthenticationMiddleware, backend=Basic())],
        lifespan=lifespan,
    )


def three_files() -> aiohttp.FormData:
    form = aiohttp.FormData()
    for name in ("one", "two", "three"):
        form.add_field(name, io.BytesIO(b"x"), filename=name)
    return form


def two_files() -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("large", io.BytesIO(b"x" * 1_500_000), filename="l.bin")
    form.add_field("text", "a\nb")
    form.add_field("empty", io.BytesIO(), filename="e.bin")
    return form


async def test_hosts_users_forms_and_files(tmp_path: Path, same_answers: Any) -> None:
    (tmp_path / "page.html").write_text("<h1>page</h1>" * 100)
    (tmp_path / "404.html").write_text("<h1>not here</h1>")
    all_notes: list[list[str]] = []

    def make() -> Starlette:
        all_notes.append([])
        return everything(tmp_path, all_notes[-1])

    known = {"headers": {"Authorization": "Basic " + base64.b64encode(b"ada:x").decode()}}
    answers = await same_answers(
        make,
        ("GET", "/"),
        ("GET", "/", known),
        ("GET", "/", {"headers": {"Authorization": "Basic"}}),
        ("GET", "/dashboard"),
        ("GET", "/dashboard", known),
        ("POST", "/upload", {"data": two_files}),
        ("POST", "/upload", {"data": three_files}),
        (
            "POST",
            "/upload",
            {
                "data": b"--x\r\nbroken",
                "headers": {"Content-Type": MULTIPART},
            },
        ),
        ("GET", "/cookies"),
        ("GET", "/file"),
        ("HEAD", "/file"),
        ("GET", "/file", {"headers": {"Range": "bytes=3-12"}}),
        ("GET", "/away"),
        ("GET", "/files/page.html"),
        ("GET", "/files/nothing"),
        ("GET", "/deep/5/told?a=1&a=2&b=%20", {"headers": {"Cookie": 'x=1; y="2 3"'}}),
        ("POST", "/deep/x/told"),
        ("GET", "/told", {"headers": {"Host": "api.example.org"}}),
        ("OPTIONS", "/deep/5/told"),
    )
    assert [each.status for each in answers[:7]] == [200, 200, 400, 303, 200, 200, 400]
    assert answers[4].body == b"ada"
    assert all_notes[0] == all_notes[1]


async def test_a_denial_with_a_body(servers: Any) -> None:
    """In place of the handshake, an answer as any other."""
    denials = []
    for url in (await servers(lambda: everything(Path(), []))).values():
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(f"{url}/denied")
            assert refused.value.headers is not None
            denials.append((refused.value.status, refused.value.headers["X-Why"]))
    assert denials == [(451, "law")] * 2


def documented_flask(folder: Path) -> Any:
    """Blueprints, hooks, cookies, JSON, streams, files, errors."""
    app = flask.Flask("documented", root_path=str(folder))
    app.config["MAX_CONTENT_LENGTH"] = 1000
    shop = flask.Blueprint("shop", "documented", url_prefix="/shop")

    @app.before_request
    def started() -> None:
        flask.g.asked = flask.request.path

    @app.after_request
    def marked(response: flask.Response) -> flask.Response:
        response.headers["X-Asked"] = flask.g.asked
        return response

    @shop.route("/<path:rest>", methods=["GET", "PUT", "DELETE"])
    def anything(rest: str) -> Any:
        sent = flask.request.get_json(silent=True)
        return flask.jsonify(rest=rest, method=flask.request.method, json=sent)

    @app.route("/stream")
    def stream() -> flask.Response:
        @flask.stream_with_context
        def made() -> Iterator[str]:
            for number in range(5):
                yield f"{number} {flask.request.args['name']}\n"

        return flask.Response(made(), mimetype="text/csv")

    @app.route("/cookie")
    def cookie() -> flask.Response:
        response = flask.make_response(flask.render_template_string("<b>{{ a }}</b>", a="<&>"))
        response.set_cookie("seen", flask.request.cookies.get("seen", "no"), samesite="Strict")
        return response

    @app.route("/file")
    def file() -> flask.Response:
        return flask.send_from_directory(folder, "page.html", conditional=True)

    @app.route("/body", methods=["POST"])
    def body() -> str:
        return str(len(flask.request.get_data()))

    @app.route("/fail/<int:code>")
    def fail(code: int) -> Any:
        flask.abort(code, description="on purpose") if code else 1 / 0

    @app.errorhandler(403)
    def forbidden(error: Any) -> Any:
        return {"error": error.description}, 403, {"X-Error": "yes"}

    app.register_blueprint(shop)
    return app


async def test_more_of_flask(tmp_path: Path, same_answers: Any) -> None:
    (tmp_path / "page.html").write_text("<h1>page</h1>" * 100)
    answers = await same_answers(
        lambda: WSGIMiddleware(documented_flask(tmp_path)),
        ("GET", "/shop/a/b%20c?x"),
        ("PUT", "/shop/x", {"json": {"a": ["ü"]}}),
        ("POST", "/shop/x"),
        ("OPTIONS", "/shop/x"),
        ("GET", "/stream?name=%C3%BC"),
        ("GET", "/cookie", {"headers": {"Cookie": "seen=yes"}}),
        ("GET", "/file", {"headers": {"Range": "bytes=5-9"}}),
        ("HEAD", "/file"),
        ("POST", "/body", {"data": b"x" * 1000}),
        ("POST", "/body", {"data": b"x" * 1001}),
        ("GET", "/fail/403"),
        ("GET", "/fail/418"),
        ("GET", "/fail/0"),
    )
    assert [each.status for each in answers[6:]] == [206, 200, 200, 413, 403, 418, 500]
    assert answers[4].body.decode() == "".join(f"{number} ü\n" for number in range(5))
