"""aiohttp's modules that programs import from are here under their names."""

from __future__ import annotations

import socket
import subprocess
import sys

import aiohttp.abc
import aiohttp.client
import aiohttp.client_exceptions
import pytest

import notebook_http
from notebook_http import ClientSession, TCPConnector
from notebook_http.abc import AbstractResolver, ResolveResult


def test_every_error_is_where_aiohttp_has_it() -> None:
    ours = notebook_http.client_exceptions
    assert [name for name in aiohttp.client_exceptions.__all__ if not hasattr(ours, name)] == []
    assert ours.ClientConnectorError is notebook_http.ClientConnectorError


def test_what_jars_and_resolvers_derive_from_is_where_aiohttp_has_it() -> None:
    theirs = {name for name in dir(aiohttp.abc) if name.startswith("Abstract")} | {"ResolveResult"}
    missing = {name for name in theirs if not hasattr(notebook_http.abc, name)}
    assert missing == set()


def test_the_client_is_where_aiohttp_has_it() -> None:
    missing = {name for name in aiohttp.client.__all__ if not hasattr(notebook_http.client, name)}
    assert missing == set()


@pytest.mark.parametrize(
    "name", ["abc", "client", "client_exceptions", "hdrs", "test_utils", "web"]
)
def test_an_attribute_is_enough(name: str) -> None:
    """`import aiohttp` alone makes `aiohttp.client_exceptions` known; so does ours."""
    code = f"import notebook_http; print(notebook_http.{name}.__name__)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == f"notebook_http.{name}"


class Pinned(AbstractResolver):
    """Sends every name to this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the one address."""
        return [
            {
                "hostname": host,
                "host": "127.0.0.1",
                "port": port,
                "family": socket.AF_INET,
                "proto": 0,
                "flags": 0,
            }
        ]

    async def close(self) -> None:
        """Hold nothing."""


async def test_a_resolver_of_your_own(aiohttp_port: int) -> None:
    async with (
        ClientSession(connector=TCPConnector(resolver=Pinned())) as session,
        session.get(f"http://shop.example:{aiohttp_port}/") as response,
    ):
        assert await response.text() == "shop.example"


@pytest.fixture
async def aiohttp_port():
    """A server of aiohttp's that answers with the host it was asked for."""
    from aiohttp import web

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=request.url.host)

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()
