"""Keep-alive load on a server, with every answer checked.

Bare sockets and a selector: each connection asks again as soon as it is answered, so that as many
requests as there are connections are always on their way. The load has to cost less than what it
measures: a server that waits for its load wakes up for each request by itself, and what is
measured is the waking.
"""

from __future__ import annotations

import selectors
import socket
import time
from dataclasses import dataclass

from payloads import ServerRow, get

STATUS_OK = b"HTTP/1.1 200 "
# Seconds without an answer after which a server counts as hung.
PATIENCE = 10.0


class WrongAnswerError(Exception):
    """A server answered something else than the benchmark asks for: no figure is worth that."""


class LoadConnection:
    """One connection that asks the same again and again."""

    __slots__ = ("_body", "_name", "_number", "_received", "_request", "answer_bytes", "socket")

    def __init__(self, port: int, row: ServerRow) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._name = row.name
        self._request = row.request
        self._number = 0 if row.numbered else None
        self._body = row.body
        self._received = b""
        self.answer_bytes = 0  # a whole answer, learnt from the first one

    def ask(self) -> None:
        """Send the request."""
        request = self._request
        if self._number is not None:
            self._number += 1
            request %= self._number
        self.socket.sendall(request)

    def take(self) -> bool:
        """Read what has come; whether an answer is whole. It is checked then."""
        data = self.socket.recv(65536)
        if not data:
            raise WrongAnswerError(f"{self._name}: connection lost")
        if self._received:
            data = self._received + data
        if len(data) < self.answer_bytes or (not self.answer_bytes and not self._learn(data)):
            self._received = data
            return False
        self._received = b""
        if (
            len(data) != self.answer_bytes
            or not data.startswith(STATUS_OK)
            or not data.endswith(self._body)
        ):
            raise WrongAnswerError(f"{self._name}: got {data[:300]!r}")
        return True

    def _learn(self, data: bytes) -> bool:
        """Read the answer's size off its head; False while the answer is not whole."""
        head, end, body = data.partition(b"\r\n\r\n")
        if not end:
            return False
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                self.answer_bytes = len(head) + len(end) + int(value)
                return len(body) >= int(value)
        raise WrongAnswerError(f"{self._name}: no length in {head!r}")


@dataclass(frozen=True, slots=True)
class ServerFigures:
    """What one round cost: seconds, and bytes of one answer."""

    cpu_seconds: float
    wall_seconds: float
    requests: int
    answer_bytes: int


def measure(port: int, row: ServerRow, connections: int) -> ServerFigures:
    """Return the price of *row.requests* requests over *connections* kept connections.

    Raises:
        WrongAnswerError: an answer differed, or a connection was lost.
    """
    clients = [LoadConnection(port, row) for _ in range(connections)]
    try:
        with selectors.DefaultSelector() as selector:
            for client in clients:
                selector.register(client.socket, selectors.EVENT_READ, client)
            cpu_before = cpu_seconds(port)
            started = time.perf_counter()
            exchange(selector, clients, row)
            wall_seconds = time.perf_counter() - started
            cpu_after = cpu_seconds(port)
    finally:
        for client in clients:
            client.socket.close()
    return ServerFigures(
        cpu_after - cpu_before, wall_seconds, row.requests, clients[0].answer_bytes
    )


def exchange(
    selector: selectors.BaseSelector, clients: list[LoadConnection], row: ServerRow
) -> None:
    """Ask *row.requests* times, all clients side by side, and return when all is answered."""
    to_send, to_receive = row.requests - len(clients), row.requests
    for client in clients:
        client.ask()
    while to_receive:
        ready = selector.select(PATIENCE)
        if not ready:
            raise WrongAnswerError(f"{row.name}: no answer for {PATIENCE} s")
        for key, _ in ready:
            if key.data.take():
                to_receive -= 1
                if to_send:
                    to_send -= 1
                    key.data.ask()


def cpu_seconds(port: int) -> float:
    """Return the CPU seconds that the server has spent so far, as it tells itself."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
        client.sendall(get("/cpu").replace(b"Accept: */*", b"Connection: close"))
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    return float(answer.rpartition(b"\r\n\r\n")[2])
