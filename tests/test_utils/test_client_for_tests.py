"""TestClient: paths instead of URLs, every method, and nothing left open."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

METHODS = ["get", "post", "put", "patch", "delete", "options"]


def echo_app(library: Any) -> Any:
    async def echo(request: Any) -> Any:
        body = await request.text()
        return library.web.Response(text=f"{request.method} {request.path_qs} {body}")

    app = library.web.Application()
    app.router.add_route("*", "/{path:.*}", echo)
    return app


@pytest.mark.parametrize("method", METHODS)
async def test_each_method_has_its_name(library: Any, method: str) -> None:
    server = library.test_utils.TestServer(echo_app(library))
    async with library.test_utils.TestClient(server) as client:
        assert client.app is server.app
        assert client.server is server
        assert (client.host, client.port) == (server.host, server.port)
        async with getattr(client, method)("/a", params={"q": "1"}) as answer:
            assert await answer.text() == f"{method.upper()} /a?q=1 "
        answer = await client.request(method, "/b", data=b"body")
        assert await answer.text() == f"{method.upper()} /b body"


async def test_head_has_no_body(library: Any) -> None:
    async with (
        library.test_utils.TestClient(library.test_utils.TestServer(echo_app(library))) as client,
        client.head("/a") as answer,
    ):
        assert (answer.status, await answer.read()) == (200, b"")


async def test_what_is_left_open_is_closed(library: Any) -> None:
    async def endless(request: Any) -> Any:
        response = library.web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 1000)
            await asyncio.sleep(0.01)

    app = library.web.Application()
    app.router.add_get("/", endless)
    client = library.test_utils.TestClient(library.test_utils.TestServer(app))
    await client.start_server()
    answer = await client.get("/")
    async with asyncio.timeout(5):
        await client.close()
        await client.close()
    assert answer.closed
    assert client.session.closed
    assert client.server.closed


def echoing_app(library: Any) -> Any:
    async def talk(request: Any) -> Any:
        socket = library.web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(f"echo {message.data}")
        return socket

    app = library.web.Application()
    app.router.add_get("/ws", talk)
    return app


async def test_websockets(library: Any) -> None:
    server = library.test_utils.TestServer(echoing_app(library))
    client = library.test_utils.TestClient(server)
    async with client:
        async with client.ws_connect("/ws") as socket:
            await socket.send_str("a")
            assert await socket.receive_str() == "echo a"
        left_open = await client.ws_connect("/ws")
        await left_open.send_str("b")
        assert await left_open.receive_str() == "echo b"
    assert left_open.closed


async def test_cookies_of_an_address_are_kept(library: Any) -> None:
    async def count(request: Any) -> Any:
        visits = int(request.cookies.get("visits", "0")) + 1
        response = library.web.Response(text=str(visits))
        response.set_cookie("visits", str(visits))
        return response

    app = library.web.Application()
    app.router.add_get("/", count)
    async with library.test_utils.TestClient(library.test_utils.TestServer(app)) as client:
        assert [await (await client.get("/")).text() for _ in range(3)] == ["1", "2", "3"]


async def test_the_session_takes_what_a_session_takes(library: Any) -> None:
    async def show(request: Any) -> Any:
        return library.web.Response(text=request.headers["X-Test"])

    app = library.web.Application()
    app.router.add_get("/", show)
    jar = library.top.DummyCookieJar()
    client = library.test_utils.TestClient(
        library.test_utils.TestServer(app), cookie_jar=jar, headers={"X-Test": "yes"}
    )
    async with client:
        assert client.session.cookie_jar is jar
        assert await (await client.get("/")).text() == "yes"
        assert await (await client.session.get(client.make_url("/"))).text() == "yes"


async def test_only_a_test_server_will_do(library: Any) -> None:
    with pytest.raises(TypeError, match="server must be TestServer instance"):
        library.test_utils.TestClient(echo_app(library))


async def test_a_plain_with_is_refused(library: Any) -> None:
    client = library.test_utils.TestClient(library.test_utils.TestServer(echo_app(library)))
    with pytest.raises(TypeError, match="async with"), client:
        pass
    await client.close()


async def test_a_server_that_cannot_start_leaves_no_session_open() -> None:
    """Ours alone: pytest turns what aiohttp leaves open into a warning."""
    from notebook_http import test_utils, web

    async def fail(app: web.Application) -> None:
        raise ValueError("no database")

    app = web.Application()
    app.on_startup.append(fail)
    client: Any = test_utils.TestClient(test_utils.TestServer(app))
    with pytest.raises(ValueError, match="no database"):
        async with client:
            pass
    assert client.session.closed
