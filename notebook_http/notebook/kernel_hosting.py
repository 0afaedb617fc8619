"""Let `web.run_app(app)` serve in a kernel, where an event loop is running already.

In a script `run_app` blocks until Ctrl+C. In a cell the same line opens its socket, starts the
server on the kernel's loop, shows its card and returns; the cell can be run again. `install` is
called at `import notebook_http`, so it imports nothing that is not there yet.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import ExitStack
from socket import socket
from typing import TYPE_CHECKING, Any

from notebook_http.notebook.environment import running_kernel
from notebook_http.web.running_loop import set_host

if TYPE_CHECKING:
    import asyncio
    import ssl

    from notebook_http.notebook.kernel_server import Server

__all__ = ["install", "uninstall"]

#: Arguments of `run_app` that have no meaning here: the card is what is printed, signals are the
#: kernel's, and the loop is the one that runs.
_WITHOUT_MEANING = ("print", "handle_signals", "loop", "reuse_address", "reuse_port")

#: Seconds that running requests have when the cell is run again. `run_app` has 60 by default,
#: which suits a process that ends and not a person who waits.
_MAX_SHUTDOWN_SECONDS = 3.0


def install() -> None:
    """Serve in the background from now on, if IPython runs a kernel here; else do nothing."""
    if running_kernel() is not None:
        set_host(_host)


def uninstall() -> None:
    """Let `run_app` refuse again where a loop is running, as aiohttp's does."""
    set_host(None)


def _host(
    app: Any,
    /,
    *,
    host: str | Iterable[str] | None = None,
    port: int | None = None,
    path: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None = None,
    sock: socket | Iterable[socket] | None = None,
    shutdown_timeout: float = _MAX_SHUTDOWN_SECONDS,
    ssl_context: ssl.SSLContext | None = None,
    backlog: int = 128,
    **settings: Any,
) -> Server:
    """Return a server of *app* whose sockets listen already; it starts when the loop goes on.

    Raises:
        PortTakenError: somebody else listens there; an OSError.
        OSError: nothing can listen there.
        TypeError: *app* is no application, nor something to await for one.
    """
    from notebook_http.notebook.kernel_server import Server
    from notebook_http.notebook.listening_socket import LOOPBACK
    from notebook_http.notebook.server import short_errors, show_card, update_card

    for name in _WITHOUT_MEANING:
        settings.pop(name, None)
    settings["shutdown_timeout"] = min(shutdown_timeout, _MAX_SHUTDOWN_SECONDS)
    if port is not None and host is None:
        host = LOOPBACK  # beside sockets that are given, too
    port = port if port is not None else 8443 if ssl_context is not None else 8080
    with short_errors():
        server = Server.of_run_app(app, ssl_context=ssl_context, settings=settings)
        sockets, leaving = _sockets(host, port, path, sock, backlog)
    server.begin(sockets, after=leaving)
    card_id = show_card(server)
    # The card says what is known now: it listens. Only bad news, or the routes of an application
    # that was still to be made, change it; nbclient would lose such an update.
    told_routes = server.app is not None

    def tell(starting: asyncio.Future[None]) -> None:
        failed = not starting.cancelled() and starting.exception() is not None
        if failed or not told_routes:
            update_card(server, card_id)

    server.when_started(tell)
    return server


def _sockets(
    host: str | Iterable[str] | None,
    port: int,
    path: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None,
    sock: socket | Iterable[socket] | None,
    backlog: int,
) -> tuple[list[socket], list[Server]]:
    """Return the listening sockets that the arguments ask for, and whom of ours they replace."""
    from notebook_http.notebook.kernel_server import registry
    from notebook_http.notebook.listening_socket import LOOPBACK, checked_port, listen_on_path
    from notebook_http.notebook.server import sockets_for

    given = [] if sock is None else [sock] if isinstance(sock, socket) else list(sock)
    paths = [] if path is None else [path] if isinstance(path, str | os.PathLike) else list(path)
    hosts = [host] if isinstance(host, str) else list(host or ())
    leaving: dict[Server, None] = {}
    with ExitStack() as undo:
        sockets = []
        for each in given:
            holders = [server for server in registry.running() if each in server.sockets]
            leaving.update(dict.fromkeys(holders))
            # Its server closes a socket when it ends: one that is given again needs a copy.
            if holders:
                each = each.dup()
                undo.callback(each.close)
            sockets.append(each)
        for place in paths:
            holders = [
                server
                for server in registry.running()
                if server.sockets and server.url == f"unix:{os.fspath(place)}"
            ]
            leaving.update(dict.fromkeys(holders))
            sockets.append(listen_on_path(place, backlog=backlog))
            undo.callback(sockets[-1].close)
        if hosts or not sockets:
            opened, holders = sockets_for(hosts or [LOOPBACK], checked_port(port), backlog=backlog)
            sockets += opened
            leaving.update(dict.fromkeys(holders))
        undo.pop_all()
    return sockets, list(leaving)
