"""RequestLogMiddleware: one line for each request, and what is never in it."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any

import pytest

from notebook_http import web
from notebook_http.web.middlewares import RequestIdMiddleware, RequestLogMiddleware

NAME = "notebook_http.web.requests"


@pytest.fixture
def records(caplog: pytest.LogCaptureFixture) -> Any:
    """Return what gives the records so far."""
    caplog.set_level(logging.DEBUG, NAME)
    return lambda: [record for record in caplog.records if record.name == NAME]


async def test_a_line_says_what_was_asked_and_answered(asking: Any, records: Any) -> None:
    client = await asking(RequestIdMiddleware(), RequestLogMiddleware())
    await client.get("/text?page=2", headers={"X-Request-ID": "abc"})
    (record,) = records()
    assert re.fullmatch(r"GET /text\?page=2 200 in [\d.]+ ms", record.getMessage())
    assert (record.levelname, record.http_method, record.http_status) == ("INFO", "GET", 200)
    assert record.http_target == "/text?page=2"
    assert record.http_remote == "127.0.0.1"
    assert record.request_id == "abc"
    assert record.http_milliseconds > 0


@pytest.mark.parametrize(
    ("path", "outcome", "level"),
    [
        ("/forbidden", "403", "INFO"),
        ("/nowhere", "404", "INFO"),
        ("/stream", "200", "INFO"),
        ("/failing", "failed: ValueError", "ERROR"),
    ],
)
async def test_what_becomes_of_a_request(
    asking: Any, records: Any, path: str, outcome: str, level: str
) -> None:
    client = await asking(RequestLogMiddleware())
    await (await client.get(path)).read()
    (record,) = records()
    assert record.getMessage().startswith(f"GET {path} {outcome} in ")
    assert record.levelname == level


async def test_one_that_was_cancelled(asking: Any, records: Any) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        began.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        raise AssertionError

    client = await asking(RequestLogMiddleware(), routes=[web.get("/slow", slow)])
    task = asyncio.ensure_future(client.get("/slow"))
    await began.wait()
    task.cancel()
    await ended.wait()
    while not records():
        await asyncio.sleep(0.01)
    assert records()[0].getMessage().startswith("GET /slow cancelled in ")


async def test_secrets_are_masked(asking: Any, records: Any) -> None:
    fields = ["Authorization", "Cookie", "X-Plain", "Content-Type"]
    client = await asking(RequestLogMiddleware(headers=fields))
    headers = {"Authorization": "Bearer sesame-123456", "Cookie": "sid=abcdef", "X-Plain": "seen"}
    await client.get("/text?token=sesame-7890&page=1", headers=headers)
    (record,) = records()
    line = record.getMessage()
    assert "sesame" not in line + str(vars(record))
    assert "abcdef" not in line + str(vars(record))
    assert "page=1" in line
    assert "request X-Plain: seen" in line
    assert "response Content-Type: text/plain" in line
    assert record.http_request_headers["X-Plain"] == "seen"


async def test_a_logger_and_a_level_of_ones_own(
    asking: Any, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("mine")
    client = await asking(RequestLogMiddleware(logger, level=logging.DEBUG))
    caplog.set_level(logging.INFO, "mine")
    await client.get("/text")
    assert [record for record in caplog.records if record.name == "mine"] == []
    caplog.set_level(logging.DEBUG, "mine")
    await client.get("/text")
    assert [each.levelname for each in caplog.records if each.name == "mine"] == ["DEBUG"]


def test_wrong_arguments() -> None:
    with pytest.raises(TypeError, match="put it into one"):
        RequestLogMiddleware(headers="Cookie")
