"""An application: routes, middlewares, and what happens when it starts, answers and ends.

Knows which handler a request goes to and through which middlewares. Knows no connection: whoever
has a request hands it to `Application.dispatch`.
"""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections.abc import Awaitable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import AsyncExitStack
from typing import Any, Protocol, TypeVar, cast, overload

from aiosignal import Signal
from frozenlist import FrozenList

from notebook_http.web.app_key import AppKey, NotAppKeyWarning
from notebook_http.web.cleanup_context import CleanupContext
from notebook_http.web.exceptions import HTTPExpectationFailed
from notebook_http.web.pipeline import Middleware, Pipeline
from notebook_http.web.routing.route import AbstractRoute, SystemRoute
from notebook_http.web.routing.route_table import AbstractRouteDef
from notebook_http.web.routing.router import UrlDispatcher
from notebook_http.web.routing.sub_application import PrefixedSubAppResource
from notebook_http.web.stream_response import StreamResponse

__all__ = ["Application", "DispatchedRequest", "middleware"]

T = TypeVar("T")
F = TypeVar("F")

web_logger = logging.getLogger("notebook_http.web")


def middleware(f: F) -> F:
    """Return *f* unchanged: each coroutine function of a request and a handler is a middleware."""
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
    def expectation(self) -> str | None:
        """Value of `Expect`, or None."""

    async def send_continue(self) -> None:
        """Send ``100 Continue``."""


async def _answer_missing(request: DispatchedRequest) -> StreamResponse:
    """Raise the error of a request for which there is no route."""
    route = cast("SystemRoute", request.route)
    raise route.http_exception


class Application(MutableMapping["str | AppKey[Any]", Any]):
    """A web application, and a mapping for what its handlers share.

    Args:
        logger: where errors of the application are written.
        router: a router that is filled already; a new one by default.
        middlewares: ``async def m(request, handler)``, the first one outermost. Decorated with
            `middleware` or not.
        handler_args: further arguments for each connection (see `RequestHandler`).
        client_max_size: bytes that `Request.read` and `Request.post` accept; 0 for no limit.
            1 MiB is what nginx accepts by default.
        client_max_fields: fields that `Request.post` accepts.
        loop: ignored; the application lives on the loop that starts it.
        debug: whether errors may tell what happened; the loop's own setting by default.
    """

    def __init__(
        self,
        *,
        logger: logging.Logger = web_logger,
        router: UrlDispatcher | None = None,
        middlewares: Iterable[Middleware] = (),
        handler_args: Mapping[str, Any] | None = None,
        client_max_size: int = 1024**2,
        client_max_fields: int = 1000,
        loop: asyncio.AbstractEventLoop | None = None,
        debug: bool | None = None,
    ) -> None:
        if loop is not None:
            warnings.warn("loop argument is deprecated", DeprecationWarning, stacklevel=2)
        self.logger = logger
        self._router = UrlDispatcher() if router is None else router
        self._middlewares: FrozenList[Middleware] = FrozenList(middlewares)
        self.handler_args: dict[str, Any] = dict(handler_args or {})
        self.client_max_size = client_max_size
        self.client_max_fields = client_max_fields
        self._loop: asyncio.AbstractEventLoop | None = None
        self._debug = debug
        self._state: dict[str | AppKey[Any], Any] = {}
        self._pre_frozen = False
        self._frozen = False
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
        route, values = self._router.find(request.method, request.sent_path)
        pipeline = self._pipelines.get(route)
        if pipeline is None:
            pipeline = self._missing[cast("SystemRoute", route).searched]
        request.route = route
        request.path_values = values
        request.pipeline = pipeline
        request.current_app = pipeline.first_app
        request.signals = pipeline.signals
        if request.expectation:
            return self._dispatch_expecting(request, route, pipeline)
        return pipeline.handler(request)

    async def _dispatch_expecting(
        self, request: DispatchedRequest, route: AbstractRoute, pipeline: Pipeline[Application]
    ) -> StreamResponse:
        """Ask for the body only when there is somebody to read it (RFC 9110 §10.1.1)."""
        if route.expect_handler is not None:
            response = await route.expect_handler(request)
            if response is not None:
                return response
        elif (request.expectation or "").lower() != "100-continue":
            raise HTTPExpectationFailed(text="Unknown expectation: only 100-continue is known")
        elif not isinstance(route, SystemRoute):
            await request.send_continue()
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
        """The loop that started the application, or None."""
        return self._loop

    @property
    def debug(self) -> bool:
        """Whether errors may tell what happened."""
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
        if self._frozen:
            raise RuntimeError("Cannot add sub application to frozen application")
        if subapp.frozen or subapp.pre_frozen:
            raise RuntimeError("Cannot add frozen application")
        resource = PrefixedSubAppResource(prefix, subapp)
        self._router.register_resource(resource)
        self._on_startup.append(lambda _: subapp.startup())
        self._on_shutdown.append(lambda _: subapp.shutdown())
        self._on_cleanup.append(lambda _: subapp.cleanup())
        self._subapps.append(subapp)
        subapp.pre_freeze()
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
        self._router.freeze()
        self._on_response_prepare.freeze()
        self._cleanup_ctx.freeze()
        self._on_startup.freeze()
        self._on_shutdown.freeze()
        self._on_cleanup.freeze()
        for subapp in self._subapps:
            subapp.pre_freeze()

    @property
    def frozen(self) -> bool:
        """Whether nothing can be changed any more."""
        return self._frozen

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

    # The mapping

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __bool__(self) -> bool:
        return True

    @overload
    def __getitem__(self, key: AppKey[T]) -> T: ...

    @overload
    def __getitem__(self, key: str) -> Any: ...

    def __getitem__(self, key: str | AppKey[T]) -> Any:
        return self._state[key]

    def _check_change(self) -> None:
        if self._frozen:
            warnings.warn(
                "Changing state of started or joined application is deprecated",
                DeprecationWarning,
                stacklevel=3,
            )

    @overload
    def __setitem__(self, key: AppKey[T], value: T) -> None: ...

    @overload
    def __setitem__(self, key: str, value: Any) -> None: ...

    def __setitem__(self, key: str | AppKey[T], value: Any) -> None:
        self._check_change()
        if not isinstance(key, AppKey):
            warnings.warn(
                "It is recommended to use web.AppKey instances for keys: they cannot collide, "
                "and type checkers know what is behind them",
                NotAppKeyWarning,
                stacklevel=2,
            )
        self._state[key] = value

    def __delitem__(self, key: str | AppKey[T]) -> None:
        self._check_change()
        del self._state[key]

    def __len__(self) -> int:
        return len(self._state)

    def __iter__(self) -> Iterator[str | AppKey[Any]]:
        return iter(self._state)

    @overload  # type: ignore[override]
    def get(self, key: AppKey[T], default: None = None) -> T | None: ...

    @overload
    def get(self, key: AppKey[T], default: T) -> T: ...

    @overload
    def get(self, key: str, default: Any = None) -> Any: ...

    def get(self, key: str | AppKey[T], default: Any = None) -> Any:
        """Return what is kept under *key*, or *default*."""
        return self._state.get(key, default)
