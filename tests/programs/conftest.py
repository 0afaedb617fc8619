"""The three programs, what they talk to, and a kernel to type them into."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_async_kernel

from notebook_http import web

PROGRAMS = Path(__file__).parent / "as_written"


@pytest.fixture
async def example_com_port() -> AsyncIterator[int]:
    """The port of a local server that plays http://example.com."""

    async def page(request: web.Request) -> web.Response:
        assert request.headers["Host"] == "example.com"
        return web.Response(text="<h1>Example Domain</h1>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@pytest.fixture
async def port_8080() -> int:
    """The port that `run_app` serves on when nobody names one; it must be free for these tests."""
    for _ in range(100):
        if _is_free(8080):
            return 8080
        await asyncio.sleep(0.2)  # another run of these tests, perhaps
    pytest.fail("port 8080 is taken: these programs serve there, so stop what holds it first")


@dataclass
class CellResult:
    """What one executed cell left behind."""

    stdout: str = ""
    stderr: str = ""
    elsewhere: str = ""  # what earlier cells' servers and tasks printed meanwhile
    plain: list[str] = field(default_factory=list)  # text/plain of displays and of the value
    html: list[str] = field(default_factory=list)
    error: str | None = None  # the traceback as the front end shows it

    def add(self, kind: str, content: dict[str, Any]) -> None:
        """Take one message of the kernel's output channel."""
        if kind == "stream":
            setattr(self, content["name"], getattr(self, content["name"]) + content["text"])
        elif kind == "error":
            self.error = "\n".join(content["traceback"])
        elif kind in ("display_data", "execute_result"):
            self.plain.append(content["data"].get("text/plain", ""))
            self.html.append(content["data"].get("text/html", ""))


@pytest.fixture
async def run_cell() -> AsyncIterator[Callable[[str], Awaitable[CellResult]]]:
    """Run code as a cell of one real kernel, which ends with the test."""
    manager, client = await start_new_async_kernel(startup_timeout=60)

    async def run(code: str) -> CellResult:
        request = client.execute(code)
        result = CellResult()
        while True:
            message = await client.get_iopub_msg(timeout=60)
            kind, content = message["msg_type"], message["content"]
            if message["parent_header"].get("msg_id") != request:
                result.elsewhere += content["text"] if kind == "stream" else ""
            elif kind == "status" and content["execution_state"] == "idle":
                return result
            else:
                result.add(kind, content)

    yield run
    client.stop_channels()
    await manager.shutdown_kernel(now=True)


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """The text of a program of this folder, by its file's name."""
    return lambda name: (PROGRAMS / f"{name}.py").read_text()
