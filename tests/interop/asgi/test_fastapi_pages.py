"""What FastAPI's tutorial teaches of pages, files, streams and middlewares."""

# Without `from __future__ import annotations`: FastAPI looks annotations up in the module, and what
# they name here is inside of functions.

import asyncio
import io
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import flask
import pytest
from a2wsgi import WSGIMiddleware
from fastapi import (
    FastAPI,
    File,
    Form,
    Request,
    Response,
    UploadFile,
)
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.middleware.httpsredirect import HTTPSRedirectMiddleware
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import StreamingResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel

pytestmark = pytest.mark.peer


def page(folder: Path) -> FastAPI:
    """Templates, forms, files in several ways, streams of rows, and a WSGI application inside."""
    (folder / "item.html").write_text(
        '<a href="{{ url_for("read", name="next one") }}">{{ name }}</a>'
    )
    app = FastAPI()
    templates = Jinja2Templates(directory=folder)

    @app.get("/pages/{name}")
    async def read(request: Request, name: str) -> Any:
        return templates.TemplateResponse(request, "item.html", {"name": name})

    class Login(BaseModel):
        username: str
        password: str
        model_config = {"extra": "forbid"}

    @app.post("/login")
    async def login(form: Annotated[Login, Form()]) -> Any:
        return form.username

    @app.post("/files")
    async def files(
        files: Annotated[list[UploadFile], File()], note: Annotated[str, Form()] = ""
    ) -> Any:
        return [(each.filename, each.size, each.headers.get("x-part")) for each in files], note

    @app.get("/rows")
    def rows() -> StreamingResponse:
        def made() -> Iterator[str]:
            for number in range(20):
                yield json.dumps({"row": number}) + "\n"

        return StreamingResponse(made(), media_type="application/x-ndjson")

    @app.get("/late")
    async def late() -> StreamingResponse:
        async def made() -> AsyncIterator[bytes]:
            yield b""
            await asyncio.sleep(0.01)
            yield b"late"

        return StreamingResponse(made(), headers={"Content-Length": "4"})

    inner = flask.Flask("inner")

    @inner.route("/")
    def index() -> str:
        return f"Hello, {flask.request.args.get('name')} from {flask.request.script_root}"

    app.mount("/v1", WSGIMiddleware(inner))
    return app


def parts() -> aiohttp.FormData:
    form = aiohttp.FormData()
    for number, size in enumerate((0, 1, 70_000, 1_200_000)):
        form.add_field("files", io.BytesIO(b"z" * size), filename=f"{number} ß.bin")
    form.add_field("note", "two\r\nlines")
    return form


async def test_pages_and_files(tmp_path: Path, same_answers: Any) -> None:
    """Small parts stay in memory, large ones go to a file; a template makes URLs."""
    answers = await same_answers(
        lambda: page(tmp_path),
        ("GET", "/pages/a%3Cb%3E"),
        ("POST", "/login", {"data": {"username": "ada", "password": "x"}}),
        ("POST", "/login", {"data": {"username": "ada", "password": "x", "more": "y"}}),
        ("POST", "/files", {"data": parts}),
        ("POST", "/files", {"data": {"note": "none"}}),
        ("GET", "/rows"),
        ("GET", "/late"),
        ("GET", "/v1/?name=Ada"),
    )
    assert [size for _, size, _ in json.loads(answers[3].body)[0]] == [0, 1, 70_000, 1_200_000]
    assert answers[6].body == b"late"
    assert answers[7].body == b"Hello, Ada from /v1"


def layered(layers: list[tuple[Any, dict[str, Any]]]) -> FastAPI:
    app = FastAPI()
    for layer, options in layers:
        app.add_middleware(layer, **options)

    @app.middleware("http")
    async def timed(request: Request, call_next: Callable[[Request], Any]) -> Response:
        began = time.perf_counter()
        response: Response = await call_next(request)
        response.headers["X-Timed"] = str(time.perf_counter() > began)
        return response

    @app.get("/large")
    async def large() -> Any:
        return {"text": "abc" * 2000}

    return app


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([(GZipMiddleware, {"minimum_size": 1000})], 200),
        ([(TrustedHostMiddleware, {"allowed_hosts": ["*.example.com"]})], 400),
        ([(HTTPSRedirectMiddleware, {})], 307),
    ],
    ids=["gzip", "host", "redirect"],
)
async def test_middlewares(layers: Any, expected: int, same_answers: Any) -> None:
    """The ones that come with it."""
    # The redirect names the port that each server has.
    answers = await same_answers(
        lambda: layered(layers), ("GET", "/large", {"headers": {"Host": "front.test"}})
    )
    assert answers[0].status == expected
