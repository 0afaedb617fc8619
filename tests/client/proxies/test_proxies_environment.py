"""`trust_env=True`: proxies and exceptions from variables, credentials from netrc."""

from __future__ import annotations

import asyncio
import os
from math import inf

import pytest
from yarl import URL

import notebook_http as nh
from notebook_http.client import ClientSession, InvalidURL
from notebook_http.client.proxy_environment import look_around

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SITE = nh.BasicAuth("site", "s3cret").encode()
PROXY = nh.BasicAuth("prox", "pr0xy").encode()


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    """Nothing of the machine's own environment, and a home of our own."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name == "NETRC":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
async def trusting_env():
    async with ClientSession(trust_env=True) as session:
        yield session


def to(location: str) -> bytes:
    return f"HTTP/1.1 302 Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


async def test_nothing_is_trusted_by_default(serve, session, proxy, monkeypatch, tmp_path):
    """Neither proxy nor netrc."""
    server = await serve(OK)
    monkeypatch.setenv("http_proxy", proxy.url)
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login site password s3cret\n")
    await session.get(server.url)
    assert not session.trust_env
    assert proxy.heads == []
    assert b"Authorization" not in server.requests[0]


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
async def test_the_proxy_of_the_environment(serve, trusting_env, proxy, monkeypatch, name):
    """In either spelling; with or without http:// in front, as curl has it."""
    server = await serve(OK)
    for value in (proxy.url, proxy.url.removeprefix("http://")):
        monkeypatch.setenv(name, value)
        await trusting_env.get(server.url)
    assert trusting_env.trust_env
    assert len(proxy.heads) == 2


async def test_https_has_a_proxy_of_its_own(
    secure, trusting_env, start_proxy, monkeypatch, trusting
):
    """`HTTPS_PROXY` is about the target; the proxy itself may speak TLS or not."""
    server = await secure(OK)
    for tls in (False, True):
        proxy = await start_proxy(tls=tls, accepts=PROXY)
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        monkeypatch.setenv("https_proxy", proxy.url.replace("//", "//prox:pr0xy@"))
        async with trusting_env.get(server.url, ssl=trusting) as response:
            assert response.status == 200
        assert proxy.heads[0].startswith(b"CONNECT localhost:")


@pytest.mark.parametrize(
    ("exceptions", "direct"),
    [
        ("127.0.0.1", True),
        ("*", True),
        ("other.test, 127.0.0.1", True),
        ("127.0.0.1:{port}", True),
        ("127.0.0.1:1", False),
        ("7.0.0.1", False),
        ("other.test", False),
    ],
)
async def test_exceptions(serve, trusting_env, proxy, monkeypatch, exceptions, direct):
    """`NO_PROXY`, with ports as urllib's documentation has them."""
    server = await serve(OK)
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", exceptions.format(port=server.port))
    await trusting_env.get(server.url)
    assert len(proxy.heads) == (0 if direct else 1)


