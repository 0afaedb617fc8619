"""Bodies of several parts, as they go out."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from notebook_http.transport.memory_payload import BytesPayload
from notebook_http.transport.multipart_payload import MultipartWriter
from notebook_http.wire.multipart_reader import (
    MultipartReader,
    PartBegin,
    PartData,
    boundary_of,
)


class Wire:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.data = bytearray()

    async def write(self, data: bytes | bytearray | memoryview, /) -> None:
        self.data += data


async def read_back(writer: MultipartWriter) -> list[tuple[dict[str, str], bytes]]:
    """Return (headers, data) of each part, as our own reader sees what is sent."""
    reader = MultipartReader(boundary_of(writer.content_type))
    parts: list[tuple[dict[str, str], bytes]] = []
    for event in reader.feed(await writer.as_bytes()):
        if isinstance(event, PartBegin):
            parts.append((dict(event.headers), b""))
        elif isinstance(event, PartData):
            parts[-1] = (parts[-1][0], parts[-1][1] + event.data)
    reader.finish()
    return parts


async def test_parts_come_out_as_they_went_in() -> None:
    """In order, with their types and sizes."""
    with MultipartWriter("mixed") as writer:
        writer.append("é")
        writer.append(b"\r\n--", {"X-Own": "1"})
        writer.append_json({"a": 1})
        writer.append_form([("a", "b c")])
        writer.append_form({"d": "&"})
        writer.append(BytesPayload(b"x", content_type="a/b"), {"X-Own": "2"})
    assert len(writer) == 6
    assert bool(MultipartWriter())
    assert await read_back(writer) == [
        ({"Content-Type": "text/plain; charset=utf-8", "Content-Length": "2"}, "é".encode()),
        (
            {"Content-Type": "application/octet-stream", "X-Own": "1", "Content-Length": "4"},
            b"\r\n--",
        ),
        ({"Content-Type": "application/json", "Content-Length": "8"}, b'{"a": 1}'),
        ({"Content-Type": "application/x-www-form-urlencoded", "Content-Length": "5"}, b"a=b+c"),
        ({"Content-Type": "application/x-www-form-urlencoded", "Content-Length": "5"}, b"d=%26"),
        ({"Content-Type": "a/b", "X-Own": "2", "Content-Length": "1"}, b"x"),
    ]
    body = await writer.as_bytes()
    assert writer.size == len(body)
    assert writer.decode().encode() == body


async def test_the_standard_library_reads_the_body() -> None:
    """A parser that nobody here wrote; a writer within a writer is a part like others."""
    inner = MultipartWriter("related")
    inner.append("inner")
    outer = MultipartWriter("mixed", boundary="odd boundary?")
    outer.append("first")
    outer.append(inner)
    body = await outer.as_bytes()
    message = message_from_bytes(
        b"Content-Type: " + outer.content_type.encode() + b"\r\n\r\n" + body
    )
    assert message.get_boundary() == outer.boundary == "odd boundary?"
    first, second = message.get_payload()  # type: ignore[misc]
    assert first.get_payload() == "first"  # type: ignore[union-attr]
    assert second.get_content_type() == "multipart/related"  # type: ignore[union-attr]
    assert second.get_payload()[0].get_payload() == "inner"  # type: ignore[union-attr, index]
    assert outer.size == len(body)
    assert [(coding, transfer) for _, coding, transfer in outer] == [("", ""), ("", "")]


async def test_a_part_can_be_compressed() -> None:
    """By its own Content-Encoding; the whole then has no size beforehand."""
    writer = MultipartWriter()
    writer.append("x" * 1000, {"Content-Encoding": "gzip"})
    writer.append("y", {"Content-Encoding": "identity", "Content-Transfer-Encoding": "binary"})
    assert writer.size is None
    (headers, data), (_, plain) = await read_back(writer)
    assert gzip.decompress(data) == b"x" * 1000
    assert "Content-Length" not in headers
    assert plain == b"y"


async def test_iterables_and_files_are_parts(tmp_path: Path) -> None:
    """Sent as they come; closing the writer closes them."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    (tmp_path / "f.txt").write_bytes(b"file")
    with (tmp_path / "f.txt").open("rb") as file:
        writer = MultipartWriter()
        writer.append(file)
        assert writer.size is not None
        assert not writer.autoclose
        writer.append(pieces())
        assert writer.size is None
        assert not writer.consumed
        parts = await read_back(writer)
        assert writer.consumed
        assert [data for _, data in parts] == [b"file", b"ab"]
        assert parts[0][0]["Content-Disposition"] == 'attachment; filename="f.txt"'
        with pytest.raises(TypeError):
            writer.decode()
        await writer.close()
        assert file.closed


