"""The shapes of ASGI 3.0, and who is told apart by them. Knows no server."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

__all__ = [
    "ASGI_VERSIONS",
    "AsgiCallable",
    "Message",
    "Receive",
    "Scope",
    "Send",
    "WsgiCallable",
    "is_asgi",
    "is_wsgi",
]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiCallable = Callable[[Scope, Receive, Send], Awaitable[None]]
WsgiCallable = Callable[[dict[str, Any], Any], Any]

# 2.3, as uvicorn says: Starlette then listens for `http.disconnect` beside a stream, and ends one
# that has nothing to say to a client that has left. With 2.4 it would only notice when it writes.
ASGI_VERSIONS = {"version": "3.0", "spec_version": "2.3"}


def is_asgi(app: Any) -> bool:
    """Tell whether *app* looks like an ASGI 3.0 application.

    It is called with scope, receive and send, and what it returns is awaited.
    """
    names = _positional(app)
    if names is None or len(names) != 3:
        return False
    call = app if inspect.isroutine(app) else type(app).__call__
    return inspect.iscoroutinefunction(call) or names == ["scope", "receive", "send"]


def is_wsgi(app: Any) -> bool:
    """Tell whether *app* looks like a WSGI application: called with environ and start_response."""
    names = _positional(app)
    if names is None or len(names) != 2:
        return False
    call = app if inspect.isroutine(app) else type(app).__call__
    return not inspect.iscoroutinefunction(call)


def _positional(app: Any) -> list[str] | None:
    """Return the names of the arguments that a call of *app* has to give, or None."""
    if inspect.isclass(app) or not callable(app):
        return None
    try:
        parameters = inspect.signature(app).parameters.values()
    except (TypeError, ValueError):
        return None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [
        each.name
        for each in parameters
        if each.kind in kinds and each.default is inspect.Parameter.empty
    ]
