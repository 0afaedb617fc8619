"""One application, written once, served by either library; raw requests, and what comes back."""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any, NamedTuple

__all__ = ["Answer", "Asked", "asked", "both", "same", "served_by"]

# Of the connection and the library, not of the program.
NOT_COMPARED = {"date", "server", "connection", "keep-alive"}
LIBRARIES = ("aiohttp", "notebook_http")


class Answer(NamedTuple):
    """What came back: the fields in any order, the body without its framing."""

    status: int
    reason: str
    fields: list[tuple[str, str]]
    body: bytes


def same(theirs: Answer, ours: Answer) -> bool:
    """Tell whether two answers are; what is no request is refused in other words."""
    if theirs.status == ours.status == 400 and ours.body.startswith(b"400: Bad Request\n\n"):
        return theirs.reason == ours.reason
    return theirs == ours


class Asked(NamedTuple):
    """One request, as bytes are written."""

    method: str
    target: str
    fields: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    version: str = "1.1"
    host: str = "example.org"

    def __str__(self) -> str:
        return f"{self.method} {self.target} {dict(self.fields)} {self.body[:20]!r}"


def asked(method: str, target: str, body: bytes = b"", **fields: str) -> Asked:
    """Return a request; ``_`` in names of fields stands for ``-``."""
    named = tuple((name.replace("_", "-"), value) for name, value in fields.items())
    return Asked(method, target, named, body)


def unchunked(data: bytes) -> bytes:
    body = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        body += data[:length]
        data = data[length + 2 :]
        if not length:
            return body
    return body + b"<cut off>"


async def exchange(port: int, request: Asked) -> Answer:
    """Send one request over a connection of its own and read until the server closes it."""
    lines = [f"{request.method} {request.target} HTTP/{request.version}", "Connection: close"]
    if request.host:
        lines.append(f"Host: {request.host}")
    lines += [f"{name}: {value}" for name, value in request.fields]
    names = {name.lower() for name, _ in request.fields}
    if request.body and not names & {"content-length", "transfer-encoding"}:
        lines.append(f"Content-Length: {len(request.body)}")
    head = "\r\n".join(lines).encode("utf-8", "surrogateescape")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head + b"\r\n\r\n" + request.body)
    async with asyncio.timeout(10):
        data = await reader.read()
    writer.close()
    if not data:
        return Answer(0, "hung up without an answer", [], b"")
    head, _, body = data.partition(b"\r\n\r\n")
    line, *rest = head.decode("utf-8", "surrogateescape").split("\r\n")
    _, status, reason = line.split(" ", 2)
    found = [field.split(": ", 1) for field in rest]
    fields = sorted(
        (name.lower(), value) for name, value in found if name.lower() not in NOT_COMPARED
    )
    if ("transfer-encoding", "chunked") in fields and body:
        body = unchunked(body)
    return Answer(int(status), reason, fields, body)


async def served_by(
    library: str, make: Callable[[ModuleType], Any], requests: Iterable[Asked], **settings: Any
) -> list[Answer]:
    """Return the answers of the application that *make* makes of ``library.web``."""
    web = importlib.import_module(f"{library}.web")
    runner = web.AppRunner(make(web), access_log=None, shutdown_timeout=1.0, **settings)
    logger = logging.getLogger(f"{library}.server")
    await runner.setup()
    try:
        logger.disabled = True  # handlers fail on purpose
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        return [await exchange(port, request) for request in requests]
    finally:
        logger.disabled = False
        await runner.cleanup()


async def both(
    make: Callable[[ModuleType], Any], requests: list[Asked], **settings: Any
) -> list[tuple[Asked, Answer, Answer]]:
    """Return (request, aiohttp's answer, ours) for each request."""
    theirs, ours = [await served_by(library, make, requests, **settings) for library in LIBRARIES]
    return list(zip(requests, theirs, ours, strict=True))
