"""What another thread than the event loop's does to a session: the garbage collector, for one."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from notebook_http.client import ClientSession
from notebook_http.transport.accelerated import SWITCH

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha"


@pytest.fixture(params=["aiofastnet", "asyncio"], autouse=True)
def transports(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With both; asyncio checks the thread only when it debugs, and is then as strict."""
    if request.param == "asyncio":
        monkeypatch.setenv(SWITCH, "1")


@pytest.fixture
def by_hand() -> Iterator[None]:
    """Let nobody collect garbage but the test."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def gone(server: Any) -> None:
    async with asyncio.timeout(5):
        while server.open:
            await asyncio.sleep(0.001)


@pytest.fixture
async def talking(serve: Any) -> Any:
    """A server that sends `answer` and counts what its clients leave open."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.open += 1
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(server.answer)
            await reader.read()
        except ConnectionError:
            pass
        finally:
            server.open -= 1

    server = await serve(talk)
    server.open = 0
    return server


@pytest.mark.filterwarnings("ignore:Unclosed:ResourceWarning")
@pytest.mark.parametrize("answer", [OK, HALF], ids=["idle", "in use"])
async def test_a_session_that_another_thread_collects_is_closed(
    talking: Any, by_hand: None, answer: bytes
) -> None:
    """On its loop: the transports belong to that."""
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    talking.answer = answer
    session = ClientSession()
    response = await session.get(talking.url)
    cycle: list[Any] = [session, response]
    cycle.append(cycle)
    del session, response, cycle
    assert talking.open == 1
    await asyncio.to_thread(gc.collect)
    await gone(talking)


async def test_a_response_that_another_thread_collects_frees_its_place(
    talking: Any, by_hand: None
) -> None:
    """Nobody would ever read the rest."""
    talking.answer = HALF
    async with ClientSession() as session:
        cycle: list[Any] = [await session.get(talking.url)]
        cycle.append(cycle)
        del cycle
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            await asyncio.to_thread(gc.collect)
        await gone(talking)
        assert session.connector._pool.busy_count == 0


async def test_another_thread_may_close_a_session_and_look_at_it(talking: Any) -> None:
    """On a loop of its own; ours closes the connections."""
    talking.answer = OK
    session = ClientSession()
    async with session.get(talking.url) as response:
        await response.read()
    (connection,) = session.connector._pool.connections()
    assert "127.0.0.1" in await asyncio.to_thread(repr, connection)
    await asyncio.to_thread(asyncio.run, session.close())
    assert session.closed
    await gone(talking)
