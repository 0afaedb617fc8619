"""Files and folders of files on both libraries, the same bytes to each.

The answers have to be the same: status, fields and body. Where ours is another one on purpose, the
table says why.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

CONTENT = bytes(range(256)) * 1200  # 300 KiB: more than is read at once
TAG = f'"{10**18:x}-{len(CONTENT):x}"'
MODIFIED, BEFORE, AFTER = (f"Sun, 09 Sep 2001 01:46:{second} GMT" for second in (40, 39, 41))
PART = "Range: bytes=0-4"


class Answer(NamedTuple):
    """An answer without what says nothing: dates, names of servers, and how an end is marked."""

    status: str
    fields: list[str]
    body: bytes


Ask = Callable[..., Awaitable[list[Answer]]]


def make_app(web: ModuleType, root: Path) -> Any:
    """Return the application: files sent by handlers, and folders."""

    def sending(name: str, **options: Any) -> Callable[[Any], Awaitable[Any]]:
        async def handle(request: Any) -> Any:
            return web.FileResponse(root / name, **options)

        return handle

    app = web.Application()
    for name in ("file", "text.txt", "page.html", "data.tar.gz", "small.bin", "folder", "missing",
                 "pipe", "unknown.xyz", "image.svg", "a.css", "a.js", "a.json", "a.mp4", "a.wasm",
                 "empty", "coded.txt", "archive.xz", "archive.bz2"):  # fmt: skip
        app.router.add_route("*", f"/{name}", sending(name))
    app.router.add_get("/own", sending("file", headers={"Content-Type": "x/y", "X-A": "1"}))
    app.router.add_get("/created", sending("small.bin", status=201, reason="Made"))
    app.router.add_static("/static", root)
    app.router.add_static("/listed", root / "folder", show_index=True)
    app.router.add_static("/linked", root, follow_symlinks=True)
    return app


def fill(root: Path) -> None:
    """Put the files there."""
    (root / "folder" / "deep").mkdir(parents=True)
    names = (
        "unknown.xyz image.svg a.css a.js a.json a.mp4 a.wasm text.txt page.html small.bin .env "
        "data.tar.gz archive.xz archive.bz2 coded.txt folder/.dot folder/a%b.txt folder/deep/ü.txt"
    )
    for name in names.split():
        (root / name).write_bytes(name.encode())
    (root / "file").write_bytes(CONTENT)
    (root / "empty").write_bytes(b"")
    (root / "coded.txt.gz").write_bytes(b"gzipped")
    (root / "coded.txt.br").write_bytes(b"brotlied")
    (root.parent / "secret").write_bytes(b"secret")
    os.utime(root.parent / "secret", (10**9, 10**9))
    os.mkfifo(root / "pipe")
    (root / "inside").symlink_to("file")
    (root / "outside").symlink_to(root.parent / "secret")
    (root / "loop").symlink_to("loop")
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            os.utime(path, (10**9, 10**9))


def take_apart(data: bytes) -> Answer:
    """Return an answer that ends with its connection."""
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    if "Transfer-Encoding: chunked" in lines:
        assert body in (b"", b"0\r\n\r\n")
        body = b""
    skipped = "Date:|Server:|Transfer-Encoding:"
    if not body:
        skipped += "|Content-Length: 0" + ("" if " 200 " in status else "|Content-Type:")
    left = (line for line in lines if not re.match(skipped, line))
    return Answer(status, sorted(line.replace("Etag:", "ETag:") for line in left), body)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that both serve."""
    root = tmp_path_factory.mktemp("files") / "root"
    fill(root)
    return root


