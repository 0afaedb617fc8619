"""Downloads over real sockets: whole, broken off, gone on with, changed meanwhile, refused."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
import textwrap
import tracemalloc
from collections.abc import AsyncIterator

import pytest

import notebook_http as nh
from notebook_http import web
from notebook_http.notebook.client import default_client
from notebook_http.notebook.downloads.file_name import downloaded_file_name
from notebook_http.test_utils import TestServer

BODY = bytes(range(256)) * 4096  # 1 MiB
SUM = "sha256:" + hashlib.sha256(BODY).hexdigest()


class Files:
    """Serves one body with validators and ranges, and breaks off when told to."""

    def __init__(self) -> None:
        self.body = BODY
        self.fields = {"ETag": '"one"'}
        self.breaks = 0  # answers to come that end in their middle
        self.takes_ranges = True
        self.most = len(BODY)  # bytes of one range
        self.empty = False  # whether ranges have no byte
        self.seen: list[tuple[str | None, str | None]] = []
        self.gate = asyncio.Event()
        self.hangs = False
        app = web.Application()
        app.router.add_get("/{name:.*}", self._answer)
        self.server = TestServer(app)

    def url(self, path: str = "/data.bin") -> str:
        return str(self.server.make_url(path))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        wanted, condition = request.headers.get("Range"), request.headers.get("If-Range")
        self.seen.append((wanted, condition))
        if request.path == "/missing":
            return web.Response(status=404, text="no such file")
        start, end, fields = 0, len(self.body), dict(self.fields)
        if wanted and self.takes_ranges and condition == fields.get("ETag"):
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            size = len(self.body)
            if start >= size:
                return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
            end = min(size, start + self.most)
            fields["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
            if self.empty:
                end = start
        response = web.StreamResponse(status=206 if start else 200, headers=fields)
        rest = self.body[start:end]
        response.content_length = len(rest)
        await response.prepare(request)
        if self.breaks or self.hangs:
            await response.write(rest[: len(rest) // 2])
            if self.hangs:
                await self.gate.wait()
            await asyncio.sleep(0.05)
            self.breaks -= 1
            assert request.transport is not None
            request.transport.close()
            return response
        await response.write(rest)
        return response


@pytest.fixture
async def files() -> AsyncIterator[Files]:
    """Return a running server of one file."""
    made = Files()
    await made.server.start_server()
    yield made
    made.gate.set()
    await made.server.close()
    await default_client().close()


async def test_a_file_comes_whole_and_alone(files, tmp_path):
    """No part is left, and the result is a path, too."""
    got = await nh.download(files.url(), tmp_path, checksum=SUM)
    assert got.path == tmp_path / "data.bin"
    assert os.fspath(got) == str(got.path)
    assert got.path.read_bytes() == BODY
    assert (got.size, got.checksum, got.resumed_from) == (len(BODY), SUM, 0)
    assert [each.name for each in tmp_path.iterdir()] == ["data.bin"]
    assert SUM in repr(got)
    assert SUM in got._repr_html_()


async def test_a_broken_connection_is_taken_up_by_itself(files, tmp_path):
    """With the entity tag, from where it was, and the sum is that of all bytes."""
    files.breaks = 2
    got = await nh.download(files.url(), tmp_path / "x", checksum=SUM)
    assert got.path.read_bytes() == BODY
    assert [each[1] for each in files.seen] == [None, '"one"', '"one"']


async def test_short_ranges_are_asked_on(files, tmp_path):
    """RFC 9110 §15.3.7: less than was asked for is no end."""
    files.breaks, files.most = 1, 200_000
    got = await nh.download(files.url(), tmp_path / "x", checksum=SUM)
    assert got.path.read_bytes() == BODY
    assert [each[0] for each in files.seen] == [
        None,
        *(f"bytes={len(BODY) // 2 + 200_000 * number}-" for number in range(3)),
    ]


async def test_ranges_without_a_byte_end_in_an_error(files, tmp_path):
    """Not in a file that is too short, nor in asking for ever."""
    await stop_in_the_middle(files, tmp_path / "x")
    files.empty = True
    with pytest.raises(nh.DownloadError, match="no more: 524 KB of 1"):
        await nh.download(files.url(), tmp_path / "x")
    files.empty = False
    got = await nh.download(files.url(), tmp_path / "x", checksum=SUM)
    assert got.resumed_from == len(BODY) // 2


async def stop_in_the_middle(files: Files, target) -> None:
    """Begin a download and cancel it when half of it is there."""
    files.hangs = True
    task = asyncio.ensure_future(nh.download(files.url(), target))
    part = target.with_name(target.name + ".part")
    while not part.exists() or part.stat().st_size < len(BODY) // 2:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    files.hangs = False


async def test_after_a_stop_the_same_call_goes_on(files, tmp_path):
    """The part is kept; what is there is not asked for again."""
    await stop_in_the_middle(files, tmp_path / "x")
    assert not (tmp_path / "x").exists()
    got = await nh.download(files.url(), tmp_path / "x", checksum=SUM)
    assert got.resumed_from == len(BODY) // 2
    assert files.seen[-1] == (f"bytes={len(BODY) // 2}-", '"one"')
    assert got.path.read_bytes() == BODY


async def test_a_changed_file_begins_anew(files, tmp_path):
    """Bytes of two files are never joined."""
    await stop_in_the_middle(files, tmp_path / "x")
    files.fields, files.body = {"ETag": '"two"'}, BODY[::-1]
    got = await nh.download(files.url(), tmp_path / "x")
    assert got.path.read_bytes() == BODY[::-1]
    assert got.resumed_from == 0


@pytest.mark.parametrize("fields", [{}, {"ETag": 'W/"one"'}], ids=["none", "weak"])
async def test_without_a_strong_validator_it_begins_anew(files, tmp_path, fields):
    """RFC 9110 §13.1.5: a weak tag does not promise the same bytes."""
    files.fields = fields
    await stop_in_the_middle(files, tmp_path / "x")
    got = await nh.download(files.url(), tmp_path / "x")
    assert files.seen[-1] == (None, None)
    assert got.path.read_bytes() == BODY


async def test_a_server_that_ignores_ranges_is_believed(files, tmp_path):
    """Its 200 is the whole file."""
    await stop_in_the_middle(files, tmp_path / "x")
    files.takes_ranges = False
    got = await nh.download(files.url(), tmp_path / "x")
    assert got.path.read_bytes() == BODY


async def test_a_part_that_is_whole_needs_no_byte(files, tmp_path):
    """416 says so, with the size."""
    await stop_in_the_middle(files, tmp_path / "x")
    (tmp_path / "x.part").write_bytes(BODY)
    got = await nh.download(files.url(), tmp_path / "x", checksum=SUM)
    assert got.resumed_from == len(BODY)
    (tmp_path / "x").rename(tmp_path / "y")
    await stop_in_the_middle(files, tmp_path / "x")
    (tmp_path / "x.part").write_bytes(BODY + b"more than there is")
    got = await nh.download(files.url(), tmp_path / "x", checksum=SUM)
    assert got.resumed_from == 0


async def test_another_checksum_is_told_with_both(files, tmp_path):
    """What came is kept beside, and is not gone on with."""
    wrong = "sha256:" + "0" * 64
    with pytest.raises(nh.ChecksumError) as caught:
        await nh.download(files.url(), tmp_path / "x", checksum=wrong)
    assert wrong in str(caught.value)
    assert SUM in str(caught.value)
    assert [each.name for each in tmp_path.iterdir()] == ["x.part"]
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        nh.download(files.url(), checksum="sha256:00")


async def test_nothing_is_replaced_silently(files, tmp_path):
    """Nor asked for; with its checksum it is there already, and overwrite=True replaces it."""
    (tmp_path / "x").write_bytes(BODY)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        await nh.download(files.url(), tmp_path / "x")
    there = await nh.download(files.url(), tmp_path / "x", checksum=SUM)
    assert (there.seconds, files.seen) == (0.0, [])
    (tmp_path / "data.bin").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        await nh.download(files.url(), tmp_path)
    await nh.download(files.url(), tmp_path, overwrite=True)
    assert (tmp_path / "data.bin").read_bytes() == BODY


async def test_the_name_that_a_server_says_stays_in_the_folder(files, tmp_path):
    """It is taken for text."""
    files.fields["Content-Disposition"] = 'attachment; filename="../../evil.py"'
    (tmp_path / "in").mkdir()
    got = await nh.download(files.url(), tmp_path / "in")
    assert got.path == tmp_path / "in" / "evil.py_"


async def test_an_error_leaves_nothing(files, tmp_path):
    """Its body is no file; and a forgotten await says what it is."""
    with pytest.raises(nh.ClientResponseError, match="404"):
        await nh.download(files.url("/missing"), tmp_path)
    assert list(tmp_path.iterdir()) == []
    pending = nh.download(files.url(), tmp_path)
    assert "nothing was downloaded yet. Put `await` in front" in repr(pending)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        await nh.download(files.url(), tmp_path / "no" / "x")


async def test_memory_does_not_grow_with_the_file(tmp_path):
    """100 MiB go through a few pieces."""

    async def large(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(400):
            await response.write(BODY[: 256 * 1024])
        return response

    app = web.Application()
    app.router.add_get("/large", large)
    async with TestServer(app) as server:
        tracemalloc.start()
        got = await nh.download(str(server.make_url("/large")), tmp_path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert got.size == 100 * 1024 * 1024
    assert peak < 16 * 1024 * 1024
    await default_client().close()


KERNEL = """
%load_ext notebook_http
import asyncio
import notebook_http as nh
from notebook_http import web
async def slow(request):
    count = int(request.match_info["n"])
    response = web.StreamResponse()
    response.content_length = count * 100_000
    await response.prepare(request)
    for _ in range(count):
        await response.write(bytes(100_000))
        await asyncio.sleep(0.05)
    return response
