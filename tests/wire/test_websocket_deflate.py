"""permessage-deflate: what is offered and answered, and the examples of RFC 7692."""

from __future__ import annotations

import tracemalloc
import zlib

import pytest
from hypothesis import given, strategies as st

from notebook_http.wire.websocket_deflate import (
    DeflateSettings,
    MessageDeflater,
    MessageInflater,
    accept_deflate_offer,
    deflate_offer,
    read_deflate_answer,
)
from notebook_http.wire.websocket_handshake import (
    HandshakeError,
    format_extension,
    parse_extensions,
)
from notebook_http.wire.websocket_message import WebSocketError

PMD = "permessage-deflate"


def test_examples_of_the_rfc_are_inflated() -> None:
    """RFC 7692 §7.2.3: one block, a shared window, no compression, a final block, two blocks."""
    inflater = MessageInflater(no_context_takeover=False)
    assert inflater.inflate(bytes.fromhex("f248cdc9c90700"), 0) == b"Hello"
    assert inflater.inflate(bytes.fromhex("f200110000"), 0) == b"Hello"
    for message in ("000500faff48656c6c6f00", "f348cdc9c9070000", "f24805000000ffffcac9c90700"):
        fresh = MessageInflater(no_context_takeover=True)
        assert fresh.inflate(bytes.fromhex(message), 0) == b"Hello"
        assert fresh.inflate(bytes.fromhex(message), 5) == b"Hello"


@given(st.lists(st.binary(max_size=500)), st.booleans(), st.integers(9, 15))
def test_messages_survive(messages: list[bytes], fresh: bool, bits: int) -> None:
    """Empty ones, too, with and without a window that is taken over."""
    deflater = MessageDeflater(bits, no_context_takeover=fresh)
    inflater = MessageInflater(no_context_takeover=fresh)
    for message in messages:
        assert inflater.inflate(deflater.deflate(message), len(message)) == message


def test_window_is_taken_over_or_not() -> None:
    """The second time, a known message is only a reference; fresh, it is as long as the first."""
    text = bytes(range(200))
    shared = MessageDeflater(15, no_context_takeover=False)
    assert len(shared.deflate(text)) > 5 * len(shared.deflate(text))
    fresh = MessageDeflater(15, no_context_takeover=True)
    assert fresh.deflate(text) == fresh.deflate(text)


def test_message_that_was_given_up_is_not_in_the_window() -> None:
    """The peer never saw it, so nothing may refer to it."""
    deflater = MessageDeflater(15, no_context_takeover=False)
    inflater = MessageInflater(no_context_takeover=False)
    assert inflater.inflate(deflater.deflate(b"first" * 9), 0) == b"first" * 9
    deflater.begin().compress(b"given up" * 9)
    assert inflater.inflate(deflater.deflate(b"given up" * 9), 0) == b"given up" * 9


def test_bomb_is_unpacked_to_the_limit_only() -> None:
    """512 MiB in half a megabyte: one byte more than allowed is unpacked, then it is over."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(512))
    bomb += packer.flush(zlib.Z_SYNC_FLUSH)
    tracemalloc.start()
    with pytest.raises(WebSocketError, match="exceeds size limit") as caught:
        MessageInflater(no_context_takeover=False).inflate(bomb[:-4], 2**20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.code == 1009
    assert peak < 8 * 2**20


def test_broken_data_is_an_error_of_the_peer() -> None:
    """1002, and no zlib.error for the user."""
    with pytest.raises(WebSocketError, match="deflate") as caught:
        MessageInflater(no_context_takeover=False).inflate(b"\xff\xff\xff", 0)
    assert caught.value.code == 1002


def test_window_of_256_bytes_cannot_be_written() -> None:
    """Zlib has none: messages are sent uncompressed then."""
    assert not MessageDeflater(8, no_context_takeover=False).can_compress
    assert MessageDeflater(9, no_context_takeover=False).can_compress


# Negotiation


def test_offers() -> None:
    """As aiohttp's."""
    assert format_extension(deflate_offer(15)) == f"{PMD}; client_max_window_bits"
    expected = f"{PMD}; server_max_window_bits=10; client_max_window_bits"
    assert format_extension(deflate_offer(10)) == expected
    for bits in (-1, 1, 8, 16):
        with pytest.raises(ValueError, match="9 to 15"):
            deflate_offer(bits)


