"""How connections to each peer live: kept, closed, dead, cut short, secured, shared."""

from __future__ import annotations

import asyncio
import io
import select
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest

import notebook_http as nh

pytestmark = pytest.mark.peer

REQUESTS = 5


async def ask(session: nh.ClientSession, url: str, **options: Any) -> str:
    """Return the text of an answer that is fine."""
    async with session.get(url, **options) as response:
        assert response.status == 200
        return await response.text()


async def test_connection_is_used_again(peer: Any, session: nh.ClientSession, dialled: Any) -> None:
    """One for all, where the peer keeps it; one each where it does not."""
    for number in range(REQUESTS):
        async with session.get(peer.at("/hello")) as response:
            assert await response.text() == peer.hello
            kept = response.headers.get("Connection", "").lower() != "close"
        async with session.post(peer.at("/echo"), data=str(number)) as response:
            await response.read()
    assert kept is peer.keeps or response.version == nh.HttpVersion10
    assert dialled.count == (1 if peer.keeps else 2 * REQUESTS)


async def test_connection_close_is_obeyed(
    peer: Any, session: nh.ClientSession, dialled: Any
) -> None:
    """Both sides hang up, and the next request has a connection of its own."""
    for number in range(1, 4):
        async with session.get(peer.at("/close")) as response:
            assert response.status == 200
            await response.read()
        assert dialled.count == number


async def test_idle_connection_that_the_server_closed_is_replaced(peer: Any, dialled: Any) -> None:
    """A cell computes; the server loses patience; nobody notices, not even for a POST."""
    connector = nh.TCPConnector(socket_factory=dialled, keepalive_timeout=1)
    async with nh.ClientSession(connector=connector) as session:
        for number, method in enumerate(["GET", "POST"]):
            headers = {"X-Token": f"idle-{number}"}
            await ask(session, peer.at("/hello"))
            (connection,) = connector._pool.connections()
            fd = connection.get_extra_info("socket").fileno()
            # The loop stands still until the server's FIN is there, as it does in a long cell.
            assert select.select([fd], [], [], 20)[0], "the server kept an idle connection"
            url = peer.at("/echo")
            async with session.request(method, url, data=None, headers=headers) as response:
                assert response.status == 200
            if peer.name != "httpbin":
                assert await peer.seen(session, headers["X-Token"]) == 1
        assert dialled.count >= 3


async def test_dead_kept_connection_is_replaced_once_for_a_get_only(
    peer: Any, session: nh.ClientSession, dialled: Any
) -> None:
    """The peer hangs up on the second request of each connection, without a word."""
    url = peer.at("/once")

    async def warm() -> None:
        async with session.get(url, headers={"X-Token": "warm"}) as response:
            assert await response.text() == "once"

    await warm()
    assert await ask(session, url, headers={"X-Token": "get"}) == "once"
    assert dialled.count == 2
    with pytest.raises(nh.ClientConnectionError):
        await session.post(url, headers={"X-Token": "post"})
    assert dialled.count == 2
    assert await peer.seen(session, "get") == 2
    assert await peer.seen(session, "post") == 1


async def endless(sent: list[int]) -> AsyncIterator[bytes]:
    """Yield more than any peer of this matrix may take; say at the end how much it was."""
    size = 0
    try:
        while size < 2**30:
            yield b"x" * 65_536
            size += 65_536
            await asyncio.sleep(0)
    finally:
        sent.append(size)


