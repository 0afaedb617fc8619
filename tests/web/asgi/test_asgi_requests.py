"""What applications are told of a request: its scope, its body, and that its client has left."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import pytest

from notebook_http import web


async def noting(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the scope."""
    told = {
        key: value.decode("latin-1") if isinstance(value, bytes) else value
        for key, value in scope.items()
    }
    told["headers"] = [[a.decode("latin-1"), b.decode("latin-1")] for a, b in scope["headers"]]
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})


async def test_scope_of_a_request(serve: Any, ask: Any):
    """Every key of the specification, as it says them."""
    port = await serve(web.asgi_app(noting))
    _, body = await ask(port, "POST", "/caf%C3%A9/%2F?a=%20b&a", b"body", X_Twice="1", x_twice="2")
    scope = json.loads(body)
    assert scope.pop("client")[0] == "127.0.0.1"
    assert scope.pop("asgi") == {"version": "3.0", "spec_version": "2.3"}
    assert scope == {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/café//",
        "raw_path": "/caf%C3%A9/%2F",
        "query_string": "a=%20b&a",
        "root_path": "",
        "state": {},
        "extensions": {"http.response.pathsend": {}, "http.response.early_hint": {}},
        "server": ["127.0.0.1", port],
        "headers": [
            ["host", "a"],
            ["connection", "close"],
            ["content-length", "4"],
            ["x-twice", "1"],
            ["x-twice", "2"],
        ],
    }


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/%ff", "/�"),
        ("http://other/x?y", "/x"),
        ("//double", "//double"),
        ("/a/../b", "/a/../b"),
    ],
)
async def test_path_of_unusual_targets(target: str, path: str, serve: Any, ask: Any):
    """Decoded as UTF-8, and else left as it came."""
    port = await serve(web.asgi_app(noting))
    _, body = await ask(port, "GET", target)
    assert json.loads(body)["path"] == path


async def test_root_path_of_a_proxy_is_put_in_front(serve: Any, ask: Any):
    """The proxy took it off: `path` has it again, as the specification asks."""
    port = await serve(web.asgi_app(noting, root_path="/shop/"))
    scope = json.loads((await ask(port, "GET", "/x"))[1])
    assert (scope["root_path"], scope["path"], scope["raw_path"]) == ("/shop", "/shop/x", "/shop/x")


async def test_mounted_below_a_prefix(serve: Any, ask: Any):
    """Below two prefixes, behind a proxy."""
    inner, outer = web.Application(), web.Application()
    inner.add_subapp("/b c", web.asgi_app(noting, root_path="/proxy"))
    outer.add_subapp("/a", inner)
    port = await serve(outer)
    scope = json.loads((await ask(port, "GET", "/a/b%20c/x"))[1])
    assert scope["root_path"] == "/proxy/a/b c"
    assert scope["path"] == "/proxy/a/b c/x"
    head, _ = await ask(port, "GET", "/elsewhere")
    assert head.startswith(b"HTTP/1.1 404 ")


async def test_unix_socket_has_no_client(serve: Any, tmp_path: Any):
    """And the server is a path without a port."""
    runner = web.AppRunner(web.asgi_app(noting), access_log=None)
    await runner.setup()
    path = str(tmp_path / "socket")
    await web.UnixSite(runner, path).start()
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    scope = json.loads((await reader.read()).partition(b"\r\n\r\n")[2])
    writer.close()
    await runner.cleanup()
    assert (scope["client"], scope["server"], scope["http_version"]) == (None, [path, None], "1.0")


