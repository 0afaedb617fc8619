"""Which value becomes which body; bodies in memory and from iterables."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from notebook_http.transport import payload as payloads
from notebook_http.transport.payload import (
    PAYLOAD_REGISTRY,
    AsyncIterablePayload,
    BytesIOPayload,
    BytesPayload,
    JsonBytesPayload,
    JsonPayload,
    Order,
    Payload,
    PayloadRegistry,
    PayloadWriter,
    StreamReaderPayload,
    StringIOPayload,
    StringPayload,
    get_payload,
    payload_type,
)
from notebook_http.transport.stream_reader import StreamReader


class Wire:
    """Keeps what is written, piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    async def write(self, data: bytes | bytearray | memoryview, /) -> None:
        self.pieces.append(bytes(data))

    @property
    def data(self) -> bytes:
        return b"".join(self.pieces)


async def sent(payload: Payload, length: int | None = None) -> bytes:
    wire = Wire()
    await payload.write_with_length(wire, length)
    return wire.data


async def pieces(*values: Any) -> AsyncIterator[Any]:
    for value in values:
        yield value


@pytest.mark.parametrize(
    ("value", "kind", "size", "content_type", "body"),
    [
        (b"ab", BytesPayload, 2, "application/octet-stream", b"ab"),
        (bytearray(b"ab"), BytesPayload, 2, "application/octet-stream", b"ab"),
        (memoryview(b"ab"), BytesPayload, 2, "application/octet-stream", b"ab"),
        (memoryview(b"abcd").cast("H"), BytesPayload, 4, "application/octet-stream", b"abcd"),
        (memoryview(b"abcd")[::2], BytesPayload, 2, "application/octet-stream", b"ac"),
        ("é", StringPayload, 2, "text/plain; charset=utf-8", "é".encode()),
        (io.StringIO("é"), StringIOPayload, 2, "text/plain; charset=utf-8", "é".encode()),
        (io.BytesIO(b"ab"), BytesIOPayload, 2, "application/octet-stream", b"ab"),
    ],
)
async def test_values_in_memory_are_bodies(
    value: Any, kind: type[Payload], size: int, content_type: str, body: bytes
) -> None:
    """With a size known before a byte is sent, and sent again as often as a redirect asks."""
    payload = get_payload(value, disposition=None)
    assert type(payload) is kind
    assert (payload.size, payload.content_type) == (size, content_type)
    assert dict(payload.headers) == {"Content-Type": content_type}
    assert await sent(payload) == await sent(payload) == await payload.as_bytes() == body
    assert await sent(payload, 1) == body[:1]
    wire = Wire()
    await payload.write(wire)
    assert wire.data == body
    assert payload.decode("utf-8") == body.decode()
    assert not payload.consumed
    assert payload.autoclose
    await payload.close()


async def test_a_payload_is_left_as_it_is() -> None:
    """What is a body already needs no wrapping."""
    payload = BytesPayload(b"x")
    assert get_payload(payload) is payload


@pytest.mark.parametrize("value", [{"a": 1}, [b"x"], 1, None, object(), (b for b in [b"x"])])
def test_what_is_no_body_is_refused_with_advice(value: Any) -> None:
    """The text names the type and where such values go."""
    with pytest.raises(payloads.LookupError, match=f"{type(value).__name__}.*json=") as caught:
        get_payload(value)
    assert isinstance(caught.value, LookupError)


def test_wrong_types_are_refused_by_the_classes_as_well() -> None:
    """They are public, and called without a type checker."""
    with pytest.raises(TypeError, match="byte-ish"):
        BytesPayload("text")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="AsyncIterable"):
        AsyncIterablePayload([b"x"])  # type: ignore[arg-type]


# Text and JSON


@pytest.mark.parametrize(
    ("arguments", "content_type", "body"),
    [
        ({"encoding": "latin1"}, "text/plain; charset=latin1", b"\xe9"),
        ({"content_type": "text/x; charset=latin1"}, "text/x; charset=latin1", b"\xe9"),
        ({"content_type": "text/x"}, "text/x", b"\xc3\xa9"),
        ({"content_type": "text/x", "encoding": "utf-16-le"}, "text/x", b"\xe9\x00"),
    ],
)
def test_text_goes_out_in_the_charset_that_is_named(
    arguments: dict[str, str], content_type: str, body: bytes
) -> None:
    """By the argument, else by the content type, else UTF-8."""
    payload = StringPayload("é", **arguments)
    assert (payload.content_type, payload._value) == (content_type, body)
    assert payload.decode(payload.encoding or "") == "é"


def test_json_is_written_with_any_dumps() -> None:
    """The standard library's returns text, orjson's bytes."""
    assert JsonPayload({"é": [1]}).decode() == json.dumps({"é": [1]})
    assert JsonPayload({}, dumps=lambda value: b'{"o":1}').decode() == '{"o":1}'
    assert JsonPayload([]).content_type == "application/json"
    with pytest.raises(TypeError, match="not JSON serializable"):
        JsonPayload(object())


def test_headers_of_ones_own_win() -> None:
    """Over what is guessed from the kind or the file name."""
    payload = BytesPayload(b"x", headers={"content-type": "a/b", "X-A": "1"})
    assert payload.content_type == "a/b"
    assert sorted(payload.headers.items()) == [("X-A", "1"), ("content-type", "a/b")]
    assert payload.has_own_headers
    assert not BytesPayload(b"x").has_own_headers


