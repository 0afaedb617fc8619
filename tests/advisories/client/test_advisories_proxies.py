"""Proxies: what they are verified by, what they are told, and what never goes to them unsealed."""

from __future__ import annotations

import asyncio
import base64
import ssl

import pytest
import trustme

from notebook_http import (
    BasicAuth,
    ClientConnectionError,
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientHttpProxyError,
    ClientSession,
    InvalidURL,
)

pytestmark = pytest.mark.advisory

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CANARY = b"HTTP/1.1 200 OK\r\nX-Canary: yes\r\nContent-Length: 6\r\n\r\ncanary"
OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"
SECRET = base64.b64encode(b"user:s3cret")
AUTH = BasicAuth("user", "s3cret")


def context_of(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        writer.close()


async def open_url(session: ClientSession, url: str, **options: object) -> None:
    """Ask for a URL, or for a WebSocket where it names one."""
    await (session.ws_connect if url.startswith("ws") else session.get)(url, **options)


@pytest.fixture
def tunnelling(raw_server):
    """Return what starts a proxy whose tunnels all lead to one port; it keeps what was asked."""

    async def start(port: int, context: ssl.SSLContext | None = None):
        async def talk(reader, writer):
            await proxy.read_request(reader)
            from_target, to_target = await asyncio.open_connection("127.0.0.1", port)
            writer.write(OPEN)
            await asyncio.gather(_pump(reader, to_target), _pump(from_target, writer))

        proxy = await raw_server(talk=talk, ssl=context)
        return proxy

    return start


@pytest.fixture
def listening(raw_server):
    """Return what starts a proxy that makes a tunnel and keeps the first bytes that come."""

    async def start():
        async def talk(reader, writer):
            await proxy.read_request(reader)
            writer.write(OPEN)
            proxy.inside += await reader.read(65536)

        proxy = await raw_server(talk=talk)
        proxy.inside = bytearray()
        return proxy

    return start


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_cve_2021_28363_a_proxy_over_tls_is_verified(raw_server, session, scheme):
    """The proxy's certificate was not looked at: anybody in between got the credentials."""
    proxy = await raw_server(OK, ssl=context_of(trustme.CA(), "127.0.0.1"))
    with pytest.raises(ClientConnectorCertificateError):
        await session.get(f"{scheme}://a.example/", proxy=proxy.url, proxy_auth=AUTH)
    assert proxy.requests == []


async def test_cve_2021_28363_the_name_of_a_proxy_is_verified(raw_server, session):
    """A certificate of a trusted authority, for another host."""
    authority = trustme.CA()
    proxy = await raw_server(OK, ssl=context_of(authority, "other.example"))
    with pytest.raises((ClientConnectorCertificateError, ClientConnectorError)):
        await session.get("http://a.example/", proxy=proxy.url, ssl=trusting(authority))
    assert proxy.requests == []


async def test_cve_2021_28363_the_target_inside_a_tunnel_is_verified(
    raw_server, session, tunnelling
):
    """A proxy may carry bytes to whom it likes: the certificate tells."""
    authority = trustme.CA()
    target = await raw_server(CANARY, ssl=context_of(authority, "other.example"))
    proxy = await tunnelling(target.port)
    with pytest.raises((ClientConnectorCertificateError, ClientConnectorError)):
        await session.get("https://a.example/", proxy=proxy.url, ssl=trusting(authority))
    assert target.requests == []


async def test_cve_2026_84381_wss_is_sealed_through_a_proxy(session, listening):
    """The scheme decides on TLS in every path: wss through a proxy went out in the clear."""
    proxy = await listening()
    for url in ("wss://a.example/", "https://a.example/"):
        proxy.inside.clear()
        with pytest.raises(ClientConnectionError):
            await open_url(session, url, proxy=proxy.url, headers={"X": "s3cret"})
        assert proxy.requests[-1].startswith(b"CONNECT a.example:443 HTTP/1.1\r\n")
        assert bytes(proxy.inside[:2]) == b"\x16\x03"  # the client's first words of TLS
        assert b"s3cret" not in proxy.inside + b"".join(proxy.requests)


@pytest.mark.parametrize(
    "proxy", ["socks5://127.0.0.1:1", "socks4://127.0.0.1:1", "ftp://127.0.0.1:1", "file:///x", "x"]
)
async def test_cve_2026_97687_a_proxy_that_cannot_be_spoken_with_is_refused(
    raw_server, session, proxy
):
    """Not passed over: the request went there without it, or unsealed."""
    server = await raw_server(OK)
    with pytest.raises(InvalidURL):
        await session.get(server.url, proxy=proxy)
    with pytest.raises(InvalidURL):
        await session.ws_connect(server.url, proxy=proxy)
    assert server.connections == 0


async def test_cve_2024_37891_credentials_for_a_proxy_stay_with_it(raw_server, tunnelling):
    """`Proxy-Authorization` went through the tunnel to the target, in every spelling."""
    authority = trustme.CA()
    target = await raw_server(OK, ssl=context_of(authority, "a.example"))
    proxy = await tunnelling(target.port)
    trust = trusting(authority)
    seen = 0
    for options in (
        {"proxy": proxy.url, "proxy_auth": AUTH},
        {"proxy": proxy.url.replace("//", "//user:s3cret@")},
        {"proxy": proxy.url, "proxy_headers": {"proxy-AUTHORIZATION": f"Basic {SECRET.decode()}"}},
        {"proxy": proxy.url, "headers": {"Proxy-authorization": f"Basic {SECRET.decode()}"}},
    ):
        async with (
            ClientSession() as session,
            session.get("https://a.example/", ssl=trust, **options) as response,
        ):
            assert await response.read() == b"ok"
        seen += SECRET in proxy.requests[-1]
    assert seen >= 3
    assert len(target.requests) == 4
    assert not any(SECRET in request for request in target.requests)
    assert not any(b"roxy-auth" in request.lower() for request in target.requests)


async def test_cve_2018_20060_a_redirect_into_a_tunnel_takes_nothing_along(raw_server):
    """From http, which the proxy passes on, to https, which it does not read."""
    authority = trustme.CA()
    target = await raw_server(OK, ssl=context_of(authority, "a.example"))

    async def talk(reader, writer):
        request = await proxy.read_request(reader)
        if not request.startswith(b"CONNECT"):
            writer.write(b"HTTP/1.1 302 Go\r\nLocation: https://a.example/\r\n")
            writer.write(b"Content-Length: 0\r\nConnection: close\r\n\r\n")
            return
        from_target, to_target = await asyncio.open_connection("127.0.0.1", target.port)
        writer.write(OPEN)
        await asyncio.gather(_pump(reader, to_target), _pump(from_target, writer))

    proxy = await raw_server(talk=talk)
    headers = {"Authorization": "s3cret-a", "Cookie": "c=s3cret-b", "Proxy-Authorization": "s3cret"}
    async with ClientSession() as session:
        options = {"proxy": proxy.url, "headers": headers, "ssl": trusting(authority)}
        async with session.get("http://a.example/", **options) as response:
            assert await response.read() == b"ok"
    assert proxy.requests[0].count(b"s3cret") == 3
    assert b"s3cret" not in proxy.requests[1]
    assert b"s3cret" not in target.requests[0]


async def test_cve_2026_54275_proxies_are_part_of_the_pools_key(raw_server, session):
    """A connection through one proxy, or none, was used for requests through another."""
    end = await raw_server(OK)
    one, two = await raw_server(OK), await raw_server(OK)
    for proxy in (one.url, two.url, None, one.url.replace("//", "//user:s3cret@"), one.url):
        async with session.get(end.url, proxy=proxy) as response:
            await response.read()
    assert (len(one.requests), len(two.requests), len(end.requests)) == (3, 1, 1)
    assert one.connections == 2  # with credentials, and without
    assert [SECRET in request for request in one.requests] == [False, True, False]


@pytest.mark.parametrize(
    "answer",
    [
        OPEN + CANARY,
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ncanary",
        b"HTTP/1.1 407 Who\r\nContent-Length: 6\r\n\r\ncanary",
        b"HTTP/1.1 302 Go\r\nLocation: http://evil.example/\r\nContent-Length: 6\r\n\r\ncanary",
        b"HTTP/1.1 200 OK\nX: y\n\n",
        b"HTTP/1.1 200 OK\r\nX: \0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    ],
)
@pytest.mark.parametrize("scheme", ["https", "wss"])
async def test_promise_a_proxy_answers_for_nobody(raw_server, session, answer, scheme):
    """What it says to CONNECT is never the answer of the one behind it."""
    proxy = await raw_server(answer)
    with pytest.raises((ClientConnectionError, ClientHttpProxyError)) as caught:
        await open_url(session, f"{scheme}://a.example/", proxy=proxy.url)
    assert "canary" not in str(caught.value)
