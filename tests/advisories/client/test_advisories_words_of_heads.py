"""Words of heads, ours and theirs: hosts, targets, repeated fields, logs, and chunks that leave."""

from __future__ import annotations

import asyncio
import logging
import re
import sys

import pytest
from yarl import URL

from notebook_http import (
    ClientConnectionError,
    ClientError,
    ClientSession,
    CookieJar,
    DigestAuthMiddleware,
    InvalidURL,
    NonHttpUrlClientError,
)
from notebook_http.client.middlewares import LoggingMiddleware

pytestmark = pytest.mark.advisory

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SECRET = "s3cret"


async def test_cve_2026_34525_one_host_leaves(raw_server, session):
    """Two of them, and each of two readers took another one."""
    server = await raw_server(OK)
    for headers in (
        {"Host": "a.example"},
        [("Host", "a.example"), ("host", "b.example")],
        [("HOST", "a.example"), ("X", "y"), ("Host", "a.example")],
    ):
        async with session.get(server.url, headers=headers) as response:
            await response.read()
    async with (
        ClientSession(headers={"host": "c.example"}) as other,
        other.get(server.url, headers={"Host": "a.example"}) as response,
    ):
        await response.read()
    for request in server.requests:
        assert re.findall(rb"\r\nhost: *([^\r]*)", request, re.IGNORECASE) == [b"a.example"]


@pytest.mark.parametrize(
    "url",
    [
        "http://good.example@127.0.0.1:{port}/",
        "http://good.example:pw@127.0.0.1:{port}/",
        "http://127.0.0.1:{port}#@good.example/",
        "http://127.0.0.1:{port}/@good.example",
        "http://127.0.0.1:{port}?@good.example/",
        "http://127.0.0.1:{port}\\@good.example/",
        "http://good.example\\@127.0.0.1:{port}/",
        "http://good.example;@127.0.0.1:{port}/",
        "http://good.example%2f@127.0.0.1:{port}/",
        "http://good.example\uff0f@127.0.0.1:{port}/",
        "http://127.0.0.1\uff1a{port}/",
        "http://①27.0.0.1:{port}/",
        "http://127。0。0。1:{port}/",
    ],
)
async def test_cve_2021_41945_who_is_dialled_is_who_is_named(raw_server, session, url):
    """One reading of a URL for all: who is connected to, Host, credentials, cookies."""
    server = await raw_server(OK)
    for encoded in (False, True):
        try:
            given = URL(url.format(port=server.port), encoded=encoded)
        except ValueError:
            continue
        before = len(server.requests)
        try:
            async with session.get(given) as response:
                assert response.url.host == "127.0.0.1"
                await response.read()
        except (InvalidURL, NonHttpUrlClientError, ClientConnectionError):
            assert len(server.requests) == before
            continue
        head = server.requests[-1].split(b"\r\n")
        assert f"Host: 127.0.0.1:{server.port}".encode() in head
        assert b"good.example" not in b"".join(line for line in head if line.startswith(b"Host"))


@pytest.mark.parametrize(
    "start",
    [
        "//localhost:{port}/",
        "///localhost:{port}/",
        "/\\localhost:{port}/",
        "\\\\localhost:{port}/",
        "http:\\\\localhost:{port}/",
    ],
)
async def test_cve_2020_28724_two_slashes_are_another_origin(raw_server, start):
    """A path that begins with two slashes names a host; credentials do not go there."""
    other = await raw_server(OK)
    location = start.format(port=other.port)
    go = f"HTTP/1.1 302 Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    server = await raw_server(go, OK)
    jar = CookieJar(unsafe=True)
    async with ClientSession(cookie_jar=jar, headers={"Authorization": SECRET}) as session:
        try:
            async with session.get(server.url, cookies={"c": SECRET}) as response:
                await response.read()
        except ClientError:
            pass  # no URL to us
    assert SECRET.encode() in server.requests[0]
    assert not any(SECRET.encode() in request for request in other.requests)
    if start.startswith("//l"):
        assert len(other.requests) == 1


