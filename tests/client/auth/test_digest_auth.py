"""Digest credentials through a session, against a server that checks them by the RFC's formula."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from notebook_http.client import (
    ClientError,
    ClientPayloadError,
    ClientResponse,
    ClientSession,
    CookieJar,
)
from notebook_http.client.digest_auth import DigestAuthMiddleware
from notebook_http.transport.form_data import FormData

USER = ("Mufasa", "Circle of Life")


async def statuses(server: Any, *paths: str, **options: Any) -> list[int]:
    """GET *paths* one after the other in one session; return the statuses."""
    async with ClientSession(middlewares=(DigestAuthMiddleware(*USER, **options),)) as session:
        found = []
        for path in paths:
            async with session.get(server.url + path) as response:
                await response.read()
            found.append(response.status)
        return found


def verdicts(server: Any) -> list[str]:
    return [visit.verdict for visit in server.visits]


@pytest.mark.parametrize("qop", ["auth", "auth-int", "auth,auth-int", ""])
@pytest.mark.parametrize(
    "algorithm",
    ["", "MD5", "MD5-sess", "SHA", "SHA-256", "SHA-256-sess", "SHA-512", "sha-512-SESS"],
)
async def test_every_challenge_is_answered(digest_server: Any, algorithm: str, qop: str) -> None:
    """Three requests: the first is asked for credentials, the others have them at once."""
    server = await digest_server(algorithm=algorithm, qop=qop)
    assert await statuses(server, "/a", "/b?x=%20y&z", "/%C3%A9") == [200, 200, 200]
    assert verdicts(server) == ["no credentials", "welcome", "welcome", "welcome"]
    if qop:
        counts = [visit.fields["nc"] for visit in server.visits[1:]]
        assert counts == ["00000001", "00000002", "00000003"]


async def test_without_preemption_each_request_is_asked(digest_server: Any) -> None:
    server = await digest_server()
    assert await statuses(server, "/", "/", preemptive=False) == [200, 200]
    assert verdicts(server) == ["no credentials", "welcome"] * 2


async def test_the_connection_is_used_again_for_the_second_try(serve: Any) -> None:
    """A short 401 came whole: nothing is dialled anew."""
    server = await serve(
        b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="r", nonce="n"\r\n'
        b"Content-Length: 2\r\n\r\nno",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    )
    async with (
        ClientSession(middlewares=(DigestAuthMiddleware(*USER),)) as session,
        session.get(server.url) as response,
    ):
        assert await response.text() == "ok"
    assert server.connections == 1
    assert len(server.requests) == 2


async def test_cookies_of_the_challenge_come_along(serve: Any) -> None:
    """Some servers tie the nonce to a session of theirs; other cookies stay as they were."""
    server = await serve(
        b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="r", nonce="n"\r\n'
        b"Set-Cookie: sid=new\r\nSet-Cookie: elsewhere=1; Path=/other\r\n"
        b"Content-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    )
    digest, jar = DigestAuthMiddleware(*USER), CookieJar(unsafe=True)
    async with ClientSession(middlewares=(digest,), cookie_jar=jar) as session:
        await session.get(server.url, cookies={"own": "1", "sid": "old"})
    assert b"\r\nCookie: own=1; sid=old\r\n" in server.requests[0]
    assert b"\r\nCookie: own=1; sid=new\r\n" in server.requests[1]


async def test_a_wrong_password_fails_once_a_call(digest_server: Any) -> None:
    """Accounts get locked after a few failed logins: no call may use up two."""
    server = await digest_server(password="another")
    assert await statuses(server, "/", "/") == [401, 401]
    assert verdicts(server) == ["no credentials", "wrong response"] * 2


async def test_the_refusal_can_be_read(digest_server: Any) -> None:
    server = await digest_server(password="another")
    async with (
        ClientSession(middlewares=(DigestAuthMiddleware(*USER),)) as session,
        session.get(server.url) as response,
    ):
        assert response.status == 401
        assert await response.text() == "wrong response"


async def test_stale_nonces_are_replaced_without_asking_anybody(digest_server: Any) -> None:
    server = await digest_server(uses=2)
    assert await statuses(server, *["/"] * 5) == [200] * 5
    expected = ["no credentials", "welcome", "welcome", "stale", "welcome", "welcome", "stale"]
    assert verdicts(server) == [*expected, "welcome"]


async def test_a_server_whose_nonces_never_live_is_left(digest_server: Any) -> None:
    """Three requests at the most, not an endless loop."""
    server = await digest_server(uses=0)
    assert await statuses(server, "/") == [401]
    assert verdicts(server) == ["no credentials", "stale", "stale"]


async def test_a_server_that_forgot_its_nonces_is_asked_again(digest_server: Any) -> None:
    """After a restart it does not know the nonce, and many say no `stale` then."""
    server = await digest_server()
    middleware = DigestAuthMiddleware(*USER)
    async with ClientSession(middlewares=(middleware,)) as session:
        await session.get(server.url)
        server.nonces.clear()
        response = await session.get(server.url)
        assert response.status == 200
    assert verdicts(server)[2:] == ["unknown nonce", "welcome"]


async def test_the_next_nonce_is_used_when_it_is_named(digest_server: Any) -> None:
    """RFC 7616 §3.5: a nonce for one time costs no second request."""
    server = await digest_server(uses=1, nextnonce=True)
    assert await statuses(server, *["/"] * 4) == [200] * 4
    assert verdicts(server) == ["no credentials"] + ["welcome"] * 4
    assert len({visit.fields["nonce"] for visit in server.visits[1:]}) == 4


async def test_requests_side_by_side_each_have_their_number(digest_server: Any) -> None:
    """A number that came twice would be a replay to the server."""
    server = await digest_server(uses=1000)
    middleware = DigestAuthMiddleware(*USER)
    async with ClientSession(middlewares=(middleware,)) as session:
        await session.get(server.url)
        await asyncio.gather(*[session.put(server.url, data=b"x" * 9) for _ in range(50)])
    used = [(visit.fields["nonce"], visit.fields["nc"]) for visit in server.visits if visit.fields]
    assert len(used) == len(set(used)) >= 51


# Bodies


def bodies(folder: Path) -> Iterator[tuple[str, Any, int]]:
    yield "bytes", b"some bytes" * 50_000, 500_000
    yield "text", "Straße", 7
    yield "form", {"a": "1", "b": "ü"}, 12
    yield "file", (folder / "file").open("rb"), 300_000
    yield "buffer", io.BytesIO(b"buffer"), 6
    form = FormData({"field": "value"})
    form.add_field("file", b"content", filename="a.bin")
    yield "multipart", form, -1


@pytest.mark.parametrize("qop", ["auth", "auth-int", "auth,auth-int"])
async def test_bodies_are_sent_again_and_hashed(
    digest_server: Any, tmp_path: Path, qop: str
) -> None:
    (tmp_path / "file").write_bytes(b"abc" * 100_000)
    server = await digest_server(qop=qop)
    for name, data, size in bodies(tmp_path):
        # A new middleware each time: the body is sent twice.
        async with (
            ClientSession(middlewares=(DigestAuthMiddleware(*USER),)) as session,
            session.post(server.url, data=data) as response,
        ):
            assert response.status == 200, name
        first, second = server.visits[-2:]
        assert first.body == second.body, name
        assert size in (-1, len(second.body)), name


async def test_what_is_hashed_is_what_is_sent(digest_server: Any) -> None:
    """With compress= that is the compressed body (RFC 7616 §3.4.3: the message's body)."""
    server = await digest_server(qop="auth-int")
    async with ClientSession(middlewares=(DigestAuthMiddleware(*USER),)) as session:
        data = bytes(range(256)) * 4000
        async with session.post(server.url, data=data, compress="gzip") as response:
            assert response.status == 200
    assert server.visits[1].body[:2] == b"\x1f\x8b"


async def stream() -> AsyncIterator[bytes]:
    yield b"once "
    yield b"only"


async def test_a_stream_cannot_be_sent_again(digest_server: Any) -> None:
    server = await digest_server()
    async with ClientSession(middlewares=(DigestAuthMiddleware(*USER),)) as session:
        with pytest.raises(ClientPayloadError, match="Use bytes or a seekable file"):
            await session.post(server.url, data=stream())
        # Known from now on: signed before the body leaves.
        response = await session.post(server.url, data=stream())
        assert response.status == 200
    assert server.visits[-1].body == b"once only"


async def test_a_stream_cannot_be_hashed_first(digest_server: Any) -> None:
    """Where only auth-int is offered; nothing was sent."""
    server = await digest_server(qop="auth-int")
    async with ClientSession(middlewares=(DigestAuthMiddleware(*USER),)) as session:
        await session.get(server.url)
        seen = len(server.visits)
        with pytest.raises(ClientError, match=r"qop=auth-int.*Pass bytes or a seekable file"):
            await session.post(server.url, data=stream())
    assert len(server.visits) == seen


async def test_a_stream_takes_the_other_quality_where_there_is_one(digest_server: Any) -> None:
    server = await digest_server(qop="auth-int,auth")
    async with ClientSession(middlewares=(DigestAuthMiddleware(*USER),)) as session:
        await session.get(server.url)
        response = await session.post(server.url, data=stream())
        assert response.status == 200
    assert [visit.fields["qop"] for visit in server.visits[1:]] == ["auth-int", "auth"]


# What a challenge may look like


async def test_other_schemes_and_lacking_algorithms_are_passed_over(digest_server: Any) -> None:
    before = ("Negotiate", 'Basic realm="Digest nonce=1", Digest realm="r", nonce="n", algorithm=X')
    server = await digest_server(before=before)
    assert await statuses(server, "/") == [200]


@pytest.mark.parametrize("login", ["J\u00e4s\u00f6n", 'quo"te\\d'])
@pytest.mark.parametrize("more", ["", "charset=UTF-8", "charset=UTF-8, userhash=true"])
async def test_names_beyond_ascii(digest_server: Any, more: str, login: str) -> None:
    server = await digest_server(more=more, login=login, password="geheim\u20ac")
    middleware = DigestAuthMiddleware(login, "geheim\u20ac")
    async with (
        ClientSession(middlewares=(middleware,)) as session,
        session.get(server.url) as response,
    ):
        assert response.status == 200, await response.text()
    assert (server.visits[1].fields["username"] == login) == ("userhash" not in more)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (b'Digest realm="r"', "Missing 'nonce'"),
        (b'Digest nonce="r"', "Missing 'realm'"),
        (b'Digest realm="r", nonce=""', "Security issue.*empty 'nonce'"),
        (b'Digest realm="r", nonce="n", algorithm=NEW', "Unsupported hash algorithm.*SHA-256"),
        (b'Digest realm="r", nonce="n", qop="conf"', "Quality of Protection"),
    ],
)
async def test_a_challenge_that_cannot_be_answered_is_an_error(
    serve: Any, header: bytes, says: str
) -> None:
    """As in aiohttp, a ClientError; it names the request, and no connection stays busy."""
    answer = b"HTTP/1.1 401 No\r\nWWW-Authenticate: %b\r\nContent-Length: 9\r\n\r\n" % header
    server = await serve(answer)
    async with ClientSession(middlewares=(DigestAuthMiddleware(*USER),)) as session:
        with pytest.raises(ClientError, match=f"(?s){says}.*GET {server.url}.*401"):
            await session.get(server.url)
        assert session.connector._pool.busy_count == 0


