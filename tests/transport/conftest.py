"""Fixtures: two ends of a connection that speak WebSocket, or one that says what it is told."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable

import pytest

from notebook_http.transport.connection import Connection
from notebook_http.transport.timeouts import DeadlineTimer
from notebook_http.transport.websocket_session import WebSocketSession
from notebook_http.transport.websocket_settings import SessionSettings


class Raw(Connection):
    """A peer that only says what a test tells it to."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data


class Pair:
    """Makes connected peers, and forgets them at the end."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.made: list[Connection] = []

    async def connect(self, *make: Callable[[], Connection]) -> list[Connection]:
        """Return one protocol for each of two makers, connected to one another."""
        peers: list[Connection] = []
        for sock, maker in zip(socket.socketpair(), make, strict=True):
            sock.setblocking(False)
            peers.append((await self.loop.create_connection(maker, sock=sock))[1])
        self.made += peers
        return peers

    async def sessions(
        self, client: dict[str, object] | None = None, server: dict[str, object] | None = None
    ) -> tuple[WebSocketSession, WebSocketSession]:
        """Return a client and a server that talk to one another."""
        ours, theirs = await self.connect(
            lambda: WebSocketSession(self.loop, SessionSettings(True, **(client or {}))),
            lambda: WebSocketSession(self.loop, SessionSettings(False, **(server or {}))),
        )
        assert isinstance(ours, WebSocketSession)
        assert isinstance(theirs, WebSocketSession)
        return ours, theirs

    def silent(self) -> Raw:
        """Return a peer that says nothing by itself, not connected yet."""
        return Raw(self.loop)

    async def raw(self, **settings: object) -> tuple[WebSocketSession, Raw]:
        """Return a client and a peer that says nothing by itself."""
        ours, theirs = await self.connect(
            lambda: WebSocketSession(self.loop, SessionSettings(True, **settings)),
            self.silent,
        )
        assert isinstance(ours, WebSocketSession)
        assert isinstance(theirs, Raw)
        return ours, theirs


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    """Return what makes peers; afterwards no transport and no deadline may be left."""
    pair = Pair()
    yield pair
    for peer in pair.made:
        peer.abort()
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(DeadlineTimer.of(pair.loop)) == 0


@pytest.fixture(scope="session")
def until() -> Callable[[Callable[[], object]], object]:
    """Return what waits for a condition, at most five seconds."""
    return _until


async def _until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)
