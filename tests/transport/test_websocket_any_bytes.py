"""Whatever a peer sends, in whatever pieces: the messages before the first fault, then the end."""

from __future__ import annotations

import asyncio
import socket
import zlib
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from notebook_http.transport.connection import Connection
from notebook_http.transport.timeouts import DeadlineTimer
from notebook_http.transport.websocket_session import WebSocketSession
from notebook_http.transport.websocket_settings import SessionSettings
from notebook_http.wire.websocket_deflate import DeflateSettings
from notebook_http.wire.websocket_message import WSMsgType

MOST = 5000
BUSY = [HealthCheck.too_slow]  # of a machine that has other things to do


class Part(NamedTuple):
    """Some frames, and what they are to the reader: (type, data), or the code of an error."""

    frames: bytes
    expected: tuple[int, object] | int


def frame(first: int, payload: bytes) -> bytes:
    """Return a frame, written down from RFC 6455 §5.2 once more."""
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65536:
        return bytes((first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


@st.composite
def message(draw: st.DrawFn) -> Part:
    """A message in fragments, packed or not; PINGs may come between."""
    text = draw(st.one_of(st.text(max_size=60), st.just("é" * 1000)))
    opcode = draw(st.sampled_from((1, 2)))
    payload, first = text.encode(), opcode
    if draw(st.booleans()):
        packer = zlib.compressobj(draw(st.integers(0, 9)), zlib.DEFLATED, -draw(st.integers(9, 15)))
        payload = packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH)
        payload = payload.removesuffix(b"\0\0\xff\xff")
        first |= 0x40
    places = draw(st.lists(st.integers(0, len(payload)), max_size=4))
    cuts = [0, *sorted(places), len(payload)]
    pieces = [payload[cuts[at] : cuts[at + 1]] for at in range(len(cuts) - 1)]
    frames = b""
    for at, piece in enumerate(pieces):
        fin = 0x80 if at == len(pieces) - 1 else 0
        frames += frame((0 if at else first) | fin, piece)
        if not fin and draw(st.booleans()):
            frames += frame(0x89, b"between")
    return Part(frames, (opcode, text if opcode == 1 else text.encode()))


PINGS = st.binary(max_size=125).map(lambda payload: Part(frame(0x89, payload), (9, payload)))
FAULTS = [
    (frame(0x83, b""), 1002),
    (frame(0xA1, b"x"), 1002),
    (frame(0x91, b"x"), 1002),
    (frame(0x09, b""), 1002),
    (frame(0xC9, b""), 1002),
    (frame(0x89, bytes(126)), 1002),
    (frame(0x80, b"x"), 1002),
    (frame(0x01, b"x") + frame(0x81, b"y"), 1002),
    (frame(0x41, b"x") + frame(0xC0, b"y"), 1002),
    (b"\x81\x81abcdx", 1002),
    (frame(0x88, b"\x03"), 1002),
    (frame(0x88, b"\x03\xed"), 1002),
    (frame(0x88, b"\x03\xe8\xff"), 1007),
    (frame(0x81, b"\xc3\x28"), 1007),
    (frame(0x01, b"\xe2\x82") + frame(0x80, b"x"), 1007),
    (frame(0xC2, b"\xff\xff"), 1002),
    (b"\x82\x7f" + (2**62).to_bytes(8, "big"), 1009),
    (b"\x82\x7f" + (2**63).to_bytes(8, "big"), 1002),
    (frame(0x82, bytes(MOST + 1)), 1009),
    (frame(0x02, bytes(MOST)) + frame(0x80, b"x"), 1009),
    (frame(0xC2, zlib.compress(bytes(100_000), 9, -15) + b"\0"), 1009),
    (frame(0xC2, b"\x03\x00" * 50), 1008),
    (frame(0x02, b"") + frame(0, b"") * 1024, 1008),
]
CLOSES = st.tuples(st.sampled_from([1000, 1001, 1011, 3000, 4999]), st.text(max_size=20)).map(
    lambda said: Part(frame(0x88, said[0].to_bytes(2, "big") + said[1].encode()), (8, said[0]))
)


class Peer(Connection):
    """Reads what we say, and lets it be."""

    def data_received(self, data: bytes) -> None:
        pass


async def hear(
    pieces: list[bytes], given: SessionSettings, ending: str
) -> tuple[list[tuple[int, object]], WebSocketSession]:
    """Return what is received of *pieces*, and the session, whose transport is gone."""
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    for sock in (ours, theirs):
        sock.setblocking(False)
    _, session = await loop.create_connection(lambda: WebSocketSession(loop, given), sock=ours)
    _, peer = await loop.create_connection(lambda: Peer(loop), sock=theirs)
    got: list[tuple[int, object]] = []

    async def receive() -> None:
        while not session.closed:
            message = await session.receive()
            got.append((int(message.type), message.data))

    receiving = asyncio.ensure_future(receive())
    for piece in pieces:
        if peer.is_connected:
            peer.write(piece)
            await asyncio.sleep(0)
    if ending == "lost":
        peer.close()
    async with asyncio.timeout(10):
        if ending == "silent" and not receiving.done():
            while not (session._queue.is_awaited or receiving.done()):
                await asyncio.sleep(0)
            for _ in range(3):
                await asyncio.sleep(0)
            session._break(None)  # as if the test's own patience was at its end
            session._queue.wake(None)
            receiving.cancel()
        await asyncio.wait([receiving])
        peer.abort()
        while session.transport is not None or peer.transport is not None:
            await asyncio.sleep(0)
    assert receiving.cancelled() or receiving.exception() is None
    assert len(DeadlineTimer.of(loop)) == 0
    return got, session


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Return *data* in pieces."""
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[ends[at] : ends[at + 1]] for at in range(len(ends) - 1)]


PLACES = st.lists(st.integers(0, 3000), max_size=6)
SETTINGS = SessionSettings(
    True, max_msg_size=MOST, deflate=DeflateSettings(15, 15, True, True), autoping=False
)


BEFORE = st.lists(st.one_of(message(), message(), PINGS), max_size=6)
BEHIND = st.lists(message(), max_size=2)


def check(
    before: list[Part], end: Part | None, behind: list[Part], places: list[int], autoping: bool
) -> None:
    """Send it all, and hear what comes before *end*, then that, then nothing."""
    data = b"".join(part.frames for part in [*before, *([end, *behind] if end else [])])
    given = SETTINGS._replace(autoping=autoping)
    got, session = asyncio.run(hear(cut(data, places), given, "lost"))
    expected = [part.expected for part in before]
    if autoping:
        expected = [message for message in expected if message[0] != WSMsgType.PING]
    else:
        got = [message for message in got if message[1] != b"between"]
    *got, last = got
    if end is None:
        assert last == (WSMsgType.CLOSED, None)
        assert session.close_code == 1006
    elif isinstance(end.expected, int):
        assert last[0] == WSMsgType.ERROR
        assert last[1].code == end.expected
    else:
        assert last == end.expected
    assert got == expected


@settings(max_examples=100, deadline=None, suppress_health_check=BUSY)
@given(BEFORE, st.one_of(st.none(), CLOSES), BEHIND, PLACES, st.booleans())
def test_messages_then_the_end(
    before: list[Part], end: Part | None, behind: list[Part], places: list[int], autoping: bool
) -> None:
    """What comes behind a close is not received."""
    check(before, end, behind, places, autoping)


@pytest.mark.parametrize(("frames", "code"), FAULTS)
@settings(max_examples=15, deadline=None, suppress_health_check=BUSY)
@given(BEFORE, BEHIND, PLACES, st.booleans())
def test_messages_then_the_first_fault(
    frames: bytes,
    code: int,
    before: list[Part],
    behind: list[Part],
    places: list[int],
    autoping: bool,
) -> None:
    """An error with its code; what comes behind it is not received."""
    check(before, Part(frames, code), behind, places, autoping)


@settings(max_examples=150, deadline=None, suppress_health_check=BUSY)
@given(st.binary(max_size=200), PLACES, st.sampled_from(["lost", "silent"]), st.booleans())
def test_noise_ends_in_nothing_else(
    noise: bytes, places: list[int], ending: str, autoclose: bool
) -> None:
    """Any bytes: messages, an error or a close; no other exception, and nothing is left."""
    given = SETTINGS._replace(autoclose=autoclose)
    for start in (b"", b"\x81\x02hi", b"\xc1", b"\x02\x03abc"):
        got, session = asyncio.run(hear(cut(start + noise, places), given, ending))
        assert session.closed
        assert {kind for kind, _ in got} <= {1, 2, 8, 9, 10, 0x101, 0x102}
