"""Applications are told when serving begins and ends, and may refuse."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from notebook_http import web


def living(notes: list[str], *said: dict[str, Any]) -> Any:
    """Return an application that notes its lifespan, and answers requests with its state."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            scope["state"]["number"] = 7
            for message in said or (
                {"type": "lifespan.startup.complete"},
                {"type": "lifespan.shutdown.complete"},
            ):
                notes.append((await receive())["type"])
                await send(message)
            return
        scope["state"]["number"] += 1
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"%d" % scope["state"]["number"]})

    return app


async def test_start_and_end_are_told_and_state_is_handed_on(serve: Any, ask: Any):
    """Each request has a copy: what it changes there is its own."""
    notes: list[str] = []
    runner = web.AppRunner(web.asgi_app(living(notes)), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert notes == ["lifespan.startup"]
    assert [(await ask(site.port))[1] for _ in range(2)] == [b"8", b"8"]
    await runner.cleanup()
    assert notes == ["lifespan.startup", "lifespan.shutdown"]


@pytest.mark.parametrize("mode", ["auto", "off"])
async def test_without_a_state_of_lifespan_each_request_has_an_empty_one(
    mode: Any, serve: Any, ask: Any
):
    """Middlewares keep theirs there, and uvicorn lets them."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        before = len(scope["state"])
        scope["state"]["user"] = "ada"
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"%d" % before})

    port = await serve(web.asgi_app(app, lifespan=mode))
    assert [(await ask(port))[1] for _ in range(2)] == [b"0", b"0"]


async def test_mounted_applications_live_as_well(serve: Any, ask: Any):
    """Their lifespans run inside that of the application around them."""
    notes: list[str] = []
    app = web.Application()
    app.add_subapp("/one", web.asgi_app(living(notes)))
    app.add_subapp("/two", web.asgi_app(living(notes)))
    runner = web.AppRunner(app)
    await runner.setup()
    assert notes == ["lifespan.startup"] * 2
    await runner.cleanup()
    assert notes == ["lifespan.startup"] * 2 + ["lifespan.shutdown"] * 2


@pytest.mark.parametrize("mode", ["auto", "on"])
async def test_refused_start_raises_what_the_application_says(mode: Any):
    """Nothing is served then."""
    app = living([], {"type": "lifespan.startup.failed", "message": "no database"})
    runner = web.AppRunner(web.asgi_app(app, lifespan=mode))
    with pytest.raises(RuntimeError, match="no database"):
        await runner.setup()
    await runner.cleanup()


async def test_refused_start_of_one_ends_the_other():
    """What was started is taken down again."""
    notes: list[str] = []
    app = web.Application()
    app.add_subapp("/one", web.asgi_app(living(notes)))
    refusing = living([], {"type": "lifespan.startup.failed", "message": "no"})
    app.add_subapp("/two", web.asgi_app(refusing))
    runner = web.AppRunner(app)
    with pytest.raises(RuntimeError, match="failed to start: no"):
        await runner.setup()
    await runner.cleanup()
    assert notes == ["lifespan.startup", "lifespan.shutdown"]


async def raising(scope: Any, receive: Any, send: Any) -> None:
    """Know HTTP only, as many small applications do."""
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"fine"})


async def returning(scope: Any, receive: Any, send: Any) -> None:
    """Know HTTP only, and say nothing of it."""
    if scope["type"] == "http":
        await raising(scope, receive, send)


@pytest.mark.parametrize("app", [raising, returning])
@pytest.mark.parametrize("mode", ["auto", "off"])
async def test_applications_without_lifespan_are_served(app: Any, mode: Any, serve: Any, ask: Any):
    """It is optional."""
    assert (await ask(await serve(web.asgi_app(app, lifespan=mode))))[1] == b"fine"


@pytest.mark.parametrize("app", [raising, returning])
async def test_applications_without_lifespan_are_refused_if_so_set(app: Any):
    """``on`` says that it is not optional here."""
    runner = web.AppRunner(web.asgi_app(app, lifespan="on"))
    with pytest.raises(RuntimeError, match="does not know lifespan"):
        await runner.setup()
    await runner.cleanup()


async def test_failed_end_is_raised():
    """Clean-up that failed is told to whoever cleans up."""
    app = living(
        [],
        {"type": "lifespan.startup.complete"},
        {"type": "lifespan.shutdown.failed", "message": "still dirty"},
    )
    runner = web.AppRunner(web.asgi_app(app))
    await runner.setup()
    with pytest.raises(RuntimeError, match="still dirty"):
        await runner.cleanup()


async def test_application_that_ends_by_itself_does_not_hold_up_the_end():
    """Its task is over: nobody is asked."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})

    runner = web.AppRunner(web.asgi_app(app))
    await runner.setup()
    await asyncio.sleep(0)
    async with asyncio.timeout(2):
        await runner.cleanup()


async def test_cancelled_start_ends_the_application():
    """Nothing of it is left running."""
    states: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        states.append("starting")
        try:
            await asyncio.sleep(60)
        finally:
            states.append("ended")

    runner = web.AppRunner(web.asgi_app(app))
    setting_up = asyncio.create_task(runner.setup())
    while not states:
        await asyncio.sleep(0)
    setting_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await setting_up
    await runner.cleanup()
    assert states == ["starting", "ended"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_wrong_words_are_an_error_of_the_application():
    """It is told where it said them; its start has failed."""
    app = living([], {"type": "lifespan.shutdown.complete"})
    runner = web.AppRunner(web.asgi_app(app, lifespan="on"))
    with pytest.raises(RuntimeError, match=r"Expected ASGI message 'lifespan\.startup"):
        await runner.setup()
    await runner.cleanup()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("not callable", {}), TypeError),
        ((raising, {"root_path": "api"}), ValueError),
        ((raising, {"lifespan": "maybe"}), ValueError),
    ],
)
def test_wrong_arguments(arguments: Any, error: Any):
    """Said at once, with the argument."""
    app, settings = arguments
    with pytest.raises(error):
        web.asgi_app(app, **settings)
