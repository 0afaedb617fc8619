"""What a redirect may lead to, and what goes along: credentials only to whom they were given."""

from __future__ import annotations

import itertools
import ssl

import pytest
import trustme
from yarl import URL

from notebook_http import (
    BasicAuth,
    ClientPayloadError,
    ClientSession,
    CookieJar,
    InvalidUrlRedirectClientError,
    NonHttpUrlRedirectClientError,
    TooManyRedirects,
)

pytestmark = pytest.mark.advisory

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SECRET = "s3cret"
SPELLINGS = (
    "Authorization",
    "authorization",
    "AUTHORIZATION",
    "Cookie",
    "cookie",
    "Proxy-Authorization",
    "PROXY-authorization",
)


def to(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.fixture(scope="module")
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for 127.0.0.1 and localhost, and a client's that trusts it."""
    authority = trustme.CA()
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(served)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    return served, trusting


@pytest.fixture
def elsewhere(raw_server, contexts):
    """Return what starts the other origin: it differs in scheme, host or port alone."""

    async def start(what: str, first) -> tuple[object, str]:
        if what == "host":
            return first, f"http://localhost:{first.port}/b"
        other = await raw_server(OK, ssl=contexts[0] if what == "scheme" else None)
        return other, f"{other.url}/b"

    return start


@pytest.mark.parametrize(
    ("name", "copies", "what"),
    list(itertools.product(SPELLINGS, (1, 3), ("scheme", "host", "port"))),
)
async def test_cve_2026_34518_credentials_stay_with_their_origin(
    raw_server, session, contexts, elsewhere, name, copies, what
):
    """By the name's case, its second copy, the scheme or the port alone, they followed."""
    answers: list[bytes] = []

    async def talk(reader, writer):
        while True:
            await home.read_request(reader)
            writer.write(answers.pop(0) if answers else OK)

    home = await raw_server(talk=talk)
    other, url = await elsewhere(what, home)
    answers.append(to(url))
    headers = [(name, f"{SECRET}-{n}") for n in range(copies)]
    async with session.get(home.url, headers=headers, ssl=contexts[1]) as response:
        assert await response.text() == "ok"
    assert home.requests[0].count(SECRET.encode()) == copies
    assert SECRET.encode() not in other.requests[-1]
    assert other is not home or len(home.requests) == 2


async def test_pr_13180_every_copy_stays(raw_server, session):
    """The first copy of a header was left out, and the others followed, in their own letters."""
    other = await raw_server(OK)
    home = await raw_server(to(other.url))
    headers = [(name, f"{SECRET}-{n}") for n, name in enumerate(SPELLINGS)] + [("X", "kept")]
    async with session.get(home.url, headers=headers) as response:
        assert await response.text() == "ok"
    assert home.requests[0].count(SECRET.encode()) == len(SPELLINGS)
    assert SECRET.encode() not in other.requests[0]
    assert b"\r\nX: kept\r\n" in other.requests[0]


@pytest.mark.parametrize("what", ["scheme", "host", "port"])
async def test_cve_2026_47265_cookies_of_a_request_are_its_origins(
    raw_server, session, contexts, elsewhere, what
):
    """`cookies=` and `auth=` of one request went on to whoever it was sent to."""
    answers: list[bytes] = []

    async def talk(reader, writer):
        while True:
            await home.read_request(reader)
            writer.write(answers.pop(0) if answers else OK)

    home = await raw_server(talk=talk)
    other, url = await elsewhere(what, home)
    for options in ({"cookies": {"a": SECRET}}, {"auth": BasicAuth("user", SECRET)}):
        answers.append(to(url))
        async with session.get(home.url, ssl=contexts[1], **options) as response:
            await response.read()
        last = other.requests[-1].lower()
        assert b"\r\ncookie" not in last
        assert b"\r\nauthorization" not in last


async def test_cve_2018_18074_from_https_to_http_is_another_origin(raw_server, session, contexts):
    """The same host and the same port number, but for everybody to read."""
    plain = await raw_server(OK)
    safe = await raw_server(to(plain.url), ssl=contexts[0])
    headers = {"Authorization": SECRET, "Cookie": SECRET}
    async with session.get(safe.url, headers=headers, ssl=contexts[1]) as response:
        await response.read()
    assert SECRET.encode() in safe.requests[0]
    assert SECRET.encode() not in plain.requests[0]


async def test_cve_2026_44431_credentials_do_not_come_back(raw_server, session):
    """Astray once, the rest of the way is another's choice."""
    answers: list[bytes] = []

    async def talk(reader, writer):
        await home.read_request(reader)
        writer.write(answers.pop(0))

    home = await raw_server(talk=talk)
    other = await raw_server(to(f"{home.url}/back"))
    answers += [to(other.url), OK]
    async with session.get(home.url, headers={"Authorization": SECRET}) as response:
        assert response.status == 200
    assert SECRET.encode() not in home.requests[1]


async def test_cve_2023_32681_the_sessions_credentials_stay_too(raw_server):
    """Headers and cookies of a session with a base URL, and the jar's own rules."""
    other = await raw_server(OK)
    home = await raw_server(to(f"http://localhost:{other.port}/"))
    jar = CookieJar(unsafe=True)
    jar.update_cookies({"sid": SECRET}, URL(home.url))
    options = {"headers": {"Authorization": SECRET}, "cookie_jar": jar}
    async with ClientSession(home.url + "/", **options) as session, session.get("a") as response:
        await response.read()
    assert home.requests[0].count(SECRET.encode()) == 2
    assert SECRET.encode() not in other.requests[0]


@pytest.mark.parametrize(
    ("status", "method", "becomes"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "PUT", "GET"),
        (303, "DELETE", "GET"),
        (303, "HEAD", "HEAD"),
        (301, "PUT", "PUT"),
        (307, "POST", "POST"),
        (308, "PUT", "PUT"),
    ],
)
async def test_cve_2023_45803_a_get_takes_no_body_along(
    raw_server, session, status, method, becomes
):
    """POST became GET and kept its body, and the fields that describe it."""
    server = await raw_server(to("/b", status), OK)
    headers = {"Content-Language": "de", "Content-Type": "text/x-secret", "Digest": "x"}
    body = None if method == "HEAD" else b"s3cret body"
    options = {"headers": headers, "allow_redirects": True}
    async with session.request(method, server.url, data=body, **options) as response:
        await response.read()
    second = server.requests[1]
    assert second.startswith(f"{becomes} /b ".encode())
    if becomes == "GET":
        assert b"s3cret body" not in second
        assert b"content-" not in second.lower()
        assert b"digest" not in second.lower()
    elif body:
        assert second.endswith(b"\r\n\r\ns3cret body")


