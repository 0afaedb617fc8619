"""Listening works or leaves nothing behind."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from pathlib import Path

import pytest

from notebook_http.transport.listener import (
    ListenOptions,
    bind_tcp,
    listen_socket,
    listen_tcp,
    listen_unix,
)


async def test_a_cancelled_start_frees_the_port() -> None:
    """Whoever is cancelled in the middle has no handle to close anything with."""
    for turns in range(4):
        sock = bind_tcp("127.0.0.1", 0, ListenOptions())
        port = sock.getsockname()[1]
        task = asyncio.create_task(listen_socket(asyncio.Protocol, sock, ListenOptions()))
        for _ in range(turns):
            await asyncio.sleep(0)
        if task.cancel():
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            task.result().close()
        sock.close()
        again = await listen_tcp(asyncio.Protocol, "127.0.0.1", port, ListenOptions())
        again.close()
        await again.wait_closed()


async def test_a_host_that_does_not_resolve_is_named() -> None:
    """By both ways to bind; `.invalid` never resolves (RFC 6761 §6.4)."""
    where = "cannot listen on nowhere.invalid, port 0"
    with pytest.raises(socket.gaierror, match=where):
        await listen_tcp(asyncio.Protocol, "nowhere.invalid", 0, ListenOptions())
    with pytest.raises(OSError, match=where):
        bind_tcp("nowhere.invalid", 0, ListenOptions())


async def test_a_taken_port_says_what_to_try() -> None:
    """Both ways to bind tell the same."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="somebody listens there already") as caught:
            await listen_tcp(asyncio.Protocol, "127.0.0.1", port, ListenOptions())
        assert caught.value.errno == errno.EADDRINUSE
        with pytest.raises(OSError, match="somebody listens there already"):
            bind_tcp("127.0.0.1", port, ListenOptions())


@pytest.mark.skipif(os.name != "posix", reason="Unix sockets")
async def test_a_unix_path_that_cannot_be_had_says_why(tmp_path: Path) -> None:
    """In words of files: there is no other port to take."""
    (tmp_path / "file").write_text("")
    for path, hint in (
        (tmp_path / "file", "a file or a folder is there that is no socket"),
        (tmp_path, "a file or a folder is there that is no socket"),
        (tmp_path / "none" / "socket", "its folder is not there"),
    ):
        with pytest.raises(OSError, match=hint) as caught:
            await listen_unix(asyncio.Protocol, path, ListenOptions())
        assert str(path) in str(caught.value)
        assert "port" not in str(caught.value).replace(str(tmp_path), "")