@pytest.mark.parametrize(
    ("exceptions", "url", "direct"),
    [
        (".example.test", "http://www.example.test/", True),
        ("example.test", "http://www.example.test/", True),
        ("example.test", "http://example.test./", True),
        ("example.test", "http://notexample.test/", False),
        ("EXAMPLE.test", "http://example.TEST/", True),
        ("b\u00fccher.test", "http://b\u00fccher.test/", True),
        ("xn--bcher-kva.test", "http://b\u00fccher.test/", True),
        ("::1", "http://[::1]/", True),
        ("[::1]", "http://[::1]:8080/", True),
        ("[::1]:8080", "http://[::1]:8080/", True),
        ("[::1]:8080", "http://[::1]:8081/", False),
        ("example.test:80", "http://example.test/", True),
    ],
)
async def test_exceptions_by_name(monkeypatch, exceptions, url, direct):
    """Suffixes at dots, any case, either form of an international name."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", exceptions)
    found = await look_around(URL(url), total_at=inf)
    assert (found.proxy is None) is direct


async def test_what_the_call_says_is_stronger(serve, trusting_env, start_proxy, monkeypatch):
    """`proxy=` over the environment, `NO_PROXY` included; `proxy_auth=` is not for its proxies."""
    server = await serve(OK)
    named, around = await start_proxy(), await start_proxy()
    monkeypatch.setenv("http_proxy", around.url)
    await trusting_env.get(server.url, proxy_auth=nh.BasicAuth("a", "b"))
    assert b"Proxy-Authorization" not in around.heads[0]
    monkeypatch.setenv("no_proxy", "*")
    await trusting_env.get(server.url, proxy=named.url)
    assert (len(named.heads), len(around.heads)) == (1, 1)


@pytest.mark.parametrize("empty", ["", URL()])
async def test_an_empty_proxy_is_none(serve, proxy, monkeypatch, empty):
    """In a call it is stronger than session and environment, in a session it is as none given."""
    server = await serve(OK)
    monkeypatch.setenv("http_proxy", proxy.url)
    async with ClientSession(trust_env=True) as session:
        await session.get(server.url, proxy=empty)
    async with ClientSession(proxy=proxy.url) as session:
        await session.get(server.url, proxy=empty)
    async with ClientSession(proxy=empty) as session:
        await session.get(server.url)
    assert proxy.heads == []
    assert len(server.requests) == 3


async def test_what_names_no_http_proxy(serve, trusting_env, monkeypatch, caplog):
    """A SOCKS proxy for this scheme is an error: to go direct might be what it should prevent."""
    server = await serve(OK)
    monkeypatch.setenv("http_proxy", "socks5://us:geheim@127.0.0.1:1")
    with pytest.raises(InvalidURL, match="HTTP_PROXY") as caught:
        await trusting_env.get(server.url)
    assert "geheim" not in str(caught.value)
    monkeypatch.delenv("http_proxy")
    monkeypatch.setenv("all_proxy", "socks5://us:geheim@127.0.0.1:1")
    assert (await trusting_env.get(server.url)).status == 200
    assert "socks5" in caplog.text
    assert "geheim" not in caplog.text


async def test_a_web_servers_variable_is_no_proxy(serve, trusting_env, proxy, monkeypatch):
    """CVE-2016-1000110 (httpoxy): in a CGI script, HTTP_PROXY is a header of the visitor."""
    server = await serve(OK)
    monkeypatch.setenv("REQUEST_METHOD", "GET")
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    await trusting_env.get(server.url)
    assert proxy.heads == []


# netrc


async def test_credentials_from_netrc(serve, trusting_env, monkeypatch, tmp_path):
    """From the file in the home, or the one that NETRC names."""
    server = await serve(OK)
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login site password s3cret\n")
    await trusting_env.get(server.url)
    other = tmp_path / "other"
    other.write_text("machine 127.0.0.1 account acc password \u0142\n")
    monkeypatch.setenv("NETRC", str(other))
    await trusting_env.get(server.url)
    assert f"\r\nAuthorization: {SITE}\r\n".encode() in server.requests[0]
    unicode = nh.BasicAuth("acc", "\u0142", encoding="utf-8").encode()
    assert f"\r\nAuthorization: {unicode}\r\n".encode() in server.requests[1]


async def test_stronger_than_netrc(serve, tmp_path):
    """Arguments, the URL, the session, and a header of one's own."""
    server = await serve(OK)
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login site password s3cret\n")
    mine = nh.BasicAuth("my", "own")
    async with ClientSession(trust_env=True) as session:
        await session.get(server.url, auth=mine)
        await session.get(server.url.replace("//", "//my:own@"))
        await session.get(server.url, headers={"authorization": mine.encode()})
    async with ClientSession(trust_env=True, auth=mine) as session:
        await session.get(server.url)
    async with ClientSession(trust_env=True, headers={"Authorization": mine.encode()}) as session:
        await session.get(server.url)
    for request in server.requests:
        assert request.lower().count(b"\r\nauthorization: ") == 1
        assert mine.encode().encode() in request


async def test_netrc_knows_the_proxy(serve, trusting_env, start_proxy, monkeypatch, tmp_path):
    """And what the variable says is stronger."""
    server = await serve(OK)
    proxy = await start_proxy()
    proxy.routes["site.test:80"] = server.port
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login prox password pr0xy\n")
    monkeypatch.setenv("http_proxy", proxy.url)
    await trusting_env.get("http://site.test/")
    monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//other:one@"))
    await trusting_env.get("http://site.test/")
    assert f"\r\nProxy-Authorization: {PROXY}\r\n".encode() in proxy.heads[0]
    other = nh.BasicAuth("other", "one").encode()
    assert f"\r\nProxy-Authorization: {other}\r\n".encode() in proxy.heads[1]
    assert not any(b"uthorization" in request for request in server.requests)


@pytest.mark.parametrize(
    "text",
    [
        "machine 127.0.0.1 login site password s3cret\nfoo s3cret\n",
        "machine 127.0.0.1 login a:b password s3cret\n",
        "machine\n",
    ],
)
async def test_a_broken_netrc_is_ignored(serve, trusting_env, tmp_path, caplog, text):
    """With a warning that repeats nothing of it."""
    server = await serve(OK)
    (tmp_path / ".netrc").write_text(text)
    await trusting_env.get(server.url)
    assert b"Authorization" not in server.requests[0]
    assert "netrc" in caplog.text
    assert "s3cret" not in caplog.text


async def test_a_netrc_that_cannot_be_read(serve, trusting_env, monkeypatch, tmp_path, caplog):
    """Named but missing: a warning. Not named and missing: nothing."""
    server = await serve(OK)
    await trusting_env.get(server.url)
    assert caplog.text == ""
    monkeypatch.setenv("NETRC", str(tmp_path / "nowhere"))
    await trusting_env.get(server.url)
    assert "nowhere" in caplog.text
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    monkeypatch.setenv("NETRC", str(tmp_path / "bytes"))
    assert (await trusting_env.get(server.url)).status == 200


