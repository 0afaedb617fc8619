"""The same warnings and refusals of applications in both libraries: what, and when."""

from __future__ import annotations

import asyncio
import warnings
from types import ModuleType
from typing import Any

import pytest

from tests.interop.same_objects import LIBRARIES, agree, outcome, outcomes, web_of
from tests.interop.same_web_program import asked, both

APP = "app = web.Application()"
FROZEN = "app.freeze()"
PRE_FROZEN = "app.pre_freeze()"
HANDLER = "async def handle(request): return web.Response()"

PROGRAMS = [
    (APP, "app['text'] = 1", "app['text'] = 2", "app.setdefault('other', 3)", "app.update(x=1)"),
    (APP, "key = web.AppKey('key', int)", "app[key] = 1", "app[key]", "key in app", "len(app)"),
    (APP, "app['missing']"),
    (APP, "del app['missing']"),
    (APP, "app.get('missing')", "app.get('missing', 5)"),
    (APP, FROZEN, "app['text'] = 1"),
    (APP, FROZEN, "del app['missing']"),
    (APP, PRE_FROZEN, "app['text'] = 1"),
    (APP, "app['a'] = 1", FROZEN, "del app['a']", "len(app)"),
    ("app = web.Application(debug=True)",),
    ("app = web.Application(debug=False)",),
    ("app = web.Application(middlewares=5)",),
    ("app = web.Application(handler_args=None, client_max_size=5)",),
    ("app = web.Application(nothing=5)",),
    ("app = web.Application(5)",),
    (APP, "app.loop"),
    ("class Own(web.Application): pass", "app = Own()", "bool(app)", "isinstance(app, Own)"),
    (APP, "app == app, app != web.Application(), bool(app), len({app, app}), app() is app"),
    (APP, "app.frozen, app.pre_frozen", PRE_FROZEN, "app.frozen, app.pre_frozen"),
    (APP, FROZEN, FROZEN, PRE_FROZEN, "app.frozen, app.pre_frozen"),
    (HANDLER, APP, FROZEN, "app.router.add_get('/', handle)"),
    (HANDLER, APP, PRE_FROZEN, "app.router.add_get('/', handle)"),
    (APP, FROZEN, "app.router.add_resource('/')"),
    (APP, FROZEN, "app.router.add_static('/', '.')"),
    (APP, FROZEN, "app.add_routes([web.get('/', print)])"),
    *(
        (APP, freeze, f"app.{name}.append(print)")
        for freeze in (FROZEN, PRE_FROZEN)
        for name in (
            *("middlewares", "on_startup", "on_shutdown", "on_cleanup", "on_response_prepare"),
            "cleanup_ctx",
        )
    ),
    (
        APP,
        "app.add_subapp('/x', web.Application())",
        "app['a'] = 1",
        "app.middlewares.append(print)",
    ),
    (APP, "sub = web.Application()", "app.add_subapp('/x', sub)", "sub.frozen, sub.pre_frozen"),
    (APP, "sub = web.Application()", "app.add_subapp('/x', sub)", "sub.on_startup.append(print)"),
    (APP, "sub = web.Application()", "app.add_subapp('/x', sub)", "sub['late'] = 1"),
    (APP, "sub = web.Application()", "sub.freeze()", "app.add_subapp('/x', sub)"),
    (APP, FROZEN, "app.add_subapp('/x', web.Application())"),
    (APP, FROZEN, "app.add_domain('a.b', web.Application())"),
    *(
        (APP, f"app.add_subapp({prefix}, web.Application())")
        for prefix in ("''", "'/'", "5", "None")
    ),
    *(
        (APP, f"app.add_domain({name}, web.Application())")
        for name in ("''", "5", "'a b'", "'*.x'")
    ),
    (APP, "app.add_subapp('/x', 5)"),
    (APP, "app.logger.name.partition('.')[2]", "app.on_startup == app.on_startup"),
]


@pytest.mark.parametrize("program", PROGRAMS, ids=" ; ".join)
def test_programs(program: tuple[str, ...]) -> None:
    """Come out the same, with warnings of the same kinds."""
    theirs, ours = outcomes(*program)
    assert agree(theirs, ours), (theirs, ours)


def test_a_router_of_ones_own() -> None:
    """Is deprecated there, with nothing in its place; ours takes it, so there is no warning."""
    theirs, ours = outcomes("app = web.Application(router=web.UrlDispatcher())", "bool(app.router)")
    assert theirs.values == ours.values
    assert (theirs.warned, ours.warned) == (["DeprecationWarning"], [])
    theirs, ours = outcomes("web.Application(router=5)")
    assert (theirs.error, ours.error) == ("AssertionError", "TypeError")


def test_debug_of_an_application_that_never_ran() -> None:
    """Is not known yet: aiohttp says `...`, ours False."""
    theirs, ours = outcomes(APP, "app.debug")
    assert (theirs.values[-1], ours.values[-1]) == (..., False)
    assert theirs.warned == ours.warned == ["DeprecationWarning"]


