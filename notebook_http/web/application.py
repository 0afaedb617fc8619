"""An application: routes, middlewares, and what happens when it starts, answers and ends.

Knows which handler a request goes to and through which middlewares. Knows no connection: whoever
has a request hands it to `Application.dispatch`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Protocol, TypeVar, cast

from aiosignal import Signal
from frozenlist import FrozenList

from notebook_http.web.application_state import ApplicationState, deprecated
from notebook_http.web.cleanup_context import CleanupContext
from notebook_http.web.pipeline import Middleware, Pipeline, mark_middleware, warn_of_old_style
from notebook_http.web.routing.abstract_router import AbstractMatchInfo, AbstractRouter
from notebook_http.web.routing.domain import Domain, MaskDomain
from notebook_http.web.routing.route import AbstractRoute, ExpectHandler, SystemRoute
from notebook_http.web.routing.route_table import AbstractRouteDef
from notebook_http.web.routing.router import UNRESOLVED, Found, UrlDispatcher
from notebook_http.web.routing.sub_application import MatchedSubAppResource, PrefixedSubAppResource
from notebook_http.web.stream_response import StreamResponse

__all__ = ["Application", "DispatchedRequest", "middleware"]

F = TypeVar("F")
R = TypeVar("R", bound=PrefixedSubAppResource)

web_logger = logging.getLogger("notebook_http.web")


def middleware(f: F) -> F:
    """Return *f*, marked as a coroutine function of a request and a handler.

    Without the mark it is a middleware, too, unless its first argument is called ``app``.
    """
    mark_middleware(f)
    return f


class DispatchedRequest(Protocol):
    """What an application needs of a request."""

    route: AbstractRoute
    path_values: dict[str, str] | None
    pipeline: Pipeline[Application]
    current_app: Application
    signals: tuple[Signal[Any, StreamResponse], ...]

    @property
    def method(self) -> str:
        """The method as sent."""

    @property
    def sent_path(self) -> str:
        """The path as sent, without a query."""

    @property
    def host(self) -> str:
        """The host that was asked for, with its port."""

    @property
    def expectation(self) -> str | None:
        """Value of `Expect`, or None."""

    def accept_match(self, match_info: AbstractMatchInfo) -> None:
        """Take note of what a router of the user's found."""


async def _answer_missing(request: DispatchedRequest) -> StreamResponse:
    """Raise the error of a request for which there is no route."""
    route = cast("SystemRoute", request.route)
    raise route.http_exception


async def _answer_expecting(
    request: DispatchedRequest, expect_handler: ExpectHandler
) -> StreamResponse:
    """Ask for the body only when there is somebody to read it (RFC 9110 §10.1.1)."""
    response = await expect_handler(request)
    if response is not None:
        return response
    return await request.pipeline.handler(request)


def _not_found(method: str, path: str, request: object = None) -> Found:
    """Say of any request that the router has to be awaited."""
    return UNRESOLVED, None


