"""The notebook's client: what is sent for what a cell says, and what comes back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from notebook_http.client import ClientResponse, ClientResponseError, ClientSession
from notebook_http.notebook import client as nh
from notebook_http.notebook.client import Client
from notebook_http.notebook.reply import Reply
from notebook_http.notebook.reply_errors import StatusError

# Sent when awaited


async def test_a_reply_comes_read_whole(server: Any) -> None:
    """Nothing to await twice, nothing to close."""
    r = await nh.get(server.url + "cars", params={"page": 2})
    assert isinstance(r, Reply)
    assert (r.status, r.reason, r.ok) == (200, "OK", True)
    assert r.json() == [{"a": 1}, {"a": 2}]
    assert r.text == '[{"a": 1}, {"a": 2}]'
    assert str(r.url) == server.url + "cars?page=2"
    assert r.headers["content-type"] == "application/json"
    assert r.request.method == "GET"
    assert r.request.headers["Host"] == server.url[7:-1]
    assert r.timings is not None
    assert r.timings.total is not None
    assert r.timings.connect is not None
    assert server.requests[0].startswith(b"GET /cars?page=2 HTTP/1.1\r\n")


async def test_nothing_is_sent_until_it_is_awaited(server: Any) -> None:
    """A request made too many costs nobody anything."""
    pending = nh.post(server.url, json={"a": 1})
    await asyncio.sleep(0.02)
    assert server.connections == 0
    await pending
    assert server.requests[0].startswith(b"POST / ")
    assert server.requests[0].endswith(b'{"a": 1}')


@pytest.mark.parametrize("verb", ["get", "post", "put", "patch", "delete", "head", "options"])
async def test_every_verb_sends_its_method(server: Any, verb: str) -> None:
    """From the module and from a client alike."""
    client = Client(base_url=server.url)
    if verb == "head":  # the body of an answer to HEAD would be the server's mistake
        pendings = [nh.head(server.url), client.head("x")]
        for pending in pendings:
            assert pending._method == "HEAD"
            assert pending._options == {"allow_redirects": False}
        return
    await getattr(nh, verb)(server.url)
    await getattr(client, verb)("x")
    for sent in server.requests:
        assert sent.startswith(verb.upper().encode() + b" ")


# The core's response


async def test_entered_it_gives_the_core_response_and_closes_it(server: Any) -> None:
    """For bodies that are read in pieces; as aiohttp's `request` does."""
    async with nh.request("GET", server.url) as response:
        assert isinstance(response, ClientResponse)
        assert await response.json() == [{"a": 1}, {"a": 2}]
    assert response.closed
    async with Client(base_url=server.url).get("x") as response:
        assert response.status == 200


async def test_left_early_its_connection_is_not_used_again(server: Any) -> None:
    """Half a body is still on the wire."""
    client = Client()
    async with client.get(server.url + "half") as response:
        assert await response.content.read(2) == b"ha"
    assert (await client.get(server.url)).ok
    assert server.connections == 2


async def test_an_argument_of_a_session_gives_a_session_of_its_own(server: Any) -> None:
    """Aiohttp's `request` takes a connector; ours is left open, as it is the caller's."""
    from notebook_http.client import DummyCookieJar, TCPConnector

    connector = TCPConnector()
    assert (await nh.request("GET", server.url, connector=connector)).ok
    assert not connector.closed
    async with nh.request("GET", server.url, connector=connector) as response:
        assert response.status == 200
    await connector.close()
    assert (await nh.get(server.url + "login", cookie_jar=DummyCookieJar())).ok
    await nh.get(server.url)
    assert b"Cookie" not in server.requests[-1]


# Arguments


def test_a_misspelt_option_is_told_at_once() -> None:
    """In the line of the slip, not where it is awaited."""
    with pytest.raises(TypeError, match=r"'parms'\. Did you mean params=\?"):
        nh.get("http://h/", parms={"a": 1})
    with pytest.raises(TypeError, match=r"'jsn'\. Did you mean json=\?"):
        Client().post("http://h/", jsn={})
    with pytest.raises(TypeError, match=r"'base_ulr'\. Did you mean base_url=\?"):
        Client(base_ulr="http://h/")


async def test_a_session_that_was_given_takes_no_arguments_and_stays_open(server: Any) -> None:
    """Its owner closes it."""
    async with ClientSession(headers={"X-Mine": "1"}) as session:
        with pytest.raises(TypeError, match="give headers to ClientSession"):
            Client(session, headers={})
        client = Client(session)
        await client.get(server.url)
        await client.close()
        assert not session.closed
        assert b"X-Mine: 1\r\n" in server.requests[0]
        assert "on a session of yours" in repr(client)
    assert Client(session).closed


async def test_defaults_are_sent_with_every_request(server: Any) -> None:
    """The reason to make a client."""
    client = Client(base_url=server.url, headers={"X-Mine": "1"})
    await client.get("a", headers={"X-Other": "2"})
    await client.get("b")
    assert b"X-Mine: 1\r\nX-Other: 2\r\n" in server.requests[0]
    assert b"X-Mine: 1\r\n" in server.requests[1]
    assert server.connections == 1


# Status and redirects


async def test_a_judged_status_shows_what_the_server_said(server: Any) -> None:
    """The body mostly says what was wrong; asked for by request or by client."""
    for pending in (
        nh.get(server.url + "missing", raise_for_status=True),
        Client(raise_for_status=True).get(server.url + "missing"),
    ):
        with pytest.raises(ClientResponseError, match="no such car") as info:
            await pending
        assert isinstance(info.value, StatusError)
        assert info.value.status == 404
    client = Client(raise_for_status=True)
    assert (await client.get(server.url + "missing", raise_for_status=False)).status == 404


async def test_redirects_are_in_the_history(server: Any) -> None:
    """Heads, not bodies."""
    r = await nh.get(server.url + "redirect")
    assert [hop.status for hop in r.history] == [302]
    assert str(r.history[0].url) == server.url + "redirect"
    assert r.history[0].headers["location"] == "/cars"
    assert str(r.url) == server.url + "cars"
    assert (await nh.head(server.url + "redirect")).status == 302


# Cancel


async def test_a_cancel_closes_the_connection(server: Any) -> None:
    """Its answer would be read as the next one's."""
    client = Client()
    task = asyncio.create_task(client.get(server.url + "slow"))
    await server.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await client.get(server.url)).ok
    assert server.connections == 2


async def test_a_cancel_while_the_body_is_read_closes_the_connection(server: Any) -> None:
    """Half a body is still on the wire."""
    client = Client()
    task = asyncio.create_task(client.get(server.url + "half"))
    await server.asked.wait()
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await client.get(server.url)).ok
    assert server.connections == 2
