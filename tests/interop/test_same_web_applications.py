"""The same applications on both servers: what users derive, and what middlewares and errors do."""

from __future__ import annotations

import importlib
import warnings
from types import ModuleType
from typing import Any

import pytest

from tests.interop.same_web_program import asked, both, same


def of_abc(web: ModuleType) -> Any:
    """Return the library's module of abstract classes."""
    return importlib.import_module(web.__name__.rpartition(".")[0] + ".abc")


def own_router_app(web: ModuleType) -> Any:
    """Return an application whose router, and what that finds, are the user's own."""
    abc = of_abc(web)

    async def no_expectation(request: Any) -> Any:
        return None

    class Found(abc.AbstractMatchInfo):
        def __init__(self, name: str) -> None:
            self.name = name
            self._apps: list[Any] = []
            self.current_app: Any = None
            self.route = None  # undocumented, but aiohttp looks at it

        @property
        def handler(self) -> Any:
            async def handle(request: Any) -> Any:
                return web.Response(text=f"{self.name} {request.match_info.name}")

            return handle

        @property
        def expect_handler(self) -> Any:
            return no_expectation

        @property
        def http_exception(self) -> Any:
            return None

        def get_info(self) -> dict[str, Any]:
            return {}

        @property
        def apps(self) -> tuple[Any, ...]:
            return tuple(self._apps)

        def add_app(self, app: Any) -> None:
            self._apps.insert(0, app)
            self.current_app = app

        def freeze(self) -> None: ...

    class Router(abc.AbstractRouter):
        async def resolve(self, request: Any) -> Any:
            return Found(request.path)

    async def tag(request: Any, handler: Any) -> Any:
        response = await handler(request)
        response.headers["X-Tag"] = "1"
        return response

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return web.Application(router=Router(), middlewares=[web.middleware(tag)])


def own_dispatcher_app(web: ModuleType) -> Any:
    """Return an application with a dispatcher, a resource and a rule of the user's own."""

    async def handle(request: Any) -> Any:
        return web.Response(text=f"{dict(request.match_info)} {len(request.match_info.apps)}")

    class Upper(web.UrlDispatcher):  # type: ignore[name-defined,misc]
        async def resolve(self, request: Any) -> Any:
            return await super().resolve(request.clone(rel_url=request.path.lower()))

    class Even(web.AbstractResource):  # type: ignore[name-defined,misc]
        """Answers paths of an even length."""

        def __init__(self) -> None:
            super().__init__(name="even")
            self.route = web.ResourceRoute("GET", handle, self)

        @property
        def canonical(self) -> str:
            return "/even"

        async def resolve(self, request: Any) -> Any:
            if len(request.path) % 2:
                return None, set()
            return web.UrlMappingMatchInfo({"even": request.path}, self.route), {"GET"}

        def url_for(self, **parts: str) -> Any: ...

        def add_prefix(self, prefix: str) -> None: ...

        def get_info(self) -> dict[str, Any]:
            return {}

        def raw_match(self, path: str) -> bool:
            return False

        def __len__(self) -> int:
            return 1

        def __iter__(self) -> Any:
            return iter([self.route])

    sub = web.Application()
    sub.router.register_resource(Even())
    sub.router.add_get("/x", handle)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        app = web.Application(router=Upper())
    app.router.register_resource(Even())
    app.router.add_get("/{name}", handle)
    app.add_subapp("/sub", sub)
    return app


@pytest.mark.parametrize("make", [own_router_app, own_dispatcher_app])
async def test_what_users_derive_is_asked(make: Any) -> None:
    targets = ("/", "/a", "/ABC", "/even", "/even/a", "/even/ab", "/sub/x", "/sub/even", "/sub/y")
    requests = [asked(method, target) for target in targets for method in ("GET", "POST")]
    for request, theirs, ours in await both(make, requests):
        assert theirs == ours, request


def nested_app(web: ModuleType) -> Any:
    """Return an application in an application, both with everything around their handlers."""

    def noting(name: str) -> Any:
        @web.middleware
        async def note(request: Any, handler: Any) -> Any:
            notes = request.setdefault("notes", [])
            apps = request.match_info.apps
            notes.append(f"{name} in {apps.index(request.app)} {request.config_dict.get('k')}")
            if request.query.get("stop") == name:
                raise web.HTTPConflict
            try:
                response = await handler(request)
            except web.HTTPException as error:
                notes.append(f"{name} caught {error.status}")
                error.headers["X-Notes"] = "; ".join(notes)
                raise
            except LookupError as error:
                return web.Response(status=599, text=repr(error), headers={"X-Seen": name})
            notes.append(f"{name} out")
            response.headers["X-Notes"] = "; ".join(notes)
            return response

        return note

    def preparing(name: str) -> Any:
        async def prepare(request: Any, response: Any) -> None:
            response.headers.add(
                "X-Prepared", f"{name} {request.match_info.apps.index(request.app)}"
            )
            if request.query.get("prepare") == name:
                raise web.HTTPForbidden(text="in a signal")

        return prepare

    async def handle(request: Any) -> Any:
        match request.query.get("do"):
            case "error":
                raise RuntimeError("on purpose")
            case "lookup":
                raise LookupError("on purpose")
            case "http":
                raise web.HTTPGone(headers={"X-A": "b"}, text="gone", reason="Away")
            case "returned":
                return web.HTTPFound("/elsewhere?a=b#c")
            case "nothing":
                return None
            case "text":
                return "text"
            case "timeout":
                raise TimeoutError
        return web.Response(text=f"{request.app['k']} {request.config_dict['outer']}")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        outer = web.Application(middlewares=[noting("o1"), noting("o2")])
        inner = web.Application(middlewares=[noting("i1")])
        plain = web.Application()
        outer["k"], outer["outer"], inner["k"], plain["k"] = "out", "O", "in", "none"
        for name, app in (("o", outer), ("i", inner), ("p", plain)):
            app.on_response_prepare.append(preparing(name))
            app.router.add_get("/", handle)
            app.router.add_post("/post", handle)
        inner.add_subapp("/plain", plain)
        outer.add_subapp("/in", inner)
    return outer


NESTED = [
    asked(method, f"{path}?{query}")
    for path in ("/", "/in/", "/in/plain/", "/in/none", "/none", "/in/post")
    for query in (
        *("", "do=error", "do=lookup", "do=http", "do=returned", "do=nothing", "do=text"),
        *("do=timeout", "stop=o2", "stop=i1", "prepare=i", "prepare=o"),
    )
    for method in ("GET", "HEAD")
]


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
async def test_middlewares_signals_and_errors_are_the_same() -> None:
    """At each level, whatever a handler, a middleware or a signal does."""
    different = {}
    for request, theirs, ours in await both(nested_app, NESTED):
        if not same(theirs, ours):
            different[f"{request.method} {request.target}"] = (theirs, ours)
    # A time-out: a short text here, nothing there.
    assert all("do=timeout" in name for name in different), different
    assert {answer.status for pair in different.values() for answer in pair} == {504}
