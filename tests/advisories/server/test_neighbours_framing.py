"""What other servers took for a request: each advisory's own bytes, and a canary behind them."""

from __future__ import annotations

import asyncio
import sys

import pytest

from notebook_http import web

pytestmark = pytest.mark.advisory

GET = b"GET / HTTP/1.1\r\nHost: a\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
CANARY = b"GET /canary HTTP/1.1\r\nHost: a\r\n\r\n"
END = b"0\r\n\r\n"


async def read_whole(request: web.Request) -> web.Response:
    return web.Response(text=f"{request.path} {len(await request.read())}")


def coded(*values: bytes) -> bytes:
    """Return a request with these Transfer-Encoding fields, and a chunked body."""
    fields = b"".join(b"Transfer-Encoding: " + value + b"\r\n" for value in values)
    return POST + fields + b"\r\n5\r\nhello\r\n" + END


@pytest.mark.parametrize("length", [b"+1", b"1_0", b" +1", b"-1", b"0x1", b"1.0", b"\xd9\xa1"])
async def test_cve_2023_47627_a_length_is_digits(refused, length):
    """`int()` took more than digits."""
    await refused(POST + b"Content-Length: " + length + b"\r\n\r\nx")


@pytest.mark.parametrize("size", [b"+5", b"0_5", b" 5", b"-5", b"0x5", b"5.0", b"\xd9\xa5"])
async def test_cve_2023_47627_a_size_of_a_chunk_is_digits(serve, size):
    """The same in chunks."""
    server = await serve(read_whole)
    answer = await server.exchange(
        POST + CHUNKED + b"\r\n" + size + b"\r\nhello\r\n" + END + CANARY
    )
    assert server.statuses(answer) == [400]
    assert server.reached == ["POST /"]


@pytest.mark.parametrize("value", [b"chunked123", b"xchunked", b"not chunked", b"chunked-ish"])
async def test_cve_2023_47641_what_contains_chunked_is_not_chunked(refused, value):
    """It was enough that the value contained the word."""
    await refused(coded(value), 501)


@pytest.mark.parametrize("turned", [False, True])
async def test_cve_2023_47641_a_length_beside_chunks_is_refused(refused, turned):
    """Both were accepted, and a proxy before us may have taken the other one."""
    fields = [CHUNKED, b"Content-Length: %d\r\n" % len(END)]
    await refused(POST + b"".join(fields[:: -1 if turned else 1]) + b"\r\n" + END)


@pytest.mark.parametrize(
    "line", [b"GE T / HTTP/1.1", b" / HTTP/1.1", b"GET / HTTP/1.1\rX: y / HTTP/1.1", b"G\xc4T / "]
)
async def test_cve_2023_49082_a_method_is_one_token(refused, line):
    """A server sends none, but whoever passed on what a caller gave is answered 400."""
    await refused(line + b"\r\nHost: a\r\n\r\n")


@pytest.mark.parametrize("value", [b"chunkedchunked", b"chunked, identity", b"identity, chunked"])
async def test_cve_2022_32213_a_coding_is_compared_whole(refused, value):
    """It was looked for at the end of the value, or at a part of it."""
    await refused(coded(value), 501 if value.endswith(b"ed") else 400)


async def test_cve_2022_32214_a_line_feed_ends_no_field(refused):
    """What hid behind it framed the body for us, and not for others."""
    await refused(GET + b"Dummy: x\nContent-Length: 23\r\n\r\n")
    await refused(GET + b"Dummy: x\nTransfer-Encoding: chunked\r\n\r\n" + END)


@pytest.mark.parametrize("fold", [b"\r\n , identity", b"\r\n\t, identity", b"\r\n "])
async def test_cve_2022_32215_no_coding_goes_on_in_the_next_line(refused, fold):
    """A field of two lines was read as one, or as none."""
    await refused(coded(b"chunked" + fold))


async def test_cve_2022_35256_a_field_ends_in_crlf(refused):
    """It ended in CR, or in nothing at all."""
    await refused(GET + b"Dummy: x\r\rContent-Length: 5\r\n\r\nhello")
    await refused(GET + b"Dummy: \x00\r\n\r\n")
    await refused(GET + b"\rContent-Length: 5\r\n\r\nhello")


@pytest.mark.parametrize("letter", [b"x", b"T", b":", b"\t"])
async def test_cve_2023_30589_a_carriage_return_ends_no_field(refused, letter):
    """`X-Abc:` CR, any letter, and another field."""
    await refused(POST + b"X-Abc:\r" + letter + CHUNKED + b"\r\n1\r\nA\r\n" + END)


