"""Parts one after the other, nested ones too, and bodies that want to do harm."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, strategies as st

from notebook_http.transport.body_part_reader import BodyPartReader
from notebook_http.transport.multipart_payload import MultipartWriter
from notebook_http.transport.multipart_stream import MultipartReader
from notebook_http.transport.stream_reader import StreamReader
from notebook_http.wire.errors import HttpProcessingError

MIXED = {"Content-Type": 'multipart/mixed; boundary=":"'}
FORM = {"Content-Type": 'multipart/form-data; boundary=":"'}
TWO = b"--:\r\nContent-Type: text/plain\r\n\r\nhello\r\n--:\r\n\r\nworld\r\n--:--\r\n"
NESTED = (
    b"--:\r\nContent-Type: multipart/related; boundary=in\r\n\r\n"
    b"--in\r\n\r\none\r\n--in\r\n\r\ntwo\r\n--in--\r\nepilogue"
    b"\r\n--:\r\n\r\nouter\r\n--:--"
)


def stream(*pieces: bytes, eof: bool = True) -> StreamReader:
    reader = StreamReader(None)
    for piece in pieces:
        reader.feed_data(piece)
    if eof:
        reader.feed_eof()
    return reader


async def parts_of(reader: MultipartReader) -> list[Any]:
    """Return the bytes of each part, in lists for the parts of parts."""
    return [
        await (parts_of(part) if isinstance(part, MultipartReader) else part.read())
        async for part in reader
    ]


async def test_parts_come_in_order() -> None:
    """With their headers; behind the last one there is nothing, as often as one asks."""
    reader = MultipartReader(MIXED, stream(b"preamble\r\n" + TWO + b"epilogue"))
    first = await reader.next()
    assert isinstance(first, BodyPartReader)
    assert dict(first.headers) == {"Content-Type": "text/plain"}
    assert not first.at_eof()
    assert await first.read() == b"hello"
    assert first.at_eof()
    assert not reader.at_eof()
    second = await reader.fetch_next_part()
    assert isinstance(second, BodyPartReader)
    assert [piece async for piece in second] == [b"world"]
    assert await reader.next() is None
    assert await reader.next() is None
    assert reader.at_eof()
    with pytest.raises(ValueError, match="no further part"):
        await reader.fetch_next_part()


@pytest.mark.parametrize("body", [TWO, NESTED], ids=["flat", "nested"])
async def test_parts_do_not_depend_on_how_the_bytes_came(body: bytes) -> None:
    """Whole, byte by byte, and cut in two at every place."""
    expected = [b"hello", b"world"] if body is TWO else [[b"one", b"two"], b"outer"]
    splits = [[body], [bytes([byte]) for byte in body]]
    splits += [[body[:cut], body[cut:]] for cut in range(1, len(body))]
    for pieces in splits:
        assert await parts_of(MultipartReader(MIXED, stream(*pieces))) == expected


async def test_a_part_that_nobody_reads_is_skipped() -> None:
    """Half of it or all, also when it is a multipart; what was skipped is at its end."""
    reader = MultipartReader(MIXED, stream(TWO))
    first = await reader.next()
    assert isinstance(first, BodyPartReader)
    assert await first.read_chunk(2) == b"he"
    second = await reader.next()
    assert await first.read() == b""
    assert first.at_eof()
    assert isinstance(second, BodyPartReader)
    assert await second.read() == b"world"
    reader = MultipartReader(MIXED, stream(NESTED))
    nested = await reader.next()
    assert isinstance(nested, MultipartReader)
    inner = await nested.next()
    assert isinstance(inner, BodyPartReader)
    outer = await reader.next()
    assert isinstance(outer, BodyPartReader)
    assert await nested.next() is None
    assert await inner.read() == b""
    assert await outer.read() == b"outer"


async def test_release_drops_the_rest() -> None:
    """The stream is at its end then."""
    content = stream(TWO, b"epilogue")
    reader = MultipartReader(MIXED, content)
    await reader.next()
    await reader.release()
    assert reader.at_eof()
    assert content.at_eof()
    assert await reader.next() is None


async def test_parts_are_there_before_the_next_one_comes() -> None:
    """A camera sends `multipart/x-mixed-replace` for ever; a cancelled wait loses nothing."""
    content = StreamReader(None)
    reader = MultipartReader({"Content-Type": "multipart/x-mixed-replace; boundary=:"}, content)
    content.feed_data(b"--:\r\n\r\nframe 1\r\n--:\r\n\r\nfra")
    first = await reader.next()
    assert isinstance(first, BodyPartReader)
    assert await first.read() == b"frame 1"
    second = await reader.next()
    assert isinstance(second, BodyPartReader)
    assert await second.read_chunk() == b"fra"
    waiting = asyncio.ensure_future(second.read())
    await asyncio.sleep(0)
    content.feed_data(b"me ")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    content.feed_data(b"2\r\n--:--")
    assert await second.read() == b"me 2"


async def test_the_charset_of_a_form() -> None:
    """Its first field may name it for the others (RFC 7578 §4.6); nobody sees that field."""
    body = (
        b'--:\r\nContent-Disposition: form-data; name="_charset_"\r\n\r\nlatin1\r\n'
        b'--:\r\nContent-Disposition: form-data; name="a"; filename="x.txt"\r\n\r\n\xe9\r\n--:--'
    )
    reader = MultipartReader(FORM, stream(body))
    part = await reader.next()
    assert isinstance(part, BodyPartReader)
    assert (part.name, part.filename, await part.text()) == ("a", "x.txt", "é")
    assert await reader.next() is None
    for charset in (b"x" * 32, b"base64", b"\xff"):
        reader = MultipartReader(FORM, stream(body.replace(b"latin1", charset)))
        with pytest.raises(ValueError, match="Invalid default charset"):
            await reader.next()


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"content-type": "text/plain"}, "expected"),
        ({}, "expected"),
        ({"Content-Type": "multipart/mixed"}, "boundary"),
        ({"Content-Type": "multipart/mixed; boundary=" + "a" * 71}, "boundary"),
    ],
)
def test_what_is_no_multipart_is_refused(headers: dict[str, str], message: str) -> None:
    """At once; an AssertionError too where aiohttp asserts."""
    with pytest.raises(ValueError, match=message) as raised:
        MultipartReader(headers, stream(b""))
    assert isinstance(raised.value, AssertionError) is (message == "expected")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no boundary here",
        b"--:\r\n",
        b"--:\r\n\r\nhello",
        b"--:\r\n\r\nhello\r\n--:",
        b"--:\r\n\r\nhello\r\n--:\r\n",
        b"--:\r\nno colon\r\n\r\nhello\r\n--:--",
        b"--:\r\nA: " + b"a" * 9000 + b"\r\n\r\nhello\r\n--:--",
        b"--:\r\n" + b"A: b\r\n" * 129 + b"\r\nhello\r\n--:--",
        b"--:\r\nContent-Type: multipart/mixed\r\n\r\nhello\r\n--:--",
        b"--:\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\na\r\n--:--",
    ],
)
async def test_a_malformed_or_cut_body_is_an_error(body: bytes) -> None:
    """Never a silent end; and translated where a server wants to answer with it."""
    with pytest.raises(HttpProcessingError) as raised:
        await parts_of(MultipartReader(MIXED, stream(body)))
    assert isinstance(raised.value, ValueError)

    def translate(error: HttpProcessingError) -> Exception:
        return OSError(f"the peer erred: {error}")

    with pytest.raises(OSError, match="the peer erred"):
        await parts_of(MultipartReader(MIXED, stream(body), translate=translate))


async def test_limits_on_heads_of_parts_can_be_set() -> None:
    """They hold in nested parts, too."""
    with pytest.raises(ValueError, match="header"):
        await parts_of(MultipartReader(MIXED, stream(NESTED), max_field_size=20))
    body = NESTED.replace(b"--in\r\n\r\none", b"--in\r\nA: b\r\nC: d\r\n\r\none")
    with pytest.raises(ValueError, match="header"):
        await parts_of(MultipartReader(MIXED, stream(body), max_headers=1))


async def test_nesting_has_a_limit() -> None:
    """Each level parses all bytes again."""

    def nested(depth: int) -> MultipartWriter:
        writer = MultipartWriter()
        writer.append(nested(depth - 1) if depth > 1 else "x")
        return writer

    for depth in (8, 9):
        writer = nested(depth)
        reader = MultipartReader(writer.headers, stream(await writer.as_bytes()))
        if depth == 9:
            with pytest.raises(ValueError, match="deep"):
                await parts_of(reader)
        else:
            assert str(await parts_of(reader)).count("[") == 8


@pytest.mark.parametrize(
    "body",
    [
        b"--:\r\n\r\n\r\n" * 30_000 + b"--:--",
        b"--:\r\n\r\n" + b"\r\n--" * 80_000 + b"\r\n--:--",
        b"\r\n--" * 80_000 + TWO,
        b"--:\r\n\r\n" + b"\r" * 300_000 + b"\r\n--:--",
        b"--:\r\n" + b"a: b\r\n" * 60_000,
    ],
    ids=["tiny parts", "nearly boundaries", "preamble", "CRs", "headers"],
)
async def test_hostile_bodies_cost_no_more_than_others(body: bytes, most_cpu: Any) -> None:
    """300 KB each: no quadratic scan, and others run in between when parts are tiny."""
    with most_cpu(5):
        try:
            async for part in MultipartReader(MIXED, stream(body)):
                await part.release()
        except ValueError:
            pass


@given(st.lists(st.binary(max_size=40), min_size=1), st.integers(1, 50))
def test_what_a_writer_writes_a_reader_reads(parts: list[bytes], size: int) -> None:
    """Whatever is in the parts, and however it is cut."""

    async def run() -> None:
        writer = MultipartWriter()
        for part in parts:
            writer.append(part)
        body = await writer.as_bytes()
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        assert await parts_of(MultipartReader(writer.headers, stream(*pieces))) == parts

    asyncio.run(run())
