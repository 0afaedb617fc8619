"""Tunnels: CONNECT, TLS inside, and everything that can go wrong on the way."""

from __future__ import annotations

import asyncio
import hashlib
import pickle

import pytest

import notebook_http as nh
from notebook_http.client import (
    ClientConnectorCertificateError,
    ClientConnectorSSLError,
    ClientHttpProxyError,
    ClientProxyConnectionError,
    ClientSession,
    ServerDisconnectedError,
    ServerFingerprintMismatch,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
AUTH = nh.BasicAuth("user", "geheim")
MADE = b"HTTP/1.1 200 Connection established\r\n\r\n"


async def test_https_goes_through_a_tunnel(secure, session, any_proxy, trusting):
    """TLS in the tunnel, or TLS in TLS; the connection is kept, and the times are known."""
    server = await secure(OK)
    async with session.get(server.url, proxy=any_proxy.url, ssl=trusting) as response:
        assert await response.text() == "ok"
        assert response.timings.connect > 0
        assert response.timings.tls > 0
    await session.post(server.url, data=b"x" * 1_000_000, proxy=any_proxy.url, ssl=trusting)
    assert server.requests[1].endswith(b"x" * 1_000_000)
    assert any_proxy.connections == server.connections == 1
    authority = f"localhost:{server.port}"
    assert any_proxy.heads == [
        f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nAccept: */*\r\n".encode()
        + any_proxy.heads[0].partition(b"Accept: */*\r\n")[2]
    ]
    assert server.requests[0].startswith(b"GET / HTTP/1.1\r\nHost: localhost:")


async def test_a_large_body_comes_through_tls_in_tls(secure, session, any_proxy, trusting):
    """Flow control passes through both layers."""
    body = bytes(range(256)) * 32_768
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    server = await secure(head + body)
    digest = hashlib.sha256()
    async with session.get(server.url, proxy=any_proxy.url, ssl=trusting) as response:
        async for piece in response.content.iter_any():
            digest.update(piece)
            await asyncio.sleep(0)
    assert digest.digest() == hashlib.sha256(body).digest()


async def test_only_the_proxy_gets_its_credentials(secure, session, start_proxy, trusting):
    """Neither the target nor the response's request_info see them."""
    server = await secure(OK)
    proxy = await start_proxy(accepts=AUTH.encode())
    async with session.get(
        server.url,
        proxy=proxy.url,
        proxy_auth=AUTH,
        proxy_headers={"X-For-Proxy": "1"},
        headers={"Proxy-Authorization": "Basic forgotten", "X-For-Target": "1"},
        ssl=trusting,
    ) as response:
        assert "Proxy-Authorization" not in response.request_info.headers
    assert b"\r\nX-For-Proxy: 1\r\n" in proxy.heads[0]
    assert proxy.heads[0].endswith(f"Proxy-Authorization: {AUTH.encode()}\r\n\r\n".encode())
    assert b"X-For-Target" not in proxy.heads[0]
    assert b"roxy" not in server.requests[0]
    assert b"X-For-Target: 1" in server.requests[0]


async def test_the_sessions_headers_are_not_for_the_proxy(secure, proxy, trusting):
    """There aiohttp tells the proxy all of them, and turns Authorization into the proxy's own."""
    server = await secure(OK)
    headers = {"Authorization": "Bearer s", "Cookie": "a=b", "User-Agent": "me", "X-Key": "k"}
    async with ClientSession(headers={**headers, "Proxy-Authorization": "P"}) as session:
        await session.get(server.url, proxy=proxy.url, ssl=trusting)
    head = proxy.heads[0]
    assert b"\r\nUser-Agent: me\r\n" in head
    for secret in (b"uthorization", b"Cookie", b"X-Key"):
        assert secret not in head
    assert b"Bearer s" in server.requests[0]
    assert b"Proxy" not in server.requests[0]


async def test_a_refusal_is_an_error(session, start_proxy, nothing_left):
    """With the proxy's status and headers; it says what to do, and no secret."""
    proxy = await start_proxy(accepts="another")
    url = proxy.url.replace("//", "//user:geheim@")
    with pytest.raises(ClientHttpProxyError) as caught:
        await session.get("https://secure.test/path?secret=1", proxy=url)
    error = caught.value
    assert error.status == 407
    assert error.message == "Proxy Authentication Required"
    assert error.headers["proxy-authenticate"] == "Basic realm=tests"
    assert error.history == ()
    assert error.request_info.method == "CONNECT"
    assert str(error.request_info.real_url) == proxy.url
    assert error.request_info.url.host == "secure.test"
    assert "proxy_auth=" in str(error)
    assert "secure.test" in str(error)
    shown = f"{error} {error!r} {error.request_info}"
    assert "geheim" not in shown
    assert AUTH.encode()[6:] not in shown
    # What a proxy says in the open is no cookie of the target.
    assert len(session.cookie_jar) == 0
    nothing_left(session)
    assert pool_is_empty(session)


def pool_is_empty(session: ClientSession) -> bool:
    return not list(session.connector._pool.connections())


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", 502),
        (b"HTTP/1.1 502\r\n\r\n", 502),
        (b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.test/\r\n\r\n", 302),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\n\r\n", 403),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", 101),
        (b"no HTTP at all\r\n\r\n", 400),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", 431),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000, 431),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n", 431),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000, 431),
        (b"HTTP/1.1 200 " + b"x" * 20_000 + b"\r\n\r\n", 431),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 400),
    ],
)
async def test_what_makes_no_tunnel(session, start_proxy, nothing_left, answer, status):
    """Refusals, what is no HTTP, and heads over the limits: all of one class."""

    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await reader.read()

    proxy = await start_proxy(talk=talk)
    with pytest.raises(ClientHttpProxyError) as caught:
        await session.get("https://secure.test/", proxy=proxy.url)
    assert caught.value.status == status
    assert caught.value.message
    nothing_left(session)
    assert pool_is_empty(session)