class Application(ApplicationState):
    """A web application, and a mapping for what its handlers share.

    Args:
        logger: where errors of the application are written.
        router: a router that is filled already, or an `AbstractRouter` of your own; a new
            `UrlDispatcher` by default.
        middlewares: ``async def m(request, handler)``, the first one outermost. Decorated with
            `middleware` or not. ``async def m(app, handler)`` returns a handler: old, deprecated.
        handler_args: further arguments for each connection (see `RequestHandler`).
        client_max_size: bytes that `Request.read` and `Request.post` accept; 0 for no limit.
            1 MiB is what nginx accepts by default.
        client_max_fields: fields that `Request.post` accepts; 0 for no limit.
        loop: ignored, deprecated; the application lives on the loop that starts it.
        debug: whether errors may tell what happened, deprecated; the loop's own setting by default.
    """

    def __init__(
        self,
        *,
        logger: logging.Logger = web_logger,
        router: Any = None,
        middlewares: Iterable[Middleware] = (),
        handler_args: Mapping[str, Any] | None = None,
        client_max_size: int = 1024**2,
        client_max_fields: int = 1000,
        loop: asyncio.AbstractEventLoop | None = None,
        debug: bool | None = None,
    ) -> None:
        for name, given in (("loop", loop), ("debug", debug)):
            if given is not None:
                deprecated(f"{name} argument")
        super().__init__()
        self.logger = logger
        if router is not None and not isinstance(router, AbstractRouter):
            raise TypeError(f"router must be an AbstractRouter, not {router!r}")
        self._router = UrlDispatcher() if router is None else cast("UrlDispatcher", router)
        self._find = self._router.find if isinstance(self._router, UrlDispatcher) else _not_found
        self._middlewares: FrozenList[Middleware] = FrozenList(middlewares)
        self.handler_args: dict[str, Any] = dict(handler_args or {})
        self.client_max_size = client_max_size
        self.client_max_fields = client_max_fields
        self._loop: asyncio.AbstractEventLoop | None = None
        self._debug = debug
        self._pre_frozen = False
        self._subapps: list[Application] = []
        self._pipelines: dict[AbstractRoute, Pipeline[Application]] = {}
        self._missing: dict[object, Pipeline[Application]] = {}
        self._on_response_prepare: Signal[Any, StreamResponse] = Signal(self)
        self._on_startup: Signal[Application] = Signal(self)
        self._on_shutdown: Signal[Application] = Signal(self)
        self._on_cleanup: Signal[Application] = Signal(self)
        self._cleanup_ctx: CleanupContext[Application] = CleanupContext()
        self._on_startup.append(self._cleanup_ctx.start)
        self._on_cleanup.append(self._cleanup_ctx.stop)

    def __repr__(self) -> str:
        return f"<Application 0x{id(self):x}>"

    def __call__(self) -> Application:
        """Return the application itself: what expects a factory takes it, too."""
        return self

    # Answering

    def dispatch(self, request: DispatchedRequest) -> Awaitable[StreamResponse]:
        """Return what answers *request* when it is awaited: its handler inside its middlewares.

        Only after `freeze`. Not a coroutine function itself: every coroutine around a handler
        costs each of its steps.
        """
        route, values = self._find(request.method, request.sent_path, request)
        pipeline = self._pipelines.get(route)
        if pipeline is None:
            if route is UNRESOLVED:
                return self._dispatch_resolving(request)
            pipeline = self._missing[cast("SystemRoute", route).searched]
        request.route = route
        request.path_values = values
        request.pipeline = pipeline
        request.current_app = pipeline.first_app
        request.signals = pipeline.signals
        if request.expectation:
            return _answer_expecting(request, route.handle_expect_header)
        return pipeline.handler(request)

    async def _dispatch_resolving(self, request: DispatchedRequest) -> StreamResponse:
        """Answer a request whose route only an awaited `AbstractRouter.resolve` can tell."""
        match_info = await self._router.resolve(request)
        if not isinstance(match_info, AbstractMatchInfo):
            raise TypeError(
                f"{self._router!r}.resolve() must return an AbstractMatchInfo, not {match_info!r}"
            )
        match_info.add_app(self)
        match_info.freeze()
        request.accept_match(match_info)
        route, apps = getattr(match_info, "route", UNRESOLVED), match_info.apps
        pipeline = self._pipelines.get(route)
        if pipeline is None or pipeline.apps != apps:
            pipeline = Pipeline(match_info.handler, apps)
        request.route = route
        request.pipeline = pipeline
        request.current_app = pipeline.first_app
        request.signals = pipeline.signals
        if request.expectation:
            return await _answer_expecting(request, match_info.expect_handler)
        return await pipeline.handler(request)

    # Settings

    @property
    def router(self) -> UrlDispatcher:
        """The router."""
        return self._router

    @property
    def middlewares(self) -> FrozenList[Middleware]:
        """The middlewares, the outermost first."""
        return self._middlewares

    @property
    def on_response_prepare(self) -> Signal[Any, StreamResponse]:
        """Called with request and response when a head is about to be sent; it may change it."""
        return self._on_response_prepare

    @property
    def on_startup(self) -> Signal[Application]:
        """Called with the application before it listens."""
        return self._on_startup

    @property
    def on_shutdown(self) -> Signal[Application]:
        """Called with the application when it stops listening, requests may still be running."""
        return self._on_shutdown

    @property
    def on_cleanup(self) -> Signal[Application]:
        """Called with the application when all connections are closed."""
        return self._on_cleanup

    @property
    def cleanup_ctx(self) -> CleanupContext[Application]:
        """Asynchronous generators: started before `on_startup`, resumed before `on_cleanup`."""
        return self._cleanup_ctx

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop that started the application, or None. Deprecated."""
        deprecated("Application.loop")
        return self._loop

    @property
    def debug(self) -> bool:
        """Whether errors may tell what happened. Deprecated."""
        deprecated("Application.debug")
        return self.is_debugging()

    def is_debugging(self) -> bool:
        """Return whether errors may tell what happened."""
        if self._debug is not None:
            return self._debug
        return self._loop is not None and self._loop.get_debug()

    def add_routes(self, routes: Iterable[AbstractRouteDef]) -> list[AbstractRoute]:
        """Return the routes that the definitions (``web.get(…)``, a `RouteTableDef`) added."""
        return self._router.add_routes(routes)

    def add_subapp(self, prefix: str, subapp: Application) -> PrefixedSubAppResource:
        """Mount *subapp* below *prefix*, and return the resource that stands for it.

        Its routes are fixed from then on; its signals follow those of this application.

        Raises:
            TypeError: *prefix* is not text.
            ValueError: *prefix* is empty, or the root.
            RuntimeError: one of the applications is frozen.
        """
        if not isinstance(prefix, str):
            raise TypeError("Prefix must be str")
        prefix = prefix.rstrip("/")
        if not prefix:
            raise ValueError("Prefix cannot be empty")
        if not prefix.startswith("/"):
            raise ValueError(f"Prefix must start with a slash: {prefix!r}")
        return self._mount(partial(PrefixedSubAppResource, prefix), subapp)

    def add_domain(self, domain: str, subapp: Application) -> MatchedSubAppResource:
        """Let *subapp* answer all requests for *domain*, and return the resource for it.

        Domains are asked before paths. *domain* is a host, with a port where only that is meant,
        or has stars in it, each of which stands for any characters: ``*.example.com``.

        Raises:
            TypeError: *domain* is not text.
            ValueError: *domain* is no host name.
            RuntimeError: one of the applications is frozen.
        """
        if not isinstance(domain, str):
            raise TypeError("Domain must be str")
        rule = MaskDomain(domain) if "*" in domain else Domain(domain)
        return self._mount(partial(MatchedSubAppResource, rule), subapp)

    def _mount(self, make: Callable[[Any], R], subapp: Application) -> R:
        if self._frozen:
            raise RuntimeError("Cannot add sub application to frozen application")
        if subapp.frozen or subapp.pre_frozen:
            raise RuntimeError("Cannot add frozen application")
        resource = make(subapp)
        self._router.register_resource(resource)
        self._on_startup.append(lambda _: subapp.startup())
        self._on_shutdown.append(lambda _: subapp.shutdown())
        self._on_cleanup.append(lambda _: subapp.cleanup())
        self._subapps.append(subapp)
        subapp.pre_freeze()
        if self._loop is not None:
            subapp.set_loop(self._loop)
        return resource

    # Life

    def set_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take note of the loop that the application lives on.

        Raises:
            RuntimeError: it lives on another one.
        """
        if self._loop is not None and self._loop is not loop and not self._loop.is_closed():
            raise RuntimeError("web.Application instance initialized with different loop")
        self._loop = loop
        for subapp in self._subapps:
            subapp.set_loop(loop)

    @property
    def pre_frozen(self) -> bool:
        """Whether routes, middlewares and signals are fixed."""
        return self._pre_frozen

    def pre_freeze(self) -> None:
        """Fix routes, middlewares and signals."""
        if self._pre_frozen:
            return
        self._pre_frozen = True
        self._middlewares.freeze()
        warn_of_old_style(self._middlewares)
        self._router.freeze()
        self._on_response_prepare.freeze()
        self._cleanup_ctx.freeze()
        self._on_startup.freeze()
        self._on_shutdown.freeze()
        self._on_cleanup.freeze()
        for subapp in self._subapps:
            subapp.pre_freeze()

    def freeze(self) -> None:
        """Fix everything and put the middlewares around the handlers."""
        if self._frozen:
            return
        self.pre_freeze()
        self._assemble((), self)
        self._freeze_all()

    def _freeze_all(self) -> None:
        self._frozen = True
        for subapp in self._subapps:
            subapp._freeze_all()

    def _assemble(self, outer: tuple[Application, ...], root: Application) -> None:
        """Give *root* the pipelines of all routes of this application."""
        apps = (*outer, self)
        root._missing[self._router] = Pipeline(_answer_missing, apps)
        if self._find is _not_found:
            return
        for resource in self._router.resources():
            if isinstance(resource, PrefixedSubAppResource):
                cast("Application", resource.app)._assemble(apps, root)
            else:
                for route in resource:
                    root._pipelines[route] = Pipeline(route.handler, apps)

    async def startup(self) -> None:
        """Run `cleanup_ctx` up to the yields, then `on_startup`.

        After an error or a cancel, `cleanup` takes down what was set up.
        """
        await self._on_startup.send(self)

    async def shutdown(self) -> None:
        """Run `on_shutdown`."""
        await self._on_shutdown.send(self)

    async def cleanup(self) -> None:
        """Run the second halves of `cleanup_ctx`, the last first, then `on_cleanup`."""
        if self._frozen:
            await self._on_cleanup.send(self)
            return
        async with AsyncExitStack() as stack:  # it never came to freezing: start-up failed
            for subapp in reversed(self._subapps):
                stack.push_async_callback(subapp.cleanup)
            await self._cleanup_ctx.stop(self)