async def test_closing_goes_on_after_a_failure() -> None:
    """One part that will not close must not keep the others open."""

    class Unclosable(BytesPayload):
        async def close(self) -> None:
            message = "cannot close"
            raise OSError(message)

    closed = []

    class Closable(BytesPayload):
        async def close(self) -> None:
            closed.append(self)

    writer = MultipartWriter()
    writer.append(Unclosable(b""))
    writer.append(Closable(b""))
    with pytest.raises(OSError, match="cannot close"):
        await writer.close()
    assert len(closed) == 1


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"X": "a\r\nY: b"}, "(?i)header"),
        ({"X\r\nY": "b"}, "(?i)header"),
        ({"X": "\0"}, "(?i)header"),
        ({"Content-Transfer-Encoding": "base32"}, "base64 or quoted-printable"),
        ({"Content-Encoding": "rot13"}, "unknown"),
    ],
)
def test_what_cannot_be_sent_is_refused_when_it_is_added(
    headers: dict[str, str], message: str
) -> None:
    """Where the mistake is, and before a byte is out (CVE-2026-50269)."""
    writer = MultipartWriter()
    with pytest.raises(ValueError, match=message):
        writer.append("x", headers)
    assert len(writer) == 0


@pytest.mark.parametrize(
    ("transfer", "coding"),
    [
        *(("base64", ""), ("base64", "gzip"), ("BASE64", "")),
        *(("quoted-printable", ""), ("quoted-printable", "gzip"), ("7bit", ""), ("binary", "")),
    ],
)
async def test_a_part_is_encoded_for_mail(transfer: str, coding: str) -> None:
    """Python's own mail parser reads it back, also when it came in odd pieces."""
    pieces = [b"a" * 100, b"\xc3", b"\xb6= ", b"end of a line\r\n", b"x" * 1000, b"yz"]

    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    writer = MultipartWriter(boundary="B")
    headers = {"Content-Transfer-Encoding": transfer}
    if coding:
        headers["Content-Encoding"] = coding
    part = writer.append(body(), headers)
    assert list(writer) == [(part, coding, transfer)]
    assert writer.size is None
    sent = f"Content-Type: {writer.content_type}\r\n\r\n".encode() + await writer.as_bytes()
    (read,) = message_from_bytes(sent).get_payload()
    assert "Content-Length" not in read
    data = read.get_payload(decode=True)
    assert (gzip.decompress(data) if coding else data) == b"".join(pieces)


def test_an_unknown_transfer_encoding_is_aiohttps_error() -> None:
    """It raises a RuntimeError."""
    with pytest.raises(RuntimeError, match="unknown content transfer encoding"):
        MultipartWriter().append(b"x", {"Content-Transfer-Encoding": "base32"})


async def test_a_header_changed_later_is_checked_when_sent() -> None:
    """Parts can still be edited after they were added."""
    writer = MultipartWriter()
    writer.append("x").headers["X"] = "a\nb"
    with pytest.raises(ValueError, match=r"(?i)header"):
        await writer.as_bytes()


@pytest.mark.parametrize("name", ["Content-Encoding", "Content-Transfer-Encoding"])
def test_parts_of_a_form_are_not_encoded(name: str) -> None:
    """RFC 7578 §4.7, §4.8: no server undoes it."""
    writer = MultipartWriter("form-data")
    with pytest.raises(ValueError, match="form"):
        writer.append("x", {name: "gzip"})


@pytest.mark.parametrize("value", [object(), {"a": 1}, 5])
def test_what_is_no_part_is_a_type_error(value: Any) -> None:
    """As in aiohttp."""
    with pytest.raises(TypeError, match="no part"):
        MultipartWriter().append(value)


@pytest.mark.parametrize("arguments", [("mixed", "a\r\nb"), ("mixed", ""), ("a/b", "x")])
def test_odd_boundaries_and_subtypes_are_refused(arguments: tuple[str, str]) -> None:
    """They go into a header and into each delimiter."""
    with pytest.raises(ValueError, match=r"boundary|subtype"):
        MultipartWriter(*arguments)


async def test_the_end_can_wait() -> None:
    """`multipart/x-mixed-replace` sends parts for as long as the camera runs."""
    writer = MultipartWriter("x-mixed-replace", "b")
    writer.append("1")
    wire = Wire()
    await writer.write(wire, close_boundary=False)
    assert wire.data.endswith(b"\r\n\r\n1\r\n")
    await writer.write(wire)
    assert wire.data.endswith(b"1\r\n--b--\r\n")
