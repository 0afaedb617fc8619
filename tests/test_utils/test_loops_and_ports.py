"""loop_context and its halves; ports and sockets."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
from typing import Any

import pytest


async def answer() -> int:
    return 42


def test_a_loop_for_a_block(library: Any) -> None:
    with library.test_utils.loop_context() as loop:
        assert asyncio.get_event_loop() is loop
        assert loop.run_until_complete(answer()) == 42
    assert loop.is_closed()


def test_a_loop_of_ones_own_making(library: Any) -> None:
    made = []

    def make() -> asyncio.AbstractEventLoop:
        made.append(asyncio.new_event_loop())
        return made[-1]

    with library.test_utils.loop_context(make, fast=True) as loop:
        assert made == [loop]


def test_its_halves(library: Any) -> None:
    loop = library.test_utils.setup_test_loop()
    assert loop.run_until_complete(answer()) == 42
    library.test_utils.teardown_test_loop(loop)
    assert loop.is_closed()
    library.test_utils.teardown_test_loop(loop, fast=True)  # closed already: fine


def test_a_block_that_fails_closes_its_loop() -> None:
    """Ours alone: aiohttp leaves it open, and the test's error is followed by a warning."""
    from notebook_http.test_utils import loop_context

    kept = []
    with contextlib.suppress(KeyError), loop_context() as loop:
        kept.append(loop)
        raise KeyError
    assert kept[0].is_closed()


def test_ports(library: Any) -> None:
    with library.test_utils.get_unused_port_socket("127.0.0.1") as bound:
        host, port = bound.getsockname()
        assert host == "127.0.0.1"
        assert port
    port = library.test_utils.unused_port()
    with library.test_utils.get_port_socket("127.0.0.1", port, socket.AF_INET) as bound:
        assert bound.getsockname() == ("127.0.0.1", port)


def test_a_port_that_is_taken_leaves_no_socket_open() -> None:
    """Ours alone: pytest turns the socket that aiohttp leaves open into a warning."""
    from notebook_http.test_utils import get_port_socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            get_port_socket("127.0.0.1", port, socket.AF_INET)
    gc.collect()
