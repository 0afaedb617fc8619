"""WSGI applications, which a2wsgi runs in threads and gives the shape of ASGI."""

from __future__ import annotations

from typing import Any, cast

from notebook_http.web.asgi.application import AsgiApplication
from notebook_http.web.asgi.interface import AsgiCallable, Receive, Scope, Send, WsgiCallable

__all__ = ["wsgi_app"]


def wsgi_app(app: WsgiCallable) -> AsgiApplication:
    """Return *app*, written for WSGI (Flask, Django, Bottle …), as a `web.Application`.

    It is served, mounted and wrapped as `asgi_app` is; below a prefix, that is `SCRIPT_NAME`. Each
    request runs in a thread, ten at a time.

    Raises:
        TypeError: *app* cannot be called.
        ImportError: a2wsgi is not installed.
    """
    if not callable(app):
        raise TypeError(f"a WSGI application can be called, {app!r} cannot")
    try:
        from a2wsgi import WSGIMiddleware
    except ImportError as error:
        raise ImportError(
            "WSGI applications need a2wsgi: pip install 'notebook-http[wsgi]'", name="a2wsgi"
        ) from error
    threaded: Any = WSGIMiddleware(cast("Any", app))
    made = AsgiApplication(_unambiguous(threaded), lifespan="off")
    made.wsgi = app
    return made


def _unambiguous(app: AsgiCallable) -> AsgiCallable:
    """Return *app* without fields that an environ could not tell from others.

    ``X_Forwarded_For`` and ``X-Forwarded-For`` are both ``HTTP_X_FORWARDED_FOR`` there, and a proxy
    that takes the second off a request lets the first pass.
    """

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        scope["headers"] = [pair for pair in scope["headers"] if b"_" not in pair[0]]
        await app(scope, receive, send)

    return call
