"""Files that an application names, and hints in front of its answer."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from tests.web.asgi.test_asgi_answers import HEAD, LAST, parted

LARGE = os.urandom(3 * 2**20 + 17)


def naming(path: Any, *, status: int = 200, headers: Any = (), notes: Any = None) -> Any:
    """Return an application whose answer is the file at *path*; what it raises is noted."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert "http.response.pathsend" in scope["extensions"]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        try:
            await send({"type": "http.response.pathsend", "path": str(path)})
            await send({"type": "http.response.body", "body": b"more"})
        except Exception as error:
            if notes is None:
                raise
            notes.append(error)

    return app


@pytest.mark.parametrize("content", [b"", b"small", LARGE], ids=["empty", "small", "large"])
async def test_file_is_sent_as_the_body(
    content: bytes, tmp_path: Path, serve: Any, talk: Any, dressed: Any
):
    """With its size as the length; nothing may be said behind it."""
    (tmp_path / "file").write_bytes(content)
    notes: list[Exception] = []
    port = await serve(dressed(naming(tmp_path / "file", headers=[(b"x", b"y")], notes=notes)))
    _, fields, body = parted(await talk(port, LAST))
    assert fields[b"content-length"] == b"%d" % len(content)
    assert fields[b"x"] == b"y"
    assert body == content
    assert [type(error) for error in notes] == [RuntimeError]


async def test_connection_goes_on_behind_a_file(
    tmp_path: Path, serve: Any, connected: Any, dressed: Any
):
    """Also behind answers that have no body, whatever the file has."""
    (tmp_path / "file").write_bytes(b"content")
    port = await serve(dressed(naming(tmp_path / "file", notes=[])))
    async with connected(port) as (reader, writer):
        for request, body in ((HEAD, b"content"), (HEAD.replace(b"GET", b"HEAD"), b"")) * 2:
            writer.write(request)
            _, fields, _ = parted(await reader.readuntil(b"\r\n\r\n"))
            assert fields[b"content-length"] == b"7"
            assert await reader.readexactly(len(body)) == body


@pytest.mark.parametrize("what", ["nothing", "folder", "longer", "shorter"])
async def test_file_that_cannot_be_sent_is_500(
    what: str, tmp_path: Path, serve: Any, talk: Any, dressed: Any
):
    """Nothing has left by then."""
    (tmp_path / "file").write_bytes(b"content")
    path = {"nothing": tmp_path / "none", "folder": tmp_path}.get(what, tmp_path / "file")
    lengths = {"longer": [(b"content-length", b"8")], "shorter": [(b"content-length", b"6")]}
    port = await serve(dressed(naming(path, headers=lengths.get(what, ()))))
    status, _, body = parted(await talk(port, LAST))
    assert status == b"HTTP/1.1 500 Internal Server Error"
    assert b"content" not in body


async def test_client_that_leaves_in_the_middle_of_a_file_is_no_error(
    tmp_path: Path, serve: Any, connected: Any, dressed: Any, caplog: Any
):
    """But of the application's, which is told where it sends; and the file is closed."""
    with (tmp_path / "file").open("wb") as file:
        file.truncate(200 * 2**20)
    ended = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})
        try:
            await send({"type": "http.response.pathsend", "path": str(tmp_path / "file")})
        except ConnectionResetError:
            ended.set()
            raise

    port = await serve(dressed(app))
    async with connected(port) as (reader, writer):
        writer.write(LAST)
        await reader.readexactly(100_000)
        before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
        writer.transport.abort()
        await ended.wait()
    if before:
        assert len(os.listdir("/proc/self/fd")) < before
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
async def test_hints_come_in_front_of_the_answer(
    version: bytes, serve: Any, talk: Any, dressed: Any
):
    """To clients that know what they are; what is no link is refused where it is said."""
    raised: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        hint = {"type": "http.response.early_hint"}
        for links in ([b"</a>\r\nX: y"], ["text"], [], [b"</a.css>; rel=preload", b"</b.js>"]):
            try:
                await send({**hint, "links": links})
            except (ValueError, TypeError) as error:
                raised.append(type(error).__name__)
        await send({"type": "http.response.start", "status": 200})
        try:
            await send({**hint, "links": [b"</late>"]})
        except RuntimeError:
            raised.append("late")
        await send({"type": "http.response.body", "body": b"answer"})

    port = await serve(dressed(app))
    answer = await talk(port, LAST.replace(b"HTTP/1.1", b"HTTP/" + version))
    hints, _, rest = answer.partition(b"\r\n\r\n")
    if version == b"1.1":
        assert hints.split(b"\r\n") == [
            b"HTTP/1.1 103 Early Hints",
            b"Link: </a.css>; rel=preload",
            b"Link: </b.js>",
        ]
        answer = rest
    assert parted(answer)[0].endswith(b" 200 OK")
    assert answer.endswith(b"\r\n\r\nanswer")
    assert b"late" not in answer
    assert raised == ["ValueError", "TypeError", "late"]
