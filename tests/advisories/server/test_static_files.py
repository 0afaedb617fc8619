"""Static files: out of the folder by name or link, names on pages, what Windows makes of names."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from notebook_http import web
from notebook_http.web.files.folder import path_segments

pytestmark = pytest.mark.advisory

Ask = Callable[..., Awaitable[tuple[int, bytes]]]
MISSING = (404, b"404: Not Found")

# Spellings of "one folder up", and of the file system's root.
UP = ["..", "%2e%2e", ".%2e", "%2E.", "..%2f..", "..%2F", "%2e%2e%2f", "..%5c", "%2e%2e%5c"]
ABSOLUTE = ["/etc/passwd", "%2fetc%2fpasswd", "//etc/passwd", "%2f%2fetc/passwd", "%5cetc%5cpasswd"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder, with a secret beside it and a sibling that has its name as prefix."""
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "page.txt").write_bytes(b"page")
    (root / "sub" / "file").write_bytes(b"file")
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "root-private").mkdir()
    (tmp_path / "root-private" / "secret").write_bytes(b"secret")
    return root


@pytest.fixture
async def static() -> AsyncIterator[Callable[..., Awaitable[Ask]]]:
    """Return what serves a folder at /static, and returns what asks it for a target."""
    runners = []

    async def start(root: Path, **options: Any) -> Ask:
        app = web.Application()
        app.router.add_static("/static", root, **options)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        runners.append(runner)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()

        async def ask(target: str, *fields: str) -> tuple[int, bytes]:
            reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
            lines = [f"GET {target} HTTP/1.1", "Host: a", "Connection: close", *fields]
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
            async with asyncio.timeout(5):
                answer = await reader.read()
            writer.close()
            head, _, body = answer.partition(b"\r\n\r\n")
            return int(head.split()[1]), body

        return ask

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.mark.parametrize("follow", [False, True])
async def test_cve_2024_23334_no_spelling_leads_out(static, root, follow):
    """Links or not: what leads up is judged as text, decoded, before the file system is asked."""
    ask = await static(root, follow_symlinks=follow, show_index=True)
    assert await ask("/static/page.txt") == (200, b"page")
    for up in UP:
        for tail in ("secret", "root/page.txt", "root-private/secret", "root", ""):
            for target in (f"/static/{up}/{tail}", f"/static/sub/{up}/{up}/{tail}"):
                status, body = await ask(target)
                assert status == 404, target
                assert b"secret" not in body, target
    for absolute in ABSOLUTE:
        assert (await ask(f"/static/{absolute}"))[0] == 404
    assert (await ask("/static/../static/page.txt"))[0] == 404
    assert (await ask("/static-private/secret"))[0] == 404


async def test_cve_2023_29159_a_sibling_with_the_same_beginning_is_outside(static, root, tmp_path):
    """Paths are compared by their parts: /a/root-private is not in /a/root."""
    (root / "link").symlink_to(tmp_path / "root-private")
    (root / "file").symlink_to(tmp_path / "root-private" / "secret")
    ask = await static(root, show_index=True)
    for name in ("link", "link/secret", "file", "..%2froot-private%2fsecret"):
        assert await ask(f"/static/{name}") == MISSING


async def test_cve_2026_35397_the_root_itself_is_the_boundary(static, root, tmp_path):
    """Also where it is a link itself, and where it is the root of the file system."""
    (tmp_path / "alias").symlink_to(root)
    ask = await static(tmp_path / "alias")
    assert await ask("/static/page.txt") == (200, b"page")
    assert await ask("/static/..%2fsecret") == MISSING
    ask = await static(Path("/"))
    assert await ask(f"/static{root}/page.txt") == (200, b"page")
    assert await ask(f"/static/..{root}/page.txt") == MISSING


async def test_cve_2024_27306_names_are_escaped_on_the_index_page(static, root):
    """As text and in links."""
    evil = "<img src=x onerror=alert(1)>"
    for name in (evil, '"><script>alert(1)<', "javascript:alert(1)", "&lt;b&gt;"):
        (root / name).mkdir() if name == evil else (root / name.replace("/", "")).write_bytes(b"")
    ask = await static(root, show_index=True)
    for target in ("/static", "/static/%3Cimg%20src=x%20onerror=alert(1)%3E"):
        status, page = await ask(target)
        assert status == 200
        for tag in (b"<img", b"<script", b"<b>", b'"javascript:', b'href=""'):
            assert tag not in page, tag
    assert b"&amp;lt;b&amp;gt;" in (await ask("/static"))[1]


