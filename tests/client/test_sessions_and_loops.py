"""Sessions that outlive the event loop of their connections, as after two `asyncio.run`."""

from __future__ import annotations

import asyncio
import gc
import ssl

import pytest
import trustme

from notebook_http.client import ClientSession
from notebook_http.transport.accelerated import SWITCH

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Answering:
    """A server that answers, and counts the connections that its clients have closed."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.gone = asyncio.Semaphore(0)

    async def saw_closed(self, connections: int) -> None:
        async with asyncio.timeout(3):
            for _ in range(connections):
                await self.gone.acquire()


@pytest.fixture(params=["http", "https", "https, by asyncio"])
async def answering(request, serve, monkeypatch) -> Answering:
    """A server that closes nothing by itself."""
    servers: list[Answering] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(OK)
        finally:
            servers[0].gone.release()

    context = None
    if request.param == "https, by asyncio":
        monkeypatch.setenv(SWITCH, "1")
    scheme = request.param.partition(",")[0]
    if scheme == "https":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("localhost").configure_cert(context)
    server = await serve(talk, ssl=context)
    servers.append(Answering(f"{scheme}://localhost:{server.port}/"))
    return servers[0]


async def ask(session: ClientSession, url: str) -> str:
    async with session.get(url, ssl=False) as response:
        return await response.text()


async def test_a_session_may_outlive_its_loop(answering):
    """Two `asyncio.run` with one session: the first loop's connections are closed, not used."""

    def twice() -> list[str]:
        session = ClientSession()

        async def last() -> str:
            text = await ask(session, answering.url)
            await session.close()
            return text

        return [asyncio.run(ask(session, answering.url)), asyncio.run(last())]

    assert await asyncio.to_thread(twice) == ["ok", "ok"]
    await answering.saw_closed(2)
    gc.collect()  # a socket that was left to the garbage collector warns here


async def test_a_session_can_be_closed_when_its_loop_is_gone(answering):
    """`asyncio.run(session.close())` is what people write at the end of a script."""

    def run() -> ClientSession:
        session = ClientSession()
        asyncio.run(ask(session, answering.url))
        asyncio.run(session.close())
        return session

    session = await asyncio.to_thread(run)
    await answering.saw_closed(1)
    assert session.closed


async def test_a_forgotten_session_of_a_loop_that_is_gone_leaves_no_socket(answering):
    """It warns once, and nothing of ours holds on to the loop and its sockets."""

    def run() -> None:
        sessions = [ClientSession()]
        asyncio.run(ask(sessions[0], answering.url))
        with pytest.warns(ResourceWarning, match="Unclosed client session"):
            sessions.clear()

    await asyncio.to_thread(run)
    await answering.saw_closed(1)


async def test_a_session_may_move_to_another_loop_while_the_first_one_rests(answering):
    """Programs that drive loops by hand do this; the connections stay with their loop."""

    def run() -> list[str]:
        session = ClientSession()
        first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
        texts = [
            first.run_until_complete(ask(session, answering.url)),
            second.run_until_complete(ask(session, answering.url)),
        ]
        second.run_until_complete(session.close())
        for loop in (first, second):
            loop.run_until_complete(asyncio.sleep(0.05))
            loop.close()
        return texts

    assert await asyncio.to_thread(run) == ["ok", "ok"]
    await answering.saw_closed(2)
    gc.collect()


async def test_a_request_made_before_its_session_closed_is_refused(answering):
    """As in aiohttp, at the await."""
    session = ClientSession()
    request = session.get(answering.url)
    await session.close()
    with pytest.raises(RuntimeError, match="Session is closed"):
        await request
