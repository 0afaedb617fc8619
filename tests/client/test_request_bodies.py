"""The body of a request: its type, its length or chunks, and framing that cannot be misread."""

from __future__ import annotations

import asyncio
import io
import json

import pytest
from multidict import CIMultiDict

from notebook_http.client import ClientSession
from notebook_http.transport.exceptions import BodyLengthError
from notebook_http.wire.http_version import HttpVersion10

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def head_of(request: bytes) -> tuple[str, CIMultiDict[str], bytes]:
    """Return request line, headers and body of a request as it came."""
    head, _, body = request.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    return line, CIMultiDict(field.split(": ", 1) for field in fields), body


async def test_json_is_sent_with_its_type(serve, session):
    """One write: head and body arrive together."""
    server = await serve(OK)
    await session.post(server.url, json={"a": [1, "é"]})
    _, headers, body = head_of(server.requests[0])
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == {"a": [1, "é"]}
    assert headers["Content-Length"] == str(len(body))


async def test_json_serializers_may_return_bytes(serve):
    """orjson.dumps does."""
    server = await serve(OK)
    async with ClientSession(json_serialize=lambda value: b"[1]") as session:
        await session.post(server.url, json=[1])
    async with ClientSession(json_serialize_bytes=lambda value: b"[2]") as session:
        await session.post(server.url, json=[1])
    assert [request[-3:] for request in server.requests] == [b"[1]", b"[2]"]


async def test_data_and_json_exclude_each_other(serve, session):
    """There is one body."""
    with pytest.raises(ValueError, match="data and json"):
        await session.post("http://127.0.0.1/", data=b"x", json=1)


async def test_an_empty_post_announces_that_it_is_empty(serve, session):
    """RFC 9110 §8.6: servers answer 411 otherwise."""
    server = await serve(OK)
    await session.post(server.url)
    await session.get(server.url)
    assert b"Content-Length: 0\r\n" in server.requests[0]
    assert b"Content-Length" not in server.requests[1]


@pytest.mark.parametrize(
    ("data", "content_type", "sent"),
    [
        (b"bytes", "application/octet-stream", b"bytes"),
        (bytearray(b"bytes"), "application/octet-stream", b"bytes"),
        ("té", "text/plain; charset=utf-8", "té".encode()),
        ({"a": "1 2", "b": "é"}, "application/x-www-form-urlencoded", b"a=1+2&b=%C3%A9"),
        ([("a", "1"), ("a", "2")], "application/x-www-form-urlencoded", b"a=1&a=2"),
    ],
)
async def test_data_in_memory_has_a_length_and_a_type(serve, session, data, content_type, sent):
    """What aiohttp's `data=` takes, as aiohttp sends it."""
    server = await serve(OK)
    await session.post(server.url, data=data)
    _, headers, body = head_of(server.requests[0])
    assert headers["Content-Type"] == content_type
    assert headers["Content-Length"] == str(len(sent))
    assert body == sent


async def test_a_file_is_sent_with_its_length(serve, session, tmp_path):
    """From where it stands, without being read into memory first."""
    path = tmp_path / "data.bin"
    path.write_bytes(b"0123456789" * 50_000)
    server = await serve(OK)
    with path.open("rb") as file:
        await session.put(server.url, data=file)
    _, headers, body = head_of(server.requests[0])
    assert headers["Content-Length"] == "500000"
    assert "Content-Disposition" not in headers  # its name here would end up in a store there
    assert body == path.read_bytes()


async def test_a_file_that_grows_is_sent_as_it_was(serve, session, tmp_path):
    """A log file is always written to; what was announced is what goes out."""
    path = tmp_path / "log"
    path.write_bytes(b"a line\n" * 50_000)
    server = await serve(OK)
    with path.open("rb") as file:
        upload = asyncio.create_task(session.put(server.url, data=file))
        await asyncio.sleep(0)  # the request is made, and the connection on its way
        with path.open("ab") as more:
            more.write(b"another line\n" * 50_000)
        assert (await upload).status == 200
    _, headers, body = head_of(server.requests[0])
    assert headers["Content-Length"] == "350000"
    assert body == b"a line\n" * 50_000


