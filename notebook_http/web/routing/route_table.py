"""Routes written down before there is a router: ``web.get("/", handle)`` and `RouteTableDef`."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, overload

from notebook_http.web.routing.route import AbstractRoute, Handler

__all__ = [
    "AbstractRouteDef",
    "RouteDef",
    "RouteRegistry",
    "RouteTableDef",
    "StaticDef",
    "delete",
    "get",
    "head",
    "options",
    "patch",
    "post",
    "put",
    "route",
    "static",
    "view",
]

H = TypeVar("H", bound=Handler)
V = TypeVar("V")


class RouteRegistry(Protocol):
    """What a definition needs of the router it is registered with."""

    def add_get(self, path: str, handler: Handler, **options: Any) -> AbstractRoute:
        """Add a route for GET, and for HEAD unless told otherwise."""

    @property
    def add_static(self) -> Callable[..., Iterable[AbstractRoute]]:
        """Add the files of a folder: prefix, folder, and what the router knows beside."""

    @property
    def add_route(self) -> Callable[..., AbstractRoute]:
        """Add a route for a method: method, path, handler, and what the router knows beside."""


class AbstractRouteDef(ABC):
    """A definition that can be added to a router, by `Application.add_routes`."""

    @abstractmethod
    def register(self, router: RouteRegistry) -> list[AbstractRoute]:
        """Add the definition to *router* and return the routes it made."""


@dataclass(frozen=True, repr=False)
class RouteDef(AbstractRouteDef):
    """One route: method, path, handler, and arguments of `UrlDispatcher.add_route`."""

    method: str
    path: str
    handler: Handler
    kwargs: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        extra = "".join(f", {name}={value!r}" for name, value in sorted(self.kwargs.items()))
        name = getattr(self.handler, "__name__", repr(self.handler))
        return f"<RouteDef {self.method} {self.path} -> {name!r}{extra}>"

    def register(self, router: RouteRegistry) -> list[AbstractRoute]:
        """Add the route to *router* and return it."""
        if self.method == "GET":  # has an argument of its own: allow_head
            return [router.add_get(self.path, self.handler, **self.kwargs)]
        return [router.add_route(self.method, self.path, self.handler, **self.kwargs)]


@dataclass(frozen=True, repr=False)
class StaticDef(AbstractRouteDef):
    """A folder of files: prefix, folder, and arguments of `UrlDispatcher.add_static`."""

    prefix: str
    path: str | os.PathLike[str]
    kwargs: dict[str, Any]

    def __repr__(self) -> str:
        extra = "".join(f", {name}={value!r}" for name, value in sorted(self.kwargs.items()))
        return f"<StaticDef {self.prefix} -> {self.path}{extra}>"

    def register(self, router: RouteRegistry) -> list[AbstractRoute]:
        """Add the folder to *router* and return its routes."""
        return list(router.add_static(self.prefix, self.path, **self.kwargs))


def route(method: str, path: str, handler: Handler, **kwargs: Any) -> RouteDef:
    """Return a definition for *method*; arguments as for `UrlDispatcher.add_route`."""
    return RouteDef(method, path, handler, kwargs)


def head(path: str, handler: Handler, **kwargs: Any) -> RouteDef:
    """Return a definition for HEAD."""
    return route("HEAD", path, handler, **kwargs)


def options(path: str, handler: Handler, **kwargs: Any) -> RouteDef:
    """Return a definition for OPTIONS."""
    return route("OPTIONS", path, handler, **kwargs)


def get(
    path: str, handler: Handler, *, name: str | None = None, allow_head: bool = True, **kwargs: Any
) -> RouteDef:
    """Return a definition for GET; with *allow_head* the handler answers HEAD too."""
    return route("GET", path, handler, name=name, allow_head=allow_head, **kwargs)


def post(path: str, handler: Handler, **kwargs: Any) -> RouteDef:
    """Return a definition for POST."""
    return route("POST", path, handler, **kwargs)


def put(path: str, handler: Handler, **kwargs: Any) -> RouteDef:
    """Return a definition for PUT."""
    return route("PUT", path, handler, **kwargs)


def patch(path: str, handler: Handler, **kwargs: Any) -> RouteDef:
    """Return a definition for PATCH."""
    return route("PATCH", path, handler, **kwargs)


def delete(path: str, handler: Handler, **kwargs: Any) -> RouteDef:
    """Return a definition for DELETE."""
    return route("DELETE", path, handler, **kwargs)


def static(prefix: str, path: str | os.PathLike[str], **kwargs: Any) -> StaticDef:
    """Return a definition for a folder; arguments as for `UrlDispatcher.add_static`."""
    return StaticDef(prefix, path, kwargs)


def view(path: str, handler: Any, **kwargs: Any) -> RouteDef:
    """Return a definition for a class-based view, which answers every method."""
    return route("*", path, handler, **kwargs)


class RouteTableDef(Sequence[AbstractRouteDef]):
    """Routes collected by decorators, for `Application.add_routes`.

    Example::

        routes = web.RouteTableDef()

        @routes.get("/hello")
        async def hello(request): ...
    """

    def __init__(self) -> None:
        self._items: list[AbstractRouteDef] = []

    def __repr__(self) -> str:
        return f"<RouteTableDef count={len(self._items)}>"

    @overload
    def __getitem__(self, index: int) -> AbstractRouteDef: ...

    @overload
    def __getitem__(self, index: slice) -> list[AbstractRouteDef]: ...

    def __getitem__(self, index: int | slice) -> AbstractRouteDef | list[AbstractRouteDef]:
        return self._items[index]

    def __iter__(self) -> Iterator[AbstractRouteDef]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, item: object) -> bool:
        return item in self._items

    def route(self, method: str, path: str, **kwargs: Any) -> Callable[[H], H]:
        """Return a decorator that notes a handler for *method* at *path*."""

        def note(handler: H) -> H:
            self._items.append(RouteDef(method, path, handler, kwargs))
            return handler

        return note

    def head(self, path: str, **kwargs: Any) -> Callable[[H], H]:
        """Return a decorator for HEAD."""
        return self.route("HEAD", path, **kwargs)

    def get(self, path: str, **kwargs: Any) -> Callable[[H], H]:
        """Return a decorator for GET; ``allow_head=False`` leaves HEAD out."""
        return self.route("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> Callable[[H], H]:
        """Return a decorator for POST."""
        return self.route("POST", path, **kwargs)

    def put(self, path: str, **kwargs: Any) -> Callable[[H], H]:
        """Return a decorator for PUT."""
        return self.route("PUT", path, **kwargs)

    def patch(self, path: str, **kwargs: Any) -> Callable[[H], H]:
        """Return a decorator for PATCH."""
        return self.route("PATCH", path, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> Callable[[H], H]:
        """Return a decorator for DELETE."""
        return self.route("DELETE", path, **kwargs)

    def options(self, path: str, **kwargs: Any) -> Callable[[H], H]:
        """Return a decorator for OPTIONS."""
        return self.route("OPTIONS", path, **kwargs)

    def static(self, prefix: str, path: str | os.PathLike[str], **kwargs: Any) -> None:
        """Note a folder of files; arguments as for `UrlDispatcher.add_static`."""
        self._items.append(StaticDef(prefix, path, kwargs))

    def view(self, path: str, **kwargs: Any) -> Callable[[V], V]:
        """Return a decorator that notes a class-based view, for every method."""

        def note(handler: V) -> V:
            self._items.append(view(path, handler, **kwargs))
            return handler

        return note
