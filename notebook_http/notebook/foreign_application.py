"""Applications of other frameworks in a notebook: which kind they are, and what they answer.

Knows FastAPI, Starlette and Flask by the shape of their tables only, and imports none of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from notebook_http import web
from notebook_http.web.asgi.interface import is_asgi, is_wsgi

__all__ = ["foreign_application", "foreign_routes"]


def foreign_application(app: Any) -> web.Application | None:
    """Return *app* as a `web.Application` if it is written for ASGI or WSGI, else None.

    Raises:
        ImportError: it is written for WSGI, and a2wsgi is not installed.
    """
    if is_asgi(app):
        return web.asgi_app(app)
    return web.wsgi_app(app) if is_wsgi(app) else None


def foreign_routes(app: web.Application) -> list[tuple[str, str]] | None:
    """Return the (method, path) pairs of a framework's application; None if they are not known.

    A WebSocket's method is `WS`; what is mounted below a path answers any (`*`).
    """
    inner: Any = getattr(app, "wsgi", None) or getattr(app, "asgi", None)
    if inner is None:
        return None
    try:
        rules = getattr(inner, "url_map", None)
        if rules is not None:
            found = [(rule.methods, rule.rule) for rule in rules.iter_rules()]
        else:
            found = [_of_starlette(route) for route in inner.routes]
        return [(method, str(path)) for methods, path in found for method in _shown(methods)]
    except (AttributeError, TypeError):
        return None  # another framework, or another version: the card does without


def _of_starlette(route: Any) -> tuple[Iterable[str] | None, str]:
    if hasattr(route, "methods"):
        return route.methods, route.path
    return ["*" if hasattr(route, "routes") else "WS"], route.path


def _shown(methods: Iterable[str] | None) -> list[str]:
    """Return the methods that say something: not those that come with every GET."""
    known = set(methods or ("*",))
    return sorted(known - {"HEAD", "OPTIONS"} or known)
