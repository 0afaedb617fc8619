"""The arguments that aiohttp's connectors have, each with what it does here."""

from __future__ import annotations

import asyncio
import ssl
import sys
import time
import warnings
from typing import Any

import pytest
import trustme

from notebook_http.client import ClientSession, TCPConnector, UnixConnector
from notebook_http.client.named_pipe_connector import NamedPipeConnector
from notebook_http.transport.async_resolver import AsyncResolver
from notebook_http.transport.resolver import ThreadedResolver

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def test_an_idle_connection_may_be_kept_for_ever(serve: Any) -> None:
    server = await serve(OK)
    async with ClientSession(connector=TCPConnector(keepalive_timeout=None)) as session:
        for _ in range(2):
            async with session.get(server.url) as response:
                await response.read()
            await asyncio.sleep(0.01)
        assert session.connector._pool._sweep is None
    assert server.connections == 1


async def test_keeping_and_closing_contradict_each_other() -> None:
    TCPConnector(force_close=True, keepalive_timeout=None)
    with pytest.raises(ValueError, match="keepalive_timeout cannot be set"):
        TCPConnector(force_close=True, keepalive_timeout=5)


async def test_a_loop_can_be_given(serve: Any) -> None:
    server = await serve(OK)
    loop = asyncio.get_running_loop()
    resolver = ThreadedResolver(loop)
    connector = TCPConnector(loop=loop, timeout_ceil_threshold=3, resolver=resolver)
    async with ClientSession(connector=connector) as session:
        assert connector.loop is loop
        async with session.get(server.url) as response:
            assert response.status == 200
    assert UnixConnector("/none", loop=loop).loop is loop


async def test_cleaning_up_is_accepted_and_told_where_it_is_of_no_use() -> None:
    needless = sys.version_info >= (3, 13, 1) or (3, 12, 8) <= sys.version_info < (3, 13)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        TCPConnector(enable_cleanup_closed=True)
    assert [warning.category for warning in caught] == [DeprecationWarning] * needless


@pytest.mark.parametrize(("seconds", "least", "most"), [(0, 0.0, 0.2), (0.6, 0.5, 1.5)])
async def test_how_long_a_silent_tls_peer_is_waited_for(
    serve: Any, seconds: float, least: float, most: float
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        writer.transport.pause_reading()
        try:
            await asyncio.sleep(20)
        finally:
            writer.transport.abort()

    server = await serve(silent, ssl=context)
    with pytest.warns(DeprecationWarning, match="ssl_shutdown_timeout"):
        connector = TCPConnector(ssl_shutdown_timeout=seconds)
    session = ClientSession(connector=connector)
    async with session.get(f"https://localhost:{server.port}", ssl=False) as response:
        await response.read()
    began = time.monotonic()
    await session.close()
    assert least <= time.monotonic() - began <= most


async def test_pipes_are_for_windows() -> None:
    if sys.platform == "win32":
        pytest.skip("the proactor loop knows pipes")
    with pytest.raises(RuntimeError, match="only available in proactor loop"):
        NamedPipeConnector("pipe")


async def test_a_resolver_without_its_library_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiodns", None)  # as if it were not installed
    with pytest.raises(RuntimeError, match="requires aiodns"):
        AsyncResolver()
