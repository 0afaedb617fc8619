"""What servers log is masked: a kernel shows it below a cell, and the cell is saved."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Callable
from typing import Any

import pytest

import notebook_http as nh
from notebook_http import web


@pytest.fixture
def written() -> Any:
    """What a handler of the application's own writes, access log included."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger("notebook_http")
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


async def test_secrets_of_a_request_are_in_no_log(
    written: io.StringIO, get: Callable[..., tuple[int, str]]
) -> None:
    """Neither those of the URL, nor those that a handler's error tells."""

    async def broken(request: web.Request) -> None:
        message = f"no such token: {request.query['token']}, password=c4n4ry"
        raise LookupError(message)

    async with nh.Server({"/broken": broken, "/fine": lambda request: "x"}) as server:
        for path in ("broken?token=c4n4ry&page=2", "fine?api_key=c4n4ry&page=3"):
            await asyncio.to_thread(get, server.url + path)
    log = written.getvalue()
    assert "c4n4ry" not in log
    assert "/broken?token=***&page=2" in log
    assert '"GET /fine?api_key=***&page=3 HTTP/1.1" 200' in log
    assert "LookupError: no such token: ••••" in log
    assert "in broken" in log


async def test_a_line_whose_arguments_do_not_fit_disturbs_nobody(
    get: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in any program: logging says so by itself, the answer is sent."""
    monkeypatch.setattr(logging, "raiseExceptions", False)  # it says so on stderr

    async def handler(request: web.Request) -> str:
        request.app.logger.warning("%d records", "many")
        return "fine"

    async with nh.Server({"/": handler}) as server:
        assert await asyncio.to_thread(get, server.url) == (200, "fine")


@pytest.mark.kernel
def test_a_cell_shows_a_handlers_error_without_the_secrets_of_its_request(cells: Any) -> None:
    """The error is seen where the server was started."""
    cells.run(
        "async def broken(request):\n    raise LookupError('mine')\n"
        "srv = await nh.serve({'/broken': broken}, name='broken')"
    )
    ran = cells.run("await nh.get(srv.url + 'broken?token=c4n4ry'); await asyncio.sleep(0.5)")
    shown = ran.stderr + "".join(str(content) for _, content in ran.others)
    assert "LookupError: mine" in shown
    assert "broken?token=***" in shown
    assert "c4n4ry" not in shown
