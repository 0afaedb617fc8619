"""One part: read whole, by chunks and lines, decoded, within limits."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import zlib
from typing import Any

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from notebook_http.transport.body_part_payload import BodyPartReaderPayload
from notebook_http.transport.body_part_reader import BodyPartReader
from notebook_http.transport.multipart_payload import MultipartWriter
from notebook_http.transport.multipart_stream import MultipartReader
from notebook_http.transport.payload import get_payload
from notebook_http.transport.stream_reader import StreamReader

DATA = bytes(range(256)) * 3


def part(
    *pieces: bytes, subtype: str = "mixed", end: bytes = b"\r\n--:--", **options: Any
) -> BodyPartReader:
    """Return a reader of a part; pieces that are `name: value` lines stand in `headers`."""
    headers: CIMultiDict[str] = CIMultiDict(options.pop("headers", {}))
    content = StreamReader(None)
    for piece in (*pieces, end):
        content.feed_data(piece)
    content.feed_eof()
    return BodyPartReader(b"--:", CIMultiDictProxy(headers), content, subtype=subtype, **options)


async def test_chunks_and_lines() -> None:
    """As many bytes as asked for at most; line breaks stay, but the one before the boundary."""
    assert await part(b"hello").read_chunk(4) == b"hell"
    reader = part(b"hel", b"lo")
    chunks = []
    while not reader.at_eof():
        chunks.append(await reader.read_chunk(4))
    assert b"".join(chunks) == b"hello"
    assert all(len(chunk) <= 4 for chunk in chunks)
    assert await reader.read_chunk() == b""
    reader = part(b"a\xe9\nb", b"\r\nccc\r", b"\n")
    assert [await reader.readline() for _ in range(4)] == [b"a\xe9\n", b"b\r\n", b"ccc\r\n", b""]
    assert reader.at_eof()
    with pytest.raises(ValueError, match="line"):
        await part(b"a" * 2**18).readline()


async def test_a_cancelled_line_or_chunk_is_read_again() -> None:
    """Nothing of it is lost."""
    for headers, method, size in (
        ({}, "readline", ()),
        ({"Content-Transfer-Encoding": "base64"}, "read_chunk", (2,)),
    ):
        content = StreamReader(None)
        reader = BodyPartReader(b"--:", CIMultiDictProxy(CIMultiDict(headers)), content)
        content.feed_data(b"aG")
        waiting = asyncio.ensure_future(getattr(reader, method)(*size))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        content.feed_data(b"k=\r\n--:--")
        content.feed_eof()
        assert await reader.read() == b"aGk="


@pytest.mark.parametrize(
    ("transfer", "coding", "wire"),
    [
        ("base64", None, base64.encodebytes(DATA)),
        ("quoted-printable", None, b"".join(b"=%02X" % byte for byte in DATA)),
        ("Binary", None, DATA),
        (None, "gzip", gzip.compress(DATA)),
        (None, "deflate", zlib.compress(DATA)),
        (None, "deflate", zlib.compress(DATA)[2:-4]),
        (None, "identity", DATA),
        ("base64", "gzip", base64.b64encode(gzip.compress(DATA))),
    ],
)
async def test_encodings_are_undone_when_asked(
    transfer: str | None, coding: str | None, wire: bytes
) -> None:
    """Whole, and where pieces can be decoded alone by pieces; else the bytes as they came."""
    given = {"Content-Transfer-Encoding": transfer, "Content-Encoding": coding}
    headers = {name: value for name, value in given.items() if value is not None}
    assert await part(wire, headers=headers).read() == wire
    assert await part(wire, headers=headers).read(decode=True) == DATA
    reader = part(wire, headers=headers)
    assert reader.decode(await reader.read()) == DATA
    if coding is None:
        reader = part(wire, headers=headers)
        decoded = b""
        while chunk := await reader.read_chunk(7):
            decoded += reader.decode(chunk)
        assert decoded == DATA
    payload = get_payload(part(wire, headers=headers))
    assert isinstance(payload, BodyPartReaderPayload)
    assert await payload.as_bytes() == DATA


async def test_content_codings_do_not_exist_in_forms() -> None:
    """RFC 7578 §4.8."""
    headers = {"Content-Encoding": "gzip"}
    assert await part(b"x", headers=headers, subtype="form-data").read(decode=True) == b"x"


@pytest.mark.parametrize(
    ("headers", "wire", "error", "message"),
    [
        ({"Content-Transfer-Encoding": "uu"}, b"x", RuntimeError, "unknown content transfer"),
        ({"Content-Encoding": "uu"}, b"x", RuntimeError, "unknown content encoding"),
        ({"Content-Transfer-Encoding": "base64"}, b"abc", ValueError, "base64"),
        ({"Content-Encoding": "gzip"}, b"abc", ValueError, "broken"),
        (
            {"Content-Encoding": "gzip"},
            gzip.compress(b"abc", mtime=0)[:-1],
            ValueError,
            "cut short",
        ),
    ],
)
async def test_what_cannot_be_decoded_is_an_error(
    headers: dict[str, str], wire: bytes, error: type[Exception], message: str
) -> None:
    """Of the classes that aiohttp raises."""
    with pytest.raises(error, match=message):
        await part(wire, headers=headers).read(decode=True)


async def test_sizes_are_limited_while_reading() -> None:
    """Before decoding and after; `decode` never returns a part of the bytes for all of them."""
    bomb = gzip.compress(bytes(10_000_000))
    headers = {"Content-Encoding": "gzip"}
    for body, head in ((b"x" * 2000, {}), (bomb[:900] + bomb[900:], headers)):
        with pytest.raises(ValueError, match="1000"):
            await part(body, headers=head, client_max_size=1000).read(decode=True)
    with pytest.raises(OSError, match="1000"):
        await part(b"x" * 2000, client_max_size=1000, max_size_error_cls=OSError).read()
    reader = part(bomb, headers=headers)
    data = await reader.read()
    with pytest.raises(ValueError, match="262144"):
        reader.decode(data)
    sizes = [len(piece) async for piece in reader.decode_iter(data)]
    assert sum(sizes) == 10_000_000
    assert max(sizes) <= 2**18
    assert len(await part(bomb, headers=headers).read(decode=True)) == 10_000_000


async def test_texts_json_and_forms() -> None:
    """In the charset that the part names."""
    latin = {"Content-Type": "text/plain; charset=latin1"}
    assert await part(b"\xe9", headers=latin).text() == "é"
    assert await part(b"\xe9").text(encoding="latin1") == "é"
    assert await part(b"\xe9", default_charset="latin1").text() == "é"
    assert part(b"").get_charset("x") == "x"
    with pytest.raises(UnicodeDecodeError):
        await part(b"\xe9").text()
    with pytest.raises(LookupError):
        await part(b"x", headers={"Content-Type": "text/plain; charset=base64"}).text()
    assert await part(b'{"a": 1}').json() == {"a": 1}
    assert await part(b"").json() is None
    with pytest.raises(json.JSONDecodeError):
        await part(b"{").json()
    assert await part(b"a=b&c=&d=%C3%A9+x").form() == [("a", "b"), ("c", ""), ("d", "é x")]
    assert await part(b"").form() == []
    with pytest.raises(ValueError, match="utf-8"):
        await part(b"a=\xff").form()


def test_names() -> None:
    """In a form the plain name counts; elsewhere the encoded one comes first (RFC 6266 §4.3)."""
    value = 'form-data; name="n"; filename="a.txt"; filename*=UTF-8\'\'%C3%A9.txt'
    field = part(b"", headers={"Content-Disposition": value}, subtype="form-data")
    assert (field.name, field.filename) == ("n", "a.txt")
    assert part(b"", headers={"Content-Disposition": value}).filename == "é.txt"
    assert (part(b"").name, part(b"").filename) == (None, None)


async def test_a_part_can_be_sent_on() -> None:
    """As a part of another body, under its own name, decoded."""
    disposition = 'attachment; filename="a.txt"'
    received = part(
        base64.b64encode(b"hello"),
        headers={"Content-Disposition": disposition, "Content-Transfer-Encoding": "base64"},
    )
    writer = MultipartWriter()
    payload = writer.append(received)
    assert payload.headers["Content-Disposition"] == disposition
    assert payload.size is None
    with pytest.raises(TypeError):
        payload.decode()
    content = StreamReader(None)
    content.feed_data(await writer.as_bytes())
    content.feed_eof()
    assert payload.consumed
    sent = await MultipartReader(writer.headers, content).next()
    assert isinstance(sent, BodyPartReader)
    assert await sent.read() == b"hello"
    coded = part(gzip.compress(b"hello"), headers={"Content-Encoding": "gzip"})
    writer = MultipartWriter()
    writer.append(coded)
    assert b"\r\n\r\nhello\r\n--" in await writer.as_bytes()