async def counting(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the sizes of the pieces, when the body is whole."""
    sizes = []
    while True:
        event = await receive()
        assert event["type"] == "http.request"
        sizes.append(len(event["body"]))
        if not event["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": json.dumps(sizes).encode()})


async def test_no_body_is_one_empty_event(serve: Any, ask: Any, dressed: Any):
    """There is always one ``http.request``."""
    assert (await ask(await serve(dressed(counting)), "GET", "/at/"))[1] == b"[0]"


async def test_body_comes_as_it_arrives(serve: Any, connected: Any, dressed: Any):
    """Chunks, with trailers that nobody is told of."""
    port = await serve(dressed(counting))
    async with connected(port) as (reader, writer):
        writer.write(b"POST /at/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(3):
            writer.write(b"5\r\nabcde\r\n")
            await writer.drain()
            await asyncio.sleep(0.02)
        writer.write(b"0\r\nX-Trailer: 1\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        sizes = json.loads(await reader.readexactly(size))
    assert sum(sizes) == 15
    assert len(sizes) >= 3


async def test_body_that_is_not_read_makes_the_client_wait(serve: Any, connected: Any):
    """An upload of any size costs memory only up to `read_bufsize` twice."""
    go_on, sizes = asyncio.Event(), []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await go_on.wait()
        more = True
        while more:
            event = await receive()
            sizes.append(len(event["body"]))
            more = event["more_body"]
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    port = await serve(web.asgi_app(app, lifespan="off"), read_bufsize=65536)
    async with connected(port) as (reader, writer):
        total = 32 * 1024 * 1024
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % total)
        writer.write(bytes(total))
        left = -1
        while left != writer.transport.get_write_buffer_size():
            left = writer.transport.get_write_buffer_size()
            await asyncio.sleep(0.05)
        assert left > total // 4
        go_on.set()
        await reader.readuntil(b"\r\n\r\n")
    assert sum(sizes) == total
    assert max(sizes) < 1024 * 1024


async def test_coded_body_served_alone_is_as_it_came(serve: Any, ask: Any):
    """Decoding is the application's business, and it is told the coding."""
    coded = gzip.compress(b"x" * 1000)
    port = await serve(web.asgi_app(counting))
    assert (await ask(port, "POST", "/", coded, Content_Encoding="gzip"))[1] == b"[%d]" % len(coded)


async def test_coded_body_below_another_application_is_decoded_and_said_to_be(serve: Any, ask: Any):
    """The server of the outer application decodes: nobody may decode twice."""
    outer = web.Application()
    outer.add_subapp("/noting", web.asgi_app(noting))
    outer.add_subapp("/counting", web.asgi_app(counting))
    port = await serve(outer)
    coded = gzip.compress(b"x" * 1000)
    _, body = await ask(port, "POST", "/counting/", coded, Content_Encoding="gzip")
    assert sum(json.loads(body)) == 1000
    _, body = await ask(port, "POST", "/noting/", coded, Content_Encoding="gzip")
    names = [name for name, _ in json.loads(body)["headers"]]
    assert not {"content-encoding", "content-length"} & set(names)


async def test_continue_is_sent_when_the_body_is_asked_for(
    serve: Any, connected: Any, dressed: Any
):
    """Not before: the application may refuse from the head alone (RFC 9110 §10.1.1)."""
    go_on = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await go_on.wait()
        await counting(scope, receive, send)

    port = await serve(dressed(app))
    async with connected(port) as (reader, writer):
        writer.write(
            b"POST /at/ HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
        )
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.1)
        go_on.set()
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"body")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")


async def test_answer_without_asking_for_the_body_closes(
    serve: Any, talk: Any, answering: Any, dressed: Any
):
    """The client may never send what it waits with: nothing else can follow."""
    port = await serve(dressed(answering(b"no", status=413)))
    answer = await talk(
        port, b"POST /at/ HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()
    assert b"100 Continue" not in answer


async def test_unknown_expectation_is_refused(serve: Any, ask: Any, dressed: Any):
    """As everywhere else: 417."""
    head, _ = await ask(await serve(dressed(counting)), "POST", "/at/", b"x", Expect="magic")
    assert head.startswith(b"HTTP/1.1 417 ")


async def test_unread_body_is_dropped_and_the_connection_goes_on(
    serve: Any, connected: Any, answering: Any, dressed: Any
):
    """What nobody read is not taken for the next request."""
    port = await serve(dressed(answering(b"done")))
    async with connected(port) as (reader, writer):
        for _ in range(3):
            writer.write(b"POST /at/ HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n")
            writer.write(bytes(200_000))
            await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(4) == b"done"


async def test_disconnect_when_the_client_leaves(serve: Any, connected: Any, dressed: Any):
    """An application that waits for it is told, once the body is read."""
    told: asyncio.Queue[str] = asyncio.Queue()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        told.put_nowait((await receive())["type"])
        told.put_nowait((await receive())["type"])
        told.put_nowait((await receive())["type"])

    port = await serve(dressed(app))
    async with connected(port) as (_, writer):
        writer.write(b"GET /at/ HTTP/1.1\r\nHost: a\r\n\r\n")
        assert await told.get() == "http.request"
        await asyncio.sleep(0.02)
        assert told.empty()
    async with asyncio.timeout(5):
        assert [await told.get(), await told.get()] == ["http.disconnect"] * 2


async def test_disconnect_when_the_answer_is_complete(serve: Any, ask: Any, dressed: Any):
    """Whoever listens beside the answer is let go."""
    told: asyncio.Queue[str] = asyncio.Queue()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def listen() -> None:
            await receive()
            told.put_nowait((await receive())["type"])

        listening = asyncio.create_task(listen())
        await asyncio.sleep(0.01)
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})
        await listening

    await ask(await serve(dressed(app)), "GET", "/at/")
    async with asyncio.timeout(5):
        assert await told.get() == "http.disconnect"


@pytest.mark.parametrize("handled", [True, False])
async def test_broken_body_is_answered_with_400(handled: bool, serve: Any, talk: Any, dressed: Any):
    """To the application the client has left; the client is told what it did."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        event = await receive()
        while event["type"] == "http.request" and event["more_body"]:
            event = await receive()
        if not handled:
            raise RuntimeError(event["type"])

    port = await serve(dressed(app))
    head = b"POST /at/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = await talk(port, head + b"5\r\nabcde\r\nXYZ\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
