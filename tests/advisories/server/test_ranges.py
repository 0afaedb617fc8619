"""`Range`: digits of other scripts, a thousand ranges at once, and numbers without an end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from notebook_http import web

pytestmark = pytest.mark.advisory

CONTENT = bytes(range(256)) * 40
Ask = Callable[[str], Awaitable[tuple[int, bytes]]]


@pytest.fixture
async def part(tmp_path: Path) -> AsyncIterator[Ask]:
    """Return what asks a server of ours for a part of a file."""
    path = tmp_path / "file"
    path.write_bytes(CONTENT)

    async def handle(request: web.Request) -> web.FileResponse:
        return web.FileResponse(path)

    app = web.Application()
    app.router.add_get("/", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()

    async def ask(value: str) -> tuple[int, bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        head = f"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nRange: {value}\r\n\r\n"
        writer.write(head.encode())
        async with asyncio.timeout(5):
            answer = await reader.read()
        writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), body

    yield ask
    await runner.cleanup()


@pytest.mark.parametrize(
    "value",
    ["bytes=٠-١", "bytes=０-１", "bytes=²-³", "bytes=+0-1", "bytes=0_0-1", "bytes=0x0-1",
     "bytes= 0 - 1", "bytes=-+5", "bytes=1e1-2"],
)  # fmt: skip
async def test_cve_2025_69225_digits_are_ascii(part: Ask, value: str) -> None:
    """416 for anything else, never a part that another reader would not have taken for one."""
    for _ in range(2):
        assert await part(value) == (416, b"")
    assert await part("bytes=0-1") == (206, CONTENT[:2])


async def test_cve_2025_62727_a_thousand_ranges_are_one_file(part: Ask, most_cpu: Any) -> None:
    """Once: no sorting, no merging, no parts in parts. However they overlap."""
    await part("bytes=0-")
    for ranges in (
        ",".join(f"{n}-{n}" for n in range(1000)),
        ",".join("0-" for _ in range(2000)),
        ",".join(f"{n}-" for n in range(1000, 0, -1)),
        "," * 7000,
    ):
        with most_cpu(0.5):
            status, body = await part(f"bytes={ranges}")
            assert (status, body) == (200, CONTENT)


async def test_cve_2025_62727_numbers_without_an_end_cost_nothing(part: Ask, most_cpu: Any) -> None:
    """Thousands of digits are a place beyond every file."""
    huge = "9" * 6000
    with most_cpu(0.5):
        assert await part(f"bytes={huge}-") == (416, b"")
        assert await part(f"bytes=0-{huge}") == (206, CONTENT)
        assert await part(f"bytes=-{huge}") == (206, CONTENT)
        assert await part(f"bytes={'0' * 6000}-1") == (416, b"")
