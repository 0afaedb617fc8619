"""A server that hangs up behind its answer, while the client is still busy reading that.

It sent a large body and then waited long enough; the client took its time. What comes next, even a
POST, has to find another connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import trustme

from notebook_http.client import ClientSession, TCPConnector
from notebook_http.transport.accelerated import SWITCH

BODY = bytes(200_000)
LARGE = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + BODY
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def hang_up(sock: socket.socket, kind: str) -> None:
    """Close a connection in one of three ways; nothing waits for the client."""
    if kind == "https with goodbye":
        sock.settimeout(0.05)
        with contextlib.suppress(OSError):
            sock.unwrap()  # type: ignore[attr-defined]
    else:
        sock.shutdown(socket.SHUT_WR)


@pytest.fixture
def hasty_server() -> Iterator[Callable[[str], SimpleNamespace]]:
    """Start a server in a thread: its first connection ends behind a large answer, others do not.

    What came over later connections is in `requests`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with contextlib.ExitStack() as ends:

        def serve(listener: socket.socket, server: SimpleNamespace) -> None:
            with contextlib.suppress(OSError), contextlib.ExitStack() as open_ones:
                while True:
                    sock: Any = listener.accept()[0]
                    if server.kind != "http":
                        sock = context.wrap_socket(sock, server_side=True)
                    open_ones.enter_context(sock)
                    request = sock.recv(10_000)
                    if not server.hung_up.is_set():
                        sock.sendall(LARGE)
                        hang_up(sock, server.kind)
                        server.hung_up.set()
                        continue
                    while b"chunked" in request and not request.endswith(b"0\r\n\r\n"):
                        request += sock.recv(10_000)
                    server.requests.append(request)
                    sock.sendall(OK)

        def start(kind: str) -> SimpleNamespace:
            listener = socket.create_server(("127.0.0.1", 0))
            scheme, port = kind.split()[0], listener.getsockname()[1]
            server = SimpleNamespace(
                kind=kind,
                url=f"{scheme}://127.0.0.1:{port}/",
                hung_up=threading.Event(),
                requests=[],
            )
            thread = threading.Thread(target=serve, args=(listener, server))
            thread.start()
            ends.callback(thread.join)
            ends.callback(listener.close)
            ends.callback(listener.shutdown, socket.SHUT_RDWR)
            return server

        yield start


async def generated() -> Any:
    """Yield a body that can be had once."""
    yield b"body"


@pytest.mark.parametrize("transports", ["aiofastnet", "asyncio"])
@pytest.mark.parametrize("kind", ["http", "https", "https with goodbye"])
@pytest.mark.parametrize("data", [b"body", generated], ids=["bytes", "generator"])
async def test_the_next_post_finds_another_connection(
    hasty_server: Any, monkeypatch: pytest.MonkeyPatch, transports: str, kind: str, data: Any
) -> None:
    """The end of the connection is there before the last byte of its answer is read."""
    if transports == "asyncio":
        monkeypatch.setenv(SWITCH, "1")
    server = hasty_server(kind)
    async with ClientSession(connector=TCPConnector(ssl=False)) as session:
        async with session.get(server.url) as response:
            assert server.hung_up.wait(10)  # the loop stands still until then
            assert await response.read() == BODY
        body = data if isinstance(data, bytes) else data()
        async with session.post(server.url, data=body) as response:
            assert await response.text() == "ok"
    assert len(server.requests) == 1
    assert b"body" in server.requests[0]
    await asyncio.sleep(0)
