"""Heads of requests: what went wrong in request lines and fields."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import re
import tracemalloc

import pytest

from notebook_http import web

pytestmark = pytest.mark.advisory

GET = b"GET / HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "///evil.example/x/..", "//a/%2e%2e"]
)
@pytest.mark.parametrize("options", [{}, {"append_slash": False, "remove_slash": True}])
async def test_cve_2021_21330_no_redirect_leads_to_another_host(serve, target, options):
    """`//host/..` was answered with `Location: //host/`; also werkzeug's and tornado's."""

    async def handle(request):
        return web.Response(text="found")

    app = web.Application(middlewares=[web.normalize_path_middleware(**options)])
    app.router.add_get("/{path:.*}x/", handle)
    app.router.add_get("/{path:.*}y", handle)
    server = await serve(app)
    for end in ("x", "y", "y/", "x//", "/y//"):
        data = f"GET {target}{end} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
        answer = await server.exchange(data)
        for line in answer.lower().split(b"\r\n"):
            if line.startswith(b"location:"):
                where = line.partition(b":")[2].strip()
                assert where.startswith(b"/"), where
                assert not where.startswith((b"//", b"/\\")), where


@pytest.mark.parametrize(
    "target", ["http://[::1/", "http://[::1", "http://a:b/", "http://[/", "http://]/"]
)
async def test_cve_2022_33124_a_target_that_is_no_url_is_400(refused, serve, target):
    """A ValueError of the URL's parser came out."""
    server = await serve()
    await refused(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode(), server=server)
    assert "Traceback" not in server.told()


@pytest.mark.parametrize("byte", [b"\r", b"\n", b"\0", b"\rTransfer-Encoding: chunked\r\n"])
@pytest.mark.parametrize("field", [b"X: a%bb", b"X: %bb", b"X%b: b", b"Host%b: b"])
async def test_cve_2023_37276_no_line_break_hides_in_a_field(refused, byte, field):
    """A lone CR in a value began another header."""
    await refused(GET + field % byte + b"\r\n\r\n")


@pytest.mark.parametrize(
    "end", [b"\r\n\r", b"\n\n", b"\r\n\n", b"\n\r\n", b"\r\r", b"\rX", b"\r\n\rX"]
)
async def test_ghsa_pjjw_qhg8_p2p9_a_head_ends_in_two_line_breaks(refused, end):
    """Two more ends of a head; llhttp's CVE-2025-23167 is one of them."""
    await refused(b"GET / HTTP/1.1\r\nHost: a" + end)


@pytest.mark.parametrize("byte", [*range(33), *b'()<>@,;\\"/[]?={}', 127, 128, 255])
async def test_cve_2024_23829_a_name_is_a_token(refused, serve, byte):
    """Lenient sets of characters; some raised odd errors. `:` ends a name."""
    server = await serve()
    bad = GET + b"X" + bytes([byte]) + b"Y: a\r\n\r\n"
    await refused(bad, server=server, steps=(0,))
    assert "Traceback" not in server.told()


async def test_cve_2024_52303_nothing_is_kept_of_paths_and_methods(serve):
    """With middlewares, each unknown method and path was cached for good."""

    @web.middleware
    async def passing(request, handler):
        return await handler(request)

    server = await serve(web.Application(middlewares=[passing]), access_log=None)
    methods = ("GET", "PUT", "PROPFIND", "PURGE", "SEARCH", "UNLOCK")
    last = GET + b"Connection: close\r\n\r\n"
    line = "{} /{:0>500}?{} HTTP/1.1\r\nHost: a\r\nX-{}: b\r\n\r\n"

    async def ask_for_other_things(begin: int) -> None:
        several = [line.format(methods[i % 6], i, i, i).encode() for i in range(begin, begin + 200)]
        assert len(server.statuses(await server.exchange(b"".join(several) + last))) == 201

    def held() -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        for begin in range(0, 2000, 200):  # caches of known size are full after these
            await ask_for_other_things(begin)
        before = held()
        for begin in range(2000, 6000, 200):
            await ask_for_other_things(begin)
        kept = held() - before
    finally:
        tracemalloc.stop()
    assert kept < 200_000  # 4,000 paths of 500 bytes are two million


@pytest.mark.parametrize("hosts", [("a", "a"), ("a", "b"), ("", ""), ("a", "a, b"), ()])
@pytest.mark.parametrize("spelling", ["Host", "hOST"])
async def test_cve_2026_34525_there_is_one_host(refused, hosts, spelling):
    """Two Host headers were accepted; none in HTTP/1.1, too."""
    names = ("Host", spelling)
    fields = "".join(f"{name}: {host}\r\n" for name, host in zip(names, hosts, strict=False))
    await refused(f"GET / HTTP/1.1\r\n{fields}\r\n".encode())