@pytest.mark.parametrize("space", [b" ", b"\t", b" \t "])
async def test_cve_2024_27982_no_white_space_before_a_length(refused, space):
    """It was a length for us, and a part of the field before for others."""
    await refused(POST + space + b"Content-Length: 5\r\n\r\nhello")
    await refused(b"POST / HTTP/1.1\r\n" + space + b"Content-Length: 5\r\nHost: a\r\n\r\nhello")


@pytest.mark.parametrize("letter", [b"X", b"G", b" ", b"\r"])
async def test_cve_2025_23167_a_head_ends_in_crlf_twice(refused, letter):
    """CR and any letter were its end."""
    await refused(b"GET / HTTP/1.1\r\nHost: a\r\n\r" + letter)


@pytest.mark.parametrize("value", [b"chunked,identity", b"identity", b"xchunked", b"chunked,"])
async def test_cve_2024_6827_a_coding_is_validated(refused, value):
    """Gunicorn fell back to a length of none: the chunks became requests."""
    await refused(coded(value), 501 if value in (b"identity", b"xchunked") else 400)


async def test_cve_2024_1135_no_coding_in_http_1_0(refused):
    """A proxy of those days passes it on, and looks for the end elsewhere."""
    await refused(coded(b"chunked").replace(b"HTTP/1.1", b"HTTP/1.0"))


@pytest.mark.parametrize("value", [b"gzip, chunked", b"gzip,chunked", b"deflate, gzip, chunked"])
async def test_cve_2019_16786_a_list_of_codings_is_not_passed_over(refused, value):
    """Waitress did, and read by the length instead; that is refused beside it, too."""
    await refused(coded(value), 501)
    await refused(coded(value).replace(b"Host", b"Content-Length: 5\r\nHost"), 400)


@pytest.mark.parametrize("value", [b"\x0bchunked", b"\x0cchunked", b"chunked\x0b", b"\x1cchunked"])
async def test_cve_2019_16789_white_space_of_python_is_none_of_http(refused, value):
    """`strip()` took vertical tabs for white space."""
    await refused(coded(value))


@pytest.mark.parametrize("end", [b"\x10", b"\x00", b"\x7f", b"\x0b"])
async def test_cve_2020_5236_a_long_bad_field_costs_nothing(refused, most_cpu, end):
    """An expression went back and forth over it."""
    with most_cpu(3):
        await refused(GET + b"Bad: " + b"x" * 5000 + end + b"\r\n\r\n", steps=(0, 999))
        await refused(GET + b"Bad: " + b" \t" * 2500 + end + b"\r\n\r\n", steps=(0, 999))


@pytest.mark.parametrize("size", [b"+5", b"0x5", b"0X05", b"5;a\nb", b"5;\x01"])
async def test_cve_2022_24761_sizes_and_extensions_of_chunks_are_validated(serve, size):
    """`int(…, 16)` took signs and prefixes; in extensions stood anything."""
    server = await serve(read_whole)
    data = POST + CHUNKED + b"\r\n" + size + b"\r\nhello\r\n" + END + CANARY
    assert server.statuses(await server.exchange(data)) == [400]
    assert server.reached == ["POST /"]


async def test_cve_2022_24761_nor_is_a_length_a_number_of_python(refused):
    """The same of lengths."""
    for length in (b"+10", b"1_0", b"0x10"):
        await refused(POST + b"Content-Length: " + length + b"\r\n\r\n0123456789")


@pytest.mark.parametrize("end", [b"Connection: close\r\n\r\n", b"Content-Length: x\r\n\r\n"])
async def test_cve_2024_49768_nothing_behind_the_last_request_is_read(serve, end):
    """Read ahead, it was answered although the one before had ended the connection."""
    server = await serve()
    answer = await server.exchange(POST + end + CANARY * 3)
    assert server.statuses(answer) in ([200], [400])
    assert server.reached in (["POST /"], [])


async def test_cve_2024_49769_clients_that_left_at_once_leave_nothing(serve):
    """Gone before they were looked at, they left sockets, and a loop that never slept."""
    server = await serve()
    for data in (b"", GET, GET + b"\r\n", POST + b"Content-Length: 5\r\n\r\n") * 10:
        _, writer = await server.connect()
        writer.write(data)
        writer.transport.abort()
    async with asyncio.timeout(10):
        while server._runner.server.connections:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("value", [b"chunked\x00", b"\x00chunked", b"chunked,chunked", b"+chunked"])