srv = await nh.serve({"GET /slow/{n}": slow}, name="slow")
"""
SCRIPT = """
import asyncio, resource, sys
import notebook_http as nh
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
try:
    asyncio.run(nh.download(sys.argv[1], sys.argv[2]))
except nh.DownloadError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of file sizes there")
async def test_a_full_disk_leaves_the_part_and_says_how_to_go_on(files, tmp_path):
    """The system's own limit stands for a disk here."""
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), files.url(), str(tmp_path / "x")]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=False)
    assert b"File too large: 300 KB of 1.0 MB are in " in done.stdout
    assert b"goes on from there" in done.stdout
    got = await nh.download(files.url(), tmp_path / "x", checksum=SUM)
    assert got.resumed_from == 300_000


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("data.csv", "data.csv"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("..", "download"),
        ("", "download"),
        (".bashrc", "bashrc"),
        ("CON.txt", "_CON.txt"),
        ("a:b?.txt", "a_b_.txt"),
        ("pandas.py", "pandas.py_"),
        ("x.part", "x.part_"),
        ("a\u202ecod.exe", "aU+202Ecod.exe"),
        ("-rf", "rf"),
        ("conout$", "_conout$"),
        ("con .txt", "_con.txt"),
        ("a\u00ad.csv", "a.csv"),
        ("a\U000e0041.csv", "a.csv"),
        ("con" + " " * 300 + "x", "_con"),
        ("x" * 300 + ".py", "x" * 196 + ".py_"),
        ("a\r\nb", "a__b"),
        ("ä" * 300 + ".zip", "ä" * 98 + ".zip"),
    ],
    ids=lambda text: ascii(text)[:30],
)
def test_names_of_strangers(said, name):
    """One component, of no meaning to any system."""
    assert downloaded_file_name(said) == name


