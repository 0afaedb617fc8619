"""A resource: one path or path template, and the routes that hang on it by method."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sized
from typing import Any

from yarl import URL

from notebook_http.web.routing.path_template import (
    PathTemplate,
    parse_template,
    readable_path,
    readable_value,
)
from notebook_http.web.routing.route import AbstractRoute, ExpectHandler, Handler, ResourceRoute

__all__ = ["AbstractResource", "DynamicResource", "PlainResource", "Resource", "make_resource"]


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
        self._routes[route.method] = route
        return route

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
        """Return the variables' decoded values in *path* (canonical), or None: no match."""
        found = self._template.pattern.fullmatch(readable_path(path))
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
    """A path without variables: found by one look-up."""

    def get_info(self) -> dict[str, Any]:
        """Return ``{"path": …}``."""
        return {"path": self.canonical}


class DynamicResource(Resource):
    """A path with variables."""

    def get_info(self) -> dict[str, Any]:
        """Return ``{"formatter": …, "pattern": …}``."""
        return {"formatter": self._template.formatter, "pattern": self._template.pattern}


def make_resource(path: str, *, name: str | None = None) -> Resource:
    """Return the resource of *path*, plain or dynamic.

    Raises:
        ValueError: *path* is no path template.
    """
    template = parse_template(path)
    return (PlainResource if template.is_plain else DynamicResource)(template, name=name)
