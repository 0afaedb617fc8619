"""Multipart answers, chunks, codings and event streams, as they leave."""

from __future__ import annotations

import gzip
import re

import pytest

from notebook_http import MultipartWriter, web
from notebook_http.web.middlewares import CompressionMiddleware
from tests.advisories.server.own_answers import ASK, BREAKS, answering, refuses

pytestmark = pytest.mark.advisory


def multipart(change=lambda writer: None):
    writer = MultipartWriter("mixed")
    writer.append("one").headers["X-Part"] = "y"
    writer.append(b"two")
    change(writer)
    return writer


async def test_promise_boundaries_of_answers_are_random(serve):
    """Whoever could foretell it would end a part from inside it."""
    server = await serve(answering(lambda: web.Response(body=multipart())))
    seen = set()
    for _ in range(50):
        answer = await server.exchange(ASK)
        boundary = re.search(rb"multipart/mixed; boundary=\"?([0-9A-Za-z]{20,70})\"?\r\n", answer)[
            1
        ]
        assert answer.count(b"--" + boundary + b"\r\n") == 2
        assert answer.endswith(b"--" + boundary + b"--\r\n")
        seen.add(boundary)
    assert len(seen) == 50
    for at in range(20):  # no place of it is always the same
        assert len({boundary[at] for boundary in seen}) > 1


@pytest.mark.parametrize("bad", BREAKS)
async def test_cve_2026_50269_heads_of_parts_of_answers_are_checked(serve, bad):
    """Names and values, when a part is added, and when it was changed behind that."""

    def added(headers):
        return lambda: web.Response(
            body=multipart(lambda writer: writer.append("x", headers=headers))
        )

    for headers in ({"X": bad}, {bad: "x"}):
        await refuses(serve, added(headers))

    def change(writer):
        for payload, _, _ in writer:
            payload.headers["X"] = bad

    server = await serve(answering(lambda: web.Response(body=multipart(change))))
    answer = await server.exchange(ASK)
    assert b"Canary" not in answer
    assert server.statuses(answer) in ([500], [200])
    assert b"--\r\n" not in answer[-4:]  # a client sees that it is not whole


@pytest.mark.parametrize("bad", BREAKS)
async def test_cve_2026_34514_names_and_types_of_parts_of_answers_are_checked(serve, bad):
    """Of those that are made with a disposition of their own: escaped, or refused."""

    def named():
        writer = MultipartWriter("mixed")
        part = writer.append("x")
        part.set_content_disposition("attachment", filename=bad, name=bad)
        return web.Response(body=writer)

    server = await serve(answering(named))
    answer = await server.exchange(ASK)
    assert not re.search(rb"[\r\n\0]X-Canary", answer)
    await refuses(serve, lambda: web.Response(body=typed(bad)))


def typed(content_type):
    writer = MultipartWriter("mixed")
    writer.append("x", headers={"Content-Type": content_type})
    return writer


GZIPPED = gzip.compress(b"hello" * 1000)


@pytest.mark.parametrize("way", ["whole", "stream", "middleware", "both"])
async def test_promise_no_coding_of_an_answer_is_applied_twice(serve, way):
    """What a handler has packed leaves as it is, whoever else would like to."""

    async def handle(request):
        fields = {"Content-Encoding": "gzip"}
        if way == "stream":
            response = web.StreamResponse(headers=fields)
            response.enable_compression()
            await response.prepare(request)
            await response.write(GZIPPED)
            await response.write_eof()
            return response
        if way == "both":  # asked for twice
            response = web.Response(body=b"hello" * 1000)
            response.enable_compression()
            response.enable_compression(web.ContentCoding.gzip)
            return response
        response = web.Response(body=GZIPPED, headers=fields)
        if way == "whole":
            response.enable_compression()
        return response

    middlewares = [CompressionMiddleware()] * 2 if way in ("middleware", "both") else []
    app = web.Application(middlewares=middlewares)
    app.router.add_get("/{any:.*}", handle)
    server = await serve(app)
    asked = ASK[:-2] + b"Accept-Encoding: gzip, deflate, br\r\n\r\n"
    head, _, body = (await server.exchange(asked)).partition(b"\r\n\r\n")
    assert len(re.findall(rb"(?i)content-encoding: ([a-z, ]+)\r\n", head + b"\r\n")) == 1
    assert b"Content-Encoding: gzip\r\n" in head + b"\r\n"
    if b"chunked" in head:
        body = b"".join(re.findall(rb"(?s)[0-9a-f]+\r\n(\x1f\x8b.*)\r\n0\r\n\r\n", body))
    assert gzip.decompress(body) == b"hello" * 1000


