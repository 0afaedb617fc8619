"""The three programs typed into cells of a real kernel."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import notebook_http as nh

pytestmark = pytest.mark.kernel

RunCell = Callable[[str], Awaitable[Any]]
LAUNCHER = Path(__file__).with_name("run_with_hosts.py")


async def get(url: str) -> str:
    """Ask from this process: the server lives in the kernel's."""
    async with nh.ClientSession() as session, session.get(url) as response:
        assert response.status == 200
        return await response.text()


async def send_example_com_home(run_cell: RunCell, port: int) -> None:
    """Let the kernel resolve example.com to a local server."""
    prepared = await run_cell(
        "import runpy\n"
        f"runpy.run_path({str(LAUNCHER)!r})['send_names_home']({json.dumps({'example.com': port})})"
    )
    assert prepared.error is None


async def test_client_is_awaited_in_a_cell(
    run_cell: RunCell, program: Callable[[str], str], example_com_port: int
) -> None:
    """The kernel's loop runs already, so the last line becomes `await make_request()`."""
    await send_example_com_home(run_cell, example_com_port)
    code = program("client").replace("asyncio.run(make_request())", "await make_request()")
    for _ in range(2):
        result = await run_cell(code)
        assert (result.stdout, result.stderr) == ("<h1>Example Domain</h1>\n", "")
        assert result.error is None


async def test_unchanged_client_is_told_what_to_write(
    run_cell: RunCell, program: Callable[[str], str]
) -> None:
    """asyncio.run cannot work here; the message names the user's own call."""
    await run_cell("%load_ext notebook_http")
    result = await run_cell(program("client"))
    assert "await make_request()" in result.error
    assert (await run_cell("1 + 1")).plain == ["2"]


async def test_server_runs_on_behind_the_cell(
    run_cell: RunCell, program: Callable[[str], str], port_8080: int
) -> None:
    """run_app returns in a kernel, with or without the extension loaded; so can be run again."""
    for _ in range(3):
        result = await run_cell(program("server"))
        assert result.error is None
        assert result.stderr == ""
        assert any(f"http://127.0.0.1:{port_8080}" in text for text in result.plain)
        assert await get(f"http://127.0.0.1:{port_8080}/") == "Hello, world"
    assert (await run_cell("1 + 1")).plain == ["2"]


async def test_middleware_prints_around_the_handler(
    run_cell: RunCell, program: Callable[[str], str], port_8080: int
) -> None:
    """The request comes from the same notebook; what the middleware prints is seen there."""
    result = await run_cell(program("server_with_middleware"))
    assert result.error is None
    asked = await run_cell(
        "import asyncio\n"
        "import notebook_http as nh\n"
        f"reply = await nh.get('http://127.0.0.1:{port_8080}/')\n"
        "print(reply.status, reply.text)\n"
        "await asyncio.sleep(0.5)  # the kernel hands prints on every 0.2 s"
    )
    assert asked.error is None
    assert "200 Hello, world" in asked.stdout
    lines = (asked.elsewhere + asked.stdout).splitlines()
    assert lines.index("Before request") < lines.index("After request")
