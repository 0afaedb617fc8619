"""The life of an application: what is set up in which order, and always taken down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from notebook_http import web

Serve = Callable[..., Awaitable[int]]


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
    with pytest.warns(DeprecationWarning, match="Application.loop"):
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
        if app.get("never"):
            yield

    for function, error in ((no_generator, TypeError), (never_there, RuntimeError)):
        app = web.Application()
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
