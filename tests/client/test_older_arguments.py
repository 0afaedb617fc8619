"""Arguments and attributes that aiohttp keeps from earlier days do what they did."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from notebook_http.client import ClientRequest, ClientSession, ClientTimeout, CookieJar, request

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MOVED = b"HTTP/1.1 302 Go\r\nLocation: /a%2Cb\r\nContent-Length: 0\r\n\r\n"


async def test_older_names_of_limits_are_limits() -> None:
    """They say in two arguments what `timeout` says in one."""
    with pytest.warns(DeprecationWarning, match="_timeout is deprecated") as seen:
        session = ClientSession(read_timeout=3, conn_timeout=4)
    assert session.timeout == ClientTimeout(total=3, connect=4, sock_connect=30)
    assert ["read_timeout" in str(seen[0].message), "conn_timeout" in str(seen[1].message)] == [
        True,
        True,
    ]
    assert {warning.filename for warning in seen} == {__file__}
    await session.close()


@pytest.mark.parametrize(
    "older", [{"read_timeout": 3}, {"read_timeout": None}, {"conn_timeout": 3}]
)
async def test_older_and_newer_names_exclude_each_other(older: dict[str, Any]) -> None:
    """Nobody could tell which one counts."""
    with pytest.raises(ValueError, match=f"{next(iter(older))} and timeout"):
        ClientSession(timeout=ClientTimeout(), **older)


async def test_no_timeout_is_the_default() -> None:
    """None of a session is not "no limit", which is `ClientTimeout()`."""
    async with ClientSession(timeout=None) as session, ClientSession() as other:
        assert session.timeout == other.timeout == ClientTimeout(total=300, sock_connect=30)


@pytest.mark.parametrize("wrong", ["3", {}, object()])
async def test_what_is_no_timeout_is_refused(wrong: Any) -> None:
    """Where it was written, and not when the first request is sent."""
    with pytest.raises(ValueError, match="timeout parameter cannot be of"):
        ClientSession(timeout=wrong)


async def test_loop_is_taken_and_told(serve: Any) -> None:
    """Also by jars and by `request`; it changes nothing."""
    server = await serve(OK)
    loop = asyncio.get_running_loop()
    async with ClientSession(loop=loop, cookie_jar=CookieJar(loop=loop)) as session:
        with pytest.warns(DeprecationWarning, match="get_running_loop"):
            assert session.loop is loop
    async with request("GET", server.url, loop=loop) as response:
        assert await response.text() == "ok"


async def test_ssl_shutdown_timeout_reaches_the_connector() -> None:
    """With one warning, at the session."""
    with pytest.warns(DeprecationWarning, match="ssl_shutdown_timeout") as seen:
        session = ClientSession(ssl_shutdown_timeout=3)
    assert [warning.filename for warning in seen] == [__file__]
    assert session.connector is not None
    assert session.connector._goodbye_seconds == 3
    await session.close()


async def test_requote_redirect_url_can_be_changed(serve: Any) -> None:
    """The next request follows the new setting."""
    server = await serve(MOVED, OK, MOVED, OK)
    async with ClientSession() as session:
        first = await session.get(server.url)
        with pytest.warns(DeprecationWarning, match="requote_redirect_url"):
            session.requote_redirect_url = False
        assert session.requote_redirect_url is False
        second = await session.get(server.url)
        assert (first.url.raw_path, second.url.raw_path) == ("/a,b", "/a%2Cb")


async def test_requests_are_of_the_class_that_was_given(serve: Any) -> None:
    """Those after a redirect, too."""
    server = await serve(MOVED, OK)
    made: list[str] = []

    class Noted(ClientRequest):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            made.append(self.url.raw_path)

    async with ClientSession(request_class=Noted) as session:
        await session.get(server.url + "/first")
    assert made == ["/first", "/a,b"]
