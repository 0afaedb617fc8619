"""The head of a request: whose headers and credentials go out, and that none can smuggle a line."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict
from yarl import URL

from notebook_http.client import ClientSession, InvalidUrlClientError
from notebook_http.wire.credentials import BasicAuth
from notebook_http.wire.http_version import HttpVersion, HttpVersion10

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def head_of(request: bytes) -> tuple[str, CIMultiDict[str], bytes]:
    """Return request line, headers and body of a request as it came."""
    head, _, body = request.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    return line, CIMultiDict(field.split(": ", 1) for field in fields), body


# Headers


async def test_default_headers_are_those_of_every_client(serve, session):
    """Servers that sniff look for these."""
    server = await serve(OK)
    await session.get(server.url)
    _, headers, _ = head_of(server.requests[0])
    assert list(headers) == ["Host", "Accept", "Accept-Encoding", "User-Agent"]
    assert headers["Accept"] == "*/*"
    assert headers["Accept-Encoding"].startswith("gzip, deflate")
    assert "notebook-http" in headers["User-Agent"]


async def test_request_headers_replace_those_of_the_session(serve):
    """The nearer to the call, the stronger; a repeated name stays repeated."""
    server = await serve(OK)
    async with ClientSession(headers={"X-A": "session", "X-B": "session"}) as session:
        await session.get(server.url, headers=[("x-a", "1"), ("X-A", "2")])
        await session.get(server.url)
    _, headers, _ = head_of(server.requests[0])
    assert headers.getall("X-A") == ["1", "2"]
    assert headers["X-B"] == "session"
    _, headers, _ = head_of(server.requests[1])
    assert headers["X-A"] == "session"


async def test_session_headers_may_change_at_any_time(serve, session):
    """`session.headers.update(…)` is an idiom of requests' users; the ready-made head notices."""
    server = await serve(OK)
    await session.get(server.url)
    session.headers["Authorization"] = "Bearer t"
    await session.get(server.url)
    del session.headers["Authorization"]
    await session.get(server.url)
    sent = [b"Bearer t" in request for request in server.requests]
    assert sent == [False, True, False]


async def test_automatic_headers_can_be_left_out(serve):
    """Some servers dislike them."""
    server = await serve(OK)
    async with ClientSession(skip_auto_headers=["user-agent"]) as session:
        await session.get(server.url)
        await session.post(server.url, data=b"x", skip_auto_headers=["Content-Type", "accept"])
    _, headers, _ = head_of(server.requests[0])
    assert "User-Agent" not in headers
    assert "Accept" in headers
    _, headers, _ = head_of(server.requests[1])
    assert not {"User-Agent", "Content-Type", "Accept"} & set(headers)
    assert headers["Content-Length"] == "1"


async def test_the_callers_host_header_wins(serve, session):
    """Virtual hosts are tested that way; there must be one Host only."""
    server = await serve(OK)
    await session.get(server.url, headers={"host": "example.org"})
    _, headers, _ = head_of(server.requests[0])
    assert headers.getall("Host") == ["example.org"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-A", "a\r\nX: y"), ("X-A", "a\nb"), ("X-A", "a\rb"), ("X-A", "\0"), ("X: y\r\nX", "a")],
)
async def test_headers_that_would_break_the_head_are_refused(serve, session, name, value):
    """CVE-2023-49081 and its kin: a ValueError before a byte is sent."""
    server = await serve(OK)
    with pytest.raises(ValueError, match=r"[Hh]eader"):
        await session.get(server.url, headers={name: value})
    assert server.connections == 0


@pytest.mark.parametrize("target", ["/a b", "/a HTTP/1.1\r\nX: y", "/\x00", "/?a=\n", "/\x7f"])
async def test_a_url_cannot_smuggle_a_line(serve, session, target):
    """`encoded=True` takes the caller's word for the escaping, and yarl then escapes nothing."""
    server = await serve(OK)
    path, _, query = target.partition("?")
    url = URL.build(
        scheme="http",
        host="127.0.0.1",
        port=server.port,
        path=path,
        query_string=query,
        encoded=True,
    )
    with pytest.raises(InvalidUrlClientError, match="must be %-escaped"):
        await session.get(url)
    assert server.connections == 0


@pytest.mark.parametrize("method", ["GET / HTTP/1.1\r\nX: y", "GE T", "", "GÉT"])
async def test_methods_that_are_no_token_are_refused(serve, session, method):
    """CVE-2023-49082."""
    server = await serve(OK)
    with pytest.raises(ValueError, match=r"[Mm]ethod"):
        await session.request(method, server.url)
    assert server.connections == 0


async def test_a_version_cannot_smuggle_a_header(serve):
    """CVE-2023-49081."""
    server = await serve(OK)
    with pytest.raises(ValueError, match="invalid literal"):
        async with ClientSession(version=HttpVersion(1, "1\r\nX: y")) as session:
            await session.get(server.url)
    assert server.connections == 0


async def test_http_1_0_asks_to_keep_the_connection(serve):
    """RFC 9112 §9.3: the old default was to close it."""
    server = await serve(OK)
    async with ClientSession(version=HttpVersion10) as session:
        await session.get(server.url)
    assert server.requests[0].startswith(b"GET / HTTP/1.0\r\n")
    assert b"Connection: keep-alive" in server.requests[0]


# Credentials


async def test_basic_credentials_come_from_the_argument_the_session_or_the_url(serve):
    """The three places where aiohttp looks for them."""
    server = await serve(OK)
    with_user = server.url.replace("http://", "http://u:p%40@")
    async with ClientSession() as session:
        await session.get(server.url, auth=BasicAuth("u", "p@"))
        await session.get(with_user + "/x")
    async with ClientSession(auth=BasicAuth("u", "p@")) as session:
        await session.get(server.url)
    for sent in server.requests:
        assert b"Authorization: Basic dTpwQA==" in sent
        assert b"u:p" not in sent


async def test_session_credentials_stay_with_the_base_url(serve):
    """Given for one API, they are nobody else's business."""
    server, other = await serve(OK), await serve(OK)
    async with ClientSession(server.url + "/", auth=BasicAuth("u", "p")) as session:
        await session.get("/x")
        await session.get(other.url)
    assert b"Authorization" in server.requests[0]
    assert b"Authorization" not in other.requests[0]


async def test_a_pair_is_no_credentials(serve, session):
    """Other libraries take one; the error says what to write here."""
    server = await serve(OK)
    with pytest.raises(TypeError, match=r"auth is BasicAuth\(user, password\), not a tuple"):
        await session.get(server.url, auth=("user", "password"))
    assert server.connections == 0


async def test_two_sources_of_credentials_are_an_error(serve, session):
    """Which of them was meant cannot be known."""
    server = await serve(OK)
    with pytest.raises(ValueError, match="Cannot combine"):
        await session.get(
            server.url, auth=BasicAuth("a", "b"), headers={"authorization": "Bearer x"}
        )
    with pytest.raises(ValueError, match="Cannot combine"):
        await session.get(server.url.replace("//", "//u:p@"), auth=BasicAuth("a", "b"))
