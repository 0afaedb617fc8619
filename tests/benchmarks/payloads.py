"""What is asked and answered in every benchmark, so that both libraries do the same work.

The bytes on the wire are the same for both but for `Date` and `Server`, whose text is the
library's own; the report shows the size of each answer so that nobody has to believe it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

HELLO = b"Hello, world"
UPLOAD = bytes(range(256)) * 40  # 10 KiB that no codec shortens
# Two records of vega_datasets' cars.json.
CARS = {
    "buick-skylark-320": {
        "Name": "buick skylark 320",
        "Miles_per_Gallon": 15.0,
        "Cylinders": 8,
        "Displacement": 350.0,
        "Horsepower": 165.0,
        "Weight_in_lbs": 3693,
        "Acceleration": 11.5,
        "Year": "1970-01-01",
        "Origin": "USA",
    },
    "toyota-corona": {
        "Name": "toyota corona mark ii",
        "Miles_per_Gallon": 24.0,
        "Cylinders": 4,
        "Displacement": 113.0,
        "Horsepower": 95.0,
        "Weight_in_lbs": 2372,
        "Acceleration": 15.0,
        "Year": "1970-01-01",
        "Origin": "Japan",
    },
}
ONE_CAR = json.dumps(CARS["toyota-corona"]).encode()
ALL_CARS = json.dumps(list(CARS.values()) * 5).encode()


@dataclass(frozen=True, slots=True)
class ServerRow:
    """One question to a server: the bytes sent, and the body that must come back.

    With `numbered`, the request is a template: each of them carries a number of its own.
    """

    name: str
    request: bytes
    body: bytes
    requests: int  # a round
    target: float | None = None  # the largest share of aiohttp's CPU time that is promised
    numbered: bool = False


def get(path: str) -> bytes:
    """Return a GET with the headers that every client sends."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\n"
        "Accept: */*\r\nAccept-Encoding: gzip, deflate\r\n\r\n"
    ).encode()


# No two heads are the same, in their fields either: nothing learnt from one serves the next.
NUMBERED = get("/").replace(b"Accept: */*", b"Accept: */*\r\nX-Request-ID: %012d")


def post(path: str, body: bytes) -> bytes:
    """Return a POST of *body* with a known length."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n"
        f"Content-Type: application/octet-stream\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


SERVER_ROWS = (
    ServerRow("server: hello world", get("/"), HELLO, 12_000, 0.5),
    ServerRow("server: hello world, numbered", NUMBERED, HELLO, 12_000, numbered=True),
    ServerRow("server: JSON, dynamic route", get("/cars/toyota-corona"), ONE_CAR, 8_000),
    ServerRow("server: POST 10 KiB", post("/upload", UPLOAD), str(len(UPLOAD)).encode(), 6_000),
)
