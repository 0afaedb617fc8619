"""A slow peer makes us wait, a fast one is made to wait, a lost one is an error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from notebook_http.transport.connection import Connection
from notebook_http.transport.exceptions import BodyLengthError, ClientConnectionResetError
from notebook_http.transport.stream_writer import StreamWriter
from notebook_http.wire.content_coding import decoder_for, encoder_for


class Recording(Connection):
    """Keeps what it receives."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.received = bytearray()
        self.lost = loop.create_future()

    def data_received(self, data: bytes) -> None:
        self.received += data

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.lost.set_result(exc)


@pytest.fixture
async def pair() -> AsyncIterator[tuple[Recording, Recording]]:
    """Two ends of one real TCP connection."""
    loop = asyncio.get_running_loop()
    accepted: asyncio.Future[Recording] = loop.create_future()

    def accept() -> Recording:
        connection = Recording(loop)
        accepted.set_result(connection)
        return connection

    server = await loop.create_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    _, ours = await loop.create_connection(lambda: Recording(loop), "127.0.0.1", port)
    theirs = await accepted
    yield ours, theirs
    for connection in (ours, theirs):
        connection.abort()
        await connection.lost
    server.close()
    await server.wait_closed()


async def arrived(connection: Recording, size: int) -> bytes:
    async with asyncio.timeout(10):
        while len(connection.received) < size:
            await asyncio.sleep(0.005)
    return bytes(connection.received)


async def test_drain_waits_for_a_slow_peer(pair: tuple[Recording, Recording]) -> None:
    """And comes back when the peer reads again."""
    ours, theirs = pair
    theirs.pause_reading()
    theirs.pause_reading()  # idempotent
    while not ours.writing_paused:
        ours.write(bytes(1 << 20))
    draining = [asyncio.create_task(ours.drain()) for _ in range(3)]
    await asyncio.sleep(0.02)
    assert not any(task.done() for task in draining)
    draining[0].cancel()
    theirs.resume_reading()
    theirs.resume_reading()
    async with asyncio.timeout(10):
        await asyncio.gather(*draining[1:])
    assert draining[0].cancelled()
    await ours.drain()


async def test_a_lost_peer_fails_whoever_waits_or_writes(
    pair: tuple[Recording, Recording],
) -> None:
    """Nothing hangs, and the error is the one that aiohttp users catch."""
    ours, theirs = pair
    theirs.pause_reading()
    while not ours.writing_paused:
        ours.write(bytes(1 << 20))
    draining = asyncio.create_task(ours.drain())
    await asyncio.sleep(0)
    assert ours.is_connected
    theirs.abort()
    with pytest.raises(ClientConnectionResetError):
        await draining
    assert not ours.is_connected
    for write in (ours.write, lambda data: ours.writelines([data])):
        with pytest.raises(ConnectionResetError):
            write(b"x")
    with pytest.raises(ClientConnectionResetError):
        await ours.drain()
    assert ours.get_extra_info("peername", "nobody") == "nobody"


async def test_extra_info_comes_from_the_transport(pair: tuple[Recording, Recording]) -> None:
    """Handlers ask a connection for its peer."""
    ours, theirs = pair
    assert ours.get_extra_info("peername") == theirs.get_extra_info("sockname")
    ours.close()
    assert await theirs.lost is None


async def test_a_small_message_leaves_in_one_piece(pair: tuple[Recording, Recording]) -> None:
    """The head waits for the first bytes of the body."""
    ours, theirs = pair
    pieces: list[bytes] = []

    def keep(data: bytes) -> None:
        pieces.append(data)

    theirs.data_received = keep  # type: ignore[method-assign]
    writer = StreamWriter(ours, length=5, chunked=False, head=b"HEAD\r\n\r\n")
    await writer.write(b"hel")
    await writer.write_eof(b"lo")
    await asyncio.sleep(0.05)
    assert pieces[0].startswith(b"HEAD\r\n\r\nhel")
    assert b"".join(pieces) == b"HEAD\r\n\r\nhello"
    assert writer.output_size == 13
    assert writer.body_size == 5
    await writer.write_eof(b"ignored: it has ended")
    with pytest.raises(RuntimeError, match="write_eof"):
        await writer.write(b"x")


@pytest.mark.parametrize("size", [1, 100, 20_000, 200_000])
async def test_chunks_are_framed_whatever_their_size(
    pair: tuple[Recording, Recording], size: int
) -> None:
    """Small ones are joined with their framing, large ones are not copied."""
    ours, theirs = pair
    writer = StreamWriter(ours, length=None, chunked=True, head=b"H")
    data = b"x" * size
    await writer.write(memoryview(data))
    await writer.write(b"")  # an empty chunk would end the body
    await writer.write(bytearray(b"yz"))
    await writer.write_eof()
    expected = b"H%x\r\n%b\r\n2\r\nyz\r\n0\r\n\r\n" % (size, data)
    assert await arrived(theirs, len(expected)) == expected
    assert writer.output_size == len(expected)


async def test_the_body_is_as_long_as_announced_or_it_is_an_error(
    pair: tuple[Recording, Recording],
) -> None:
    """A body of another length would be read as part of the next message."""
    ours, theirs = pair
    writer = StreamWriter(ours, length=3, chunked=False)
    with pytest.raises(BodyLengthError, match="announced a body of 3 bytes, 5 were written"):
        await writer.write(b"hello")
    await writer.write(b"abc")
    await writer.write_eof()
    short = StreamWriter(ours, length=3, chunked=False)
    await short.write(b"ab")
    for _ in range(2):  # who caught it once must not take the body for whole
        with pytest.raises(BodyLengthError, match="2 were written"):
            await short.write_eof()
    assert await arrived(theirs, 5) == b"abcab"


async def test_what_an_encoder_had_left_counts_too(pair: tuple[Recording, Recording]) -> None:
    """It holds everything back until the end, where it may be more than was announced."""
    ours, theirs = pair
    long = StreamWriter(ours, length=10, chunked=False, encoder=encoder_for("gzip"))
    await long.write(b"a" * 300)
    with pytest.raises(BodyLengthError, match="announced a body of 10 bytes"):
        await long.write_eof()
    ours.close()
    await theirs.lost
    assert len(theirs.received) <= 10


async def test_a_message_without_body_sends_its_head_only(
    pair: tuple[Recording, Recording],
) -> None:
    """HEAD, 204 and 304: whatever the handler writes stays here."""
    ours, theirs = pair
    writer = StreamWriter(ours, length=5, chunked=True, head=b"HEAD", discard=True)
    await writer.write(b"hello, and more than announced")
    await writer.write_eof()
    assert await arrived(theirs, 4) == b"HEAD"
    await asyncio.sleep(0.02)
    assert theirs.received == b"HEAD"
    early = StreamWriter(ours, length=None, chunked=True, head=b"EARLY")
    await early.drain()
    assert await arrived(theirs, 9) == b"HEADEARLY"
    early.send_head()


async def test_an_encoder_is_finished_with_the_body(pair: tuple[Recording, Recording]) -> None:
    """Its last bytes come out when the body ends."""
    ours, theirs = pair
    encoder, decoder = encoder_for("gzip"), decoder_for("gzip")
    assert decoder is not None
    writer = StreamWriter(ours, length=None, chunked=False, encoder=encoder)
    wide = memoryview(bytearray(b"ab" * 1000)).cast("H")
    await writer.write(wide)
    await writer.write_eof(b"end")
    await asyncio.sleep(0.05)
    assert decoder.decode(bytes(theirs.received), 10_000) == b"ab" * 1000 + b"end"
    decoder.finish()
