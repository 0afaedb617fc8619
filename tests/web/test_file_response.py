"""Files as answers: what is found, what is said of it, and what becomes of it while it is sent."""

from __future__ import annotations

import os
import re
import socket
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from notebook_http import web
from tests.web.answers_of_files import LARGE, SMALL, fields, sending, status

Serve = Callable[..., Awaitable[int]]
Ask = Callable[..., Awaitable[tuple[bytes, bytes]]]


@pytest.fixture(params=[SMALL, LARGE, b""], ids=["small", "large", "empty"])
def whole(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, bytes]:
    """Return a file and what is in it."""
    path = tmp_path / "file.txt"
    path.write_bytes(request.param)
    return path, request.param


async def test_a_file_is_sent_as_it_is(serve: Serve, ask: Ask, whole: tuple[Path, bytes]) -> None:
    """The first time, and every time after that: looked for, and known."""
    path, content = whole
    os.utime(path, (1_000_000_000, 1_000_000_000))
    port = await serve(sending(path))
    heads = set()
    for _ in range(3):
        head, body = await ask(port)
        assert body == content
        heads.add(re.sub(rb"Date: [^\r]*", b"", head))
    assert len(heads) == 1
    said = fields(head)
    assert said["content-length"] == str(len(content))
    assert said["content-type"] == "text/plain"
    assert said["accept-ranges"] == "bytes"
    assert said["last-modified"] == "Sun, 09 Sep 2001 01:46:40 GMT"
    assert said["etag"] == f'"{10**18:x}-{len(content):x}"'


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"content_type": "application/pdf"}, "application/pdf"),
        ({"content_type": "text/html", "charset": "utf-8"}, "text/html; charset=utf-8"),
    ],
)
async def test_a_type_that_the_handler_gave_is_told_each_time(
    serve: Serve, ask: Ask, whole: tuple[Path, bytes], change: dict[str, str], said: str
) -> None:
    """Also when the file is known by then, and is sent without waiting for anything."""

    async def handle(request: web.Request) -> web.FileResponse:
        response = web.FileResponse(whole[0])
        for name, value in change.items():
            setattr(response, name, value)
        return response

    port = await serve(handle)
    told = [fields((await ask(port))[0])["content-type"] for _ in range(3)]
    assert told == [said] * 3


async def test_head_says_the_same_and_sends_nothing(
    serve: Serve, ask: Ask, whole: tuple[Path, bytes]
) -> None:
    """Fields as of GET (RFC 9110 §9.3.2)."""
    port = await serve(sending(whole[0]))
    for _ in range(2):
        head, body = await ask(port, "HEAD")
        assert body == b""
        same, _ = await ask(port)
        assert {**fields(head), "date": ""} == {**fields(same), "date": ""}


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
async def test_a_part_of_a_file(serve: Serve, ask: Ask, tmp_path: Path, content: bytes) -> None:
    """206 with the bytes that were asked for, 416 where there are none."""
    path = tmp_path / "file"
    path.write_bytes(content)
    port = await serve(sending(path))
    size = len(content)
    for asked, start, stop in [
        ("bytes=0-0", 0, 1),
        ("bytes=5-9", 5, 10),
        ("bytes=7-", 7, size),
        ("bytes=-9", size - 9, size),
        (f"bytes=-{size * 2}", 0, size),
        (f"bytes=10-{size * 2}", 10, size),
    ]:
        head, body = await ask(port, Range=asked)
        assert status(head) == 206
        assert fields(head)["content-range"] == f"bytes {start}-{stop - 1}/{size}"
        assert body == content[start:stop]
    for asked in (f"bytes={size}-", "bytes=-0", "bytes=3-2", "bytes=x"):
        head, body = await ask(port, Range=asked)
        assert (status(head), body) == (416, b"")
        assert fields(head)["content-range"] == f"bytes */{size}"
    for asked in ("bytes=0-1,4-5", "pages=1-2"):
        head, body = await ask(port, Range=asked)
        assert (status(head), body) == (200, content)


