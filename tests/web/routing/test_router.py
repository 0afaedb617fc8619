"""From a method and a path to a route."""

from __future__ import annotations

import contextlib
import time
from typing import Any, cast

import pytest
from hypothesis import given, strategies as st

from notebook_http import web
from notebook_http.web.routing.path_template import canonical_path, readable_path
from notebook_http.web.routing.resource import Resource
from notebook_http.web.routing.route import SystemRoute
from notebook_http.web.routing.route_index import RouteIndex, index_key


def handler_named(name: str) -> Any:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=name)

    handler.__name__ = name
    return handler


def router_of(*routes: tuple[str, str]) -> web.UrlDispatcher:
    """Return a router with a handler for each (method, path), named after its path."""
    router = web.UrlDispatcher()
    for method, path in routes:
        router.add_route(method, path, handler_named(path))
    return router


def found(router: web.UrlDispatcher, method: str, path: str) -> tuple[Any, Any]:
    """Return the handler's name, or the status of the error, and the variables."""
    route, values = router.find(method, path)
    if isinstance(route, SystemRoute):
        return route.status, getattr(route.http_exception, "allowed_methods", None)
    return route.handler.__name__, values


def test_plain_paths_are_found_whatever_stands_in_front() -> None:
    """The most explicit path wins, as in aiohttp."""
    router = router_of(("GET", "/{name}"), ("GET", "/me"), ("GET", "/"))
    assert found(router, "GET", "/me") == ("/me", None)
    assert found(router, "GET", "/you") == ("/{name}", {"name": "you"})
    assert found(router, "GET", "/") == ("/", None)


def test_longest_fixed_prefix_wins_then_the_first() -> None:
    """Order of registration decides only where nothing else does."""
    router = router_of(
        ("GET", r"/{tail:.*}"), ("GET", "/a/{x}/{y}"), ("GET", "/a/b/{y}"), ("GET", "/a/b/{z}")
    )
    assert found(router, "GET", "/a/b/c") == ("/a/b/{y}", {"y": "c"})
    assert found(router, "GET", "/a/x/c") == ("/a/{x}/{y}", {"x": "x", "y": "c"})
    assert found(router, "GET", "/q/r/s/t") == (r"/{tail:.*}", {"tail": "q/r/s/t"})


@pytest.mark.parametrize("rival", ["/café/{tail:.*}", "/café/a{tail}"])
def test_the_first_of_two_wins_where_their_fixed_text_is_sent_encoded(rival: str) -> None:
    router = router_of(("GET", rival), ("GET", "/café/{name}"))
    assert found(router, "GET", "/caf%C3%A9/abc")[0] == rival


def test_a_variable_is_at_least_one_character_and_no_slash() -> None:
    """`/users/` is not the user whose name is empty."""
    router = router_of(("GET", "/users/{name}"))
    assert found(router, "GET", "/users/") == (404, None)
    assert found(router, "GET", "/users/a/b") == (404, None)
    assert found(router, "GET", "/users/a%2Fb") == ("/users/{name}", {"name": "a/b"})


def test_patterns_and_mixed_segments() -> None:
    """They are tried under their prefix only."""
    router = router_of(("GET", r"/n/{id:\d+}"), ("GET", "/f/{name}.{ext}"), ("GET", "/n/{word}"))
    assert found(router, "GET", "/n/17") == (r"/n/{id:\d+}", {"id": "17"})
    assert found(router, "GET", "/n/x") == ("/n/{word}", {"word": "x"})
    assert found(router, "GET", "/f/a.b.c") == ("/f/{name}.{ext}", {"name": "a.b", "ext": "c"})


@pytest.mark.parametrize(
    ("pattern", "sent", "value"),
    [
        (r"\w+", "%C3%A9t%C3%A9", "été"),
        ("[а-я]+", "%d0%b0", "а"),
        ("[a-z ]+", "a%20b", "a b"),
        (".*", "a%2Fb/%25/c", "a/b/%/c"),
        (".*", "a%0Ad", None),  # a dot is no end of a line in a regular expression
        (".*", "%FF%C3%A9", "%FFé"),
        (r"\d+", "%31", "1"),
        (r"\w+", "%E2%82%AC", None),
        ("[^/]+", "a%252Fb", "a%2Fb"),
    ],
)
def test_patterns_see_text(pattern: str, sent: str, value: str | None) -> None:
    """Not its encoding; only an encoded slash is not taken for a separator."""
    router = router_of(("GET", f"/é/{{x:{pattern}}}"))
    _, values = router.find("GET", f"/%C3%A9/{sent}")
    assert values == (None if value is None else {"x": value})


def test_no_route_tells_404_from_405() -> None:
    """Allow lists the methods of every resource that the path matches (RFC 9110 §15.5.6)."""
    router = router_of(("GET", "/a"), ("POST", "/{x}"), ("PUT", r"/{y:\w+}"))
    assert found(router, "DELETE", "/a") == (405, {"GET", "POST", "PUT"})
    assert found(router, "POST", "/a") == ("/{x}", {"x": "a"})
    assert found(router, "GET", "/b/c") == (404, None)


