"""`run_app`: serve an application until the process is told to end."""

from __future__ import annotations

import asyncio
import builtins
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Iterable
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from notebook_http.web.access_log import AbstractAccessLogger, AccessLogger, access_logger
from notebook_http.web.application import Application
from notebook_http.web.runner import AppRunner, GracefulExit
from notebook_http.web.running_loop import host as host_of_running_loop
from notebook_http.web.sites import BaseSite, SockSite, TCPSite, UnixSite

if TYPE_CHECKING:
    import ssl

__all__ = ["run_app"]

# Seconds between two looks at nothing: Windows notices Ctrl+C only when the loop wakes.
_WAKE_SECONDS = 3600.0 if os.name != "nt" else 1.0

Path = str | os.PathLike[str]


def run_app(
    app: Application | Awaitable[Application],
    *,
    host: str | Iterable[str] | None = None,
    port: int | None = None,
    path: Path | Iterable[Path] | None = None,
    sock: socket.socket | Iterable[socket.socket] | None = None,
    shutdown_timeout: float = 60.0,
    keepalive_timeout: float = 75.0,
    ssl_context: ssl.SSLContext | None = None,
    print: Callable[..., None] | None = print,
    backlog: int = 128,
    access_log_class: type[AbstractAccessLogger] = AccessLogger,
    access_log_format: str = AccessLogger.LOG_FORMAT,
    access_log: logging.Logger | None = access_logger,
    handle_signals: bool = True,
    reuse_address: bool | None = None,
    reuse_port: bool | None = None,
    handler_cancellation: bool = False,
    loop: asyncio.AbstractEventLoop | None = None,
    **kwargs: Any,
) -> Any:
    """Serve *app* until SIGINT or SIGTERM, then end in good order and return None.

    Where a loop is running already, the notebook layer serves it there in the background, and its
    handle comes back; without that layer it is an error, and nothing has been touched.

    Args:
        app: the application, or something to await for it.
        host: address or addresses; all interfaces by default.
        port: 8080 by default, 8443 with TLS.
        path: path or paths of Unix sockets, in place of or beside *host* and *port*.
        sock: socket or sockets that are bound already.
        shutdown_timeout: seconds that running requests have at the end.
        keepalive_timeout: seconds that an idle connection stays open.
        ssl_context: certificate and key for TLS.
        print: writes the banner; None for none.
        backlog: connections that the kernel keeps until they are accepted.
        access_log_class: what writes the access log.
        access_log_format: what a line of it looks like.
        access_log: where it goes; None for no access log.
        handle_signals: whether SIGINT and SIGTERM end the server.
        reuse_address: see `ListenOptions`.
        reuse_port: see `ListenOptions`.
        handler_cancellation: whether a handler is cancelled when its client leaves.
        loop: the loop to run on, closed at the end; a new one by default.
        **kwargs: further settings of the connections, see `ConnectionSettings`.

    Raises:
        OSError: an address cannot be had; the text says what to try.
        RuntimeError: a loop is running and nobody serves on it; or signals are to be handled in
            another thread than the main one.
        TypeError: *app* is no application, and cannot be awaited for one.
    """
    arguments: dict[str, Any] = {
        "host": host,
        "port": port,
        "path": path,
        "sock": sock,
        "shutdown_timeout": shutdown_timeout,
        "keepalive_timeout": keepalive_timeout,
        "ssl_context": ssl_context,
        "print": print,
        "backlog": backlog,
        "access_log_class": access_log_class,
        "access_log_format": access_log_format,
        "access_log": access_log,
        "handle_signals": handle_signals,
        "reuse_address": reuse_address,
        "reuse_port": reuse_port,
        "handler_cancellation": handler_cancellation,
        **kwargs,
    }
    if _loop_is_running():
        serve_here = host_of_running_loop()
        if serve_here is not None:
            return serve_here(app, **arguments)
        if asyncio.iscoroutine(app):
            app.close()  # never awaited, and that is no fault of its author
        raise RuntimeError(
            "Cannot run the event loop while another loop is running: "
            "use web.AppRunner and web.TCPSite in a coroutine, as in `await site.start()`"
        )
    _run(_serve(app, **arguments), loop or asyncio.new_event_loop())
    return None


