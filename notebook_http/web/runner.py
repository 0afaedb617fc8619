"""Runners: start an application or a low-level server, and end it in good order."""

from __future__ import annotations

import asyncio
import signal
from abc import ABC, abstractmethod
from typing import Any, Protocol

from notebook_http.transport.stream_reader import StreamReader
from notebook_http.web.access_log import AbstractAccessLogger, AccessLogger
from notebook_http.web.application import Application
from notebook_http.web.connection_handler import RequestHandler
from notebook_http.web.request import Request
from notebook_http.web.server import Server
from notebook_http.wire.http1_request import RequestHead

__all__ = ["AppRunner", "BaseRunner", "GracefulExit", "ServerRunner", "Site"]


class GracefulExit(SystemExit):
    """Raised by SIGINT and SIGTERM where a runner handles signals: end in good order."""

    code = 1


def _raise_graceful_exit() -> None:
    raise GracefulExit


class Site(Protocol):
    """What a runner needs of the places where it listens."""

    @property
    def name(self) -> str:
        """Where it listens, as a URL."""

    @property
    def addresses(self) -> list[Any]:
        """The sockets' own addresses."""

    async def stop(self) -> None:
        """Stop listening."""


class BaseRunner(ABC):
    """A server and the places where it listens.

    Args:
        handle_signals: whether SIGINT and SIGTERM raise `GracefulExit` on the loop.
        shutdown_timeout: seconds that running requests have when the runner is cleaned up.
        **kwargs: settings of the connections, see `ConnectionSettings`.
    """

    def __init__(
        self, *, handle_signals: bool = False, shutdown_timeout: float = 60.0, **kwargs: Any
    ) -> None:
        self._handle_signals = handle_signals
        self._shutdown_timeout = shutdown_timeout
        self._kwargs = kwargs
        self._server: Server | None = None
        self._sites: list[Site] = []

    def __repr__(self) -> str:
        names = ", ".join(site.name for site in self._sites) or "nowhere"
        return f"<{type(self).__name__} listening on {names}>"

    @property
    def server(self) -> Server | None:
        """The low-level server, or None before `setup` and after `cleanup`."""
        return self._server

    @property
    def addresses(self) -> list[Any]:
        """The addresses of all listening sockets, ports resolved."""
        return [address for site in self._sites for address in site.addresses]

    @property
    def sites(self) -> set[Site]:
        """The places where it listens."""
        return set(self._sites)

    @property
    def shutdown_timeout(self) -> float:
        """Seconds that running requests have when the runner is cleaned up."""
        return self._shutdown_timeout

    @shutdown_timeout.setter
    def shutdown_timeout(self, seconds: float) -> None:
        self._shutdown_timeout = seconds

    def register_site(self, site: Site) -> None:
        """Take note of *site*. Called by the site.

        Raises:
            RuntimeError: it is there already, or the runner was not set up.
        """
        if self._server is None:
            raise RuntimeError("Call runner.setup() before making a site")
        if site in self._sites:
            raise RuntimeError(f"Site {site} is already registered in runner {self}")
        self._sites.append(site)

    def unregister_site(self, site: Site) -> None:
        """Forget *site*. Called by the site.

        Raises:
            RuntimeError: it is not there.
        """
        if site not in self._sites:
            raise RuntimeError(f"Site {site} is not registered in runner {self}")
        self._sites.remove(site)

    async def setup(self) -> None:
        """Start the server; nothing listens yet.

        After an error or a cancel call `cleanup`, which takes down what was set up.

        Raises:
            RuntimeError: signals are to be handled in another thread than the main one.
        """
        if self._handle_signals:
            loop = asyncio.get_running_loop()
            try:
                loop.add_signal_handler(signal.SIGINT, _raise_graceful_exit)
                loop.add_signal_handler(signal.SIGTERM, _raise_graceful_exit)
            except NotImplementedError:
                pass  # Windows has no such handlers; Ctrl+C raises KeyboardInterrupt there
            except RuntimeError as error:
                raise RuntimeError(
                    "Signals reach the main thread only. To serve in another thread, pass "
                    "handle_signals=False to run_app, or leave it out of AppRunner"
                ) from error
        self._server = await self._make_server()

    @abstractmethod
    async def _make_server(self) -> Server:
        """Return the server, started."""

    @abstractmethod
    async def shutdown(self) -> None:
        """Say that the end has begun, while requests may still be running."""

    @abstractmethod
    async def _cleanup_server(self) -> None:
        """Take down what the server used, once all connections are closed."""

    async def cleanup(self) -> None:
        """Stop listening, let running requests finish, close all connections, clean up.

        A cancel shortens the waiting; connections are closed and the clean-up is run all the same.
        """
        for site in list(self._sites):
            await site.stop()
        server = self._server
        try:
            if server is not None:
                # Connections that were accepted just now get as far as being seen.
                await asyncio.sleep(0)
                server.pre_shutdown()
                try:
                    await self.shutdown()
                finally:
                    await server.shutdown(self._shutdown_timeout)
        finally:
            self._server = None
            try:
                await self._cleanup_server()
            finally:
                if self._handle_signals:
                    loop = asyncio.get_running_loop()
                    try:
                        loop.remove_signal_handler(signal.SIGINT)
                        loop.remove_signal_handler(signal.SIGTERM)
                    except NotImplementedError:
                        pass


