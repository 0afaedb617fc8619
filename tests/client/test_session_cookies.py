"""Cookies of a session: what came with a response goes out again, in one field."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from multidict import CIMultiDict

from notebook_http.client import ClientSession, CookieJar

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def head_of(request: bytes) -> tuple[str, CIMultiDict[str], bytes]:
    """Return request line, headers and body of a request as it came."""
    head, _, body = request.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    return line, CIMultiDict(field.split(": ", 1) for field in fields), body


async def test_cookies_of_a_response_go_with_the_next_request(serve):
    """The jar belongs to the session. An IP address needs a jar that is told to."""
    from notebook_http.client import CookieJar

    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nContent-Length: 0\r\n\r\n"
    server = await serve(answer, OK)
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        async with session.get(server.url) as response:
            assert response.cookies["a"].value == "1"
        await session.get(server.url)
    assert b"Cookie" not in server.requests[0]
    assert b"\r\nCookie: a=1\r\n" in server.requests[1]


async def test_cookies_of_session_call_and_header_are_one_field(serve):
    """RFC 6265 §5.4: a client sends one Cookie field; the nearest value of a name wins."""
    server = await serve(OK)
    async with ClientSession(cookies={"a": "session", "b": "session"}) as session:
        await session.get(server.url, cookies={"b": "call"}, headers={"Cookie": "c=header"})
    _, headers, _ = head_of(server.requests[0])
    assert headers.getall("Cookie") == ["a=session; b=call; c=header"]
    async with ClientSession(cookies={"a": "jar"}, headers={"Cookie": "b=header"}) as session:
        await session.get(server.url)
    _, headers, _ = head_of(server.requests[1])
    assert headers.getall("Cookie") == ["a=jar; b=header"]


async def test_no_cookie_of_a_server_can_stop_the_requests_to_it(serve):
    """Whatever can be set can be sent back, or is dropped at once."""
    values = [b"a=b\tc", b'b="x\ty"', b'c="\\015\\012"', b"d=\xff\xfe", b'e=1,2 "', b"f(=1"]
    fields = b"".join(b"Set-Cookie: " + value + b"\r\n" for value in values)
    server = await serve(OK.replace(b"\r\n\r\n", b"\r\n" + fields + b"\r\n"))
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        for _ in range(2):
            async with session.get(server.url) as response:
                assert response.cookies["c"].value == '"\\015\\012"'
    assert b'Cookie: c="\\015\\012"; d=\xff\xfe; e=1,2 "; f(=1\r\n' in server.requests[1]


@pytest.mark.parametrize(
    ("attributes", "goes"),
    [
        ("", True),
        ("Path=/", True),
        ("Path=/in", True),
        ("Path=/inside", False),
        ("Domain=localhost", True),
        ("Domain=.LOCALHOST; Path=/in/side", True),
        ("Domain=example.org", False),
        ("Secure", False),
        ("HttpOnly; Max-Age=60; SameSite=Strict", True),
    ],
)
async def test_a_cookie_with_attributes_only_goes_where_they_let_it(serve, attributes, goes):
    """`cookies=response.cookies` is no way to another host, or out of TLS."""
    server = await serve(OK)
    url = f"{server.url}/in/side".replace("127.0.0.1", "localhost")
    given = SimpleCookie(f"a=1; {attributes}")
    async with ClientSession() as session:
        await session.get(url, cookies=given)
    assert (b"\r\nCookie: a=1\r\n" in server.requests[0]) is goes
    async with ClientSession(cookies=given) as session:
        await session.get(url)
    assert (b"\r\nCookie: a=1\r\n" in server.requests[1]) is goes


async def test_a_secure_cookie_goes_to_an_origin_that_is_taken_for_secure(serve):
    """In a call as from the jar."""
    server = await serve(OK)
    async with ClientSession(cookie_jar=CookieJar(treat_as_secure_origin=server.url)) as session:
        await session.get(server.url, cookies=SimpleCookie("a=1; Secure"))
    assert b"\r\nCookie: a=1\r\n" in server.requests[0]