async def test_a_generator_is_sent_in_chunks(serve, session):
    """Nobody knows its length before its end."""

    async def pieces():
        yield b"one"
        await asyncio.sleep(0)
        yield b"two"

    server = await serve(OK)
    await session.post(server.url, data=pieces())
    _, headers, body = head_of(server.requests[0])
    assert headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in headers
    assert body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


async def test_chunks_can_be_asked_for(serve, session):
    """`chunked=True` frames what has a length, too."""
    server = await serve(OK)
    await session.post(server.url, data=b"body", chunked=True)
    _, headers, body = head_of(server.requests[0])
    assert headers["Transfer-Encoding"] == "chunked"
    assert body == b"4\r\nbody\r\n0\r\n\r\n"


async def test_compressed_bodies_say_so(serve, session):
    """The coding is in the headers, the length is not known."""
    import zlib

    server = await serve(OK)
    await session.post(server.url, data=b"a" * 1000, compress=True)
    _, headers, body = head_of(server.requests[0])
    assert headers["Content-Encoding"] == "deflate"
    chunks = io.BytesIO(body)
    coded = b""
    while size := int(chunks.readline(), 16):
        coded += chunks.read(size)
        chunks.read(2)
    assert zlib.decompress(coded) == b"a" * 1000


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"Content-Length": "3"}, "chunked": True},
        {"headers": {"Transfer-Encoding": "chunked"}, "chunked": True},
        {"headers": {"Transfer-Encoding": "gzip"}},
        {"headers": {"Content-Length": "3x"}},
        {"headers": {"Content-Length": "+3"}},
        {"headers": {"Content-Encoding": "gzip"}, "compress": "gzip"},
        {"headers": {"Content-Length": "3", "Transfer-Encoding": "chunked"}},
        {"compress": "lzma"},
        {"headers": {"Content-Length": "3"}, "compress": "gzip"},
    ],
)
async def test_contradicting_framing_is_refused(serve, session, options):
    """A message with two ends is a smuggled one: ValueError before a byte is sent."""
    server = await serve(OK)
    with pytest.raises(ValueError, match=r"Content-|Transfer-|chunked|compress|lzma"):
        await session.post(server.url, data=b"abc", **options)
    assert server.connections == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Length": "5"},
        {"Transfer-Encoding": "chunked"},
        {"Transfer-Encoding": "gzip"},
        {"Content-Length": "5", "Transfer-Encoding": "chunked"},
    ],
)
async def test_framing_headers_of_the_session_announce_no_body_that_is_not_there(serve, headers):
    """The server would take the next request on the connection for this one's body."""
    server = await serve(OK)
    async with ClientSession(headers=headers) as session:
        with pytest.raises(ValueError, match=r"announce a body|Transfer-Encoding"):
            await session.get(server.url)
    assert server.connections == 0


async def test_the_sessions_headers_describe_bodies_once(serve):
    """What the session says of bodies replaces what a request would say; two would contradict."""
    server = await serve(OK)
    async with ClientSession(headers={"Content-Type": "a/b"}) as session:
        await session.post(server.url, json=[1])
        await session.post(server.url, data=b"x", headers={"Content-Type": "c/d"})
        await session.get(server.url)
    types = [head_of(request)[1].getall("Content-Type") for request in server.requests]
    assert types == [["a/b"], ["c/d"], ["a/b"]]

    async with ClientSession(headers={"Transfer-Encoding": "chunked"}) as session:
        await session.post(server.url, data=b"abc")
    _, headers, body = head_of(server.requests[-1])
    assert (headers["Transfer-Encoding"], body) == ("chunked", b"3\r\nabc\r\n0\r\n\r\n")
    assert "Content-Length" not in headers


async def test_a_length_that_does_not_fit_the_body_is_an_error(serve, session):
    """The server would wait for the rest, or read it as the next request."""
    server = await serve(OK)
    for length in ("2", "4"):
        with pytest.raises(BodyLengthError, match="Content-Length"):
            await session.post(server.url, data=b"abc", headers={"Content-Length": length})


async def test_http_1_0_has_no_chunks(serve):
    """RFC 9112 §7.1."""
    async with ClientSession(version=HttpVersion10) as session:
        with pytest.raises(ValueError, match=r"HTTP/1\.0"):
            await session.post("http://127.0.0.1:9/", data=b"x", chunked=True)
