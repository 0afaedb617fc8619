"""Frames of RFC 6455, both ways: what is allowed, what is refused, cut at every byte."""

from __future__ import annotations

import os
import struct

import pytest
from hypothesis import given, strategies as st

from notebook_http.wire.websocket_frame import FrameParser, serialise_frame
from notebook_http.wire.websocket_mask import MaskingKeys, apply_mask, apply_mask_in_python
from notebook_http.wire.websocket_message import WebSocketError

KEY = bytes.fromhex("37fa213d")


class Frames:
    """Keeps what a parser reports."""

    def __init__(self) -> None:
        self.begun: list[tuple[bool, bool, int, int]] = []
        self.received: list[tuple[bool, bool, int, bytes]] = []

    def frame_begins(self, fin: bool, compressed: bool, opcode: int, size: int) -> None:
        self.begun.append((fin, compressed, opcode, size))

    def message_received(self, opcode: int, payload: bytes) -> None:
        self.frame_begins(True, False, opcode, len(payload))
        self.frame_received(True, False, opcode, payload)

    def frame_received(self, fin: bool, compressed: bool, opcode: int, payload: bytes) -> None:
        self.received.append((fin, compressed, opcode, payload))


def feed(parser: FrameParser, data: bytes, step: int) -> None:
    """Feed *data*, *step* bytes at a time; 0 for all of them."""
    step = step or max(1, len(data))
    for start in range(0, len(data), step):
        parser.feed(data[start : start + step])


def parse(data: bytes, step: int = 0, *, masked: bool = False, may_compress: bool = False):
    """Feed *data* whole, or *step* bytes at a time; return what was reported."""
    frames = Frames()
    parser = FrameParser(frames, masked=masked, may_compress=may_compress)
    feed(parser, data, step)
    return frames.received


# RFC 6455 §5.7, word for word
EXAMPLES = [
    ("810548656c6c6f", False, [(True, False, 1, b"Hello")]),
    ("818537fa213d7f9f4d5158", True, [(True, False, 1, b"Hello")]),
    ("010348656c80026c6f", False, [(False, False, 1, b"Hel"), (True, False, 0, b"lo")]),
    ("890548656c6c6f", False, [(True, False, 9, b"Hello")]),
    ("8a8537fa213d7f9f4d5158", True, [(True, False, 10, b"Hello")]),
    ("827e0100" + "ab" * 256, False, [(True, False, 2, b"\xab" * 256)]),
    ("827f0000000000010000" + "cd" * 65536, False, [(True, False, 2, b"\xcd" * 65536)]),
]


@pytest.mark.parametrize(("hexadecimal", "masked", "expected"), EXAMPLES)
@pytest.mark.parametrize("step", [0, 1, 7, 4096])
def test_examples_of_the_rfc(hexadecimal, masked, expected, step) -> None:
    """Read whole, byte by byte and in between."""
    assert parse(bytes.fromhex(hexadecimal), step, masked=masked) == expected


def test_examples_are_written_too() -> None:
    """The same bytes the other way round."""
    assert serialise_frame(1, b"Hello", key=None).hex() == "810548656c6c6f"
    assert serialise_frame(1, b"Hello", key=KEY).hex() == "818537fa213d7f9f4d5158"
    assert serialise_frame(1, b"Hel", key=None, fin=False).hex() == "010348656c"
    assert serialise_frame(2, bytes(256), key=None)[:4].hex() == "827e0100"
    assert serialise_frame(2, bytes(65536), key=None)[:10].hex() == "827f0000000000010000"
    assert serialise_frame(1, bytearray(b"x"), key=None, compressed=True)[0] == 0xC1


# Around the size where the length takes 64 bits. Drawing each byte would take a second.
LARGE = st.integers(65530, 65540).map(lambda size: (bytes(range(256)) * 257)[:size])


