"""Time-outs and cancels at every step towards a proxy and through it."""

from __future__ import annotations

import asyncio

import pytest

import notebook_http as nh
from notebook_http.client import ClientSession, ConnectionTimeoutError, TCPConnector

MADE = b"HTTP/1.1 200 Connection established\r\n\r\n"


async def silent(reader, writer):
    """Say nothing, ever."""
    await reader.read()


async def no_answer(reader, writer):
    """Take CONNECT, and say nothing."""
    await reader.readuntil(b"\r\n\r\n")
    await reader.read()


async def half_an_answer(reader, writer):
    """Begin to answer."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(MADE[:20])
    await reader.read()


async def no_handshake(reader, writer):
    """Make a tunnel to someone who says nothing."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(MADE)
    await reader.read()


STEPS = [
    pytest.param("tls", silent, "TLS handshake with the proxy", id="handshake-with-the-proxy"),
    pytest.param("http", no_answer, "to CONNECT secure.test:443", id="no-answer"),
    pytest.param("http", half_an_answer, "to CONNECT secure.test:443", id="half-an-answer"),
    pytest.param("http", no_handshake, "TLS handshake with secure.test:443", id="no-handshake"),
    pytest.param("https", no_answer, "to CONNECT secure.test:443", id="tls-no-answer"),
    pytest.param("https", no_handshake, "TLS handshake with secure.test:443", id="tls-in-tls"),
]


async def proxy_url(start_proxy, kind, talk):
    proxy = await start_proxy(tls=kind == "https", talk=talk)
    # A plain socket that never answers a ClientHello stands in for a TLS proxy that hangs.
    return proxy, proxy.url if kind != "tls" else proxy.url.replace("http:", "https:")


async def gone(proxy) -> None:
    async with asyncio.timeout(5):
        while proxy.open:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(("kind", "talk", "words"), STEPS)
@pytest.mark.parametrize("limit", ["total", "connect", "sock_connect"])
async def test_every_step_has_a_limit(
    session, start_proxy, trusting, nothing_left, kind, talk, words, limit
):
    """The error says what was being waited for, and the proxy sees the connection go."""
    proxy, url = await proxy_url(start_proxy, kind, talk)
    timeout = nh.ClientTimeout(**{"total": None, limit: 0.15})
    expected = TimeoutError if limit == "total" else ConnectionTimeoutError
    with pytest.raises(expected, match=words):
        await session.get("https://secure.test/", proxy=url, ssl=trusting, timeout=timeout)
    assert proxy.connections == 1
    nothing_left(session)
    await gone(proxy)


@pytest.mark.parametrize(("kind", "talk", "words"), STEPS)
async def test_a_cancel_at_every_step(
    session, start_proxy, trusting, nothing_left, kind, talk, words
):
    """Nothing is left, and the slot is free for the next one."""
    proxy, url = await proxy_url(start_proxy, kind, talk)

    async def ask():
        await session.get("https://secure.test/", proxy=url, ssl=trusting)

    before = asyncio.all_tasks()
    task = asyncio.create_task(ask())
    async with asyncio.timeout(5):
        while not proxy.open:
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    nothing_left(session)
    await gone(proxy)
    assert asyncio.all_tasks() <= before


async def test_a_cancel_after_any_number_of_turns(secure, any_proxy, trusting, nothing_left):
    """One turn of the loop later each time, until a request is through."""
    server = await secure(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    async with ClientSession(connector=TCPConnector(limit=1, force_close=True)) as session:

        async def ask() -> str:
            async with session.get(server.url, proxy=any_proxy.url, ssl=trusting) as response:
                return await response.text()

        for turns in range(0, 400, 3):
            task = asyncio.create_task(ask())
            for _ in range(turns):
                await asyncio.sleep(0)
            if task.done():
                break
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            nothing_left(session)
        assert await asyncio.wait_for(ask(), 5) == "ok"
    await gone(any_proxy)


@pytest.mark.parametrize(("kind", "talk", "words"), STEPS)
async def test_closing_the_session_ends_the_wait(start_proxy, trusting, kind, talk, words):
    """The one who waits is told at once."""
    proxy, url = await proxy_url(start_proxy, kind, talk)
    session = ClientSession()
    task = asyncio.create_task(
        session.get("https://secure.test/", proxy=url, ssl=trusting)._coroutine
    )
    async with asyncio.timeout(5):
        while not proxy.open:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.1)
        await session.close()
        with pytest.raises(nh.ClientConnectionError, match="closed"):
            await task
    await gone(proxy)


async def test_limits_hold_through_proxies(secure, proxy, trusting):
    """`limit_per_host` counts connections to one target through one proxy."""
    server = await secure(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    async with ClientSession(connector=TCPConnector(limit_per_host=2)) as session:

        async def ask() -> int:
            async with session.get(server.url, proxy=proxy.url, ssl=trusting) as response:
                return response.status

        assert await asyncio.gather(*(ask() for _ in range(20))) == [200] * 20
    assert proxy.connections == 2


async def test_many_failures_leave_nothing(session, start_proxy, nothing_left):
    """A hundred refusals: no socket, no slot, no task."""
    proxy = await start_proxy(accepts="nobody")
    before = asyncio.all_tasks()

    async def ask() -> int:
        with pytest.raises(nh.ClientHttpProxyError) as caught:
            await session.get("https://secure.test/", proxy=proxy.url, ssl=False)
        return caught.value.status

    assert set(await asyncio.gather(*(ask() for _ in range(100)))) == {407}
    nothing_left(session)
    await gone(proxy)
    assert {task for task in asyncio.all_tasks() if "ask" in repr(task)} <= before
