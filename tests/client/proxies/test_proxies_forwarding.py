"""Whole requests for http targets, through a proxy: what it is told, and what the target sees."""

from __future__ import annotations

import pytest

import notebook_http as nh
from notebook_http.client import (
    ClientConnectorDNSError,
    ClientProxyConnectionError,
    ClientSession,
    InvalidURL,
    TCPConnector,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
AUTH = nh.BasicAuth("user", "geheim")


async def test_the_proxy_is_told_the_whole_url(serve, session, any_proxy, trusting):
    """RFC 9112 §3.2.2; the target gets what it would have got directly."""
    server = await serve(OK)
    url = f"{server.url}/a b?q=ü#fragment"
    async with session.get(url, proxy=any_proxy.url, ssl=trusting) as response:
        assert await response.text() == "ok"
        assert str(response.url) == f"{server.url}/a%20b?q=%C3%BC"
    assert any_proxy.heads[0].startswith(f"GET {server.url}/a%20b?q=%C3%BC HTTP/1.1\r\n".encode())
    await session.get(url, ssl=trusting)
    assert server.requests[0] == server.requests[1]


async def test_a_body_goes_through(serve, session, proxy):
    """POST, its length included."""
    server = await serve(OK)
    await session.post(server.url, data=b"x" * 100_000, proxy=proxy.url)
    assert server.requests[0].endswith(b"x" * 100_000)


async def test_connections_to_the_proxy_are_kept_apart(serve, session, start_proxy):
    """Direct ones, those of another proxy and those with other credentials serve nobody else."""
    server = await serve(OK)
    one, two = await start_proxy(), await start_proxy()
    for _ in range(3):
        await session.get(server.url)
        await session.get(server.url, proxy=one.url)
        await session.get(server.url, proxy=two.url)
        await session.get(server.url, proxy=one.url, proxy_auth=AUTH)
    assert one.connections == 2
    assert two.connections == 1
    assert len(one.heads) == 6
    assert server.connections == 1 + 9  # the test's proxy opens one for each request


async def test_credentials_are_for_the_proxy_only(serve, session, start_proxy):
    """Given apart or in the URL: the proxy gets them, the target and the response do not."""
    server = await serve(OK)
    proxy = await start_proxy(accepts=AUTH.encode())
    with_user = proxy.url.replace("//", "//user:geheim@")
    for options in ({"proxy": proxy.url, "proxy_auth": AUTH}, {"proxy": with_user}):
        async with session.get(server.url, **options) as response:
            assert response.status == 200
            assert "Proxy-Authorization" not in response.request_info.headers
    assert len(proxy.heads) == 2
    assert all(b"\r\nProxy-Authorization: Basic dXNlcjpnZWhlaW0=\r\n" in h for h in proxy.heads)
    assert not any(b"roxy" in request for request in server.requests)


async def test_credentials_in_every_script(serve, session, start_proxy):
    """Percent-escapes are undone; what latin-1 has no bytes for is UTF-8."""
    server = await serve(OK)
    proxy = await start_proxy()
    for user_info, encoded in (
        ("us%20er:p%40ss", nh.BasicAuth("us er", "p@ss").encode()),
        ("%C5%82:%C3%A9", nh.BasicAuth("ł", "é", encoding="utf-8").encode()),
        ("only", nh.BasicAuth("only", "").encode()),
    ):
        await session.get(server.url, proxy=proxy.url.replace("//", f"//{user_info}@"))
        assert f"\r\nProxy-Authorization: {encoded}\r\n".encode() in proxy.heads[-1]


async def test_the_stronger_credentials_win(serve, session, proxy):
    """`proxy_auth=` over the URL's, these over a header's; never two of them."""
    server = await serve(OK)
    with_user = proxy.url.replace("//", "//url:url@")
    header = {"Proxy-Authorization": "Basic header"}
    url_auth = nh.BasicAuth("url", "url").encode()
    for options, sent in (
        ({"proxy": proxy.url, "proxy_headers": header}, "Basic header"),
        ({"proxy": proxy.url, "headers": header}, "Basic header"),
        ({"proxy": proxy.url, "proxy_headers": {"Authorization": "Bearer t"}}, "Bearer t"),
        ({"proxy": with_user, "proxy_headers": header, "headers": header}, url_auth),
        ({"proxy": with_user, "proxy_auth": AUTH, "headers": header}, AUTH.encode()),
    ):
        await session.get(server.url, **options)
        head = proxy.heads[-1]
        assert head.count(b"roxy-Authorization") == 1
        assert f"\r\nProxy-Authorization: {sent}\r\n".encode() in head


async def test_407_is_an_answer_like_any_other(serve, session, start_proxy):
    """As in aiohttp: the proxy's answer to a whole request is the response."""
    server = await serve(OK)
    proxy = await start_proxy(accepts=AUTH.encode())
    async with session.get(server.url, proxy=proxy.url) as response:
        assert response.status == 407
        assert response.headers["Proxy-Authenticate"] == "Basic realm=tests"
    assert server.connections == 0


async def test_a_session_has_a_proxy(serve, start_proxy):
    """And calls may name another one; the session's credentials stay with the session's."""
    server = await serve(OK)
    one, two = await start_proxy(), await start_proxy()
    async with ClientSession(proxy=one.url, proxy_auth=AUTH) as session:
        await session.get(server.url)
        await session.get(server.url, proxy=two.url)
        await session.get(server.url, proxy=two.url, proxy_auth=nh.BasicAuth("o", "ther"))
        await session.get(server.url, proxy_headers={"X-Any": "thing"})
        await session.get(server.url, proxy_auth=nh.BasicAuth("o", "ther"))
    assert [AUTH.encode().encode() in head for head in one.heads] == [True, True, False]
    assert b"Proxy-Authorization" not in two.heads[0]
    assert nh.BasicAuth("o", "ther").encode().encode() in two.heads[1]
    assert nh.BasicAuth("o", "ther").encode().encode() in one.heads[2]


async def test_credentials_of_a_session_without_proxy(serve, proxy):
    """They are for the proxies that calls name."""
    server = await serve(OK)
    async with ClientSession(proxy_auth=AUTH) as session:
        await session.get(server.url)
        await session.get(server.url, proxy=proxy.url)
    assert AUTH.encode().encode() in proxy.heads[0]
    assert not any(b"roxy" in request for request in server.requests)


async def test_a_proxy_that_is_not_there(session, nothing_left):
    """The class is aiohttp's; the text names the proxy."""
    with pytest.raises(ClientProxyConnectionError, match=r"the proxy 127\.0\.0\.1:1: ") as caught:
        await session.get("http://example.test/", proxy="http://u:geheim@127.0.0.1:1")
    assert (caught.value.host, caught.value.port) == ("127.0.0.1", 1)
    assert "geheim" not in f"{caught.value} {caught.value!r} {caught.value.args}"
    with pytest.raises(ClientConnectorDNSError, match=r"nope\.invalid"):
        await session.get("http://example.test/", proxy="http://nope.invalid:1")
    nothing_left(session)


@pytest.mark.parametrize(
    "url",
    [
        "socks5://127.0.0.1:1080",
        "127.0.0.1:3128",
        "localhost:3128",
        "http://",
        "/path",
        "http://:8080",
        "http://a..b/",
        "http://us:geheim@[::1/",
        "http://us:geheim@host:port/",
        "socks5://us:geheim@host:1080",
        "us:geheim@host:1080",
    ],
)
async def test_what_is_no_proxy_is_refused_before_anything_is_sent(session, url):
    """And the text has no credentials."""
    with pytest.raises(InvalidURL) as caught:
        await session.get("http://example.test/", proxy=url)
    assert "geheim" not in f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
    with pytest.raises(InvalidURL):
        ClientSession(proxy=url)


async def test_wrong_arguments(session):
    """The classes are aiohttp's."""
    with pytest.raises(ValueError, match="proxy_auth must be None or BasicAuth"):
        await session.get("http://h/", proxy="http://p", proxy_auth=("user", "geheim"))
    with pytest.raises(ValueError, match="newline"):
        await session.get("http://h/", proxy="http://p", proxy_headers={"X": "a\r\nb: c"})
    with pytest.raises(ValueError, match="newline"):
        await session.get(
            "http://h/", proxy="http://p", proxy_headers={"Proxy-Authorization": "a\r\nb: c"}
        )


async def test_headers_given_for_the_proxy_are_left_alone(serve, session, proxy):
    """There aiohttp writes into the dict; a caller's dict is the caller's."""
    server = await serve(OK)
    given = {"X-For-Proxy": "1", "Proxy-Authorization": "Basic x"}
    await session.get(server.url, proxy=proxy.url, proxy_headers=given)
    assert given == {"X-For-Proxy": "1", "Proxy-Authorization": "Basic x"}
    # The proxy would pass it on to the target.
    assert b"X-For-Proxy" not in proxy.heads[0]


async def test_the_certificate_of_the_proxy_is_verified(serve, session, start_proxy, trusting):
    """TLS to the proxy, http to the target: `ssl=` is about the proxy, and part of the key."""
    server = await serve(OK)
    proxy = await start_proxy(tls=True)
    async with session.get(server.url, proxy=proxy.url, ssl=trusting) as response:
        assert response.timings.tls > 0
    with pytest.raises(nh.ClientConnectorCertificateError, match=rf"127\.0\.0\.1:{proxy.port}"):
        await session.get(server.url, proxy=proxy.url)
    await session.get(server.url, proxy=proxy.url, ssl=False)
    with pytest.raises(nh.ClientConnectorCertificateError):
        await session.get(server.url, proxy=proxy.url)
    async with ClientSession(connector=TCPConnector(ssl=trusting), proxy=proxy.url) as other:
        assert (await other.get(server.url)).status == 200


async def test_a_broken_upload_to_a_tls_proxy_ends_in_an_error(session, start_proxy, trusting):
    """The rest of the socket is ciphertext: nobody reads an answer into it."""

    async def refuse(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    proxy = await start_proxy(tls=True, talk=refuse)
    body = b"x" * 20_000_000
    with pytest.raises(nh.ClientConnectionError):
        await session.post("http://h.test/", data=body, proxy=proxy.url, ssl=trusting)
