"""What runs for a route: its handler inside every middleware that applies.

Put together once, when an application is frozen. Knows of an application only its middlewares and
its signal.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import update_wrapper
from typing import Any, Generic, Protocol, TypeVar

from aiosignal import Signal

from notebook_http.web.routing.route import Handler
from notebook_http.web.stream_response import StreamResponse

__all__ = ["Middleware", "Pipeline"]

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