def _loop_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _run(serving: Any, loop: asyncio.AbstractEventLoop) -> None:
    """Run *serving* until a signal comes; then cancel it, and everything else, and close."""
    task = loop.create_task(serving)
    try:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(task)
    except (GracefulExit, KeyboardInterrupt):
        pass
    finally:
        try:
            if not task.done():  # else its error is on its way out, and keeps its traceback
                task.cancel()
                try:
                    loop.run_until_complete(task)
                except asyncio.CancelledError:
                    pass
        finally:
            _cancel_all(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
            asyncio.set_event_loop(None)


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel the tasks that handlers left behind, and report what they failed of."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            loop.call_exception_handler(
                {
                    "message": "unhandled exception during shutdown",
                    "exception": error,
                    "task": task,
                }
            )


async def _serve(
    app: Application | Awaitable[Application],
    *,
    host: str | Iterable[str] | None,
    port: int | None,
    path: Path | Iterable[Path] | None,
    sock: socket.socket | Iterable[socket.socket] | None,
    ssl_context: ssl.SSLContext | None,
    print: Callable[..., None] | None,
    backlog: int,
    access_log: logging.Logger | None,
    reuse_address: bool | None,
    reuse_port: bool | None,
    **settings: Any,
) -> None:
    """Serve until cancelled; the application is cleaned up then."""
    if not isinstance(app, Application):
        if not isawaitable(app):
            raise TypeError(
                "run_app serves a web.Application, or awaits a coroutine for one; this is "
                f"{app!r}{_what_to_write(app)}"
            )
        app = await app
    if asyncio.get_running_loop().get_debug() and access_log is access_logger:
        _make_heard(access_log)
    runner = AppRunner(app, access_log=access_log, **settings)
    await _set_up(runner)
    try:
        tcp: dict[str, Any] = {"reuse_address": reuse_address, "reuse_port": reuse_port}
        listening: dict[str, Any] = {"ssl_context": ssl_context, "backlog": backlog}
        hosts = _as_list(host, str)
        if host is None and ((path is None and sock is None) or port is not None):
            hosts = [None]  # all interfaces
        sites: list[BaseSite] = [
            *(TCPSite(runner, each, port, **tcp, **listening) for each in hosts),
            *(UnixSite(runner, each, **listening) for each in _as_list(path, (str, os.PathLike))),
            *(SockSite(runner, each, **listening) for each in _as_list(sock, socket.socket)),
        ]
        for site in sites:
            await site.start()
        if print is not None:
            _print_banner(print, sorted(site.name for site in sites))
        while True:  # until a signal cancels us
            await asyncio.sleep(_WAKE_SECONDS)
    finally:
        await runner.cleanup()


async def _set_up(runner: AppRunner) -> None:
    """Set *runner* up, or take down what was set up and raise why it could not be."""
    try:
        await runner.setup()
    except BaseException:
        try:
            await runner.cleanup()
        except Exception as error:  # what was to be raised tells more
            asyncio.get_running_loop().call_exception_handler(
                {"message": "The clean-up after a failed start-up failed too", "exception": error}
            )
        raise


def _what_to_write(app: Any) -> str:
    """Return what to do with something that is no application of ours."""
    from notebook_http.web.asgi.interface import is_asgi, is_wsgi

    if is_asgi(app):
        return ": write web.run_app(web.asgi_app(…))"
    if is_wsgi(app):
        return ": write web.run_app(web.wsgi_app(…))"
    return ": call it first" if callable(app) else ""


def _as_list(value: Any, kind: type | tuple[type, ...]) -> list[Any]:
    if value is None:
        return []
    return [value] if isinstance(value, kind) else list(value)


def _print_banner(write: Callable[..., None], names: list[str]) -> None:
    text = f"======== Running on {', '.join(names)} ========\n(Press CTRL+C to quit)"
    if write is builtins.print:
        write(text, flush=True)  # a pipe would keep it until the end
    else:
        write(text)


def _make_heard(access_log: logging.Logger) -> None:
    """Let a debugging programmer see the access log, who has set up no logging."""
    if access_log.level == logging.NOTSET:
        access_log.setLevel(logging.DEBUG)
    if not access_log.hasHandlers():
        access_log.addHandler(logging.StreamHandler())
