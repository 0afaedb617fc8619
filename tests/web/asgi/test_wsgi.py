"""WSGI applications, run in threads through a2wsgi."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from typing import Any

import flask
import pytest

from notebook_http import web


def environ_of(environ: Any, start_response: Any) -> Any:
    """Answer with what an application is told."""
    told = {key: value for key, value in environ.items() if isinstance(value, str)}
    told["body"] = environ["wsgi.input"].read().decode()
    told["main"] = threading.current_thread() is threading.main_thread()
    body = json.dumps(told).encode()
    start_response("200 OK", [("Content-Type", "text/x"), ("Content-Length", str(len(body)))])
    return [body]


async def test_environ(serve: Any, ask: Any):
    """Mounted, SCRIPT_NAME is the prefix and PATH_INFO the rest, decoded."""
    outer = web.Application()
    outer.add_subapp("/shop", web.wsgi_app(environ_of))
    port = await serve(outer)
    _, body = await ask(port, "POST", "/shop/caf%C3%A9?a=b", b"text", Content_Type="text/x")
    told = json.loads(body)
    assert told["SCRIPT_NAME"] == "/shop"
    assert told["PATH_INFO"].encode("latin-1").decode() == "/café"
    assert (told["QUERY_STRING"], told["REQUEST_METHOD"], told["body"]) == ("a=b", "POST", "text")
    assert (told["CONTENT_TYPE"], told["CONTENT_LENGTH"]) == ("text/x", "4")
    assert (told["SERVER_PORT"], told["REMOTE_ADDR"]) == (str(port), "127.0.0.1")
    assert told["main"] is False


async def test_fields_that_an_environ_could_not_tell_apart_are_left_out(serve: Any, talk: Any):
    """``X_Forwarded_For`` would pass for what a proxy vouches for."""
    port = await serve(web.wsgi_app(environ_of))
    head = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX_Forwarded_For: evil\r\n\r\n"
    told = json.loads((await talk(port, head)).partition(b"\r\n\r\n")[2])
    assert "HTTP_X_FORWARDED_FOR" not in told


async def test_flask_streams_both_ways(serve: Any, ask: Any):
    """A thread reads an upload and yields an answer while the loop serves others."""
    app = flask.Flask("streams")

    @app.post("/up")
    def up() -> Any:
        sizes = iter(lambda: len(flask.request.stream.read(100_000)), 0)
        return {"size": sum(sizes)}

    @app.get("/down")
    def down() -> Any:
        return (f"{number}\n" for number in range(1000))

    @app.get("/fail")
    def fail() -> Any:
        raise ValueError("on purpose")

    port = await serve(web.wsgi_app(app))
    assert json.loads((await ask(port, "POST", "/up", bytes(1_000_000)))[1]) == {"size": 1_000_000}
    _, body = await ask(port, "GET", "/down")
    assert body.count(b"\n") >= 1000
    assert (await ask(port, "GET", "/fail"))[0].startswith(b"HTTP/1.1 500 ")


async def test_blocking_applications_do_not_block_the_loop(serve: Any, ask: Any):
    """Two that wait for each other are both answered."""
    barrier = threading.Barrier(2, timeout=5)

    def app(environ: Any, start_response: Any) -> Any:
        barrier.wait()
        start_response("204 No Content", [])
        return []

    port = await serve(web.wsgi_app(app))
    answers = await asyncio.gather(ask(port), ask(port))
    assert [head.startswith(b"HTTP/1.1 204 ") for head, _ in answers] == [True, True]


def test_missing_a2wsgi_is_named_with_the_command():
    """In a process that cannot import it."""
    code = (
        "import sys; sys.modules['a2wsgi'] = None\n"
        "from notebook_http import web\n"
        "try: web.wsgi_app(lambda environ, start_response: [])\n"
        "except ImportError as error: print(error)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'notebook-http[wsgi]'" in ran.stdout


def test_what_cannot_be_called_is_refused():
    """Said at once."""
    with pytest.raises(TypeError, match="can be called"):
        web.wsgi_app("app")  # type: ignore[arg-type]
