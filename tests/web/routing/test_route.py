"""Routes, resources and matches by themselves."""

from __future__ import annotations

from typing import Any

import pytest

from notebook_http import web
from notebook_http.web.routing.route import SystemRoute


async def handle(request: web.Request) -> web.Response:
    return web.Response()


def test_a_route_knows_where_it_belongs() -> None:
    """Name, URL and description are the resource's."""
    router = web.UrlDispatcher()
    route = router.add_get("/a/{x}", handle, name="page")
    assert route.name == "page"
    assert route.handler is handle
    assert str(route.url_for(x="1")) == "/a/1"
    assert route.get_info()["formatter"] == "/a/{x}"
    assert "GET" in repr(route)
    assert "'page'" in repr(route.resource)


@pytest.mark.parametrize("method", ["", "GE T", "GET\r\n", "G:T"])
def test_a_method_is_a_token(method: str) -> None:
    """RFC 9110 §9.1."""
    with pytest.raises(ValueError, match="is not allowed HTTP method"):
        web.UrlDispatcher().add_route(method, "/", handle)


def test_a_handler_can_be_called() -> None:
    """A response in its place is a slip, told where it was made."""
    response: Any = web.Response()
    with pytest.raises(TypeError, match="must be callable"):
        web.UrlDispatcher().add_get("/", response)
    with pytest.raises(TypeError, match="coroutine function"):
        web.UrlDispatcher().add_get("/", handle, expect_handler=lambda request: None)


def test_a_system_route_has_no_url() -> None:
    """It stands for what is not there."""
    route = SystemRoute(web.HTTPNotFound())
    assert (route.status, route.reason, route.name) == (404, "Not Found", None)
    assert isinstance(route.get_info()["http_exception"], web.HTTPNotFound)
    assert "404" in repr(route)
    with pytest.raises(RuntimeError):
        route.url_for()


def test_a_match_is_a_dictionary_with_its_route() -> None:
    """And with the applications around it, until it is frozen."""
    router = web.UrlDispatcher()
    route = router.add_get("/{a}", handle)
    outer, inner = object(), object()
    match = web.UrlMappingMatchInfo({"a": "1"}, route)
    match.add_app(inner)
    match.add_app(outer)
    assert match == {"a": "1"}
    assert match.apps == (outer, inner)
    assert match.current_app is inner
    assert match.handler is handle
    assert match.expect_handler == route.handle_expect_header
    assert match.get_info()["formatter"] == "/{a}"
    assert "MatchInfo" in repr(match)
    match.current_app = outer
    assert match.current_app is outer
    with pytest.raises(RuntimeError):
        match.current_app = object()
    match.freeze()
    with pytest.raises(RuntimeError):
        match.add_app(object())
