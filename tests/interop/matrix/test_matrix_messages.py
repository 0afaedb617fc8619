"""What one message says, to and from each peer: methods, targets, codings, redirects, statuses."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

import notebook_http as nh

pytestmark = pytest.mark.peer


async def test_get_head_and_post(peer: Any, session: nh.ClientSession) -> None:
    """The three small ones; HEAD tells GET's length and has no body."""
    async with session.get(peer.at("/hello")) as response:
        assert response.status == 200
        assert response.content_type == "text/plain"
        assert await response.text() == peer.hello
    length = str(len(peer.hello.encode()))
    async with session.head(peer.at("/hello")) as response:
        assert response.status == 200
        # nginx does not tell the length of a `return` to HEAD.
        assert response.headers.get("Content-Length", length) == length
        assert await response.read() == b""
    async with session.post(peer.at("/echo"), data=b"some bytes") as response:
        assert response.status == 200
        echo = await peer.echo(response)
    assert echo["method"] == "POST"
    if peer.name != "nginx":  # whose variables do not tell; see the uploads
        assert echo["size"] == 10


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_other_methods(peer: Any, session: nh.ClientSession, method: str) -> None:
    """None is read as another."""
    async with session.request(method, peer.at("/echo")) as response:
        if (peer.name, method) == ("httpbin", "OPTIONS"):  # answered by Flask itself
            assert "TRACE" in response.headers["Allow"]
            return
        assert (await peer.echo(response))["method"] == method


async def test_paths_and_queries_in_every_script(peer: Any, session: nh.ClientSession) -> None:
    """Quoted once as UTF-8, and reserved characters stay what they are."""
    path, params = "/é/日本/a b/100%", {"name": "Ōsaka & Kyōto", "sum": "1+1=2"}
    async with session.get(peer.at("/echo") + path, params=params) as response:
        assert response.status == 200
        target = (await peer.echo(response))["target"]
    if peer.name == "httpbin":  # it quotes anew what Flask had unquoted
        assert unquote(target).startswith(f"/anything{path}?name=Ōsaka")
        return
    assert target == (
        "/echo/%C3%A9/%E6%97%A5%E6%9C%AC/a%20b/100%25?name=%C5%8Csaka+%26+Ky%C5%8Dto&sum=1%2B1%3D2"
    )


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
async def test_coding_is_undone(
    peer: Any, session: nh.ClientSession, spoken: Any, coding: str
) -> None:
    """By the server's own encoder where it has one."""
    headers = {"Accept-Encoding": coding}
    async with session.get(peer.at(f"/coded/{coding}"), headers=headers) as response:
        assert response.headers["Content-Encoding"] == coding
        if peer.name == "httpbin":  # whose JSON tells what it did
            marks = {"gzip": "gzipped", "deflate": "deflated", "br": "brotli"}
            assert (await response.json())[marks[coding]] is True
        else:
            assert await response.read() == spoken.TEXT


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD"])
async def test_redirect_keeps_or_changes_the_method(
    peer: Any, session: nh.ClientSession, code: int, method: str
) -> None:
    """RFC 9110 §15.4: a POST becomes GET on 301 and 302, all but HEAD on 303, none on the rest."""
    body = None if method == "HEAD" else b"keep me"
    becomes_get = code == 303 or (code in (301, 302) and method == "POST")
    expected = "GET" if becomes_get and method != "HEAD" else method
    async with session.request(method, peer.at(f"/redirect/{code}"), data=body) as response:
        assert [hop.status for hop in response.history] == [code]
        assert response.url.query_string == "redirected"
        assert response.status == 200
        assert response.method == expected
        if method == "HEAD":
            return
        echo = await peer.echo(response)
    assert echo["method"] == expected
    if peer.name != "nginx":
        assert echo["size"] == (0 if expected == "GET" else len(body or b""))


async def test_cookie_that_came_with_a_redirect_is_sent_on(
    peer: Any, session: nh.ClientSession
) -> None:
    """The next hop of the same call has it, and so has the next call."""
    if peer.name == "httpbin":
        async with session.get(peer.url + "/cookies/set?hop=way") as response:
            assert await response.json() == {"cookies": {"hop": "way"}}
    else:
        async with session.get(peer.at("/redirect/302")) as response:
            assert (await peer.echo(response))["headers"]["cookie"].startswith("hop=")
    async with session.get(peer.at("/echo")) as response:
        assert (await peer.echo(response))["headers"]["cookie"].startswith("hop=")


async def test_basic_credentials(peer: Any, session: nh.ClientSession) -> None:
    """None: 401; wrong ones: 401; right ones, as an argument or in the URL: 200."""
    url = peer.at("/private")
    async with session.get(url) as response:
        assert response.status == 401
        assert response.headers["WWW-Authenticate"].startswith("Basic")
    for user, password, status in [("ana", "wrong", 401), ("ana", "secret", 200)]:
        headers = {"Authorization": nh.encode_basic_auth(user, password)}
        async with session.get(url, headers=headers) as response:
            assert response.status == status
    async with session.get(url.replace("://", "://ana:secret@")) as response:
        assert response.status == 200


async def test_body_is_sent_after_100_continue(peer: Any, session: nh.ClientSession) -> None:
    """A peer that knows the word sends it; HTTP/1.0 does not, and gets the body all the same."""
    body = b"after the go-ahead"
    come = await peer.upload(session, body, expect100=True)
    assert come == (len(body), hashlib.sha256(body).hexdigest())
    async with session.put(peer.at("/echo"), data=b"x", expect100=True) as response:
        fields = (await peer.echo(response))["headers"]
    assert fields["expect"] == "100-continue"


async def test_part_of_a_file(peer: Any, session: nh.ClientSession) -> None:
    """206 with the bytes that were asked for; 416 beyond the end."""
    whole = ("abcdefghijklmnopqrstuvwxyz" * 40)[:1000].encode()
    if peer.name != "httpbin":
        whole = peer.file.read_bytes()
    url = peer.at("/file")
    for field, start, end in [("bytes=10-19", 10, 20), ("bytes=-7", -7, None)]:
        async with session.get(url, headers={"Range": field}) as response:
            assert response.status == 206
            assert response.headers["Content-Range"].endswith(f"/{len(whole)}")
            assert await response.read() == whole[start:end]
    async with session.get(url, headers={"Range": "bytes=9999999-"}) as response:
        assert response.status == 416
        await response.read()
    async with session.get(url) as response:
        assert (response.status, await response.read()) == (200, whole)


@pytest.mark.parametrize("code", [204, 304])
async def test_status_without_a_body(peer: Any, session: nh.ClientSession, code: int) -> None:
    """The answer ends with its head, and the next one is its own."""
    for _ in range(3):
        async with session.get(peer.at(f"/status/{code}")) as response:
            assert response.status == code
            assert await response.read() == b""
        async with session.head(peer.at("/hello")) as response:
            assert await response.read() == b""
        async with session.get(peer.at("/hello")) as response:
            assert await response.text() == peer.hello


def test_cells_that_are_not_there_belong_to_the_matrix(
    cannot: dict[tuple[str, str], str],
) -> None:
    """A renamed test must not leave an excuse behind."""
    rows = {
        node.name
        for path in Path(__file__).parent.glob("test_*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.AsyncFunctionDef)
    }
    assert {test.partition("[")[0] for _, test in cannot} <= rows