@pytest.mark.kernel
def test_a_cell_shows_one_display_and_stop_says_how_to_go_on(kernel, tmp_path):
    """At most five updates a second; the last state is there before the cell ends."""
    kernel.run(KERNEL)
    shown = kernel.run(f"d = await nh.download(srv.url + 'slow/30', {str(tmp_path / 'a')!r})")
    assert shown.error == ""
    assert len(shown.values) == 1
    assert 1 <= len(shown.updates) <= 5 * shown.seconds
    assert shown.updates[-1]["text/plain"].startswith("a: 3.0 MB in ")
    assert '<progress value="3000000" max="3000000">' in shown.updates[-1]["text/html"]
    code = f"await nh.download(srv.url + 'slow/100', {str(tmp_path / 'b')!r})"
    stopped = kernel.run(code, stop_after=1.5)
    assert stopped.error_name == "KeyboardInterrupt"
    assert len(stopped.error.splitlines()) <= 12
    told = (stopped.updates or stopped.values)[-1]["text/plain"]
    assert told.startswith("Stopped. b: ")
    assert told.endswith("The same call begins anew.")
    refused = kernel.run(f"await nh.download(srv.url + 'slow/1', {str(tmp_path / 'a')!r})")
    assert "overwrite=True" in refused.error
    assert len(refused.error.splitlines()) <= 12
    unawaited = kernel.run("nh.download(srv.url + 'slow/1')")
    assert "nothing was downloaded yet. Put `await` in front" in unawaited.text
