"""Keep-alive load on a server, with every answer checked; the same for every server.

Bare sockets and a selector: each connection asks again as soon as it is answered, so that as many
requests as there are connections are always on their way. The load has to cost less than what it
measures: a server that waits for its load wakes up for each request by itself, and what is
measured is the waking.
"""

from __future__ import annotations

import json
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from report import Price
from server_rows import UPGRADE, ServerRow

STATUS_OK, STATUS_UPGRADED = b"HTTP/1.1 200 ", b"HTTP/1.1 101 "
LAST_CHUNK = b"0\r\n\r\n"
# Seconds without an answer after which a server counts as hung.
PATIENCE = 10.0
READ_BYTES, LARGE_READ_BYTES = 1 << 16, 1 << 18


class WrongAnswerError(Exception):
    """A server answered something else than the benchmark asks for: no figure is worth that."""


class LoadConnection:
    """One connection that asks the same again and again.

    The first answer is read carefully: where it ends, and whether its body is right. All others
    must have its length, begin like a right one and end with the very same body.
    """

    __slots__ = ("_end", "_name", "_number", "_pieces", "_read", "_received", "_request", "_row")
    __slots__ += ("_start", "answer_bytes", "socket")

    def __init__(self, port: int, row: ServerRow, context: ssl.SSLContext | None) -> None:
        self.socket: socket.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_hostname="127.0.0.1")
        self._row = row
        self._name = row.full_name
        self._request = row.request
        self._number = 0 if row.numbered else None
        self._read = LARGE_READ_BYTES if len(row.body) > READ_BYTES else READ_BYTES
        self._pieces: list[bytes] = []
        self._received = 0
        self._start, self._end = STATUS_OK, b""
        self.answer_bytes = 0  # a whole answer, learnt from the first one
        if row.socket:
            self._upgrade()

    def ask(self) -> None:
        """Send the request."""
        request = self._request
        if self._number is not None:
            self._number += 1
            request %= self._number
        self.socket.sendall(request)

    def take(self) -> bool:
        """Read what has come; whether an answer is whole. It is checked then."""
        data = self._receive()
        self._received += len(data)
        if self._received < self.answer_bytes or not self.answer_bytes:
            self._pieces.append(data)
            if self.answer_bytes or not self._learn(b"".join(self._pieces)):
                return False
            data = b""
        if self._pieces:
            data = b"".join([*self._pieces, data])
            self._pieces.clear()
        self._received = 0
        if (
            len(data) != self.answer_bytes
            or not data.startswith(self._start)
            or not data.endswith(self._end)
        ):
            raise WrongAnswerError(f"{self._name}: got {data[:300]!r}")
        return True

    def _receive(self) -> bytes:
        """Return what has come; over TLS also what is decrypted and would wake no selector."""
        data = self.socket.recv(self._read)
        if not data:
            raise WrongAnswerError(f"{self._name}: connection lost")
        if isinstance(self.socket, ssl.SSLSocket):
            while more := self.socket.pending():
                data += self.socket.recv(more)
        return data

    def _upgrade(self) -> None:
        """Become a WebSocket; from then on every answer is known to the byte."""
        self.socket.sendall(UPGRADE)
        head = self.socket.recv(self._read)
        if not head.startswith(STATUS_UPGRADED) or not head.endswith(b"\r\n\r\n"):
            raise WrongAnswerError(f"{self._name}: no WebSocket, but {head[:300]!r}")
        self._start = self._end = self._row.body
        self.answer_bytes = len(self._row.body)

    def _learn(self, data: bytes) -> bool:
        """Read the answer's size off its head; False while the answer is not whole."""
        head, end, body = data.partition(b"\r\n\r\n")
        if not end:
            return False
        framing = {}
        for line in head.lower().split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            framing[name] = value.strip()
        content: bytes | None = None
        if b"content-length" in framing:
            if len(body) >= int(framing[b"content-length"]):
                content = body
        elif framing.get(b"transfer-encoding") == b"chunked":
            if body.endswith(LAST_CHUNK):
                content = b"".join(chunks(body))
        else:
            raise WrongAnswerError(f"{self._name}: no length in {head!r}")
        if content is None:
            return False
        right = self._row.body
        if content != right and not (self._row.json and json.loads(content) == json.loads(right)):
            raise WrongAnswerError(f"{self._name}: got {data[:300]!r}")
        self._end, self.answer_bytes = body, len(data)
        return True


def chunks(body: bytes) -> Iterator[bytes]:
    """Yield the chunks of a whole chunked body."""
    while body:
        size, _, body = body.partition(b"\r\n")
        yield body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]


@contextmanager
def connected(
    port: int, row: ServerRow, context: ssl.SSLContext | None = None, connections: int = 0
) -> Iterator[list[LoadConnection]]:
    """Open *connections* (the row's number), each of them answered once already.

    Raises:
        WrongAnswerError: an answer differed, or a connection was lost.
    """
    clients: list[LoadConnection] = []
    try:
        for _ in range(connections or row.connections):
            clients.append(LoadConnection(port, row, context if row.tls else None))
            clients[-1].ask()
            while not clients[-1].take():
                pass
        yield clients
    finally:
        for client in clients:
            client.socket.close()


def measure(
    clients: Sequence[LoadConnection], requests: int, cpu_seconds: Callable[[], float], name: str
) -> Price:
    """Return the price of *requests* requests, at least one on each of *clients*.

    *cpu_seconds* tells what the server has spent so far.

    Raises:
        WrongAnswerError: an answer differed, or a connection was lost.
    """
    requests = max(requests, len(clients))
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ, client)
        cpu_before = cpu_seconds()
        started = time.perf_counter()
        exchange(selector, clients, requests, name)
        wall_seconds = time.perf_counter() - started
        cpu_after = cpu_seconds()
    return Price(cpu_after - cpu_before, wall_seconds, requests, clients[0].answer_bytes)


def exchange(
    selector: selectors.BaseSelector, clients: Sequence[LoadConnection], requests: int, name: str
) -> None:
    """Ask *requests* times, all clients side by side, and return when all is answered."""
    to_send, to_receive = requests - len(clients), requests
    for client in clients:
        client.ask()
    while to_receive:
        ready = selector.select(PATIENCE)
        if not ready:
            raise WrongAnswerError(f"{name}: no answer for {PATIENCE} s")
        for key, _ in ready:
            if key.data.take():
                to_receive -= 1
                if to_send:
                    to_send -= 1
                    key.data.ask()