class ServerRunner(BaseRunner):
    """A runner for a low-level `Server`.

    Args:
        web_server: the server.
        handle_signals: see `BaseRunner`.
        **kwargs: see `BaseRunner`.
    """

    def __init__(self, web_server: Server, *, handle_signals: bool = False, **kwargs: Any) -> None:
        super().__init__(handle_signals=handle_signals, **kwargs)
        self._web_server = web_server

    async def shutdown(self) -> None:
        """Do nothing: a low-level server has no signals."""

    async def _make_server(self) -> Server:
        return self._web_server

    async def _cleanup_server(self) -> None:
        pass


class AppRunner(BaseRunner):
    """A runner for an application.

    Args:
        app: the application.
        handle_signals: see `BaseRunner`.
        access_log_class: what writes the access log.
        **kwargs: see `BaseRunner` and `ConnectionSettings`.

    Raises:
        TypeError: *app* is no application, or a setting is unknown.
    """

    def __init__(
        self,
        app: Application,
        *,
        handle_signals: bool = False,
        access_log_class: type[AbstractAccessLogger] = AccessLogger,
        **kwargs: Any,
    ) -> None:
        if not isinstance(app, Application):
            raise TypeError(f"The first argument should be web.Application instance, got {app!r}")
        if not issubclass(access_log_class, AbstractAccessLogger):
            raise TypeError(
                "access_log_class must be a subclass of AbstractAccessLogger, "
                f"got {access_log_class}"
            )
        super().__init__(handle_signals=handle_signals, **kwargs)
        self._app = app
        self._access_log_class = access_log_class

    @property
    def app(self) -> Application:
        """The application."""
        return self._app

    async def shutdown(self) -> None:
        """Run the application's `on_shutdown`."""
        await self._app.shutdown()

    async def _make_server(self) -> Server:
        app = self._app
        app.set_loop(asyncio.get_running_loop())
        app.on_startup.freeze()
        await app.startup()
        app.freeze()
        max_size, max_fields = app.client_max_size, app.client_max_fields

        def make_request(
            head: RequestHead,
            body: StreamReader,
            connection: RequestHandler,
            writer: None,
            task: asyncio.Task[None],
        ) -> Request:
            return Request(head, body, connection, None, task, None, max_size, max_fields)

        # As in aiohttp the application has the last word: `run_app` says 75 seconds of
        # keepalive_timeout even where nobody asked it to.
        settings: dict[str, Any] = {"debug": app.is_debugging(), **self._kwargs, **app.handler_args}
        settings.setdefault("access_log_class", self._access_log_class)
        return Server(app.dispatch, request_factory=make_request, **settings)

    async def _cleanup_server(self) -> None:
        await self._app.cleanup()
