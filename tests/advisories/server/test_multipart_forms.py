"""Uploads that a handler reads part by part."""

from __future__ import annotations

import base64
import gzip

import pytest

from notebook_http import web

pytestmark = pytest.mark.advisory

MIB = 2**20


def posted(body: bytes) -> bytes:
    head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    head += f"Content-Type: multipart/mixed; boundary=b\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def nested(depth: int) -> bytes:
    """Return a multipart body with boundary `b` that holds others, *depth* in all."""
    content = b"\r\nx"
    for level in range(depth - 1, -1, -1):
        name = b"b%d" % level if level else b"b"
        content = b"--" + name + b"\r\n" + content + b"\r\n--" + name + b"--\r\n"
        if level:
            content = b"Content-Type: multipart/mixed; boundary=" + name + b"\r\n\r\n" + content
    return content


async def read_parts(request: web.Request) -> web.Response:
    async def take(reader):
        while (part := await reader.next()) is not None:
            if hasattr(part, "next") and not hasattr(part, "read"):
                await take(part)
            else:
                await part.read(decode=True)

    await take(await request.multipart())
    return web.Response()


@pytest.mark.parametrize(("depth", "status"), [(3, 200), (200, 400)])
async def test_promise_nesting_of_requests_has_a_depth(serve, most_memory, depth, status):
    """Each level costs its own reading of all bytes, and a frame of the stack."""
    server = await serve(read_parts)
    with most_memory(16):
        answer = await server.exchange(posted(nested(depth)))
    assert server.statuses(answer) == [status]


@pytest.mark.parametrize(
    ("encoding", "data"),
    [("base64", b"a"), ("base64", b"aGVs!@#"), ("base64", b"aGVsbG8=aGVsbG8"), ("x-none", b"a")],
)
async def test_promise_a_broken_encoding_of_a_request_is_400(serve, encoding, data):
    """Half of the bytes came out, as if they had been all."""
    server = await serve(read_parts)
    head = f"--b\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
    answer = await server.exchange(posted(head + data + b"\r\n--b--\r\n"))
    assert server.statuses(answer) == [400]


async def test_promise_what_a_part_of_a_request_unpacks_to_is_counted(serve, most_memory):
    """The limit was that of the bytes on the wire."""
    bomb = base64.b64encode(gzip.compress(bytes(64 * MIB)))
    head = b"--b\r\nContent-Encoding: gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    server = await serve(read_parts)
    with most_memory(16):
        answer = await server.exchange(posted(head + bomb + b"\r\n--b--\r\n"))
    assert server.statuses(answer) == [413]