def test_star_answers_every_method() -> None:
    """But a method of its own comes first."""
    router = router_of(("GET", "/a"), ("*", "/b/{x}"))
    router.add_route("*", "/a", handler_named("any"))
    assert found(router, "GET", "/a") == ("/a", None)
    assert found(router, "BREW", "/a") == ("any", None)
    assert found(router, "BREW", "/b/x") == ("/b/{x}", {"x": "x"})


@pytest.mark.parametrize(
    ("template", "sent"),
    [
        ("/café", "/caf%C3%A9"),
        ("/café", "/caf%c3%a9"),
        ("/café", "/caf\xc3\xa9"),  # raw bytes, as the parser hands them on
        ("/caf%C3%A9", "/caf%C3%A9"),
        ("/a b", "/a%20b"),
        ("/東京/{x}", "/%E6%9D%B1%E4%BA%AC/x"),
    ],
)
def test_paths_in_every_script(template: str, sent: str) -> None:
    """Templates are written as text, paths come percent-encoded."""
    assert found(router_of(("GET", template)), "GET", sent)[0] == template


def test_the_thousandth_route_costs_what_the_first_does() -> None:
    """Whichever side the fixed segment stands on."""

    def seconds(count: int, template: str, path: str) -> float:
        router = router_of(*(("GET", template.format(i)) for i in range(count)))
        router.find("GET", path.format(0))
        best = 1.0
        for _ in range(5):
            begin = time.perf_counter()
            for _ in range(300):
                router.find("GET", path.format(count - 1))
            best = min(best, time.perf_counter() - begin)
        return best

    for template, path in (
        ("/r{0}/{{x}}", "/r{0}/1"),
        ("/{{x}}/r{0}", "/1/r{0}"),
        ("/{{x}}/r{0}-{{y}}/{{z}}", "/1/r{0}-2/3"),
    ):
        assert seconds(1000, template, path) < 5 * seconds(1, template, path)


def test_head_follows_get_unless_told_otherwise() -> None:
    """Aiohttp's `allow_head`."""
    router = web.UrlDispatcher()
    router.add_get("/a", handler_named("a"))
    router.add_get("/b", handler_named("b"), allow_head=False)
    assert found(router, "HEAD", "/a")[0] == "a"
    assert found(router, "HEAD", "/b") == (405, {"GET"})


def test_every_add_method_adds_its_method() -> None:
    """The names are aiohttp's."""
    router = web.UrlDispatcher()
    for method in ("head", "options", "post", "put", "patch", "delete"):
        route = getattr(router, f"add_{method}")(f"/{method}", handler_named(method))
        assert route.method == method.upper()
        assert found(router, method.upper(), f"/{method}")[0] == method


def test_names_give_urls_back() -> None:
    """Values are encoded, a missing one is an error of the caller."""
    router = web.UrlDispatcher()
    router.add_get("/u/{name}/{n}", handler_named("u"), name="user.page")
    assert str(router["user.page"].url_for(name="é b", n="1")) == "/u/%C3%A9%20b/1"
    assert "user.page" in router
    assert list(router) == ["user.page"]
    assert len(router) == 1
    assert list(router.named_resources()) == ["user.page"]
    with pytest.raises(KeyError):
        router["user.page"].url_for(name="x")


@pytest.mark.parametrize("name", ["a b", "1a", "class", "a..b"])
def test_names_are_identifiers(name: str) -> None:
    """Joined by dots, dashes or colons."""
    with pytest.raises(ValueError, match="route name"):
        web.UrlDispatcher().add_get("/", handler_named("x"), name=name)


def test_a_name_belongs_to_one_resource() -> None:
    """The second would silently take the first one's URLs."""
    router = web.UrlDispatcher()
    router.add_get("/a", handler_named("a"), name="x")
    with pytest.raises(ValueError, match="Duplicate 'x'"):
        router.add_get("/b", handler_named("b"), name="x")


def test_a_second_handler_for_one_method_is_refused() -> None:
    """It would never be called."""
    router = web.UrlDispatcher()
    router.add_get("/a", handler_named("a"))
    with pytest.raises(RuntimeError, match="never be executed, method GET"):
        router.add_route("GET", "/a", handler_named("b"))
    router.add_route("*", "/s", handler_named("s"))
    with pytest.raises(RuntimeError, match="never be executed"):
        router.add_route("GET", "/s", handler_named("t"))


def test_a_frozen_router_takes_nothing_more() -> None:
    """Neither a resource nor a route on the last one."""
    router = router_of(("GET", "/a"))
    router.freeze()
    assert router.frozen
    for path in ("/a", "/b"):
        with pytest.raises(RuntimeError, match="frozen router"):
            router.add_route("POST", path, handler_named("x"))


def test_views_list_resources_and_routes() -> None:
    """In the order they were added."""
    router = web.UrlDispatcher()
    get = router.add_get("/a", handler_named("a"))
    post = router.add_post("/a", handler_named("b"))
    router.add_get("/b/{x}", handler_named("c"))
    assert [resource.canonical for resource in router.resources()] == ["/a", "/b/{x}"]
    assert [route.method for route in router.routes()] == ["HEAD", "GET", "POST", "HEAD", "GET"]
    assert get in router.routes()
    assert post.resource in router.resources()
    assert len(router.resources()) == 2
    assert len(router.routes()) == 5


