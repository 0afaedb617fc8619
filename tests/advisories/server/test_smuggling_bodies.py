"""Bodies that two readers could end in two places (RFC 9112 §6.1, §6.3, §7.1, §11): two tables.

What the head says wrongly reaches no handler. What is wrong within a body may find its handler
waiting for it: that one is told, the client gets one answer, and nothing behind it is a request.
"""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.advisory

POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
CANARY = b"GET /canary HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"0\r\n\r\n"


def length(value: str) -> bytes:
    return POST + b"Content-Length: " + value.encode() + b"\r\n\r\nhello"


def coding(*lines: str) -> bytes:
    fields = b"".join(b"Transfer-Encoding: " + line.encode() + b"\r\n" for line in lines)
    return POST + fields + b"\r\n5\r\nhello\r\n" + LAST


HEADS = [
    *[(length(v), 400) for v in ("+5", "-5", "0x5", "1_0", "5.0", '"5"', "٥", "５", "²", "", " ")],
    *[(length(v), 400) for v in ("5, 5", "5,6", "5 5", "5\t5", "5;", "5\x00", "\x0b5", "1" * 30)],
    (POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
    (POST + b"Content-Length: 5\r\ncontent-length: 6\r\n\r\nhello", 400),
    (POST + b"Content-Length : 5\r\n\r\nhello", 400),
    (POST + b"Content-Length\x00: 5\r\n\r\nhello", 400),
    (POST + b"X: \r\n Content-Length: 5\r\n\r\nhello", 400),
    (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + LAST, 400),
    (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + LAST, 400),
    (POST + b"Content-Length: 0\r\nTransfer-Encoding: identity\r\n\r\n", 400),
    *[(coding(v), 501) for v in ("gzip", "identity", "gzip, chunked", "chunked123", "xchunked")],
    *[(coding(v), 501) for v in ("bogus", '"chunked"', "chunked;a=b", "x chunked", "chun\u212aed")],
    *[(coding(v), 400) for v in ("chunked, identity", "chunked, chunked")],
    *[(coding(v), 400) for v in ("chunked\x0b", "\x00chunked", "chunked\r\n\t, x")],
    (coding("chunked", "chunked"), 400),
    (coding("chunked", "identity"), 400),
    (coding("identity", "chunked"), 400),
    (POST + b"Transfer-Encoding : chunked\r\n\r\n" + LAST, 400),
    (POST + b"Transfer-Encoding\t: chunked\r\n\r\n" + LAST, 400),
    (POST + b" Transfer-Encoding: chunked\r\n\r\n" + LAST, 400),
    (POST + b"X: a\rTransfer-Encoding: chunked\r\n\r\n" + LAST, 400),
    (POST + b"X: a\nTransfer-Encoding: chunked\r\n\r\n" + LAST, 400),
    (coding("chunked").replace(b"/1.1", b"/1.0"), 400),
    (coding("gzip").replace(b"/1.1", b"/1.0"), 400),
]
SIZES = ("+5", "-5", "0x5", "5_0", "5.0", '"5"', "٥", "５", "5h", "g", " 5", "", "F" * 17)
BODIES = [
    *[size.encode() + b"\r\nhello\r\n" + LAST for size in SIZES],
    b"5\nhello\r\n" + LAST,
    b"5\rhello\r\n" + LAST,
    b"5\r\r\nhello\r\n" + LAST,
    b"5;a\nb\r\nhello\r\n" + LAST,
    b"5;a\rb\r\nhello\r\n" + LAST,
    b"5;a\x00b\r\nhello\r\n" + LAST,
    b'5;a="\n"\r\nhello\r\n' + LAST,
    *[b"5\r\nhello" + end + LAST for end in (b"XX", b"\r", b"\n", b"\n\n", b"\r\r", b"", b" \r\n")],
    b"4\r\nhello\r\n" + LAST,
    b"6\r\nhello\r\n" + LAST,
    b"5\r\nhello\r\n0\r\n\n",
    b"5\r\nhello\r\n0\n\n",
    b"5\r\nhello\r\n0\r\n\r",
    b"5\r\nhello\r\n0\r\nX : a\r\n\r\n",
    b"5\r\nhello\r\n0\r\nX: a\r\n b\r\n\r\n",
    b"5\r\nhello\r\n0\r\nX: a\nY: b\r\n\r\n",
    b"5\r\nhello\r\n0\r\nX: a\rY: b\r\n\r\n",
    b"5\r\nhello\r\n0\r\nX: a\x00\r\n\r\n",
    b"5\r\nhello\r\n0\r\nno colon\r\n\r\n",
]


@pytest.mark.parametrize(("bad", "status"), HEADS, ids=repr)
async def test_promise_no_head_frames_a_body_in_two_ways(refused, bad, status):
    """Lengths, codings, and both at once."""
    await refused(bad, status)


@pytest.mark.parametrize("reads", [True, False])
@pytest.mark.parametrize("body", BODIES, ids=repr)
async def test_promise_no_body_ends_in_two_places(serve, body, reads):
    """Read or unread, whole or byte by byte: one answer, nobody sees the canary."""
    from notebook_http import web

    async def handle(request):
        return web.Response(text=str(len(await request.read()) if reads else "unread"))

    server = await serve(handle)
    for step in (0, 1):
        server.reached.clear()
        answer = await server.exchange(CHUNKED + body + CANARY, step=step)
        assert server.reached == ["POST /"]
        assert server.statuses(answer) == [400 if reads else 200], answer
        if reads or not step:  # else the answer was out when the body broke
            assert b"Connection: close" in answer
        assert "Traceback" not in server.told()


@pytest.mark.parametrize("cut", range(1, 40))
async def test_promise_every_split_of_a_bad_body_is_refused(serve, cut):
    """Where one packet ends means nothing."""
    from notebook_http import web

    async def handle(request):
        return web.Response(text=str(len(await request.read())))

    server = await serve(handle)
    bad = CHUNKED + b"5;x=y\r\nhello\r\n0x5\r\nhello\r\n" + LAST + CANARY
    answer = await server.exchange(bad, step=len(CHUNKED) + cut)
    assert server.statuses(answer) == [400]
    assert server.reached == ["POST /"]
