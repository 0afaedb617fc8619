"""What each step of one request costs our server: `python tests/benchmarks/steps.py`.

No sockets: a transport that drops what is written, so that what is left is our own code. CPU
microseconds a call, the best of several runs. `run.py` has the figures that count, beside
aiohttp's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from itertools import cycle, islice
from typing import Any

from payloads import CARS, HELLO, SERVER_ROWS, ServerRow
from server_under_test import application

from notebook_http import web
from notebook_http.transport.stream_reader import EMPTY_READER
from notebook_http.web import Request, Response, json_response
from notebook_http.wire.http1_request import RequestHead, RequestParser
from notebook_http.wire.http_version import HttpVersion11

RUNS = 7
CALLS = 20_000
CONNECTIONS = 64


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


def asked(row: ServerRow) -> Iterable[bytes]:
    """Return the requests of *row*, without end; each with its number where it has one."""
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
    router = application(web).router
    hello, numbered = SERVER_ROWS[0], SERVER_ROWS[1]
    text, nobody = HELLO.decode(), Nowhere()
    car = CARS["toyota-corona"]

    def answer(_: object) -> object:
        return Response(text=text).render(HttpVersion11, "GET", keep_alive=True)

    return {
        "parse a head like the one before": price(RequestParser(Silence()).feed, asked(hello)),
        "parse a head that is new": price(RequestParser(Silence()).feed, asked(numbered)),
        "make the request": price(
            lambda _: Request(head, EMPTY_READER, nobody, None),  # type: ignore[arg-type]
            cycle([0]),
        ),
        "find a plain route": price(lambda _: router.find("GET", "/"), cycle([0])),
        "find a dynamic route": price(
            lambda _: router.find("GET", "/cars/toyota-corona"), cycle([0])
        ),
        "make a text response": price(lambda _: Response(text=text), cycle([0])),
        "make and write a text response": price(answer, cycle([0])),
        "make a JSON response": price(lambda _: json_response(car), cycle([0])),
    }


async def whole(row: ServerRow) -> float:
    """Return the price of one request of *row*, from the bytes read to the bytes written."""
    loop = asyncio.get_running_loop()
    runner = web.AppRunner(application(web), access_log=None)
    await runner.setup()
    assert runner.server is not None
    transports = [Nowhere() for _ in range(CONNECTIONS)]
    connections = [runner.server() for _ in transports]
    for connection, transport in zip(connections, transports, strict=True):
        connection.connection_made(transport)
    await asyncio.sleep(0)
    requests = asked(row)
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
    assert all(transport.written == RUNS * turns for transport in transports)
    for connection in connections:
        connection.connection_lost(None)
    await runner.cleanup()
    return best


def main() -> None:
    """Print the table."""
    for name, microseconds in steps().items():
        print(f"{name:40} {microseconds:6.2f} µs")
    for row in SERVER_ROWS:
        print(f"{'whole, ' + row.name:40} {asyncio.run(whole(row)):6.2f} µs")


if __name__ == "__main__":
    main()
