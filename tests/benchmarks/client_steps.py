"""What each step of one request costs our client: `python tests/benchmarks/client_steps.py`.

No sockets: a transport that answers at once, so that what is left is our own code and the event
loop's. CPU microseconds a call, the best of several runs. `run.py` has the figures that count,
beside those of other clients.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

from payloads import ALL_CARS, HELLO, UPLOAD
from steps import CALLS, CONNECTIONS, RUNS, Silence, price

from notebook_http.client import BaseConnector, ClientSession
from notebook_http.client.connection import ClientConnection
from notebook_http.client.exchange import Exchange
from notebook_http.client.request_options import DEFAULT_OPTIONS, RequestOptions
from notebook_http.client.timings import Timings
from notebook_http.wire.http1_response import ResponseParser
from notebook_http.wire.json_parser import parse_json
from notebook_http.wire.limits import DEFAULT_LIMITS
from notebook_http.wire.repeated_response import RepeatedResponse
from notebook_http.wire.response_head import ResponseHead

URL = "http://127.0.0.1:8080/hello"
HEAD = (
    "HTTP/1.1 200 OK\r\nContent-Type: {}; charset=utf-8\r\nContent-Length: {}\r\n"
    "Date: Tue, 24 Nov 2026 13:00:00 GMT\r\nServer: steps/{:03}\r\n\r\n"
)


def answers(body: bytes, media_type: str, *, numbered: bool) -> list[bytes]:
    """Return what is answered in turn: one answer, or a thousand that differ in their heads."""
    count = 1000 if numbered else 1
    return [HEAD.format(media_type, len(body), n).encode() + body for n in range(count)]


class Unheard(Silence):
    """A sink that makes nothing of a response."""

    def informational_received(self, head: ResponseHead) -> None:
        """Ignore a head."""

    def head_received(self, head: ResponseHead) -> None:
        """Ignore a head."""


class Answering(asyncio.Transport):
    """A transport that answers whatever is written to it, in the loop's next turn."""

    def __init__(self, loop: asyncio.AbstractEventLoop, given: Iterator[bytes]) -> None:
        super().__init__()
        self._loop = loop
        self._given = given
        self.protocol: asyncio.Protocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Answer."""
        self._loop.call_soon(self.protocol.data_received, next(self._given))

    def is_closing(self) -> bool:
        """Whether it is: never."""
        return False

    def close(self) -> None:
        """End the connection."""
        self._loop.call_soon(self.protocol.connection_lost, None)

    abort = close


class Nearby(BaseConnector):
    """Makes connections that nothing has to be dialled for."""

    def __init__(self, given: Iterator[bytes]) -> None:
        super().__init__()
        self._given = given

    async def _dial(self, key: Any, timings: Timings, step: Any) -> ClientConnection:
        loop = asyncio.get_running_loop()
        connection = ClientConnection(loop, key, self._pool)
        transport = Answering(loop, self._given)
        transport.protocol = connection
        connection.connection_made(transport)
        return connection


async def steps() -> dict[str, float]:
    """Return the price of each step by itself."""
    loop = asyncio.get_running_loop()
    one = answers(HELLO, "text/plain", numbered=False)
    many = answers(HELLO, "text/plain", numbered=True)
    async with ClientSession(connector=Nearby(cycle(one))) as session:
        settings = session._settings
        factory = settings.factory
        url = factory.absolute_url(URL)
        asked = factory.make("GET", url, DEFAULT_OPTIONS)
        sent = RequestOptions(data=UPLOAD)
        posted = factory.make("POST", url, sent)
        timings = Timings(0.0)

        def exchange(_: object) -> Exchange:
            return Exchange(loop, "GET", url, timings, settings.answers)

        known = RepeatedResponse()
        whole = exchange(None)
        ResponseParser(whole, method="GET").feed(one[0])
        assert whole.head is not None
        known.learn(one[0], whole.head, DEFAULT_LIMITS)
        assert known.recognise(one[0], DEFAULT_LIMITS) is whole.head
        return {
            "session.get(…), before it is awaited": price(
                lambda _: session.get(URL).close(), cycle([0])
            ),
            "make a request": price(
                lambda _: factory.make("GET", url, DEFAULT_OPTIONS), cycle([0])
            ),
            "make a request with a body": price(
                lambda _: factory.make("POST", url, RequestOptions(data=UPLOAD)), cycle([0])
            ),
            "write its head": price(lambda _: asked.encode_head(), cycle([0])),
            "write its head with a body's fields": price(
                lambda _: posted.encode_head(), cycle([0])
            ),
            "begin an exchange": price(exchange, cycle([0])),
            "recognise a head like the one before": price(
                lambda data: known.recognise(data, DEFAULT_LIMITS), cycle(one)
            ),
            "parse a head that is new": price(
                lambda data: ResponseParser(Unheard(), method="GET").feed(data),
                cycle(many),
            ),
            "parse 2 KiB of JSON": price(parse_json, cycle([ALL_CARS.decode()])),
        }


async def loop_alone() -> float:
    """Return the price of what any client pays: a future, two turns of the loop, a wake-up."""
    loop = asyncio.get_running_loop()

    async def ask() -> None:
        for _ in range(CALLS // CONNECTIONS):
            waiter = loop.create_future()
            loop.call_soon(waiter.set_result, None)
            await waiter

    return await _best(lambda: asyncio.gather(*(ask() for _ in range(CONNECTIONS))))


async def whole(given: list[bytes], method: str, *, as_json: bool = False, **options: Any) -> float:
    """Return the price of one request over each of 64 connections, answered by *given*."""
    async with ClientSession(connector=Nearby(cycle(given))) as session:

        async def ask() -> None:
            for _ in range(CALLS // CONNECTIONS):
                async with session.request(method, URL, **options) as response:
                    await (response.json() if as_json else response.read())

        return await _best(lambda: asyncio.gather(*(ask() for _ in range(CONNECTIONS))))


async def _best(run: Callable[[], Any]) -> float:
    best = float("inf")
    for _ in range(RUNS):
        started = time.process_time()
        await run()
        best = min(best, time.process_time() - started)
    return best / (CALLS // CONNECTIONS * CONNECTIONS) * 1e6


def main() -> None:
    """Print the table."""
    for name, microseconds in asyncio.run(steps()).items():
        print(f"{name:40} {microseconds:6.2f} µs")
    print(f"{'the event loop alone':40} {asyncio.run(loop_alone()):6.2f} µs")
    one = answers(HELLO, "text/plain", numbered=False)
    many = answers(HELLO, "text/plain", numbered=True)
    cars = answers(ALL_CARS, "application/json", numbered=False)
    rows = {
        "GET": whole(one, "GET"),
        "GET, each head is another one": whole(many, "GET"),
        "JSON 2 KiB": whole(cars, "GET", as_json=True),
        "POST 10 KiB": whole(one, "POST", data=UPLOAD),
    }
    for name, row in rows.items():
        print(f"{'whole, ' + name:40} {asyncio.run(row):6.2f} µs")


if __name__ == "__main__":
    main()
