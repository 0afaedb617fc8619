"""Digest, netrc, proxies and server-sent events: what went wrong with them before."""

from __future__ import annotations

import base64

import pytest

from notebook_http import ClientError, ClientSession
from notebook_http.client.digest_auth import DigestAuthMiddleware

pytestmark = pytest.mark.advisory

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHALLENGE = (
    b"HTTP/1.1 401 Who\r\nContent-Length: 0\r\n"
    b'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256\r\n\r\n'
)
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


def to(location: str) -> bytes:
    return f"HTTP/1.1 302 Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


async def test_cve_2026_54276_a_foreign_challenge_is_not_answered(raw_server, read_whole):
    """Credentials answered whoever asked, behind a redirect as well."""
    foreign = await raw_server(CHALLENGE)
    home = await raw_server(CHALLENGE, to(foreign.url))
    async with ClientSession(middlewares=(DigestAuthMiddleware("user", "s3cret"),)) as session:
        response, _ = await read_whole(session, home.url)
    assert response.status == 401
    assert b"\r\nAuthorization: Digest " in home.requests[1]
    assert len(foreign.requests) == 1
    assert b"uthorization" not in foreign.requests[0]


async def test_cve_2024_47081_netrc_is_asked_for_the_host_that_is_dialled(
    raw_server, read_whole, tmp_path, monkeypatch
):
    """The URL was read in two ways: one host got what the file holds for another."""
    entries = tmp_path / "netrc"
    entries.write_text("machine example.com login user password s3cret\n")
    monkeypatch.setenv("NETRC", str(entries))
    server = await raw_server(OK)
    where = f"127.0.0.1:{server.port}"
    async with ClientSession(trust_env=True) as session:
        for url in (
            f"http://example.com:@{where}/",
            f"http://{where}/;@example.com/",
            f"http://{where}#@example.com",
        ):
            await read_whole(session, url)
    secret = base64.b64encode(b"user:s3cret")
    assert len(server.requests) == 3
    assert not any(secret in request for request in server.requests)


async def test_pr_12829_the_credentials_of_a_proxy_are_chosen_for_each_hop(
    raw_server, read_whole, monkeypatch
):
    """Those of the first proxy went to the next one, or to a server without any."""
    end = await raw_server(OK)
    proxy = await raw_server(to(f"http://localhost:{end.port}/"))
    monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//user:s3cret@"))
    monkeypatch.setenv("no_proxy", "localhost")
    async with ClientSession(trust_env=True) as session:
        await read_whole(session, "http://example.com/")
    assert b"\r\nProxy-Authorization: Basic " in proxy.requests[0]
    assert b"roxy-authorization" not in end.requests[0].lower()


async def test_cve_2026_84378_a_line_of_an_event_is_linear_and_limited(
    raw_server, session, most_cpu, most_memory
):
    """A line in many pieces took quadratic time; one without an end had no limit."""
    line = b"data: " + b"a" * (2**20 - 100)
    whole = await raw_server(
        EVENTS.replace(b"\r\n\r\n", b"\r\nContent-Length: %d\r\n\r\n" % (len(line) + 2))
        + line
        + b"\n\n",
        step=997,
    )
    with most_cpu(5):
        async with session.sse(whole.url) as source:
            async for event in source:
                assert len(event.data) == 2**20 - 100
                break
    endless = await raw_server(EVENTS + b"data: " + b"a" * 2**26)
    with most_memory(200), pytest.raises((ClientError, ValueError)):
        await _next_event(session, endless.url)


async def _next_event(session: ClientSession, url: str) -> object:
    async with session.sse(url) as source:
        return await anext(aiter(source))
