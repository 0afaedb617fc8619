"""What runs for a route: its handler inside every middleware that applies.

Put together once, when an application is frozen. Knows of an application only its middlewares and
its signal.
"""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import update_wrapper
from inspect import signature
from typing import Any, Generic, Protocol, TypeVar

from aiosignal import Signal

from notebook_http.web.routing.route import Handler
from notebook_http.web.stream_response import StreamResponse

__all__ = ["Middleware", "Pipeline", "mark_middleware", "warn_of_old_style"]

# Takes a `Request` and the next handler; see `Handler` for why the request is not named.
Middleware = Callable[[Any, Handler], Awaitable[StreamResponse]]


class PipelinedApplication(Protocol):
    """What a pipeline needs of an application."""

    @property
    def middlewares(self) -> Sequence[Middleware]:
        """The middlewares, the outermost first."""

    @property
    def on_response_prepare(self) -> Signal[Any, StreamResponse]:
        """Called when a head is about to be sent."""


A = TypeVar("A", bound=PipelinedApplication)


class Pipeline(Generic[A]):
    """A handler inside its middlewares.

    Args:
        handler: the route's own handler.
        apps: the applications, from the outermost to the one that owns the route.

    Attributes:
        handler: the handler inside all middlewares that apply.
        apps: the applications.
        first_app: the application whose middleware, or handler, runs first.
        signals: those `on_response_prepare` signals that anybody listens to.
    """

    __slots__ = ("apps", "first_app", "handler", "signals")

    def __init__(self, handler: Handler, apps: tuple[A, ...]) -> None:
        self.apps = apps
        self.signals = tuple(app.on_response_prepare for app in apps if app.on_response_prepare)
        self.first_app = apps[-1]
        inner = len(apps)
        for app in reversed(apps):
            inner -= 1
            for middleware in reversed(app.middlewares):
                if _is_old_style(middleware):
                    handler = _made_by(middleware, app, handler)
                else:
                    handler = _around(middleware, handler)
            if any(outer.middlewares for outer in apps[:inner]):
                handler = _within(app, handler)
            elif app.middlewares:
                self.first_app = app
        self.handler = handler


def _around(middleware: Middleware, handler: Handler) -> Handler:
    """Return a handler that runs *middleware* around *handler*, without a coroutine of its own."""

    def call(request: Any) -> Awaitable[StreamResponse]:
        return middleware(request, handler)

    return update_wrapper(call, handler)


def _made_by(factory: Any, app: PipelinedApplication, handler: Handler) -> Handler:
    """Return a handler that asks a middleware of the old style for one, each time, as aiohttp."""

    async def call(request: Any) -> StreamResponse:
        inner: Handler = await factory(app, handler)
        return await inner(request)

    return update_wrapper(call, handler)


def mark_middleware(function: Any) -> None:
    """Mark a middleware as one of a request and a handler, under aiohttp's name for that."""
    with suppress(AttributeError):  # of an object that takes none
        function.__middleware_version__ = 1


def _is_old_style(middleware: Any) -> bool:
    """Tell whether a middleware takes an application and a handler, and returns a handler."""
    if getattr(middleware, "__middleware_version__", None) == 1:
        return False
    try:
        parameters = list(signature(middleware).parameters)
    except (TypeError, ValueError):  # what is written in C may tell nothing
        return False
    return parameters[:1] == ["app"]


def warn_of_old_style(middlewares: Iterable[Middleware]) -> None:
    """Warn of the middlewares of the old style. Called when an application is frozen."""
    for middleware in middlewares:
        if _is_old_style(middleware):
            warnings.warn(
                f"Middleware {middleware!r} of the old style is deprecated: take a request and a "
                "handler, and decorate it with web.middleware",
                DeprecationWarning,
                stacklevel=2,
            )


def _within(app: PipelinedApplication, handler: Handler) -> Handler:
    """Return a handler for which `request.app` is *app*, as long as it runs."""

    async def call(request: Any) -> StreamResponse:
        outer = request.current_app
        request.current_app = app
        try:
            return await handler(request)
        finally:
            request.current_app = outer

    return update_wrapper(call, handler)