async def test_ghsa_753j_mpmx_qq6g_a_coding_is_one_word(refused, value):
    """Tornado read what stood there leniently."""
    await refused(coded(value), 501 if value[:1] == b"+" else 400)


@pytest.mark.parametrize("length", [b"+5", b"5_0", b"\x005", b"5\x00", b"\xd9\xa5"])
async def test_ghsa_qppv_j76h_2rpx_lengths_are_digits(refused, serve, length):
    """Of bodies, and of chunks."""
    await refused(POST + b"Content-Length: " + length + b"\r\n\r\nhello")
    server = await serve(read_whole)
    data = POST + CHUNKED + b"\r\n" + length + b"\r\nhello\r\n" + END + CANARY
    assert server.statuses(await server.exchange(data)) == [400]
    assert server.reached == ["POST /"]


@pytest.mark.parametrize("target", ["@evil", "evil/", ":80/", ".evil", "a.evil/x", "\\evil"])
async def test_cve_2026_54282_a_target_is_glued_to_no_host(refused, target):
    """`http://a` and `@evil` made `http://a@evil`."""
    await refused(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())


async def test_cve_2026_54282_what_comes_is_of_the_host_that_was_named(serve):
    """Whatever the target begins with."""

    async def handle(request):
        return web.Response(text=f"{request.url.host} {request.host}")

    server = await serve(handle)
    for target in ("//evil/x", "/@evil", "/\\evil", "/.evil"):
        answer = await server.exchange(LAST.replace(b"/last", target.encode()))
        assert answer.endswith(b"\r\n\r\na a"), answer


@pytest.mark.parametrize(
    "host", [b"[fe80::1%eth0]", b"[::1%25\rX: y]", b"[::1%0d%0a]", "a\uff05b".encode(), b"a\r\nb"]
)
async def test_cve_2026_104874_no_zone_hides_in_a_host(refused, host):
    """Of yarl, beside it: line breaks and percent signs came into a host by its zone."""
    await refused(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")


async def test_cve_2026_104874_views_of_headers_do_not_leak(serve):
    """A union of what a request's fields give kept a reference for ever."""
    counts = []

    async def handle(request):
        marker = ("X", request.headers["X"])
        before = sys.getrefcount(marker)
        for _ in range(100):
            request.headers.items() | {marker}
        counts.append(sys.getrefcount(marker) - before)
        return web.Response()

    server = await serve(handle)
    await server.exchange(LAST[:-2] + b"X: y\r\n\r\n")
    assert counts[0] < 50


@pytest.mark.parametrize("host", ["a" * 5000, "a." * 2500, "xn--" + "a" * 5000, "\u0662" * 2500])
async def test_cve_2024_3651_a_long_host_is_refused_unread(refused, most_cpu, host):
    """Its encoding took quadratic time."""
    with most_cpu(2):
        await refused(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode(), steps=(0, 999))


async def test_cve_2026_45409_a_long_host_in_a_target_is_refused_unread(refused, serve, most_cpu):
    """The same where the whole URL is sent, also within the length that a host may have."""
    with most_cpu(2):
        target = f"http://{'a.' * 2500}/"
        await refused(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode(), steps=(0, 999))

        async def handle(request):
            return web.Response(text=request.url.raw_host)

        server = await serve(handle)
        for host in ("xn--" + "a" * 59, "\u0662".encode().decode("latin-1") * 20, "a." * 120):
            head = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
            answer = await server.exchange(head.encode("latin-1"))
            assert server.statuses(answer)[0] in (200, 400), answer


@pytest.mark.parametrize("status", [200, 400, 413, 500])
async def test_cve_2026_103399_a_body_that_was_not_asked_for_is_no_request(serve, status):
    """That of libsoup was one: it had answered at once instead of `100 Continue`."""

    async def no(request):
        return web.Response(status=status)

    app = web.Application()
    app.router.add_route("POST", "/", read_whole, expect_handler=no)
    server = await serve(app, access_log_format="%r")
    data = POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(CANARY)
    answer = await server.exchange(data + CANARY + LAST)
    assert server.statuses(answer) in ([status], [status, 404])
    assert "POST / HTTP/1.1" in server.told()
    assert "canary" not in server.told()
