"""What the fixtures hand to tests: functions that start things, which are closed behind the test.

Each thing is closed on the loop that it was started on: the running one, whoever runs the test.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Protocol, cast

from notebook_http.test_utils.client import TestClient
from notebook_http.test_utils.fixture_shapes import (
    AiohttpClient,
    AiohttpRawServer,
    AiohttpServer,
)
from notebook_http.test_utils.servers import BaseTestServer, RawTestServer, TestServer
from notebook_http.web.application import Application
from notebook_http.web.stream_response import StreamResponse

__all__ = ["clients", "raw_servers", "servers"]


class Closable(Protocol):
    """A server or a client."""

    async def close(self) -> None:
        """Close it."""


class _Started:
    """What was started for a test, and on which loop."""

    def __init__(self) -> None:
        self._things: list[tuple[asyncio.AbstractEventLoop, Closable]] = []

    def add(self, thing: Closable) -> None:
        self._things.append((asyncio.get_running_loop(), thing))

    def close(self) -> None:
        """Close everything, the last first. The first error is raised when all are closed."""
        failure: Exception | None = None
        while self._things:
            loop, thing = self._things.pop()
            if loop.is_closed():
                text = f"{thing!r} is left open: its event loop was closed before the fixture was"
                warnings.warn(text, ResourceWarning, stacklevel=2)
                continue
            try:
                loop.run_until_complete(thing.close())
            except Exception as error:
                failure = failure or error
        if failure is not None:
            raise failure


def clients(
    loop: asyncio.AbstractEventLoop, client_class: type[TestClient[Any, Any]]
) -> Iterator[AiohttpClient]:
    """Yield what starts clients of *client_class*, and close them."""
    started = _Started()

    async def start(
        param: Any, /, *args: Any, server_kwargs: dict[str, Any] | None = None, **kwargs: Any
    ) -> TestClient[Any, Any]:
        if callable(param) and not isinstance(param, Application | BaseTestServer):
            # aiohttp's first shape: a function that makes the application, or the server.
            param = param(loop, *args, **kwargs)
            args, kwargs = (), {}
        if args:
            raise AssertionError(f"args should be empty, not {args!r}: pass them by name")
        if isinstance(param, Application):
            param = TestServer(param, **(server_kwargs or {}))
        if not isinstance(param, BaseTestServer):
            raise ValueError(
                f"Unknown argument type: {type(param)!r}, not an application or a test server"
            )
        client = client_class(param, **kwargs)
        started.add(client)
        await client.start_server()
        return client

    yield cast("AiohttpClient", start)
    started.close()


def servers() -> Iterator[AiohttpServer]:
    """Yield what starts servers of applications, and close them."""
    started = _Started()

    async def start(
        app: Application, *, host: str = "127.0.0.1", port: int | None = None, **kwargs: Any
    ) -> TestServer:
        server = TestServer(app, host=host, port=port)
        started.add(server)
        await server.start_server(**kwargs)
        return server

    yield start
    started.close()


def raw_servers() -> Iterator[AiohttpRawServer]:
    """Yield what starts servers of handlers, and close them."""
    started = _Started()

    async def start(
        handler: Callable[[Any], Awaitable[StreamResponse]],
        *,
        port: int | None = None,
        **kwargs: Any,
    ) -> RawTestServer:
        server = RawTestServer(handler, port=port)
        started.add(server)
        await server.start_server(**kwargs)
        return server

    yield start
    started.close()
