"""aiohttp and this project over TLS, in every direction: the same sockets, wrapped."""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import io
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.peer
NAMES = ["notebook_http", "aiohttp"]


@pytest.fixture(
    params=[(client, server) for client in NAMES for server in NAMES], ids="-asks-".join
)
async def secure_pair(
    request: pytest.FixtureRequest,
    serve_on: Callable[..., Awaitable[str]],
    tls: Callable[..., ssl.SSLContext],
) -> AsyncIterator[SimpleNamespace]:
    """A client that trusts the tests' authority, and an https address of the other library."""
    client_name, server_name = request.param
    client = importlib.import_module(client_name)
    url = await serve_on(server_name, scheme="https", ssl_context=tls(server=True))
    connector = client.TCPConnector(ssl=tls(server=False))
    async with client.ClientSession(connector=connector) as session:
        yield SimpleNamespace(client=client, session=session, url=url, server_name=server_name)
    await asyncio.sleep(0.05)  # aiohttp's TLS transports close after their session


async def test_large_bodies_go_both_ways(secure_pair: SimpleNamespace, pattern: bytes) -> None:
    """TLS records cut the stream elsewhere than TCP does."""
    async with secure_pair.session.get(f"{secure_pair.url}/chunked") as response:
        assert await response.read() == pattern
    async with secure_pair.session.post(
        f"{secure_pair.url}/digest", data=io.BytesIO(pattern)
    ) as response:
        digest = (await response.json())["sha256"]
    assert digest == hashlib.sha256(pattern).hexdigest()


async def test_connection_is_kept_over_tls(secure_pair: SimpleNamespace) -> None:
    """A handshake for each request would be the dearest mistake of all."""
    ports = set()
    for _ in range(5):
        async with secure_pair.session.get(f"{secure_pair.url}/echo") as response:
            ports.add((await response.json())["peer_port"])
    assert len(ports) == 1


async def test_unknown_authority_is_refused(secure_pair: SimpleNamespace) -> None:
    """Verification is on unless somebody turns it off, and the error names the certificate."""
    async with secure_pair.client.ClientSession() as session:
        with pytest.raises(secure_pair.client.ClientConnectorCertificateError):
            await session.get(f"{secure_pair.url}/hello")
        async with session.get(f"{secure_pair.url}/hello", ssl=False) as response:
            assert response.status == 200


async def test_wrong_host_name_is_refused(
    secure_pair: SimpleNamespace,
    serve_on: Callable[..., Awaitable[str]],
    tls: Callable[..., ssl.SSLContext],
) -> None:
    """A certificate of a trusted authority, but for somebody else."""
    context = tls(server=True, name="elsewhere.example")
    url = await serve_on(secure_pair.server_name, scheme="https", ssl_context=context)
    with pytest.raises(secure_pair.client.ClientConnectorCertificateError):
        await secure_pair.session.get(f"{url}/hello")