@pytest.mark.parametrize("packed", [False, True])
async def test_promise_chunks_of_answers_are_plain(serve, packed):
    """Sizes are hexadecimal digits, no extensions, and no trailers behind them."""
    pieces = [b"a", b"", b"b" * 16, b"\r\n0\r\n\r\n", bytearray(b"c" * 70_000), b"d" * 300_000]

    async def handle(request):
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        if packed:
            response.enable_compression(web.ContentCoding.gzip)
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
        await response.write_eof(b"end")
        return response

    server = await serve(handle)
    head, _, rest = (await server.exchange(ASK)).partition(b"\r\n\r\n")
    assert b"\r\nTransfer-Encoding: chunked" in head
    assert b"trailer" not in head.lower()
    body = b""
    while True:
        size = re.match(rb"(0|[1-9a-f][0-9a-f]*)\r\n", rest, re.IGNORECASE)
        assert size is not None, rest[:50]
        rest, count = rest[size.end() :], int(size[1], 16)
        if not count:
            break
        body += rest[:count]
        assert rest[count : count + 2] == b"\r\n"
        rest = rest[count + 2 :]
    assert rest == b"\r\n"
    assert (gzip.decompress(body) if packed else body) == b"".join(map(bytes, pieces)) + b"end"


@pytest.mark.parametrize("field", ["event", "id"])
@pytest.mark.parametrize("bad", ["a\ndata: canary", "a\rdata: canary", "a\r\n\r\ndata: canary"])
async def test_promise_no_line_of_an_event_stream_is_forged(serve, field, bad):
    """A name or an id of two lines is an error of who gave it; nothing of it leaves."""
    failed = []

    async def handle(request):
        async with web.sse_response(request) as events:
            try:
                await events.send("x", **{field: bad})
            except ValueError as error:
                failed.append(error)
            await events.send("end")
        return events

    server = await serve(handle)
    answer = await server.exchange(ASK)
    assert failed
    assert b"canary" not in answer
    assert b"data: end" in answer


async def test_promise_data_of_an_event_stays_data(serve):
    """Whatever breaks its lines: readers put the same text together again, of one event."""
    text = "a\rid: 9\ndata: b\r\nevent: x\r\r\n: c\n\nretry: 1\0"

    async def handle(request):
        async with web.sse_response(request) as events:
            await events.send(text, id="1", event="e")
            with pytest.raises(ValueError, match="id"):
                await events.send("x", id="a\0b")
            with pytest.raises((ValueError, TypeError)):
                await events.send("x", retry="1\ndata: canary")
            await events.send("end")
        return events

    server = await serve(handle)
    answer = await server.exchange(ASK)
    assert b"canary" not in answer
    body = b"".join(
        re.findall(rb"[0-9a-f]+\r\n(.*?\n\n)\r\n", answer.partition(b"\r\n\r\n")[2], re.S)
    )
    lines = re.split(r"\r\n|\r|\n", body.decode())
    events, data = [], []
    for line in lines:
        if not line and data:
            events.append("\n".join(data))
            data = []
        name, _, value = line.partition(":")
        if name == "data":
            data.append(value.removeprefix(" "))
        assert name in ("", "data") or line in ("id: 1", "event: e"), line
    assert events == [re.sub(r"\r\n|\r", "\n", text), "end"]
