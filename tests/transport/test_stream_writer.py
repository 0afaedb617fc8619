"""What leaves is what was written, whatever becomes of the buffer that it was in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from notebook_http.transport.connection import Connection
from notebook_http.transport.stream_writer import StreamWriter


class Retaining(asyncio.Transport):
    """Keeps what it cannot send at once, and no copy of it, as asyncio does from 3.12 on."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Any] = []

    def is_closing(self) -> bool:
        return False

    def write(self, data: Any) -> None:
        self.kept.append(data)

    def writelines(self, parts: Iterable[Any]) -> None:
        self.kept.extend(parts)


@pytest.mark.parametrize("size", [100, 100_000])
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_buffer_may_be_filled_anew(size: int, chunked: bool) -> None:
    """``while n := file.readinto(buffer): await response.write(view[:n])`` reads files so."""
    transport, connection = Retaining(), Connection(asyncio.get_running_loop())
    connection.connection_made(transport)
    length = None if chunked else 4 * size
    writer = StreamWriter(connection, length=length, chunked=chunked, head=b"HEAD")
    buffer = bytearray(size)
    expected = []
    for number in range(4):
        buffer[:] = bytes([number]) * size
        await writer.write(buffer if number % 2 else memoryview(buffer))
        expected.append(bytes(buffer))
    buffer[:] = b"!" * size
    await writer.write_eof()
    sent = b"".join(transport.kept)
    if chunked:
        frames = b"".join(b"%x\r\n%s\r\n" % (size, piece) for piece in expected)
        assert sent == b"HEAD" + frames + b"0\r\n\r\n"
    else:
        assert sent == b"HEAD" + b"".join(expected)


async def test_what_cannot_change_is_not_copied() -> None:
    transport, connection = Retaining(), Connection(asyncio.get_running_loop())
    connection.connection_made(transport)
    writer = StreamWriter(connection, length=300_000, chunked=False)
    whole = bytes(100_000)
    view = memoryview(whole)
    own = memoryview(bytearray(100_000)).toreadonly()
    for piece in (whole, view, own):
        await writer.write(piece)
    kept = transport.kept
    assert kept[0] is whole
    assert kept[1] is view
    assert kept[2] is own
