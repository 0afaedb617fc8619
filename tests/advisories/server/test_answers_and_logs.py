"""What leaves: heads and cookies of answers, bodies as announced, and lines in the log."""

from __future__ import annotations

import asyncio

import pytest

from notebook_http import web

pytestmark = pytest.mark.advisory

ASK = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
BREAKS = ["a\rX-Canary: y", "a\nX-Canary: y", "a\r\nX-Canary: y", "a\0b", "a\x0bb", "a\x7f"]


@pytest.mark.parametrize("bad", BREAKS)
@pytest.mark.parametrize("where", ["name", "value", "stream", "content type"])
async def test_cve_2020_7695_no_control_byte_leaves_in_a_head(serve, bad, where):
    """CRLF in headers of answers, also gunicorn's CVE-2018-1000164 and tornado's of 2012."""

    async def handle(request):
        if where == "stream":
            response = web.StreamResponse(headers={"X": bad})
            await response.prepare(request)
            await response.write_eof()
            return response
        if where == "content type":
            return web.Response(text="a", content_type=bad)
        return web.Response(headers={bad: "a"} if where == "name" else {"X": bad})

    server = await serve(handle)
    answer = await server.exchange(ASK)
    assert server.statuses(answer) == [500]
    assert b"Canary" not in answer


@pytest.mark.parametrize("bad", BREAKS[:4])
@pytest.mark.parametrize("make", [web.Response, web.StreamResponse, web.HTTPBadRequest])
def test_cve_2026_34519_a_reason_is_checked_when_it_is_set(make, bad):
    """CR in a reason split the response."""
    with pytest.raises(ValueError, match="eason"):
        make(reason=bad)
    with pytest.raises(ValueError, match="eason"):
        web.Response().set_status(200, bad)


async def test_cve_2025_67724_a_reason_is_text_on_error_pages(serve):
    """HTML in it was a part of the page."""

    async def handle(request):
        raise web.HTTPBadRequest(reason="<script>alert(1)</script>")

    server = await serve(handle)
    answer = await server.exchange(ASK)
    assert b"\r\nContent-Type: text/plain" in answer


@pytest.mark.parametrize(
    "attribute", ["domain", "path", "samesite", "expires", "value", "name", "max_age"]
)
@pytest.mark.parametrize("bad", ["a;b", "a\r\nX: y", "a\nb", "a\0", "a\x1f"])
async def test_cve_2026_35536_attributes_of_cookies_are_checked(serve, attribute, bad):
    """`;` and control bytes made other attributes, or other headers."""
    cookie = {"name": "n", "value": "v", attribute: bad}

    async def handle(request):
        response = web.Response()
        response.set_cookie(cookie.pop("name"), cookie.pop("value"), **cookie)
        return response

    server = await serve(handle)
    answer = await server.exchange(ASK)
    assert b"\r\nX: y" not in answer
    if attribute != "value":  # a value may be quoted
        assert server.statuses(answer) == [500], answer


@pytest.mark.parametrize("target", ["/\x1b[2J", "/%1b[2J", '/a"b', "/\u2028", "/%0d%0aGET"])
async def test_cve_2020_7694_no_client_writes_lines_of_its_own(serve, target):
    """Escape sequences of a target, a referrer, a client's name reached the terminal."""
    server = await serve()
    fields = 'Referer: \x1b[31m" \x9b\r\nUser-Agent: "\\x1b \u2028\x85\r\n'
    await server.exchange(
        f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fields}\r\n".encode()
    )
    assert server.log
    for record in server.log:
        line = record.getMessage()
        assert line.isprintable(), line
        assert "\x1b" not in line
        assert "127.0.0.1" in line


async def test_cve_2025_69230_bad_cookies_have_one_line_at_most(serve):
    """There was one for each."""

    async def handle(request):
        return web.Response(text=str(len(request.cookies)))

    server = await serve(handle)
    cookies = "; ".join(f"{{bad name {i}}}=x\x7f" for i in range(200))
    data = f"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: {cookies}\r\n\r\n"
    answer = await server.exchange(data.replace("\x7f", ",").encode())
    assert server.statuses(answer) == [200]
    assert len(server.log) <= 2


