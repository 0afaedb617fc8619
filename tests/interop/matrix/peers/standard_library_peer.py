"""The same paths on http.server: `standard_library_peer.py HTTP/1.0|HTTP/1.1 PEM_FILE`."""

from __future__ import annotations

import hashlib
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import contract


class Handler(BaseHTTPRequestHandler):
    """Answers by the first part of the path."""

    protocol_version = sys.argv[1]
    timeout = contract.IDLE_SECONDS  # of an idle connection, on HTTP/1.1
    answered = 0

    def answer(self) -> None:
        """Find the method of this class that a path belongs to, and call it."""
        first, _, rest = self.path.partition("?")[0][1:].partition("/")
        if "Transfer-Encoding" in self.headers:
            # http.server does not know chunks: a handler can only say that it wants a length.
            self.close_connection = True
            self.say(411, b"", {"Connection": "close"})
            return
        getattr(self, f"say_{first}")(rest)
        self.answered += 1

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        """Send one answer."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def say_hello(self, rest: str) -> None:
        self.say(200, "héllo".encode(), {"Content-Type": "text/plain; charset=utf-8"})

    def say_echo(self, rest: str) -> None:
        body, size = hashlib.sha256(), 0
        left = int(self.headers.get("Content-Length", "0"))
        while left and (piece := self.rfile.read(min(left, 65_536))):
            body.update(piece)
            size += len(piece)
            left -= len(piece)
        said = contract.echo(self.command, self.path, self.headers.items(), body, size)
        self.say(200, said, {"Content-Type": "application/json"})

    def say_large(self, rest: str) -> None:
        self.send_response(200)
        if self.protocol_version == "HTTP/1.1":
            self.send_header("Content-Length", str(len(contract.PIECE) * contract.PIECES))
        self.end_headers()  # on HTTP/1.0 the body ends with the connection
        for piece in contract.large():
            self.wfile.write(piece)

    def say_coded(self, coding: str) -> None:
        body = contract.ENCODERS[coding](contract.TEXT)
        self.say(200, body, {"Content-Encoding": coding})

    def say_redirect(self, status: str) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        fields = {"Location": "/echo?redirected", "Set-Cookie": 'hop="on the way"; Path=/'}
        self.say(int(status), b"", fields)

    def say_status(self, status: str) -> None:
        self.say(int(status), b"")

    def say_private(self, rest: str) -> None:
        if self.headers.get("Authorization") == contract.CREDENTIALS:
            self.say(200, b"welcome")
        else:
            self.say(401, b"", {"WWW-Authenticate": 'Basic realm="peers"'})

    def say_refuse(self, rest: str) -> None:
        self.close_connection = True
        self.say(413, b"too much", {"Connection": "close"})

    def say_close(self, rest: str) -> None:
        self.close_connection = True
        self.say(200, b"bye", {"Connection": "close"})

    def say_slow(self, rest: str) -> None:
        time.sleep(contract.SLOW_SECONDS)

    def say_once(self, rest: str) -> None:
        contract.seen[self.headers["X-Token"]] += 1
        if self.answered:
            self.close_connection = True
        else:
            self.say(200, b"once")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Quiet, with a queue that 100 clients fit into, and TLS done in each connection's thread."""

    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that leave are part of the tests."""


def main() -> None:
    """Serve until standard input closes."""
    servers = [Server(("127.0.0.1", 0), Handler) for _ in range(2)]
    context = contract.certificate()
    servers[1].socket = context.wrap_socket(
        servers[1].socket, server_side=True, do_handshake_on_connect=False
    )
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    contract.say_ports(*(server.server_port for server in servers))
    sys.stdin.read()


if __name__ == "__main__":
    main()