@pytest.mark.parametrize(
    ("filename", "content_type"),
    [
        ("a.json", "application/json"),
        ("a.tar.gz", "application/gzip"),
        ("a.txt.br", "application/octet-stream"),
        ("a.unknown-kind", "application/octet-stream"),
    ],
)
def test_a_file_name_suggests_the_type(filename: str, content_type: str) -> None:
    """And sets Content-Disposition only where that was asked for."""
    payload = BytesPayload(b"x", filename=filename)
    assert (payload.filename, payload.content_type) == (filename, content_type)
    assert "Content-Disposition" not in payload.headers
    named = BytesPayload(b"x", filename=filename, disposition="inline")
    assert named.headers["Content-Disposition"] == f'inline; filename="{filename}"'


def test_a_file_name_never_ends_its_header() -> None:
    """It is often somebody else's text."""
    with pytest.raises(ValueError, match="line break"):
        BytesPayload(b"x").set_content_disposition("attachment", filename="a\r\nX: y")


# Asynchronous iterables


async def test_an_iterable_is_sent_piece_by_piece() -> None:
    """At the reader's pace, once."""
    payload = get_payload(pieces(b"a", bytearray(b"b"), memoryview(b"c")))
    assert (payload.size, payload.consumed) == (None, False)
    wire = Wire()
    await payload.write(wire)
    assert wire.pieces == [b"a", b"b", b"c"]
    assert payload.consumed
    with pytest.raises(RuntimeError, match="once"):
        await payload.write(wire)
    with pytest.raises(TypeError, match="cannot be decoded"):
        payload.decode()
    await payload.close()


async def test_an_iterable_keeps_to_the_announced_length() -> None:
    """More would be read as the next message."""
    assert await sent(get_payload(pieces(b"ab", b"cd", b"ef")), 3) == b"abc"
    assert await get_payload(pieces(b"ab", b"cd")).as_bytes() == b"abcd"


async def test_an_iterable_of_text_is_refused() -> None:
    """Nobody can say which bytes were meant."""
    with pytest.raises(TypeError, match="yielded str"):
        await sent(get_payload(pieces("text")))


async def test_closing_finishes_the_iterable() -> None:
    """A peer that leaves must not leave the generator's resources behind (CVE-2026-54280)."""
    log = []

    async def generate() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            yield b"b"
        finally:
            log.append("closed")

    payload = get_payload(generate())
    assert await sent(payload, 1) == b"a"
    assert log == []
    await payload.close()
    await payload.close()
    assert log == ["closed"]
    await get_payload(generate()).close()


async def test_a_stream_is_sent_in_whole_reads() -> None:
    """Line by line, a binary stream would come in scraps or not at all."""

    class Stream:
        def __aiter__(self) -> AsyncIterator[bytes]:
            return pieces(b"a\n", b"b")

        def iter_any(self) -> AsyncIterator[bytes]:
            return pieces(b"a\nb")

    wire = Wire()
    await get_payload(Stream()).write(wire)
    assert wire.pieces == [b"a\nb"]


# Kinds of one's own


class Custom(Payload):
    """A payload as users write one: two methods."""

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return str(self._value)

    async def write(self, writer: PayloadWriter) -> None:
        await writer.write(self.decode().encode())


async def test_a_payload_of_ones_own_needs_two_methods() -> None:
    """As in aiohttp: `decode` and `write`; the rest follows from them."""
    payload = Custom("é", encoding="latin1")
    assert await payload.as_bytes() == b"\xe9"
    assert await sent(payload, 1) == "é".encode()
    assert payload.encoding == "latin1"
    assert not payload.autoclose
    await payload.close()


# The registry


def test_own_types_are_registered_in_order() -> None:
    """Before, among or after the built-in ones."""

    class Money(int):
        pass

    class MoneyPayload(StringPayload):
        def __init__(self, value: Money, *args: Any, **kwargs: Any) -> None:
            super().__init__(f"{value} EUR", *args, **kwargs)

    registry = PayloadRegistry()
    registry.register(MoneyPayload, Money, order=Order.try_last)
    registry.register(BytesPayload, (bytes,))
    assert registry.get(Money(5)).decode() == "5 EUR"
    registry.register(lambda value: StringPayload("first"), bytes, order=Order.try_first)
    assert registry.get(b"x").decode() == "first"


def test_the_decorator_registers_with_the_shared_registry() -> None:
    """As in aiohttp."""

    class Temperature(float):
        pass

    @payload_type(Temperature)
    class TemperaturePayload(StringPayload):
        def __init__(self, value: Temperature, *args: Any, **kwargs: Any) -> None:
            super().__init__(f"{value}°", *args, **kwargs)

    assert isinstance(PAYLOAD_REGISTRY.get(Temperature(21)), TemperaturePayload)


def test_json_of_something_that_writes_bytes() -> None:
    """As orjson does; text is refused, since nobody said how it is encoded."""
    payload = JsonBytesPayload({"a": "é"}, lambda value: json.dumps(value).encode())
    assert (payload.content_type, payload.size) == ("application/json", 15)
    assert json.loads(payload.decode()) == {"a": "é"}
    with pytest.raises(TypeError, match="byte-ish"):
        JsonBytesPayload({}, json.dumps)  # type: ignore[arg-type]


async def test_a_stream_reader_is_a_body() -> None:
    """In pieces as they came, not in lines; once."""
    reader = StreamReader(None)
    reader.feed_data(b"a\nb\n")
    reader.feed_eof()
    payload = get_payload(reader)
    assert type(payload) is StreamReaderPayload
    wire = Wire()
    await payload.write(wire)
    assert (wire.pieces, payload.consumed) == ([b"a\nb\n"], True)
    with pytest.raises(TypeError, match="StreamReader"):
        StreamReaderPayload([b"x"])
