"""Child process: the cheapest server there is, for small requests of clients.

    python fixed_server.py PEM_FILE_WITH_KEY_AND_CERTIFICATE

Bare sockets and a selector; it looks at the path and writes bytes made beforehand, until standard
input closes. It understands one request at a time on a connection, over TCP and over TLS.
"""

from __future__ import annotations

import json
import selectors
import socket
import ssl
import sys
from itertools import count

from client_rows import ANSWERS, NUMBERED_PATH, PATHS, Kind
from payloads import UPLOAD


def answer(content_type: str, body: bytes, status: str = "200 OK") -> bytes:
    """Return a whole response."""
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        "Date: Mon, 06 Jan 2025 10:00:00 GMT\r\nServer: fixed\r\n\r\n"
    )
    return head.encode() + body


TYPES: dict[Kind, str] = {
    "get": "text/plain; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "post": "text/plain; charset=utf-8",
}
# By the first bytes of a request.
METHODS: dict[Kind, str] = {"get": "GET", "json": "GET", "post": "POST"}
READY = {
    f"{METHODS[kind]} {PATHS[kind]} ".encode(): answer(TYPES[kind], ANSWERS[kind])
    for kind in METHODS
}
NUMBERED = f"GET {NUMBERED_PATH} ".encode()
NUMBERS = count()
WRONG = answer("text/plain", b"not what was agreed", "400 Bad Request")


class FixedConnection:
    """One connection."""

    __slots__ = ("_received", "_shaken", "_socket")

    def __init__(self, accepted: socket.socket, context: ssl.SSLContext | None) -> None:
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        accepted.setblocking(False)
        self._socket = accepted
        if context is not None:
            self._socket = context.wrap_socket(
                accepted, server_side=True, do_handshake_on_connect=False
            )
        self._shaken = context is None
        self._received = b""

    @property
    def socket(self) -> socket.socket:
        """What to watch."""
        return self._socket

    def take(self) -> bool:
        """Read once and answer what is whole; False when the connection has ended."""
        try:
            if not self._shaken:
                assert isinstance(self._socket, ssl.SSLSocket)
                self._socket.do_handshake()
                self._shaken = True
            data = self._socket.recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        if not data:
            return False
        received = self._received = self._received + data if self._received else data
        head, end, body = received.partition(b"\r\n\r\n")
        if end and (received[:4] != b"POST" or len(body) >= len(UPLOAD)):
            self._received = b""
            first = head[: head.index(b" ", 5) + 1]
            right = body == (UPLOAD if received[:4] == b"POST" else b"")
            if first == NUMBERED:
                number = f"fixed/{next(NUMBERS) % 1_000_000:06}".encode()
                self._socket.send(READY[b"GET /hello "].replace(b"fixed", number, 1))
            else:
                self._socket.send(READY[first] if right else WRONG)
        return True


def listener() -> socket.socket:
    """Return a socket that listens on a free port of this machine."""
    return socket.create_server(("127.0.0.1", 0), backlog=256)


def server_context(certificate: str) -> ssl.SSLContext:
    """Return the server's side of TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


def serve(certificate: str) -> None:
    """Serve on two free ports, say which, and go on until standard input closes."""
    context = server_context(certificate)
    plain, secure = listener(), listener()
    with selectors.DefaultSelector() as selector:
        selector.register(plain, selectors.EVENT_READ, None)
        selector.register(secure, selectors.EVENT_READ, context)
        selector.register(sys.stdin, selectors.EVENT_READ)
        ports = {"tcp": plain.getsockname()[1], "tls": secure.getsockname()[1]}
        print(json.dumps(ports), flush=True)
        while True:
            for key, _ in selector.select():
                if isinstance(key.data, FixedConnection):
                    if not key.data.take():
                        selector.unregister(key.data.socket)
                        key.data.socket.close()
                elif key.fileobj is sys.stdin:
                    return
                else:
                    assert isinstance(key.fileobj, socket.socket)
                    connection = FixedConnection(key.fileobj.accept()[0], key.data)
                    selector.register(connection.socket, selectors.EVENT_READ, connection)


if __name__ == "__main__":
    serve(*sys.argv[1:])
