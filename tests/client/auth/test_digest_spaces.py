"""Where Digest credentials go, and where they never do."""

from __future__ import annotations

from typing import Any

import pytest
from yarl import URL

from notebook_http.client import ClientSession
from notebook_http.client.digest_auth import DigestAuthMiddleware, _spaces_of

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
USER = ("Mufasa", "Circle of Life")
CHALLENGE = (
    b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="r", nonce="n"%b\r\n'
    b"Content-Length: 0\r\n\r\n"
)


def to(location: str) -> bytes:
    return f"HTTP/1.1 302 Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


def signed(server: Any) -> list[bool]:
    return [b"\r\nAuthorization: Digest " in request for request in server.requests]


@pytest.fixture
async def session() -> Any:
    async with ClientSession(middlewares=(DigestAuthMiddleware(*USER),)) as session:
        yield session


async def test_a_foreign_challenge_behind_a_redirect_is_not_answered(
    serve: Any, session: ClientSession
) -> None:
    """CVE-2026-54276: whoever we are sent to cannot ask for what belongs to somebody else."""
    foreign = await serve(CHALLENGE % b"")
    home = await serve(to(foreign.url + "/steal"))
    async with session.get(home.url) as response:
        assert response.status == 401
        assert response.url == URL(foreign.url + "/steal")
    assert signed(foreign) == [False]


async def test_credentials_in_use_stay_at_home_too(
    serve: Any, digest_server: Any, session: ClientSession
) -> None:
    """Neither the header of the request that was redirected goes along, nor a new one."""
    foreign = await serve(CHALLENGE % b"")
    home = await digest_server()
    await session.get(home.url)
    foreign_first = await session.get(foreign.url)
    assert foreign_first.status == 401
    redirecting = await serve(to(foreign.url))
    await session.get(redirecting.url)
    assert signed(foreign) == [False, False]
    assert (await session.get(home.url)).status == 200
    assert home.visits[-1].fields["nc"] == "00000002"


async def test_a_redirect_at_home_is_signed(serve: Any, session: ClientSession) -> None:
    server = await serve(CHALLENGE % b"", to("/b"), OK)
    async with session.get(server.url + "/a") as response:
        assert response.url.path == "/b"
    lines = [request.split(b" HTTP")[0] for request in server.requests]
    assert lines == [b"GET /a", b"GET /a", b"GET /b"]
    assert signed(server) == [False, True, True]
    assert b'uri="/b"' in server.requests[2]


async def test_the_domain_bounds_what_is_signed_at_once(
    digest_server: Any, session: ClientSession
) -> None:
    """Only at and below the paths it names; elsewhere the server has to ask."""
    server = await digest_server(domain="/private /exact?x")
    for path in ("/private", "/private/x", "/private?y", "/exact", "/privateer", "/"):
        async with session.get(server.url + path) as response:
            assert response.status == 200
    asked = [visit.target for visit in server.visits if visit.fields is None]
    assert asked == ["/private", "/privateer", "/"]


async def test_another_origin_that_home_names_shares_the_credentials(
    digest_server: Any, session: ClientSession
) -> None:
    """RFC 7616 §3.3; each server numbers its own nonces."""
    other = await digest_server()
    home = await digest_server(domain=f"/ {other.url}/shared/")
    await session.get(home.url)
    for path in ("/shared/a", "/shared/b", "/elsewhere"):
        await session.get(other.url + path)
    assert [(visit.target, visit.verdict) for visit in other.visits] == [
        ("/shared/a", "no credentials"),
        ("/shared/a", "welcome"),
        ("/shared/b", "welcome"),
        ("/elsewhere", "no credentials"),
    ]
    assert (await session.get(home.url)).status == 200
    assert home.visits[-1].verdict == "welcome"
    assert len(home.visits) == 3


async def test_a_named_origin_cannot_name_others(
    serve: Any, digest_server: Any, session: ClientSession
) -> None:
    """Only home says where the credentials may go."""
    third = await serve(CHALLENGE % b"")
    other = await serve(CHALLENGE % f', domain="{third.url}/"'.encode())
    home = await digest_server(domain=f"/ {other.url}/")
    await session.get(home.url)
    await session.get(other.url)
    await session.get(third.url)
    assert any(signed(other))
    assert signed(third) == [False]


@pytest.mark.parametrize(
    ("domain", "inside", "outside"),
    [
        ("", ["/", "/any/where"], []),
        ("/a", ["/a", "/a/b", "/a?q"], ["/ab", "/", "/A"]),
        ("/a/", ["/a/", "/a/b"], ["/ab", "/"]),
        ("https://other.example/x", ["https://other.example:443/x/y"], ["/", "/x"]),
        ("/a http://home.example/b", ["/a"], ["/b", "http://home.example/b"]),
        ("https://user:pw@[bad relative", ["/", "/relative"], ["https://bad/"]),
        ("/a https://", ["/a"], ["/b"]),
    ],
)
def test_what_a_domain_covers(domain: str, inside: list[str], outside: list[str]) -> None:
    """Paths by whole parts; never in the clear what was asked for over TLS."""
    home = URL("https://home.example")
    spaces = _spaces_of(home, tuple(domain.split()))
    for text in (*inside, *outside):
        covered = any(space.holds(home.join(URL(text))) for space in spaces)
        assert covered == (text in inside), text
