"""Stream 64 MiB down from and up to a peer; say how much memory that took: a process of its own.

`streaming_client.py URL PIECES`: prints the growth of the resident set at its highest, in bytes,
for each direction. A process of its own, since the resident set of a test run is that of all tests.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import notebook_http as nh

PIECE = bytes(range(256)) * 256  # 64 KiB


def resident(word: str) -> int:
    """Return a size of this process, in bytes: VmRSS now, VmHWM at its highest."""
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == word:
            return int(value.split()[0]) * 1024
    raise LookupError(word)


async def growth(work: Awaitable[int], size: int) -> int:
    """Return by how much the process had grown at any moment of *work*."""
    Path("/proc/self/clear_refs").write_text("5")  # VmHWM begins anew: proc(5)
    before = resident("VmRSS")
    assert await work == size
    return resident("VmHWM") - before


async def main(url: str, pieces: int) -> None:
    """Small ones first: what is imported and allocated once is not the body's."""

    async def down(count: int) -> int:
        size = 0
        async with session.get(f"{url}/large", params={"pieces": count}) as response:
            async for piece in response.content.iter_any():
                size += len(piece)
        return size

    async def generated(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield PIECE

    async def up(data: object) -> int:
        async with session.put(f"{url}/echo", data=data) as response:
            said = await response.json()
        return int(said["size"])

    grown = {}
    size = len(PIECE) * pieces
    connector = nh.TCPConnector(ssl=False)
    with tempfile.TemporaryFile() as file:
        for _ in range(pieces):
            file.write(PIECE)
        async with nh.ClientSession(connector=connector) as session:
            await down(8)
            await up(generated(8))
            with tempfile.TemporaryFile() as small:
                small.write(PIECE)
                small.seek(0)
                await up(small)
            grown["down"] = await growth(down(pieces), size)
            grown["generator"] = await growth(up(generated(pieces)), size)
            file.seek(0)
            grown["file"] = await growth(up(file), size)
    print(json.dumps(grown))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
