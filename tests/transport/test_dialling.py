"""Sockets are opened to the first address that answers, and none is left behind."""

from __future__ import annotations

import asyncio
import socket

import pytest

from notebook_http.transport.dialling import DialSettings, open_socket, open_unix_socket
from notebook_http.transport.resolver import ResolveResult


def address(host: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return ResolveResult(hostname="h", host=host, port=port, family=family, proto=0, flags=0)


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock.getsockname()[1]


@pytest.mark.parametrize("delay", [0.05, None])
async def test_the_address_that_answers_wins(listener, delay):
    """RFC 8305, or one after the other when that is switched off."""
    settings = DialSettings(happy_eyeballs_delay=delay)
    addresses = [address("::1", listener), address("127.0.0.1", listener)]
    with await open_socket(addresses, settings) as sock:
        assert sock.getpeername() == ("127.0.0.1", listener)
        assert not sock.getblocking()
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_when_none_answers_the_causes_are_told():
    """With the error number that they share."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        addresses = [address("127.0.0.1", port), address("127.0.0.2", port)]
        with pytest.raises(OSError, match=r"127\.0\.0\.2"):
            await open_socket(addresses, DialSettings())


async def test_a_cancel_closes_what_was_being_opened(monkeypatch):
    """Leaked sockets would warn at the end of this test."""
    loop = asyncio.get_running_loop()
    started = asyncio.Event()

    async def hang(sock: socket.socket, where: object) -> None:
        started.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(loop, "sock_connect", hang)
    for opening in (
        open_socket([address("127.0.0.1", 9)], DialSettings()),
        open_unix_socket("/nowhere"),
    ):
        started.clear()
        task = asyncio.create_task(opening)
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
