"""Responses of several parts, read by the same program through aiohttp and through us."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any

import aiohttp
import pytest

import notebook_http

BODY = (
    b"--b\r\nContent-Type: application/json\r\n\r\n[1, 2]\r\n"
    b"--b\r\nContent-Type: multipart/related; boundary=in\r\n\r\n"
    b'--in\r\nContent-Disposition: attachment; filename="x.txt"\r\n\r\none\r\n--in--\r\n'
    b"\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\n"
)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=b\r\n"


async def read_parts(library: ModuleType, url: str) -> list[Any]:
    """A program written for either library."""
    seen: list[Any] = []
    async with library.ClientSession() as session, session.get(url) as response:
        reader = library.MultipartReader.from_response(response)
        while (part := await reader.next()) is not None:
            if isinstance(part, library.MultipartReader):
                async for inner in part:
                    seen.append((inner.filename, bytes(await inner.read())))
            elif part.headers.get("Content-Type") == "application/json":
                seen.append(await part.json())
            else:
                seen.append(bytes(await part.read(decode=True)))
        seen.append(reader.at_eof())
    return seen


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY,
        HEAD
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + b"".join(b"7\r\n%b\r\n" % BODY[at : at + 7] for at in range(0, len(BODY) - 7, 7))
        + b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY) % 7 or 7, BODY[-(len(BODY) % 7 or 7) :]),
    ],
    ids=["sized", "chunked"],
)
async def test_the_same_parts_as_aiohttp(answer: bytes, serve: Any) -> None:
    """Nested ones, encoded ones, and the end."""
    server = await serve(answer)
    expected = [[1, 2], ("x.txt", b"one"), b"hello", True]
    assert await read_parts(notebook_http, server.url) == expected
    assert await read_parts(aiohttp, server.url) == expected


async def test_the_connection_is_used_again(serve: Any, session: Any) -> None:
    """Once the last part is read, the response is released."""
    server = await serve(HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY)
    for _ in range(2):
        response = await session.get(server.url)
        reader = notebook_http.MultipartReader.from_response(response)
        assert [part async for part in reader][-1].at_eof()
        assert response.closed
    assert server.connections == 1


@pytest.mark.parametrize(
    ("framing", "error"),
    [
        (b"Content-Length: 9999\r\n\r\n", notebook_http.ClientPayloadError),
        (b"Content-Length: 60\r\n\r\n", ValueError),
    ],
    ids=["of the message", "of the parts"],
)
async def test_a_body_that_breaks_off_is_an_error(
    framing: bytes, error: type[Exception], serve: Any, session: Any
) -> None:
    """Never a part that looks whole, nor an end that looks like the last one."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + framing + BODY[:60])

    server = await serve(talk)
    async with session.get(server.url) as response:
        reader = notebook_http.MultipartReader.from_response(response)
        part = await reader.next()
        assert part is not None
        with pytest.raises(error):
            await reader.next()


async def test_what_is_no_multipart_is_refused(serve: Any, session: Any) -> None:
    """A ValueError, before anything of the body is read."""
    server = await serve(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    async with session.get(server.url) as response:
        with pytest.raises(ValueError, match="multipart"):
            notebook_http.MultipartReader.from_response(response)
        assert await response.read() == b"hi"
