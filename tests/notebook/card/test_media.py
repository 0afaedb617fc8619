"""Pictures and sounds: told by their bytes, shown from them, within the budget."""

from __future__ import annotations

import io
import struct
import wave
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from notebook_http.notebook.display.body import Body, BodyKind
from notebook_http.notebook.display.card import CardFacts, card_bundle, card_html, card_text
from notebook_http.notebook.display.media import media_type_of, pixel_size
from notebook_http.notebook.display.size_budget import BUNDLE_BYTES

Facts = Callable[..., CardFacts]
ReadSafely = Callable[[str], Any]


def _png(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + checksum

    lines = (b"\0" + bytes(width * 3)) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )


def _wav(seconds: float = 0.01) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(2 * int(8000 * seconds)))
    return file.getvalue()


PICTURES = {
    "image/png": (_png(30, 20), (30, 20)),
    "image/gif": (b"GIF89a" + struct.pack("<HH", 300, 200) + bytes(20), (300, 200)),
    "image/jpeg": (
        b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(10) + b"\xff\xff\xc2\x00\x11\x08\x00\xc8\x01\x2c",
        (300, 200),
    ),
    "image/bmp": (b"BM" + bytes(12) + b"\x28\0\0\0" + struct.pack("<ii", 300, -200), (300, 200)),
    "image/x-icon": (b"\0\0\1\0\1\0\x20\x00" + bytes(14), (32, 256)),
    "image/webp": (
        b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\x2b\x01\x00" + b"\xc7\x00\x00",
        (300, 200),
    ),
}
LOSSLESS = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", 299 | 199 << 14)
LOSSY = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 300, 200)


@pytest.mark.parametrize("media_type", PICTURES)
def test_a_picture_has_its_size_in_pixels(
    facts: Facts, read_safely: ReadSafely, media_type: str
) -> None:
    """Read off its header: what nobody would guess from 70 KB."""
    content, size = PICTURES[media_type]
    assert media_type_of(content) == media_type
    assert pixel_size(content) == size
    card = read_safely(card_html(facts(content, media_type)))
    assert "img" in card.elements
    assert f"{media_type}, {size[0]} x {size[1]} pixels" in card.text
    assert f"{size[0]} x {size[1]} pixels" in card_text(facts(content, media_type))
    for length in range(len(content)):
        pixel_size(content[:length])


def test_webp_of_all_kinds_has_its_size() -> None:
    """Lossless, lossy and extended."""
    assert pixel_size(LOSSLESS) == (300, 200)
    assert pixel_size(LOSSY) == (300, 200)


@given(st.sampled_from([content for content, _ in PICTURES.values()]), st.binary(max_size=60))
def test_any_header_can_be_looked_at(content: bytes, junk: bytes) -> None:
    """It came from a stranger."""
    for cut in (0, 3, 8, 12, 16, 20):
        pixel_size(content[:cut] + junk)


def test_a_sound_can_be_played(facts: Facts, read_safely: ReadSafely) -> None:
    """From its own bytes; nothing is fetched, nothing starts by itself."""
    content = _wav()
    html = card_html(facts(content, "audio/x-wav"))
    card = read_safely(html)
    assert ("audio", "controls", "controls") in card.attributes
    assert "autoplay" not in html
    assert "audio/wav, 204 bytes" in card.text
    assert 'open("audio.wav", "wb").write(r.content)' in card.text


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"OggS\0\2", "audio/ogg"),
        (b"fLaC\0\0", "audio/flac"),
        (b"ID3\4\0\0", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"\0\0\0\x20ftypM4A \0", "audio/mp4"),
        (b"\0\0\0\x20ftypavif\0", "image/avif"),
        (b"\0\0\0\x20ftypisom\0", ""),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", ""),
        (b"RIFF\0\0\0\0AVI ", ""),
        (b"BM, he said", ""),
        (b"", ""),
    ],
)
def test_types_are_told_by_the_first_bytes(content: bytes, media_type: str) -> None:
    """SVG, which may carry scripts, and films are none."""
    assert media_type_of(content) == media_type


def test_what_is_called_a_picture_and_is_none_is_shown_as_what_it_is(
    facts: Facts, read_safely: ReadSafely
) -> None:
    """The page is never told a type that only a header says."""
    card = read_safely(card_html(facts(b"<svg onload=alert(1)>", "image/png")))
    assert "Sent as image/png, but it does not begin like that." in card.text
    assert "<svg onload" in card.text
    card = read_safely(card_html(facts(b"\0\1\2\3", "audio/mpeg")))
    assert "00 01 02 03" in card.text
    html = card_html(facts(_png(3, 3), "image/gif"))
    assert "data:image/png;base64," in html
    assert "image/png (sent as image/gif)" in read_safely(html).text


def test_a_picture_without_a_type_is_one_and_a_text_is_not(facts: Facts) -> None:
    """Object stores send everything as octet-stream."""
    assert facts(_png(3, 3), "application/octet-stream").body.kind is BodyKind.IMAGE
    assert Body(b"ID3 is a kind of tag", "text/plain").kind is BodyKind.TEXT
    assert Body(b"GIF89a", "text/html").kind is BodyKind.TEXT


def test_what_is_too_big_says_how_to_save_it(facts: Facts, read_safely: ReadSafely) -> None:
    """The card keeps its budget; the bytes are not lost."""
    exchange = facts(_wav(3.0), "audio/wav")
    bundle = card_bundle(exchange)
    card = read_safely(bundle["text/html"])
    assert "audio" not in card.elements
    assert "too big to be kept in a card" in card.text
    assert 'open("audio.wav", "wb").write(r.content)' in card.text
    assert "r.widget() shows it" in card.text
    larger = read_safely(card_html(facts(_wav(40.0), "audio/wav")))
    assert "too big to be kept in a card" in larger.text
    assert "r.widget()" not in larger.text  # it has a limit of its own
    assert sum(len(shown.encode()) for shown in bundle.values()) <= BUNDLE_BYTES
