"""What a response is compressed with: by the client's weights, and said to caches."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from notebook_http import web
from notebook_http.web.coding_choice import accepted_coding, add_vary
from notebook_http.wire.content_coding import accept_encoding, decoder_for
from tests.web.answers_of_files import fields

Serve = Callable[..., Awaitable[int]]
Ask = Callable[..., Awaitable[tuple[bytes, bytes]]]

TEXT = "some words, and the same words again; " * 500
KNOWN = accept_encoding().split(", ")


async def compressed(request: web.Request) -> web.Response:
    response = web.Response(text=TEXT)
    response.enable_compression()
    return response


def decoded(body: bytes, coding: str | None) -> bytes:
    """Return *body* without its coding."""
    decoder = decoder_for(coding)
    if decoder is None:
        return body
    plain = decoder.decode(body, 2**20)
    while not decoder.needs_input:
        plain += decoder.decode(b"", 2**20)
    decoder.finish()
    return plain


@pytest.mark.parametrize("coding", ["deflate", "gzip", "br", "zstd"])
async def test_a_client_gets_what_it_asks_for(serve: Serve, ask: Ask, coding: str) -> None:
    """In every coding that this process knows; else as it is."""
    head, body = await ask(await serve(compressed), Accept_Encoding=coding)
    said = fields(head)
    assert said.get("content-encoding") == (coding if coding in KNOWN else None)
    assert said["vary"] == "Accept-Encoding"
    assert said["content-length"] == str(len(body))
    assert decoded(body, said.get("content-encoding")).decode() == TEXT


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", None),
        ("identity", None),
        ("gzip;q=0", None),
        ("gzip;q=0.2, deflate;q=0.1", "gzip"),
        ("gzip;q=0.5, identity;q=0.9", None),
        ("identity;q=0", None),
        ("identity;q=0, *", "deflate"),
        ("*", "deflate"),
        ("deflate;q=0, *;q=0.1", "gzip"),
        ("*;q=0", None),
        ("gzip, deflate, br, zstd", "deflate"),
    ],
)
async def test_weights_decide(serve: Serve, ask: Ask, accepted: str, coding: str | None) -> None:
    """The same on a stream; caches are told in any case."""

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_compression()
        await response.prepare(request)
        await response.write(TEXT.encode())
        return response

    for handler in (compressed, stream):
        head, _ = await ask(await serve(handler), Accept_Encoding=accepted)
        assert fields(head).get("content-encoding") == coding
        assert fields(head)["vary"] == "Accept-Encoding"


async def test_who_forces_a_coding_asks_nobody(serve: Serve, ask: Ask) -> None:
    """And no cache has to know."""

    async def handle(request: web.Request) -> web.Response:
        response = web.Response(text=TEXT)
        response.enable_compression(web.ContentCoding.gzip)
        return response

    head, body = await ask(await serve(handle), Accept_Encoding="br")
    assert fields(head)["content-encoding"] == "gzip"
    assert "vary" not in fields(head)
    assert decoded(body, "gzip").decode() == TEXT


def test_vary_names_a_field_once() -> None:
    """Whatever is there already."""
    for before, after in [
        ([], "X"), (["Cookie"], "Cookie, X"), (["x"], "x"), (["A, X"], "A, X"), (["*"], "*"),
        (["A", "B"], "A, B, X"),
    ]:  # fmt: skip
        response = web.Response(headers=[("Vary", value) for value in before])
        add_vary(response.headers, "X")
        assert ", ".join(response.headers.getall("Vary")) == after


@pytest.mark.parametrize(
    "accepted",
    ["gzip", "deflate", "gzip, deflate", "gzip, deflate, br", "identity", "GZIP", "x", "", "br"],
)
async def test_aiohttps_clients_get_aiohttps_choice(accepted: str) -> None:
    """Wherever it has one: br and zstd come where it would send the body as it is."""
    chosen = []
    for library in ("aiohttp", "notebook_http"):
        lib: Any = importlib.import_module(f"{library}.web")

        async def handle(request: Any, lib: Any = lib) -> Any:
            response = lib.Response(text=TEXT)
            response.enable_compression()
            return response

        app = lib.Application()
        app.router.add_get("/", handle)
        runner = lib.AppRunner(app, access_log=None)
        await runner.setup()
        await lib.TCPSite(runner, "127.0.0.1", 0).start()
        reader, writer = await asyncio.open_connection(*runner.addresses[0])
        lines = f"Host: a\r\nConnection: close\r\nAccept-Encoding: {accepted}\r\n\r\n"
        writer.write(f"GET / HTTP/1.1\r\n{lines}".encode())
        head, _, _ = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await runner.cleanup()
        chosen.append(fields(head).get("content-encoding"))
    theirs, ours = chosen
    assert ours == (theirs or ("br" if accepted == "br" and "br" in KNOWN else None))


def test_what_is_known_is_what_is_installed() -> None:
    """A coding without its library is no choice."""
    for coding in ("gzip", "deflate", "br", "zstd"):
        expected = web.ContentCoding(coding) if coding in KNOWN else None
        assert accepted_coding(coding) is expected
