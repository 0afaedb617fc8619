"""Base64 and quoted-printable, read strictly and written as they are read."""

from __future__ import annotations

import base64
import binascii
import quopri

import pytest
from hypothesis import given, strategies as st

from notebook_http.wire.errors import PayloadEncodingError
from notebook_http.wire.transfer_encoding import (
    TransferDecoder,
    missing_for_decoding,
    transfer_decode,
    transfer_encoder_for,
)


@given(st.lists(st.binary(max_size=70)), st.sampled_from(["base64", "Quoted-Printable"]))
def test_what_is_encoded_is_decoded(pieces: list[bytes], encoding: str) -> None:
    """However it was cut, and by the standard library too."""
    encoder = transfer_encoder_for(encoding)
    assert encoder is not None
    encoded = b"".join([*(encoder.encode(piece) for piece in pieces), encoder.finish()])
    data = b"".join(pieces)
    if encoding == "base64":
        assert encoded == base64.b64encode(data)
        assert transfer_decode(encoding, encoded) == data
        assert transfer_decode(" BASE64 ", base64.encodebytes(data)) == data


@given(st.binary())
def test_quoted_printable_of_the_standard_library_is_decoded(data: bytes) -> None:
    """With its soft line breaks."""
    encoded = binascii.b2a_qp(data, istext=False)
    assert transfer_decode("quoted-printable", encoded) == quopri.decodestring(encoded)


def decoded(encoding: str, pieces: list[bytes]) -> bytes | None:
    """Return what *pieces* stand for, or None if they are broken."""
    try:
        decoder = TransferDecoder(encoding)
        return b"".join([*(decoder.decode(piece) for piece in pieces), decoder.finish()])
    except PayloadEncodingError:
        return None


LETTERS = st.sampled_from([b"=", b"A", b"4", b"\r\n", b"\n", b" ", b"z", b"\r", b"\xff", b"aGVs"])


@given(
    st.lists(st.lists(LETTERS, max_size=4).map(b"".join), max_size=8),
    st.sampled_from(["base64", "Quoted-Printable", "binary"]),
)
def test_pieces_mean_what_the_whole_means(pieces: list[bytes], encoding: str) -> None:
    """Wherever they were cut; broken or not."""
    whole = decoded(encoding, [b"".join(pieces)])
    assert decoded(encoding, pieces) == whole
    try:
        assert whole in (None, transfer_decode(encoding, b"".join(pieces)))
    except PayloadEncodingError:
        assert whole is None


@pytest.mark.parametrize(
    ("encoding", "pieces"),
    [
        ("base64", [b"aGVsbG8=", b"aGVs"]),
        ("base64", [b"aGV"]),
        ("base64", [b"a", b"G", b"V", b"!"]),
        ("quoted-printable", [b"a=", b"G0"]),
        ("quoted-printable", [b"a=4"]),
        ("quoted-printable", [b"a=", *[b" " * 100] * 20, b"b"]),
        ("x-none", []),
    ],
)
def test_broken_pieces_are_errors(encoding: str, pieces: list[bytes]) -> None:
    """None of them is passed over."""
    assert decoded(encoding, pieces) is None


@pytest.mark.parametrize("name", ["", "binary", "8bit", "7BIT"])
def test_some_encodings_change_nothing(name: str) -> None:
    """They say what the bytes are like."""
    assert transfer_decode(name, b"=C3=\xff") == b"=C3=\xff"
    assert transfer_encoder_for(name) is None
    assert missing_for_decoding(name, b"a=") == 0


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("base64", b"abc"),
        ("base64", b"ab!="),
        ("base64", b"aGk=aGk="),
        ("base64", b"a\xff=="),
        ("quoted-printable", b"=G0"),
        ("quoted-printable", b"a=1"),
        ("quoted-printable", b"a=b"),
    ],
)
def test_broken_data_is_an_error(name: str, data: bytes) -> None:
    """What one reader skips another may read."""
    with pytest.raises(ValueError, match="a part is no") as raised:
        transfer_decode(name, data)
    assert isinstance(raised.value, PayloadEncodingError)


def test_unknown_encodings_are_refused() -> None:
    """A RuntimeError for readers, as in aiohttp; a ValueError for writers."""
    with pytest.raises(RuntimeError, match="unknown content transfer encoding: 'uu'"):
        transfer_decode("uu", b"")
    with pytest.raises(ValueError, match="unknown content transfer encoding: 'uu'"):
        transfer_encoder_for("uu")


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
@given(st.binary(), st.integers(1, 9))
def test_pieces_can_be_decoded_alone(encoding: str, data: bytes, size: int) -> None:
    """Once they are as long as they are said to have to be."""
    wire = base64.encodebytes(data) if encoding == "base64" else binascii.b2a_qp(data)
    decoded = b""
    at = 0
    while at < len(wire):
        piece = wire[at : at + size]
        while at + len(piece) < len(wire) and (more := missing_for_decoding(encoding, piece)):
            piece += wire[at + len(piece) : at + len(piece) + more]
        at += len(piece)
        decoded += transfer_decode(encoding, piece)
    assert decoded == transfer_decode(encoding, wire)
