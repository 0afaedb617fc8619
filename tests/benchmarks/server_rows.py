"""What the servers are asked, and what the project promises of it.

A ratio is aiohttp's CPU time over ours: above 1 is ours the cheaper.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import Any

from payloads import HELLO, ONE_CAR, UPLOAD

MANY = 64  # connections
ROUTES = 100
STREAMED = [bytes([letter]) * 1024 for letter in b"abcdefghij"]
FILES = {"64k.bin": os.urandom(1 << 16), "1m.bin": os.urandom(1 << 20)}

# The geometric mean of all small requests, and each of them.
SMALL_MEAN, SMALL_LEAST = 2.5, 2.0
NO_DEARER = 1.0
ECHO_LEAST = 1 / 1.2  # at most 1.2 times aiohttp's CPU time


@dataclass(frozen=True, slots=True)
class ServerRow:
    """One question to a server, again and again: the bytes sent, and the body that must come back.

    With `numbered`, the request is a template: each of them carries a number of its own. With
    `socket`, the connections are upgraded to WebSockets and request and body are frames.

    Over one connection server and load take turns. On a core each, both fall asleep for each
    message, and half of what is measured is the machine's waking; with `one_core` they share one.
    """

    name: str
    request: bytes
    body: bytes
    requests: int  # a round
    connections: int = MANY
    tls: bool = False
    one_core: bool = False
    numbered: bool = False
    socket: bool = False
    json: bool = False  # libraries space it differently
    application: str = ""  # which of the server's
    small: bool = False  # one of those whose geometric mean is promised
    least_ratio: float | None = None  # promised of this row
    beside_rust: bool = False  # promised to cost no more than granian's

    @property
    def full_name(self) -> str:
        """The name, and the transport."""
        return f"{self.name}, {'TLS' if self.tls else 'TCP'}"


def get(path: str, *fields: str) -> bytes:
    """Return a GET with the headers that every client sends, and *fields*."""
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "User-Agent: bench",
        "Accept: */*",
        "Accept-Encoding: gzip, deflate",
        *fields,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def post(path: str, body: bytes) -> bytes:
    """Return a POST of *body* with a known length."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n"
        f"Content-Type: application/octet-stream\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


UPGRADE = get(
    "/echo",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


def frame(payload: bytes, mask: bytes = b"") -> bytes:
    """Return a whole binary message in one WebSocket frame (RFC 6455 §5.2)."""
    size, masked = len(payload), 0x80 if mask else 0
    if size < 126:
        head = bytes([0x82, masked | size])
    elif size < 1 << 16:
        head = struct.pack("!BBH", 0x82, masked | 126, size)
    else:
        head = struct.pack("!BBQ", 0x82, masked | 127, size)
    if mask:
        key = int.from_bytes(mask * (size // 4 + 1), "big") >> 8 * (4 - size % 4)
        payload = (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")
    return head + mask + payload


# No two heads are the same, in their fields either: nothing learnt from one serves the next.
HELLO_GET = get("/")
NUMBERED = get("/", "X-Request-ID: %012d")
LENGTH = str(len(UPLOAD)).encode()


def _small(*, tls: bool) -> list[ServerRow]:
    """Return the small requests that are asked over both transports."""
    small: dict[str, Any] = {"tls": tls, "small": True, "least_ratio": SMALL_LEAST}
    car = get("/cars/toyota-corona")
    return [
        ServerRow("hello", HELLO_GET, HELLO, 6_000, beside_rust=True, **small),
        ServerRow("JSON, dynamic route", car, ONE_CAR, 5_000, json=True, **small),
        ServerRow("POST 10 KiB", post("/upload", UPLOAD), LENGTH, 4_000, **small),
    ]


def _echo(name: str, size: int, messages: int, connections: int = 1) -> ServerRow:
    payload = UPLOAD[:1] * size
    return ServerRow(
        f"WebSocket echo, {name}",
        frame(payload, b"mask"),
        frame(payload),
        messages,
        connections,
        one_core=connections == 1,
        socket=True,
        least_ratio=ECHO_LEAST,
    )


SERVER_ROWS = (
    ServerRow(
        "hello, 1 connection",
        HELLO_GET,
        HELLO,
        2_000,
        1,
        one_core=True,
        small=True,
        least_ratio=SMALL_LEAST,
        beside_rust=True,
    ),
    *_small(tls=False),
    ServerRow(
        f"{ROUTES}th of {ROUTES} dynamic routes",
        get(f"/thing{ROUTES}/blue"),
        b"blue",
        5_000,
        small=True,
        least_ratio=SMALL_LEAST,
    ),
    ServerRow(
        "three middlewares",
        get("/through"),
        HELLO,
        5_000,
        application="/through",
        small=True,
        least_ratio=SMALL_LEAST,
    ),
    *_small(tls=True),
    ServerRow(
        "streamed, 10 pieces of 1 KiB",
        get("/streamed"),
        b"".join(STREAMED),
        2_000,
        least_ratio=NO_DEARER,
    ),
    ServerRow(
        "static 64 KiB", get("/static/64k.bin"), FILES["64k.bin"], 1_500, least_ratio=NO_DEARER
    ),
    ServerRow(
        "static 1 MiB", get("/static/1m.bin"), FILES["1m.bin"], 160, 8, least_ratio=NO_DEARER
    ),
    _echo("64 B", 64, 3_000),
    _echo("64 B, 64 connections", 64, 6_000, MANY),
    _echo("64 KiB", 1 << 16, 600),
    # Not promised beyond being no dearer: requests that are never alike, routes that begin alike,
    # and middlewares that look at the request and change the answer.
    ServerRow(
        "hello, heads numbered", NUMBERED, HELLO, 6_000, numbered=True, least_ratio=NO_DEARER
    ),
    ServerRow(
        f"{ROUTES}th of {ROUTES} under one prefix",
        get(f"/owners/blue/thing{ROUTES}"),
        b"blue",
        4_000,
        least_ratio=NO_DEARER,
    ),
    ServerRow(
        "three middlewares at work",
        get("/worked"),
        HELLO,
        4_000,
        application="/worked",
        least_ratio=NO_DEARER,
    ),
)
