"""Files, pipes and buffers as bodies: sent from where they stand, without stopping the loop."""

from __future__ import annotations

import asyncio
import io
import tarfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile, SpooledTemporaryFile
from typing import Any

import pytest

from notebook_http.transport.payload import (
    BufferedReaderPayload,
    IOBasePayload,
    Payload,
    TextIOPayload,
    get_payload,
)


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


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "data.csv"
    file.write_bytes(b"a,b\r\n1,\xc3\xa9\r\n")
    return file


async def test_a_file_is_sent_from_where_it_stands(path: Path) -> None:
    """As often as a redirect asks, whatever was read before."""
    with path.open("rb") as file:
        file.read(2)
        payload = get_payload(file)
        assert isinstance(payload, BufferedReaderPayload)
        assert payload.size == 9
        assert payload.content_type == "text/csv"
        assert payload.headers["Content-Disposition"] == 'attachment; filename="data.csv"'
        assert await sent(payload) == await payload.as_bytes() == b"b\r\n1,\xc3\xa9\r\n"
        assert await sent(payload, 3) == b"b\r\n"
        assert payload.decode() == "b\r\n1,é\r\n"
        assert payload.size == 9
        assert not payload.consumed
        assert not payload.autoclose
        await payload.close()
        assert file.closed
        await payload.close()
        assert payload.size is None


async def test_a_file_larger_than_a_read_comes_whole(tmp_path: Path) -> None:
    """In several reads, in order."""
    data = bytes(range(256)) * 3000
    (tmp_path / "big").write_bytes(data)
    with (tmp_path / "big").open("rb") as file:
        payload = get_payload(file)
        wire = Wire()
        await payload.write(wire)
        assert wire.data == data
        assert len(wire.pieces) == 3
        assert await sent(payload, 300_000) == data[:300_000]


async def test_a_text_file_is_encoded_anew(path: Path) -> None:
    """Its size shows only at the end: line ends and charset change it."""
    with path.open(encoding="utf-8") as file:
        payload = get_payload(file, encoding="latin1")
        assert isinstance(payload, TextIOPayload)
        assert payload.size is None
        assert payload.content_type == "text/plain; charset=latin1"
        assert await sent(payload) == await sent(payload) == b"a,b\n1,\xe9\n"
        assert await sent(payload, 3) == b"a,b"
        named = TextIOPayload(file, content_type="text/csv; charset=latin1")
        assert named.content_type == "text/csv; charset=latin1"
    with path.open(encoding="utf-8") as file:
        assert await sent(TextIOPayload(file, content_type="text/csv")) == b"a,b\n1,\xc3\xa9\n"


async def test_temporary_files_are_files() -> None:
    """Tempfile's wrapper is no io class, and still what people have at hand."""
    with NamedTemporaryFile(suffix=".json") as named, SpooledTemporaryFile() as spooled:
        for file in (named, spooled):
            file.write(b"data")
            file.flush()
            file.seek(0)
            payload = get_payload(file)
            assert isinstance(payload, IOBasePayload)
            assert await sent(payload) == b"data"


async def test_a_compressed_file_has_no_known_size(tmp_path: Path) -> None:
    """Its descriptor's size is that of the compressed bytes, which is not what is sent."""
    import gzip

    name = tmp_path / "a.gz"
    name.write_bytes(gzip.compress(b"x" * 1000))
    with gzip.open(name) as file:
        payload = get_payload(file)
        assert payload.size is None
        assert await sent(payload) == b"x" * 1000


async def test_a_pipe_can_be_sent_once() -> None:
    """It does not seek, so a redirect cannot repeat it: better an error than an empty body."""
    import os

    reading, writing = os.pipe()
    os.write(writing, b"piped")
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        payload = get_payload(file)
        assert payload.filename is None
        assert payload.size is None
        assert await sent(payload) == b"piped"
        assert payload.consumed
        with pytest.raises(RuntimeError, match="sent again"):
            await sent(payload)


async def test_a_file_inside_a_tar_is_sent() -> None:
    """Of one that is read as a stream, too, whose files cannot tell whether they seek."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        described = tarfile.TarInfo("inside.txt")
        described.size = 6
        tar.addfile(described, io.BytesIO(b"inside"))
    for mode in ("r:", "r|"):
        packed.seek(0)
        with tarfile.open(fileobj=packed, mode=mode) as tar:
            member = tar.next()
            assert member is not None
            assert await sent(get_payload(tar.extractfile(member))) == b"inside"


async def test_a_file_of_text_behind_a_binary_face_is_refused() -> None:
    """The advice is how to open it."""

    class Odd(io.RawIOBase):
        def read(self, size: int = -1) -> Any:
            return "text"

    with pytest.raises(TypeError, match="'rb'"):
        await sent(get_payload(Odd()))


async def test_a_buffer_is_sent_from_where_it_stands_and_stays_open() -> None:
    """Its owner may want to read it again."""
    buffer = io.BytesIO(b"0123456789")
    buffer.seek(4)
    payload = get_payload(buffer)
    assert payload.size == 6
    assert await sent(payload) == await sent(payload) == b"456789"
    await payload.close()
    assert not buffer.closed


def test_odd_file_names_are_no_names() -> None:
    """`<stdin>` and bare descriptors name nothing that a receiver could use."""
    for name in ("<stdin>", 3, "", None, "dir/"):
        buffer = io.BytesIO()
        buffer.name = name  # type: ignore[attr-defined]
        assert get_payload(buffer).filename is None


# Cancelling


class StuckWire:
    """A peer that stops reading."""

    def __init__(self) -> None:
        self.waiting = asyncio.Event()

    async def write(self, data: bytes | bytearray | memoryview, /) -> None:
        self.waiting.set()
        await asyncio.Event().wait()


async def test_a_cancelled_sending_can_be_closed(path: Path) -> None:
    """Whoever cancels closes the payload next, and then nothing is left open."""
    closed = []

    async def generate() -> AsyncIterator[bytes]:
        try:
            yield b"a"
        finally:
            closed.append(True)

    with path.open("rb") as file:
        for payload in (get_payload(generate()), get_payload(file)):
            wire = StuckWire()
            task = asyncio.create_task(payload.write(wire))
            await wire.waiting.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await payload.close()
        assert closed == [True]
        assert file.closed


async def test_a_slow_disk_does_not_stop_the_loop() -> None:
    """Reads happen in a thread, so other tasks run meanwhile."""
    turns = []

    class Slow(io.RawIOBase):
        left = 2

        def read(self, size: int = -1) -> bytes:
            time.sleep(0.05)
            self.left -= 1
            return b"x" if self.left >= 0 else b""

    async def tick() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0.005)

    ticking = asyncio.create_task(tick())
    assert await sent(get_payload(Slow())) == b"xx"
    ticking.cancel()
    assert len(turns) > 8