ANSWERS = [
    ("", None),
    (PMD, DeflateSettings()),
    (f"{PMD}; server_no_context_takeover", DeflateSettings(server_no_context_takeover=True)),
    (
        f'{PMD};client_no_context_takeover ; client_max_window_bits="9"',
        DeflateSettings(client_bits=9, client_no_context_takeover=True),
    ),
    (f"{PMD}; server_max_window_bits=8", DeflateSettings(server_bits=8)),
    (f"{PMD}; client_max_window_bits", DeflateSettings()),
]


@pytest.mark.parametrize(("answer", "expected"), ANSWERS)
def test_answers_that_are_fine(answer: str, expected: DeflateSettings | None) -> None:
    """Quoted values are tokens, too."""
    assert read_deflate_answer(parse_extensions(answer), offered=True) == expected


BAD_ANSWERS = [
    "foo",
    f"{PMD}, {PMD}",
    f"{PMD}; foo=1",
    f"{PMD}; server_max_window_bits",
    f"{PMD}; server_max_window_bits=16",
    f"{PMD}; server_max_window_bits=7",
    f"{PMD}; client_max_window_bits=08",
    f"{PMD}; client_no_context_takeover=1",
    f"{PMD}; client_no_context_takeover; client_no_context_takeover",
    f"{PMD}; ; x",
    f"{PMD}=3",
]


@pytest.mark.parametrize("answer", BAD_ANSWERS)
def test_answers_that_are_refused(answer: str) -> None:
    """RFC 7692 §7.1: the client must fail the connection."""
    with pytest.raises(HandshakeError):
        read_deflate_answer(parse_extensions(answer), offered=True)


def test_answer_to_nothing_is_refused() -> None:
    """RFC 6455 §4.1, no. 5."""
    with pytest.raises(HandshakeError, match="not offered"):
        read_deflate_answer(parse_extensions(PMD), offered=False)


def test_server_takes_the_first_offer_that_it_can_meet() -> None:
    """Malformed and unknown ones are passed over."""
    offers = parse_extensions(
        f"x-other, {PMD}; foo, {PMD}; server_max_window_bits=8, "
        f"{PMD}; server_max_window_bits=10; client_max_window_bits; server_no_context_takeover"
    )
    accepted = accept_deflate_offer(offers)
    assert accepted is not None
    settings, answer = accepted
    assert settings == DeflateSettings(10, 15, True, False)
    expected = f"{PMD}; server_max_window_bits=10; server_no_context_takeover"
    assert format_extension(answer) == expected
    assert read_deflate_answer([answer], offered=True) == settings
    assert accept_deflate_offer(parse_extensions("x-other")) is None


def test_final_blocks_without_end_are_refused() -> None:
    """Each made zlib copy everything behind it: 4 MiB of them took minutes."""
    inflater = MessageInflater(no_context_takeover=False)
    with pytest.raises(WebSocketError, match="final blocks") as caught:
        inflater.inflate(b"\x03\x00" * 200_000, 4 * 2**20)
    assert caught.value.code == 1008
    finished = zlib.compressobj(wbits=-15)
    one = finished.compress(b"hello") + finished.flush(zlib.Z_FINISH)
    inflater = MessageInflater(no_context_takeover=False)
    assert inflater.inflate(one * 16 + b"\x00", 100) == b"hello" * 16
    assert inflater.inflate(one + b"\x00", 100) == b"hello"
