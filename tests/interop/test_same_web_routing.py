"""The same applications on both servers: routes, views, domains, sub-applications, redirects."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from tests.interop.same_web_program import Asked, asked, both, same


def say(web: ModuleType, name: str) -> Any:
    """Return a handler that says its name, what matched, and how the route describes itself."""

    async def handle(request: Any) -> Any:
        match = request.match_info
        return web.json_response(
            {
                "name": name,
                "values": dict(match),
                "path": request.path,
                "apps": len(match.apps),
                "current": match.apps.index(match.current_app),
                "info": sorted(match.get_info()),
                "error": repr(match.http_exception),
                "url": str(match.route.url_for(**match)) if not match.http_exception else "",
                "route": [
                    match.route.method,
                    match.route.name,
                    match.route.resource and match.route.resource.canonical,
                ],
            }
        )

    return handle


def routes_app(web: ModuleType) -> Any:
    app = web.Application()
    add = app.router
    add.add_get("/", say(web, "root"))
    add.add_get("/plain", say(web, "plain"), name="plain")
    add.add_get("/nohead", say(web, "nohead"), allow_head=False)
    add.add_post("/plain", say(web, "plain post"))
    add.add_route("*", "/any", say(web, "any"))
    add.add_route("purge", "/cache/{key}", say(web, "purge"))
    add.add_get("/u/{name}", say(web, "user"), name="user")
    add.add_get(r"/n/{id:\d+}", say(web, "number"))
    add.add_get(r"/n/{id:\d+}/{tail:.*}", say(web, "tail"))
    add.add_get("/f/{name}.{ext}", say(web, "file"))
    add.add_options("/u/{name}", say(web, "options"))
    add.add_put("/u/{name}", say(web, "put"))
    add.add_get("/slash/", say(web, "slash"))
    return app


ROUTED = [
    asked(method, target)
    for target in (
        "/",
        "/plain",
        "/plain/",
        "/plain?x=1",
        "/nohead",
        "/any",
        "/cache/a%20b",
        "/u/x",
        "/u/%C3%A9",
        "/u/a%2Fb",
        "/u/a%25b",
        "/u/%2e%2e",
        "/u/",
        "/u/a/b",
        "/u/a+b",
        "/u/{x}",
        "/n/17",
        "/n/x",
        "/n/17/a/b",
        "/n/17/",
        "/f/a.b.c",
        "/slash",
        "/slash/",
        "//plain",
        "/none",
        "/plain;x",
    )
    for method in ("GET", "HEAD", "POST", "PUT", "OPTIONS", "PURGE", "DELETE")
] + [asked("OPTIONS", "*"), asked("GET", "http://example.org/u/x?y")]


async def test_routes_answer_the_same() -> None:
    """Status, Allow, what matched: every method at every path."""
    for request, theirs, ours in await both(routes_app, ROUTED):
        assert theirs == ours, request


async def test_known_differences_in_what_is_asked() -> None:
    """A method nobody knows: 501 here (RFC 9110 §9.1). A fragment, which none has: 400 here."""
    requests = [asked("BREW", "/any"), asked("GET", "/u/x#part")]
    (_, *unknown), (_, theirs, ours) = await both(routes_app, requests)
    assert [answer.status for answer in unknown] == [400, 501]
    assert b'"path": "/u/x"' in theirs.body
    assert ours.status == 400


async def test_text_that_is_not_ascii_is_found_the_same() -> None:
    """But for `canonical`, which is percent-encoded here."""

    def make(web: ModuleType) -> Any:
        app = web.Application()
        app.router.add_get("/stadt/münchen", say(web, "city"))
        return app

    for sent in ("/stadt/m%C3%BCnchen", "/stadt/m%c3%bcnchen"):
        ((_, theirs, ours),) = await both(make, [asked("GET", sent)])
        assert (theirs.status, ours.status) == (200, 200)
        assert b"m%C3%BCnchen" in ours.body


def views_app(web: ModuleType) -> Any:
    class Item(web.View):
        async def get(self) -> Any:
            return web.Response(text=f"get {self.request.match_info['id']}")

        async def delete(self) -> Any:
            raise web.HTTPGone(text="gone")

        async def request_secret(self) -> Any:
            return web.Response(text="must not be reached")

    routes = web.RouteTableDef()

    @routes.view("/table/{id}")
    class Other(web.View):
        async def post(self) -> Any:
            return web.Response(text=await self.request.text())

    app = web.Application()
    app.router.add_view("/items/{id}", Item, name="item")
    app.add_routes(routes)
    app.add_routes([web.view("/listed/{id}", Item)])
    return app


async def test_views_answer_the_same() -> None:
    """A method that a client makes up reaches no attribute (CVE-2026-48817)."""
    made_up = ("REQUEST", "REQUEST_SECRET", "_ITER", "__CLASS__")
    methods = ("GET", "HEAD", "POST", "DELETE", *made_up)
    requests = [
        asked(method, f"/{where}/1", b"text" if method == "POST" else b"")
        for where in ("items", "table", "listed")
        for method in methods
    ]
    for request, theirs, ours in await both(views_app, requests):
        if request.method in made_up:
            assert (theirs.status, ours.status) == (400, 501), request
        else:
            assert same(theirs, ours), (request, theirs, ours)


def domains_app(web: ModuleType) -> Any:
    def part(name: str) -> Any:
        app = web.Application()
        app.router.add_get("/", say(web, name))
        app.router.add_get("/x/{y}", say(web, name))
        return app

    app = web.Application()
    app.add_domain("example.com", part("exact"))
    app.add_domain("ported.example.com:8080", part("port"))
    app.add_domain("*.example.com", part("mask"))
    app.add_domain("a*.test:81", part("port mask"))
    app.add_domain("bücher.example", part("idna"))
    app.add_subapp("/sub", part("sub"))
    app.router.add_get("/", say(web, "main"))
    app.router.add_get("/only", say(web, "main"))
    return app


HOSTS = (
    "example.com",
    "EXAMPLE.com",
    "example.com:80",
    "example.com:9",
    "ported.example.com",
    "ported.example.com:8080",
    "x.y.example.com",
    "x.example.com:1",
    ".example.com",
    "example.com.evil",
    "evilexample.com",
    "abc.test",
    "abc.test:81",
    "a.test:82",
    "xn--bcher-kva.example",
    "other.test",
    "127.0.0.1",
    "[::1]:80",
)


async def test_domains_answer_the_same() -> None:
    """Exact ones, masks, ports, and a mounted application beside them."""
    requests = [
        Asked("GET", target, host=host)
        for host in HOSTS
        for target in ("/", "/x/1", "/only", "/sub/", "/sub/x/2", "/none")
    ]
    requests += [Asked("POST", "/", host=host) for host in HOSTS]
    requests.append(Asked("GET", "/", version="1.0", host=""))
    for request, theirs, ours in await both(domains_app, requests):
        assert theirs == ours, f"{request} {request.host}"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"append_slash": False},
        {"append_slash": False, "remove_slash": True},
        {"merge_slashes": False},
        {"append_slash": False, "remove_slash": True, "merge_slashes": False},
        {"redirect": "HTTPMovedPermanently"},
    ],
    ids=str,
)
async def test_paths_are_normalised_the_same(options: dict[str, Any]) -> None:
    """And no spelling leads to another server (CVE-2021-21330)."""
    options = dict(options)
    redirect = options.pop("redirect", None)

    def make(web: ModuleType) -> Any:
        if redirect is not None:
            options["redirect_class"] = getattr(web, redirect)
        app = web.Application(middlewares=[web.normalize_path_middleware(**options)])
        app.router.add_get("/a", say(web, "a"))
        app.router.add_get("/b/", say(web, "b"))
        app.router.add_get("/c/{x}/d", say(web, "c"))
        app.router.add_get("/e/{x}/", say(web, "e"))
        app.router.add_post("/p/", say(web, "p"))
        app.router.add_get("/{evil}", say(web, "evil"))
        sub = web.Application()
        sub.router.add_get("/in/", say(web, "in"))
        app.add_subapp("/sub", sub)
        return app

    targets = (
        *(
            "/a",
            "/a/",
            "/b",
            "/b/",
            "//a",
            "//a//",
            "/b?x=1&y=%20",
            "//b//?q",
            "/c//1//d",
            "/c/1/d/",
        ),
        *("/e/1", "/e/%C3%A9", "/e/a%2Fb", "/p", "/sub/in", "/sub//in", "/none/x"),
        *(
            "//evil.example",
            "///evil.example",
            "//evil.example/",
            "/\\evil.example//",
            "/%2f/evil.example/",
        ),
        *("//evil.example/%2e%2e", "//evil.example//?http://x", "/;//a"),
    )
    requests = [asked(method, target) for target in targets for method in ("GET", "POST")]
    for request, theirs, ours in await both(make, requests):
        assert theirs == ours, request
        location = dict(ours.fields).get("location", "/")
        assert location[0] == "/"
        assert location[1:2] not in ("/", "\\"), request