async def test_resolve_gives_a_match() -> None:
    """Aiohttp's way to ask a router."""
    router = router_of(("GET", "/u/{name}"))

    class Asked:
        method, sent_path, host = "GET", "/u/x", "a"

    match = await router.resolve(Asked())
    assert match == {"name": "x"}
    assert match.http_exception is None
    Asked.sent_path = "/none"
    missing = (await router.resolve(Asked())).http_exception
    assert missing is not None
    assert missing.status == 404


def test_distinct_unknown_paths_leave_nothing_behind() -> None:
    """What is keyed by a client's bytes would grow for ever (CVE-2024-52303)."""
    router = router_of(("GET", "/a/{x}"))
    router.find("GET", "/a/1")
    before = repr(vars(router))
    for i in range(100):
        router.find(f"M{i}", f"/a/{i}")
        router.find("GET", f"/{i}/x")
    assert repr(vars(router)) == before


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("/r{}/{{x}}", "/r7/1"),
        ("/{{x}}/r{}", "/1/r7"),
        ("/p{}/{{x:.*}}", "/p7/a/b"),
        (r"/{{id:\d+}}/r{}", "/1/r7"),
        (r"/{{id:\d+}}/r{}/{{y:\w+}}", "/1/r7/z"),
        ("/x{}-{{y}}", "/x7-1"),
        ("/{{x:.*}}/r{}", "/a/b/r7"),
        ("/{{x}}/r{}-{{y}}/{{z}}", "/a/r7-1/b"),
        ("/{{x}}/{{y}}-r{}/{{z}}", "/a/1-r7/b"),
        ("/{{x}}/{{y}}.{}-é/{{z}}", "/a/b.7-%C3%A9/%C3%A9"),
        ("/{{x}}/r{}-{{y}}.{{w}}/{{z}}", "/a/r7-1.2/b"),
        ("/{{x}}/r{}-{{y}}/{{z:.*}}", "/a/r7-1/b/c"),
        ("/{{x:.*}}/r{}-{{y}}/{{z}}", "/a/b/c/r7-1/d"),
        ("/{{x}}/{{y:.*}}-r{}/{{z}}", "/a/b/c-r7/d"),
    ],
)
def test_only_what_may_answer_is_tried(template: str, path: str) -> None:
    """One of a thousand templates, wherever their fixed text stands."""
    resources = [web.DynamicResource(template.format(i)) for i in range(1000)]
    candidates = RouteIndex(resources).candidates(path)
    assert [filed.resource for filed, _ in candidates] == [resources[7]]


# Few pieces, so that templates meet. `%25` and `é` are sent otherwise than patterns see them.
PIECES = st.sampled_from(["a", "b", "é", "%25", "a%2Fb"])
PARTS = PIECES | st.sampled_from(
    ["{v}", r"{v:\d+}", "{v:.*}", "{v:a|é}", "a{v}", "é-{v}", "{v}b", "a{v:.*}", "é{v}-{v_}"]
)
SENT = st.sampled_from(
    ["a", "b", "%C3%A9", "%c3%a9", "é", "%25", "a%2Fb", "%61", "é-b", "1", "", "%"]
)


def template_of(parts: list[str]) -> str:
    """Return the path of *parts*, each variable with a name of its own."""
    return "/" + "/".join(part.replace("{v", f"{{v{i}") for i, part in enumerate(parts))


@given(
    st.lists(
        st.tuples(st.sampled_from(["GET", "POST", "*"]), st.lists(PARTS, min_size=1, max_size=3)),
        min_size=1,
        max_size=5,
    ),
    st.lists(st.lists(SENT, min_size=1, max_size=3), min_size=1, max_size=6),
)
def test_the_index_finds_what_trying_all_would(
    templates: list[tuple[str, list[str]]], paths: list[list[str]]
) -> None:
    """One template after the other, those with the longest fixed beginning first."""
    router = web.UrlDispatcher()
    for number, (method, parts) in enumerate(templates):
        with contextlib.suppress(RuntimeError):  # the method is taken
            router.add_route(method, template_of(parts), handler_named(str(number)))
    resources = cast("list[Resource]", list(router.resources()))
    resources.sort(key=lambda resource: -len(index_key(resource.canonical)))
    for segments in paths:
        sent = "/" + "/".join(segments).encode().decode("latin-1")
        text = readable_path(canonical_path(sent.encode("latin-1")))
        expected: tuple[Any, Any] | None = None
        for resource in resources:
            values = resource.match(text)
            route = resource.routes.get("GET") or resource.routes.get("*")
            if values is not None and route is not None:
                expected = route.handler.__name__, values
                break
        name, values = found(router, "GET", sent)
        assert (expected is None) == isinstance(name, int)
        if expected is not None:
            assert (name, values or {}) == expected
