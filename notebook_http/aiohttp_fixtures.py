"""The fixtures of `pytest_plugin` under the names that aiohttp and pytest-aiohttp have for them.

Imported from `notebook_http.pytest_plugin`, as theirs are from `aiohttp.pytest_plugin`.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    from notebook_http.test_utils import AiohttpClient, AiohttpRawServer, AiohttpServer

__all__ = ["FIXTURES"]

FIXTURES = (
    "aiohttp_client",
    "aiohttp_client_cls",
    "aiohttp_raw_server",
    "aiohttp_server",
    "aiohttp_unused_port",
    "fast",
    "loop",
    "loop_debug",
    "proactor_loop",
    "raw_test_server",
    "test_client",
    "test_server",
    "unused_port",
)


@pytest.fixture
def fast(request: pytest.FixtureRequest) -> bool:
    """Return whether ``--aiohttp-fast`` was given."""
    return bool(request.config.getoption("aiohttp_fast", False))


@pytest.fixture
def loop_debug(request: pytest.FixtureRequest) -> bool:
    """Return whether ``--aiohttp-enable-loop-debug`` was given."""
    return bool(request.config.getoption("aiohttp_enable_loop_debug", False))


@pytest.fixture
def loop(http_loop: asyncio.AbstractEventLoop) -> asyncio.AbstractEventLoop:
    """Return the event loop of the test. Override it, and the tests run with yours."""
    return http_loop


@pytest.fixture
def proactor_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Return Windows' event loop of overlapped I/O; there is none elsewhere."""
    import asyncio

    from notebook_http.test_utils import loop_context

    factory = getattr(asyncio, "ProactorEventLoop", None)
    if factory is None:
        pytest.skip("only Windows has asyncio.ProactorEventLoop")
    with loop_context(factory) as own:
        yield own


@pytest.fixture
def aiohttp_unused_port(http_unused_port: Callable[[], int]) -> Callable[[], int]:
    """Return a function of no arguments; see `notebook_http.test_utils.unused_port`."""
    return http_unused_port


@pytest.fixture
def aiohttp_client_cls(http_client_cls: type[Any]) -> type[Any]:
    """Return the class of the clients that `aiohttp_client` makes; override it for your own."""
    return http_client_cls


@pytest.fixture
def aiohttp_client(
    loop: asyncio.AbstractEventLoop, aiohttp_client_cls: type[Any]
) -> Iterator[AiohttpClient]:
    """Return what starts a client of an application or a server; see `AiohttpClient`."""
    from notebook_http.test_utils.fixture_factories import clients

    yield from clients(loop, aiohttp_client_cls)


@pytest.fixture
def aiohttp_server(http_server: AiohttpServer) -> AiohttpServer:
    """Return what starts a server of an application; see `AiohttpServer`."""
    return http_server


@pytest.fixture
def aiohttp_raw_server(http_raw_server: AiohttpRawServer) -> AiohttpRawServer:
    """Return what starts a server of one handler; see `AiohttpRawServer`."""
    return http_raw_server


def _warn(older: str, name: str) -> None:
    text = f"Deprecated, use {name} fixture instead of {older}"
    warnings.warn(text, DeprecationWarning, stacklevel=2)


@pytest.fixture
def unused_port(aiohttp_unused_port: Callable[[], int]) -> Callable[[], int]:
    """Return `aiohttp_unused_port`, of which this is an older name."""
    _warn("unused_port", "aiohttp_unused_port")
    return aiohttp_unused_port


@pytest.fixture
def test_client(aiohttp_client: AiohttpClient) -> AiohttpClient:
    """Return `aiohttp_client`, of which this is an older name."""
    _warn("test_client", "aiohttp_client")
    return aiohttp_client


@pytest.fixture
def test_server(aiohttp_server: AiohttpServer) -> AiohttpServer:
    """Return `aiohttp_server`, of which this is an older name."""
    _warn("test_server", "aiohttp_server")
    return aiohttp_server


@pytest.fixture
def raw_test_server(aiohttp_raw_server: AiohttpRawServer) -> AiohttpRawServer:
    """Return `aiohttp_raw_server`, of which this is an older name."""
    _warn("raw_test_server", "aiohttp_raw_server")
    return aiohttp_raw_server
