"""Messages from frames: fragments, text, close codes, limits."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from notebook_http.wire.websocket_assembly import MessageParser
from notebook_http.wire.websocket_deflate import MessageDeflater, MessageInflater
from notebook_http.wire.websocket_frame import serialise_frame
from notebook_http.wire.websocket_message import (
    WebSocketError,
    WSMessage,
    WSMessageTextBytes,
    WSMsgType,
)


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, compressed: bool = False):
    return serialise_frame(opcode, payload, key=None, fin=fin, compressed=compressed)


def parse(data: bytes, step: int = 0, *, most: int = 0, inflate: bool = False, **options):
    """Return the messages in *data*, fed whole or *step* bytes at a time."""
    messages: list[WSMessage | WSMessageTextBytes] = []
    inflater = MessageInflater(no_context_takeover=False) if inflate else None
    parser = MessageParser(
        lambda message, size: messages.append(message),
        masked=False,
        most=most,
        inflater=inflater,
        **options,
    )
    step = step or max(1, len(data))
    for start in range(0, len(data), step):
        parser.feed(data[start : start + step])
    return messages


def refused(data: bytes, **options) -> WebSocketError:
    """Return the error that *data* is refused with, the same for all ways to feed it."""
    codes = set()
    for step in (0, 1):
        with pytest.raises(WebSocketError) as caught:
            parse(data, step, **options)
        codes.add(caught.value.code)
    assert len(codes) == 1
    return caught.value


TEXT, BINARY, PING = WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.PING


@pytest.mark.parametrize("step", [0, 1])
def test_fragments_become_one_message_with_control_frames_between(step: int) -> None:
    """RFC 6455 §5.4; a character may be cut in two."""
    euro = "€".encode()
    data = (
        frame(1, euro[:1], fin=False)
        + frame(9, b"p")
        + frame(0, b"", fin=False)
        + frame(0, euro[1:])
        + frame(2, b"b")
    )
    assert parse(data, step) == [
        (PING, b"p", ""),
        (TEXT, "€", ""),
        (BINARY, b"b", ""),
    ]


@given(st.lists(st.tuples(st.text(max_size=40), st.integers(1, 9)), max_size=5), st.integers(1, 50))
def test_any_text_in_any_fragments(messages, step) -> None:
    """However it is cut, in frames and in reads."""
    data = b""
    for text, pieces in messages:
        raw = text.encode()
        cuts = [raw[at : at + pieces] for at in range(0, len(raw), pieces)] or [b""]
        for index, piece in enumerate(cuts):
            data += frame(0 if index else 1, piece, fin=index == len(cuts) - 1)
    assert [message.data for message in parse(data, step)] == [text for text, _ in messages]


@given(st.binary(max_size=400), st.integers(1, 30))
def test_noise_is_read_the_same_way_however_it_comes(data: bytes, step: int) -> None:
    """Messages or a `WebSocketError`, and no third thing."""
    outcomes = []
    for pieces in (0, step):
        try:
            outcomes.append(repr(parse(data, pieces, most=1000)))
        except WebSocketError as error:
            outcomes.append(str(error.code))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    "data",
    [
        frame(0, b"x"),
        frame(1, b"x", fin=False) + frame(1, b"y"),
        frame(1, b"x", fin=False) + frame(2, b"y", fin=False),
        frame(1, b"x") + frame(0, b"y"),
    ],
)
def test_rows_of_frames_that_make_no_message_are_refused(data: bytes) -> None:
    """A stray continuation, or a new message before the end of another."""
    assert refused(data).code == 1002


def test_bytes_that_are_no_text_are_refused() -> None:
    """1007, also for the reason of a close, and when fragments make it so."""
    assert refused(frame(1, b"\xff")).code == 1007
    assert refused(frame(1, b"\xed\xa0\x80")).code == 1007  # a surrogate
    assert refused(frame(1, b"\xe2", fin=False) + frame(0, b"x")).code == 1007
    assert refused(frame(8, b"\x03\xe8\xff")).code == 1007
    assert parse(frame(1, b"\xff"), decode_text=False) == [WSMessageTextBytes(TEXT, b"\xff", "")]


ALLOWED = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999]
ALLOWED += [4000, 4999]
FORBIDDEN = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]


@pytest.mark.parametrize("code", ALLOWED)
def test_close_codes_that_may_be_sent(code: int) -> None:
    """RFC 6455 §7.4 and its registry."""
    assert parse(frame(8, code.to_bytes(2, "big") + "ça".encode())) == [
        (WSMsgType.CLOSE, code, "ça")
    ]


@pytest.mark.parametrize("code", FORBIDDEN)
def test_close_codes_that_may_not_be_sent(code: int) -> None:
    """Those that only exist inside a program, and those that nobody has given a meaning."""
    assert refused(frame(8, code.to_bytes(2, "big"))).code == 1002


def test_close_without_a_code_or_with_half_of_one() -> None:
    """No code is allowed, and 0 to the reader as in aiohttp; one byte is not."""
    assert parse(frame(8)) == [(WSMsgType.CLOSE, 0, "")]
    assert refused(frame(8, b"\x03")).code == 1002


def test_limit_holds_for_frames_for_fragments_and_for_what_is_inflated() -> None:
    """1009, judged as early as it can be known."""
    assert parse(frame(2, b"x" * 10), most=10)[0].data == b"x" * 10
    assert refused(frame(2, b"x" * 11), most=10).code == 1009
    assert refused(b"\x82\x7f" + (2**40).to_bytes(8, "big"), most=10).code == 1009
    two = frame(2, b"x" * 6, fin=False) + frame(0, b"x" * 5)[:2]
    assert refused(two, most=10).code == 1009
    deflater = MessageDeflater(15, no_context_takeover=True)
    for size, code in ((1000, None), (1001, 1009), (10_000_000, 1009)):
        small = frame(2, deflater.deflate(bytes(size)), compressed=True)
        if code is None:
            assert parse(small, most=1000, inflate=True)[0].data == bytes(size)
        elif len(small) < 900:
            assert refused(small, most=1000, inflate=True).code == code
    assert parse(frame(2, b"x" * 100_000), most=0)[0].data == b"x" * 100_000


def test_message_that_grows_when_it_is_compressed_is_taken_up_to_the_limit() -> None:
    """Its frame is longer than the message then."""
    import random

    noise = random.Random(1).randbytes(1000)
    data = frame(2, MessageDeflater(15, no_context_takeover=True).deflate(noise), compressed=True)
    assert len(data) > 1000
    assert parse(data, most=1000, inflate=True)[0].data == noise


def test_continuation_is_not_marked_as_compressed() -> None:
    """RFC 7692 §6: only the first frame of a message is."""
    data = frame(1, b"x", fin=False) + frame(0, b"y", compressed=True)
    assert refused(data, inflate=True).code == 1002


def test_message_parses_its_json() -> None:
    """As aiohttp's does."""
    assert WSMessage(TEXT, '{"a": [1]}', "").json() == {"a": [1]}
    assert WSMessageTextBytes(TEXT, b"[1]", "").json() == [1]
    assert WSMessage(TEXT, "x", "").json(loads=str.upper) == "X"


