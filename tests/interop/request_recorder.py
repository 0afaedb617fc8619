"""Run one client program on both libraries, and say what left, or what was raised."""

from __future__ import annotations

import asyncio
import importlib
import re
import warnings
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

__all__ = ["Options", "Program", "compare", "run"]

# (library, session, url of the server): what a program of a user would do.
Program = Callable[[ModuleType, Any, str], Awaitable[Any]]
# The arguments of the session, by library.
Options = Callable[[ModuleType], dict[str, Any]]


class Recorder:
    """A server that keeps each request, body undone of its chunks, and answers with 200."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests until the client leaves, whole or in the middle of one."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if b"100-continue" in head:
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                self.requests.append(head + await _body(reader, head))
                body = b"" if head.startswith(b"HEAD") else b"ok"
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    if length is not None:
        return await reader.readexactly(int(length[1]))
    body = b""
    if re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
        while size := int((await reader.readuntil(b"\r\n")), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
    return body


def _taken_apart(request: bytes) -> tuple[bytes, list[str], bytes]:
    """Return request line, sorted fields and body, without what is random or the library's own."""
    head, _, body = request.partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    if not body:
        # aiohttp says of which type a POST's missing body is.
        fields = [field for field in fields if not field.startswith(b"Content-Type:")]
    text = "\n".join(sorted(field.decode() for field in fields))
    text = re.sub(r"(User-Agent: (Python|notebook)|Sec-WebSocket-Key:).*\n?", "", text)
    if "Content-Encoding: deflate" in text or "Content-Encoding: gzip" in text:
        body = b"(encoded)"  # as the libraries' zlibs like it
    # Those of the body are not in the head where the caller gave a type of his own.
    boundaries = re.findall(rb"(?:boundary=|--)([0-9a-f]{32})", request)
    for number, boundary in enumerate(dict.fromkeys(boundaries)):
        text = text.replace(boundary.decode(), f"BOUNDARY{number}")
        body = body.replace(boundary, b"BOUNDARY%d" % number)
    return line, text.split("\n"), body


async def run(library: str, program: Program, options: Options) -> tuple[Any, list[Any]]:
    """Return the program's result or error, and the requests that left, taken apart."""
    lib = importlib.import_module(library)
    recorder = Recorder()
    server = await asyncio.start_server(recorder.talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    outcome: Any = None
    with warnings.catch_warnings():
        # aiohttp deprecates more than it may, and aiohttp's own parts leave files to the collector.
        warnings.simplefilter("ignore", DeprecationWarning)
        async with asyncio.timeout(30):
            try:
                async with lib.ClientSession(**options(lib)) as session:
                    outcome = await program(lib, session, f"http://127.0.0.1:{port}")
            except Exception as error:
                outcome = error
    server.close()
    await server.wait_closed()
    sent = [request.replace(str(port).encode(), b"PORT") for request in recorder.requests]
    return outcome, [_taken_apart(request) for request in sent]


def _no_options(lib: ModuleType) -> dict[str, Any]:
    return {}


async def compare(program: Program, options: Options = _no_options) -> bool:
    """Return whether the same left and came out.

    Of errors the class counts: what aiohttp's is caught by catches ours, too.
    """
    theirs, sent_by_theirs = await run("aiohttp", program, options)
    ours, sent = await run("notebook_http", program, options)
    if isinstance(theirs, Exception) and isinstance(ours, Exception):
        same = type(theirs).__name__ in {kind.__name__ for kind in type(ours).__mro__}
    else:
        same = not isinstance(theirs, Exception) and bool(ours == theirs)
    if same and sent == sent_by_theirs:
        return True
    print(f"theirs: {theirs!r}\n  {sent_by_theirs}\nours: {ours!r}\n  {sent}")
    return False