async def test_cve_2024_42367_a_compressed_sibling_passes_the_same_check(static, root, tmp_path):
    """A link beside the file is nobody's compression, whether links are followed or not."""
    (root / "page.txt.gz").symlink_to(tmp_path / "secret")
    (root / "page.txt.br").symlink_to(root / "sub" / "file")
    for follow in (False, True):
        ask = await static(root, follow_symlinks=follow)
        for _ in range(2):
            answer = await ask("/static/page.txt", "Accept-Encoding: gzip, br, zstd")
            assert answer == (200, b"page")


async def test_cve_2025_69226_there_is_one_answer_for_everything_outside(static, root, tmp_path):
    """What exists there, and what the folder itself is called, is not to be told from nothing."""
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "dangling").symlink_to(tmp_path / "nothing")
    (root / "up").symlink_to(tmp_path)
    ask = await static(root, show_index=True)
    for name in (
        "..%2froot%2fpage.txt", "..%2fother%2fpage.txt", "..%2fsecret", "..%2fnothing", "..",
        "../root", "..%2f..", "sub/../../root/page.txt", "link", "dangling", "up", "up/secret",
        "up/nothing", "up/root/nothing", "up/secret/below", "nothing", "nothing/below", "%00",
        "a%00b",
        f"..{tmp_path}/secret", "a" * 300,
    ):  # fmt: skip
        assert await ask(f"/static/{name}") == MISSING, name


WINDOWS_NAMES = [
    r"\\host\share", r"\\?\C:\x", r"\etc", r"..\secret", r"sub\file", "//host/share", "C:", "C:/x",
    "c:x", "file:stream", "page.txt::$DATA", "NUL", "nul", "CON", "PRN", "AUX", "COM1", "LPT9",
    "COM0", "COM¹", "LPT³.txt", "con.txt", "aux.tar.gz", "NUL .txt", "sub/CON/file", "CONIN$",
    "conout$.log", "page.txt.", "page.txt ", "sub./file", "...", "a<b", "a|b", "a?b", "a*b", 'a"b',
    "a\x1fb", "a\0b",
]  # fmt: skip


@pytest.mark.parametrize("name", WINDOWS_NAMES)
def test_cve_2026_34515_what_windows_takes_for_something_else_is_never_looked_at(name):
    """Shares of other machines (which are sent our credentials), drives, streams, devices."""
    assert path_segments(name, windows=True) is None


@pytest.mark.parametrize(
    "name", ["console", "nul1/x", "com10", "a.con", "comx.txt", ".con", "x..y"]
)
def test_cve_2025_66221_what_only_looks_like_it_is_a_name(name):
    """Neither longer names nor suffixes are devices."""
    assert path_segments(name, windows=True) == name.split("/")


async def test_cve_2026_48818_names_that_are_refused_never_reach_the_file_system(
    static, root, monkeypatch
):
    """Whatever the system: backslashes and absolute paths are answered without asking it."""
    asked: list[str] = []

    def watch(module: Any, name: str) -> None:
        original = getattr(module, name)

        def watched(path: Any, *rest: Any, **options: Any) -> Any:
            asked.append(str(path))
            return original(path, *rest, **options)

        monkeypatch.setattr(module, name, watched)

    ask = await static(root)
    for module, name in ((os, "stat"), (os, "lstat"), (os, "open"), (os, "scandir"),
                         (os.path, "realpath")):  # fmt: skip
        watch(module, name)
    assert await ask("/static/page.txt") == (200, b"page")
    assert any("page.txt" in path for path in asked)
    asked.clear()
    for name in ("%5c%5chost%5cshare", "%2f%2fhost%2fshare", "//host/share", "..%5csecret", "a%00b",
                 "..%2fsecret", "%5c%5c%3f%5cC%3a%5cx"):  # fmt: skip
        assert await ask(f"/static/{name}") == MISSING
    assert asked == []
    for name in ("C:", "C:%5cx", "NUL", "COM1", "CON.txt", "page.txt::$DATA"):
        assert await ask(f"/static/{name}") == MISSING
