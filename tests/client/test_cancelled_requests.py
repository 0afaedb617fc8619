"""A request that is cancelled leaves no slot taken, no socket open and no generator running."""

from __future__ import annotations

import asyncio

import pytest

from notebook_http.client import ClientSession, TCPConnector

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"


def idle(session: ClientSession) -> int:
    return session.connector._pool.idle_count


async def cancelled(task: asyncio.Task[object]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)


async def test_cancelling_the_wait_for_an_answer_leaves_nothing(serve, session):
    """The answer may come yet: only closing keeps it from the next request."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    server = await serve(talk)
    task = asyncio.create_task(session.get(server.url))
    await asyncio.sleep(0.03)
    await cancelled(task)
    assert session.connector._pool.busy_count == 0
    assert idle(session) == 0


async def test_cancelling_a_read_closes_the_connection(serve, session):
    """Half a body is still on the wire, so nobody may use it again."""
    server = await serve(HALF)
    response = await session.get(server.url)
    task = asyncio.create_task(response.read())
    await asyncio.sleep(0.01)
    await cancelled(task)
    assert idle(session) == 0
    assert session.connector._pool.busy_count == 0


async def test_cancelling_an_upload_stops_its_generator(serve, session):
    """What feeds it must not run on behind the program's back."""
    ended = asyncio.Event()

    async def endless():
        try:
            while True:
                yield b"x" * 1000
                await asyncio.sleep(0.001)
        finally:
            ended.set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            pass

    server = await serve(talk)
    body = endless()
    task = asyncio.create_task(session.post(server.url, data=body))
    await asyncio.sleep(0.03)
    await cancelled(task)
    await body.aclose()
    await asyncio.wait_for(ended.wait(), 1)
    assert session.connector._pool.busy_count == 0


async def test_cancelling_the_wait_for_a_slot_leaves_the_queue(serve):
    """The next in line must not wait for somebody who has left."""
    go = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            await go.wait()
            writer.write(OK)

    server = await serve(talk)
    async with ClientSession(connector=TCPConnector(limit=1)) as session:
        first = asyncio.create_task(session.get(server.url))
        second = asyncio.create_task(session.get(server.url))
        third = asyncio.create_task(session.get(server.url))
        await asyncio.sleep(0.03)
        pool = session.connector._pool
        assert (pool.busy_count, pool.waiting_count) == (1, 2)
        await cancelled(second)
        assert pool.waiting_count == 1
        go.set()
        assert await (await first).text() == "ok"
        assert await (await third).text() == "ok"
        assert (pool.busy_count, pool.waiting_count, pool.idle_count) == (0, 0, 1)


async def test_cancelling_a_dial_gives_the_slot_back(serve, monkeypatch):
    """A host that does not answer must not eat the pool."""
    async with ClientSession(connector=TCPConnector(limit=1)) as session:

        async def never(*args: object) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr("notebook_http.client.tcp_connector.open_socket", never)
        task = asyncio.create_task(session.get("http://127.0.0.1:9/"))
        await asyncio.sleep(0.01)
        assert session.connector._pool.busy_count == 1
        await cancelled(task)
        assert session.connector._pool.busy_count == 0
