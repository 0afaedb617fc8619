"""The three programs as scripts: unchanged but for the import line."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import notebook_http as nh

PROGRAMS = Path(__file__).parent / "as_written"
LAUNCHER = Path(__file__).with_name("run_with_hosts.py")


async def start(*arguments: str) -> asyncio.subprocess.Process:
    """Start Python on *arguments*, its warnings shown, its output piped and unbuffered."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-u", "-W", "default", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@asynccontextmanager
async def serving(name: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a server program until the block ends; it has said where it listens."""
    process = await start(str(PROGRAMS / name))
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        line = await asyncio.wait_for(process.stdout.readline(), 20)
        assert line, (await process.stderr.read()).decode()
        assert b"Running on http://0.0.0.0:8080" in line
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def get(url: str) -> tuple[int, str]:
    """Ask once, on a connection of its own."""
    async with nh.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def test_client_prints_the_page(example_com_port: int) -> None:
    """`asyncio.run(make_request())` ends by itself, and nothing is left to warn about."""
    hosts = json.dumps({"example.com": example_com_port})
    process = await start(str(LAUNCHER), hosts, str(PROGRAMS / "client.py"))
    stdout, stderr = await process.communicate()
    assert (stdout.decode(), stderr.decode()) == ("<h1>Example Domain</h1>\n", "")
    assert process.returncode == 0


async def test_server_answers_until_interrupted(port_8080: int) -> None:
    """Ctrl+C ends it in good order: no traceback, code 0."""
    async with serving("server.py") as process:
        assert await get(f"http://127.0.0.1:{port_8080}/") == (200, "Hello, world")
        assert (await get(f"http://127.0.0.1:{port_8080}/nowhere"))[0] == 404
        process.send_signal(signal.SIGINT)
        stdout, stderr = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 0
    assert stderr.decode() == ""
    assert "Traceback" not in stdout.decode()


async def test_server_ends_on_sigterm(port_8080: int) -> None:
    """A container's stop signal is as good as Ctrl+C, with a connection still open."""
    async with serving("server.py") as process, nh.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port_8080}/") as response:
            assert await response.text() == "Hello, world"
        process.send_signal(signal.SIGTERM)
        _, stderr = await asyncio.wait_for(process.communicate(), 10)
    assert (process.returncode, stderr.decode()) == (0, "")


async def test_undecorated_middleware_wraps_the_handler(
    port_8080: int, program: Callable[[str], str]
) -> None:
    """No `@web.middleware` anywhere, and the order is before, handler, after."""
    assert "@" not in program("server_with_middleware")
    async with serving("server_with_middleware.py") as process:
        assert await get(f"http://127.0.0.1:{port_8080}/") == (200, "Hello, world")
        process.send_signal(signal.SIGINT)
        stdout, stderr = await asyncio.wait_for(process.communicate(), 10)
    lines = stdout.decode().splitlines()
    assert lines.index("Before request") + 1 == lines.index("After request")
    assert stderr.decode() == ""
