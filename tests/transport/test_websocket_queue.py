"""Unread messages: who may take them, what is held back, and what their end is."""

from __future__ import annotations

import asyncio
import zlib

import pytest

from notebook_http.transport.exceptions import ClientConnectionResetError
from notebook_http.transport.websocket_queue import MessageQueue
from notebook_http.wire.websocket_deflate import DeflateSettings
from notebook_http.wire.websocket_frame import serialise_frame
from notebook_http.wire.websocket_message import CLOSING_MESSAGE, WSMessage, WSMsgType

TEXT, BINARY, CLOSED = WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CLOSED
CLOSE_1000 = b"\x88\x02\x03\xe8"


def bombs(count: int, size: int) -> bytes:
    """Return messages that unpack to *size* zeros each."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    payload = packer.compress(bytes(size)) + packer.flush(zlib.Z_FULL_FLUSH)
    return serialise_frame(2, payload.removesuffix(b"\0\0\xff\xff"), key=None, compressed=True) * (
        count
    )


async def test_messages_come_out_in_order_and_a_call_overtakes_them():
    """The size falls to nothing again."""
    queue = MessageQueue(asyncio.get_running_loop())
    for number in range(3):
        queue.put(WSMessage(TEXT, str(number), ""), 1)
    assert len(queue) == 3
    assert queue.size > 3
    queue.wake(CLOSING_MESSAGE)  # nobody waits, so nobody is told
    assert [(await queue.next()).data for _ in range(3)] == ["0", "1", "2"]
    assert queue.size == 0
    waiting = asyncio.ensure_future(queue.next())
    await asyncio.sleep(0)
    queue.wake(CLOSING_MESSAGE)
    assert await waiting is CLOSING_MESSAGE
    queue.fail(ValueError("first"))
    queue.fail(ValueError("second"))
    with pytest.raises(ValueError, match="first"):
        await queue.next()


async def test_second_reader_is_refused_while_the_first_is_being_woken(pair):
    """It took the message of the first, which then waited in vain, and for ever."""
    one, _ = await pair.raw()
    first = asyncio.ensure_future(one.receive())
    await asyncio.sleep(0.01)
    second = asyncio.ensure_future(one.receive())
    one.data_received(b"\x81\x01x")
    with pytest.raises(RuntimeError, match="Concurrent"):
        await second
    assert (await asyncio.wait_for(first, 5)).data == "x"


async def test_close_in_the_moment_a_message_comes(pair):
    """The one who receives gets it; the one who closes gets the peer's close, at once."""
    one, raw = await pair.raw(close_seconds=60)
    receiving = asyncio.ensure_future(one.receive())
    await asyncio.sleep(0.01)
    closing = asyncio.ensure_future(one.end())
    one.data_received(b"\x81\x01x")
    assert (await asyncio.wait_for(receiving, 5)).data == "x"
    assert (await one.receive()).type is CLOSED
    raw.write(CLOSE_1000)
    assert await asyncio.wait_for(closing, 5) is True
    assert (one.close_code, one.exception) == (1000, None)


async def test_close_in_the_moment_the_peer_closes(pair):
    """The one who receives takes the close frame: nobody waits for another."""
    one, _ = await pair.raw(close_seconds=60)
    receiving = asyncio.ensure_future(one.receive())
    await asyncio.sleep(0.01)
    closing = asyncio.ensure_future(one.end())
    one.data_received(b"\x88\x02\x0b\xb9")
    assert (await asyncio.wait_for(receiving, 5)).type is WSMsgType.CLOSE
    assert await asyncio.wait_for(closing, 5) is True
    assert (one.close_code, one.exception) == (3001, None)


async def test_close_in_the_moment_a_receive_is_cancelled(pair):
    """Neither waits for the other."""
    one, raw = await pair.raw(close_seconds=60)
    receiving = asyncio.ensure_future(one.receive())
    await asyncio.sleep(0.01)
    closing = asyncio.ensure_future(one.end())
    receiving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await receiving
    raw.write(CLOSE_1000)
    assert await asyncio.wait_for(closing, 5) is True


async def test_receive_while_another_task_waits_for_the_close(pair):
    """CLOSED, as in aiohttp: it is not the one who waits that receives."""
    one, raw = await pair.raw(close_seconds=60)
    closing = asyncio.ensure_future(one.end())
    await asyncio.sleep(0.01)
    assert (await one.receive()).type is CLOSED
    raw.write(CLOSE_1000)
    assert await closing is True


async def test_whatever_goes_wrong_while_closing_the_transport_goes(pair, until):
    """A time that is none, for example."""
    one, _ = await pair.raw(close_seconds="soon")
    with pytest.raises(TypeError):
        await one.end()
    await until(lambda: one.transport is None)


async def test_unread_messages_stay_compressed(pair, until):
    """64 KiB of a peer's bytes are 64 MiB when they are unpacked: one message at a time is."""
    one, raw = await pair.raw(deflate=DeflateSettings())
    raw.write(bombs(30, 2**20) + CLOSE_1000)
    await until(lambda: len(one._queue) > 0)
    await asyncio.sleep(0.05)
    for _ in range(30):
        assert one._queue.size < 2 * 2**20
        assert (await one.receive()).data == bytes(2**20)
    assert (await one.receive()).type is WSMsgType.CLOSE
    assert one.close_code == 1000


async def test_what_was_held_back_is_read_after_the_connection_is_lost(pair, until):
    """The peer said it before it left."""
    one, raw = await pair.raw(deflate=DeflateSettings())
    raw.write(bombs(10, 2**20) + b"\x81\x01x\x81")
    await until(lambda: one._reading_paused)
    one.resume_reading()
    raw.abort()
    one.transport.abort()
    await until(lambda: one.transport is None)
    got = []
    while (message := await asyncio.wait_for(one.receive(), 5)).type is not CLOSED:
        got.append(len(message.data))
        assert one._queue.size < 3 * 2**20
    assert got == [2**20] * 10 + [1]
    assert (one.close_code, type(one.exception)) == (1006, ClientConnectionResetError)


