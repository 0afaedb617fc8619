"""The clients that are measured, each used as its documentation says.

All get the same: no proxies from the environment, as many kept connections as are asked for, and
over TLS a certificate authority to verify the server by. A peer's `session` is opened once a
round; what is not in `kinds` it cannot do.
"""

from __future__ import annotations

import importlib
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, ClassVar

from client_rows import LARGE_BODY, PIECE, Kind

REQUESTS: frozenset[Kind] = frozenset({"get", "json", "post", "download", "upload"})


async def pieces() -> AsyncIterator[bytes]:
    """Yield a large body piece by piece."""
    for _ in range(LARGE_BODY // len(PIECE)):
        yield PIECE


class Peer:
    """A library; *authority* is the path of the certificate authority's PEM file."""

    # The share of a row's requests that this one is asked for: slow ones get fewer.
    share: ClassVar[float] = 1.0
    kinds: ClassVar[frozenset[Kind]] = REQUESTS

    def __init__(self, authority: str) -> None:
        self.authority = authority

    def session(self, connections: int) -> AbstractAsyncContextManager[Any]:
        """Return a fresh session."""
        raise NotImplementedError

    async def get(self, session: Any, url: str) -> tuple[int, Any]:
        """Return status and body."""
        raise NotImplementedError

    async def json(self, session: Any, url: str) -> tuple[int, Any]:
        """Return status and value."""
        raise NotImplementedError

    async def post(self, session: Any, url: str, body: bytes) -> tuple[int, Any]:
        """Send *body*; return status and body."""
        raise NotImplementedError

    async def download(self, session: Any, url: str) -> int:
        """Read a large body piece by piece; return its bytes."""
        raise NotImplementedError

    async def upload(self, session: Any, url: str) -> tuple[int, Any]:
        """Send `pieces()`; return status and body."""
        raise NotImplementedError

    def socket(self, session: Any, url: str) -> AbstractAsyncContextManager[Any]:
        """Return a WebSocket."""
        raise NotImplementedError

    async def echo(self, socket: Any, message: bytes, times: int) -> None:
        """Send *message* and await its echo."""
        raise NotImplementedError


class AiohttpShaped(Peer):
    """Aiohttp, and whatever has its names."""

    kinds = REQUESTS | {"echo"}
    module = "aiohttp"

    def session(self, connections: int) -> AbstractAsyncContextManager[Any]:
        library = importlib.import_module(self.module)
        context = ssl.create_default_context(cafile=self.authority)
        connector = library.TCPConnector(ssl=context)
        session: AbstractAsyncContextManager[Any] = library.ClientSession(connector=connector)
        return session

    async def get(self, session: Any, url: str) -> tuple[int, Any]:
        async with session.get(url) as response:
            return response.status, await response.read()

    async def json(self, session: Any, url: str) -> tuple[int, Any]:
        async with session.get(url) as response:
            return response.status, await response.json()

    async def post(self, session: Any, url: str, body: bytes) -> tuple[int, Any]:
        async with session.post(url, data=body) as response:
            return response.status, await response.read()

    async def download(self, session: Any, url: str) -> int:
        received = 0
        async with session.get(url) as response:
            async for piece in response.content.iter_chunked(len(PIECE)):
                received += len(piece)
        return received

    async def upload(self, session: Any, url: str) -> tuple[int, Any]:
        async with session.post(url, data=pieces()) as response:
            return response.status, await response.read()

    def socket(self, session: Any, url: str) -> AbstractAsyncContextManager[Any]:
        socket: AbstractAsyncContextManager[Any] = session.ws_connect(url)
        return socket

    async def echo(self, socket: Any, message: bytes, times: int) -> None:
        for _ in range(times):
            await socket.send_bytes(message)
            received = await socket.receive()
            if received.data != message:
                raise SystemExit(f"wrong echo: {received!r:.200}")


class Ours(AiohttpShaped):
    """This project."""

    module = "notebook_http"


class Httpx(Peer):
    """Encode's client."""

    # Over 64 connections each request costs it 5 ms, over one 0.6.
    share = 1 / 32

    def session(self, connections: int) -> AbstractAsyncContextManager[Any]:
        import httpx

        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        context = ssl.create_default_context(cafile=self.authority)
        return httpx.AsyncClient(verify=context, limits=limits, trust_env=False)

    async def get(self, session: Any, url: str) -> tuple[int, Any]:
        response = await session.get(url)
        return response.status_code, response.content

    async def json(self, session: Any, url: str) -> tuple[int, Any]:
        response = await session.get(url)
        return response.status_code, response.json()

    async def post(self, session: Any, url: str, body: bytes) -> tuple[int, Any]:
        response = await session.post(url, content=body)
        return response.status_code, response.content

    async def download(self, session: Any, url: str) -> int:
        received = 0
        async with session.stream("GET", url) as response:
            async for piece in response.aiter_bytes():
                received += len(piece)
        return received

    async def upload(self, session: Any, url: str) -> tuple[int, Any]:
        response = await session.post(url, content=pieces())
        return response.status_code, response.content


class Niquests(Peer):
    """The requests fork with an async session."""

    share = 1 / 16

    def session(self, connections: int) -> AbstractAsyncContextManager[Any]:
        import niquests

        session = niquests.AsyncSession(
            pool_connections=connections, pool_maxsize=connections, disable_http3=True
        )
        session.trust_env = False
        session.verify = self.authority
        return session

    async def get(self, session: Any, url: str) -> tuple[int, Any]:
        response = await session.get(url)
        return response.status_code, response.content

    async def json(self, session: Any, url: str) -> tuple[int, Any]:
        response = await session.get(url)
        return response.status_code, response.json()

    async def post(self, session: Any, url: str, body: bytes) -> tuple[int, Any]:
        response = await session.post(url, data=body)
        return response.status_code, response.content

    async def download(self, session: Any, url: str) -> int:
        received = 0
        response = await session.get(url, stream=True)
        async for piece in await response.iter_content(len(PIECE)):
            received += len(piece)
        return received

    async def upload(self, session: Any, url: str) -> tuple[int, Any]:
        response = await session.post(url, data=pieces())
        return response.status_code, response.content


class Pyreqwest(Peer):
    """Rust's reqwest."""

    def session(self, connections: int) -> AbstractAsyncContextManager[Any]:
        from pyreqwest.client import ClientBuilder

        authority = Path(self.authority).read_bytes()
        builder = ClientBuilder().add_root_certificate_pem(authority).no_proxy()
        client: AbstractAsyncContextManager[Any] = builder.max_connections(connections).build()
        return client

    async def get(self, session: Any, url: str) -> tuple[int, Any]:
        response = await session.get(url).build().send()
        return response.status, await response.bytes()

    async def json(self, session: Any, url: str) -> tuple[int, Any]:
        response = await session.get(url).build().send()
        return response.status, await response.json()

    async def post(self, session: Any, url: str, body: bytes) -> tuple[int, Any]:
        response = await session.post(url).body_bytes(body).build().send()
        return response.status, await response.bytes()

    async def download(self, session: Any, url: str) -> int:
        received = 0
        async with session.get(url).build_streamed() as response:
            while (piece := await response.body_reader.read_chunk()) is not None:
                received += len(piece)
        return received

    async def upload(self, session: Any, url: str) -> tuple[int, Any]:
        response = await session.post(url).body_stream(pieces()).build().send()
        return response.status, await response.bytes()


class Websockets(Peer):
    """The WebSocket library; it knows no requests."""

    kinds = frozenset({"echo"})

    def session(self, connections: int) -> AbstractAsyncContextManager[Any]:
        import contextlib

        return contextlib.nullcontext()

    def socket(self, session: Any, url: str) -> AbstractAsyncContextManager[Any]:
        from websockets.asyncio.client import connect

        return connect("ws" + url.removeprefix("http"), compression=None, proxy=None)

    async def echo(self, socket: Any, message: bytes, times: int) -> None:
        for _ in range(times):
            await socket.send(message)
            received = await socket.recv()
            if received != message:
                raise SystemExit(f"wrong echo: {received!r:.200}")


# By the name of their module; ours and aiohttp's have to be there.
PEERS: dict[str, type[Peer]] = {
    "notebook_http": Ours,
    "aiohttp": AiohttpShaped,
    "pyreqwest": Pyreqwest,
    "niquests": Niquests,
    "httpx": Httpx,
    "websockets": Websockets,
}
