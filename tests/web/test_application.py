"""Applications: settings, middlewares, sub-applications, and their life."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from notebook_http import web

Ask = Callable[..., Awaitable[tuple[bytes, bytes]]]
Serve = Callable[..., Awaitable[int]]
Talk = Callable[[int, bytes], Awaitable[bytes]]


def noting(notes: list[str], name: str) -> Any:
    """Return a middleware, undecorated, that notes when it is passed."""

    async def passing(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        notes.append(f"{name} in {request.app['name']}")
        response = await handler(request)
        notes.append(f"{name} out")
        return response

    return passing


@pytest.fixture
def named() -> Callable[..., web.Application]:
    """Make an application that knows its name."""

    def make(name: str, *middlewares: Any) -> web.Application:
        app = web.Application(middlewares=middlewares)
        with pytest.warns(web.NotAppKeyWarning):
            app["name"] = name
        return app

    return make


async def test_three_middlewares_wrap_each_other(
    serve: Serve, ask: Ask, named: Callable[..., web.Application]
) -> None:
    """The first one is the outermost; decorated or not makes no difference."""
    notes: list[str] = []
    layers = [noting(notes, "a"), web.middleware(noting(notes, "b")), noting(notes, "c")]
    app = named("app", *layers)

    async def handle(request: web.Request) -> web.Response:
        notes.append("handler")
        return web.Response(text="ok")

    app.router.add_get("/", handle)
    port = await serve(app)
    for _ in range(2):
        notes.clear()
        assert (await ask(port))[1] == b"ok"
        assert notes == [
            "a in app", "b in app", "c in app", "handler", "c out", "b out", "a out",
        ]  # fmt: skip


async def test_middlewares_see_requests_without_a_route(serve: Serve, ask: Ask) -> None:
    """That is where error pages are made."""

    async def pages(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            same = request.match_info.http_exception is error
            return web.Response(status=error.status, text=f"page {error.status} {same}")

    async def handle(request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application(middlewares=[pages])
    app.router.add_get("/", handle)
    port = await serve(app)
    assert (await ask(port, target="/none"))[1] == b"page 404 True"
    assert (await ask(port, "POST"))[1] == b"page 405 True"


async def test_a_middleware_may_answer_by_itself(serve: Serve, ask: Ask) -> None:
    """And replace what the handler answered."""

    async def gate(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        if request.query.get("key") != "1":
            raise web.HTTPForbidden
        response = await handler(request)
        response.headers["X-Seen"] = "yes"
        return response

    async def handle(request: web.Request) -> web.Response:
        return web.Response(text="in")

    app = web.Application(middlewares=[gate])
    app.router.add_get("/", handle)
    port = await serve(app)
    assert (await ask(port))[0].startswith(b"HTTP/1.1 403")
    head, body = await ask(port, target="/?key=1")
    assert b"X-Seen: yes" in head
    assert body == b"in"


async def test_sub_applications_nest(
    serve: Serve, ask: Ask, named: Callable[..., web.Application]
) -> None:
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
    assert resource.raw_match("/mid")
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


async def test_life_goes_in_order(serve: Serve) -> None:
    """Contexts around signals, the inner application with the outer one."""
    notes: list[str] = []

    def context(name: str) -> Any:
        async def run(app: web.Application) -> AsyncIterator[None]:
            notes.append(f"{name} up")
            yield
            notes.append(f"{name} down")

        return run

    def signal(name: str) -> Any:
        async def run(app: web.Application) -> None:
            notes.append(name)

        return run

    @asynccontextmanager
    async def managed(app: web.Application) -> AsyncIterator[None]:
        notes.append("managed up")
        yield
        notes.append("managed down")

    app, sub = web.Application(), web.Application()
    for each, name in ((app, "app"), (sub, "sub")):
        each.cleanup_ctx.append(context(name))
        each.on_startup.append(signal(f"{name} startup"))
        each.on_shutdown.append(signal(f"{name} shutdown"))
        each.on_cleanup.append(signal(f"{name} cleanup"))
    app.cleanup_ctx.append(managed)
    app.add_subapp("/sub", sub)
    runner = web.AppRunner(app)
    await runner.setup()
    assert app.loop is asyncio.get_running_loop() is sub.loop
    assert notes == ["app up", "managed up", "app startup", "sub up", "sub startup"]
    notes.clear()
    await runner.cleanup()
    assert notes == [
        "app shutdown", "sub shutdown",
        "managed down", "app down", "app cleanup", "sub down", "sub cleanup",
    ]  # fmt: skip


async def test_a_failed_start_takes_down_what_was_set_up() -> None:
    """`cleanup` after it closes what is open, and only that."""
    notes: list[str] = []

    async def good(app: web.Application) -> AsyncIterator[None]:
        notes.append("up")
        yield
        notes.append("down")

    async def bad(app: web.Application) -> AsyncIterator[None]:
        raise OSError("no database")
        yield

    app = web.Application()
    app.cleanup_ctx.append(good)
    app.cleanup_ctx.append(bad)
    runner = web.AppRunner(app)
    with pytest.raises(OSError, match="no database"):
        await runner.setup()
    assert runner.server is None
    await runner.cleanup()
    assert notes == ["up", "down"]


async def test_a_failed_start_takes_down_what_sub_applications_set_up() -> None:
    """Each context once, though one of them fails; what never began is left alone."""
    notes: list[str] = []

    def context(name: str) -> Any:
        async def run(app: web.Application) -> AsyncIterator[None]:
            notes.append(f"{name} up")
            yield
            notes.append(f"{name} down")
            if name == "app":
                raise OSError("cannot be closed")

        return run

    async def bad(app: web.Application) -> None:
        raise LookupError("no database")

    app, sub, inner, late = (web.Application() for _ in range(4))
    for each, name in ((app, "app"), (sub, "sub"), (inner, "inner"), (late, "late")):
        each.cleanup_ctx.append(context(name))
    sub.add_subapp("/inner", inner)
    app.add_subapp("/sub", sub)
    app.on_startup.append(bad)
    app.add_subapp("/late", late)
    runner = web.AppRunner(app)
    with pytest.raises(LookupError, match="no database"):
        await runner.setup()
    with pytest.raises(OSError, match="cannot be closed"):
        await runner.cleanup()
    assert notes == ["app up", "sub up", "inner up", "app down", "sub down", "inner down"]


async def test_a_context_without_a_yield_is_told() -> None:
    """By name; a function that was meant for `on_startup` is not left unawaited."""

    async def no_generator(app: web.Application) -> None: ...

    async def never_there(app: web.Application) -> AsyncIterator[None]:
        if app.debug:
            yield

    for function, error in ((no_generator, TypeError), (never_there, RuntimeError)):
        app = web.Application(debug=False)
        app.cleanup_ctx.append(function)  # type: ignore[arg-type]
        runner = web.AppRunner(app)
        with pytest.raises(error, match=f"{function.__name__}.*'yield'"):
            await runner.setup()
        await runner.cleanup()


async def test_every_context_ends_though_others_fail() -> None:
    """One failure is raised as it is, several together."""

    def failing(error: Exception) -> Any:
        async def run(app: web.Application) -> AsyncIterator[None]:
            yield
            raise error

        return run

    async def twice(app: web.Application) -> AsyncIterator[None]:
        yield
        yield

    app = web.Application()
    app.cleanup_ctx.extend([failing(OSError("one")), twice, failing(ValueError("two"))])
    app.on_startup.freeze()
    await app.startup()
    app.freeze()
    with pytest.raises(web.CleanupError) as caught:
        await app.cleanup()
    assert [type(error) for error in caught.value.exceptions] == [
        ValueError,
        RuntimeError,
        OSError,
    ]


async def test_prepare_signals_see_the_final_head(serve: Serve, ask: Ask) -> None:
    """And may change it, for every kind of response."""

    async def sign(request: web.Request, response: web.StreamResponse) -> None:
        assert "Content-Length" in response.headers or "Transfer-Encoding" in response.headers
        response.headers["X-Signed"] = request.path

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path == "/stream":
            response = web.StreamResponse()
            await response.prepare(request)
            return response
        return web.Response(text="hi")

    app = web.Application()
    app.on_response_prepare.append(sign)
    app.router.add_get("/{x}", handle)
    port = await serve(app)
    for target in ("/stream", "/plain"):
        assert f"X-Signed: {target}".encode() in (await ask(port, target=target))[0]
    assert b"X-Signed: /a/b" in (await ask(port, target="/a/b"))[0]


async def test_prepare_signals_see_the_application_of_the_handler(
    serve: Serve, ask: Ask, named: Callable[..., web.Application]
) -> None:
    """Although the middlewares of the outer one have not ended when a plain response leaves."""

    async def sign(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["X-App"] = request.app["name"]

    async def handle(request: web.Request) -> web.Response:
        return web.Response(text=request.app["name"])

    outer, inner = named("outer", noting([], "o")), named("inner")
    inner.on_response_prepare.append(sign)
    inner.router.add_get("/", handle)
    outer.add_subapp("/in", inner)
    head, body = await ask(await serve(outer), target="/in/")
    assert b"\r\nX-App: inner" in head
    assert body == b"inner"


@pytest.mark.parametrize("target", ["/stream", "/plain"])
@pytest.mark.parametrize("version", ["1.1", "1.0"])
async def test_what_a_prepare_signal_does_to_the_framing_counts(
    serve: Serve, talk: Talk, target: str, version: str
) -> None:
    """The answer stays whole and the connection ends where the head says so."""

    async def meddle(request: web.Request, response: web.StreamResponse) -> None:
        del response.headers["Server"]
        response.headers.popall("Content-Length", None)
        if request.query:
            response.headers["Connection"] = "close"

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path == "/stream":
            response = web.StreamResponse()
            response.content_length = 5
            await response.prepare(request)
            await response.write(b"hello")
            return response
        return web.Response(text="hello")

    app = web.Application()
    app.on_response_prepare.append(meddle)
    app.router.add_get("/{x}", handle)
    lines = "GET {} HTTP/{}\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"
    data = lines.format(target, version) + lines.format(target + "?last", version)
    answer = await talk(await serve(app), data.encode())
    assert b"Server:" not in answer
    if version == "1.1":
        assert answer.count(b"Transfer-Encoding: chunked") == 2
        assert answer.count(b"5\r\nhello\r\n0\r\n\r\n") == 2
        assert answer.count(b"Connection: close") == 1
    else:  # the first answer ends with the connection
        assert answer.count(b"HTTP/1.0 200") == 1
        assert answer.endswith(b"\r\n\r\nhello")


async def test_a_prepare_signal_cannot_announce_a_length_beside_chunks(
    serve: Serve, ask: Ask
) -> None:
    """Two recipients could read such an answer in two ways."""

    async def meddle(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Content-Length"] = "5"

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        return response

    app = web.Application()
    app.on_response_prepare.append(meddle)
    app.router.add_get("/", handle)
    head, _ = await ask(await serve(app))
    assert b"chunked" not in head


async def test_expectations(serve: Serve, talk: Talk) -> None:
    """100 when there is a handler, 417 for what is unknown, an own answer where one is set."""

    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    async def check(request: web.Request) -> web.StreamResponse | None:
        if request.headers.get("X-Key") is None:
            return web.Response(status=401, text="key?")
        await request.send_continue()
        return None

    app = web.Application()
    app.router.add_post("/", echo)
    app.router.add_route("POST", "/checked", echo, expect_handler=check)
    port = await serve(app)

    def post(path: str, expect: str, *fields: str) -> bytes:
        lines = [f"POST {path} HTTP/1.1", "Host: a", "Content-Length: 2", f"Expect: {expect}"]
        return "\r\n".join([*lines, "Connection: close", *fields]).encode() + b"\r\n\r\n"

    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(post("/", "100-Continue"))
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"ok")
    assert (await reader.read()).endswith(b"ok")
    writer.close()
    assert (await talk(port, post("/", "coffee"))).startswith(b"HTTP/1.1 417")
    assert (await talk(port, post("/", "") + b"ok")).startswith(b"HTTP/1.1 200")  # nothing asked
    missing = await talk(port, post("/none", "100-continue"))
    assert missing.startswith(b"HTTP/1.1 404")
    assert (await talk(port, post("/checked", "100-continue"))).startswith(b"HTTP/1.1 401")
    passed = await talk(port, post("/checked", "100-continue", "X-Key: 1") + b"ok")
    assert passed.endswith(b"ok")


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
    assert web.Application(debug=True).debug
    app = web.Application()
    assert not app.debug
    app.set_loop(asyncio.get_running_loop())
    asyncio.get_running_loop().set_debug(True)
    assert app.debug
    other = asyncio.new_event_loop()
    with pytest.raises(RuntimeError, match="different loop"):
        app.set_loop(other)
    other.close()
    with pytest.warns(DeprecationWarning, match="loop argument"):
        web.Application(loop=asyncio.get_running_loop())