async def test_pr_12195_a_consumed_body_is_an_error(raw_server, session):
    """307 with a stream: it went out again as an empty body."""

    async def stream():
        yield b"once"

    server = await raw_server(to("/b", 307), OK)
    with pytest.raises(ClientPayloadError, match="consumed"):
        await session.post(server.url, data=stream())
    assert len(server.requests) == 1


async def test_cve_2025_50181_limits_of_redirects_hold(raw_server, session):
    """A limit that was set was ignored."""
    server = await raw_server(to("/again"))
    for most in (1, 2, 5):
        before = len(server.requests)
        with pytest.raises(TooManyRedirects):
            await session.get(server.url, max_redirects=most)
        assert len(server.requests) - before == most
    async with session.get(server.url, allow_redirects=False) as response:
        assert response.status == 302


@pytest.mark.parametrize(
    "location",
    [
        "http://[::1",
        "http://::",
        "http://[]@",
        "http://a%3Ab:c@127.0.0.1/",
        "//a[]@/",
        "http://a:b/",
        "http://[zz]/",
        "http://:1/",
        "http:///x",
        "http://a:99999/",
        "http://" + "a" * 300 + "/",
        "http://2130706433/",
        "http://0x7f.1/",
    ],
)
async def test_cve_2022_33124_a_location_that_is_none_is_the_servers_fault(
    raw_server, session, location
):
    """A ValueError of the URL's parser came out."""
    server = await raw_server(to(location))
    with pytest.raises(InvalidUrlRedirectClientError):
        await session.get(server.url)
    async with ClientSession(requote_redirect_url=False) as trusting:
        with pytest.raises(InvalidUrlRedirectClientError):
            await trusting.get(server.url)


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://a/",
        "javascript:alert(1)",
        "data:text/html,x",
        "unix:///run/x",
        "HTTPX://a",
    ],
)
async def test_promise_redirects_lead_to_http_alone(raw_server, session, location):
    """Whatever else a URL can name, a server does not get it opened."""
    server = await raw_server(to(location))
    with pytest.raises(NonHttpUrlRedirectClientError):
        await session.get(server.url)


@pytest.mark.parametrize(
    "location",
    ["/a\tX", "/a b", "/%0d%0aX-Injected:%20y", "/\u2028", "//127.0.0.1\\@evil.example/"],
)
async def test_promise_a_location_begins_no_line(raw_server, location):
    """A server's word goes into our next request line."""
    server = await raw_server(to(location), OK)
    for requote in (True, False):
        async with ClientSession(requote_redirect_url=requote) as session:
            try:
                async with session.get(server.url) as response:
                    await response.read()
            except (InvalidUrlRedirectClientError, NonHttpUrlRedirectClientError):
                continue
    for request in server.requests:
        lines = request.split(b"\r\n")
        assert len(lines[0].split(b" ")) == 3
        assert not any(line.startswith(b"X-Injected") for line in lines)


async def test_cve_2022_33124_credentials_of_a_location_are_of_any_script(raw_server, session):
    """A ValueError of their encoding came out, with the advice to choose another one."""
    answers: list[bytes] = []

    async def talk(reader, writer):
        while True:
            await server.read_request(reader)
            writer.write(answers.pop(0) if answers else OK)

    server = await raw_server(talk=talk)
    answers.append(to(f"http://\u0436:\u0436@127.0.0.1:{server.port}/b"))
    async with session.get(server.url) as response:
        assert await response.text() == "ok"
    assert b"\r\nAuthorization: Basic 0LY60LY=\r\n" in server.requests[1]  # in UTF-8