async def test_any_2xx_makes_a_tunnel(secure, session, start_proxy, trusting):
    """RFC 9110 §9.3.6; what they say about a body is ignored, interim answers are waited out."""
    server = await secure(OK)
    for answer in (
        b"HTTP/1.0 200 Connection established\r\n\r\n",
        b"HTTP/1.1 202 Accepted\r\nContent-Length: 77\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n\r\n",
    ):

        async def talk(reader, writer, answer=answer):
            await reader.readuntil(b"\r\n\r\n")
            for byte in answer:
                writer.write(bytes([byte]))
                await asyncio.sleep(0)
            from_target, to_target = await asyncio.open_connection("127.0.0.1", server.port)
            await join((reader, to_target), (from_target, writer))

        proxy = await start_proxy(talk=talk)
        async with session.get(server.url, proxy=proxy.url, ssl=trusting) as response:
            assert await response.text() == "ok"
            assert not response.cookies
    assert len(session.cookie_jar) == 0


async def join(*ways: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
    """Carry bytes both ways until one side leaves, then end both."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)

    pumps = [asyncio.create_task(pump(*way)) for way in ways]
    try:
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in pumps:
            task.cancel()
        for _, writer in ways:
            writer.transport.abort()


@pytest.mark.parametrize("surplus", [b"x", b"HTTP/1.1 200 OK\r\n\r\n", b"\x16\x03\x01"])
async def test_bytes_before_the_tunnels_first_request_are_refused(
    session, start_proxy, nothing_left, surplus
):
    """A target speaks when it is spoken to: what comes earlier is the proxy's invention."""

    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(MADE + surplus)
        await reader.read()

    proxy = await start_proxy(talk=talk)
    with pytest.raises(nh.ClientConnectionError, match="before anything was asked for"):
        await asyncio.wait_for(session.get("https://secure.test/", proxy=proxy.url), 5)
    nothing_left(session)
    assert pool_is_empty(session)


@pytest.mark.parametrize("when", ["at once", "instead of an answer", "in its answer", "after it"])
async def test_a_proxy_that_hangs_up(session, start_proxy, nothing_left, when):
    """The classes are aiohttp's; the text names the proxy."""

    async def talk(reader, writer):
        if when != "at once":
            await reader.readuntil(b"\r\n\r\n")
        if when == "in its answer":
            writer.write(b"HTTP/1.1 200 Conn")
        if when == "after it":
            writer.write(MADE)

    proxy = await start_proxy(talk=talk)
    with pytest.raises(nh.ClientConnectionError) as caught:
        await session.get("https://secure.test/", proxy=proxy.url)
    assert f"127.0.0.1:{proxy.port}" in str(caught.value)
    if when == "instead of an answer":
        assert isinstance(caught.value, ServerDisconnectedError)
        assert "secure.test:443" in str(caught.value)
    nothing_left(session)
    assert pool_is_empty(session)


async def test_a_proxy_that_resets(session, start_proxy, nothing_left):
    """A reset is an OSError with a number."""

    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.get_extra_info("socket").setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER, 0 s
        writer.transport.abort()

    proxy = await start_proxy(talk=talk)
    with pytest.raises(nh.ClientOSError, match=f"127.0.0.1:{proxy.port}"):
        await session.get("https://secure.test/", proxy=proxy.url)
    nothing_left(session)


async def test_no_proxy_there(session):
    """The way to the proxy is the trouble."""
    with pytest.raises(ClientProxyConnectionError, match="the proxy"):
        await session.get("https://secure.test/", proxy="http://127.0.0.1:1")


async def test_the_targets_certificate_is_verified_inside(secure, session, any_proxy, trusting):
    """By name and by authority, whoever makes the tunnel; the error says where it led."""
    server = await secure(OK)
    any_proxy.routes[f"other.test:{server.port}"] = server.port
    any_proxy.routes[f"secure.test:{server.port}"] = server.port
    with pytest.raises(ClientConnectorCertificateError, match=r"other\.test") as caught:
        await session.get(f"https://other.test:{server.port}", proxy=any_proxy.url, ssl=trusting)
    assert any_proxy.url in str(caught.value)
    async with session.get(
        f"https://other.test:{server.port}",
        proxy=any_proxy.url,
        ssl=trusting,
        server_hostname="secure.test",
    ) as response:
        assert response.status == 200
    # The name is resolved by the proxy: nobody here knows it.
    async with session.get(
        f"https://secure.test:{server.port}", proxy=any_proxy.url, ssl=trusting
    ) as response:
        assert response.status == 200


async def test_settings_of_one_request_do_not_stick(secure, session, any_proxy, trusting):
    """As in CVE-2024-35195, through a proxy; and a tunnel is no direct connection."""
    server = await secure(OK)
    await session.get(server.url, proxy=any_proxy.url, ssl=False)
    with pytest.raises(ClientConnectorCertificateError):
        await session.get(server.url, proxy=any_proxy.url)
    await session.get(server.url, proxy=any_proxy.url, ssl=trusting)
    await session.get(server.url, ssl=trusting)
    assert server.connections >= 3


async def test_a_fingerprint_is_the_targets(secure, session, start_proxy, trusting, authority):
    """No proxy can show that certificate: it is verified as usual, by default."""
    server = await secure(OK)
    proxy = await start_proxy()
    _, writer = await asyncio.open_connection("localhost", server.port, ssl=trusting)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    right = nh.Fingerprint(hashlib.sha256(shown).digest())
    assert (await session.get(server.url, proxy=proxy.url, ssl=right)).status == 200
    with pytest.raises(ServerFingerprintMismatch, match="localhost"):
        await session.get(server.url, proxy=proxy.url, ssl=nh.Fingerprint(b"\0" * 32))
    secure_proxy = await start_proxy(tls=True)
    with pytest.raises(ClientConnectorCertificateError, match=str(secure_proxy.port)):
        await session.get(server.url, proxy=secure_proxy.url, ssl=right)


async def test_a_tunnel_to_something_else(serve, session, proxy, trusting):
    """No TLS there: the usual class, with the usual hint."""

    async def talk(reader, writer):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Speak HTTP\r\n\r\n")

    server = await serve(talk)
    with pytest.raises(ClientConnectorSSLError, match="http://") as caught:
        await session.get(f"https://localhost:{server.port}/", proxy=proxy.url, ssl=trusting)
    assert proxy.url in str(caught.value)


async def test_errors_keep_no_credentials(secure, session, proxy):
    """They hold on to the key, are shown, logged and pickled."""
    server = await secure(OK)
    with pytest.raises(ClientConnectorCertificateError) as caught:
        await session.get(
            server.url, proxy=proxy.url, proxy_auth=AUTH, proxy_headers={"X-Key": "geheim"}
        )
    error = caught.value
    for text in (str(error), repr(error), repr(error.args), repr(pickle.dumps(error.args[0]))):
        assert "geheim" not in text
        assert AUTH.encode()[6:] not in text


async def test_keys_show_no_credentials(secure, session, proxy, trusting):
    """Connections and keys are seen in tracebacks and cells."""
    server = await secure(OK)
    await session.get(server.url, proxy=proxy.url, proxy_auth=AUTH, ssl=trusting)
    (connection,) = session.connector._pool.connections()
    assert "with credentials" in repr(connection.key)
    for text in (repr(connection), repr(connection.key)):
        assert AUTH.encode()[6:] not in text


async def test_ipv6_targets(session, start_proxy):
    """In brackets, in the request line and in Host; default ports only where they have to be."""
    proxy = await start_proxy(accepts="nobody")
    for url, line, host in (
        ("https://[::1]/", b"CONNECT [::1]:443 ", b"[::1]"),
        ("https://[::1]:444/", b"CONNECT [::1]:444 ", b"[::1]:444"),
        ("https://b\u00fccher.test./", b"CONNECT xn--bcher-kva.test.:443 ", b"xn--bcher-kva.test."),
    ):
        with pytest.raises(ClientHttpProxyError):
            await session.get(url, proxy=proxy.url)
        assert proxy.heads[-1].startswith(line + b"HTTP/1.1\r\nHost: " + host + b"\r\n")


async def test_a_dead_tunnel_is_replaced(secure, session, proxy, trusting):
    """Kept, closed by the server meanwhile, and asked again through a new one."""
    server = await secure(OK, b"", OK)
    for _ in range(2):
        async with session.get(server.url, proxy=proxy.url, ssl=trusting) as response:
            assert await response.text() == "ok"
    assert len(proxy.heads) == 2


async def test_closing_the_session_closes_both_layers(secure, any_proxy, trusting):
    """The proxy sees the connection go."""
    server = await secure(OK)
    async with ClientSession() as session:
        await session.get(server.url, proxy=any_proxy.url, ssl=trusting)
        assert any_proxy.open == 1
    async with asyncio.timeout(5):
        while any_proxy.open:
            await asyncio.sleep(0.01)
