"""Coded bodies: bounded, decoded only for those who read, and never for ever."""

from __future__ import annotations

import asyncio
import gzip
import re
import zlib

import pytest

from notebook_http import ClientPayloadError, ClientSession
from notebook_http.wire.content_coding import encoder_for

pytestmark = pytest.mark.advisory

MIB = 2**20
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answer(body: bytes, coding: str, status: str = "200 OK", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Encoding: {coding}\r\n{more}Content-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


def packed(coding: str, size: int) -> bytes:
    """Return *size* zero bytes, packed."""
    encoder = encoder_for(coding)
    pieces = [encoder.encode(bytes(min(MIB, size - at))) for at in range(0, size, MIB)]
    return b"".join([*pieces, encoder.finish()])


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
async def test_cve_2025_69223_a_bomb_is_unpacked_to_a_bound(
    raw_server, read_whole, most_memory, coding
):
    """A small body was unpacked whole, whatever its size."""
    server = await raw_server(answer(packed(coding, 400 * MIB), coding), OK)
    async with ClientSession(max_decoded_size=8 * MIB) as session:
        with (
            most_memory(64),
            pytest.raises(ClientPayloadError, match="unpacks to more than 8,388,608 bytes"),
        ):
            await read_whole(session, server.url)
        assert (await read_whole(session, server.url))[1] == b"ok"


async def test_cve_2025_69223_others_are_served_while_a_bomb_is_unpacked(
    raw_server, session, read_whole
):
    """Unpacking never waits by itself, so that the loop stood still for seconds."""
    server = await raw_server(answer(packed("gzip", 200 * MIB), "gzip"))
    reading = asyncio.create_task(read_whole(session, server.url))
    turns = 0
    while not reading.done():
        await asyncio.sleep(0)
        turns += 1
    assert len((await reading)[1]) == 200 * MIB
    assert turns > 20


async def test_cve_2025_69223_a_stream_of_a_bomb_is_as_flat_as_its_reader(
    raw_server, session, most_memory
):
    """Read in pieces, it costs a piece."""
    server = await raw_server(answer(packed("gzip", 300 * MIB), "gzip"))
    size = 0
    with most_memory(16):
        async with session.get(server.url) as response:
            async for piece in response.content.iter_chunked(64 * 1024):
                size += len(piece)
    assert size == 300 * MIB


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "302 Found"])
async def test_cve_2026_54278_what_nobody_reads_is_not_decoded(
    raw_server, session, most_memory, most_cpu, status
):
    """A body that was ignored, or a redirect's, was unpacked in the cleaning up."""
    bomb = packed("gzip", 200 * MIB)
    bomb = gzip.compress(bomb)  # twice: 1.3 kB that are 200 MiB
    server = await raw_server(answer(bomb, "gzip, gzip", status, "Location: /b\r\n"), OK)
    with most_memory(4), most_cpu(0.3):
        async with session.get(server.url) as response:
            pass
        async with session.get(server.url) as response:
            assert await response.read() == b"ok"


@pytest.mark.parametrize("count", [6, 100, 1000])
async def test_cve_2025_66418_chains_of_codings_are_short(raw_server, session, read_whole, count):
    """Each further coding multiplies what a few bytes can cause; there was no limit."""
    server = await raw_server(answer(b"x", ", ".join(["gzip"] * count)))
    with pytest.raises(ClientPayloadError):
        await read_whole(session, server.url)


async def test_cve_2025_66418_each_coding_of_a_chain_is_bounded(
    raw_server, read_whole, most_memory
):
    """A bomb in a bomb is larger inside than either end shows."""
    bomb = packed("gzip", 300 * MIB)
    for _ in range(3):
        bomb = gzip.compress(bomb)
    server = await raw_server(answer(bomb, "gzip, gzip, gzip, gzip"))
    async with ClientSession(max_decoded_size=MIB) as session:
        with most_memory(32), pytest.raises(ClientPayloadError):
            await read_whole(session, server.url)


async def test_pr_13362_thousands_of_gzip_members_are_refused(
    raw_server, session, read_whole, most_cpu
):
    """Empty members yield nothing and keep the decoder busy."""
    server = await raw_server(answer(gzip.compress(b"") * 50_000, "gzip"))
    with most_cpu(2), pytest.raises(ClientPayloadError):
        await read_whole(session, server.url)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("step", [0, 1])
async def test_cve_2026_97688_every_step_of_decoding_makes_progress(
    raw_server, session, read_whole, coding, step
):
    """Cut off, or followed by junk, a coded body in chunks went round for ever."""
    whole = packed(coding, 1000)
    for bad in (whole[: len(whole) // 2], whole[:-1], b"\0" * 40, whole[:4] + b"\xff" * 40):
        chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(bad), bad)
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        server = await raw_server(head.encode() + chunks, step=step)
        with pytest.raises(ClientPayloadError, match="cannot be decoded"):
            await asyncio.wait_for(read_whole(session, server.url), 20)


async def test_cve_2018_1000518_the_last_bytes_are_bounded_too(raw_server, read_whole, most_memory):
    """The flush at the end gave out all the rest at once."""
    raw = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join(raw.compress(bytes(MIB)) for _ in range(200)) + raw.flush()
    server = await raw_server(answer(bomb, "deflate"))
    async with ClientSession(max_decoded_size=MIB) as session:
        with most_memory(16), pytest.raises(ClientPayloadError):
            await read_whole(session, server.url)


async def test_cve_2026_21441_leaving_early_costs_nothing(
    raw_server, session, most_memory, most_cpu
):
    """A few bytes were wanted, and the rest was drained decoded."""
    server = await raw_server(answer(gzip.compress(packed("gzip", 300 * MIB)), "gzip, gzip"))
    with most_memory(16), most_cpu(0.5):
        async with session.get(server.url) as response:
            assert await response.content.readexactly(10) == bytes(10)


async def test_promise_no_coding_is_applied_twice(raw_server, session):
    """A body that says it is coded, and `compress=`: the receiver would unpack half of it."""
    server = await raw_server(OK)
    with pytest.raises(ValueError, match="Content-Encoding"):
        await session.post(
            server.url, data=b"x", headers={"Content-Encoding": "gzip"}, compress="gzip"
        )
    async with session.post(server.url, data=b"x" * 999, compress="gzip") as response:
        await response.read()
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert len(re.findall(rb"content-encoding", head, re.IGNORECASE)) == 1
    coded = b""
    while (size := int(body.partition(b"\r\n")[0], 16)) > 0:
        begin = body.index(b"\r\n") + 2
        coded += body[begin : begin + size]
        body = body[begin + size + 2 :]
    assert gzip.decompress(coded) == b"x" * 999