async def test_conditions_are_judged_in_their_order(serve: Serve, ask: Ask, tmp_path: Path) -> None:
    """The table of RFC 9110 §13.2.2, row by row."""
    path = tmp_path / "file"
    path.write_bytes(SMALL)
    os.utime(path, ns=(10**18 + 5 * 10**8,) * 2)  # half a second behind what the field can say
    port = await serve(sending(path))
    tag = fields((await ask(port))[0])["etag"]
    now, before = "Sun, 09 Sep 2001 01:46:40 GMT", "Sun, 09 Sep 2001 01:46:39 GMT"
    after = "Sun, 09 Sep 2001 01:46:41 GMT"
    part = "bytes=0-4"
    rows: list[tuple[int, dict[str, str]]] = [
        (200, {"If_Match": tag}),
        (200, {"If_Match": "*"}),
        (200, {"If_Match": f'"x", {tag}'}),
        (412, {"If_Match": '"x"'}),
        (412, {"If_Match": f"W/{tag}"}),
        (200, {"If_Match": tag, "If_Unmodified_Since": before}),
        (200, {"If_Unmodified_Since": now}),
        (412, {"If_Unmodified_Since": before}),
        (200, {"If_Unmodified_Since": "yesterday"}),
        (304, {"If_None_Match": tag}),
        (304, {"If_None_Match": f"W/{tag}"}),
        (304, {"If_None_Match": "*"}),
        (200, {"If_None_Match": '"x"'}),
        (200, {"If_None_Match": '"x"', "If_Modified_Since": after}),
        (304, {"If_Modified_Since": now}),
        (304, {"If_Modified_Since": after}),
        (200, {"If_Modified_Since": before}),
        (412, {"If_Match": '"x"', "If_None_Match": tag}),
        (304, {"If_None_Match": tag, "Range": part}),
        (206, {"If_Range": tag, "Range": part}),
        (200, {"If_Range": f"W/{tag}", "Range": part}),
        (200, {"If_Range": '"x"', "Range": part}),
        (206, {"If_Range": now, "Range": part}),
        (200, {"If_Range": after, "Range": part}),
        (200, {"If_Range": before, "Range": part}),
        (200, {"If_Range": "nonsense", "Range": part}),
    ]
    for expected, conditions in rows:
        head, body = await ask(port, **conditions)
        assert status(head) == expected, conditions
        assert body == {200: SMALL, 206: SMALL[:5]}.get(expected, b""), conditions
        if expected == 304:
            assert fields(head)["etag"] == tag
            assert "content-length" not in fields(head)
    twice = f'"x"\r\n%s: {tag}'  # a list may come in several fields (RFC 9110 §5.3)
    for expected, name in [(200, "If-Match"), (304, "If-None-Match")]:
        head, _ = await ask(port, **{name: twice % name})
        assert status(head) == expected
    for expected, conditions in [(412, {"If_None_Match": tag}), (200, {"Range": part})]:
        head, _ = await ask(port, "POST", **conditions)
        assert status(head) == expected


async def test_another_status_knows_no_conditions(serve: Serve, ask: Ask, tmp_path: Path) -> None:
    """A page that says that something is missing is not itself "not modified"."""
    path = tmp_path / "404.html"
    path.write_bytes(SMALL)
    port = await serve(sending(path, status=404, reason="Gone Fishing"))
    for conditions in ({}, {"If_None_Match": "*"}, {"Range": "bytes=0-1"}, {"If_Match": '"x"'}):
        head, body = await ask(port, **conditions)
        assert head.startswith(b"HTTP/1.1 404 Gone Fishing\r\n")
        assert body == SMALL


async def test_what_is_no_file_has_a_status_of_its_own(
    serve: Serve, ask: Ask, tmp_path: Path
) -> None:
    """404 for what is not there, 403 for what cannot be sent; never waiting for a pipe."""
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "sock"))
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_bytes(SMALL)
    for name, expected in [
        ("missing", 404), ("file/below", 404), ("loop", 404), ("a" * 300, 404), ("nul\0", 404),
        ("folder", 403), ("pipe", 403), ("sock", 403),
    ]:  # fmt: skip
        port = await serve(sending(tmp_path / name))
        for method in ("GET", "HEAD"):
            head, body = await ask(port, method)
            assert (status(head), body) == (expected, b""), name
    assert status((await ask(await serve(sending(Path("/dev/null")))))[0]) == 403


