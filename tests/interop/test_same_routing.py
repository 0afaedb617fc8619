"""The same table of routes in both libraries: every path leads to the same route.

Where aiohttp finds nothing for a template because of how it was spelled (text that is not ASCII, or
percent-encoded, or has a space in it), ours finds the route; such literals are not drawn here, and
have a test of their own.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import aiohttp.web
import pytest
from hypothesis import example, given, settings, strategies as st
from yarl import URL

from notebook_http import web
from notebook_http.web.routing.route import SystemRoute

Table = list[tuple[str, str]]

LITERALS = ["a", "b", "ab", "a.b", "", "-"]
VARIABLES = [
    "{%s}",
    r"{%s:\d+}",
    "{%s:.*}",
    "{%s:[^/]+}",
    "{%s:[a-b]*}",
    "{%s:a|b}",
    "x{%s}",
    "a{%s}b",
    "{%s}.b",
    "x{%s:.*}",
    "{%s:.*}b",
    "{%s}-{%s_}",
    r"{%s:a/\w+}",
]
SENT = [
    "a",
    "b",
    "ab",
    "a.b",
    "",
    "-",
    "1",
    "x1",
    "xa",
    "a-b",
    "%2F",
    "%61",
    "%7Bq%7D",
    "%C3%A9",
    "c",
]
METHODS = ["GET", "POST", "*", "FOLDER"]
FOLDER = Path(__file__).parent


@st.composite
def templates(draw: st.DrawFn) -> str:
    """Draw the path of a route: up to three segments, fixed or not."""
    segments = []
    for number in range(draw(st.integers(1, 3))):
        segment = draw(st.sampled_from(LITERALS + VARIABLES))
        segments.append(segment.replace("%s", f"v{number}"))
    return "/" + "/".join(segments)


TABLES = st.lists(st.tuples(st.sampled_from(METHODS), templates()), min_size=1, max_size=8)
PATHS = st.lists(st.sampled_from(SENT), min_size=1, max_size=4).map(
    lambda found: "/" + "/".join(found)
)


def filled(library: ModuleType, table: Table) -> Any:
    """Return a router with a handler for each route that it takes, named after its place."""
    router = library.UrlDispatcher()
    for number, (method, path) in enumerate(table):

        async def handle(request: Any) -> Any: ...

        handle.__name__ = f"{number} {method} {path}"
        if method == "FOLDER":  # below whole segments, whatever else is there
            router.add_static(path.partition("{")[0].rpartition("/")[0] or "/", FOLDER)
            continue
        try:
            router.add_route(method, path, handle)
        except RuntimeError:  # it would never be called
            continue
    router.freeze()
    return router


def theirs(router: Any, method: str, path: str) -> tuple[Any, Any]:
    """Return what aiohttp finds: the route's name and the variables, or the error."""
    url = URL.build(path=path, encoded=True)  # as its parser does
    match = asyncio.run(router.resolve(SimpleNamespace(method=method, rel_url=url, headers={})))
    error = match.http_exception
    if error is not None:
        return error.status, getattr(error, "allowed_methods", None)
    return named(match.handler), dict(match)


def named(handler: Any) -> str:
    """Return which of the handlers it is; those of folders have no names of ours."""
    name: str = handler.__name__
    return name if name[0].isdigit() else "folder"


def ours(router: web.UrlDispatcher, method: str, path: str) -> tuple[Any, Any]:
    """Return what our router finds, by the quick way and by the one to be awaited."""
    route, values = router.find(method, path)
    asked: Any = SimpleNamespace(method=method, sent_path=path, host="a", headers={})
    match = asyncio.run(router.resolve(asked))
    if isinstance(route, SystemRoute):
        error: Any = match.http_exception
        assert type(error) is type(route.http_exception)
        return route.status, getattr(error, "allowed_methods", None)
    assert match.route is route
    assert match == (values or {})
    return named(route.handler), dict(match)


@given(TABLES, st.lists(PATHS, min_size=1, max_size=6))
@example([("GET", "/{v:.*}"), ("GET", "/")], ["/"])
@example([("GET", "/a/{v:.*}"), ("GET", "/a/"), ("POST", "/a/")], ["/a/"])
@example([("POST", "/a/"), ("GET", "/a/{v:.*}"), ("GET", "/a/")], ["/a/"])
@example([("GET", "/a//{v}"), ("POST", "/a/{w}")], ["/a//b"])
@example([("GET", "")], ["/", ""])
@example([("GET", "/a/{v}"), ("FOLDER", "/a/{v}"), ("FOLDER", "/b/")], ["/a/b", "/b/a"])
@settings(deadline=None, max_examples=150)
def test_every_path_leads_to_the_same_route(table: Table, paths: list[str]) -> None:
    """Among all that match: the longest fixed prefix, then the first that was added."""
    there, here = filled(aiohttp.web, table), filled(web, table)
    for path in paths:
        for method in ("GET", "POST", "PUT"):
            assert ours(here, method, path) == theirs(there, method, path), (method, path)


@pytest.mark.parametrize(
    "sent",
    [
        "*",
        "",
        "//",
        "/%",
        "/%zz",
        "/a%2fb",
        "/a%25",
        "/a+b",
        "/a%2Bb",
        "/;a=b",
        "/a%00",
        "/..",
        "/a%0Ab",
    ],
)
def test_odd_paths_lead_to_the_same_route(sent: str) -> None:
    table = [("GET", "/{x}"), ("GET", "/{x}/{y}"), ("POST", "/{x:.*}")]
    for method in ("GET", "POST"):
        found = ours(filled(web, table), method, sent)
        assert found == theirs(filled(aiohttp.web, table), method, sent)


@pytest.mark.parametrize(
    ("template", "sent", "same"),
    [
        ("/é", "/%C3%A9", True),
        ("/a b", "/a%20b", True),
        ("/%C3%A9", "/%C3%A9", False),
        ("/é/{x}", "/%C3%A9/1", False),
        ("/a b/{x}", "/a%20b/1", False),
    ],
)
def test_templates_in_any_spelling_are_found(template: str, sent: str, same: bool) -> None:
    """Aiohttp 3.14 finds some of them only."""
    table = [("GET", template)]
    assert ours(filled(web, table), "GET", sent)[0] == f"0 GET {template}"
    assert (theirs(filled(aiohttp.web, table), "GET", sent)[0] != 404) is same
