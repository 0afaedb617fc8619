"""Child process: the cheapest server there is, for clients to be measured against.

A bare `asyncio.Protocol` that looks at the path and writes bytes made beforehand, until standard
input closes. It understands requests without a body, one at a time on a connection.
"""

from __future__ import annotations

import asyncio
import json
import sys

from payloads import ALL_CARS, HELLO


def answer(content_type: str, body: bytes) -> bytes:
    """Return a whole response."""
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        "Date: Mon, 06 Jan 2025 10:00:00 GMT\r\nServer: fixed\r\n\r\n"
    )
    return head.encode() + body


ANSWERS = {
    b"/hello": answer("text/plain; charset=utf-8", HELLO),
    b"/cars": answer("application/json; charset=utf-8", ALL_CARS),
}


class FixedConnection(asyncio.Protocol):
    """One connection."""

    __slots__ = ("_received", "_transport")

    def __init__(self) -> None:
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._received.endswith(b"\r\n\r\n"):
            path = self._received.split(b" ", 2)[1]
            self._received = b""
            assert self._transport is not None
            self._transport.write(ANSWERS[path])


async def serve() -> None:
    """Serve on a free port, say which, and go on until standard input closes."""
    server = await asyncio.get_running_loop().create_server(FixedConnection, "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