# Redirects


async def test_each_hop_has_its_own_proxy(serve, trusting_env, start_proxy, monkeypatch):
    """The credentials of one proxy never reach the next one (aiohttp#12829)."""
    end = await serve(OK)
    one = await start_proxy(accepts=PROXY)
    start = await serve(to(f"http://localhost:{end.port}/"))
    monkeypatch.setenv("http_proxy", one.url.replace("//", "//prox:pr0xy@"))
    monkeypatch.setenv("no_proxy", "localhost")
    async with trusting_env.get(start.url) as response:
        assert str(response.url) == f"http://localhost:{end.port}/"
    assert len(one.heads) == 1
    assert not any(b"roxy" in request for request in (*start.requests, *end.requests))


async def test_a_redirect_chooses_nobodys_credentials(serve, trusting_env, tmp_path):
    """What a server leads to gets no `default` entry, and nothing in the clear."""
    (tmp_path / ".netrc").write_text(
        "machine localhost login site password s3cret\ndefault login d password d\n"
    )
    end = await serve(OK)
    start = await serve(to(f"http://localhost:{end.port}/"))
    await trusting_env.get(start.url)
    assert nh.BasicAuth("d", "d").encode().encode() in start.requests[0]
    assert b"Authorization" not in end.requests[0]
    for url, expected in (
        ("https://localhost/", "site"),
        ("http://localhost/", None),
        ("https://elsewhere.test/", None),
    ):
        found = await look_around(URL(url), total_at=inf, given_by_server=True)
        assert (found.auth and found.auth.login) == expected


async def test_a_redirect_on_the_same_origin_keeps_them(serve, trusting_env, tmp_path):
    """It is the same host, asked for something else."""
    (tmp_path / ".netrc").write_text("default login site password s3cret\n")
    server = await serve(to("/other"), OK)
    await trusting_env.get(server.url)
    assert all(SITE.encode() in request for request in server.requests)


async def test_explicit_credentials_stay_with_their_proxy(serve, session, proxy):
    """`proxy=` holds for all hops, and so do its credentials; a header of one's own does not."""
    end = await serve(OK)
    start = await serve(to(f"http://localhost:{end.port}/"))
    await session.get(start.url, proxy=proxy.url, proxy_auth=nh.BasicAuth("prox", "pr0xy"))
    assert all(PROXY.encode() in head for head in proxy.heads)
    await session.get(start.url, proxy=proxy.url, headers={"Proxy-Authorization": PROXY})
    assert [PROXY.encode() in head for head in proxy.heads] == [True, True, True, False]
    start = await serve(to(f"http://localhost:{end.port}/"))
    await session.get(start.url, headers={"Proxy-Authorization": PROXY})
    assert not any(b"roxy" in request for request in end.requests)


async def test_a_middleware_may_change_the_target(serve, proxy, monkeypatch):
    """The environment is asked again for the new one."""
    server = await serve(OK)
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "localhost")

    async def lead_elsewhere(request, handler):
        request.url = URL(f"http://localhost:{server.port}/")
        return await handler(request)

    async with ClientSession(trust_env=True, middlewares=[lead_elsewhere]) as session:
        assert (await session.get(server.url)).status == 200
    assert proxy.heads == []


async def test_middlewares_see_no_credentials_and_keep_the_proxy(serve, start_proxy):
    """What they add for the proxy is theirs to add, but never goes into a second field."""
    server = await serve(OK)
    proxy = await start_proxy(accepts=PROXY)
    seen = []

    async def look(request, handler):
        seen.append(dict(request.headers))
        request.headers["Proxy-Authorization"] = "Basic other"
        return await handler(request)

    async with ClientSession(
        proxy=proxy.url.replace("//", "//prox:pr0xy@"), middlewares=[look]
    ) as session:
        assert (await session.get(server.url)).status == 200
    assert "Proxy-Authorization" not in seen[0]
    assert proxy.heads[0].count(b"Proxy-Authorization") == 1


async def test_the_total_time_holds_for_reading_the_environment(serve, monkeypatch, tmp_path):
    """A pipe that nobody writes into, in place of the file: some homes are on a dead network."""
    server = await serve(OK)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    monkeypatch.setenv("NETRC", str(pipe))
    async with ClientSession(trust_env=True) as session:
        try:
            with pytest.raises(TimeoutError, match="netrc"):
                await session.get(server.url, timeout=nh.ClientTimeout(total=0.1))
            task = asyncio.create_task(session.get(server.url)._coroutine)
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        finally:
            writer = os.open(pipe, os.O_WRONLY)  # lets the threads go
            os.close(writer)
    assert server.connections == 0
