"""A proxy for the tests: it forwards whole requests, makes tunnels, and remembers what it saw."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import trustme

from notebook_http.client import ClientSession

REFUSAL = (
    b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=tests\r\n"
    b"Set-Cookie: proxy=spy\r\nContent-Length: 5\r\n\r\nwho?!"
)


class TestProxy:
    """An HTTP proxy on 127.0.0.1.

    Attributes:
        heads: every head that clients sent to it, in order.
        connections: how many were accepted.
        accepts: the value of `Proxy-Authorization` that it wants, or None for none.
        routes: where hosts really are: their port on 127.0.0.1, by `host:port`.
        url: its own address.
    """

    __test__ = False

    def __init__(self, scheme: str, accepts: str | None) -> None:
        self.scheme = scheme
        self.accepts = accepts
        self.heads: list[bytes] = []
        self.connections = 0
        self.routes: dict[str, int] = {}
        self.port = 0
        self.open = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client."""
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            given = re.search(rb"\r\nProxy-Authorization: ([^\r]*)", head)
            if self.accepts and (given is None or given[1].decode() != self.accepts):
                writer.write(REFUSAL)
                continue
            method, target, _ = head.split(b"\r\n", 1)[0].split(b" ")
            if method == b"CONNECT":
                await self._tunnel(target.decode(), reader, writer)
                return
            await self._forward(head, target, reader, writer)

    async def _connect(self, authority: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, _, port = authority.rpartition(":")
        if authority in self.routes:
            return await asyncio.open_connection("127.0.0.1", self.routes[authority])
        return await asyncio.open_connection(host.strip("[]"), int(port))

    async def _tunnel(
        self, authority: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            from_target, to_target = await self._connect(authority)
        except OSError:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(_pump(reader, to_target))
                pumps.create_task(_pump(from_target, writer))
        finally:
            to_target.close()

    async def _forward(
        self,
        head: bytes,
        target: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        found = re.fullmatch(rb"http://([^/?]+)(.*)", target)
        assert found is not None, f"no absolute form: {target!r}"
        authority = found[1].decode()
        path = found[2] if found[2].startswith(b"/") else b"/" + found[2]
        passed_on = head.replace(b" " + target + b" ", b" " + path + b" ", 1)
        passed_on = re.sub(rb"\r\nProxy-[^\r]*", b"", passed_on)
        length = re.search(rb"\r\nContent-Length: (\d+)", head)
        body = await reader.readexactly(int(length[1])) if length else b""
        full = authority if re.search(r":\d+$", authority) else f"{authority}:80"
        from_target, to_target = await self._connect(full)
        try:
            to_target.write(passed_on + body)
            answer = await from_target.readuntil(b"\r\n\r\n")
            length = re.search(rb"\r\nContent-Length: (\d+)", answer)
            writer.write(answer + await from_target.readexactly(int(length[1]) if length else 0))
            await writer.drain()
        finally:
            to_target.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        writer.close()


StartProxy = Callable[..., Awaitable[TestProxy]]


@pytest.fixture
async def start_proxy(authority: trustme.CA) -> AsyncIterator[StartProxy]:
    """Start proxies: `start_proxy(tls=True, accepts="Basic …", talk=…)`."""
    listeners: list[asyncio.Server] = []
    tasks: set[asyncio.Task[None]] = set()

    async def start(
        *,
        tls: bool = False,
        accepts: str | None = None,
        talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]] | None = None,
    ) -> TestProxy:
        proxy = TestProxy("https" if tls else "http", accepts)
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("127.0.0.1").configure_cert(context)

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            proxy.connections += 1
            proxy.open += 1
            try:
                await (talk or proxy.talk)(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
                pass  # the client has left
            except asyncio.CancelledError:
                pass  # the test is over
            finally:
                proxy.open -= 1
                tasks.discard(task)
                writer.close()

        listener = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
        listeners.append(listener)
        proxy.port = listener.sockets[0].getsockname()[1]
        return proxy

    yield start
    for listener in listeners:
        listener.close()
    for task in list(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)


@pytest.fixture
async def proxy(start_proxy: StartProxy) -> TestProxy:
    """A plain HTTP proxy that lets everybody through."""
    return await start_proxy()


@pytest.fixture(params=[False, True], ids=["http-proxy", "https-proxy"])
async def any_proxy(request: pytest.FixtureRequest, start_proxy: StartProxy) -> TestProxy:
    """One after the other, a proxy over TCP and one over TLS."""
    return await start_proxy(tls=request.param)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that only these tests know."""
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client's context that trusts our authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
async def secure(serve, authority: trustme.CA):
    """Start a TLS server for localhost and secure.test that gives the answers it is told."""

    async def start(*script):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "secure.test").configure_cert(context)
        server = await serve(*script, ssl=context)
        server.url = f"https://localhost:{server.port}"
        return server

    return start


def assert_nothing_left(session: ClientSession) -> None:
    """Fail when a connection or a slot of *session* is still in use."""
    assert session.connector is not None
    pool = session.connector._pool
    assert pool.busy_count == 0
    assert not [connection for connection in pool.connections() if not connection.is_idle]


@pytest.fixture
def nothing_left() -> Callable[[ClientSession], None]:
    """Return what checks that a session has nothing in use."""
    return assert_nothing_left
