"""The same low-level servers and access logs in both libraries."""

from __future__ import annotations

import asyncio
import importlib
import logging
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tests.interop.same_objects import LIBRARIES, web_of
from tests.interop.same_web_program import Answer, Asked, asked, exchange

REQUESTS = [
    *(asked("GET", "/a?b=c", Referer="http://r/", User_Agent="u/1"), asked("HEAD", "/head")),
    *(asked("POST", "/post", b"body", Content_Type="a/b", X_Own="o"), asked("PUT", "/fails")),
    *(asked("GET", "/missing"), asked("OPTIONS", "*"), Asked("GET", "/old", version="1.0")),
    *(asked("GET", "/stream"), asked("GET", "/none"), asked("GET", "/untyped")),
]


def server_of_own_requests(web: ModuleType) -> Any:
    """Return a server whose requests are of a class of the user's, made by a factory."""
    loop = asyncio.get_running_loop()

    class OwnRequest(web.BaseRequest):  # type: ignore[name-defined,misc]
        def __init__(self, *args: Any, tenant: str, **more: Any) -> None:
            super().__init__(*args, **more)
            self.tenant = tenant

        @property
        def shout(self) -> str:
            return f"{self.method} {self.path}".upper()

    def make(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> Any:
        tenant = message.headers.get("X-Own", "nobody")
        return OwnRequest(
            message, payload, protocol, writer, task, loop, client_max_size=3, tenant=tenant
        )

    async def handle(request: Any) -> Any:
        if request.path == "/fails":
            raise LookupError
        try:
            body = await request.text()
        except web.HTTPRequestEntityTooLarge as error:
            body = error.text
        told = [type(request).__name__, request.tenant, request.shout, request.client_max_size]
        told += [isinstance(request.task, asyncio.Task), isinstance(request, web.BaseRequest)]
        return web.json_response([*told, body])

    return web.Server(handle, request_factory=make, access_log=None)


def plain_server(web: ModuleType) -> Any:
    """Return a server that answers all by one function, as the documentation has it."""

    async def handle(request: Any) -> Any:
        if request.path == "/missing":
            raise web.HTTPNotFound
        if request.path == "/none":
            return None
        told = {"path": request.path, "query": dict(request.query), "type": type(request).__name__}
        return web.json_response({**told, "body": await request.text(), "size": len(request)})

    return web.Server(handle, access_log=None)


async def answers(make: Callable[[ModuleType], Any], library: str) -> list[Answer]:
    """Return what a low-level server answers."""
    web = web_of(library)
    server = make(web)
    runner = web.ServerRunner(server)
    logger = logging.getLogger(f"{library}.server")
    await runner.setup()
    try:
        logger.disabled = True  # handlers fail on purpose
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        found = [await exchange(runner.addresses[0][1], request) for request in REQUESTS]
        assert server.requests_count == len(REQUESTS)
        return found
    finally:
        logger.disabled = False
        await runner.cleanup()


@pytest.mark.parametrize("make", [server_of_own_requests, plain_server])
async def test_low_level_servers(make: Callable[[ModuleType], Any]) -> None:
    """Requests of a factory of five arguments, and handlers without an application."""
    theirs, ours = [await answers(make, library) for library in LIBRARIES]
    for request, there, here in zip(REQUESTS, theirs, ours, strict=True):
        if request.target == "/none" and make is plain_server:
            # One text here for all that the server got wrong.
            assert (there.status, here.status) == (500, 500)
        else:
            assert there == here, request


class Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def application(web: ModuleType) -> Any:
    """Return an application with an answer of each kind."""

    async def answer(request: Any) -> Any:
        return web.Response(text=await request.text(), headers={"X-Out": "o", "X-Empty": ""})

    async def fail(request: Any) -> Any:
        raise LookupError

    async def stream(request: Any) -> Any:
        response = web.StreamResponse(headers={"X-Out": "streamed"})
        await response.prepare(request)
        await response.write(b"12345")
        return response

    async def untyped(request: Any) -> Any:
        return web.Response(body=b"bytes")

    app = web.Application(logger=logging.getLogger("quiet"))
    app.router.add_route("*", "/untyped", untyped)
    app.router.add_route("*", "/fails", fail)
    app.router.add_route("*", "/stream", stream)
    for path in ("/a", "/head", "/post", "/old"):
        app.router.add_route("*", path, answer)
    return app


async def logged(library: str, level: int = logging.INFO, **settings: Any) -> Lines:
    """Return what an application logs while it is asked."""
    web = web_of(library)
    logger = logging.Logger(f"access of {library}", level)  # in nobody's tree
    lines = Lines()
    logger.addHandler(lines)
    runner = web.AppRunner(application(web), access_log=logger, **settings)
    failures = logging.getLogger(f"{library}.server")
    await runner.setup()
    try:
        failures.disabled = True
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        for request in REQUESTS:
            await exchange(runner.addresses[0][1], request)
    finally:
        failures.disabled = False
        await runner.cleanup()
    return lines


def timeless(text: Any) -> Any:
    """Return a line without what differs each time: times, and the length of the library's name."""
    if isinstance(text, dict):
        return {key: timeless(value) for key, value in text.items()}
    text = re.sub(r"\[\d\d/\w{3}/\d{4}(:\d\d){3} [+-]\d{4}\]", "[TIME]", str(text))
    return re.sub(r"\d+\.\d{6}", "SECONDS", text)


NO_BYTES = [
    *("%a", "%t", "%P", "%r", "%s", "%T", "%Tf", "%a %a", "plain", "", "%s%s", "{%s}"),
    *("%{Referer}i", "%{referer}i", "%{None}i", "%{X-Out}o", "%{Content-Type}o", "%{None}o"),
    *("%{X-Empty}o", '"%r" %s %{User-Agent}i', "%{X-Own}i|%{X-Out}o"),
    "%{Content-Length}o",
]


@pytest.mark.parametrize("log_format", NO_BYTES)
async def test_every_atom_of_the_access_log(log_format: str) -> None:
    """In the line, and among the attributes of the record for who formats by himself."""
    theirs, ours = [await logged(library, access_log_format=log_format) for library in LIBRARIES]
    assert len(theirs.records) == len(ours.records) == len(REQUESTS)
    names = set(vars(logging.makeLogRecord({}))) | {"message"}
    for request, there, here in zip(REQUESTS, theirs.records, ours.records, strict=True):
        assert timeless(there.getMessage()) == timeless(here.getMessage()), request
        extra = [
            {name: timeless(value) for name, value in vars(record).items() if name not in names}
            for record in (there, here)
        ]
        assert extra[0] == extra[1], request


async def test_microseconds_and_bytes() -> None:
    """Are of the same size: numbers that differ a little."""
    theirs, ours = [await logged(each, access_log_format="%D %b %s") for each in LIBRARIES]
    difference = len(web_of(LIBRARIES[1]).__name__) - len(web_of(LIBRARIES[0]).__name__) + 20
    for there, here in zip(theirs.records, ours.records, strict=True):
        (micro_there, bytes_there, status), (micro, size, same) = (
            record.getMessage().split() for record in (there, here)
        )
        assert status == same
        assert 0 <= int(micro) < 2_000_000
        assert 0 <= int(micro_there) < 2_000_000
        assert abs(int(size) - int(bytes_there)) < difference


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO, logging.WARNING])
async def test_a_logger_that_takes_no_such_lines(level: int) -> None:
    """Is not asked to."""
    theirs, ours = [await logged(library, level) for library in LIBRARIES]
    assert (
        len(theirs.records) == len(ours.records) == (0 if level > logging.INFO else len(REQUESTS))
    )


