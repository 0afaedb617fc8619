"""CompressionMiddleware: what is compressed, for whom, and what never is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from notebook_http import web
from notebook_http.web.middlewares import CompressionMiddleware
from notebook_http.wire.content_coding import decoder_for

BODY = b"hello " * 1000


def decoded(answer: Any, body: bytes) -> bytes:
    decoder = decoder_for(answer.headers.get("Content-Encoding"))
    return body if decoder is None else decoder.decode(body, 10**8)


def answering(**arguments: Any) -> list[web.RouteDef]:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(**arguments)

    return [web.get("/made", handler)]


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1, br;q=0.5", "gzip"),
        ("br", "br"),
        ("deflate", "deflate"),
        ("*", "zstd"),
        ("gzip;q=0", None),
        ("identity", None),
        ("", None),
        ("compress", None),
    ],
)
async def test_what_the_client_takes(asking: Any, accepted: str, coding: str | None) -> None:
    client = await asking(CompressionMiddleware())
    answer = await client.get("/text", headers={"Accept-Encoding": accepted})
    body = await answer.read()
    assert answer.headers.get("Content-Encoding") == coding
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert int(answer.headers["Content-Length"]) == len(body)
    assert (len(body) < len(BODY)) == (coding is not None)
    assert decoded(answer, body) == BODY


@pytest.mark.parametrize(
    "content_type",
    [
        *("text/html", "text/css", "application/json", "application/problem+json"),
        *("application/javascript", "image/svg+xml", "application/wasm", "application/atom+xml"),
    ],
)
async def test_types_that_are_worth_it(asking: Any, content_type: str) -> None:
    routes = answering(body=BODY, content_type=content_type)
    client = await asking(CompressionMiddleware(), routes=routes)
    answer = await client.get("/made", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"


NEVER: dict[str, dict[str, Any]] = {
    "small": {"body": b"x" * 1023, "content_type": "text/plain"},
    "image": {"body": BODY, "content_type": "image/png"},
    "archive": {"body": BODY, "content_type": "application/zip"},
    "no type": {"body": BODY},
    "events": {"body": BODY, "content_type": "text/event-stream"},
    "coded": {"body": BODY, "headers": {"Content-Encoding": "x-own", "Content-Type": "text/css"}},
    "identity": {"text": "x" * 2000, "headers": {"Content-Encoding": "identity"}},
    "range": {"text": "x" * 2000, "headers": {"Content-Range": "bytes 0-1999/9999"}},
    "part": {"text": "x" * 2000, "status": 206},
    "no-transform": {"text": "x" * 2000, "headers": {"Cache-Control": "public, No-Transform"}},
    "digest": {"text": "x" * 2000, "headers": {"Content-Digest": "sha-256=:abc=:"}},
}


@pytest.mark.parametrize("what", NEVER)
async def test_what_never_is(asking: Any, what: str) -> None:
    client = await asking(CompressionMiddleware(), routes=answering(**NEVER[what]))
    answer = await client.get("/made", headers={"Accept-Encoding": "gzip"})
    asked = NEVER[what].get("headers", {}).get("Content-Encoding")
    assert answer.headers.get("Content-Encoding") == asked
    assert "Vary" not in answer.headers
    whole: Any = NEVER[what].get("body") or NEVER[what]["text"].encode()
    assert await answer.read() == whole


async def test_what_would_not_get_smaller(asking: Any) -> None:
    import random

    noise = random.Random(1).randbytes(2000)
    routes = answering(body=noise, content_type="text/plain")
    client = await asking(CompressionMiddleware(), routes=routes)
    answer = await client.get("/made", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers
    assert await answer.read() == noise


async def test_a_strong_tag_becomes_a_weak_one(asking: Any) -> None:
    for tag, sent in (('"v1"', 'W/"v1"'), ('W/"v1"', 'W/"v1"')):
        routes = answering(text="x" * 5000, headers={"ETag": tag})
        client = await asking(CompressionMiddleware(), routes=routes)
        answer = await client.get("/made", headers={"Accept-Encoding": "gzip"})
        assert answer.headers["ETag"] == sent
        answer = await client.get("/made", headers={"Accept-Encoding": "identity"})
        assert answer.headers["ETag"] == tag


@pytest.mark.parametrize("accepted", ["gzip", "br", "identity"])
async def test_a_head_is_that_of_get(asking: Any, accepted: str) -> None:
    """Its length, its coding and its tag, too: a cache updates what it has by them."""
    routes = answering(text="x" * 5000, headers={"ETag": '"v1"'})
    client = await asking(CompressionMiddleware(), routes=routes)
    heads = []
    for method in ("GET", "HEAD"):
        answer = await client.request(method, "/made", headers={"Accept-Encoding": accepted})
        heads.append({**answer.headers, "Date": ""})
    assert heads[0] == heads[1]
    assert ("Content-Encoding" in heads[0]) is (accepted != "identity")


async def test_streams_and_their_own_compression_pass(asking: Any) -> None:
    async def own(request: web.Request) -> web.Response:
        response = web.Response(text="x" * 5000)
        response.enable_compression(web.ContentCoding.deflate)
        return response

    client = await asking(CompressionMiddleware(), routes=[web.get("/own", own)])
    answer = await client.get("/stream", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers
    assert await answer.read() == b"piece piece piece "
    answer = await client.get("/own", headers={"Accept-Encoding": "gzip"})
    assert answer.headers.getall("Content-Encoding") == ["deflate"]


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.binary(max_size=3000).map(lambda some: some * 20),
    st.sampled_from(["gzip", "deflate", "br", "zstd", "*", ""]),
)
async def test_whatever_is_sent_arrives(asking: Any, body: bytes, accepted: str) -> None:
    routes = answering(body=body, content_type="text/plain")
    client = await asking(CompressionMiddleware(0), routes=routes)
    answer = await client.get("/made", headers={"Accept-Encoding": accepted})
    assert decoded(answer, await answer.read()) == body
    await client.close()


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="at least 0"):
        CompressionMiddleware(-1)
    with pytest.raises(TypeError, match="whole number"):
        CompressionMiddleware("1 KiB")  # type: ignore[arg-type]