@pytest.mark.parametrize("library", LIBRARIES)
def test_warnings_are_of_the_callers_line(library: str) -> None:
    """As the programs' own files are what is to be changed."""
    web = web_of(library)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        app = web.Application(debug=True)
        app["text"] = 1
        app.loop  # noqa: B018
        app.debug  # noqa: B018
    assert [warning.filename for warning in caught] == [__file__] * 4
    assert all(issubclass(w.category, DeprecationWarning | web.NotAppKeyWarning) for w in caught)


def old_style_app(web: ModuleType) -> Any:
    """Return applications in each other with middlewares of both styles."""

    def old(name: str) -> Any:
        async def factory(app: Any, handler: Any) -> Any:
            async def around(request: Any) -> Any:
                if request.query.get("stop") == name:
                    raise web.HTTPConflict(text=name)
                seen = request.setdefault("seen", [])
                seen.append(f"{name} of {request.match_info.apps.index(app)}")
                response = await handler(request)
                response.headers.add("X-Old", name)
                return response

            return around

        return factory

    @web.middleware
    async def new(request: Any, handler: Any) -> Any:
        request.setdefault("seen", []).append(f"new {request.match_info.apps.index(request.app)}")
        response = await handler(request)
        response.headers.add("X-New", ",".join(request["seen"]))
        return response

    async def handle(request: Any) -> Any:
        return web.Response(text=f"{request.match_info.apps.index(request.app)}")

    outer = web.Application(middlewares=[new, old("a"), old("b")])
    inner = web.Application(middlewares=[old("c"), new])
    for app in (outer, inner):
        app.router.add_get("/", handle)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        outer.add_subapp("/in", inner)
        outer.pre_freeze()
    return outer


@pytest.mark.filterwarnings("ignore::UserWarning")
async def test_middlewares_of_the_old_style() -> None:
    """Factories of an application and a handler run among the others, each time."""
    requests = [
        asked("GET", f"{path}?stop={stop}")
        for path in ("/", "/in/", "/none", "/in/none")
        for stop in ("", "a", "b", "c")
    ]
    for request, theirs, ours in await both(old_style_app, requests):
        assert theirs == ours, request


@pytest.mark.parametrize("library", LIBRARIES)
def test_when_the_old_style_is_warned_of(library: str) -> None:
    """When the application is frozen, or joined to another one; once for each."""
    web = web_of(library)

    async def old(app: Any, handler: Any) -> Any:
        return handler

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        app = web.Application(middlewares=[old])
        assert caught == []
        app.freeze()
        app.freeze()
        assert [warning.category for warning in caught] == [DeprecationWarning]
        web.Application().add_subapp("/x", web.Application(middlewares=[old]))
    assert [warning.category for warning in caught] == [DeprecationWarning] * 2


def test_marks_of_middlewares() -> None:
    """The decorator leaves one that others look for, and returns the same function."""
    steps = ("async def f(request, handler): ...", "web.middleware(f) is f")
    for library in LIBRARIES:
        found = outcome(library, *steps, "f.__middleware_version__")
        assert found.values == [None, True, 1]
        assert outcome(
            library, "web.normalize_path_middleware().__middleware_version__"
        ).values == [1]


def setting_app(web: ModuleType, settings: dict[str, Any]) -> Any:
    async def tell(request: Any) -> Any:
        protocol = request.protocol
        return web.Response(text=f"{protocol.keepalive_timeout} {protocol.max_field_size}")

    app = web.Application(handler_args=settings)
    app.router.add_get("/", tell)
    return app


@pytest.mark.parametrize(
    "settings",
    [{}, {"keepalive_timeout": 5}, {"keepalive_timeout": 5, "max_field_size": 100}],
)
async def test_arguments_for_connections(settings: dict[str, Any]) -> None:
    """Reach each connection, and win over the runner's."""
    requests = [asked("GET", "/"), asked("GET", "/", X_Long="x" * 200)]
    made = both(lambda web: setting_app(web, settings), requests, keepalive_timeout=7)
    for _, theirs, ours in await made:
        if ours.status == 200:
            assert theirs == ours
        else:
            assert (theirs.status, ours.status) == (400, 431)  # RFC 6585 §5


@pytest.mark.parametrize("library", LIBRARIES)
def test_two_loops(library: str) -> None:
    """An application lives on one loop; on another one that runs it is refused or starts anew."""
    web = web_of(library)

    async def live(app: Any) -> None:
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await runner.cleanup()

    app = web.Application()
    asyncio.run(live(app))
    if library == "aiohttp":
        with pytest.raises(RuntimeError, match="different loop"):
            asyncio.run(live(app))
    else:
        asyncio.run(live(app))  # the first loop is closed: in a notebook cells run twice
