"""The end of a large body over TLS that came while nobody was reading.

A full read holds sixteen records; when it makes the reader pause, a seventeenth may be behind them,
in the hands of the transport and no longer in the kernel's. So may the server's goodbye.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import fcntl
import socket
import ssl
import termios
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import trustme

from notebook_http.client import ClientSession, ClientTimeout, TCPConnector
from notebook_http.transport.accelerated import SWITCH

RECORDS_BYTES = 16 * 16_384
ROOM = 4 * 1024 * 1024


def answer(extra: int, *, sized: bool) -> tuple[bytes, bytes]:
    """Return an answer that fills sixteen records and *extra* bytes of another, and its body."""
    line = b"Content-Length: %06d\r\n" if sized else b"X-Nothing: %06d\r\n"
    size = RECORDS_BYTES + extra - len(b"HTTP/1.1 200 OK\r\n" + line % 0 + b"\r\n")
    body = bytes(size - 3) + b"end"
    return b"HTTP/1.1 200 OK\r\n" + line % size + b"\r\n" + body, body


def unread(sock: socket.socket) -> int:
    """Return how many bytes the kernel holds for *sock*."""
    count = array.array("i", [0])
    fcntl.ioctl(sock.fileno(), termios.FIONREAD, count)
    return count[0]


@pytest.fixture
def server() -> Iterator[Callable[[bytes, str], SimpleNamespace]]:
    """Start a server in a thread that gives one answer when it may, and ends as it is told to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with contextlib.ExitStack() as ends:

        def serve(listener: socket.socket, server: SimpleNamespace) -> None:
            with contextlib.suppress(OSError):
                plain = listener.accept()[0]
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM)
                with context.wrap_socket(plain, server_side=True) as sock:
                    sock.recv(10_000)
                    server.asked.set()
                    server.may_answer.wait(20)
                    sock.sendall(server.answer)
                    if "goodbye" in server.ending:
                        sock.settimeout(0.05)
                        with contextlib.suppress(OSError):
                            sock.unwrap()
                    if "hangs up" in server.ending:
                        socket.socket.shutdown(sock, socket.SHUT_WR)
                    server.sent.set()
                    server.done.wait(20)

        def start(whole: bytes, ending: str) -> SimpleNamespace:
            listener = socket.create_server(("127.0.0.1", 0))
            names = ("asked", "may_answer", "sent", "done")
            server = SimpleNamespace(answer=whole, ending=ending)
            for name in names:
                setattr(server, name, threading.Event())
            server.url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
            thread = threading.Thread(target=serve, args=(listener, server))
            thread.start()
            ends.callback(thread.join)
            ends.callback(listener.close)
            for name in names:
                ends.callback(getattr(server, name).set)
            return server

        yield start


def roomy(info: Any) -> socket.socket:
    """Return a socket that takes the whole answer before anybody reads it."""
    sock = socket.socket(*info[:3])
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
    return sock


@pytest.mark.parametrize("transports", ["aiofastnet", "asyncio"])
@pytest.mark.parametrize(
    ("sized", "ending"),
    [
        (True, "stays"),
        (True, "hangs up"),
        (False, "hangs up"),
        (False, "goodbye"),
        (False, "goodbye, hangs up"),
    ],
)
@pytest.mark.parametrize("extra", [3, 400])
async def test_the_end_of_the_body_is_not_left_behind(
    server: Any,
    monkeypatch: pytest.MonkeyPatch,
    transports: str,
    sized: bool,
    ending: str,
    extra: int,
) -> None:
    """Not for ever, and not for good."""
    if transports == "asyncio":
        monkeypatch.setenv(SWITCH, "1")
    whole, body = answer(extra, sized=sized)
    peer = server(whole, ending)
    async with ClientSession(
        connector=TCPConnector(ssl=False, socket_factory=roomy),
        read_bufsize=64 * 1024,
        timeout=ClientTimeout(total=15),
    ) as session:
        asking = asyncio.create_task(session.get(peer.url))
        while not peer.asked.is_set():
            await asyncio.sleep(0.001)
        (connection,) = session.connector._pool.connections()
        sock = connection.transport.get_extra_info("socket")
        peer.may_answer.set()
        assert peer.sent.wait(10)  # the loop stands still until all of it is in the kernel
        deadline = time.monotonic() + 5
        while unread(sock) < len(whole) and time.monotonic() < deadline:
            time.sleep(0.001)
        async with await asking as response:
            await asyncio.sleep(0)
            pieces = [piece async for piece in response.content.iter_any()]
    assert b"".join(pieces) == body
