"""Bytes that come between two requests, while the loop is busy with something else.

A loop that runs drops their connection at once; one that a cell blocks has not seen them when the
next request is made, and would take them for its answer.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from notebook_http.client import ClientSession

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CANARY = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ncanary"


@pytest.fixture
def thread_server() -> Iterator[Callable[[bytes], SimpleNamespace]]:
    """Start a server in a thread, given its first answer; later connections get `OK`.

    Behind its first answer it waits for `go`, and then sends `CANARY`.
    """
    with contextlib.ExitStack() as ends:

        def serve(listener: socket.socket, server: SimpleNamespace, first: bytes) -> None:
            with contextlib.suppress(OSError), contextlib.ExitStack() as open_ones:
                while True:
                    sock = open_ones.enter_context(listener.accept()[0])
                    server.connections += 1
                    sock.recv(10_000)
                    if server.connections > 1:
                        sock.sendall(OK)
                        continue
                    sock.sendall(first)
                    server.go.wait(20)
                    sock.sendall(CANARY)

        def start(first: bytes) -> SimpleNamespace:
            listener = socket.create_server(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
            server = SimpleNamespace(url=url, connections=0, go=threading.Event())
            thread = threading.Thread(target=serve, args=(listener, server, first))
            thread.start()
            ends.callback(thread.join)
            ends.callback(listener.close)
            ends.callback(listener.shutdown, socket.SHUT_RDWR)
            ends.callback(server.go.set)
            return server

        yield start


def block_until_readable(session: ClientSession) -> None:
    """Block the loop, as a computation in a cell does, until something has come."""
    (connection,) = session.connector._pool.connections()
    fd = connection.get_extra_info("socket").fileno()
    assert select.select([fd], [], [], 10)[0]


async def test_an_answer_that_came_during_a_computation_is_not_the_next_one(thread_server, session):
    """A tenth of a second is enough for a server to send what it likes."""
    server = thread_server(OK)
    async with session.get(server.url) as response:
        assert await response.text() == "ok"
    server.go.set()
    block_until_readable(session)
    time.sleep(0.1)
    async with session.get(server.url) as response:
        assert await response.text() == "ok"
    assert server.connections == 2


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 44\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 44\r\n\r\n"),
    ],
)
async def test_a_body_that_must_not_be_is_not_the_next_answer(
    thread_server, session, method, answer
):
    """Servers that send one do so a moment later: the next request looks first."""
    server = thread_server(answer)
    async with session.request(method, server.url) as response:
        assert await response.read() == b""
    server.go.set()
    block_until_readable(session)
    async with session.get(server.url) as response:
        assert await response.text() == "ok"
    assert server.connections == 2
