"""Make a `web.Application` of a dict like `{"GET /hello": handler}`.

Handlers there may return plain values (dict, list, str, bytes …) in place of a response; whatever
is wrong with an entry is said with its key, before anything starts.
"""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable, Mapping
from functools import update_wrapper
from inspect import isawaitable
from typing import Any, TypeAlias

from notebook_http import web
from notebook_http.notebook.foreign_application import foreign_application

__all__ = ["Servable", "application_from", "application_of", "response_from"]

# What a server of a notebook takes; `application_of` says what becomes of it.
Servable: TypeAlias = web.Application | Mapping[str, Any] | Callable[..., Any]

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "*")


def application_of(app: object) -> web.Application:
    """Return *app* if it is an application, or the one that it stands for.

    That is a dict, or an application written for ASGI or WSGI.

    Raises:
        TypeError: it is nothing of that, or a handler of the dict cannot be called.
        ValueError: a route of the dict is none.
        ImportError: it is written for WSGI, and a2wsgi is not installed.
    """
    if isinstance(app, web.Application):
        return app
    if isinstance(app, Mapping):
        return application_from(app)
    foreign = foreign_application(app)
    if foreign is not None:
        return foreign
    msg = (
        f'A server needs a web.Application or a dict like {{"GET /hello": handler}}, '
        "or an application written for ASGI or WSGI (FastAPI, Starlette, Flask …), "
        f"not a {type(app).__name__}"
    )
    raise TypeError(msg)


def application_from(routes: Mapping[str, Any]) -> web.Application:
    """Return a new application that answers as *routes* says.

    Keys are a method and a path (`"POST /items/{id}"`; `*` is any method) or a path alone, which
    means GET. A GET also answers HEAD. Handlers take the request and return, or are coroutine
    functions that return, a response or a plain value: see `response_from`.

    Raises:
        ValueError: a key is no method and path, or two keys mean the same.
        TypeError: a key is no text, or what stands for it cannot be called.
    """
    parsed = {key: _method_and_path(key) for key in routes}
    with_own_head = {path for method, path in parsed.values() if method in ("HEAD", "*")}
    app = web.Application()
    for key, handler in routes.items():
        method, path = parsed[key]
        if not callable(handler):
            msg = (
                f"The entry {key!r} needs a handler, not {_shown(handler)}.\n"
                'Write `async def hello(request): return {"hello": "world"}` '
                f"and put {{{key!r}: hello}}."
            )
            raise TypeError(msg)
        answer = _answering(key, handler)
        try:
            if method == "GET":
                app.router.add_get(path, answer, allow_head=path not in with_own_head)
            else:
                app.router.add_route(method, path, answer)
        except RuntimeError as error:
            msg = f"Two entries mean the same route; the second is {key!r}. Keep one of them."
            raise ValueError(msg) from error
        except ValueError as error:
            msg = f"The entry {key!r} has no valid path: {error}"
            raise ValueError(msg) from error
    return app


def response_from(value: Any, key: str) -> web.StreamResponse:
    """Return the response that *value*, which the handler of *key* returned, stands for.

    A response is itself; dict, list, tuple, number, True and False are JSON; str is text/plain;
    bytes are application/octet-stream.

    Raises:
        TypeError: *value* is None or something else. The handler erred.
    """
    if isinstance(value, web.StreamResponse):
        return value
    if isinstance(value, str):
        return web.Response(text=value)
    if isinstance(value, bytes | bytearray | memoryview):
        return web.Response(body=bytes(value), content_type="application/octet-stream")
    if isinstance(value, dict | list | tuple | int | float):
        return web.json_response(value)
    msg = (
        f"The handler of {key!r} returned {_shown(value)}. Return a web.Response, "
        "or a dict or list (sent as JSON), a str (as text) or bytes."
    )
    raise TypeError(msg)


def _answering(
    key: str, handler: Callable[[web.Request], Any]
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        value = handler(request)
        if isawaitable(value):
            value = await value
        return response_from(value, key)

    # The handler's name and docstring, for tracebacks and whoever lists routes.
    return update_wrapper(answer, handler)


def _method_and_path(key: Any) -> tuple[str, str]:
    if not isinstance(key, str):
        msg = f'A route is text like "GET /hello", not {_shown(key)}.'
        raise TypeError(msg)
    first, _, rest = key.strip().partition(" ")
    method, path = ("GET", first) if first.startswith("/") and not rest else (first, rest.strip())
    method = method.upper()
    if method not in _METHODS:
        near = difflib.get_close_matches(method, _METHODS, n=1)
        hint = f"Did you mean {near[0] + ' ' + path!r}?" if near and path else ""
        hint = hint or 'Write a method and a path: "GET /hello" or "POST /items/{id}".'
        msg = f"The route {key!r} does not begin with an HTTP method.\n{hint}"
        raise ValueError(msg)
    if not path.startswith("/") or any(character.isspace() for character in path):
        msg = (
            f"The route {key!r} has no path behind its method: a path begins with a slash and has "
            'no spaces.\nWrite it like "GET /hello" or "POST /items/{id}".'
        )
        raise ValueError(msg)
    return method, path


def _shown(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