async def test_a_file_that_must_not_be_read_is_403(serve: Serve, ask: Ask) -> None:
    """Also in a folder that must not be looked into."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder, "folder", "file")
        path.parent.mkdir()
        path.write_bytes(SMALL)
        port = await serve(sending(path))
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)  # nothing is unreadable to root
        try:
            assert (await ask(port))[1] == SMALL
            os.seteuid(user)
            path.chmod(0)
            os.seteuid(user or 65534)
            assert status((await ask(port))[0]) == 403
            os.seteuid(user)
            path.parent.chmod(0)
            os.seteuid(user or 65534)
            assert status((await ask(port))[0]) == 403
        finally:
            os.seteuid(user)
            path.parent.chmod(0o700)


async def test_a_known_file_that_changes_is_sent_as_it_is_now(
    serve: Serve, ask: Ask, tmp_path: Path
) -> None:
    """Written to, replaced, removed, or made a link: the next answer is the right one."""
    path = tmp_path / "file"
    path.write_bytes(b"one")
    port = await serve(sending(path))
    tags = set()
    for change, expected in [
        (lambda: None, b"one"),
        (lambda: path.write_bytes(b"three"), b"three"),
        (lambda: (tmp_path / "new").write_bytes(b"fours") and (tmp_path / "new").rename(path),
         b"fours"),
        (lambda: path.write_bytes(LARGE), LARGE),
        (lambda: path.write_bytes(b"2"), b"2"),
    ]:  # fmt: skip
        change()
        for _ in range(2):
            head, body = await ask(port)
            assert body == expected
        tags.add(fields(head)["etag"])
    assert len(tags) == 5
    path.unlink()
    assert status((await ask(port))[0]) == 404
    (tmp_path / "other").write_bytes(b"other")
    path.symlink_to(tmp_path / "other")
    assert (await ask(port))[1] == b"other"


async def test_cookies_fields_and_signals_have_their_say(
    serve: Serve, ask: Ask, tmp_path: Path
) -> None:
    """As with any other response, known file or not."""
    path = tmp_path / "file"
    path.write_bytes(SMALL)

    async def handle(request: web.Request) -> web.FileResponse:
        response = web.FileResponse(path, headers={"Content-Type": "x/y", "Vary": "Cookie"})
        response.set_cookie("a", "b")
        return response

    async def sign(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["X-Signed"] = str(response.status)

    app = web.Application()
    app.router.add_get("/", handle)
    plain = await serve(app)
    signing = web.Application()
    signing.router.add_get("/", handle)
    signing.on_response_prepare.append(sign)
    signed = await serve(signing)
    for _ in range(2):
        head, body = await ask(plain)
        said = fields(head)
        assert (said["content-type"], said["vary"], body) == ("x/y", "Cookie", SMALL)
        assert said["set-cookie"] == "a=b; Path=/"
        head, body = await ask(signed, Range="bytes=0-1")
        assert (fields(head)["x-signed"], body) == ("206", SMALL[:2])


async def test_requests_on_one_connection_get_their_files_in_turn(
    serve: Serve, talk: Callable[[int, bytes], Awaitable[bytes]], tmp_path: Path
) -> None:
    """Large and small ones, pipelined: each body ends where its head says."""
    (tmp_path / "small").write_bytes(SMALL)
    (tmp_path / "large").write_bytes(LARGE)

    async def handle(request: web.Request) -> web.FileResponse:
        return web.FileResponse(tmp_path / request.path[1:])

    port = await serve(handle)
    names = ["small", "large", "small", "small", "large"]
    data = b"".join(f"GET /{name} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for name in names)
    left = await talk(port, data + b"GET /small HTTP/1.0\r\n\r\n")
    for name in [*names, "small"]:
        head, _, left = left.partition(b"\r\n\r\n")
        expected = {"small": SMALL, "large": LARGE}[name]
        assert fields(head)["content-length"] == str(len(expected))
        assert left[: len(expected)] == expected
        left = left[len(expected) :]
    assert left == b""


async def test_a_response_of_ones_own_may_take_over(serve: Serve, ask: Ask, tmp_path: Path) -> None:
    """Overriding `prepare` works as it does elsewhere, for known files as well."""
    path = tmp_path / "file"
    path.write_bytes(SMALL)

    class Counting(web.FileResponse):
        prepared_files = 0

        async def prepare(self, request):  # type: ignore[no-untyped-def]
            Counting.prepared_files += 1
            return await super().prepare(request)

    async def handle(request: web.Request) -> web.FileResponse:
        response = Counting(path)
        if request.query:
            assert await response.prepare(request) is not None
        return response

    port = await serve(handle)
    for target in ("/", "/", "/?early", "/?early"):
        assert (await ask(port, target=target))[1] == SMALL
    assert Counting.prepared_files >= 4
