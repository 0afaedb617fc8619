"""Where redirects lead, and what goes along."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from notebook_http.client import (
    ClientPayloadError,
    ClientSession,
    CookieJar,
    InvalidUrlRedirectClientError,
    NonHttpUrlRedirectClientError,
    TooManyRedirects,
)
from notebook_http.client.redirects import is_same_origin, method_after_redirect, redirect_url
from notebook_http.wire.credentials import BasicAuth

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HTTP = frozenset({"http", "https"})


def to(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Go\r\nLocation: {location}\r\nContent-Length: 2\r\n\r\nno".encode()


# The decisions


@pytest.mark.parametrize(
    ("status", "method", "becomes"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (301, "PUT", "PUT"),
        (302, "DELETE", "DELETE"),
        (303, "POST", "GET"),
        (303, "PUT", "GET"),
        (303, "HEAD", "HEAD"),
        (301, "HEAD", "HEAD"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
    ],
)
def test_methods_change_as_browsers_have_it(status, method, becomes):
    """RFC 9110 §15.4, and urllib3's CVE-2023-45803."""
    assert method_after_redirect(method, status) == becomes


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("/b", "http://h/b"),
        ("b", "http://h/dir/b"),
        ("?q=2", "http://h/dir/a?q=2"),
        ("//other/x", "http://other/x"),
        ("https://h/", "https://h/"),
        ("/ü b", "http://h/%C3%BC%20b"),
        ("http:/b?c=d", "http://h/b?c=d"),
        ("HTTP:b", "http://h/dir/b"),
        ("http:", "http://h/dir/a?q=1"),
    ],
)
def test_locations_are_resolved(location, leads_to):
    """RFC 3986 §5.2; unescaped characters are escaped."""
    headers = CIMultiDictProxy(CIMultiDict({"Location": location}))
    found = redirect_url(URL("http://h/dir/a?q=1"), headers, requote=True, schemes=HTTP)
    assert str(found) == leads_to


def test_the_fragment_is_inherited():
    """RFC 9110 §10.2.2: what was asked for still applies, unless the server says otherwise."""
    for location, fragment in (("/b", "mine"), ("/b#its", "its")):
        headers = CIMultiDictProxy(CIMultiDict({"Location": location}))
        found = redirect_url(URL("http://h/a#mine"), headers, requote=True, schemes=HTTP)
        assert found is not None
        assert found.fragment == fragment


def test_an_origin_is_scheme_host_and_port():
    """RFC 6454; a default port is the same as none."""
    one = URL("http://h/a")
    assert is_same_origin(one, URL("http://h:80/b?c"))
    assert is_same_origin(one, URL("http://H/b"))
    for other in ("https://h/", "http://h:8080/", "http://h.example/", "http://i/"):
        assert not is_same_origin(one, URL(other))


# The journey


async def test_redirects_are_followed_and_remembered(serve, session):
    """The last response has the others in its history, in order."""
    server = await serve(to("/b"), to("/c", 307), OK)
    async with session.get(server.url + "/a?x=1", params={"y": "2"}) as response:
        assert await response.text() == "ok"
        assert response.url.path == "/c"
        assert [(r.status, r.url.path) for r in response.history] == [(302, "/a"), (307, "/b")]
    targets = [request.split(b" ")[1] for request in server.requests]
    assert targets == [b"/a?x=1&y=2", b"/b", b"/c"]
    assert server.connections == 1


async def test_redirects_are_followed_only_if_asked(serve, session):
    """`allow_redirects=False`, and HEAD by default."""
    server = await serve(to("/b"))
    for response in (
        await session.get(server.url, allow_redirects=False),
        await session.head(server.url),
    ):
        assert response.status == 302
        response.release()


async def test_a_redirect_without_location_is_an_answer(serve, session):
    """There is nowhere to go, and its body may say why."""
    server = await serve(b"HTTP/1.1 302 Found\r\nContent-Length: 3\r\n\r\nwhy")
    async with session.get(server.url) as response:
        assert (response.status, await response.text()) == (302, "why")