@pytest.fixture
async def ask_both(root: Path) -> AsyncIterator[Ask]:
    """Ask both for a target, twice (a file may be known the second time), to (theirs, ours)."""
    runners = []
    for library in ("aiohttp", "notebook_http"):
        web = importlib.import_module(f"{library}.web")
        runner = web.AppRunner(make_app(web, root), access_log=None)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()

    async def ask_one(runner: Any, method: str, target: str, fields: tuple[str, ...]) -> Answer:
        reader, writer = await asyncio.open_connection(*runner.addresses[0])
        lines = [f"{method} {target} HTTP/1.1", "Host: a", "Connection: close", *fields]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
        async with asyncio.timeout(10):
            answer = take_apart(await reader.read())
        writer.close()
        return answer

    async def ask(method: str, target: str, *fields: str) -> list[Answer]:
        theirs, ours, again = [
            await ask_one(runner, method, target, fields) for runner in (*runners, runners[1])
        ]
        assert again == ours
        return [theirs, ours]

    yield ask
    for runner in runners:
        await runner.cleanup()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "name",
    ["file", "text.txt", "page.html", "data.tar.gz", "small.bin", "folder", "missing", "pipe",
     "unknown.xyz", "image.svg", "a.css", "a.js", "a.json", "a.mp4", "a.wasm", "own", "created",
     "coded.txt", "archive.xz", "archive.bz2", "empty"],
)  # fmt: skip
async def test_a_file_is_answered_with_the_same(ask_both: Ask, name: str, method: str) -> None:
    """Its type, its tag, its dates; and what is no file."""
    theirs, ours = await ask_both(method, f"/{name}")
    if name == "coded.txt":  # ours says to caches that others may get another answer
        ours.fields.remove("Vary: Accept-Encoding")
    assert ours == theirs


CONDITIONS = [
    PART, "Range: bytes=5-", "Range: bytes=-5", "Range: bytes=0-0", "Range: bytes=-9999999",
    "Range: bytes=10-9999999", "Range: bytes=9999999-", "Range: bytes=5-4", "Range: bytes=x",
    "Range: bytes=-", f"If-Match: {TAG}", 'If-Match: "x"', "If-Match: *", f"If-Match: W/{TAG}",
    f"If-None-Match: {TAG}", f"If-None-Match: W/{TAG}", "If-None-Match: *", 'If-None-Match: "x"',
    f'If-None-Match: "x", {TAG}', f"If-Modified-Since: {MODIFIED}", f"If-Modified-Since: {BEFORE}",
    f"If-Modified-Since: {AFTER}", "If-Modified-Since: nonsense",
    f"If-Unmodified-Since: {MODIFIED}", f"If-Unmodified-Since: {BEFORE}",
    f"If-Unmodified-Since: {AFTER}", "If-Unmodified-Since: nonsense",
    f"If-Range: {MODIFIED}|{PART}", f"If-Range: {BEFORE}|{PART}", f"If-Range: {TAG}|{PART}",
    f'If-None-Match: "x"|If-Modified-Since: {AFTER}',
    f"If-Match: {TAG}|If-Unmodified-Since: {BEFORE}",
    f"If-None-Match: {TAG}|{PART}", f'If-Match: "x"|{PART}',
]  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("condition", CONDITIONS)
async def test_conditions_and_ranges_lead_to_the_same(
    ask_both: Ask, condition: str, method: str
) -> None:
    """One by one, and in their order."""
    theirs, ours = await ask_both(method, "/file", *condition.split("|"))
    assert ours == theirs


# What was asked, what aiohttp answers, what we do, and why.
DIFFERENT = [
    ("GET", "Range: bytes=0-1,4-5", 416, 200, "several ranges are allowed: the whole is an answer"),
    ("GET", "Range: pages=0-1", 416, 200, "unknown units must be ignored (RFC 9110 §14.2)"),
    ("GET", "Range: bytes=-0", 206, 416, "none of the last bytes is no part"),
    ("GET", f'If-Range: "x"|{PART}', 206, 200, "the client has parts of another file (§13.1.5)"),
    ("GET", f"If-Range: W/{TAG}|{PART}", 206, 200, "a weak tag is good enough for no part"),
    ("GET", f"If-Range: {AFTER}|{PART}", 206, 200, "the date must be the very one that was said"),
    ("GET", f"If-Range: nonsense|{PART}", 206, 200, "nobody knows what the client has"),
    ("POST", PART, 206, 200, "only GET and HEAD ask for parts (§14.2)"),
    ("POST", f"If-None-Match: {TAG}", 304, 412, "only GET and HEAD are told so (§13.1.2)"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "condition", "theirs", "ours", "why"), DIFFERENT)