@pytest.mark.parametrize(
    "head",
    [
        b"401 No\r\n",
        b'401 No\r\nWWW-Authenticate: Basic realm="r"\r\n',
        b"401 No\r\nWWW-Authenticate: Digest\r\n",
        b'403 No\r\nWWW-Authenticate: Digest realm="r", nonce="n"\r\n',
        b'407 No\r\nWWW-Authenticate: Digest realm="r", nonce="n"\r\n',
        b'407 No\r\nProxy-Authenticate: Digest realm="r", nonce="n"\r\n',
        b'200 OK\r\nWWW-Authenticate: Digest realm="r", nonce="n"\r\n',
    ],
)
async def test_only_a_digest_challenge_in_a_401_is_answered(serve: Any, head: bytes) -> None:
    server = await serve(b"HTTP/1.1 " + head + b"Content-Length: 0\r\n\r\n")
    async with ClientSession(middlewares=(DigestAuthMiddleware(*USER),)) as session:
        response = await session.get(server.url)
    assert response.status == int(head[:3])
    assert len(server.requests) == 1


# Cancelling


async def test_a_cancel_at_each_step_leaves_nothing(digest_server: Any) -> None:
    """Wherever the call is given up, its connection is closed and the next call works."""
    server = await digest_server(qop="auth-int")
    middleware = DigestAuthMiddleware(*USER)
    async with ClientSession(middlewares=(middleware,)) as session:

        async def ask() -> ClientResponse:
            return await session.post(server.url, data=b"x" * 600_000)

        for turns in range(60):
            task = asyncio.create_task(ask())
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if not task.cancelled() and task.exception() is None:
                task.result().close()
            assert session.connector._pool.busy_count == 0
        assert (await ask()).status == 200


@pytest.mark.parametrize(
    ("login", "password", "says"),
    [(None, "p", "login"), ("u", None, "password"), ("a:b", "p", "username")],
)
def test_credentials_that_cannot_be_are_refused(login: Any, password: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        DigestAuthMiddleware(login, password)


@pytest.mark.parametrize(("login", "password"), [("u", b"secret"), (b"u", "secret"), ("u", 1234)])
def test_credentials_are_text(login: Any, password: Any) -> None:
    with pytest.raises(TypeError, match="is a str, not a") as caught:
        DigestAuthMiddleware(login, password)
    assert str(password) not in str(caught.value)


def test_the_password_is_not_shown() -> None:
    shown = repr(DigestAuthMiddleware("ana", "geheim"))
    assert "ana" in shown
    assert "geheim" not in shown
