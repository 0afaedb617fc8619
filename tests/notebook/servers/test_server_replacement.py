"""A server and the port that somebody has: a stranger, or the server whose place it takes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

import notebook_http as nh
from notebook_http import web
from notebook_http.notebook.listening_socket import PortTakenError

Get = Callable[..., tuple[int, str]]


async def ask(get: Get, url: str, method: str = "GET") -> tuple[int, str]:
    """Ask from a thread: the server needs this one."""
    return await asyncio.to_thread(get, url, method)


def application(text: str) -> web.Application:
    async def hello(request: web.Request) -> web.Response:
        return web.Response(text=text)

    app = web.Application()
    app.router.add_get("/", hello)
    return app


@pytest.fixture(autouse=True)
async def _nothing_runs_on() -> Any:
    yield
    for server in nh.servers():
        await server.stop()


# A taken port -----------------------------------------------------------------------------------


async def test_a_port_of_somebody_else_is_named_with_its_owner() -> None:
    """An OSError of few lines: which port, who has it, what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError) as caught:
            await nh.serve({}, port=port)
    message = str(caught.value)
    assert isinstance(caught.value, OSError)
    assert f"Port {port} on 127.0.0.1 is taken by" in message
    assert "port=0 takes one that is free" in message
    assert len(message.splitlines()) <= 12
    assert list(nh.servers()) == []


async def test_in_a_script_two_servers_cannot_share_a_port() -> None:
    """Nothing is run again there, so this is a slip and no replacement."""
    async with nh.Server({}) as server:
        with pytest.raises(PortTakenError, match="which this program has started"):
            await nh.serve({}, port=server.port)
        assert server.running


# Replacing --------------------------------------------------------------------------------------


async def test_the_same_name_takes_the_same_port(get: Get) -> None:
    """The new server answers where the old one did; the old one is stopped."""
    old = await nh.serve(application("old"), name="api")
    new = await nh.serve(application("new"), name="api")
    assert (old.running, new.running) == (False, True)
    assert new.url == old.url
    assert await ask(get, new.url) == (200, "new")
    assert [server.name for server in nh.servers()] == ["api"]


async def test_replacing_closes_kept_connections() -> None:
    """A browser's kept-alive connection must not go on asking the old code."""
    old = await nh.serve(application("old"), name="kept")
    reader, writer = await asyncio.open_connection("127.0.0.1", old.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"old" in await reader.readuntil(b"old")
    await nh.serve(application("new"), name="kept")
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()


async def test_nobody_is_refused_while_it_is_replaced(get: Get) -> None:
    """The listening socket is handed on, so who connects in between waits and is answered."""
    server = await nh.serve(application("0"), name="busy")
    ends = asyncio.Event()

    async def keep_asking() -> list[str]:
        answers = []
        while not ends.is_set():
            status, text = await ask(get, server.url)
            assert status == 200
            answers.append(text)
        return answers

    asking = [asyncio.create_task(keep_asking()) for _ in range(4)]
    for number in range(1, 11):
        await nh.serve(application(str(number)), name="busy")
        await asyncio.sleep(0.02)
    ends.set()
    answers = [int(text) for each in await asyncio.gather(*asking) for text in each]
    assert len(set(answers)) > 3
    assert max(answers) == 10


async def test_a_request_that_takes_long_does_not_hold_up_the_cell() -> None:
    """Three seconds, then its handler is cancelled; nobody waits a minute to run a cell again."""
    ended = asyncio.Event()

    async def endless(request: web.Request) -> web.Response:
        try:
            await asyncio.sleep(600)
        finally:
            ended.set()
        return web.Response()

    server = await nh.serve({"/": endless}, name="slow")
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.sleep(0.1)
    began = asyncio.get_running_loop().time()
    await nh.serve({}, name="slow")
    assert asyncio.get_running_loop().time() - began < 6
    assert ended.is_set()
    writer.close()


async def test_the_same_application_can_be_served_again(get: Get) -> None:
    """A cell that only serves, run again, while the application was made in another cell."""
    app = application("same")
    for _ in range(3):
        server = await nh.serve(app, name="same")
        assert await ask(get, server.url) == (200, "same")


async def test_a_name_keeps_its_port_while_it_is_stopped() -> None:
    """Open pages and copied addresses stay valid; a port that was lost meanwhile is no error."""
    first = await nh.serve({}, name="place")
    await first.stop()
    second = await nh.serve({}, name="place")
    assert second.url == first.url
    await second.stop()
    with socket.create_server(("127.0.0.1", first.port)):
        third = await nh.serve({}, name="place")
        assert third.port != first.port


async def test_a_failing_clean_up_of_the_old_does_not_stop_the_new(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is the old code's failure; it is logged, and the corrected code runs."""

    async def fail(app: web.Application) -> None:
        msg = "cannot close"
        raise LookupError(msg)

    app = application("old")
    app.on_cleanup.append(fail)
    await nh.serve(app, name="dirty")
    new = await nh.serve({}, name="dirty")
    assert new.running
    assert "cannot close" in caplog.text


async def test_a_broken_application_does_not_stop_the_old_one() -> None:
    """A typo in a route is found before anything is touched."""
    old = await nh.serve({}, name="careful")
    with pytest.raises(ValueError, match="Did you mean 'GET /'"):
        await nh.serve({"GTE /": lambda request: "x"}, name="careful")
    assert old.running


async def test_serving_one_name_at_the_same_time_leaves_one_server() -> None:
    """Two tasks, one name: one after the other, and the later one stays."""
    made = await asyncio.gather(*(nh.serve({}, name="race") for _ in range(5)))
    assert [server.running for server in made] == [False] * 4 + [True]
    assert len({server.port for server in made}) == 1


async def test_without_a_name_scripts_get_servers_of_their_own() -> None:
    """There is no cell that could be run again."""
    first, second = await nh.serve({}), await nh.serve({})
    assert first.running
    assert first.port != second.port
