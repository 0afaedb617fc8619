"""An ASGI application as a `web.Application`: served, mounted and wrapped as any other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any, cast
from urllib.parse import unquote

from notebook_http.web.application import Application, DispatchedRequest
from notebook_http.web.asgi.app_task import Crew
from notebook_http.web.asgi.http_exchange import HttpExchange
from notebook_http.web.asgi.interface import AsgiCallable, Scope, WsgiCallable
from notebook_http.web.asgi.lifespan import Lifespan, LifespanMode
from notebook_http.web.asgi.scope import request_scope
from notebook_http.web.asgi.websocket_exchange import WebSocketExchange, asks_for_websocket
from notebook_http.web.asgi.wrapped_exchange import WrappedExchange
from notebook_http.web.exceptions import HTTPExpectationFailed
from notebook_http.web.request import Request
from notebook_http.web.routing.router import Found, UrlDispatcher
from notebook_http.web.stream_response import StreamResponse

__all__ = ["AsgiApplication", "asgi_app"]

# Seconds that what applications do behind their answers may take when the server stops.
_BACKGROUND_SECONDS = 10.0


def asgi_app(
    app: AsgiCallable, *, root_path: str = "", lifespan: LifespanMode = "auto"
) -> AsgiApplication:
    """Return *app*, written for ASGI 3.0 (FastAPI, Starlette …), as a `web.Application`.

    It can be served by itself (``web.run_app(web.asgi_app(app))``), mounted below a prefix
    (``outer.add_subapp("/api", web.asgi_app(app))``), and have middlewares around it. Below a
    prefix, that is its `root_path`. A response that it sends in one piece reaches middlewares
    before it is sent; one in several pieces, once it is out.

    Args:
        app: called with scope, receive and send.
        root_path: the path below which a proxy in front of this server has put it, and which that
            proxy has taken off.
        lifespan: whether it is told of start and end of serving: ``auto`` if it wants to know,
            ``on`` for an error if it does not, ``off`` for no.

    Raises:
        TypeError: *app* cannot be called.
        ValueError: *root_path* or *lifespan* is none.
    """
    return AsgiApplication(app, root_path=root_path, lifespan=lifespan)


class _OneRoute(UrlDispatcher):
    """A router by which every request goes to one handler."""

    def __init__(self, handler: Any) -> None:
        super().__init__()
        self.mounted_at = ""
        self.route = self.add_route("*", "/{path:.*}", handler, expect_handler=_expected)

    def add_prefix(self, prefix: str) -> None:
        """Take note of where it is mounted. Called by the application around it."""
        super().add_prefix(prefix)
        self.mounted_at = unquote(prefix) + self.mounted_at

    def find(self, method: str, path: str, request: Any = None) -> Found:
        """Return the one route."""
        return self.route, None


async def _expected(request: DispatchedRequest) -> None:
    """Send no 100 yet: the application may answer without reading the body."""
    if (request.expectation or "").lower() != "100-continue":
        raise HTTPExpectationFailed(text="Unknown expectation: only 100-continue is known")


class AsgiApplication(Application):
    """What `asgi_app` returns.

    Attributes:
        asgi: the application that it stands for.
        wsgi: the application inside that, if it was written for WSGI.
    """

    def __init__(
        self, app: AsgiCallable, *, root_path: str = "", lifespan: LifespanMode = "auto"
    ) -> None:
        if not callable(app):
            raise TypeError(f"an ASGI application can be called, {app!r} cannot")
        if not isinstance(root_path, str) or (root_path and not root_path.startswith("/")):
            raise ValueError(f"root_path is empty or begins with a slash, {root_path!r} does not")
        if lifespan not in ("auto", "on", "off"):
            raise ValueError(f"lifespan is 'auto', 'on' or 'off', not {lifespan!r}")
        self._one = _OneRoute(self._answer)
        # The body as it came: what codes it have is said in the scope's headers.
        super().__init__(router=self._one, handler_args={"auto_decompress": False})
        self.asgi = app
        self.wsgi: WsgiCallable | None = None
        self._root_path = root_path.rstrip("/")
        self._lifespan_mode = lifespan
        self._lifespan_state: dict[str, Any] = {}
        self._crew: Crew | None = None
        self._alone = False
        self.cleanup_ctx.append(self._live)

    def __repr__(self) -> str:
        return f"<AsgiApplication {self.asgi!r}>"

    async def _live(self, _: Application) -> AsyncIterator[None]:
        """Run the application's lifespan, and at the end what it still does."""
        crew = self._crew = Crew(asyncio.get_running_loop())
        lifespan = None
        if self._lifespan_mode != "off":
            lifespan = Lifespan(self.asgi, self._lifespan_mode, self.logger)
            await lifespan.startup()
            self._lifespan_state = lifespan.state
        yield
        try:
            await crew.close(_BACKGROUND_SECONDS)
        finally:
            self._crew, self._lifespan_state = None, {}
            if lifespan is not None:
                await lifespan.shutdown()

    def freeze(self) -> None:
        """Fix everything."""
        super().freeze()
        pipeline = self._pipelines[self._one.route]
        self._alone = pipeline.handler is self._one.route.handler and not pipeline.signals

    def dispatch(self, request: DispatchedRequest) -> Awaitable[StreamResponse]:
        """Return what answers *request* when it is awaited; see `Application.dispatch`."""
        if self._alone and not request.expectation:
            request.route = route = self._one.route
            request.path_values = None
            request.pipeline = self._pipelines[route]
            request.current_app = self
            return self._answer(cast("Request", request))
        return super().dispatch(request)

    async def _answer(self, request: Request) -> StreamResponse:
        """Let the application answer."""
        crew = self._crew
        if crew is None:
            raise RuntimeError(f"{self!r} was not started: serve it, or what it is mounted in")
        # `find` gave our own route: anything but its handler is a middleware.
        bare = request.pipeline.handler is self._one.route.handler and not request.signals
        exchange = (HttpExchange if bare else WrappedExchange)(request, self.logger)
        if request.message.upgrade and asks_for_websocket(request):
            return await self._answer_websocket(request, exchange, crew)
        scope = self._scope("http", request.scheme, request)
        scope["extensions"] = {"http.response.pathsend": {}, "http.response.early_hint": {}}
        worker = exchange.begin(self.asgi, scope, crew)
        return exchange.response or await exchange.answer(worker)

    async def _answer_websocket(
        self, request: Request, denial: HttpExchange, crew: Crew
    ) -> StreamResponse:
        exchange = WebSocketExchange(request, denial, self.logger)
        scope = self._scope("websocket", "wss" if request.secure else "ws", request)
        del scope["method"]
        scope["subprotocols"] = exchange.subprotocols
        scope["extensions"] = {"websocket.http.response": {}}
        return await exchange.answer(exchange.begin(self.asgi, scope, crew))

    def _scope(self, kind: str, scheme: str, request: Request) -> Scope:
        return request_scope(
            kind, scheme, request, self._root_path, self._one.mounted_at, self._lifespan_state
        )