async def test_rule_broken_in_what_was_held_back(pair, until):
    """Told when its turn has come."""
    one, raw = await pair.raw(deflate=DeflateSettings())
    raw.write(bombs(2, 2**20) + b"\x83\x00")
    await until(lambda: one._reading_paused)
    for _ in range(2):
        assert (await one.receive()).type is BINARY
    assert (await one.receive()).type is WSMsgType.ERROR
    assert one.close_code == 1002


async def test_close_gets_through_what_was_held_back(pair, until):
    """The peer's close is behind it."""
    one, raw = await pair.raw(deflate=DeflateSettings(), close_seconds=60)
    raw.write(bombs(20, 2**20) + CLOSE_1000)
    await until(lambda: one._reading_paused)
    assert await asyncio.wait_for(one.end(), 10) is True
    assert one.close_code == 1000


async def test_nothing_behind_a_close_frame_is_looked_at(pair, until):
    """Neither answered, nor queued, nor an error (RFC 6455 §5.5.1)."""
    one, raw = await pair.raw(autoclose=False)
    raw.write(CLOSE_1000 + b"\x89\x00" + CLOSE_1000 + b"\x83\x00")
    assert (await one.receive()).type is WSMsgType.CLOSE
    await asyncio.sleep(0.02)
    assert raw.received == b""
    assert len(one._queue) == 0
    assert one._queue.error is None


@pytest.mark.parametrize("read", [True, False])
async def test_peer_that_has_said_goodbye_is_not_asked_whether_it_lives(pair, read: bool):
    """It answers no PING any more; its close is what counts, read at once or later."""
    one, raw = await pair.raw(heartbeat=0.05, autoclose=False)
    raw.write(b"\x81\x01x" + CLOSE_1000)
    if read:
        assert (await one.receive()).data == "x"
        assert (await one.receive()).type is WSMsgType.CLOSE
    await asyncio.sleep(0.3)
    if not read:
        assert (await one.receive()).data == "x"
        assert (await one.receive()).type is WSMsgType.CLOSE
    assert raw.received == b""
    assert (one.closed, one.close_code) == (False, 1000)
    assert await one.end() is True
    assert (one.close_code, one.exception) == (1000, None)


@pytest.mark.parametrize("code", [0, 1005])
async def test_no_code_is_sent_where_none_is_given(pair, until, code: int):
    """What a close without a code is received as may be passed on."""
    one, raw = await pair.raw()
    closing = asyncio.ensure_future(one.end(code, b"lost"))
    await until(lambda: len(raw.received) == 6)
    assert raw.received[:2] == b"\x88\x80"
    raw.write(CLOSE_1000)
    await closing


async def test_mistakes_when_it_is_closed_already_are_none(pair):
    """As in aiohttp; before, the connection stays open."""
    one, raw = await pair.raw()
    with pytest.raises(TypeError, match="not NoneType"):
        await one.end(None)
    assert not one.closed
    raw.write(CLOSE_1000)
    await one.end()
    assert await one.end(None) is False
    assert await one.end(1006, bytes(200)) is False


async def test_many_pings_in_one_read_get_one_answer(pair, until):
    """That to the last; each was a system call of ours for two bytes of the peer's."""
    one, raw = await pair.raw()
    one.data_received(b"\x89\x00" * 30_000 + b"\x89\x01z")
    await until(lambda: raw.received)
    await asyncio.sleep(0.02)
    assert len(raw.received) == 7
    assert raw.received[:2] == b"\x8a\x81"
    assert raw.received[6] ^ raw.received[2] == ord("z")
    assert not one.closed


async def test_ping_that_comes_while_a_large_message_leaves_is_answered_behind_it(pair, until):
    """A server with a slow link took us for dead, since it never was."""
    one, raw = await pair.raw()
    raw.pause_reading()
    sending = asyncio.ensure_future(one.send(BINARY, bytes(5_000_000)))
    await until(lambda: one.writing_paused)
    raw.write(b"\x89\x01a\x89\x01b")
    await asyncio.sleep(0.05)
    raw.resume_reading()
    await sending
    await until(lambda: len(raw.received) >= 14 + 5_000_000 + 7)
    pong = raw.received[14 + 5_000_000 :]
    assert (len(pong), pong[:2], pong[6] ^ pong[2]) == (7, b"\x8a\x81", ord("b"))


@pytest.mark.parametrize("reads", [True, False])
async def test_peer_that_takes_a_large_message_slowly_is_there(pair, until, reads: bool):
    """Our PING waits behind the message; one that takes nothing is given up all the same."""
    one, raw = await pair.raw(heartbeat=0.6)
    raw.pause_reading()
    # More than the loop below can take in its time, at 256 KiB a read and fifty reads a second.
    sending = asyncio.ensure_future(one.send(BINARY, bytes(40_000_000)))
    loop = asyncio.get_running_loop()
    began = loop.time()
    while reads and loop.time() - began < 2.0:
        got = len(raw.received)
        raw.resume_reading()
        await until(lambda got=got: len(raw.received) > got or one.closed)
        raw.pause_reading()
        await asyncio.sleep(0.05)
    if reads:
        assert one.writing_paused
        assert not one.closed
        raw.resume_reading()
        await sending
    else:
        with pytest.raises(ClientConnectionResetError):
            await asyncio.wait_for(sending, 5)
        assert isinstance(one.exception, TimeoutError)
