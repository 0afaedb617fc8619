"""Codings, targets and names of files that cost other servers their time, memory or files."""

from __future__ import annotations

import pytest

from notebook_http import web
from notebook_http.web.files.folder import path_segments
from notebook_http.wire.content_coding import encoder_for

pytestmark = pytest.mark.advisory

ASK = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
MIB = 2**20


async def read_little(request):
    read = await request.content.read(10)
    return web.Response(text=str(len(read)))


def bomb(*codings: str) -> bytes:
    data, piece = b"", bytes(MIB)
    for at, coding in enumerate(codings):
        encoder = encoder_for(coding)
        pieces = [piece] * 256 if not at else [data]
        data = b"".join(encoder.encode(one) for one in pieces) + encoder.finish()
    return data


def sized(body: bytes, *codings: str) -> bytes:
    coding = ", ".join(codings).encode()
    return POST + b"Content-Encoding: %b\r\nContent-Length: %d\r\n\r\n" % (coding, len(body)) + body


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
async def test_cve_2025_66471_ten_bytes_cost_ten_bytes(serve, most_memory, coding):
    """They were taken of all that a read unpacked to."""
    server = await serve(read_little)
    data = sized(bomb(coding), coding)
    with most_memory(8):
        answer = await server.exchange(data)
    assert answer.endswith(b"\r\n\r\n10")


@pytest.mark.parametrize("coding", ["gzip", "br"])
async def test_cve_2026_44432_what_is_left_of_a_body_is_not_unpacked(serve, most_cpu, coding):
    """It was, in the draining behind the answer."""
    server = await serve(read_little)
    data = sized(bomb(coding), coding)
    with most_cpu(2):
        for _ in range(5):
            assert server.statuses(await server.exchange(data)) == [200]


async def redirect(request):
    raise web.HTTPFound("/elsewhere")


async def test_cve_2026_21441_nor_is_one_that_is_answered_with_a_redirect(serve, most_memory):
    """Of a handler that never looks at it."""
    server = await serve(redirect)
    data = sized(bomb("gzip"), "gzip")
    with most_memory(8):
        assert server.statuses(await server.exchange(data)) == [302]


async def test_cve_2026_49855_chunks_of_packed_bytes_are_counted_unpacked(serve, most_memory):
    """Tornado counted each chunk, and unpacked the sum."""

    async def handle(request):
        return web.Response(text=str(len(await request.read())))

    server = await serve(handle)
    packed = bomb("gzip")
    chunks = b"".join(
        b"%x\r\n%b\r\n" % (len(packed[at : at + 500]), packed[at : at + 500])
        for at in range(0, len(packed), 500)
    )
    head = POST + b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n"
    with most_memory(24):
        answer = await server.exchange(head + chunks + b"0\r\n\r\n")
    assert server.statuses(answer) == [413]


async def test_cve_2026_84382_codings_in_codings_are_bounded(serve, most_memory, most_cpu):
    """A few bytes that unpack to a bomb that unpacks to another."""

    async def handle(request):
        return web.Response(text=str(len(await request.read())))

    server = await serve(handle)
    codings = ("gzip", "br", "gzip")
    data = sized(bomb(*codings), *codings)
    with most_memory(24), most_cpu(5):
        assert server.statuses(await server.exchange(data)) == [413]


async def test_cve_2025_6176_brotli_has_a_bound_of_its_output(serve, most_memory, most_cpu):
    """Its library had none to be given, and 80 GB were asked for."""

    async def handle(request):
        sizes = []
        async for piece in request.content.iter_any():
            sizes.append(len(piece))
            if len(sizes) > 100:
                break
        return web.Response(text=str(max(sizes)))

    server = await serve(handle)
    data = sized(bomb("br"), "br")
    with most_memory(16), most_cpu(5):
        answer = await server.exchange(data)
    assert int(answer.rpartition(b"\r\n\r\n")[2]) <= 4 * MIB


@pytest.mark.parametrize("line", [b"0" * 3 * MIB, b"5;" + b"a" * 3 * MIB, b"5" + b" " * 3 * MIB])
async def test_cve_2026_97689_a_line_of_a_chunk_has_an_end(serve, most_memory, line):
    """Without one, all of it was kept."""

    async def handle(request):
        return web.Response(text=str(len(await request.read())))

    server = await serve(handle)
    data = POST + b"Transfer-Encoding: chunked\r\n\r\n" + line
    with most_memory(8):
        assert server.statuses(await server.exchange(data, step=2**16)) == [400]


@pytest.mark.parametrize("piece", ["@", "%", "%25", "@a:", "//", "/..", "?", "&", "=", ";", "%2e/"])
async def test_cve_2021_33503_targets_are_read_in_linear_time(serve, most_cpu, piece):
    """Expressions for URLs went back and forth over `@`; also urllib3's CVE-2020-7212."""

    async def handle(request):
        return web.Response(text=f"{len(request.path)} {len(request.query)} {request.url.raw_host}")

    server = await serve(handle, max_line_size=2**17)
    with most_cpu(4):
        for begin in ("/", "/?", "/a?b=", "http://a/"):
            target = begin + piece * (100_000 // len(piece))
            answer = await server.exchange(ASK.replace(b"/ ", target.encode() + b" ", 1))
            assert server.statuses(answer)[0] in (200, 400, 404)


async def test_cve_2020_7212_percent_signs_are_encoded_in_linear_time(serve, most_cpu):
    """Each of them was looked for in all of the rest."""

    async def handle(request):
        return web.Response(text=str(len(str(request.url.with_query(dict(request.query))))))

    server = await serve(handle, max_line_size=2**17)
    with most_cpu(4):
        for value in ("%" * 100_000, "%zz" * 30_000, "%e4" * 30_000, "%25" * 30_000):
            for target in (f"/{value}", f"/?a={value}"):
                answer = await server.exchange(ASK.replace(b"/ ", target.encode() + b" ", 1))
                assert server.statuses(answer) == [200]


@pytest.mark.parametrize("name", [r"\\host\share\x", "//host/share/x", r"\\.\pipe\x", r"\\?\UNC\h"])
def test_cve_2024_49766_shares_of_other_machines_are_no_files(name):
    """Python 3.10 did not take them for absolute on Windows."""
    assert path_segments(name, windows=True) is None


@pytest.mark.parametrize("name", ["CON.txt", "aux.", "NUL  ", "com1.tar.gz", "LPT9 .x", "prn.a.b"])
def test_cve_2026_21860_devices_with_suffixes_are_devices(name):
    """Dots, spaces and suffixes were taken for another name."""
    assert path_segments(name, windows=True) is None


@pytest.mark.parametrize("name", ["a/NUL", "a/b/con", "a/COM1/c", "./aux", "a//nul"])
def test_cve_2026_27199_devices_in_folders_are_devices(name):
    """Only the first part of a path was looked at."""
    assert path_segments(name, windows=True) is None


@pytest.mark.parametrize(
    "name", ["COM\u00b9", "lpt\u00b2.txt", "a/COM\u00b3", "x:y", "nul:", "CON:stream", "a:$DATA"]
)
def test_cve_2026_102598_superscripts_and_colons_are_devices(name):
    """Windows reads COM¹ as COM1, and what stands behind a colon as a stream."""
    assert path_segments(name, windows=True) is None
