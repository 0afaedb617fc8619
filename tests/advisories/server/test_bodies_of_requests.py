"""Bodies of requests: chunks, trailers, codings, upgrades, floods, careless handlers."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import pytest

from notebook_http import web
from notebook_http.wire.content_coding import encoder_for

pytestmark = pytest.mark.advisory

POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
CANARY = b"GET /canary HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
END = b"0\r\n\r\n"


async def read_whole(request: web.Request) -> web.Response:
    return web.Response(text=f"{request.path} {len(await request.read())}")


async def ignore(request: web.Request) -> web.Response:
    return web.Response(text="ignored")


def sized(body: bytes, *fields: bytes) -> bytes:
    head = POST + b"".join(field + b"\r\n" for field in fields)
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("end", [b"XX", b"\r", b"\n", b"\n\n", b"\r\r", b""])
async def test_cve_2025_43859_a_chunk_is_followed_by_crlf(serve, end, step):
    """Any two bytes were taken for the line break behind a chunk."""
    server = await serve(read_whole)
    answer = await server.exchange(CHUNKED + b"5\r\nhello" + end + END + CANARY, step=step)
    assert server.statuses(answer) == [400]
    assert server.reached == ["POST /"]


@pytest.mark.parametrize("line", [b"5;a\nb", b"5;a\rb", b"5;a\0b", b"5 ;\n", b'5;a="\nb"'])
async def test_cve_2024_52304_no_line_break_hides_in_a_chunk_extension(serve, line):
    """A line feed in an extension ended the line for one parser and not for the other."""
    server = await serve(read_whole)
    answer = await server.exchange(CHUNKED + line + b"\r\nhello\r\n" + END + CANARY)
    assert server.statuses(answer) == [400]
    assert server.reached == ["POST /"]


@pytest.mark.parametrize("step", [0, 1, 7])
@pytest.mark.parametrize("handler", [read_whole, ignore])
async def test_cve_2025_53643_trailers_are_read_and_are_no_headers(serve, handler, step):
    """They were left unread, and became the beginning of the next request."""
    fields = []

    async def handle(request):
        response = await handler(request)
        fields.append(dict(request.headers))
        return response

    server = await serve(handle)
    trailers = b"X-Trailer: 1\r\nHost: b\r\n\r\n"
    data = CHUNKED + b"5\r\nhello\r\n0\r\n" + trailers + LAST
    answer = await server.exchange(data, step=step)
    assert server.statuses(answer) == [200, 200]
    assert server.reached == ["POST /", "GET /last"]
    assert not any("X-Trailer" in seen for seen in fields)
    assert [seen["Host"] for seen in fields] == ["a", "a"]


@pytest.mark.parametrize("field", [b"Transfer-Encoding: chunked", b"Content-Length: 50"])
async def test_cve_2025_53643_trailers_frame_nothing(serve, field):
    """Two ends of a body in its trailers: refused, and nothing behind them is a request."""
    server = await serve(read_whole)
    answer = await server.exchange(CHUNKED + b"0\r\n" + field + b"\r\n\r\n" + CANARY)
    assert server.statuses(answer) == [400]
    assert server.reached == ["POST /"]


@pytest.mark.parametrize(
    "trailers",
    [b"X: a\r\n" * 200, b"X: a\r\n" * 50_000, b"X: " + b"a" * 2**20 + b"\r\n", b"a" * 2**20],
    ids=["200", "50000", "1 MiB", "no colon"],
)
@pytest.mark.parametrize("handler", [read_whole, ignore])
async def test_cve_2026_22815_trailers_have_the_limits_of_headers(serve, handler, trailers):
    """They had none, neither of size nor of number."""
    server = await serve(handler)
    answer = await server.exchange(CHUNKED + b"0\r\n" + trailers + b"\r\n" + CANARY, step=4096)
    refused = server.statuses(answer) in ([400], [431])
    assert refused or (handler is ignore and server.statuses(answer) == [200])
    assert b"canary" not in answer
    assert server.reached == ["POST /"]


@pytest.mark.parametrize(
    "line", [b"5;" + b"a" * 20_000, b"0" * 20_000 + b"5", b"5" + b" " * 20_000]
)
async def test_cve_2026_54277_chunk_lines_are_limited_over_reads(serve, line):
    """Dribbled, an extension went on for ever."""
    server = await serve(read_whole)
    answer = await server.exchange(CHUNKED + line + b"\r\nhello\r\n" + END, step=1024)
    assert server.statuses(answer) == [400]


@pytest.mark.parametrize("handler", [read_whole, ignore])
async def test_cve_2025_69229_tiny_chunks_cost_no_more_each(serve, most_cpu, handler):
    """100,000 chunks of one byte took quadratic time."""
    server = await serve(handler)
    with most_cpu(8):
        answer = await server.exchange(CHUNKED + b"1\r\na\r\n" * 100_000 + END + LAST)
    assert server.statuses(answer) == [200, 200]


async def test_cve_2026_69244_a_malformed_chunk_is_an_error_at_every_split(serve):
    """The error's text was made of bytes behind the buffer's end."""
    server = await serve(read_whole)
    bad = CHUNKED + b"3\r\nabc\r\n5;\x01\nhi\r\nhello\r\n" + END
    for cut in range(len(CHUNKED), len(bad)):
        answer = await server.exchange(bad, step=cut)
        assert server.statuses(answer) == [400]
        assert len(answer) < 500


@pytest.mark.parametrize(
    "coding", ["identity", "gzip", "chunked, identity", "bogus", "gzip, chunked"]
)
async def test_cve_2024_1135_codings_that_nobody_knows_are_refused(serve, coding):
    """Gunicorn passed over them, and the body ended somewhere else; also CVE-2024-6827."""
    server = await serve()
    answer = await server.exchange(
        POST + f"Transfer-Encoding: {coding}\r\n\r\n".encode() + END + CANARY
    )
    assert server.statuses(answer)[0] in (400, 501)
    assert server.reached == []


BOMB = 2**28


def bomb(coding: str) -> bytes:
    encoder = encoder_for(coding)
    pieces = [encoder.encode(bytes(2**20)) for _ in range(BOMB // 2**20)]
    return b"".join(pieces) + encoder.finish()


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
async def test_cve_2025_69223_decoded_bytes_are_counted(serve, most_memory, coding):
    """Bodies were unpacked without a bound: 413, and others are served meanwhile."""
    server = await serve(read_whole)
    data = sized(bomb(coding), b"Content-Encoding: " + coding.encode(), b"Connection: close")
    with most_memory(24):
        asked = asyncio.ensure_future(server.exchange(data))
        await server.answers_the_next_client()
        answer = await asked
    assert server.statuses(answer) == [413]


@pytest.mark.parametrize("handler", [ignore, None])
async def test_cve_2026_54278_what_nobody_reads_is_not_unpacked(
    serve, most_memory, most_cpu, handler
):
    """A handler that ignores a bomb, and 404: it was unpacked whole in the cleaning up."""
    server = await serve(handler or web.Application())
    data = sized(bomb("gzip"), b"Content-Encoding: gzip") + LAST
    with most_memory(8), most_cpu(1):
        answer = await server.exchange(data)
    assert server.statuses(answer) == ([200, 200] if handler else [404, 404])


async def test_pr_13362_thousands_of_gzip_members_are_refused(serve, most_cpu):
    """Each cost as much as a body of its own."""
    server = await serve(read_whole)
    data = sized(gzip.compress(b"") * 20_000, b"Content-Encoding: gzip", b"Connection: close")
    with most_cpu(3):
        answer = await server.exchange(data)
    assert server.statuses(answer) == [400]


@pytest.mark.parametrize("codings", ["gzip, " * 5 + "gzip", "gzip,deflate" * 40])
async def test_cve_2025_66418_chains_of_codings_are_short(serve, most_memory, codings):
    """Each decoder of a chain multiplied what the one before had made."""
    server = await serve(read_whole)
    body = gzip.compress(b"a")
    for _ in range(codings.count(",")):
        body = gzip.compress(body)
    data = sized(body, f"Content-Encoding: {codings}".encode(), b"Connection: close")
    with most_memory(8):
        answer = await server.exchange(data)
    assert server.statuses(answer) in ([200], [400], [415])
    assert answer[-3:] != b"/ 1"  # it was not unpacked


@pytest.mark.parametrize(
    ("coding", "body"), [("gzip", b"no gzip"), ("deflate", zlib.compress(b"a" * 99)[:-3])]
)
async def test_cve_2026_97688_broken_codings_end(serve, most_cpu, coding, body):
    """A decoder that made no progress went round for ever."""
    server = await serve(read_whole)
    with most_cpu(1):
        answer = await server.exchange(
            sized(body, b"Content-Encoding: " + coding.encode(), b"Connection: close")
        )
    assert server.statuses(answer) == [400]


UPGRADE = (b"Connection: Upgrade", b"Upgrade: websocket")


@pytest.mark.parametrize("handler", [read_whole, ignore, None])
@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize("step", [0, 1])
async def test_cve_2026_69243_the_body_of_a_declined_upgrade_is_a_body(
    serve, handler, chunked, step
):
    """It was read as the next request."""
    server = await serve(handler or web.Application())
    data = sized(CANARY, *UPGRADE)
    if chunked:
        fields = b"".join(field + b"\r\n" for field in UPGRADE)
        body = b"%x\r\n%b\r\n" % (len(CANARY), CANARY) + END
        data = CHUNKED[:-2] + fields + b"\r\n" + body
    answer = await server.exchange(data + LAST, step=step)
    assert server.statuses(answer) == ([200, 200] if handler else [404, 404])
    assert not any("canary" in reached for reached in server.reached)


async def test_pr_12723_only_upgrade_is_an_upgrade(serve):
    """`Connection: notupgrade` was one, too."""

    async def handle(request):
        return web.Response(text=str(web.WebSocketResponse().can_prepare(request).ok))

    server = await serve(handle)
    fields = b"Connection: notupgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    answer = await server.exchange(b"GET / HTTP/1.1\r\nHost: a\r\n" + fields + key)
    assert answer.endswith(b"False")


@pytest.mark.parametrize("step", [0, 1])
async def test_pr_13356_requests_behind_a_declined_upgrade_are_answered_once(serve, step):
    """They were lost, or answered twice."""
    server = await serve(ignore)
    ask = b"GET /%d HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    answer = await server.exchange(b"".join(ask % i for i in range(5)) + LAST, step=step)
    assert server.statuses(answer) == [200] * 6
    assert server.reached == [*(f"GET /{i}" for i in range(5)), "GET /last"]


async def test_cve_2026_54273_pipelined_requests_are_bounded(serve, most_memory):
    """They were queued without end: few are kept, all are answered in order."""
    go_on = asyncio.Event()

    async def handle(request):
        await go_on.wait()
        return web.Response()

    server = await serve(handle, access_log=None)
    count = 20_000
    flood = [
        b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i for i in range(at, at + 1000))
        for at in range(0, count, 1000)
    ]
    reader, writer = await server.connect()
    with most_memory(6):
        for part in flood:
            writer.write(part)
        for _ in range(30):  # turns of the loop, in each of which the server reads if it will
            await asyncio.sleep(0.01)
        assert len(server.reached) == 1
    go_on.set()
    writer.write(LAST)
    async with asyncio.timeout(30):
        assert (await reader.read()).count(b"HTTP/1.1 200") == count + 1
    assert server.reached[:-1] == [f"GET /{i}" for i in range(count)]
    writer.close()


async def raises(request):
    raise LookupError("a secret")


async def cancels_itself(request):
    asyncio.current_task().cancel()
    await asyncio.sleep(5)


async def raises_while_reading(request):
    await request.content.readany()
    raise LookupError("a secret")


@pytest.mark.parametrize("handler", [raises, cancels_itself, ignore, raises_while_reading])
async def test_promise_a_body_never_is_a_request_whatever_its_handler_does(serve, handler):
    """Raising, cancelled, or without a look at the body: the connection stays right, or ends."""
    server = await serve(
        lambda request: ignore(request) if request.method == "GET" else handler(request)
    )
    other_reader, other = await server.connect()
    for body in (sized(CANARY * 3), CHUNKED + b"%x\r\n%b\r\n" % (len(CANARY), CANARY) + END):
        answer = await server.exchange(body + LAST)
        assert not any("canary" in reached for reached in server.reached)
        # A task that is cancelled ends its connection, as a server that stops does: no answer.
        assert len(server.statuses(answer)) in ((0,) if handler is cancels_itself else (1, 2))
        assert b"secret" not in answer
    other.write(LAST)
    assert server.statuses(await other_reader.read()) == [200]
    other.close()


async def test_promise_a_handler_that_never_answers_holds_up_nobody_else(serve):
    """Nor the server, when it ends."""
    forever = asyncio.Event()

    async def handle(request):
        if request.method == "POST":
            await forever.wait()
        return web.Response()

    server = await serve(handle, shutdown_timeout=0.05)
    _, writer = await server.connect()
    writer.write(sized(CANARY) + CANARY * 100)
    for _ in range(3):
        await server.answers_the_next_client()
    assert server.reached == ["POST /"]
    writer.close()