@pytest.mark.parametrize("secure", [False, True], ids=["tcp", "tls"])
@pytest.mark.parametrize("kind", ["sized", "chunked"])
async def test_refusal_that_comes_while_the_body_is_sent(
    peer: Any, session: nh.ClientSession, trusting: ssl.SSLContext, kind: str, secure: bool
) -> None:
    """413 (or what the peer says to chunks) reaches the caller, and the upload stops."""
    status = peer.unchunked if kind == "chunked" and peer.unchunked else 413
    url = peer.at("/refuse", tls=secure)
    for _ in range(3):
        sent: list[int] = []
        data: Any = endless(sent) if kind == "chunked" else io.BytesIO(bytes(32 * 2**20))
        try:
            async with session.put(url, data=data, ssl=trusting) as response:
                assert response.status == status
                await response.read()
        except (nh.ClientOSError, nh.ClientPayloadError):
            # A peer that answers and hangs up at once may overtake its own answer: asyncio drops
            # what it has not read when a write fails. Over TCP we find it all the same.
            assert secure
            assert not peer.lingers
        assert kind == "sized" or sent[0] < 2**30
        assert await ask(session, peer.at("/hello", tls=secure), ssl=trusting) == peer.hello


async def test_certificate_is_verified(
    peer: Any, session: nh.ClientSession, trusting: ssl.SSLContext
) -> None:
    """Trusted and of that name: an answer. Else: an error before anything is sent."""
    url = peer.at("/hello", tls=True)
    assert await ask(session, url, ssl=trusting) == peer.hello
    assert await ask(session, url, ssl=False) == peer.hello
    with pytest.raises(nh.ClientConnectorCertificateError, match=r"self-signed|issuer"):
        await session.get(url)
    for options in ({"server_hostname": "other.example"}, {}):
        where = url if options else url.replace("127.0.0.1", "localhost")
        with pytest.raises(nh.ClientConnectorCertificateError, match=r"(?i)hostname mismatch"):
            await session.get(where, ssl=trusting, **options)


async def test_time_outs(peer: Any, session: nh.ClientSession) -> None:
    """The whole call, and the wait for the next byte; the session is as good as new."""
    for limits in ({"total": 0.3}, {"sock_read": 0.3}):
        with pytest.raises(TimeoutError):  # nginx sends the head, and then ten bytes a second
            await ask(session, peer.at("/slow"), timeout=nh.ClientTimeout(**limits))
        assert await ask(session, peer.at("/hello")) == peer.hello


async def test_hundred_at_once(peer: Any, session: nh.ClientSession, dialled: Any) -> None:
    """Every caller gets the answer to its own question."""

    async def one(number: int) -> None:
        async with session.get(peer.at("/echo"), params={"n": number}) as response:
            assert (await peer.echo(response))["target"].endswith(f"?n={number}")

    await asyncio.gather(*(one(number) for number in range(100)))
    assert dialled.count <= 100


async def test_cancel_in_the_middle_and_go_on(peer: Any, session: nh.ClientSession) -> None:
    """Cancels while waiting for a head, while reading a body and while sending one."""

    async def read_a_little(begun: asyncio.Event) -> None:
        path = "/range/102400?duration=10" if peer.name == "httpbin" else "/large"
        async with session.get(peer.url + path) as response:
            await response.content.readexactly(100)
            begun.set()
            await asyncio.sleep(60)

    async def send_a_little(begun: asyncio.Event) -> None:
        async def body() -> AsyncIterator[bytes]:
            yield b"x" * 1000
            begun.set()
            await asyncio.sleep(60)

        path = "/upload/never" if peer.name == "nginx" else peer.paths.get("/echo", "/echo")
        # With a length, since some of the peers refuse chunks at once.
        headers = {"Content-Length": "5000"}
        async with session.put(peer.url + path, data=body(), headers=headers):
            pass

    async def wait_for_a_head(begun: asyncio.Event) -> None:
        begun.set()
        async with session.get(peer.at("/slow")) as response:
            await response.read()

    for work in (wait_for_a_head, read_a_little, send_a_little):
        events = [asyncio.Event() for _ in range(4)]
        tasks = [asyncio.create_task(work(begun)) for begun in events]
        async with asyncio.timeout(30):
            await asyncio.gather(*(begun.wait() for begun in events))
        await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(result) for result in results} == {asyncio.CancelledError}
        assert session.connector._pool.busy_count == 0
        assert await ask(session, peer.at("/hello")) == peer.hello