@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.sampled_from([0, 1, 2]),
            st.one_of(st.binary(max_size=200), LARGE),
        ),
        max_size=4,
    ),
    st.booleans(),
    st.integers(1, 70000),
)
def test_what_is_written_is_read_again(frames, masked, step) -> None:
    """Any frames, cut anywhere."""
    key = KEY if masked else None
    data = b"".join(
        serialise_frame(opcode, payload, key=key, fin=fin) for fin, opcode, payload in frames
    )
    expected = [(fin, False, opcode, payload) for fin, opcode, payload in frames]
    assert parse(data, step, masked=masked) == expected


@given(st.binary(max_size=3000), st.binary(min_size=4, max_size=4))
def test_both_ways_of_masking_agree(payload: bytes, key: bytes) -> None:
    """And are what RFC 6455 §5.3 says, byte for byte."""
    expected = bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))
    assert apply_mask(key, payload) == expected
    assert apply_mask_in_python(key, payload) == expected


def test_keys_are_never_the_same_for_long() -> None:
    """One key for all frames would be no mask at all."""
    keys = MaskingKeys()
    drawn = [keys.next() for _ in range(600)]
    assert {len(key) for key in drawn} == {4}
    assert len(set(drawn)) > 590


REFUSED = [
    ("reserved bit 2", b"\xa1\x00", "reserved bits"),
    ("reserved bit 3", b"\x91\x00", "reserved bits"),
    ("reserved bit 1, not agreed upon", b"\xc1\x00", "reserved bits"),
    *[(f"opcode {code}", bytes((0x80 | code, 0)), "opcode") for code in (3, 4, 5, 6, 7)],
    *[(f"opcode {code}", bytes((0x80 | code, 0)), "opcode") for code in (11, 12, 13, 14, 15)],
    ("fragmented ping", b"\x09\x00", "fragmented control"),
    ("fragmented close", b"\x08\x00", "fragmented control"),
    ("long ping", b"\x89\x7e", "125"),
    ("masked by a server", b"\x81\x80", "masked"),
    ("length over 63 bits", b"\x82\x7f\x80" + bytes(7), "highest bit"),
]


@pytest.mark.parametrize(("what", "head", "match"), REFUSED, ids=[row[0] for row in REFUSED])
@pytest.mark.parametrize("step", [0, 1])
def test_broken_frames_are_refused_at_their_head(what, head, match, step) -> None:
    """1002, before any payload is there; frames before it stand."""
    frames = Frames()
    parser = FrameParser(frames, masked=False, may_compress=False)
    parser.feed(b"\x81\x01x")
    with pytest.raises(WebSocketError, match=match) as caught:
        feed(parser, head, step)
    assert caught.value.code == 1002
    assert frames.received == [(True, False, 1, b"x")]


def test_server_refuses_an_unmasked_frame() -> None:
    """RFC 6455 §5.1: a server must close then."""
    with pytest.raises(WebSocketError, match="unmasked") as caught:
        parse(b"\x81\x01x", masked=True)
    assert caught.value.code == 1002


def test_compressed_control_frame_is_refused_though_compression_was_agreed_upon() -> None:
    """RFC 7692 §6.1."""
    assert parse(b"\xc1\x01x", may_compress=True) == [(True, True, 1, b"x")]
    with pytest.raises(WebSocketError, match="control"):
        parse(b"\xc9\x01x", may_compress=True)


def test_length_may_take_more_bytes_than_it_needs() -> None:
    """RFC 6455 §5.2 forbids it to senders; aiohttp reads it, and nothing depends on it."""
    assert parse(b"\x82\x7e\x00\x01x") == [(True, False, 2, b"x")]
    assert parse(b"\x82\x7f" + struct.pack("!Q", 1) + b"x") == [(True, False, 2, b"x")]


def test_sink_judges_before_the_payload_comes() -> None:
    """An announced length is known at the head."""
    frames = Frames()
    parser = FrameParser(frames, masked=False, may_compress=False)
    parser.feed(b"\x82\x7f" + struct.pack("!Q", 2**40) + os.urandom(10))
    assert frames.begun == [(True, False, 2, 2**40)]
    assert frames.received == []
