"""Bodies are read at the reader's pace, decoded on demand, and never lost by a cancel."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import Any

import pytest
from hypothesis import given, strategies as st

from notebook_http.transport.stream_reader import EMPTY_READER, StreamReader
from notebook_http.wire.content_coding import decoder_for
from notebook_http.wire.errors import BodyTooLarge, ContentEncodingError, HttpProcessingError


class Flow:
    """Counts what a connection would be told."""

    def __init__(self) -> None:
        self.paused = False
        self.pauses = 0

    def pause_reading(self) -> None:
        assert not self.paused
        self.paused = True
        self.pauses += 1

    def resume_reading(self) -> None:
        assert self.paused
        self.paused = False


def filled(*pieces: bytes, eof: bool = True) -> StreamReader:
    reader = StreamReader(None)
    for piece in pieces:
        reader.feed_data(piece)
    if eof:
        reader.feed_eof()
    return reader


async def test_every_way_of_reading_gives_the_same_bytes() -> None:
    """They differ in the pieces, not in the sum."""
    pieces = (b"one\ntw", b"o\n", b"\nthree", b"x" * 100)
    whole = b"".join(pieces)
    assert await filled(*pieces).read() == whole
    assert await filled(*pieces).read_all() == whole
    assert await filled(*pieces).readany() == whole
    assert b"".join([piece async for piece in filled(*pieces).iter_any()]) == whole
    assert [piece async for piece in filled(*pieces).iter_chunked(7)] == [
        whole[at : at + 7] for at in range(0, len(whole), 7)
    ]
    assert [line async for line in filled(*pieces)] == whole.splitlines(keepends=True)
    assert filled(*pieces).read_nowait() == whole
    reader = filled(*pieces)
    assert await reader.readexactly(5) + await reader.read(3) + await reader.read() == whole
    assert reader.at_eof()
    assert await reader.read() == await reader.readany() == await reader.readline() == b""


@given(st.lists(st.binary(max_size=8)), st.integers(1, 5), st.sampled_from([b"\n", b"ab", b"aab"]))
def test_readuntil_splits_as_bytes_do(pieces: list[bytes], limit: int, separator: bytes) -> None:
    """Wherever the pieces end, also in the middle of a separator."""

    async def read() -> list[bytes]:
        reader = filled(*pieces)
        found = []
        while piece := await reader.readuntil(separator):
            found.append(piece)
        return found

    whole = b"".join(pieces)
    expected = [part + separator for part in whole.split(separator)]
    expected[-1] = expected[-1][: -len(separator)]
    assert asyncio.run(read()) == [part for part in expected if part]


async def test_a_line_has_a_limit() -> None:
    """A line without end would fill the memory."""
    reader = StreamReader(None, 16)
    reader.feed_data(b"x" * 40)
    with pytest.raises(ValueError, match="Chunk too big"):
        await reader.readline()
    reader = filled(b"x" * 40 + b"\nshort\n")
    with pytest.raises(ValueError, match="Chunk too big"):
        await reader.readline(max_line_length=10)
    with pytest.raises(ValueError, match="at least one"):
        await filled(b"x").readuntil(b"")


async def test_reading_waits_for_what_is_fed_later() -> None:
    """The reader sleeps until data, an end or an error comes."""
    reader = StreamReader(None)
    task = asyncio.create_task(reader.readexactly(4))
    await asyncio.sleep(0)
    reader.feed_data(b"ab")
    await asyncio.sleep(0)
    reader.feed_data(b"cdef")
    assert await task == b"abcd"
    task = asyncio.create_task(reader.read())
    await asyncio.sleep(0)
    reader.feed_eof()
    assert await task == b"ef"
    with pytest.raises(asyncio.IncompleteReadError) as caught:
        await filled(b"abc").readexactly(4)
    assert caught.value.partial == b"abc"


@pytest.mark.parametrize("method", ["readexactly", "readline", "read", "readany", "wait_eof"])
async def test_a_cancelled_read_consumes_nothing(method: str) -> None:
    """Whoever reads next gets every byte."""
    reader = StreamReader(None)
    if method in ("readexactly", "readline"):
        reader.feed_data(b"abc")
    arguments = {"readexactly": (10,), "read": (5,)}.get(method, ())
    task = asyncio.create_task(getattr(reader, method)(*arguments))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    reader.feed_data(b"def\n")
    reader.feed_eof()
    whole = b"abcdef\n" if method in ("readexactly", "readline") else b"def\n"
    assert await reader.read() == whole


async def test_two_readers_at_once_are_refused() -> None:
    """Each would get an arbitrary half."""
    reader = StreamReader(None)
    task = asyncio.create_task(reader.read())
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="another coroutine"):
        await reader.read()
    with pytest.raises(RuntimeError, match="another coroutine"):
        reader.read_nowait()
    reader.feed_eof()
    assert await task == b""


async def test_the_peer_waits_while_too_much_is_buffered() -> None:
    """Above twice the limit it is paused, below the limit it goes on."""
    flow = Flow()
    reader = StreamReader(flow, 10)
    reader.feed_data(b"x" * 20)
    assert not flow.paused
    reader.feed_data(b"x")
    assert flow.paused
    await reader.read(11)
    assert flow.paused
    await reader.read(1)
    assert not flow.paused


async def test_a_read_for_more_than_the_buffer_holds_does_not_hang() -> None:
    """It needs the peer to go on, however much is buffered."""
    flow = Flow()
    reader = StreamReader(flow, 10)
    reader.feed_data(b"x" * 30)
    task = asyncio.create_task(reader.readexactly(50))
    await asyncio.sleep(0)
    assert not flow.paused
    reader.feed_data(b"y" * 30)
    assert await task == b"x" * 30 + b"y" * 20


async def test_errors_reach_waiting_and_later_readers() -> None:
    """A broken body is never taken for a whole one."""
    reader = StreamReader(None)
    task = asyncio.create_task(reader.read())
    await asyncio.sleep(0)
    reader.set_exception(OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        await task
    for method in (reader.readany, reader.readline, reader.wait_eof, reader.read_all):
        with pytest.raises(OSError, match="gone"):
            await method()
    with pytest.raises(OSError, match="gone"):
        reader.read_nowait()
    assert isinstance(reader.exception(), OSError)
    assert "gone" in repr(reader)


async def test_end_callbacks_run_once_and_not_on_errors() -> None:
    """Whoever waits for the end wants to know that the body is whole."""
    seen: list[str] = []
    reader = StreamReader(None)
    reader.on_eof(lambda: seen.append("first"))
    reader.on_eof(lambda: seen.append("second"))
    reader.feed_eof()
    reader.on_eof(lambda: seen.append("late"))
    assert seen == ["first", "second", "late"]
    broken = StreamReader(None)
    broken.on_eof(lambda: seen.append("broken"))
    broken.set_exception(OSError())
    broken.feed_eof()
    assert "broken" not in seen


async def test_what_is_put_back_is_read_next() -> None:
    """Also in front of a piece that was read in part."""
    reader = filled(b"abcdef")
    assert await reader.read(2) == b"ab"
    reader.unread_data(b"12")
    reader.unread_data(b"")
    assert await reader.read() == b"12cdef"


# Content codings


def coded(data: bytes, *, step: int | None = None) -> StreamReader:
    reader = StreamReader(None, decoder=decoder_for("gzip"))
    step = step or max(len(data), 1)
    for at in range(0, len(data), step):
        reader.feed_data(data[at : at + step])
    reader.feed_eof()
    return reader


@pytest.mark.parametrize("step", [1, 7, None])
async def test_codings_are_undone_while_reading(step: int | None) -> None:
    """However the encoded bytes are split."""
    text = b"".join(b"line %d\n" % number for number in range(1000))
    assert await coded(gzip.compress(text), step=step).read() == text
    assert [line async for line in coded(gzip.compress(text), step=step)] == text.splitlines(True)
    reader = coded(gzip.compress(text), step=step)
    assert reader.read_nowait(1) in (b"", b"l")


async def test_a_body_cut_short_inside_its_coding_is_an_error() -> None:
    """Its framing was whole, so nobody else would notice."""
    data = gzip.compress(b"hello" * 1000)
    for broken in (data[:-1], data[: len(data) // 2], b"\x1f\x8b", b"not gzip"):
        with pytest.raises(ContentEncodingError):
            await coded(broken).read()
    assert await coded(b"").read() == b""

    class MineError(Exception):
        pass

    def translate(error: HttpProcessingError) -> Exception:
        return MineError(str(error))

    reader = StreamReader(None, decoder=decoder_for("gzip"), translate=translate)
    reader.feed_data(b"not gzip")
    with pytest.raises(MineError):
        await reader.read()
    with pytest.raises(MineError):
        await reader.read()


@pytest.mark.parametrize("read", ["read", "readany", "readline"])
async def test_a_loop_until_the_end_sees_a_body_cut_short(read: str) -> None:
    """`while not content.at_eof():` must not take half a body for a whole one."""
    whole = gzip.compress(b"a line\n" * 100)
    for data, error in ((whole, None), (whole[:-9], ContentEncodingError), (b"", None)):
        reader = coded(data)
        text = b""
        failure = None
        while not reader.at_eof() and failure is None:
            try:
                text += await getattr(reader, read)()
            except ContentEncodingError as cut:
                failure = type(cut)
        assert failure is error
        assert error or text == gzip.decompress(whole if data else b"")


async def test_a_bomb_that_nobody_reads_costs_nothing(most_cpu: Any) -> None:
    """CVE-2026-54278: an unread body was decompressed whole in clean-up."""
    compressor = zlib.compressobj(9)
    megabyte = bytes(1024 * 1024)
    bomb = b"".join(compressor.compress(megabyte) for _ in range(256)) + compressor.flush()
    with most_cpu(0.1):
        reader = StreamReader(None, decoder=decoder_for("deflate"))
        reader.feed_data(bomb)
        reader.feed_eof()
        assert not reader.at_eof()
    assert len(await reader.readany()) <= 512 * 1024
    with pytest.raises(BodyTooLarge) as caught:
        await reader.read_all(1024 * 1024)
    assert caught.value.max_size == 1024 * 1024
    assert caught.value.received < 2 * 1024 * 1024


async def test_decoding_much_lets_others_run() -> None:
    """Decoding never waits by itself, and the loop has more to do."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    reader = coded(gzip.compress(bytes(32 * 1024 * 1024)))
    assert len(await reader.read()) == 32 * 1024 * 1024
    ticking.cancel()
    assert ticks >= 4


async def test_the_empty_body_is_shared_and_cannot_change() -> None:
    """One object for every message without a body."""
    EMPTY_READER.set_exception(OSError())
    assert EMPTY_READER.exception() is None
    assert EMPTY_READER.at_eof()
    assert await EMPTY_READER.read() == await EMPTY_READER.readline() == b""
    for change in (EMPTY_READER.feed_data, EMPTY_READER.unread_data):
        with pytest.raises(RuntimeError, match="shared"):
            change(b"x")
