"""Uploads that a handler reads part by part."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from notebook_http import ClientSession, FormData, MultipartReader, web

Ask = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
async def ask() -> AsyncIterator[Ask]:
    """Send a body to a handler that lists its parts; return the status and what it said."""

    async def handler(request: web.Request) -> web.Response:
        reader = await request.multipart()
        assert isinstance(reader, MultipartReader)
        seen = []
        async for part in reader:
            if request.query.get("by") == "chunks":
                size = 0
                while chunk := await part.read_chunk():
                    size += len(chunk)
                seen.append(f"{part.name}:{size}")
            else:
                seen.append(f"{part.name}:{part.filename}:{await part.text()}")
        return web.Response(text=" ".join(seen))

    app = web.Application(client_max_size=1000)
    app.router.add_post("/", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"

    async def send(data: Any, query: str = "", **options: Any) -> tuple[int, str]:
        async with session.post(url + query, data=data, **options) as response:
            return response.status, await response.text()

    async with ClientSession() as session:
        yield send
    await runner.cleanup()


async def test_parts_of_an_upload(ask: Ask) -> None:
    """In order, with names; one read by chunks may be larger than what is read whole."""
    form = FormData()
    form.add_field("a", "1")
    form.add_field("f", b"2", filename="x.bin")
    assert await ask(form) == (200, "a:None:1 f:x.bin:2")
    form = FormData({"f": b"x" * 100_000})
    assert await ask(form, "?by=chunks") == (200, "f:100000")


async def test_a_part_that_is_too_large_is_413(ask: Ask) -> None:
    """Counted while it comes."""
    status, text = await ask(FormData({"f": b"x" * 100_000}))
    assert status == 413
    assert "1000" in text


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", b"x"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx"),
        ("multipart/form-data; boundary=b", b"--b\r\nbad\r\n\r\nx\r\n--b--"),
        (
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\nabc\r\n--b--",
        ),
        (
            "multipart/mixed; boundary=b",
            b"--b\r\nContent-Encoding: gzip\r\n\r\nabc\r\n--b--",
        ),
    ],
)
async def test_a_malformed_upload_is_400(ask: Ask, content_type: str, body: bytes) -> None:
    """The client erred, and the log need not tell."""
    status, text = await ask(body, headers={"Content-Type": content_type})
    assert status == 400
    assert text.startswith("400: Bad Request")


@pytest.mark.parametrize("charset", ["nope", "base64", "x" * 100])
async def test_a_part_in_an_unknown_charset_is_unsupported(ask: Ask, charset: str) -> None:
    """415, said by the server, and not a failure of the handler; aiohttp answers 500."""
    body = (
        b'--B\r\nContent-Disposition: form-data; name="a"\r\n'
        b"Content-Type: text/plain; charset=" + charset.encode() + b"\r\n\r\nv\r\n--B--\r\n"
    )
    status, text = await ask(body, headers={"Content-Type": "multipart/form-data; boundary=B"})
    assert status == 415
    assert "charset" in text
    assert len(text) < 100
