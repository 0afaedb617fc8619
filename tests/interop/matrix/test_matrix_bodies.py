"""8 MiB down from and up to each peer, in pieces, in memory that does not grow with them."""

from __future__ import annotations

import hashlib
import ssl
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import notebook_http as nh

pytestmark = pytest.mark.peer
secured = pytest.mark.parametrize("secure", [False, True], ids=["tcp", "tls"])

# What may be allocated at once: the reader's buffer (twice 64 KiB), one read of the loop (256 KiB),
# one piece on its way to the transport and what that holds until its high-water mark (64 KiB), and
# the same again as slack. A quarter of the body.
MOST_MEBIBYTES = 2


@contextmanager
def flat_memory() -> Iterator[None]:
    """Fail if more is allocated at any moment of this block."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()
    assert peak < MOST_MEBIBYTES, f"{peak:.1f} MiB were in use at once"


def digest_of(pieces: Iterator[bytes]) -> tuple[int, str]:
    """Return size and SHA-256 of them all."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()


@secured
async def test_large_download_is_streamed(
    peer: Any, session: nh.ClientSession, spoken: Any, trusting: ssl.SSLContext, secure: bool
) -> None:
    """Chunked, of a known length, or up to the end of the connection, as the peer has it."""
    digest, size = hashlib.sha256(), 0
    async with session.get(peer.at("/hello", tls=secure), ssl=trusting) as response:
        await response.read()  # what is imported and cached on first use is not the body's
    with flat_memory():
        async with session.get(peer.at("/large", tls=secure), ssl=trusting) as response:
            assert response.status == 200
            async for piece in response.content.iter_chunked(65_536):
                digest.update(piece)
                size += len(piece)
    assert (size, digest.hexdigest()) == digest_of(spoken.large())


@secured
@pytest.mark.parametrize("kind", ["sized", "chunked"])
async def test_large_upload_is_streamed(
    peer: Any,
    session: nh.ClientSession,
    spoken: Any,
    trusting: ssl.SSLContext,
    tmp_path: Path,
    kind: str,
    secure: bool,
) -> None:
    """A file has a length; a generator is sent in chunks, which some peers refuse."""
    path = tmp_path / "large.bin"
    path.write_bytes(b"".join(spoken.large()))

    async def pieces() -> AsyncIterator[bytes]:
        for piece in spoken.large():
            yield piece

    if kind == "chunked" and peer.unchunked:
        try:
            url = peer.at("/echo", tls=secure)
            async with session.put(url, data=pieces(), ssl=trusting) as response:
                assert response.status == peer.unchunked
                await response.read()
        except (nh.ClientOSError, nh.ClientPayloadError):  # as for other early refusals
            assert secure
            assert not peer.lingers
        async with session.get(peer.at("/hello")) as response:
            assert await response.text() == peer.hello
        return
    with path.open("rb") as file, flat_memory():
        data = file if kind == "sized" else pieces()
        come = await peer.upload(session, data, tls=secure, ssl=trusting)
    assert come == digest_of(spoken.large())
