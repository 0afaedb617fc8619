"""What leaves on the wire, byte by byte, when the same handlers run on either library's server.

A second request follows the first on the same connection: whether it is answered tells whether the
connection went on, and an answer that is longer or shorter than it says is no longer in step.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import warnings
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any, NamedTuple

from tests.interop.same_objects import LIBRARIES, web_of
from tests.interop.same_web_program import Asked

__all__ = ["Handlers", "Wire", "attempt", "differing", "summary", "wire_both", "wire_both_now"]

# Of the moment and of the library, not of the program.
NOT_COMPARED = {"date", "server"}
NEXT = b"\r\n\r\nthe next answer"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

Handler = Callable[[ModuleType, Any, Callable[[Any], None]], Awaitable[Any]]
Handlers = dict[str, Handler]
Change = Callable[[Any, ModuleType], None]


class Wire(NamedTuple):
    """What a client was sent, and what the handler saw meanwhile.

    Attributes:
        line: the status line.
        fields: those of the head, in any order.
        body: all bytes behind the head, framing included.
        kept: whether the connection answered another request.
        notes: what the handler noted, and 100 for each answer that says so.
    """

    line: str
    fields: list[str]
    body: bytes
    kept: bool
    notes: list[Any]


async def attempt(note: Callable[[Any], None], action: Callable[[], Any]) -> Any:
    """Do something and note the error that came of it, or that there was none."""
    try:
        result = action()
        if hasattr(result, "__await__"):
            result = await result
    except Exception as error:
        # An assertion is as good as an error with a name: `python -O` takes assertions out.
        named = isinstance(error, AssertionError | RuntimeError | TypeError | ValueError)
        note("refused" if named else type(error).__name__)
        return None
    note("done")
    return result


def request_bytes(request: Asked) -> bytes:
    """Return a request and one behind it, which asks to close."""
    lines = [f"{request.method} {request.target} HTTP/{request.version}", "Host: a"]
    lines += [f"{name}: {value}" for name, value in request.fields]
    if request.body:
        lines.append(f"Content-Length: {len(request.body)}")
    head = "\r\n".join([*lines, "", ""]).encode()
    said = dict(request.fields).get("Connection", "close" if request.version == "1.0" else "")
    if said == "close":
        return head + request.body
    return head + request.body + b"GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def in_order(field: str) -> str:
    """Return a field with what means nothing taken out.

    Names in lower case (RFC 9110 §5.1), the attributes of a cookie in any order (RFC 6265 §5.2).
    """
    name, _, value = field.partition(": ")
    if name == "Set-Cookie":
        pair, *attributes = value.split("; ")
        value = "; ".join([pair, *sorted(map(str.lower, attributes))])
    return f"{name.lower()}: {value}"


def differing(request: Asked, theirs: Wire, ours: Wire) -> set[str]:
    """Return the names of what differs, but for what aiohttp may not send.

    A body behind a head that ends the message (RFC 9112 §6.3), and more answers behind a body
    that only the end of the connection ends.
    """
    different = {name for name in Wire._fields if getattr(theirs, name) != getattr(ours, name)}
    status = ours.line.partition(" ")[2][:3]
    bodiless = request.method == "HEAD" or status in ("204", "304") or status[:1] == "1"
    if bodiless and not ours.body:
        different -= {"body"}
    names = {field.partition(":")[0] for field in ours.fields}
    if request.version == "1.0" and not bodiless and "content-length" not in names:
        assert not ours.kept, "who is to tell where the body ends?"
        different -= {"kept"}
    return different


def summary(wire: Wire) -> str:
    """Return status, beginning of the body and what became of the connection, as one line."""
    status = "".join(wire.line.split(" ")[1:2])
    body = wire.body[:11].decode("latin-1").replace("\r\n", ",")
    return f"{status} {body} {'kept' if wire.kept else 'closed'}".replace("  ", " ")


async def exchange(port: int, request: Asked, notes: list[Any]) -> Wire:
    """Send a request over a connection of its own, and read until the server closes it."""
    notes.clear()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_bytes(request))
    data = b""
    try:
        async with asyncio.timeout(20):
            with contextlib.suppress(ConnectionResetError):
                while piece := await reader.read(2**16):
                    data += piece
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    seen = list(notes)
    kept = data.endswith(NEXT)
    if kept:
        data = data[: data.rindex(b"HTTP/1.1 200 OK")]
    while data.startswith(CONTINUE):
        seen.append(100)
        data = data.removeprefix(CONTINUE)
    head, _, body = data.partition(b"\r\n\r\n")
    line, *fields = head.decode("utf-8", "surrogateescape").split("\r\n")
    fields = sorted(
        in_order(each) for each in fields if each.partition(":")[0].lower() not in NOT_COMPARED
    )
    return Wire(line, fields, body, kept, seen)


async def served_by(
    library: str, handlers: Handlers, requests: list[Asked], change: Change
) -> list[Wire]:
    """Return what a server with *handlers*, each at the path of its name, sends."""
    web = web_of(library)
    notes: list[Any] = []

    def handler_of(handle: Handler) -> Any:
        async def answer(request: Any) -> Any:
            return await handle(web, request, notes.append)

        return answer

    async def next_answer(request: Any) -> Any:
        return web.Response(text="the next answer")

    app = web.Application()
    app.router.add_get("/next", next_answer)
    for name, handle in handlers.items():
        app.router.add_route("*", f"/{name}", handler_of(handle))
    change(app, web)
    logger = logging.getLogger(f"{library}.server")
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        logger.disabled = True  # handlers fail on purpose
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [await exchange(port, request, notes) for request in requests]
    finally:
        logger.disabled = False
        await runner.cleanup()


async def wire_both(
    handlers: Handlers, requests: list[Asked], change: Change = lambda app, web: None
) -> list[tuple[Asked, Wire, Wire]]:
    """Return (request, what aiohttp sends, what ours does) for each request."""
    theirs, ours = [await served_by(each, handlers, requests, change) for each in LIBRARIES]
    return list(zip(requests, theirs, ours, strict=True))


def wire_both_now(handlers: Handlers, requests: list[Asked]) -> list[tuple[Asked, Wire, Wire]]:
    """Return the same without a loop that runs."""
    return asyncio.run(wire_both(handlers, requests))