async def test_redirects_are_bounded(serve, session):
    """A loop ends; the error carries the journey."""
    server = await serve(to("/loop"))
    with pytest.raises(TooManyRedirects, match="10 redirects") as caught:
        await session.get(server.url)
    assert len(caught.value.history) == 10
    with pytest.raises(TooManyRedirects):
        await session.get(server.url, max_redirects=1)


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("http://[::1/", InvalidUrlRedirectClientError),
        ("http:///path", InvalidUrlRedirectClientError),
        ("http:https://other/", InvalidUrlRedirectClientError),
        ("http://127.1/", InvalidUrlRedirectClientError),
        ("http://a:99999/", InvalidUrlRedirectClientError),
        ("ftp://example.org/", NonHttpUrlRedirectClientError),
        ("file:///etc/passwd", NonHttpUrlRedirectClientError),
        ("javascript:alert(1)", NonHttpUrlRedirectClientError),
    ],
)
async def test_junk_in_location_is_the_servers_fault(serve, session, location, error):
    """Its own class, so that nobody looks for a mistake in his own URL (CVE-2022-33124)."""
    server = await serve(to(location))
    with pytest.raises(error):
        await session.get(server.url)


async def test_a_post_that_becomes_a_get_drops_body_and_description(serve, session):
    """urllib3's CVE-2023-45803."""
    server = await serve(to("/b", 303), OK)
    headers = {"Content-Type": "text/x", "Content-Language": "de", "X-Kept": "1"}
    await session.post(server.url, data=b"secret", headers=headers)
    assert server.requests[1].startswith(b"GET /b ")
    assert b"Content-" not in server.requests[1]
    assert b"secret" not in server.requests[1]
    assert b"X-Kept: 1" in server.requests[1]


async def test_a_post_that_becomes_a_get_drops_what_the_session_says_of_bodies(serve):
    """A `Content-Length` of the session's would make the server wait for a body."""
    server = await serve(to("/b", 303), OK)
    headers = {"Content-Type": "text/x", "Content-Length": "6", "X-Kept": "1"}
    async with ClientSession(headers=headers) as session:
        await session.post(server.url, data=b"secret")
    assert b"Content-Length: 6" in server.requests[0]
    assert b"Content-" not in server.requests[1]
    assert b"X-Kept: 1" in server.requests[1]


async def test_an_unescaped_location_is_sent_as_it_is_or_refused(serve):
    """`requote_redirect_url=False` trusts the server, though not with the request line."""
    server = await serve(to("/a%2fb?c=~|"), OK)
    async with ClientSession(requote_redirect_url=False) as session:
        await session.get(server.url)
        assert server.requests[1].startswith(b"GET /a%2fb?c=~| HTTP/1.1\r\n")
        server = await serve(to("/a HTTP/1.1"))
        with pytest.raises(InvalidUrlRedirectClientError, match="must be %-escaped"):
            await session.get(server.url)
    assert len(server.requests) == 1


async def test_307_sends_the_body_again(serve, session, tmp_path):
    """Bytes, forms and files can be sent twice."""
    path = tmp_path / "f"
    path.write_bytes(b"from a file")
    for data, sent in ((b"bytes", b"bytes"), ({"a": "1"}, b"a=1")):
        server = await serve(to("/b", 307), OK)
        await session.post(server.url, data=data)
        assert [request.endswith(b"\r\n\r\n" + sent) for request in server.requests] == [True] * 2
        assert server.requests[1].startswith(b"POST /b ")
    with path.open("rb") as file:
        server = await serve(to("/b", 308), OK)
        await session.post(server.url, data=file)
        assert [request[-11:] for request in server.requests] == [b"from a file"] * 2


