"""The first line of a card, over real connections: how large on the wire, how many tries."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator

import pytest

from notebook_http import web
from notebook_http.client.middlewares.retry import RetryMiddleware
from notebook_http.notebook.client import Client

ROWS = json.dumps([{"n": n, "name": f"car {n}"} for n in range(3000)]).encode()
CODED = gzip.compress(ROWS)


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """A server of coded bodies, in one piece and in chunks, and of one that is busy at first."""
    asked = 0

    async def coded(_: web.Request) -> web.Response:
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        return web.Response(body=CODED, headers=headers)

    async def chunked(request: web.Request) -> web.StreamResponse:
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        answer = web.StreamResponse(headers=headers)
        await answer.prepare(request)
        for start in range(0, len(CODED), 1000):
            await answer.write(CODED[start : start + 1000])
        return answer

    async def busy(_: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.Response(status=503 if asked < 3 else 200, text="plain")

    app = web.Application()
    app.router.add_get("/coded", coded)
    app.router.add_get("/chunked", chunked)
    app.router.add_get("/busy", busy)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


@pytest.mark.parametrize("path", ["coded", "chunked"])
async def test_a_coded_body_has_two_sizes(url: str, path: str) -> None:
    """What was paid for, and what it is; chunked ones, whose head tells no size, too."""
    client = Client()
    r = await client.get(url + path)
    assert r.content == ROWS
    assert r.wire_size == len(CODED)
    kilobytes = f"{len(CODED) / 1000:.0f} KB"
    for shown in (str(r), r._repr_mimebundle_()["text/html"]):
        assert f"{len(ROWS) / 1000:.0f} KB JSON ({kilobytes} as gzip) in " in shown
    await client.close()


async def test_tries_are_counted(url: str) -> None:
    """A slow answer may be the third one."""
    client = Client(middlewares=(RetryMiddleware(base_delay=0),))
    r = await client.get(url + "busy")
    assert r.status == 200
    assert r.timings is not None
    assert r.timings.tries == 3
    assert ", after 3 tries" in str(r).split("\n")[1]
    assert ", after 3 tries" in r._repr_mimebundle_()["text/html"]
    r = await client.get(url + "busy")
    assert "tries" not in str(r)
    assert r.wire_size == len(r.content) == 5
    await client.close()


async def test_the_last_of_many_failures_says_so_too(url: str) -> None:
    """Two tries, both refused."""
    client = Client(middlewares=(RetryMiddleware(attempts=2, base_delay=0),))
    r = await client.get(url + "busy")
    assert (r.status, r.timings.tries if r.timings else 0) == (503, 2)
    await client.close()
