"""TestServer and RawTestServer: where they listen, what they close, what they refuse."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

import pytest
import trustme
from yarl import URL


def hello_app(library: Any) -> Any:
    async def hello(request: Any) -> Any:
        return library.web.Response(text=f"hello from {request.url}")

    app = library.web.Application()
    app.router.add_get("/", hello)
    return app


async def is_open(port: int) -> bool:
    """Tell whether somebody listens on *port* of this machine."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return False
    writer.close()
    return True


async def test_it_listens_from_start_to_close(library: Any) -> None:
    server = library.test_utils.TestServer(hello_app(library))
    assert (server.started, server.closed, server.port) == (False, False, None)
    await server.start_server()
    port = server.port
    assert (server.started, server.closed, server.scheme) == (True, False, "http")
    assert server.host == "127.0.0.1"
    assert isinstance(server.handler, library.web.Server)
    assert await is_open(port)
    await server.start_server()  # a second time does nothing
    assert server.port == port
    await server.close()
    await server.close()
    assert (server.started, server.closed, server.port) == (True, True, None)
    assert not await is_open(port)


async def test_urls_are_its_own(library: Any) -> None:
    async with library.test_utils.TestServer(hello_app(library)) as server:
        root = f"http://127.0.0.1:{server.port}"
        assert server.make_url("/a?b=c") == URL(f"{root}/a?b=c")
        assert server.make_url(URL("/x")) == URL(f"{root}/x")
        with pytest.raises(AssertionError):
            server.make_url("http://example.com/")


async def test_no_url_before_it_listens(library: Any) -> None:
    with pytest.raises(AssertionError):
        library.test_utils.TestServer(hello_app(library)).make_url("/")


async def test_absolute_urls_where_they_are_let_through(library: Any) -> None:
    server = library.test_utils.TestServer(hello_app(library), skip_url_asserts=True)
    async with server:
        assert str(server.make_url("/a")) == f"http://127.0.0.1:{server.port}/a"


async def test_a_port_of_ones_own(library: Any) -> None:
    port = library.test_utils.unused_port()
    async with library.test_utils.TestServer(hello_app(library), port=port) as server:
        assert server.port == port


async def test_a_socket_of_ones_own(library: Any) -> None:
    asked = []

    def bind(host: str, port: int, family: socket.AddressFamily) -> socket.socket:
        asked.append((host, port, family))
        return library.test_utils.get_port_socket(host, port, family)

    async with library.test_utils.TestServer(hello_app(library), socket_factory=bind):
        assert asked == [("127.0.0.1", 0, socket.AF_INET)]


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
async def test_an_address_of_version_6(library: Any) -> None:
    server = library.test_utils.TestServer(hello_app(library), host="::1")
    async with library.test_utils.TestClient(server) as client:
        assert await (await client.get("/")).text() == f"hello from http://[::1]:{server.port}/"


async def test_over_tls(library: Any) -> None:
    authority = trustme.CA()
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(serving)
    asking = ssl.create_default_context()
    authority.configure_trust(asking)
    server = library.test_utils.TestServer(hello_app(library))
    await server.start_server(ssl=serving)
    async with library.test_utils.TestClient(server) as client:
        answer = await client.get("/", ssl=asking)
        assert await answer.text() == f"hello from https://127.0.0.1:{server.port}/"
        await answer.release()
    assert server.closed


async def test_one_handler_for_everything(library: Any) -> None:
    async def handler(request: Any) -> Any:
        return library.web.Response(text=f"{request.method} {request.path}")

    server = library.test_utils.RawTestServer(handler)
    async with library.test_utils.TestClient(server) as client:
        assert client.app is None
        assert await (await client.put("/any/thing")).text() == "PUT /any/thing"


async def test_a_raw_server_tells_what_went_wrong(library: Any) -> None:
    """It is in debug mode: a failing handler shows in the test that caused it."""

    async def handler(request: Any) -> Any:
        raise ZeroDivisionError("no such number")

    async with library.test_utils.TestClient(library.test_utils.RawTestServer(handler)) as client:
        answer = await client.get("/")
        assert answer.status == 500
        assert "no such number" in await answer.text()


async def test_a_plain_with_is_refused(library: Any) -> None:
    with pytest.raises(TypeError, match="async with"), library.test_utils.TestServer(None):
        pass


async def test_an_application_that_cannot_start_leaves_nothing_behind() -> None:
    """Ours alone: with aiohttp the application's clean-up is not run."""
    from notebook_http import test_utils, web

    steps = []

    async def resource(app: web.Application) -> Any:
        steps.append("opened")
        yield
        steps.append("closed")

    async def fail(app: web.Application) -> None:
        raise ValueError("no database")

    app = web.Application()
    app.cleanup_ctx.append(resource)
    app.on_startup.append(fail)
    server = test_utils.TestServer(app)
    with pytest.raises(ValueError, match="no database"):
        await server.start_server()
    assert steps == ["opened", "closed"]
    assert not server.started


async def test_a_port_that_is_taken_leaves_nothing_behind() -> None:
    """The caller's next server must not meet the remains of this one."""
    from notebook_http import test_utils, web

    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = test_utils.TestServer(web.Application(), port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            await server.start_server()
    assert not server.started