@pytest.mark.parametrize(
    "piece", ['"', "\\", ";", "=", "\\073", '"\\', " ", "a=\\1;", "a", ",", '="']
)
async def test_cve_2024_52804_cookies_cost_linear_time(serve, most_cpu, piece):
    """Quadratic unquoting, tornado's and CPython's (CVE-2024-7592)."""

    async def handle(request):
        return web.Response(text=str(len(request.cookies)))

    server = await serve(handle, max_field_size=2**18)
    value = ("a=" + piece * (200_000 // len(piece))).encode()
    with most_cpu(3):
        answer = await server.exchange(ASK[:-2] + b"Cookie: " + value + b"\r\n\r\n")
    assert server.statuses(answer) == [200]


@pytest.mark.parametrize("cookie", ["=__Host-a=b", "=b", "a=1; =__Secure-x=y; c=2"])
async def test_cve_2023_23934_a_cookie_without_a_name_is_none(serve, cookie):
    """Browsers and servers saw other names."""
    seen = {}

    async def handle(request):
        seen.update(request.cookies)
        return web.Response()

    server = await serve(handle)
    await server.exchange(ASK[:-2] + f"Cookie: {cookie}\r\n\r\n".encode())
    assert not any(name.startswith("__") or not name for name in seen), seen


async def test_cve_2026_3644_a_bad_cookie_is_passed_over(serve):
    """It is no error, and the others are there."""
    seen = {}

    async def handle(request):
        seen.update(request.cookies)
        return web.Response()

    server = await serve(handle)
    answer = await server.exchange(
        ASK[:-2] + b'Cookie: a=1; "b=\x80; {c}=2; d="\\012\\015x"; e=5\r\n\r\n'
    )
    assert server.statuses(answer) == [200]
    assert seen["a"] == "1"
    assert seen["e"] == "5"
    assert not any(c in value for value in seen.values() for c in "\r\n"), seen


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304), ("HEAD", 404)]
)
@pytest.mark.parametrize("streams", [True, False])
async def test_promise_no_body_where_none_may_be(serve, method, status, streams):
    """Whatever the handler writes: it would be the next answer."""

    async def handle(request):
        if request.path == "/next":
            return web.Response(text="next")
        if not streams:
            return web.Response(status=status, body=b"canary" * 100)
        response = web.StreamResponse(status=status)
        await response.prepare(request)
        await response.write(b"canary" * 100)
        await response.write_eof()
        return response

    server = await serve(handle)
    data = f"{method} / HTTP/1.1\r\nHost: a\r\n\r\n".encode() + ASK.replace(b"/ ", b"/next ", 1)
    answer = await server.exchange(data)
    assert b"canary" not in answer
    assert server.statuses(answer) == [status, 200]
    assert answer.endswith(b"next")


@pytest.mark.parametrize("announced", ["1", "100", "-1", "a", "1, 1"])
@pytest.mark.parametrize("streams", [True, False])
async def test_promise_as_many_bytes_leave_as_were_announced(serve, announced, streams):
    """Else the connection ends, and what came behind is no answer to anybody."""

    async def handle(request):
        if not streams:
            return web.Response(body=b"canary", headers={"Content-Length": announced})
        response = web.StreamResponse(headers={"Content-Length": announced})
        await response.prepare(request)
        await response.write(b"canary")
        await response.write_eof()
        return response

    server = await serve(handle)
    answer = await server.exchange(ASK.replace(b"Connection: close\r\n", b"") + ASK)
    assert b"canaryHTTP" not in answer
    assert server.statuses(answer) in ([200], [500], [500, 500]), answer


@pytest.mark.parametrize("streams", [True, False])
async def test_promise_no_length_beside_chunks_leaves(serve, streams):
    """Also when both are set by hand."""

    async def handle(request):
        fields = {"Content-Length": "6", "Transfer-Encoding": "chunked"}
        response = (
            web.StreamResponse(headers=fields)
            if streams
            else web.Response(body=b"canary", headers=fields)
        )
        await response.prepare(request)
        await response.write_eof(b"canary" if streams else b"")
        return response

    server = await serve(handle)
    head = (await server.exchange(ASK)).partition(b"\r\n\r\n")[0].lower()
    assert head.count(b"content-length") + head.count(b"transfer-encoding") == 1


async def test_promise_writing_waits_for_a_slow_reader(serve, most_memory):
    """A client that does not read costs a bounded buffer."""
    written = 0

    async def handle(request):
        nonlocal written
        response = web.StreamResponse()
        if request.path != "/":
            return web.Response()
        await response.prepare(request)
        for _ in range(1024):
            await response.write(bytes(65536))
            written += 65536
        return response

    server = await serve(handle)
    with most_memory(8):
        _, writer = await server.connect()
        writer.write(ASK)
        before = -1
        while written != before:
            before = written
            await asyncio.sleep(0.1)
        assert 0 < written < 32 * 2**20
        writer.transport.abort()
        await server.answers_the_next_client()


async def test_cve_2026_54280_a_payload_is_closed_when_its_client_leaves(serve):
    """It was not, and what it held open stayed so."""
    closed = asyncio.Event()

    class Endless(web.StreamResponse):
        pass

    async def pieces():
        try:
            while True:
                yield bytes(65536)
        finally:
            closed.set()

    async def handle(request):
        return web.Response(body=pieces()) if request.path == "/" else web.Response()

    server = await serve(handle)
    reader, writer = await server.connect()
    writer.write(ASK)
    await reader.readexactly(1000)
    writer.transport.abort()
    async with asyncio.timeout(10):
        await closed.wait()
