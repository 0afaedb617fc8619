"""`ClientSession`: verbs, URLs and statuses, and what is left when it ends."""

from __future__ import annotations

import asyncio
import gc
import warnings

import pytest
from multidict import MultiDict
from yarl import URL

from notebook_http.client import (
    ClientResponse,
    ClientResponseError,
    ClientSession,
    InvalidURL,
    InvalidUrlClientError,
    NonHttpUrlClientError,
    TCPConnector,
    request,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

# The simplest use


async def test_get_in_a_block_answers_with_the_response(serve):
    """The program that most people write first."""
    server = await serve(OK)
    async with ClientSession() as session, session.get(server.url + "/a") as response:
        assert response.status == 200
        assert await response.text() == "ok"
    assert server.requests[0].startswith(b"GET /a HTTP/1.1\r\nHost: 127.0.0.1:")


async def test_a_request_can_be_awaited(serve, session):
    """`await session.get(…)` is the other form that aiohttp has."""
    server = await serve(OK)
    response = await session.get(server.url)
    assert isinstance(response, ClientResponse)
    assert await response.read() == b"ok"


async def test_a_request_works_as_a_task(serve, session):
    """Programs gather many: the object has to be a coroutine for asyncio."""
    server = await serve(OK)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(session.get(server.url)) for _ in range(3)]
    assert [await task.result().text() for task in tasks] == ["ok"] * 3


async def test_every_verb_sends_its_method(serve, session):
    """Seven methods, seven request lines."""
    server = await serve(OK)
    for verb in ("get", "options", "post", "put", "patch", "delete"):
        async with getattr(session, verb)(server.url):
            pass
    await session.request("purge", server.url)
    methods = [request.split(b" ")[0] for request in server.requests]
    assert methods == [b"GET", b"OPTIONS", b"POST", b"PUT", b"PATCH", b"DELETE", b"PURGE"]


