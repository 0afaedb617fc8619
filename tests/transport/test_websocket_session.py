"""An open WebSocket, both sides of it: two sessions of ours that talk over a socket pair."""

from __future__ import annotations

import asyncio
import os

import pytest

from notebook_http.transport.exceptions import ClientConnectionResetError
from notebook_http.transport.websocket_session import WebSocketSession
from notebook_http.transport.websocket_settings import SessionSettings
from notebook_http.wire.websocket_deflate import DeflateSettings
from notebook_http.wire.websocket_message import WSMsgType

TEXT, BINARY, CLOSED = WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CLOSED


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 1_000_000])
@pytest.mark.parametrize(
    "deflate",
    [None, DeflateSettings(), DeflateSettings(9, 10, True, True), DeflateSettings(15, 8)],
)
async def test_messages_go_both_ways(pair, size: int, deflate: DeflateSettings | None):
    """Every form of length, with and without compression."""
    one, other = await pair.sessions({"deflate": deflate}, {"deflate": deflate})
    payload = os.urandom(size // 2) + bytes(size - size // 2)
    for sender, receiver in ((one, other), (other, one), (one, other)):
        sending = asyncio.ensure_future(sender.send(BINARY, payload))
        assert await receiver.receive() == (BINARY, payload, "")
        await sending
        await sender.send(TEXT, "é".encode())
        assert await receiver.receive() == (TEXT, "é", "")


async def test_close_is_answered_and_both_know_the_code(pair, until):
    """The one who closes waits for the other's word."""
    one, other = await pair.sessions()
    closing = asyncio.ensure_future(one.end(3001, b"why"))
    assert await other.receive() == (WSMsgType.CLOSE, 3001, "why")
    assert (other.closed, other.close_code) == (True, 3001)
    assert await closing is True
    assert (one.closed, one.close_code, one.exception) == (True, 1000, None)
    assert (await one.receive()).type is CLOSED
    assert await one.end() is False
    for session in (one, other):
        with pytest.raises(ClientConnectionResetError):
            await session.send(TEXT, b"x")
    await until(lambda: one.transport is None and other.transport is None)


async def test_both_may_close_at_once(pair):
    """The frames cross on the wire."""
    one, other = await pair.sessions()
    assert await asyncio.gather(one.end(3001), other.end(3002)) == [True, True]
    assert (one.close_code, other.close_code) == (3002, 3001)


async def test_messages_before_a_close_are_not_lost(pair):
    """Nor do those that come while we wait for an answer to ours get in the way."""
    one, other = await pair.sessions()
    for number in range(3):
        await other.send(TEXT, b"%d" % number)
    closing = asyncio.ensure_future(other.end())
    await asyncio.sleep(0.01)
    got = [(await one.receive()).data for _ in range(4)]
    assert got == ["0", "1", "2", 1000]
    assert await closing is True


async def test_autoclose_may_be_left_to_the_user(pair):
    """The next receive answers, as in aiohttp."""
    one, other = await pair.sessions({"autoclose": False})
    closing = asyncio.ensure_future(other.end())
    assert (await one.receive()).type is WSMsgType.CLOSE
    assert not one.closed
    assert (await one.receive()).type is CLOSED
    assert one.closed
    assert await closing is True


async def test_silent_peer_is_left_after_close_seconds(pair, until):
    """1006, and the time-out is the reason."""
    one, _ = await pair.raw(close_seconds=0.05)
    assert await one.end() is True
    assert one.close_code == 1006
    assert isinstance(one.exception, TimeoutError)
    await until(lambda: one.transport is None)


async def test_peer_that_reads_nothing_does_not_keep_the_socket(pair, until):
    """Our last words cannot leave: an answer to a close, behind much that was not read."""
    one, raw = await pair.raw(close_seconds=0.05)
    raw.pause_reading()
    sending = asyncio.ensure_future(one.send(BINARY, bytes(8_000_000)))
    await asyncio.sleep(0.02)
    await one.end()
    with pytest.raises(ClientConnectionResetError):
        await sending
    await until(lambda: one.transport is None)


async def test_cancelled_close_ends_at_once(pair, until):
    """Nobody waits any more, so nothing is left behind."""
    one, _ = await pair.raw(close_seconds=None)
    closing = asyncio.ensure_future(one.end())
    await asyncio.sleep(0.01)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert (one.closed, one.close_code) == (True, 1006)
    await until(lambda: one.transport is None)


async def test_cancelled_receive_loses_nothing(pair):
    """The next one gets the message; the connection counts as broken, as in aiohttp."""
    one, other = await pair.sessions()
    receiving = asyncio.ensure_future(one.receive())
    await asyncio.sleep(0.01)
    receiving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await receiving
    assert one.close_code == 1006
    await other.send(TEXT, b"still here")
    assert (await one.receive()).data == "still here"


async def test_receive_is_cancelled_in_the_moment_a_message_comes(pair):
    """The worst moment: the waiter is resolved, its task has not run yet."""
    one, raw = await pair.raw()
    receiving = asyncio.ensure_future(one.receive())
    await asyncio.sleep(0.01)
    one.data_received(b"\x81\x01x")
    receiving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await receiving
    assert (await one.receive()).data == "x"
    assert raw.is_connected


async def test_only_one_may_receive(pair):
    """Two would take each other's messages; closing wakes the one who waits."""
    one, _ = await pair.sessions()
    receiving = asyncio.ensure_future(one.receive())
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="Concurrent"):
        await one.receive()
    closing = asyncio.ensure_future(one.end())
    assert (await receiving).type is WSMsgType.CLOSING
    closing.cancel()


