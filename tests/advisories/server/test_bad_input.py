"""Each status that says that a client erred: its answer, its end, and its line in the log."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest

from notebook_http import web
from tests.advisories.server.conftest import INTERNALS

pytestmark = pytest.mark.advisory

GET = b"GET /there HTTP/1.1\r\nHost: a\r\n"
POST = b"POST /there HTTP/1.1\r\nHost: a\r\n"
CANARY = b"GET /canary HTTP/1.1\r\nHost: a\r\n\r\n"
REFUSED = [
    (b"GET http://u:hunter22@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "GET http://"),
    (b"\x1b[31mGET / HTTP/1.1\r\nAuthorization: hunter22\r\n\r\n", 400, "\\x1b[31mGET"),
    (GET + b"X : a\r\nAuthorization: Bearer hunter22\r\n\r\n", 400, "GET /there"),
    (GET + b"Host: b\r\nCookie: session=hunter22\r\n\r\n", 400, "GET /there"),
    (b"GET /there?password=hunter22 HTTP/1.1\r\n\r\n", 400, "GET /there?password="),
    (b"GET /there HTTP/2.0\r\nHost: a\r\n\r\n", 505, "GET /there"),
    (b"GET /there HTTP/1.2\r\nHost: a\r\n\r\n", 505, "GET /there"),
    (b"BREW /there HTTP/1.1\r\nHost: a\r\n\r\n", 501, "BREW /there"),
    (b"GET /there RTSP/1.0\r\nHost: a\r\n\r\n", 400, "GET /there"),
    (b"GET /there\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400, "GET /there"),
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "GET /aaaaa"),
    (GET + b"X: " + b"a" * 9000 + b"\r\n\r\n", 431, "GET /there"),
    (GET + b"X: a\r\n" * 200 + b"\r\n", 431, "GET /there"),
    (POST + b"Transfer-Encoding: gzip\r\n\r\n", 501, "POST /there"),
    (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n", 400, "POST /there"),
    (b"nonsense\r\n\r\n", 400, "nonsense"),
]


@pytest.mark.parametrize(("bad", "status", "shown"), REFUSED, ids=lambda value: repr(value)[:40])
async def test_promise_refusals_are_short_and_logged_without_secrets(serve, bad, status, shown):
    """Who sent what, escaped; nothing of fields; nothing of the inside in the answer."""
    server = await serve(access_log_format='%a "%r" %s')
    for before in (b"", GET + b"\r\n"):
        server.log.clear()
        answer = await server.exchange(before + bad + CANARY)
        assert server.statuses(answer)[-1] == status
        head, _, body = answer[answer.rindex(b"HTTP/1.1 %d " % status) :].partition(b"\r\n\r\n")
        assert b"Connection: close" in head
        assert b"hunter22" not in answer
        assert len(body) < 300
        (line,) = [told for told in server.told().split("\n") if told.endswith(f" {status}")]
        assert line.startswith(f'127.0.0.1 "{shown}'), line
        assert line.isprintable()
        assert len(line) < 400
        assert "hunter22" not in server.told()
        assert "canary" not in server.told()
        assert server.told().isprintable() or "\n" in server.told()


@pytest.mark.parametrize("sent", [b"G", b"GET /there", GET[:-2], GET + b"X: a", GET + b"X: a\r\n"])
async def test_promise_a_slow_head_is_408(serve, sent):
    """Slow-loris: the connection is given back, whatever trickles in."""
    server = await serve(head_timeout=0.15, access_log_format='%a "%r" %s')
    reader, writer = await server.connect()
    writer.write(sent)
    answer = asyncio.ensure_future(reader.read())
    async with asyncio.timeout(5):
        while not answer.done():
            await asyncio.sleep(0.02)
            if sent.endswith(b"a"):
                writer.write(b"a")
    assert server.statuses(answer.result()) == [408]
    assert server.reached == []
    assert "408" in server.told()
    writer.close()


@pytest.mark.parametrize("reads", [True, False])
@pytest.mark.parametrize(
    "framing", [b"Content-Length: 9\r\n\r\nab", b"Transfer-Encoding: chunked\r\n\r\n2\r\nab"]
)
async def test_promise_a_slow_body_ends_the_connection(serve, framing, reads):
    """408 for a handler that reads it; one that does not has answered, and nobody waits."""

    async def handle(request):
        if reads:
            await request.read()
        return web.Response(text="unread")

    server = await serve(handle, body_timeout=0.1, lingering_time=0.1)
    answer = await server.exchange(POST + framing, seconds=5)
    assert server.statuses(answer) == [408 if reads else 200]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (web.HTTPLengthRequired, 411),
        (web.HTTPUnsupportedMediaType, 415),
        (web.HTTPExpectationFailed, 417),
        (web.HTTPUpgradeRequired, 426),
        (web.HTTPNotImplemented, 501),
        (web.HTTPVersionNotSupported, 505),
        (RuntimeError("a secret of the handler"), 500),
    ],
)
async def test_promise_errors_of_handlers_tell_nothing(serve, error, status):
    """A status and a sentence; the traceback is for the log."""

    async def handle(request):
        raise error

    server = await serve(handle)
    answer = await server.exchange(GET + b"Connection: close\r\n\r\n")
    assert server.statuses(answer) == [status]
    assert len(answer) < 500
    assert b"secret" not in answer
    assert b"Traceback" not in answer


async def test_promise_a_body_that_is_too_large_is_413(serve):
    """Announced or not, in bytes as they came or as they are decoded."""

    async def handle(request):
        return web.Response(text=str(len(await request.read())))

    server = await serve(handle, app={"client_max_size": 1000}, lingering_time=0.1)
    for framing in (b"Content-Length: 2000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n7d0\r\n"):
        answer = await server.exchange(POST + b"Connection: close\r\n" + framing + b"a" * 2000)
        assert server.statuses(answer) == [413]


@pytest.mark.parametrize("expect", ["coffee", "100-continue, coffee", "200-ok"])
async def test_cve_2024_24791_the_body_behind_a_final_answer_is_no_request(serve, expect):
    """Go's and libsoup's (CVE-2026-103399): 417, and what follows is not read as a request."""
    server = await serve()
    data = POST + f"Expect: {expect}\r\nContent-Length: {len(CANARY)}\r\n\r\n".encode() + CANARY
    answer = await server.exchange(data + GET + b"Connection: close\r\n\r\n")
    assert server.statuses(answer)[0] == 417
    assert not any("canary" in reached for reached in server.reached)


SECRET = b"Authorization: Bearer hunter22\r\nCookie: s=hunter22\r\n"
ASKED = b"POST /%c3%a9?token=hunter22 HTTP/1.1\r\nHost: a\r\n"
UPGRADE = (
    b"GET /socket?token=hunter22 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
    b"Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
FORM = b"Content-Type: application/x-www-form-urlencoded; charset=x-none\r\n"
STATUSES = [  # the status, what is sent, and whether the connection is still in step behind it
    (400, ASKED + b"X : y\r\n\r\n", False),
    (400, ASKED + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone", True),
    (400, ASKED + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", False),
    (408, ASKED[:-2], False),
    (408, ASKED + b"Content-Length: 9\r\n\r\nab", False),
    (411, ASKED.replace(b"/%", b"/sized/%") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", True),
    (413, ASKED + b"Content-Length: 2000\r\n\r\n" + b"a" * 2000, True),
    (414, ASKED.replace(b"?", b"?" + b"a" * 9000), False),
    (415, ASKED + FORM + b"Content-Length: 3\r\n\r\na=b", True),
    (415, ASKED + FORM[:47] + b"\r\nContent-Encoding: x\r\nContent-Length: 3\r\n\r\na=b", True),
    (417, ASKED + b"Expect: coffee\r\nContent-Length: 1\r\n\r\na", True),
    (426, UPGRADE + b"Sec-WebSocket-Version: 12\r\n\r\n", True),
    (426, UPGRADE + b"\r\n", True),
    (431, ASKED + b"X: " + b"a" * 9000 + b"\r\n\r\n", False),
    (431, ASKED + b"X: y\r\n" * 200 + b"\r\n", False),
    (500, ASKED.replace(b"/%", b"/fails/%") + b"\r\n", True),
    (501, ASKED.replace(b"POST", b"BREW") + b"\r\n", False),
    (501, ASKED + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", False),
    (505, ASKED.replace(b"/1.1", b"/1.2") + b"\r\n", False),
    (505, ASKED.replace(b"/1.1", b"/2.0") + b"\r\n", False),
    (505, ASKED.replace(b"/1.1", b"/3.0") + b"\r\n", False),
]


async def judge(request: web.Request) -> web.StreamResponse:
    """Read as handlers do, and answer what reading says."""
    if request.path.startswith("/fails"):
        raise RuntimeError("a secret of the handler: hunter22")
    if request.path.startswith("/sized") and request.content_length is None:
        raise web.HTTPLengthRequired
    if request.path == "/socket":
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        return ws
    await request.post()
    return web.Response(text=str(len(await request.read())))


@pytest.mark.parametrize(
    ("status", "sent", "in_step"),
    STATUSES,
    ids=[f"{row[0]}-{at}" for at, row in enumerate(STATUSES)],
)
async def test_promise_each_status_of_bad_input_is_given(serve, status, sent, in_step):
    """A short answer, one line in the log, and the next request or the end of the connection."""
    server = await serve(
        judge,
        app={"client_max_size": 1000},
        head_timeout=0.2,
        body_timeout=0.2,
        lingering_time=0.2,
        access_log_format='%a "%r" %s',
    )
    first, line_end, rest = sent.partition(b"\r\n")
    data = first + line_end + SECRET + rest
    if in_step:
        data += GET + b"Connection: close\r\n\r\n"
    elif status != 408:
        data += CANARY
    answer = await server.exchange(data, seconds=10)
    assert server.statuses(answer) == ([status, 200] if in_step else [status]), answer
    head, _, body = answer.partition(b"\r\n\r\n")
    body = body.partition(b"HTTP/1.1 200")[0]
    assert (b"Connection: close" in head) is not in_step or status == 408
    assert b"\r\nContent-Type: text/plain" in head
    assert body.startswith(b"%d" % status) or status in (408, 413, 415, 417, 426)
    assert len(body) < 250
    assert b"hunter22" not in answer
    assert not any(internal in body for internal in INTERNALS), body
    lines = [record.getMessage() for record in server.log]
    (line,) = [line for line in lines if line.endswith(f" {status}")]
    assert line.startswith(f'127.0.0.1 "{sent.split(b" ")[0].decode()} /')
    assert line.isprintable()
    assert len(line) < 400
    assert "hunter22" not in server.told()
    assert "canary" not in server.told()
    warned = [record for record in server.log if record.levelname in ("WARNING", "ERROR")]
    assert len(warned) == (1 if status == 500 else 0)
    if status == 426:
        assert b"\r\nSec-WebSocket-Version: 13\r\n" in head
        assert b"\r\nUpgrade: websocket" in head


SOCKET = {
    b"Connection": b"Upgrade",
    b"Upgrade": b"websocket",
    b"Sec-WebSocket-Version": b"13",
    b"Sec-WebSocket-Key": b"dGhlIHNhbXBsZSBub25jZQ==",
}
NO_TEXT = [b"\xff\xfe", b"caf\xe9", b"a" * 2000 + b"\x80", b"\xed\xb3\xbf", b"\xc3\xa9\xe2\x80\xa8"]


@pytest.mark.parametrize("value", NO_TEXT)
@pytest.mark.parametrize(
    "name", [*SOCKET, b"Expect", b"Content-Type", b"Content-Encoding", b"Range"]
)
async def test_promise_no_bytes_of_a_field_make_an_answer_fail(serve, name, value):
    """An answer that named what was sent could not be encoded, and was 500."""
    fields = {b"Host": b"a", b"Connection": b"close"}
    if name in SOCKET:
        fields |= SOCKET
    form = b"application/x-www-form-urlencoded; charset="
    fields[name] = (form if name == b"Content-Type" else b"") + value
    if name == b"Content-Encoding":
        fields[b"Content-Type"] = form + b"utf-8"
    method = b"GET /socket" if name in SOCKET else b"POST /"
    head = b"".join(b"%b: %b\r\n" % field for field in fields.items())
    server = await serve(judge, lingering_time=0.1)
    last = GET + b"Connection: close\r\n\r\n"
    answer = await server.exchange(method + b" HTTP/1.1\r\n" + head + b"\r\n" + last)
    status = server.statuses(answer)[0]
    assert status in (200, 400, 415, 417, 426), answer
    assert len(answer.partition(b"HTTP/1.1 200")[0]) < 900
    assert not [record for record in server.log if record.exc_info]


async def test_promise_a_client_that_resets_amid_its_end_leaves_no_error(serve):
    """The server ended its side of a connection that was not there any more."""

    async def ignore(request):
        return web.Response(text="unread")

    server = await serve(ignore)
    for _ in range(10):
        sock = socket.create_connection(("127.0.0.1", server.port))
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(sock, POST + b"Transfer-Encoding: chunked\r\n\r\n")
        assert (await loop.sock_recv(sock, 1000)).endswith(b"unread")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Both are there when the server reads: the bytes, and that there is nobody any more.
        sock.send(b"no chunk\r\n")
        sock.close()
        await asyncio.sleep(0.01)
    assert not [record for record in server.log if record.exc_info], server.told()
