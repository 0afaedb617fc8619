"""What the clients are asked to do, and what the project promises of it.

A ratio is aiohttp's CPU time over ours: above 1 is ours the cheaper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from payloads import ALL_CARS, HELLO, UPLOAD

MIB = 1 << 20
LARGE_BODY = 64 * MIB
PIECE = bytes(1 << 16)  # what an upload sends at once, and a download is read by

Kind = Literal["get", "json", "post", "download", "upload", "echo"]
# Whether the process has freed a large object before: see client_under_test.
Heap = Literal["used", "fresh"]
PATHS: dict[Kind, str] = {
    "get": "/hello",
    "json": "/cars",
    "post": "/upload",
    "download": "/download",
    "upload": "/upload",
    "echo": "/echo",
}
# The answer to this one has another head each time: nothing of it can be recognised.
NUMBERED_PATH = "/numbered"
# What comes back, where it is not what was sent.
ANSWERS: dict[Kind, bytes] = {
    "get": HELLO,
    "json": ALL_CARS,
    "post": str(len(UPLOAD)).encode(),
    "upload": str(LARGE_BODY).encode(),
}

# The geometric mean of all small requests, and each of them.
SMALL_MEAN, SMALL_LEAST = 2.5, 2.0
LARGE_LEAST = 1.0
ECHO_LEAST = 1 / 1.2  # at most 1.2 times aiohttp's CPU time
MEMORY_MOST = 8 * MIB


@dataclass(frozen=True, slots=True)
class ClientRow:
    """One thing to do, again and again over *connections* at once.

    Over one connection client and server take turns. On a core each, both fall asleep for each
    message, and half of what is measured is the machine's waking; with `one_core` they share one.
    """

    kind: Kind
    name: str
    connections: int
    requests: int  # a round
    tls: bool = False
    one_core: bool = False
    message_bytes: int = 0
    numbered: bool = False  # each answer's head is another one
    heap: Heap = "used"  # "fresh" is measured of ours and aiohttp only
    small: bool = False  # one of those whose geometric mean is promised
    least_ratio: float | None = None  # promised of this row
    beside_rust: bool = False  # promised to cost no more than pyreqwest's

    @property
    def path(self) -> str:
        """What is asked for."""
        return NUMBERED_PATH if self.numbered else PATHS[self.kind]

    @property
    def bulk(self) -> bool:
        """Whether it is for the server of large bodies and WebSockets."""
        return self.kind in ("download", "upload", "echo")

    @property
    def large(self) -> bool:
        """Whether memory has to stay flat."""
        return self.kind in ("download", "upload")

    @property
    def full_name(self) -> str:
        """The name, and the transport."""
        return f"{self.name}, {'TLS' if self.tls else 'TCP'}"


def _rows(*, tls: bool) -> list[ClientRow]:
    """Return the rows that exist over both transports."""
    small = {"tls": tls, "small": True, "least_ratio": SMALL_LEAST}
    many = {"connections": 64, "beside_rust": True, **small}
    return [
        ClientRow("get", "GET, 1 connection", 1, 2_000, one_core=True, **small),
        ClientRow("get", "GET, 64 connections", requests=6_000, **many),
        ClientRow("json", "JSON 2 KiB, 64 connections", requests=4_000, **many),
        ClientRow("post", "POST 10 KiB, 64 connections", requests=4_000, **many),
        ClientRow("download", "download 64 MiB", 1, 4, tls=tls, least_ratio=LARGE_LEAST),
        ClientRow("upload", "upload 64 MiB", 1, 4, tls=tls, least_ratio=LARGE_LEAST),
    ]


def _echo(name: str, message_bytes: int, messages: int) -> ClientRow:
    return ClientRow(
        "echo",
        f"WebSocket echo, {name}",
        1,
        messages,
        one_core=True,
        message_bytes=message_bytes,
        least_ratio=ECHO_LEAST,
    )


CLIENT_ROWS = (
    *_rows(tls=False),
    *_rows(tls=True),
    _echo("64 B", 64, 3_000),
    _echo("64 KiB", 1 << 16, 600),
    # Not promised: answers that are never alike, what cores cost that fall asleep, and small
    # programs that never freed much.
    ClientRow("get", "GET, 64, numbered answers", 64, 6_000, numbered=True),
    ClientRow("get", "GET, 1 connection, two cores", 1, 2_000),
    ClientRow("get", "GET, 64, fresh process", 64, 6_000, heap="fresh"),
    ClientRow("download", "download 64 MiB, fresh process", 1, 3, heap="fresh"),
)