async def test_receive_times_out_and_control_frames_begin_the_time_anew(pair):
    """A peer that pings is not silent, as aiohttp has it."""
    one, raw = await pair.raw()
    with pytest.raises(TimeoutError):
        await one.receive(0.02)
    receiving = asyncio.ensure_future(one.receive(0.2))
    for _ in range(4):
        await asyncio.sleep(0.1)
        raw.write(b"\x89\x00")
    raw.write(b"\x81\x01x")
    assert (await receiving).data == "x"


async def test_ping_is_answered_though_nobody_receives(pair, until):
    """A long computation elsewhere must not cost the connection."""
    one, raw = await pair.raw()
    raw.write(b"\x89\x02hi")
    await until(lambda: len(raw.received) == 8)
    assert raw.received[:2] == b"\x8a\x82"
    assert not one.closed


async def test_pings_and_pongs_are_received_without_autoping(pair):
    """And nothing is sent by itself."""
    one, raw = await pair.raw(autoping=False)
    raw.write(b"\x89\x02hi\x8a\x01x")
    assert await one.receive() == (WSMsgType.PING, b"hi", "")
    assert await one.receive() == (WSMsgType.PONG, b"x", "")
    assert raw.received == b""


async def test_flood_of_pings_from_a_peer_that_does_not_read_is_bounded(pair):
    """Pongs are not piled up: one may answer several pings."""
    one, raw = await pair.raw()
    raw.pause_reading()
    for _ in range(300):
        raw.write((b"\x89\x7d" + bytes(125)) * 100)
        await asyncio.sleep(0)
    await asyncio.sleep(0.1)
    assert one.transport is not None
    assert one.transport.get_write_buffer_size() < 256 * 1024


async def test_fast_peer_waits_for_a_slow_reader(pair, until):
    """The queue is bounded, and goes on when it is read; empty messages count as well."""
    for payload in (bytes(1000), b""):
        one, other = await pair.sessions()

        async def flood(other: WebSocketSession = other, payload: bytes = payload) -> None:
            for _ in range(20_000):
                await other.send(BINARY, payload)

        flooding = asyncio.ensure_future(flood())
        await until(lambda one=one: one._reading_paused)
        assert one._queue.size < 4 * 2**20
        for _ in range(20_000):
            assert (await one.receive()).data == payload
        await flooding


async def test_slow_peer_makes_send_wait_and_a_cancel_is_harmless(pair):
    """What was handed over is still sent, whole."""
    one, other = await pair.sessions({}, {"max_msg_size": 0})
    other.pause_reading()
    sending = asyncio.ensure_future(one.send(BINARY, bytes(5_000_000)))
    await asyncio.sleep(0.02)
    assert not sending.done()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    other.resume_reading()
    assert len((await other.receive()).data) == 5_000_000
    await one.send(TEXT, b"next")
    assert (await other.receive()).data == "next"


