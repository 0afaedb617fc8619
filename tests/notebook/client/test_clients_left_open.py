"""Clients that nobody has to close: dropped, run again, outliving a loop, without a word."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from notebook_http.client import ClientError
from notebook_http.notebook import client as nh
from notebook_http.notebook.client import Client, default_client


async def settle() -> None:
    """Let the loop close what was dropped."""
    gc.collect()
    for _ in range(5):
        await asyncio.sleep(0.005)


async def test_a_cell_that_makes_a_client_can_be_run_again(
    server: Any, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """No "Unclosed client session", and no socket left behind."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(5):
            client = Client(base_url=server.url)
            await client.get("x")
        await settle()
        assert server.open == 1, "the one of the client that is still there"
        del client
        await settle()
    assert server.open == 0
    assert caught == []
    assert caplog.records == []
    assert capfd.readouterr().err == ""


async def test_a_client_caught_in_a_circle_is_closed_silently_too(
    server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Tracebacks make such circles; the collector finalises what is in them in any order."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        circle: list[Any] = [Client()]
        circle.append(circle)
        await circle[0].get(server.url)
        del circle
        await settle()
    assert server.open == 0
    assert caught == []
    assert caplog.records == []


async def test_a_client_dropped_in_another_thread_is_closed_on_its_loop(server: Any) -> None:
    """The garbage collector runs wherever it likes."""
    client: Any = Client()
    await client.get(server.url)
    dropped = [client]
    del client
    await asyncio.to_thread(dropped.clear)
    await settle()
    assert server.open == 0


async def test_a_request_that_fails_closes_a_session_of_its_own(server: Any) -> None:
    """`async with` does not get to its end there."""
    with pytest.raises(ClientError):
        async with nh.get("http://127.0.0.1:9/", max_decoded_size=9) as _:
            pass


async def test_a_closed_client_says_so(server: Any) -> None:
    """After `async with` it is over."""
    async with Client() as client:
        await client.get(server.url)
    assert client.closed
    await client.close()
    with pytest.raises(RuntimeError, match=r"This client is closed\. Make a new one"):
        await client.get(server.url)
    await settle()
    assert server.open == 0


async def test_its_repr_tells_the_state(server: Any) -> None:
    """Masked, as everything that is shown."""
    client = Client(base_url=server.url.replace("//", "//user:s3cr3t@"))
    host = server.url[7:]
    assert repr(client) == f"<Client http://•••• (len 11)@{host} ready, 0 requests sent>"
    plain = Client()
    await plain.get(server.url)
    assert repr(plain) == "<Client ready, 1 request sent>"
    await plain.close()
    assert repr(plain) == "<Client closed, 1 request sent>"


def test_a_client_outlives_its_loop_and_stays_logged_in(new_server: Callable[[], Any]) -> None:
    """A script may call `asyncio.run` more than once; so may the IPython terminal."""
    client = Client()

    async def ask(path: str) -> tuple[bytes, int]:
        served = new_server()
        async with await served.start():
            await client.get(served.url + path)
            await client.get(served.url)
            return served.requests[-1], served.connections

    first, connections = asyncio.run(ask("login"))
    assert (b"Cookie: sid=s3cr3t" in first, connections) == (True, 1)
    second, _ = asyncio.run(ask(""))
    assert b"Cookie: sid=s3cr3t" in second
    assert len(client._sessions) == 1


async def test_the_default_client_is_one_and_made_anew_once_closed(server: Any) -> None:
    """`nh.get` keeps its connections and cookies from cell to cell."""
    await nh.get(server.url + "login")
    await nh.get(server.url)
    assert server.connections == 1
    assert b"Cookie: sid=s3cr3t" in server.requests[1]
    first = default_client()
    assert default_client() is first
    await first.close()
    assert default_client() is not first