async def test_cve_2025_67725_repeated_fields_are_joined_in_linear_time(
    raw_server, session, most_cpu
):
    """Each repetition copied all that had come before."""
    names = ("Link", "Set-Cookie", "X", "Vary", "Cache-Control")
    lines = "".join(f"{names[n % 5]}: <a{n}>; rel=b\r\n" for n in range(30_000))
    server = await raw_server(f"HTTP/1.1 200 OK\r\n{lines}Content-Length: 2\r\n\r\nok".encode())
    with most_cpu(5), pytest.raises(ClientError):
        await session.get(server.url)
    lines = "".join(f"{names[n % 5]}: <a{n}>; rel=b\r\n" for n in range(10_000))
    server = await raw_server(f"HTTP/1.1 200 OK\r\n{lines}Content-Length: 2\r\n\r\nok".encode())
    with most_cpu(5):
        async with session.get(server.url, max_headers=20_000) as response:
            assert await response.read() == b"ok"
            assert len(response.headers.getall("X")) == 2000
            assert len(response.links.getall("b")) == 2000


async def test_cve_2026_104874_the_union_of_headers_keeps_nothing(raw_server, session):
    """A union of their items never let go of a value."""
    server = await raw_server(OK.replace(b"Content", b"X: " + b"v" * 5000 + b"\r\nContent"))
    async with session.get(server.url) as response:
        value = response.headers["X"]
        before = sys.getrefcount(value)
        for _ in range(100):
            assert ("a", "b") in response.headers.items() | {("a", "b")}
            assert ("X", value) in response.headers.items() & {("X", value)}
        assert sys.getrefcount(value) - before < 50


@pytest.mark.parametrize("place", ["path", "query", "reason", "name"])
async def test_cve_2020_7694_no_escape_sequence_reaches_a_log(raw_server, caplog, place):
    """A terminal that shows the log would obey."""
    escape = "\x1b[31m\u009b2J\r\nforged line"
    answers = {
        "reason": f"HTTP/1.1 200 {escape[:5]}\r\n\r\n",
        "name": f"HTTP/1.1 200 OK\r\nX{escape[:5]}: y\r\n\r\n",
    }
    server = await raw_server(answers.get(place, OK.decode()).encode())
    url = {"path": f"{server.url}/{escape}", "query": f"{server.url}/?q={escape}"}
    caplog.set_level(logging.DEBUG)
    async with ClientSession(middlewares=(LoggingMiddleware(),)) as session:
        try:
            async with session.get(url.get(place, server.url)) as response:
                await response.read()
        except ClientError:
            assert place in answers
    lines = [record.getMessage() for record in caplog.records if "notebook" in record.name]
    assert len(lines) == 1
    assert lines[0].isprintable()


@pytest.mark.parametrize("url", ["http://[]@", "http://[", "//a[]@/", "http://::", "http://a:b/"])
async def test_cve_2022_33124_links_and_spaces_that_are_no_urls_are_left_out(raw_server, url):
    """Errors of the URL's parser came out of whatever read a header with a URL in it."""
    link = f"<{url}>; rel=bad, </next>; rel=next"
    server = await raw_server(OK.replace(b"Content", f"Link: {link}\r\nContent".encode()))
    async with ClientSession() as session, session.get(server.url) as response:
        assert response.links["next"]["url"] == URL(server.url) / "next"
        assert "bad" not in response.links or url in ("http://::", "http://a:b/")
    challenge = f'Digest realm="r", nonce="n", qop="auth", domain="{url} /"'.encode()
    asking = b"HTTP/1.1 401 Who\r\nWWW-Authenticate: %b\r\nContent-Length: 0\r\n\r\n" % challenge
    server = await raw_server(asking, OK)
    digest = DigestAuthMiddleware("user", "password")
    async with (
        ClientSession(middlewares=(digest,)) as session,
        session.get(server.url) as response,
    ):
        assert response.status == 200