def test_fragments_may_be_as_small_as_a_peer_likes() -> None:
    """64 bytes in each frame, or one: as many of them as the message has bytes."""
    for piece, most in ((bytes(64), 4 * 2**20), (b"x", 50_000)):
        count = most // len(piece) - 1
        data = frame(2, piece, fin=False) + frame(0, piece, fin=False) * count + frame(0)
        (message,) = parse(data, most=most)
        assert message.data == piece * (count + 1)


@pytest.mark.parametrize("most", [0, 1000])
def test_empty_fragments_are_counted(most: int) -> None:
    """No limit of bytes ends them; each message has its own count."""
    allowed = frame(2, fin=False) + frame(0, fin=False) * 1023 + frame(0, b"x")
    assert len(parse(allowed * 3, most=most)) == 3
    assert refused(frame(2, fin=False) + frame(0, fin=False) * 1024, most=most).code == 1008


def test_memory_of_tiny_fragments_is_that_of_their_bytes() -> None:
    """A list of them took fifty times as much."""
    import tracemalloc

    parser = MessageParser(lambda message, size: None, masked=False, most=2**20)
    parser.feed(frame(2, b"ab", fin=False))
    data = frame(0, b"ab", fin=False) * 1000
    tracemalloc.start()
    for _ in range(400):
        parser.feed(data)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 2 * 2**20


def test_memory_of_tiny_reads_is_that_of_their_bytes() -> None:
    """A payload that comes by two bytes took twenty times as much."""
    import tracemalloc

    got: list[object] = []
    parser = MessageParser(lambda message, size: got.append(message.data), masked=False, most=0)
    payload = bytes(range(250)) * 800
    data = frame(2, payload)
    tracemalloc.start()
    for start in range(0, len(data), 2):
        parser.feed(data[start : start + 2])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert got == [payload]
    assert peak < 2**20


def test_held_parser_keeps_what_it_gets_and_goes_on_where_it_was() -> None:
    """Held by whoever gets a message, in the middle of a read."""
    got: list[object] = []

    def deliver(message: WSMessage | WSMessageTextBytes, size: int) -> None:
        got.append(message.data)
        parser.hold()

    parser = MessageParser(deliver, masked=False, most=0)
    data = b"".join(frame(2, b"%d" % number) for number in range(5))
    parser.feed(data[:7])
    parser.feed(data[7:])
    for number in range(5):
        assert got == [b"%d" % before for before in range(number + 1)]
        assert parser.is_held
        parser.release()
        parser.feed(b"")
    assert not parser.is_held
