"""ProblemDetailsMiddleware: errors that programs can read, and nothing of the inside."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

from notebook_http import ClientError, web
from notebook_http.web.middlewares import ProblemDetailsMiddleware, RequestIdMiddleware

TYPE = "application/problem+json"


async def problem_of(client: Any, path: str, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
    answer = await client.get(path, **kwargs)
    assert answer.headers["Content-Type"] == TYPE
    found = json.loads(await answer.read())
    assert found["type"] == "about:blank"
    assert found["status"] == answer.status
    return answer, found


async def test_an_error_that_was_raised(asking: Any) -> None:
    client = await asking(ProblemDetailsMiddleware())
    _, found = await problem_of(client, "/forbidden")
    assert (found["status"], found["title"]) == (403, "Forbidden")
    assert found["detail"] == "not for you"


async def test_no_route(asking: Any) -> None:
    client = await asking(ProblemDetailsMiddleware())
    for _ in range(2):
        _, found = await problem_of(client, "/nowhere")
        assert found == {"type": "about:blank", "title": "Not Found", "status": 404}


async def test_fields_and_cookies_stay(asking: Any) -> None:
    async def refuse(request: web.Request) -> web.Response:
        error = web.HTTPServiceUnavailable(headers={"Retry-After": "7"}, reason="Closed for lunch")
        error.set_cookie("seen", "1")
        raise error

    client = await asking(ProblemDetailsMiddleware(), routes=[web.get("/refuse", refuse)])
    answer, found = await problem_of(client, "/refuse")
    assert found["title"] == "Closed for lunch"
    assert answer.headers["Retry-After"] == "7"
    assert answer.cookies["seen"].value == "1"
    assert "detail" not in found


async def test_allow_of_405_stays(asking: Any) -> None:
    routes = [web.get("/only", lambda request: web.Response())]
    client = await asking(ProblemDetailsMiddleware(), routes=routes)
    answer = await client.post("/only")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD")
    assert answer.headers["Content-Type"] == TYPE


async def test_other_errors_tell_nothing(asking: Any, caplog: pytest.LogCaptureFixture) -> None:
    client = await asking(RequestIdMiddleware(), ProblemDetailsMiddleware())
    answer, found = await problem_of(client, "/failing", headers={"X-Request-ID": "abc"})
    assert found == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "request_id": "abc",
    }
    (record,) = [each for each in caplog.records if each.name == "notebook_http.server"]
    assert (record.levelno, record.exc_info is not None) == (logging.ERROR, True)
    assert answer.status == 500


async def test_a_time_out_is_504(asking: Any) -> None:
    async def wait(request: web.Request) -> web.Response:
        async with asyncio.timeout(0):
            await asyncio.sleep(10)
        raise AssertionError

    client = await asking(ProblemDetailsMiddleware(), routes=[web.get("/wait", wait)])
    _, found = await problem_of(client, "/wait")
    assert found["title"] == "Gateway Timeout"


async def test_a_body_that_cannot_be_read_is_400(asking: Any) -> None:
    async def read(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    client = await asking(ProblemDetailsMiddleware(), routes=[web.post("/read", read)])
    answer = await client.post("/read", data=b"no gzip", headers={"Content-Encoding": "gzip"})
    assert (answer.status, answer.headers["Content-Type"]) == (400, TYPE)


async def test_a_debug_page_only_when_asked(asking: Any) -> None:
    client = await asking(ProblemDetailsMiddleware(debug=True))
    answer = await client.get("/failing?<script>", headers={"Accept": "text/html,*/*"})
    page = await answer.text()
    assert (answer.status, answer.content_type) == (500, "text/html")
    assert "ValueError: the password=" in page
    assert "hunter2" not in page
    assert "<script>" not in page
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    _, found = await problem_of(client, "/failing")
    assert any("in failing" in line for line in found["traceback"])
    assert "hunter2" not in str(found)


async def test_what_is_left_alone(asking: Any) -> None:
    async def page(request: web.Request) -> web.Response:
        raise web.HTTPNotFound(text="<h1>Gone</h1>", content_type="text/html")

    async def move(request: web.Request) -> web.Response:
        raise web.HTTPFound("/elsewhere")

    async def returned(request: web.Request) -> web.Response:
        return web.Response(status=404, text="mine")

    routes = [web.get("/page", page), web.get("/move", move), web.get("/returned", returned)]
    client = await asking(ProblemDetailsMiddleware(), routes=routes)
    assert await (await client.get("/page")).text() == "<h1>Gone</h1>"
    assert await (await client.get("/returned")).text() == "mine"
    answer = await client.get("/move", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (302, "/elsewhere")


async def test_half_an_answer_is_not_followed_by_another(asking: Any) -> None:
    client = await asking(ProblemDetailsMiddleware())
    answer = await client.get("/half")
    with pytest.raises(ClientError):
        await answer.read()