async def test_head_has_no_body_though_a_length_is_announced(serve, session):
    """RFC 9110 §9.3.2; a client that waited for the body would hang."""
    server = await serve(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", OK)
    async with session.head(server.url) as response:
        assert response.content_length == 1000
        assert await response.read() == b""
    async with session.get(server.url) as response:
        assert await response.text() == "ok"
    assert server.connections == 1


async def test_top_level_request_closes_its_session(serve):
    """`request()` is for one request, so nothing may stay open behind it."""
    server = await serve(OK)
    async with request("GET", server.url) as response:
        assert await response.text() == "ok"
    assert b"Connection: close" in server.requests[0]
    gc.collect()


async def test_top_level_request_can_be_awaited(serve):
    """Its connection closes before anybody could read, so the body is there already."""
    server = await serve(OK)
    response = await request("GET", server.url)
    assert await response.text() == "ok"


async def test_wrong_options_of_a_top_level_request_leave_nothing_to_close():
    """A warning about a session that the caller never saw would only mislead."""
    with pytest.raises(ValueError, match="data and json"):
        await request("POST", "http://127.0.0.1/", data=b"", json=1)
    gc.collect()
    with pytest.raises(TypeError, match="bogus"):
        request("GET", "http://127.0.0.1/", bogus=1)
    gc.collect()
    async with TCPConnector() as connector:
        with pytest.raises(TypeError, match="bogus"):
            request("GET", "http://127.0.0.1/", connector=connector, bogus=1)
        assert not connector.closed


async def test_a_borrowed_connector_stays_open(serve):
    """Whoever made it closes it."""
    server = await serve(OK)
    async with TCPConnector() as connector:
        async with request("GET", server.url, connector=connector):
            pass
        assert not connector.closed
        async with ClientSession(connector=connector, connector_owner=False) as session:
            await session.get(server.url)
        assert not connector.closed
    assert connector.closed


# The URL


async def test_params_join_the_query(serve, session):
    """Dict, pairs, MultiDict and text are the four forms that aiohttp takes."""
    server = await serve(OK)
    url = server.url + "/p?a=1"
    for params in ({"b": "x y"}, [("b", "x y")], MultiDict([("b", "x y")]), "b=x y"):
        await session.get(url, params=params)
    lines = {request.split(b"\r\n")[0] for request in server.requests}
    assert lines == {b"GET /p?a=1&b=x+y HTTP/1.1"}
    await session.get(url, params={"n": [1, 2]})
    assert server.requests[-1].startswith(b"GET /p?a=1&n=1&n=2 ")


async def test_relative_urls_join_the_base_url(serve):
    """A session for one API names its root once."""
    server = await serve(OK)
    async with ClientSession(server.url + "/api/") as session:
        await session.get("things")
        await session.get("/top")
        await session.get(server.url + "/full")
    assert [r.split(b" ")[1] for r in server.requests] == [b"/api/things", b"/top", b"/full"]


def test_a_base_url_without_a_slash_is_refused():
    """`URL.join` would drop its last part silently."""
    with pytest.raises(ValueError, match="trailing"):
        ClientSession("http://127.0.0.1/api")


async def test_the_fragment_stays_here(serve, session):
    """RFC 9110 §4.2.5: it is for the reader, not for the server."""
    server = await serve(OK)
    async with session.get(server.url + "/a?b=1#frag") as response:
        assert response.url == URL(server.url + "/a?b=1")
        assert response.real_url.fragment == "frag"
    assert server.requests[0].startswith(b"GET /a?b=1 HTTP")


@pytest.mark.parametrize(
    ("url", "error", "says"),
    [
        ("http://[::1/", InvalidUrlClientError, "Invalid IPv6 URL"),
        ("http:///path", InvalidURL, "no host"),
        ("example.com/path", InvalidURL, "Did you mean http://example.com/path?"),
        ("localhost:8080/", NonHttpUrlClientError, "Did you mean http://localhost:8080/?"),
        ("/path", InvalidURL, "base_url"),
        ("ftp://example.com/", NonHttpUrlClientError, "ftp"),
        ("http://127.1/", InvalidURL, "neither a host name nor"),
        ("http://0x7f000001/", InvalidURL, "neither a host name nor"),
        ("http://2130706433/", InvalidURL, "neither a host name nor"),
        ("http://017700000001/", InvalidURL, "neither a host name nor"),
        ("http://" + "a" * 5000 + ".com/", InvalidURL, ""),
        ("http://127.0.0.1:0/", InvalidURL, "port"),
        ("http://a..b/", InvalidURL, "between the dots"),
        ("http://./", InvalidURL, "between the dots"),
        ("http://" + "a" * 64 + ".com/", InvalidURL, "between the dots"),
        ("http://a\x00b/", InvalidURL, "characters that no host may hold"),
        (URL("http://a b/", encoded=True), InvalidURL, "characters that no host may hold"),
    ],
)
async def test_a_url_that_cannot_be_asked_for_is_named(session, url, error, says):
    """The message tells what is wrong with it, before anything is dialled."""
    with pytest.raises(error) as caught:
        await session.get(url)
    assert says in str(caught.value)


# Statuses


async def test_raise_for_status_raises_for_400_and_above(serve):
    """On the session, per request, and not at all where the request says so."""
    server = await serve(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")
    async with ClientSession(raise_for_status=True) as session:
        with pytest.raises(ClientResponseError) as caught:
            await session.get(server.url)
        assert (caught.value.status, caught.value.message) == (404, "Not Found")
        async with session.get(server.url, raise_for_status=False) as response:
            assert await response.text() == "no"
    async with ClientSession() as session:
        with pytest.raises(ClientResponseError):
            await session.get(server.url, raise_for_status=True)


async def test_a_function_may_judge_responses(serve, session):
    """It can read the body to say what went wrong."""
    server = await serve(b"HTTP/1.1 400 Bad\r\nContent-Length: 3\r\n\r\nwhy")

    async def judge(response: ClientResponse) -> None:
        if not response.ok:
            raise LookupError(await response.text())

    with pytest.raises(LookupError, match="why"):
        await session.get(server.url, raise_for_status=judge)


# The end


async def test_a_closed_session_refuses_requests(serve):
    """RuntimeError, as in aiohttp: the program is wrong, not the network."""
    session = ClientSession()
    await session.close()
    await session.close()
    assert session.closed
    with pytest.raises(RuntimeError, match="Session is closed"):
        await session.get("http://127.0.0.1/")


async def test_a_forgotten_session_warns_and_tells_the_loop(serve):
    """As aiohttp does: connections were left open. They are closed all the same."""
    server = await serve(OK)
    told: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: told.append(context["message"]))

    async def use_and_forget() -> None:
        await ClientSession().get(server.url)

    with pytest.warns(ResourceWarning, match="Unclosed client session"):
        await use_and_forget()
    loop.set_exception_handler(None)
    assert told == ["Unclosed client session"]
    await asyncio.sleep(0.01)


def test_wrong_arguments_leave_no_half_made_session_behind():
    """Its `__del__` would print a second error under the real one."""
    with pytest.raises(TypeError, match="bogus"):
        ClientSession(bogus=1)
    with pytest.raises(ValueError, match="absolute"):
        ClientSession("/relative")
    gc.collect()


async def test_a_session_lives_as_long_as_its_response(serve):
    """`await ClientSession().get(url)` is sloppy, but the body must still come."""

    async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha")
        await asyncio.sleep(0.02)
        writer.write(b"lf")
        await reader.read()

    server = await serve(slowly)
    response = await ClientSession().get(server.url)
    gc.collect()
    assert await response.read() == b"half"
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    with pytest.warns(ResourceWarning, match="Unclosed client session"):
        del response
    await asyncio.sleep(0.01)


def test_with_instead_of_async_with_says_what_to_write():
    """The slip of everybody who comes from requests."""
    session = ClientSession()
    with pytest.raises(TypeError, match="async with"), session:
        pass
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        del session


async def test_a_detached_session_leaves_its_connector_alone(serve):
    """For those who pass the connector on."""
    connector = TCPConnector()
    session = ClientSession(connector=connector)
    session.detach()
    assert session.closed
    assert not connector.closed
    await connector.close()


async def test_an_unknown_argument_is_named(session):
    """A typo must not be ignored silently."""
    with pytest.raises(TypeError, match="alow_redirects"):
        await session.get("http://127.0.0.1/", alow_redirects=False)