async def test_307_with_a_consumed_body_is_an_error(serve, session):
    """An empty body in its place would be a lie."""

    async def once():
        yield b"once"

    server = await serve(to("/b", 307))
    with pytest.raises(ClientPayloadError, match="consumed request body"):
        await session.post(server.url, data=once())
    assert len(server.requests) == 1


SECRETS = [("Authorization", "Bearer s3cret"), ("Proxy-Authorization", "Basic s3cret")]


async def test_credentials_stay_within_the_origin(serve, session):
    """On the way to the same origin, they are still wanted."""
    server = await serve(to("/b"), OK)
    await session.get(server.url, headers=SECRETS, cookies={"c": "s3cret"})
    assert server.requests[1].count(b"s3cret") == 3


@pytest.mark.parametrize(
    "options",
    [
        {"headers": [("Authorization", "s3cret"), ("authorization", "s3cret")]},
        {"headers": [("COOKIE", "a=s3cret"), ("Cookie", "b=s3cret")]},
        {"headers": [("proxy-authorization", "s3cret"), ("Proxy-Authorization", "s3cret")]},
        {"cookies": {"a": "s3cret"}},
        {"auth": BasicAuth("s3cret", "s3cret")},
    ],
)
async def test_credentials_never_reach_another_origin(serve, session, options):
    """CVE-2026-34518, CVE-2026-47265, and every copy of them (#13180)."""
    elsewhere = await serve(OK)
    server = await serve(to(elsewhere.url + "/b"))
    await session.get(server.url, **options)
    sent = elsewhere.requests[0].lower()
    assert b"s3cret" not in sent
    assert b"\r\nauthorization" not in sent
    assert b"\r\ncookie" not in sent
    assert b"host: 127.0.0.1:%d" % elsewhere.port in sent


async def test_the_sessions_own_credentials_do_not_travel_either(serve):
    """They were given for the server that was asked, and the other one was not."""
    elsewhere = await serve(OK)
    server = await serve(to(elsewhere.url))
    for arguments in ({"headers": dict(SECRETS)}, {"auth": BasicAuth("s3cret")}):
        async with ClientSession(**arguments) as session:
            await session.get(server.url)
        assert b"uthorization" not in elsewhere.requests[-1]


async def test_credentials_do_not_come_back(serve, session):
    """Once astray, the way home was another's choice."""
    home_answers = [b"", OK]
    elsewhere_url = []

    async def talk(reader, writer):
        request = await reader.readuntil(b"\r\n\r\n")
        home.requests.append(request)
        writer.write(to(elsewhere_url[0]) if len(home.requests) == 1 else home_answers[1])

    home = await serve(talk)
    elsewhere = await serve(to(home.url + "/back"))
    elsewhere_url.append(elsewhere.url)
    await session.get(home.url, headers=SECRETS)
    assert b"s3cret" in home.requests[0]
    assert b"s3cret" not in home.requests[1]


async def test_credentials_in_the_location_are_used(serve, session):
    """They are the server's own to give."""
    elsewhere = await serve(OK)
    server = await serve(to(elsewhere.url.replace("//", "//u:p@")))
    await session.get(server.url)
    assert b"Authorization: Basic dTpw" in elsewhere.requests[0]


async def test_cookies_set_by_a_redirect_go_with_the_next_request(serve):
    """Log-ins work that way."""
    hop = b"HTTP/1.1 302 Go\r\nLocation: /b\r\nSet-Cookie: sid=1\r\nContent-Length: 0\r\n\r\n"
    server = await serve(hop, OK)
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        await session.get(server.url)
    assert b"Cookie: sid=1" in server.requests[1]


async def test_the_bodies_of_redirects_are_not_decoded(serve, session):
    """Broken, or a bomb: nobody reads them."""
    hop = (
        b"HTTP/1.1 302 Go\r\nLocation: /b\r\nContent-Encoding: gzip\r\n"
        b"Content-Length: 5\r\n\r\nbroke"
    )
    server = await serve(hop, OK)
    async with session.get(server.url) as response:
        assert await response.text() == "ok"
