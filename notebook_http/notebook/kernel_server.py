"""A server that lives in this process: in a notebook, on the kernel's own event loop.

Wraps a `web.Application` and its `web.AppRunner`; all of HTTP is theirs. Knows how to start and
stop, and how to give its sockets to a successor. Which server takes whose place is decided in
`server`.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from inspect import isawaitable
from socket import socket
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from notebook_http import web
from notebook_http.notebook.cell_identity import CellRun, current_cell_run
from notebook_http.notebook.dict_application import Servable, application_of
from notebook_http.notebook.display.server_card import ServerFacts, server_bundle
from notebook_http.notebook.foreign_pages import keep_foreign_pages_away
from notebook_http.notebook.listening_socket import LOOPBACK, address_url, checked_port, listen
from notebook_http.notebook.log_masking import mask_logs
from notebook_http.notebook.pending_call import explains_itself
from notebook_http.notebook.server_registry import ServerRegistry
from notebook_http.notebook.server_words import failure_words, routes_of

if TYPE_CHECKING:
    from ssl import SSLContext

__all__ = ["Server", "registry"]

logger = logging.getLogger("notebook_http.notebook")

State: TypeAlias = Literal["not started", "starting", "running", "stopping", "stopped", "failed"]

#: Seconds that running requests may take when their server stops: a person waits for the cell.
_SHUTDOWN_SECONDS = 3.0

#: Seconds between accepting no more and closing what is idle: a request follows its connection
#: within a millisecond on this machine.
_GRACE_SECONDS = 0.02

registry: ServerRegistry[Server] = ServerRegistry()


class Server:
    """A server of *app* in this process, for its loopback address only.

    `await server.start()` and `await server.stop()`, or `async with Server(app) as server`. In a
    cell `await serve(app)` is shorter, and can be run again. As a cell's value it shows a card of
    how it stands at that moment.

    Args:
        app: a `web.Application`, a dict like `{"GET /hello": handler}`, whose handlers may return
            dict, list, str or bytes, or an application for ASGI or WSGI (FastAPI, Flask …).
        name: what it is called on its card; no meaning beyond that.

    Raises:
        TypeError: *app* is neither, or a handler cannot be called.
        ValueError: a route of the dict is none.
    """

    def __init__(self, app: Servable, *, name: str | None = None) -> None:
        self._app: web.Application | Awaitable[web.Application] = application_of(app)
        self._name = _checked_name(name)
        self._state: State = "not started"
        self._settings: dict[str, Any] = {"shutdown_timeout": _SHUTDOWN_SECONDS}
        self._ssl_context: SSLContext | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sockets: list[socket] = []
        self._url = ""
        self._port = 0
        self._runner: web.AppRunner | None = None
        self._starting: asyncio.Task[None] | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._trouble = ""
        self._started_in: CellRun | None = None
        self._shown_in: CellRun | None = None

    @classmethod
    def of_run_app(
        cls,
        app: web.Application | Awaitable[web.Application],
        *,
        ssl_context: SSLContext | None,
        settings: Mapping[str, Any],
    ) -> Server:
        """Return a server of what `web.run_app` accepts; *settings* are those of `AppRunner`.

        Raises:
            TypeError: *app* is neither an application nor awaitable.
        """
        waits = isawaitable(app)
        server = cls({} if waits else app)  # type: ignore[arg-type]
        if waits:
            server._app = app
        server._ssl_context = ssl_context
        server._settings = dict(settings)
        return server

    # How it stands

    @property
    def app(self) -> web.Application | None:
        """The application; None while it is still being made by a coroutine."""
        return self._app if isinstance(self._app, web.Application) else None

    @property
    def name(self) -> str | None:
        """What it is called; None if nothing."""
        return self._name

    @property
    def url(self) -> str:
        """Its address, with a slash at the end: `http://127.0.0.1:40123/`.

        Raises:
            RuntimeError: it was not started, so it has none.
        """
        if not self._url:
            msg = "This server has no address yet: `await server.start()` first"
            raise RuntimeError(msg)
        return self._url

    @property
    def port(self) -> int:
        """The port it listens on, or did last; 0 before `start`."""
        return self._port

    @property
    def running(self) -> bool:
        """Whether it accepts connections: from the moment it is being started on."""
        loop = self._loop
        return self._state in ("starting", "running") and loop is not None and not loop.is_closed()

    @property
    def state(self) -> State:
        """How it stands, in words."""
        return self._state

    @property
    def sockets(self) -> list[socket]:
        """The sockets it listens on; none once it has stopped listening."""
        return [each for each in self._sockets if each.fileno() >= 0]

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop it was started on; None before that."""
        return self._loop

    @property
    def started_in(self) -> CellRun | None:
        """The run of the cell that started it; None in a script."""
        return self._started_in

    def __repr__(self) -> str:
        name = f" {self._name!r}" if self._name else ""
        address = f" {self._url}" if self._url else ""
        return f"<Server{name}{address} {self._shown_state}>"

    @property
    def _shown_state(self) -> str:
        # It listens while it starts, and whoever connects is answered soon.
        return "running" if self.running else self._state

    def facts(self) -> ServerFacts:
        """Return what a card or table shows of it."""
        return ServerFacts(
            name=self._name or "",
            url=self._url,
            state=self._shown_state,
            routes=routes_of(self.app),
            trouble=self._trouble,
        )

    def card_shown(self) -> None:
        """Take note that this run of this cell shows its card already."""
        self._shown_in = current_cell_run()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        # Run as the last line of a cell, `await serve(app)` has just shown the card above.
        if self._shown_in is not None and self._shown_in == current_cell_run():
            return {"text/plain": repr(self)}
        return server_bundle(self.facts())

    # Start and stop

    @explains_itself("server.start(…)", "it was not started")
    async def start(self, port: int = 0) -> None:
        """Return when it answers on *port* of 127.0.0.1, a free one for 0.

        While it runs, another `start` changes nothing. A stopped server can be started again, its
        application too: its `on_startup` runs anew. A cancel leaves it stopped and the port free.

        Raises:
            PortTakenError: somebody else listens on *port*; an OSError.
            RuntimeError: it runs on another port, or its application runs elsewhere.
            ValueError: there is no such port.
            Exception: whatever `on_startup` of the application raised.
        """
        checked_port(port)
        if self.running:
            if port not in (0, self._port):
                msg = f"It runs at {self._url}: `await server.stop()` before it moves to {port}"
                raise RuntimeError(msg)
            await self.started()
            return
        if self._stopping is not None:
            await asyncio.shield(self._stopping)
        self.begin(listen(LOOPBACK, port))
        await self.started()

    def begin(self, sockets: list[socket], *, after: Iterable[Server] = ()) -> None:
        """Start on *sockets*, which listen already, as soon as the servers *after* have stopped.

        Returns at once; `started` tells how it went. The sockets are this server's from now on.
        Once the application starts, it may be that of one of those servers.
        """
        self._loop = asyncio.get_running_loop()
        self._sockets = sockets
        self._url, self._port = address_url(sockets[0], secure=self._ssl_context is not None)
        self._state, self._trouble = "starting", ""
        self._stopping = None
        _close_at_exit()
        mask_logs()
        self._started_in = current_cell_run()
        registry.add(self)
        leaving = list(after)
        for each in leaving:
            if each.loop is self._loop:
                # At once: one that is still starting would go on and find its successor there.
                each.begin_stop()
        self._starting = self._loop.create_task(self._start(leaving))

    async def started(self) -> None:
        """Return when it answers. A cancel stops it.

        Raises:
            Exception: whatever kept it from starting.
        """
        if self._starting is not None:
            await self._starting

    def when_started(self, call: Callable[[asyncio.Task[None]], None]) -> None:
        """Call *call* with the task that starts it when that is done, however it went."""
        if self._starting is not None:
            self._starting.add_done_callback(call)

    async def _start(self, after: list[Server]) -> None:
        try:
            for each in after:
                await each.leave()
            app = self._app if isinstance(self._app, web.Application) else await self._app
            self._app = app
            await self._be_only_home_of(app)
            self._runner = web.AppRunner(app, handle_signals=False, **self._settings)
            await self._runner.setup()
            keep_foreign_pages_away(self._runner, self._sockets)
            for listening in self._sockets:
                await web.SockSite(self._runner, listening, ssl_context=self._ssl_context).start()
        except BaseException as error:
            cancelled = isinstance(error, asyncio.CancelledError)
            self._state = "stopped" if cancelled else "failed"
            self._trouble = "" if cancelled else failure_words(error)
            try:
                if self._runner is not None:
                    await self._runner.cleanup()
            finally:
                self._release()
            raise
        if self._state == "starting":
            self._state = "running"

    async def _be_only_home_of(self, app: web.Application) -> None:
        """Wait for servers of *app* that are stopping, and refuse to start beside one that runs."""
        for other in registry.running():
            if other is self or other.app is not app:
                continue
            if other.running:
                msg = (
                    f"This application is served at {other.url} already, by {other!r}.\n"
                    "Stop that server first (`await server.stop()`), or make another Application."
                )
                raise RuntimeError(msg)
            await other.leave()

    @explains_itself("server.stop()", "it was not stopped")
    async def stop(self) -> None:
        """Stop listening, let running requests end (3 s at most), close all connections.

        Does nothing when it does not run. A cancel does not keep it from stopping.

        Raises:
            Exception: whatever `on_shutdown` or `on_cleanup` raised; it is stopped all the same.
        """
        loop = self._loop
        if loop is None or self._state in ("stopped", "failed"):
            return
        if loop is asyncio.get_running_loop():
            await self._stop_here()
        elif loop.is_running():
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._stop_here(), loop))
        else:
            self.close()

    async def leave(self) -> None:
        """Stop, so that another server can take its place; what its clean-up raises is logged."""
        try:
            await self.stop()
        except Exception:
            logger.exception("The clean-up of %r failed; it was replaced all the same", self)

    def close(self) -> None:
        """Close the sockets it listens on, at once, and nothing else. For the end of a process."""
        self._state = "stopped"
        self._release()

    def begin_stop(self) -> None:
        """Begin to stop, on the loop that it runs on; `stop` tells when that is done."""
        if self._stopping is not None or self._state in ("not started", "stopped", "failed"):
            return
        self._state = "stopping"
        if self._starting is not None and not self._starting.done():
            self._starting.cancel()
        self._stopping = asyncio.get_running_loop().create_task(self._shut_down())

    async def _stop_here(self) -> None:
        self.begin_stop()
        if self._stopping is not None:
            await asyncio.shield(self._stopping)

    async def _shut_down(self) -> None:
        try:
            starting, runner = self._starting, self._runner
            if starting is not None:
                await asyncio.wait([starting])
                if not starting.cancelled() and starting.exception() is None and runner is not None:
                    await self._accept_no_more()
                    await runner.cleanup()
                # Else it has cleaned up behind itself.
        finally:
            self._state = "stopped"
            self._release()

    async def _accept_no_more(self) -> None:
        """Let those who are connected already send their request; others wait for a successor.

        A connection that the loop has accepted but not yet given to the server would be lost,
        neither answered nor closed, if listening ended right now.
        """
        self._watch_no_more()
        await asyncio.sleep(_GRACE_SECONDS)

    def _release(self) -> None:
        registry.discard(self)
        self._watch_no_more()
        for listening in self._sockets:
            listening.close()
        self._sockets = []

    def _watch_no_more(self) -> None:
        """Let the loop forget the sockets; they still listen.

        A start that is cancelled leaves them watched. Closed like that they would make the loop
        deaf to the next socket of the same number, which it would believe to be watched.
        """
        if self._loop is None or self._loop.is_closed():
            return
        for listening in self.sockets:
            with suppress(NotImplementedError):  # not every loop has readers
                self._loop.remove_reader(listening)

    async def __aenter__(self) -> Server:
        await self.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()


@cache
def _close_at_exit() -> None:
    """Let the end of the process free all ports: a kernel's loop does not run then."""

    def close_all() -> None:
        for server in registry.running():
            server.close()

    atexit.register(close_all)


def _checked_name(name: object) -> str | None:
    if name is None or isinstance(name, str):
        return name
    msg = f"name is text, not {name!r}"
    raise TypeError(msg)
