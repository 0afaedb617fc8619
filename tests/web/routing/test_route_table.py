"""Routes that are written down before there is a router."""

from __future__ import annotations

import pytest

from notebook_http import web


async def handle(request: web.Request) -> web.Response:
    return web.Response()


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "patch", "delete", "options"])
def test_decorators_and_functions_make_the_same_routes(method: str) -> None:
    """Two ways to write one thing."""
    table = web.RouteTableDef()
    assert getattr(table, method)("/a", name="x")(handle) is handle
    listed = getattr(web, method)("/a", handle, name="x")
    for definitions in (table, [listed]):
        app = web.Application()
        routes = app.add_routes(definitions)
        assert [route.method for route in routes] == [method.upper()]
        assert routes[0].name == "x"
        assert routes[0].handler is handle


def test_any_method_can_be_named() -> None:
    """`route` takes a token, or a star."""
    table = web.RouteTableDef()
    table.route("BREW", "/pot")(handle)
    app = web.Application()
    app.add_routes(table)
    app.add_routes([web.route("*", "/any", handle), web.get("/g", handle, allow_head=False)])
    assert [route.method for route in app.router.routes()] == ["BREW", "*", "GET"]


def test_a_table_is_a_sequence() -> None:
    """So that tables can be joined and looked at."""
    table = web.RouteTableDef()
    table.get("/a")(handle)
    table.post("/b", name="b")(handle)
    assert len(table) == 2
    assert table[0] in table
    assert [item for item in table] == table[:]  # noqa: C416 - the iterator is what is tested
    assert repr(table) == "<RouteTableDef count=2>"
    assert repr(table[1]) == "<RouteDef POST /b -> 'handle', name='b'>"
