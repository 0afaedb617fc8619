"""Child process: a cheap server of large bodies and WebSocket echoes.

    python bulk_server.py PEM_FILE_WITH_KEY_AND_CERTIFICATE

Blocking sockets and a thread a connection, since one connection at a time is measured: nothing
that the system offers moves bytes with less work. It goes on until standard input closes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import ssl
import sys
import threading
from typing import BinaryIO

from client_rows import ANSWERS, LARGE_BODY, MIB, PATHS
from fixed_server import answer, listener, server_context

SOME = bytes(MIB)
HELLO_ANSWER = answer("text/plain", ANSWERS["get"])
DOWNLOAD_HEAD = (
    "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
    f"Content-Length: {LARGE_BODY}\r\n\r\n"
).encode()
# RFC 6455, section 1.3.
WEBSOCKET_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def converse(accepted: socket.socket, context: ssl.SSLContext | None) -> None:
    """Answer requests until the client leaves."""
    try:
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            accepted = context.wrap_socket(accepted, server_side=True)
        with accepted, accepted.makefile("rb", buffering=MIB) as reader:
            while first := reader.readline():
                fields = read_fields(reader)
                path = first.split(b" ")[1].decode()
                if path == PATHS["echo"]:
                    echo(accepted, reader, fields)
                    return
                respond(accepted, reader, path, fields)
    except OSError:
        return  # clients leave as they like


def respond(client: socket.socket, reader: BinaryIO, path: str, fields: dict[bytes, bytes]) -> None:
    """Answer one request."""
    if path == PATHS["download"]:
        client.sendall(DOWNLOAD_HEAD)
        for _ in range(LARGE_BODY // len(SOME)):
            client.sendall(SOME)
    elif path == PATHS["upload"]:
        client.sendall(answer("text/plain", str(read_body(reader, fields)).encode()))
    else:
        client.sendall(HELLO_ANSWER)


def read_fields(reader: BinaryIO) -> dict[bytes, bytes]:
    """Return the header fields, names in lower case."""
    fields = {}
    while (line := reader.readline().rstrip(b"\r\n")) != b"":
        name, _, value = line.partition(b":")
        fields[name.lower()] = value.strip()
    return fields


def read_body(reader: BinaryIO, fields: dict[bytes, bytes]) -> int:
    """Read a body, chunked or of known length; return its bytes."""
    buffer = memoryview(bytearray(MIB))
    if b"content-length" in fields:
        return skim(reader, int(fields[b"content-length"]), buffer)
    total = 0
    while size := int(reader.readline(), 16):
        total += skim(reader, size, buffer)
        reader.readline()
    reader.readline()
    return total


def skim(reader: BinaryIO, size: int, buffer: memoryview) -> int:
    """Read *size* bytes and forget them."""
    left = size
    while left:
        count = reader.readinto(buffer[: min(left, len(buffer))])  # type: ignore[attr-defined]
        if not count:
            raise ConnectionError("the body ended early")
        left -= count
    return size


def echo(client: socket.socket, reader: BinaryIO, fields: dict[bytes, bytes]) -> None:
    """Accept a WebSocket and send every binary message back."""
    digest = hashlib.sha1(fields[b"sec-websocket-key"] + WEBSOCKET_GUID).digest()
    client.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
    )
    while len(start := reader.read(2)) == 2:
        length = start[1] & 0x7F
        if length == 126:
            length = int.from_bytes(reader.read(2), "big")
        elif length == 127:
            length = int.from_bytes(reader.read(8), "big")
        mask, payload = reader.read(4), reader.read(length)
        client.sendall(frame(start[0], unmasked(payload, mask)))
        if start[0] & 0x0F == 8:
            return


def unmasked(payload: bytes, mask: bytes) -> bytes:
    """Return *payload* as it was before it was masked."""
    size = len(payload)
    pattern = int.from_bytes((mask * (size // 4 + 1))[:size], "little")
    return (int.from_bytes(payload, "little") ^ pattern).to_bytes(size, "little")


def frame(first: int, payload: bytes) -> bytes:
    """Return a frame as servers send it."""
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 1 << 16:
        return bytes((first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


def accept_all(listening: socket.socket, context: ssl.SSLContext | None) -> None:
    """Give every connection a thread."""
    while True:
        accepted, _ = listening.accept()
        threading.Thread(target=converse, args=(accepted, context), daemon=True).start()


def serve(certificate: str) -> None:
    """Serve on two free ports, say which, and go on until standard input closes."""
    listeners = {"tcp": listener(), "tls": listener()}
    contexts = {"tcp": None, "tls": server_context(certificate)}
    for name, listening in listeners.items():
        arguments = (listening, contexts[name])
        threading.Thread(target=accept_all, args=arguments, daemon=True).start()
    ports = {name: listening.getsockname()[1] for name, listening in listeners.items()}
    print(json.dumps(ports), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    serve(*sys.argv[1:])
