"""Keep-alive load on a server, with every answer checked.

A bare `asyncio.Protocol` writes the same request over and over and compares what comes back: the
status line, the length that the first answer had, and the body. Cheap enough to keep a Python
server busy from one core.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from payloads import ServerRow, get

STATUS_OK = b"HTTP/1.1 200 "


class WrongAnswerError(Exception):
    """A server answered something else than the benchmark asks for: no figure is worth that."""


@dataclass(slots=True)
class Load:
    """What all connections of one round share."""

    row: ServerRow
    to_send: int
    to_receive: int
    done: asyncio.Future[None]

    def take(self) -> bytes | None:
        """Return the next request, or None when all are sent."""
        if self.to_send == 0:
            return None
        self.to_send -= 1
        return self.row.request

    def fail(self, error: Exception) -> None:
        """End the round with *error*."""
        if not self.done.done():
            self.done.set_exception(error)


class LoadConnection(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    __slots__ = ("_load", "_received", "_transport", "answer_bytes")

    def __init__(self, load: Load) -> None:
        self._load = load
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self.answer_bytes = 0  # a whole answer, learnt from the first one

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def start(self) -> None:
        """Send the first request."""
        self._ask()

    def close(self) -> None:
        """Close the connection."""
        assert self._transport is not None
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        if self._received:
            data = self._received + data
        if self.answer_bytes == 0 and not self._learn(data):
            self._received = data
            return
        if len(data) < self.answer_bytes:
            self._received = data
            return
        self._received = b""
        if (
            len(data) != self.answer_bytes
            or not data.startswith(STATUS_OK)
            or not data.endswith(self._load.row.body)
        ):
            self._load.fail(WrongAnswerError(f"{self._load.row.name}: got {data[:300]!r}"))
            return
        self._load.to_receive -= 1
        if self._load.to_receive == 0 and not self._load.done.done():
            self._load.done.set_result(None)
        self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        self._load.fail(WrongAnswerError(f"{self._load.row.name}: connection lost: {error}"))

    def _ask(self) -> None:
        request = self._load.take()
        if request is not None:
            assert self._transport is not None
            self._transport.write(request)

    def _learn(self, data: bytes) -> bool:
        """Read the answer's size off its head; False while the head is not whole."""
        head, end, _ = data.partition(b"\r\n\r\n")
        if not end:
            return False
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                self.answer_bytes = len(head) + len(end) + int(value)
                return True
        self._load.fail(WrongAnswerError(f"{self._load.row.name}: no length in {head!r}"))
        return False


@dataclass(frozen=True, slots=True)
class ServerFigures:
    """What one round cost: seconds, and bytes of one answer."""

    cpu_seconds: float
    wall_seconds: float
    requests: int
    answer_bytes: int


async def measure(port: int, row: ServerRow, connections: int) -> ServerFigures:
    """Return the price of *row.requests* requests over *connections* kept connections.

    Raises:
        WrongAnswerError: an answer differed, or a connection was lost.
    """
    loop = asyncio.get_running_loop()
    load = Load(row, row.requests, row.requests, loop.create_future())
    protocols = []
    for _ in range(connections):
        _, protocol = await loop.create_connection(lambda: LoadConnection(load), "127.0.0.1", port)
        protocols.append(protocol)
    cpu_before = await cpu_seconds(port)
    started = time.perf_counter()
    for protocol in protocols:
        protocol.start()
    await load.done
    wall_seconds = time.perf_counter() - started
    cpu_after = await cpu_seconds(port)
    for protocol in protocols:
        protocol.close()
    return ServerFigures(
        cpu_after - cpu_before, wall_seconds, row.requests, protocols[0].answer_bytes
    )


async def cpu_seconds(port: int) -> float:
    """Return the CPU seconds that the server has spent so far, as it tells itself."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(get("/cpu").replace(b"Accept: */*", b"Connection: close"))
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return float(answer.rpartition(b"\r\n\r\n")[2])