def own_class(library: str, seen: list[Any], kind: str) -> Any:
    """Return a class of access loggers, as programs derive them."""
    base: Any = importlib.import_module(f"{library}.abc").AbstractAccessLogger
    if kind == "derived":
        base = importlib.import_module(f"{library}.web").AccessLogger

    class Own(base):  # type: ignore[misc]
        def log(self, request: Any, response: Any, time: float) -> None:
            told = [request.method, request.path, response.status, type(time).__name__]
            seen.append([*told, self.log_format, request.remote, sorted(response.headers) != []])
            if kind == "derived":
                super().log(request, response, time)
            if kind == "fails":
                raise LookupError

        if kind == "off":

            @property
            def enabled(self) -> bool:
                return False

    return Own


@pytest.mark.parametrize("kind", ["plain", "derived", "off"])
async def test_an_access_logger_of_ones_own(kind: str) -> None:
    """Is called for each answer with the same, unless it says that nobody listens."""
    found = []
    for library in LIBRARIES:
        seen: list[Any] = []
        own = own_class(library, seen, kind)
        lines = await logged(library, access_log_class=own, access_log_format="%s %a")
        found.append([seen, [record.getMessage() for record in lines.records]])
    theirs, ours = found
    # The table of fields of a plain answer is made when somebody looks: it was sent without.
    assert [row[:6] for row in theirs[0]] == [row[:6] for row in ours[0]]
    assert theirs[1] == ours[1]
    assert len(ours[0]) == (0 if kind == "off" else len(REQUESTS))


@pytest.mark.parametrize("library", LIBRARIES)
async def test_what_is_no_access_logger(library: str) -> None:
    """A class that is none is a TypeError, where the runner is made or set up."""

    async def run() -> None:
        web = web_of(library)
        runner = web.AppRunner(application(web), access_log_class=Lines)
        try:
            await runner.setup()
        finally:
            await runner.cleanup()

    with pytest.raises(TypeError):
        await run()
