"""Content codings: round trips, hostile bodies, and bounded work."""

from __future__ import annotations

import gzip
import os
import resource
import sys
import types
import zlib
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from notebook_http.wire import content_coding
from notebook_http.wire.content_coding import (
    ACCEPT_ENCODING,
    MAX_CODINGS,
    ContentDecoder,
    accept_encoding,
    decoder_for,
    encoder_for,
)
from notebook_http.wire.errors import ContentEncodingError

CODINGS = ["gzip", "deflate", "br", "zstd"]
CHAINS = [*CODINGS, "gzip, br", "zstd, gzip", "br, zstd, gzip, deflate, gzip"]
MIB = 1024 * 1024


def encode(content_encoding: str, data: bytes) -> bytes:
    for coding in content_encoding.split(", "):
        encoder = encoder_for(coding)
        assert encoder is not None
        half = len(data) // 2
        data = (
            encoder.encode(data[:half])
            + encoder.flush()
            + encoder.encode(data[half:])
            + encoder.finish()
        )
    return data


def drain(decoder: ContentDecoder, data: bytes, max_output: int = 65536) -> bytes:
    pieces = [decoder.decode(data, max_output)]
    while not decoder.needs_input:
        piece = decoder.decode(b"", max_output)
        assert piece or decoder.needs_input, "a step without progress"
        assert len(piece) <= max_output
        pieces.append(piece)
    return b"".join(pieces)


def decode(
    content_encoding: str, data: bytes, *, cut: int | None = None, step: int = 65536
) -> bytes:
    decoder = decoder_for(content_encoding)
    assert decoder is not None
    cut = cut or max(len(data), 1)
    pieces = [drain(decoder, data[at : at + cut], step) for at in range(0, len(data), cut)]
    decoder.finish()
    return b"".join(pieces)


@pytest.mark.parametrize("chain", CHAINS)
@given(data=st.binary(max_size=5000), cut=st.integers(1, 400), step=st.integers(1, 3000))
@settings(max_examples=20, deadline=None)
def test_what_was_encoded_comes_back(chain: str, data: bytes, cut: int, step: int) -> None:
    """However the network cuts the bytes and however little the reader takes at a time."""
    encoded = encode(chain, data)
    assert decode(chain, encoded) == data
    assert decode(chain, encoded, cut=cut, step=step) == data
    assert decode(chain, encoded, cut=1) == data


@pytest.mark.parametrize("coding", CODINGS)
@given(noise=st.binary(min_size=1, max_size=2000))
@settings(max_examples=50, deadline=None)
def test_noise_is_an_error_of_one_kind(coding: str, noise: bytes) -> None:
    """A peer's rubbish never shows as a zlib, brotli or zstd exception."""
    try:
        decode(coding, noise)
    except ContentEncodingError:
        pass


@pytest.mark.parametrize("coding", CODINGS)
@given(data=st.binary(min_size=1, max_size=300), flips=st.data())
@settings(max_examples=40, deadline=None)
def test_a_damaged_body_ends(coding: str, data: bytes, flips: st.DataObject) -> None:
    """A flipped byte gives an error or other bytes, but never a loop or a foreign exception."""
    encoded = bytearray(encode(coding, data))
    at = flips.draw(st.integers(0, len(encoded) - 1))
    encoded[at] ^= flips.draw(st.integers(1, 255))
    try:
        decode(coding, bytes(encoded), cut=flips.draw(st.integers(1, 50)))
    except ContentEncodingError:
        pass


