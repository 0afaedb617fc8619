"""One file in several codings: siblings that lie beside it, and compression on the way."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from notebook_http import web
from tests.web.answers_of_files import LARGE, SMALL, fields, sending, status

Serve = Callable[..., Awaitable[int]]
Ask = Callable[..., Awaitable[tuple[bytes, bytes]]]


async def test_siblings_go_to_those_who_take_them(serve: Serve, ask: Ask, tmp_path: Path) -> None:
    """By weight; `Vary` says so to caches, whoever asks."""
    path = tmp_path / "page.html"
    path.write_bytes(SMALL)
    for suffix in ("br", "gz", "zst"):
        (tmp_path / f"page.html.{suffix}").write_bytes(suffix.encode())
    port = await serve(sending(path))
    for accepted, coding, content in [
        (None, None, SMALL),
        ("gzip", "gzip", b"gz"),
        ("gzip, deflate, br, zstd", "br", b"br"),
        ("gzip, br;q=0", "gzip", b"gz"),
        ("gzip;q=0.5, br;q=0.1", "gzip", b"gz"),
        ("zstd", "zstd", b"zst"),
        ("identity, gzip;q=0", None, SMALL),
        ("identity;q=1, gzip;q=0.2", None, SMALL),
        ("*", "br", b"br"),
    ]:
        head, body = await ask(port, **({"Accept_Encoding": accepted} if accepted else {}))
        said = fields(head)
        assert (said.get("content-encoding"), body) == (coding, content), accepted
        assert said["vary"] == "Accept-Encoding"
        assert said["content-type"] == "text/html"
    head, body = await ask(port, Accept_Encoding="gzip", Range="bytes=1-")
    assert (fields(head)["content-range"], body) == ("bytes 1-1/2", b"z")


async def test_a_sibling_that_is_no_file_of_its_own_is_none(
    serve: Serve, ask: Ask, tmp_path: Path
) -> None:
    """Links lead elsewhere; folders and pipes are no bodies. A lone sibling is enough, though."""
    path = tmp_path / "page.txt"
    path.write_bytes(SMALL)
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    (tmp_path / "page.txt.gz").symlink_to(secret)
    (tmp_path / "page.txt.br").mkdir()
    os.mkfifo(tmp_path / "page.txt.zst")
    port = await serve(sending(path))
    head, body = await ask(port, Accept_Encoding="gzip, br, zstd")
    assert body == SMALL
    assert "content-encoding" not in fields(head)
    (tmp_path / "lone.txt.gz").write_bytes(b"gz")
    port = await serve(sending(tmp_path / "lone.txt"))
    assert (await ask(port, Accept_Encoding="gzip"))[1] == b"gz"
    head, body = await ask(port)
    assert (status(head), body) == (404, b"")


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
async def test_compressed_on_the_way(
    serve: Serve, ask: Ask, tmp_path: Path, content: bytes
) -> None:
    """In chunks, with a weak tag and no parts: two compressions need not be the same bytes."""
    path = tmp_path / "file.txt"
    path.write_bytes(content)

    async def handle(request: web.Request) -> web.FileResponse:
        response = web.FileResponse(path)
        response.enable_compression()
        return response

    port = await serve(handle)
    head, body = await ask(port, Accept_Encoding="gzip", Range="bytes=0-3")
    said = fields(head)
    assert said["content-encoding"] == "gzip"
    assert said["etag"].startswith('W/"')
    assert "accept-ranges" not in said
    decoder, left = zlib.decompressobj(31), body
    plain = b""
    while left:
        size, _, left = left.partition(b"\r\n")
        plain += decoder.decompress(left[: int(size, 16)])
        left = left[int(size, 16) + 2 :]
    assert plain == content
    assert status((await ask(port, Accept_Encoding="gzip", If_None_Match=said["etag"]))[0]) == 304
    assert (await ask(port))[1] == content
    path.with_name("file.txt.gz").write_bytes(gzip.compress(content))
    other = await serve(sending(path, headers={"X": "y", "Content-Encoding": "aes128gcm"}))
    assert (await ask(other, Accept_Encoding="gzip"))[1] == content
