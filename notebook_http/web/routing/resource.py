"""A resource: one path or path template, and the routes that hang on it by method."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sized
from typing import Any, Protocol

from yarl import URL

from notebook_http.web.routing.match_info import UrlMappingMatchInfo
from notebook_http.web.routing.path_template import (
    PathTemplate,
    canonical_path,
    literal_template,
    parse_template,
    readable_path,
    readable_value,
)
from notebook_http.web.routing.route import AbstractRoute, ExpectHandler, Handler, ResourceRoute

__all__ = [
    "AbstractResource",
    "DynamicResource",
    "PlainResource",
    "Resolved",
    "Resource",
    "RoutableRequest",
    "make_resource",
]

# The match, or None; and the methods that the path may be asked with.
Resolved = tuple[UrlMappingMatchInfo | None, set[str]]


class RoutableRequest(Protocol):
    """What routing looks at in a request."""

    @property
    def method(self) -> str:
        """The method as sent."""

    @property
    def sent_path(self) -> str:
        """The path as sent, without a query."""

    @property
    def host(self) -> str:
        """The host that was asked for, with its port."""


class AbstractResource(ABC, Sized, Iterable[AbstractRoute]):
    """What a router keeps for a path.

    Args:
        name: name under which `UrlDispatcher` gives the resource back, or None.
    """

    def __init__(self, *, name: str | None = None) -> None:
        self._name = name

    @property
    def name(self) -> str | None:
        """Name of the resource, or None."""
        return self._name

    @property
    @abstractmethod
    def canonical(self) -> str:
        """The path, percent-encoded, variables as ``{name}`` without their patterns."""

    @abstractmethod
    def url_for(self, **parts: str) -> URL:
        """Return a relative URL of the resource, its variables filled from *parts*."""

    @abstractmethod
    async def resolve(self, request: Any) -> Resolved:
        """Return the match of *request*, or None, and the methods that its path has here."""

    @abstractmethod
    def add_prefix(self, prefix: str) -> None:
        """Move the resource below *prefix*. For sub-applications."""

    @abstractmethod
    def get_info(self) -> dict[str, Any]:
        """Return a description for people and debuggers."""

    @abstractmethod
    def raw_match(self, path: str) -> bool:
        """Tell whether *path*, a path or a template, is the very one of this resource."""

    def freeze(self) -> None:
        """Take note that nothing is added any more."""


class Resource(AbstractResource):
    """A path template with its routes."""

    def __init__(self, template: PathTemplate, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self._template = template
        self._routes: dict[str, ResourceRoute] = {}

    @property
    def template(self) -> PathTemplate:
        """The parsed path."""
        return self._template

    @property
    def canonical(self) -> str:
        """The path, percent-encoded, variables as ``{name}`` without their patterns."""
        return self._template.formatter

    @property
    def routes(self) -> dict[str, ResourceRoute]:
        """The routes by method; ``*`` answers every method that has none of its own."""
        return self._routes

    def add_route(
        self,
        method: str,
        handler: Handler,
        *,
        expect_handler: ExpectHandler | None = None,
    ) -> ResourceRoute:
        """Return the new route for *method*.

        Raises:
            RuntimeError: the method has a route already, or ``*`` answers it. The caller erred.
        """
        taken = method.upper() if method.upper() in self._routes else "*"
        if taken in self._routes:
            raise RuntimeError(
                f"Added route will never be executed, method {taken} is already registered"
            )
        route = ResourceRoute(method, handler, self, expect_handler=expect_handler)
        self.register_route(route)
        return route

    def register_route(self, route: ResourceRoute) -> None:
        """Add *route*, in the place of one for the same method."""
        self._routes[route.method] = route

    async def resolve(self, request: RoutableRequest) -> Resolved:
        """Return the match of *request*, or None, and the methods that its path has here."""
        values = self.match(readable_path(canonical_path(request.sent_path)))
        if values is None:
            return None, set()
        route = self._routes.get(request.method) or self._routes.get("*")
        match = None if route is None else UrlMappingMatchInfo(values, route)
        return match, set(self._routes)

    def __len__(self) -> int:
        return len(self._routes)

    def __iter__(self) -> Iterator[AbstractRoute]:
        return iter(self._routes.values())

    def add_prefix(self, prefix: str) -> None:
        """Move the resource below *prefix*."""
        self._template = self._template.with_prefix(prefix)

    def raw_match(self, path: str) -> bool:
        """Tell whether *path*, a template, is the very one of this resource."""
        return parse_template(path).parts == self._template.parts

    def match(self, path: str) -> dict[str, str] | None:
        """Return the variables' decoded values in *path* (a `readable_path`), or None: no match."""
        found = self._template.pattern.fullmatch(path)
        if found is None:
            return None
        return {name: readable_value(value or "") for name, value in found.groupdict().items()}

    def url_for(self, **parts: str) -> URL:
        """Return the relative URL in which the variables have the values of *parts*.

        Raises:
            KeyError: a variable has no value.
        """
        return URL.build(path=self._template.fill(parts), encoded=True)

    def __repr__(self) -> str:
        name = f"'{self.name}' " if self.name is not None else ""
        return f"<{type(self).__name__} {name} {self.canonical}>"


class PlainResource(Resource):
    """A path without variables: found by one look-up.

    Args:
        path: begins with a slash; empty for the root.
        name: name of the resource, or None.
    """

    def __init__(self, path: str, *, name: str | None = None) -> None:
        super().__init__(literal_template(path), name=name)

    def freeze(self) -> None:
        """Make a root of an empty path."""
        if not self._template.formatter:
            self._template = literal_template("/")

    def get_info(self) -> dict[str, Any]:
        """Return ``{"path": …}``."""
        return {"path": self.canonical}

    def url_for(self) -> URL:  # type: ignore[override]  # there is nothing to fill in
        """Return the relative URL."""
        return URL.build(path=self.canonical, encoded=True)


class DynamicResource(Resource):
    """A path with variables.

    Args:
        path: begins with a slash; variables are ``{name}`` or ``{name:regex}``.
        name: name of the resource, or None.

    Raises:
        ValueError: *path* is no path template. The caller erred.
    """

    def __init__(self, path: str, *, name: str | None = None) -> None:
        super().__init__(parse_template(path), name=name)

    def get_info(self) -> dict[str, Any]:
        """Return ``{"formatter": …, "pattern": …}``."""
        return {"formatter": self._template.formatter, "pattern": self._template.pattern}


def make_resource(path: str, *, name: str | None = None) -> Resource:
    """Return the resource of *path*, plain or dynamic.

    Raises:
        ValueError: *path* is no path template.
    """
    if path and not path.startswith("/"):
        raise ValueError(f"path should be started with / or be empty: {path!r}")
    made = DynamicResource if "{" in path or "}" in path else PlainResource
    return made(path, name=name)