@pytest.mark.parametrize("chain", CHAINS)
def test_a_body_cut_short_is_an_error(chain: str) -> None:
    """Half a document must not look like a whole one."""
    encoded = encode(chain, os.urandom(5000))
    for end in (1, 2, len(encoded) // 2, len(encoded) - 1):
        with pytest.raises(ContentEncodingError):
            decode(chain, encoded[:end])


@pytest.mark.parametrize("chain", CHAINS)
def test_an_empty_body_is_fine_in_any_coding(chain: str) -> None:
    """Servers answer HEAD and 304 with a Content-Encoding and no body."""
    decoder = decoder_for(chain)
    assert decoder is not None
    assert decoder.decode(b"", 10) == b""
    assert decoder.needs_input
    decoder.finish()


@pytest.mark.parametrize("value", [None, "", "identity", " Identity ", ", ,", "identity, identity"])
def test_nothing_to_decode_needs_no_decoder(value: str | None) -> None:
    """Identity is the absence of a coding (RFC 9110 §8.4.1)."""
    assert decoder_for(value) is None
    if value is None or "," not in value:
        assert encoder_for(value) is None


def test_names_are_read_without_case_and_with_their_old_aliases() -> None:
    """RFC 9110 §8.4.1.3: x-gzip is gzip."""
    encoded = gzip.compress(b"text")
    assert decode("X-GZip", encoded) == b"text"
    assert decode(" GZIP ,identity", encoded) == b"text"


@pytest.mark.parametrize("name", ["compress", "aws-chunked", "gzip;q=1", "ﬁ", "g\x00zip"])
def test_an_unknown_coding_is_named(name: str) -> None:
    """The reader learns which coding it was and what is known instead."""
    with pytest.raises(ContentEncodingError, match=r"unknown; known are gzip.*needs"):
        decoder_for(name)
    with pytest.raises(ContentEncodingError, match="unknown"):
        encoder_for(name)


def test_more_than_five_codings_are_refused() -> None:
    """Each further one multiplies what a few bytes can cause (CVE-2025-66418)."""
    assert decoder_for(", ".join(["gzip"] * MAX_CODINGS)) is not None
    for count in (MAX_CODINGS + 1, 100_000):
        with pytest.raises(ContentEncodingError):
            decoder_for(", ".join(["gzip"] * count))


def test_deflate_is_read_in_both_formats() -> None:
    """The RFC means zlib's format; many servers send the raw one."""
    data = b"deflate " * 100
    raw = zlib.compressobj(wbits=-15)
    wrapped = zlib.compress(data)
    for encoded in (wrapped, raw.compress(data) + raw.flush()):
        assert decode("deflate", encoded) == data
        assert decode("deflate", encoded, cut=1) == data


def test_gzip_members_are_joined() -> None:
    """RFC 1952 §2.2: a gzip file is a series of members."""
    encoded = gzip.compress(b"one ") + gzip.compress(b"two ") + gzip.compress(b"three")
    assert decode("gzip", encoded) == b"one two three"
    assert decode("gzip", encoded, cut=1, step=1) == b"one two three"


def test_zstd_frames_are_joined() -> None:
    """RFC 8878 §3: frames may follow each other."""
    encoded = encode("zstd", b"one ") + encode("zstd", b"two")
    assert decode("zstd", encoded) == b"one two"
    assert decode("zstd", encoded, cut=1) == b"one two"


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_bytes_may_come_while_output_still_waits(coding: str) -> None:
    """A reader that takes little does not stop the network from bringing more."""
    first, second, third = (encode(coding, bytes([letter]) * 9000) for letter in b"abc")
    start, rest = first + second[:20], second[20:] + third
    decoder = decoder_for(coding)
    assert decoder is not None
    out = [decoder.decode(start, 5)]
    out.extend(decoder.decode(rest[at : at + 7], 5) for at in range(0, len(rest), 7))
    while not decoder.needs_input:
        out.append(decoder.decode(b"", 50))
    decoder.finish()
    assert b"".join(out) == b"a" * 9000 + b"b" * 9000 + b"c" * 9000


@pytest.mark.parametrize("tail", [b"\0" * 512, b"rubbish", b"\r\n"])
def test_what_follows_a_gzip_member_and_is_none_is_ignored(tail: bytes) -> None:
    """Some servers pad; the member's checksum has already vouched for the body."""
    for cut in (None, 1):
        assert decode("gzip", gzip.compress(b"whole") + tail, cut=cut) == b"whole"


@pytest.mark.parametrize("coding", ["deflate", "br", "zstd"])
def test_bytes_behind_other_codings_are_an_error(coding: str) -> None:
    """They have no padding: what follows belongs to nobody."""
    for cut in (None, 1):
        with pytest.raises(ContentEncodingError):
            decode(coding, encode(coding, b"whole") + b"rubbish", cut=cut)


def test_many_members_of_real_size_are_read() -> None:
    """Genome files (bgzip) are thousands of members of 64 KiB."""
    member = gzip.compress(bytes(65280), 1)
    assert len(decode("gzip", member * 2000)) == 65280 * 2000


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_thousands_of_empty_members_are_refused(coding: str, most_cpu: Any) -> None:
    """Twenty bytes that cost a new decompressor each are an attack (aiohttp #13362)."""
    with most_cpu(2), pytest.raises(ContentEncodingError, match="too many"):
        decode(coding, encode(coding, b"") * 50_000)


@pytest.mark.parametrize("outer", ["gzip", "gzip, gzip", "br"])
def test_empty_blocks_packed_by_an_outer_coding_are_refused(outer: str, most_cpu: Any) -> None:
    """A gigabyte of empty blocks yields nothing, so no limit on the output would ever bite."""
    inner = zlib.compressobj(wbits=-15)
    body = (
        inner.compress(b"x") + inner.flush(zlib.Z_FULL_FLUSH) + b"\x00\x00\x00\xff\xff" * 4_000_000
    )
    with most_cpu(3), pytest.raises(ContentEncodingError, match="next to nothing"):
        decode(f"deflate, {outer}", encode(outer, body))


def test_padding_packed_by_an_outer_coding_is_refused() -> None:
    """What is ignored behind a gzip member is bounded, too."""
    body = gzip.compress(b"x") + bytes(20 * MIB)
    with pytest.raises(ContentEncodingError, match="too many bytes"):
        decode("gzip, gzip", encode("gzip", body))


@pytest.mark.parametrize("chain", ["gzip", "br", "zstd", "zstd, gzip, br"])
def test_a_bomb_is_unpacked_in_bounded_memory(chain: str, most_cpu: Any) -> None:
    """1 GiB of zeros in at most 1 MiB: the reader decides after each step whether to go on."""
    encoders = [encoder_for(coding) for coding in chain.split(", ")]
    bomb = bytearray()
    block = bytes(MIB)
    for turn in range(1025):
        last = turn == 1024
        data = b"" if last else block
        for encoder in encoders:
            assert encoder is not None
            data = encoder.encode(data) + (encoder.finish() if last else b"")
        bomb += data
    assert len(bomb) < 1.1 * MIB
    decoder = decoder_for(chain)
    assert decoder is not None
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with most_cpu(20):
        total = len(decoder.decode(bytes(bomb), 65536))
        while not decoder.needs_input:
            piece = decoder.decode(b"", 65536)
            assert len(piece) <= 65536
            total += len(piece)
        decoder.finish()
        assert total == 1024 * MIB
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # KiB
        # 2.3 s where this was written, nearly all of it in zlib and brotli.


@pytest.mark.parametrize("coding", CODINGS)
def test_an_unread_bomb_costs_one_step(coding: str) -> None:
    """What nobody asks for is not decoded (CVE-2026-54278)."""
    bomb = encode(coding, bytes(64 * MIB))
    decoder = decoder_for(coding)
    assert decoder is not None
    assert len(decoder.decode(bomb, 1024)) == 1024
    assert not decoder.needs_input
    with pytest.raises(RuntimeError, match="pending"):
        decoder.finish()


def test_small_steps_over_a_large_input_stay_linear(most_cpu: Any) -> None:
    """Libraries copy what they do not consume; pieces keep that copy small."""
    data = os.urandom(4 * MIB)
    encoded = gzip.compress(data, 1)
    with most_cpu(4):
        assert decode("gzip", encoded, step=1024) == data


@pytest.mark.parametrize("chain", ["gzip", "gzip, br"])
def test_a_step_of_no_bytes_is_refused(chain: str) -> None:
    """Zero means "no limit" to zlib, so it must not get there."""
    decoder = decoder_for(chain)
    assert decoder is not None
    with pytest.raises(ValueError, match="max_output"):
        decoder.decode(b"", 0)


@pytest.mark.parametrize("coding", CODINGS)
def test_flushed_bytes_can_be_decoded_at_once(coding: str) -> None:
    """A stream of events is of no use in the encoder's buffer."""
    encoder = encoder_for(coding)
    decoder = decoder_for(coding)
    assert encoder is not None
    assert decoder is not None
    assert drain(decoder, encoder.encode(b"event: 1\n\n") + encoder.flush()) == b"event: 1\n\n"
    assert encoder.coding == coding


@pytest.mark.parametrize("coding", CODINGS)
def test_a_level_is_taken_or_refused(coding: str) -> None:
    """A wrong level is a slip of the caller, told as a ValueError by every library."""
    encoder = encoder_for(coding, 1)
    assert encoder is not None
    assert decode(coding, encoder.encode(b"x") + encoder.finish()) == b"x"
    with pytest.raises(ValueError, match=r"(?i)level|option"):
        encoder_for(coding, 99)


def test_accept_encoding_names_what_can_be_decoded() -> None:
    """Both optional libraries are there when this runs."""
    assert ACCEPT_ENCODING == accept_encoding() == "gzip, deflate, br, zstd"
    assert all(decoder_for(name) for name in ACCEPT_ENCODING.split(", "))


@pytest.mark.parametrize(
    ("coding", "module", "hint"),
    [("br", "brotli", "pip install 'brotli"), ("zstd", "backports.zstd", "pip install backports")],
)
def test_a_missing_library_is_named(
    coding: str, module: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next thing to do is in the text."""
    if sys.version_info >= (3, 14) and coding == "zstd":
        pytest.skip("zstd is in the standard library")
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delattr("backports.zstd", raising=False)
    with pytest.raises(ContentEncodingError, match=hint):
        decoder_for(coding)
    with pytest.raises(ContentEncodingError, match=hint):
        encoder_for(coding)


def test_a_brotli_that_cannot_stop_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before 1.2 a few bytes could fill the memory (CVE-2025-6176): asked for neither."""
    old = types.ModuleType("brotli")
    old.Decompressor = object  # type: ignore[attr-defined]
    old.error = ValueError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "brotli", old)
    monkeypatch.setattr(content_coding, "_accepted", "")
    assert "br" not in accept_encoding().split(", ")
    with pytest.raises(ContentEncodingError, match="too old"):
        decoder_for("br")
    monkeypatch.setattr(content_coding, "_accepted", "")


def test_other_attributes_of_the_module_do_not_exist() -> None:
    """The lazy constant must not make every name exist."""
    with pytest.raises(AttributeError):
        _ = content_coding.accept_encodings  # type: ignore[attr-defined]
