"""What each step of one request costs our server: `python tests/benchmarks/steps.py [TEXT]`.

No sockets: a transport that drops what is written, so that what is left is our own code. CPU
microseconds a call, the best of several runs. `run.py` has the figures that count, beside
aiohttp's.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections.abc import Callable, Iterable
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from payloads import CARS, HELLO
from server_applications import application, applications
from server_rows import SERVER_ROWS, ServerRow

from notebook_http import web
from notebook_http.transport.stream_reader import EMPTY_READER
from notebook_http.web import Request, Response, json_response
from notebook_http.wire.http1_request import RequestHead, RequestParser
from notebook_http.wire.http_version import HttpVersion11

RUNS = 7
CALLS = 20_000
CONNECTIONS = 64
FOLDER = Path(__file__).parent  # its files are not asked for
# What needs no socket: no file is sent and nothing is upgraded.
WHOLE = [
    row
    for row in SERVER_ROWS
    if row.connections == CONNECTIONS
    and not (row.tls or row.socket or row.name.startswith("static"))
]


class Nowhere(asyncio.Transport):
    """A transport that sends nothing and is always ready for more."""

    def __init__(self) -> None:
        super().__init__()
        self.written = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += 1

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        """Do nothing."""


class Silence:
    """A sink that makes nothing of a parser's events."""

    def request_received(self, head: RequestHead) -> None:
        """Ignore a head."""

    def body_received(self, data: bytes) -> None:
        """Ignore a piece of a body."""

    def chunk_completed(self) -> None:
        """Ignore the end of a chunk."""

    def body_completed(self) -> None:
        """Ignore the end of a body."""


def asked(name: str) -> Iterable[bytes]:
    """Return the requests of a row, without end; each with its number where it has one."""
    row = next(row for row in WHOLE if row.name == name)
    if row.numbered:
        return cycle([row.request % number for number in range(1000)])
    return cycle([row.request])


def price(call: Callable[[Any], object], arguments: Iterable[Any]) -> float:
    """Return CPU microseconds of one call, less those of an empty one."""
    given = list(islice(arguments, CALLS))

    def run(function: Callable[[Any], object]) -> float:
        started = time.process_time()
        for argument in given:
            function(argument)
        return time.process_time() - started

    best = min(run(call) for _ in range(RUNS))
    return (best - min(run(lambda _: None) for _ in range(RUNS))) / CALLS * 1e6


def steps() -> dict[str, float]:
    """Return the price of each step by itself."""
    head = RequestHead("GET", "/", HttpVersion11, [(b"Host", b"a")], "a", True)
    router = application(web, FOLDER).router
    text, nobody = HELLO.decode(), Nowhere()
    car = CARS["toyota-corona"]

    def answer(_: object) -> object:
        return Response(text=text).render(HttpVersion11, "GET", keep_alive=True)

    def render_json(_: object) -> object:
        return json_response(car).render(HttpVersion11, "GET", keep_alive=True)

    def request(_: object) -> Request:
        return Request(head, EMPTY_READER, nobody, None, None)  # type: ignore[arg-type]

    def find(path: str) -> Callable[[Any], object]:
        return lambda _: router.find("GET", path)

    nothing = cycle([0])
    return {
        "parse a head like the one before": price(RequestParser(Silence()).feed, asked("hello")),
        "parse a head that is new": price(
            RequestParser(Silence()).feed, asked("hello, heads numbered")
        ),
        "parse a POST of 10 KiB": price(RequestParser(Silence()).feed, asked("POST 10 KiB")),
        "make the request": price(request, nothing),
        "make the request, read its fields": price(lambda _: request(_).headers, nothing),
        "find a plain route": price(find("/"), nothing),
        "find a dynamic route": price(find("/cars/toyota-corona"), nothing),
        "find the 100th of 100 routes": price(find("/thing100/blue"), nothing),
        "find the 100th under one prefix": price(find("/owners/blue/thing100"), nothing),
        "make a text response": price(lambda _: Response(text=text), nothing),
        "make and write a text response": price(answer, nothing),
        "make a JSON response": price(lambda _: json_response(car), nothing),
        "make and write a JSON response": price(render_json, nothing),
        "json.dumps of it": price(lambda _: json.dumps(car), nothing),
    }


async def whole(row: ServerRow, *, access_log: bool = False) -> float:
    """Return the price of one request of *row*, from the bytes read to the bytes written."""
    loop = asyncio.get_running_loop()
    app = applications(web, FOLDER)[row.application]
    log = {} if access_log else {"access_log": None}
    runner = web.AppRunner(app, **log)  # type: ignore[arg-type]
    await runner.setup()
    assert runner.server is not None
    transports = [Nowhere() for _ in range(CONNECTIONS)]
    connections = [runner.server() for _ in transports]
    for connection, transport in zip(connections, transports, strict=True):
        connection.connection_made(transport)
    await asyncio.sleep(0)
    requests = iter(asked(row.name))
    best = float("inf")
    for _ in range(RUNS):
        turns = CALLS // 4 // CONNECTIONS
        given = [list(islice(requests, CONNECTIONS)) for _ in range(turns)]
        started = time.process_time()
        for batch in given:
            for connection, request in zip(connections, batch, strict=True):
                loop.call_soon(connection.data_received, request)
            await asyncio.sleep(0)
        best = min(best, (time.process_time() - started) / turns / CONNECTIONS * 1e6)
    # Each answer takes as many writes as all the others.
    assert all(t.written and t.written % (RUNS * turns) == 0 for t in transports)
    for connection in connections:
        connection.connection_lost(None)
    await runner.cleanup()
    return best


def main(only: str = "") -> None:
    """Print the table, or the rows with *only* in their name."""
    if not only:
        for name, microseconds in steps().items():
            print(f"{name:44} {microseconds:6.2f} µs")
    for row in WHOLE:
        if only in row.name:
            print(f"{'whole, ' + row.name:44} {asyncio.run(whole(row)):6.2f} µs")
    if only in "access log":
        logger = logging.getLogger("notebook_http.access")
        logger.addHandler(logging.NullHandler())
        logger.setLevel(logging.INFO)
        logger.propagate = False
        microseconds = asyncio.run(whole(WHOLE[0], access_log=True))
        print(f"{'whole, hello with the access log':44} {microseconds:6.2f} µs")


if __name__ == "__main__":
    main(*sys.argv[1:])