@pytest.mark.parametrize(
    "host",
    ["a/b?c", "a#b", "u@a", "a b", "a\\b", "a:b", "a:1:2", "[::1", "a]", "[a]b", "ä", "a\t:1"],
)
async def test_cve_2026_48710_a_host_is_a_host(refused, host):
    """`request.url` was made by gluing Host and target; so for `GET @evil`."""
    await refused(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    await refused(f"GET @evil HTTP/1.1\r\nHost: {host[0]}\r\n\r\n".encode())


@pytest.mark.parametrize(
    "method", ["SEARCH", "search", "SOURCE", "__init__", "request", "LINK", "_iter"]
)
async def test_cve_2026_48817_methods_of_a_view_are_those_of_http(serve, method):
    """The method's name was looked up as an attribute."""
    seen = []

    class Things(web.View):
        async def get(self):
            return web.Response()

        async def search(self):
            seen.append("search")
            return web.Response()

        source = link = SEARCH = search

    app = web.Application()
    app.router.add_view("/", Things)
    server = await serve(app)
    data = f"{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
    assert server.statuses(await server.exchange(data))[0] in (501, 405)
    assert seen == []


@pytest.mark.parametrize(
    ("first", "dribble", "status"),
    [
        (b"GET /", b"a" * 1024, 414),
        (GET + b"X", b"a" * 1024, 431),
        (GET + b"X: ", b"a" * 1024, 431),
        (GET, b"X: y\r\n" * 20, 431),
        (b"", b"A" * 1024, 400),
        (GET + b"X:", b" " * 1024, 431),
    ],
)
async def test_cve_2026_54277_limits_hold_over_reads(serve, first, dribble, status):
    """The limit was per read: dribbled, a line went on for ever."""
    server = await serve()
    answer = await server.exchange(first + dribble * 60, step=len(dribble))
    assert server.statuses(answer) == [status]
    assert server.reached == []


@pytest.mark.parametrize(
    "bad", ["Content-Length: ٥", "Content-Length: ５", "Transfer-Encoding: chunKed", "ſ: a"]
)
async def test_cve_2025_69224_elements_of_the_protocol_are_ascii(refused, bad):
    """Digits and case folding matched what is not ASCII: other digits, the Kelvin sign."""
    bad = bad.replace("chunK", "chun\u212a")
    status = 501 if "Transfer" in bad else 400
    await refused(f"POST / HTTP/1.1\r\nHost: a\r\n{bad}\r\n\r\n".encode(), status)


@pytest.mark.parametrize(
    "head", [b"GET / HTTP/1.1\nHost: a\n\n", b"GET / HTTP/1.1\r\nHost: a\n\r\n"]
)
async def test_cve_2019_16785_lines_end_in_crlf(refused, head):
    """Bare line feeds were taken by waitress, which others pass on within a field."""
    await refused(head)


@pytest.mark.parametrize("step", [0, 4096])
async def test_cve_2019_16792_fields_cost_no_more_each(serve, most_cpu, step):
    """A regular expression over fields was quadratic; so was the joining of repeated ones."""
    server = await serve(max_headers=50_000)
    fields = b"".join(b"X: %d\r\n" % i for i in range(20_000)) + b"X: " + b" \t" * 4000 + b"y\r\n"
    with most_cpu(5):
        answer = await server.exchange(GET + fields + b"Connection: close\r\n\r\n", step=step)
    assert server.statuses(answer) == [200]


@pytest.mark.parametrize(
    "name", ["Host", "Content-Length", "Content-Type", "Transfer-Encoding", "ETag", "Content-Range"]
)
async def test_promise_fields_that_may_stand_once_do_not_repeat(refused, name):
    """Also equal ones, in any spelling."""
    value = {"Content-Length": "0", "Transfer-Encoding": "chunked"}.get(name, "a")
    host = "" if name == "Host" else "Host: a\r\n"
    fields = f"{name}: {value}\r\n{name.upper()}: {value}\r\n"
    await refused(f"POST / HTTP/1.1\r\n{host}{fields}\r\n".encode())


@pytest.mark.parametrize("version", ["0.9", "2.0", "1.2", "3.0", "1.10", "9.9", "1.a"])
async def test_promise_only_http_1_0_and_1_1_are_read(refused, version):
    """505 for what a version looks like, 400 for what does not."""
    status = 505 if re.fullmatch("[0-9][.][0-9]", version) else 400
    await refused(f"GET / HTTP/{version}\r\nHost: a\r\n\r\n".encode(), status)


@pytest.mark.parametrize("method", ["get", "Get", "GETT", "G ET", "", "GE\x7f", "PÖST"])
async def test_promise_methods_are_compared_exactly(refused, method):
    """Tokens, with their case: 501 for those that nobody knows (RFC 9110 §9.1)."""
    status = 501 if method.isascii() and method.isalpha() else 400
    await refused(f"{method} / HTTP/1.1\r\nHost: a\r\n\r\n".encode(), status)


async def test_promise_bytes_that_are_no_utf8_survive(serve):
    """In values, as surrogates; whoever sends them on gets the same bytes or an error."""

    async def handle(request):
        assert request.headers["X"].encode("utf-8", "surrogateescape") == b"\xff\xfe"
        return web.Response(headers={"Y": request.headers["X"]})

    server = await serve(handle)
    answer = await server.exchange(GET + b"X: \xff\xfe\r\nConnection: close\r\n\r\n")
    assert server.statuses(answer) in ([200], [500])
    assert (b"\r\nY: \xff\xfe\r\n" in answer) is (server.statuses(answer) == [200])
    assert "AssertionError" not in server.told()


async def test_promise_heads_that_trickle_in_are_few(serve):
    """Slow-loris by many: those that have waited longest are refused, whoever comes is served."""
    server = await serve(max_unfinished_heads=10, head_timeout=60)
    begun = []
    async with asyncio.timeout(20):
        for _ in range(100):
            reader, writer = await server.connect()
            begun.append((reader, writer))
            writer.write(GET + b"X: y\r\n")
            await server.answers_the_next_client()
        answers = []
        for reader, _ in begun[:80]:
            answers.append(server.statuses(await reader.read()))
        assert answers == [[408]] * 80
        # The others are not disturbed, nor are those that had begun a head and have ended it.
        for reader, writer in begun[-10:]:
            writer.write(b"\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        for reader, writer in begun[-10:]:
            writer.write(GET + b"Connection: close\r\n\r\n")
            assert server.statuses(await reader.read()) == [200]
        for _, writer in begun:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
    assert len(server._runner.server.settings.unfinished_heads._begun) <= 20


async def test_promise_heads_that_trickle_in_are_small_together(serve):
    """Few and large ones: the largest are refused, and nobody who says little is."""
    server = await serve(max_unfinished_head_bytes=200_000, head_timeout=60)
    field = b"X: %s\r\n" % (b"a" * 4000)
    small = [await server.connect() for _ in range(20)]
    large = [await server.connect() for _ in range(20)]
    async with asyncio.timeout(20):
        for _, writer in small:
            writer.write(GET + b"X: y\r\n")
        for _, writer in large:
            writer.write(GET)
        await server.answers_the_next_client()
        for _ in range(12):  # 48 kB each, 960 kB together
            for _, writer in large:
                writer.write(field)
                with contextlib.suppress(ConnectionError):
                    await writer.drain()
            await server.answers_the_next_client()
        # Whoever was not refused ends its head, and is answered.
        for _, writer in small + large:
            with contextlib.suppress(ConnectionError):
                writer.write(b"Connection: close\r\n\r\n")
        answers = [server.statuses(await reader.read()) for reader, _ in small]
        assert answers == [[200]] * 20
        answers = [server.statuses(await reader.read()) for reader, _ in large]
        assert 0 < answers.count([200]) * 48_000 <= 400_000
        assert answers.count([408]) + answers.count([200]) == 20
        for _, writer in small + large:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
    heads = server._runner.server.settings.unfinished_heads
    assert heads._bytes == sum(heads._begun.values()) <= 400_000


async def test_promise_floods_of_heads_hold_memory_flat(serve, most_memory):
    """Twenty connections with heads that never end: each is refused at its limit."""
    server = await serve()
    flood = b"".join(b"X%d: %s\r\n" % (i, b"a" * 4000) for i in range(16))
    connections = [await server.connect() for _ in range(20)]
    with most_memory(24):
        async with asyncio.timeout(30):
            for _, writer in connections:
                writer.write(GET)
                try:
                    for _ in range(40):  # 2.5 MiB each
                        writer.write(flood)
                        await writer.drain()
                        await asyncio.sleep(0)
                except ConnectionError:
                    pass
            for reader, writer in connections:
                assert server.statuses(await reader.read()) == [431]
                writer.close()
        await server.answers_the_next_client()
