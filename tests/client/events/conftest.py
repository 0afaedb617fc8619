"""A server that sends streams of events, part by part."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

Part = bytes | float
Stream = Callable[..., Awaitable[Any]]


@pytest.fixture
def stream(serve: Any, read_request: Any) -> Stream:
    """Start a server whose nth connection gets the nth list of parts: bytes, or seconds to wait.

    The connection is closed at the end of its parts; the last list is repeated.
    """

    async def start(*connections: tuple[Part, ...]) -> Any:
        started: list[Any] = []

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            server = started[0]
            parts = connections[min(server.connections, len(connections)) - 1]
            server.requests.append(await read_request(reader))
            for part in parts:
                if isinstance(part, bytes):
                    writer.write(part)
                    await writer.drain()
                else:
                    await asyncio.sleep(part)

        started.append(await serve(talk))
        return started[0]

    return start