async def test_compression_lets_others_run_and_may_be_cancelled(pair):
    """The window is as if the message had never been begun."""
    deflate = {"deflate": DeflateSettings(), "max_msg_size": 0}
    one, other = await pair.sessions(deflate, deflate)
    payload = os.urandom(50_000) * 40
    sending = asyncio.ensure_future(one.send(BINARY, payload))
    await asyncio.sleep(0)
    small = asyncio.ensure_future(one.send(TEXT, b"small"))
    await asyncio.sleep(0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await small
    assert (await other.receive()).data == "small"
    sending = asyncio.ensure_future(one.send(BINARY, payload))
    assert (await other.receive()).data == payload
    await sending


async def test_concurrent_compressed_messages_arrive_whole(pair):
    """They share one window, so their order counts."""
    deflate = {"deflate": DeflateSettings(), "max_msg_size": 0}
    one, other = await pair.sessions(deflate, deflate)
    messages = [os.urandom(1000) * 200, b"small", os.urandom(1000) * 100, b"s" * 100]
    sending = [asyncio.ensure_future(one.send(BINARY, message)) for message in messages]
    got = [(await other.receive()).data for _ in messages]
    await asyncio.gather(*sending)
    assert sorted(got) == sorted(messages)


async def test_broken_peer_gets_the_code_and_messages_before_it_are_read(pair, until):
    """ERROR comes last, and closes."""
    one, raw = await pair.raw()
    raw.write(b"\x81\x01x\x83\x00\x81\x01y")
    assert (await one.receive()).data == "x"
    message = await one.receive()
    assert message.type is WSMsgType.ERROR
    assert message.data.code == one.close_code == 1002
    assert one.closed
    await until(lambda: len(raw.received) == 8)
    assert raw.received[:2] == b"\x88\x82"


async def test_lost_connection_is_told_to_whoever_waits(pair):
    """CLOSED and 1006, messages before it first."""
    lost: list[BaseException | None] = []
    loop = pair.loop
    one, raw = await pair.connect(
        lambda: WebSocketSession(loop, SessionSettings(True), lost.append), pair.silent
    )
    assert isinstance(one, WebSocketSession)
    raw.write(b"\x81\x01x\x81")
    raw.close()
    assert (await one.receive()).data == "x"
    assert (await one.receive()).type is CLOSED
    assert (one.close_code, lost) == (1006, [None])
    assert isinstance(one.exception, ClientConnectionResetError)


async def test_heartbeat_gives_a_silent_peer_up(pair, until):
    """A ping after the silence, and half as long for anything to come."""
    one, raw = await pair.raw(heartbeat=0.1)
    message = await asyncio.wait_for(one.receive(), 2)
    assert message.type is WSMsgType.ERROR
    assert isinstance(message.data, TimeoutError)
    assert (one.closed, one.close_code, one.exception) == (True, 1006, message.data)
    assert raw.received[:2] == b"\x89\x80"
    await until(lambda: one.transport is None)


async def test_heartbeat_is_content_with_a_peer_that_answers(pair):
    """Also when nobody receives, and when our own reader is the slow one."""
    one, other = await pair.sessions({"heartbeat": 0.05})
    await asyncio.sleep(0.4)
    assert not one.closed
    sending = asyncio.ensure_future(other.send(BINARY, bytes(1_000_000)))
    await asyncio.sleep(0.3)
    sending.cancel()
    assert one._reading_paused
    assert not one.closed


@pytest.mark.parametrize("code", [-1, 1, 999, 1006, 1015, 2999, 5000])
async def test_code_that_no_frame_may_hold_is_not_sent(pair, code: int):
    """The caller's mistake; the session stays open."""
    one, raw = await pair.raw()
    with pytest.raises(ValueError, match="close code"):
        await one.end(code)
    with pytest.raises(ValueError, match="123"):
        await one.end(1000, bytes(124))
    with pytest.raises(ValueError, match="125"):
        await one.send(WSMsgType.PING, bytes(126))
    assert not one.closed
    assert raw.received == b""