ESCAPES = "\u009b31m\u202e\u00e9"


@pytest.mark.parametrize(
    "answer",
    [
        f"302 Go\r\nLocation: http://[{'[' * 8000}",
        f"302 Go\r\nLocation: http://[{ESCAPES}",
        f"302 Go\r\nLocation: http://{'a' * 8000}/",
        f"302 Go\r\nLocation: http://{ESCAPES}/",
        f"302 Go\r\nLocation: /{'a' * 8000}",
        f"302 Go\r\nLocation: /{ESCAPES}",
        f"302 Go\r\nLocation: {'a' * 8000}:b",
        f"302 Go\r\nLocation: ftp://a/{ESCAPES}",
        f"400 {'r' * 8000}",
        f"400 {ESCAPES}",
        f"401 Who\r\nWWW-Authenticate: Digest realm=a, nonce=b, algorithm={'a' * 8000}",
        f'401 Who\r\nWWW-Authenticate: Digest realm=a, nonce=b, algorithm="{ESCAPES}"',
        f"200 OK\r\nTransfer-Encoding: {'a' * 8000}",
        f"200 OK\r\nContent-Type: {'a' * 8000}",
        f"200 OK\r\nContent-Type: {ESCAPES}",
        f"200 OK\r\nContent-Encoding: {'a' * 8000}",
        f"200 OK\r\nContent-Encoding: x, {ESCAPES}",
    ],
    ids=range(17),
)
@pytest.mark.parametrize("requote", [True, False])
async def test_promise_an_error_says_little_of_an_answer(raw_server, answer, requote):
    """Its text is for logs, terminals and cells: short, and without what those obey."""
    length = "" if "Transfer" in answer else "Content-Length: 2\r\n"
    server = await raw_server(f"HTTP/1.1 {answer}\r\n{length}\r\n{{}}".encode())
    digest = DigestAuthMiddleware("user", "password")
    async with ClientSession(requote_redirect_url=requote, middlewares=(digest,)) as session:
        with pytest.raises((ClientError, ValueError)) as caught:
            await _read_json(session, server.url)
    for text in (str(caught.value), repr(caught.value)):
        assert text.isprintable()
        assert len(text) < 1200


async def _read_json(session: ClientSession, url: str) -> None:
    async with session.get(url, max_redirects=2, raise_for_status=True) as response:
        await response.json()


async def test_promise_chunks_that_leave_are_plain(raw_server, session):
    """Hex digits, no extension, no empty chunk before the last one, and no trailers."""
    server = await raw_server(OK)

    async def pieces():
        for size in (1, 0, 15, 16, 255, 50_000, 0):
            yield b"a" * size

    async with session.post(server.url, data=pieces()) as response:
        await response.read()
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert b"\r\nTransfer-Encoding: chunked" in head
    assert b"trailer" not in head.lower()
    total = 0
    while True:
        size, _, body = body.partition(b"\r\n")
        assert re.fullmatch(rb"[0-9a-f]+", size)
        if int(size, 16) == 0:
            break
        total += int(size, 16)
        assert body[int(size, 16) :].startswith(b"\r\n")
        body = body[int(size, 16) + 2 :]
    assert (size, body, total) == (b"0", b"\r\n", 1 + 15 + 16 + 255 + 50_000)


@pytest.mark.parametrize("method", ["get", "Head", "hEAD", "x-own"])
async def test_promise_methods_leave_as_they_are_judged(raw_server, session, method):
    """HEAD in other letters: its answer was read as one with a body, or the other way round."""
    server = await raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", OK)
    asking = asyncio.wait_for(session.request(method, server.url), 5)
    async with await asking as response:
        sent = server.requests[0].split(b" ")[0].decode()
        assert sent == response.method == method.upper()
        if sent == "HEAD":
            assert await response.read() == b""
