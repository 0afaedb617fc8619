"""Chunks of the wire, for those who read by them; and what a reader tells of itself."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import pytest
from hypothesis import given, strategies as st

from notebook_http.transport.stream_iteration import ChunkTupleAsyncStreamIterator
from notebook_http.transport.stream_reader import EMPTY_PAYLOAD, StreamReader
from notebook_http.wire.content_coding import decoder_for


def feed_chunk(reader: StreamReader, *pieces: bytes) -> None:
    for piece in pieces:
        reader.feed_data(piece)
    reader.end_http_chunk_receiving()


async def test_chunks_come_out_as_they_came_in() -> None:
    """With their ends, however many reads brought them; the empty last one does not count."""
    reader = StreamReader(None)
    reader.feed_data(b"ab")
    assert await reader.readchunk() == (b"ab", False)
    feed_chunk(reader, b"c")
    feed_chunk(reader, b"d", b"e")
    feed_chunk(reader)
    reader.feed_eof()
    assert await reader.readchunk() == (b"c", True)
    assert await reader.readchunk() == (b"de", True)
    assert await reader.readchunk() == (b"", False)
    assert reader.at_eof()


async def test_an_end_that_comes_later_is_told_later() -> None:
    """The bytes are not held back for it, and who waits for just that is woken."""
    reader = StreamReader(None)
    reader.feed_data(b"ab")
    assert await reader.readchunk() == (b"ab", False)
    waiting = asyncio.ensure_future(reader.readchunk())
    await asyncio.sleep(0)
    reader.end_http_chunk_receiving()
    assert await waiting == (b"", True)
    reader.feed_eof()
    assert await reader.readchunk() == (b"", False)


async def test_other_ways_of_reading_step_over_ends() -> None:
    """Half a chunk is left with its end; one that was read past has none."""
    reader = StreamReader(None)
    feed_chunk(reader, b"abc")
    feed_chunk(reader, b"def")
    feed_chunk(reader, b"ghi")
    assert await reader.read(1) == b"a"
    assert await reader.readchunk() == (b"bc", True)
    assert await reader.read(4) == b"defg"
    assert await reader.readchunk() == (b"hi", True)
    reader.unread_data(b"hi")
    assert await reader.readany() == b"hi"


async def test_a_body_without_chunks_has_no_ends() -> None:
    """As pieces came; the iterator ends with the body."""
    reader = StreamReader(None)
    reader.feed_data(b"ab")
    reader.feed_data(b"cd")
    reader.feed_eof()
    iterator = reader.iter_chunks()
    assert isinstance(iterator, ChunkTupleAsyncStreamIterator)
    assert [item async for item in iterator] == [(b"ab", False), (b"cd", False)]
    assert [item async for item in EMPTY_PAYLOAD.iter_chunks()] == []


@given(
    st.lists(st.lists(st.binary(min_size=1, max_size=5), min_size=1, max_size=4), max_size=5),
    st.sampled_from(["", "gzip"]),
    st.lists(st.integers(0, 30), max_size=6),
)
def test_chunks_keep_their_bytes(chunks: list[list[bytes]], coding: str, reads: list[int]) -> None:
    """Decoded or not: between two ends stands what was between them on the wire."""

    async def run() -> None:
        packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        reader = StreamReader(None, decoder=decoder_for(coding))
        got: list[bytes] = [b""]
        expected: list[bytes] = []

        async def take() -> None:
            data, ended = await reader.readchunk()
            got[-1] += data
            if ended:
                got.append(b"")

        for number, chunk in enumerate(chunks):
            for piece in chunk:
                sent = packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)
                reader.feed_data(sent if coding else piece)
                if number in reads:
                    await take()
            reader.end_http_chunk_receiving()
            expected.append(b"".join(chunk))
        if coding and chunks:
            feed_chunk(reader, packer.flush())  # the trailer of gzip: a chunk without a byte
        reader.end_http_chunk_receiving()
        reader.feed_eof()
        while not reader.at_eof():
            await take()
        assert [piece for piece in got if piece] == expected

    asyncio.run(run())


async def test_a_coded_chunk_may_end_after_its_bytes_were_read() -> None:
    """Its end is told on its own then, as for bytes that are not coded."""
    packed = gzip.compress(b"hello")
    reader = StreamReader(None, decoder=decoder_for("gzip"))
    reader.feed_data(packed)
    assert await reader.readchunk() == (b"hello", False)
    reader.end_http_chunk_receiving()
    reader.feed_eof()
    assert await reader.readchunk() == (b"", True)
    assert await reader.readchunk() == (b"", False)
    assert (reader.total_bytes, reader.total_raw_bytes) == (5, len(packed))
    assert reader.total_compressed_bytes == len(packed)


async def test_no_more_ends_are_kept_than_bytes() -> None:
    """A stream of tiny chunks that is read by lines for a week must not grow."""
    reader = StreamReader(None)
    for _ in range(10_000):
        feed_chunk(reader, b"a")
        feed_chunk(reader, b"\n")
        assert await reader.readline() == b"a\n"
    assert reader._chunk_ends is not None
    assert len(reader._chunk_ends) <= 3


async def test_chunks_are_announced_before_bytes() -> None:
    """The parser of aiohttp does it so; theirs is the name and the refusal."""
    reader = StreamReader(None)
    reader.begin_http_chunk_receiving()
    feed_chunk(reader, b"a")
    reader.begin_http_chunk_receiving()
    assert await reader.readchunk() == (b"a", True)
    late = StreamReader(None)
    late.feed_data(b"a")
    with pytest.raises(RuntimeError, match="already fed"):
        late.begin_http_chunk_receiving()
    EMPTY_PAYLOAD.begin_http_chunk_receiving()


async def test_an_error_ends_reading_by_chunks() -> None:
    """At once, also when bytes are left; and with its cause."""
    for coding in ("", "gzip"):
        reader = StreamReader(None, decoder=decoder_for(coding))
        reader.feed_data(gzip.compress(b"a"))
        cause = OSError("reset")
        reader.set_exception(ValueError("broken"), cause)
        with pytest.raises(ValueError, match="broken") as raised:
            await reader.readchunk()
        assert raised.value.__cause__ is cause


def test_limits_can_be_asked_and_raised() -> None:
    """Never lowered: somebody may count on them."""
    reader = StreamReader(None, 100)
    assert reader.get_read_buffer_limits() == (100, 200)
    reader.set_read_chunk_size(50)
    assert reader.get_read_buffer_limits() == (100, 200)
    reader.set_read_chunk_size(1000)
    assert reader.get_read_buffer_limits() == (1000, 2000)
    before = EMPTY_PAYLOAD.get_read_buffer_limits()
    EMPTY_PAYLOAD.set_read_chunk_size(2**30)
    assert EMPTY_PAYLOAD.get_read_buffer_limits() == before


async def test_a_timer_is_entered_around_each_wait() -> None:
    """The way to give a reader a limit of one's own; what is there is read without it."""
    entered = []

    class Timer:
        def __enter__(self) -> None:
            entered.append(True)

        def __exit__(self, *exc_info: object) -> None:
            entered.append(False)

    reader = StreamReader(None, timer=Timer(), loop=asyncio.get_running_loop())
    reader.feed_data(b"a", 1)
    assert await reader.readany() == b"a"
    assert entered == []
    waiting = asyncio.ensure_future(reader.readany())
    await asyncio.sleep(0)
    reader.feed_data(b"b")
    assert await waiting == b"b"
    assert entered == [True, False]