async def test_where_conditions_lead_elsewhere_on_purpose(
    ask_both: Ask, method: str, condition: str, theirs: int, ours: int, why: str
) -> None:
    """An entry that is not true any more fails."""
    answers = await ask_both(method, "/file", *condition.split("|"))
    assert [int(answer.status.split()[1]) for answer in answers] == [theirs, ours], why


@pytest.mark.parametrize(
    "accepted", ["gzip", "br", "gzip, br", "GZIP", "deflate", "identity", "gzip, deflate, br, zstd"]
)
@pytest.mark.parametrize("target", ["/coded.txt", "/static/coded.txt"])
async def test_siblings_go_to_the_same_clients(ask_both: Ask, target: str, accepted: str) -> None:
    """By what they accept; see `test_a_file_is_answered_with_the_same` for `Vary`."""
    theirs, ours = await ask_both("GET", target, f"Accept-Encoding: {accepted}")
    assert ours.body == theirs.body
    assert set(ours.fields) - {"Vary: Accept-Encoding"} == set(theirs.fields) - {
        "Vary: Accept-Encoding"
    }


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
@pytest.mark.parametrize(
    "target",
    ["/static/file", "/static/folder/deep/%C3%BC.txt", "/static/folder/a%25b.txt", "/static//file",
     "/static/folder%2Fdeep%2F%C3%BC.txt", "/static/./file", "/static/folder/../file",
     "/static/.env",
     "/static/file/", "/static", "/static/", "/static/folder", "/staticfile", "/static/inside",
     "/static/pipe", "/listed/.dot", "/linked/inside", "/linked/outside", "/static/empty",
     "/static/%2Fetc%2Fhostname", "/static/../etc/hostname", "/static/..%2F..%2Fetc%2Fhostname"],
)  # fmt: skip
async def test_folders_hold_the_same(ask_both: Ask, target: str, method: str) -> None:
    """Every spelling finds the same file, or none."""
    theirs, ours = await ask_both(method, target)
    if method == "HEAD" and ours.status.endswith("Not Found"):
        theirs, ours = (answer._replace(fields=[]) for answer in (theirs, ours))
    if target == "/static/pipe" and theirs.body == b"":  # ours has a word for people
        theirs = theirs._replace(fields=ours.fields, body=ours.body)
    assert ours == theirs


@pytest.mark.parametrize(
    "target", ["/static/missing", "/static/file/below", "/static/loop", "/static/outside"]
)
async def test_what_is_missing_in_a_folder_is_told_alike(ask_both: Ask, target: str) -> None:
    """There they have two answers, a page and an empty body; here there is one."""
    theirs, ours = await ask_both("GET", target)
    assert ours.status == theirs.status == "HTTP/1.1 404 Not Found"
    assert ours.body == b"404: Not Found"


async def test_the_same_is_listed(ask_both: Ask) -> None:
    """Links and names; the page around them is ours."""
    for target in ("/listed", "/listed/", "/listed/deep"):
        theirs, ours = await ask_both("GET", target)
        assert ours.status == theirs.status
        found = [re.findall(rb'<a href="([^"]*)">([^<]*)</a>', a.body) for a in (theirs, ours)]
        assert found[0] == found[1] != []


@pytest.mark.parametrize("version", [None, True, False])
@pytest.mark.parametrize("append", [True, False])
def test_urls_are_the_same(root: Path, append: bool, version: bool | None) -> None:
    """With and without hashes, of files that are there and that are not."""
    made = []
    for library in ("aiohttp", "notebook_http"):
        web = importlib.import_module(f"{library}.web")
        router = web.UrlDispatcher()
        resource = router.add_static("/a b/", root, name="n", append_version=append)
        names = ["file", "/file", "missing", "folder", "folder/a%b.txt", "folder/deep/ü.txt",
                 "../x", "outside", "inside", "a b?c#d", Path("folder/.dot"), ""]  # fmt: skip
        urls = [resource.url_for(filename=name, append_version=version) for name in names]
        info = resource.get_info()
        made.append([
            urls, info["directory"], info["prefix"], sorted(info["routes"]), resource.canonical,
            repr(resource), len(resource), [route.method for route in resource],
        ])  # fmt: skip
    assert made[0] == made[1]
