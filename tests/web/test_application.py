"""Applications: a mapping that freezes, others nested under a prefix, any kind of handler."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from notebook_http import web

Ask = Callable[..., Awaitable[tuple[bytes, bytes]]]
Serve = Callable[..., Awaitable[int]]
Named = Callable[..., web.Application]
Noting = Callable[[list[str], str], Any]


async def test_sub_applications_nest(serve: Serve, ask: Ask, named: Named, noting: Noting) -> None:
    """Routes, middlewares, `app` and `config_dict` are those of the place in the nest."""
    notes: list[str] = []
    outer = named("outer", noting(notes, "o"))
    middle = named("middle")
    inner = named("inner", noting(notes, "i"))
    with pytest.warns(web.NotAppKeyWarning):
        outer["shared"] = 1

    async def handle(request: web.Request) -> web.Response:
        notes.append(f"handler in {request.app['name']} {request.match_info['x']}")
        config = request.config_dict
        assert (config["name"], config["shared"]) == ("inner", 1)
        assert {"name", "shared"} == set(config)
        assert len(config) == 2
        with pytest.raises(KeyError):
            config["none"]
        assert request.match_info.apps == (outer, middle, inner)
        return web.Response(text=str(request.app.router["page"].url_for(x="1")))

    inner.router.add_get("/{x}", handle, name="page")
    middle.add_subapp("/in/", inner)
    resource = outer.add_subapp("/mid", middle)
    port = await serve(outer)
    assert (await ask(port, target="/mid/in/%C3%A9"))[1] == b"/mid/in/1"
    assert notes == ["o in outer", "i in inner", "handler in inner é", "i out", "o out"]
    notes.clear()
    assert (await ask(port, target="/mid/in/a/b"))[0].startswith(b"HTTP/1.1 404")
    assert notes == ["o in outer", "i in inner"]
    assert (await ask(port, target="/mid/other"))[0].startswith(b"HTTP/1.1 404")
    assert (await ask(port, target="/middle/in/1"))[0].startswith(b"HTTP/1.1 404")
    assert resource.canonical == "/mid"
    assert resource.get_info() == {"app": middle, "prefix": "/mid"}
    assert len(resource) == 2
    assert [route.method for route in resource] == ["HEAD", "GET"]
    assert not resource.raw_match("/mid")  # it is the resource of no path
    with pytest.raises(RuntimeError):
        resource.url_for()


@pytest.mark.parametrize("prefix", ["", "/", "x"])
def test_a_prefix_begins_with_a_slash_and_names_something(prefix: str) -> None:
    """The root is the outer application's own."""
    with pytest.raises(ValueError, match="Prefix"):
        web.Application().add_subapp(prefix, web.Application())
    with pytest.raises(TypeError):
        web.Application().add_subapp(1, web.Application())  # type: ignore[arg-type]


def test_what_is_frozen_stays_as_it_is() -> None:
    """Routes, middlewares, signals, sub-applications; state only with a warning."""
    app, sub, late = web.Application(), web.Application(), web.Application()
    app.add_subapp("/sub", sub)
    with pytest.raises(RuntimeError, match="frozen router"):
        sub.router.add_get("/", lambda request: web.Response())  # type: ignore[arg-type,return-value]
    with pytest.raises(RuntimeError, match="frozen application"):
        web.Application().add_subapp("/again", sub)
    app.freeze()
    app.freeze()
    assert app.frozen
    assert sub.frozen
    with pytest.raises(RuntimeError, match="frozen router"):
        app.router.add_get("/late", lambda request: web.Response())  # type: ignore[arg-type,return-value]
    with pytest.raises(RuntimeError):
        app.middlewares.append(lambda request, handler: handler(request))
    with pytest.raises(RuntimeError):
        app.on_startup.append(lambda app: None)  # type: ignore[arg-type,return-value]
    with pytest.raises(RuntimeError):
        app.cleanup_ctx.append(lambda app: None)  # type: ignore[arg-type,return-value]
    with pytest.raises(RuntimeError, match="frozen application"):
        app.add_subapp("/late", late)
    key = web.AppKey("key", int)
    with pytest.warns(DeprecationWarning, match="started or joined"):
        app[key] = 1
    with pytest.warns(DeprecationWarning, match="started or joined"):
        del app[key]


def test_an_application_is_a_mapping() -> None:
    """Typed keys are the quiet way; strings work, with aiohttp's warning."""
    key = web.AppKey("key", int)
    app = web.Application()
    assert app
    assert len(app) == 0
    app[key] = 1
    with pytest.warns(web.NotAppKeyWarning):
        app["text"] = 2
    assert (app[key], app["text"], list(app), len(app)) == (1, 2, [key, "text"], 2)
    assert app.get(key) == 1
    assert app.get("none", 5) == 5
    del app["text"]
    assert "text" not in app
    assert app != web.Application()
    assert {app: 1}[app] == 1
    assert app() is app
    assert repr(app).startswith("<Application 0x")


async def test_a_plain_function_is_a_handler_too(serve: Serve, ask: Ask) -> None:
    """Beginners write one; it works."""
    app = web.Application()

    def plain(request: web.Request) -> web.Response:
        return web.Response(text="plain")

    class Greeter:
        def greet(self, request: web.Request, mark: str = "!") -> web.Response:
            return web.Response(text=f"method{mark}")

        async def __call__(self, request: web.Request) -> web.Response:
            return web.Response(text="called")

    app.router.add_get("/", plain)  # type: ignore[arg-type]
    app.router.add_get("/method", Greeter().greet)  # type: ignore[arg-type]
    app.router.add_get("/partial", partial(Greeter().greet, mark="?"))  # type: ignore[arg-type]
    app.router.add_get("/called", Greeter())
    port = await serve(app)
    assert (await ask(port))[1] == b"plain"
    assert (await ask(port, target="/method"))[1] == b"method!"
    assert (await ask(port, target="/partial"))[1] == b"method?"
    assert (await ask(port, target="/called"))[1] == b"called"


async def test_debug_is_the_loops_or_ones_own() -> None:
    """None asks the loop."""
    with pytest.warns(DeprecationWarning, match="debug"):
        own = web.Application(debug=True)
    with pytest.warns(DeprecationWarning, match="debug"):
        assert own.debug
    app = web.Application()
    assert not app.is_debugging()
    app.set_loop(asyncio.get_running_loop())
    asyncio.get_running_loop().set_debug(True)
    assert app.is_debugging()
    other = asyncio.new_event_loop()
    with pytest.raises(RuntimeError, match="different loop"):
        app.set_loop(other)
    other.close()
    with pytest.warns(DeprecationWarning, match="loop argument"):
        web.Application(loop=asyncio.get_running_loop())
