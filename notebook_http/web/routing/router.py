"""The router of an application: register resources, find the one that answers."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sized
from keyword import iskeyword
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from notebook_http.web.exceptions import HTTPMethodNotAllowed, HTTPNotFound
from notebook_http.web.routing.match_info import UrlMappingMatchInfo
from notebook_http.web.routing.path_template import canonical_path, is_canonical
from notebook_http.web.routing.resource import AbstractResource, Resource, make_resource
from notebook_http.web.routing.route import AbstractRoute, ExpectHandler, Handler, SystemRoute
from notebook_http.web.routing.route_index import RouteIndex
from notebook_http.web.routing.route_table import AbstractRouteDef
from notebook_http.web.routing.sub_application import PrefixedSubAppResource

if TYPE_CHECKING:
    from notebook_http.web.routing.static_resource import StaticResource

__all__ = ["Found", "ResourcesView", "RoutesView", "UrlDispatcher"]

Found = tuple[AbstractRoute, dict[str, str] | None]

_FROZEN = (
    "Cannot register a resource into frozen router. The application has been started: make a new "
    "web.Application(), in a notebook in the cell that adds the routes, and start that."
)


class RoutableRequest(Protocol):
    """What the router looks at in a request."""

    @property
    def method(self) -> str:
        """The method as sent."""

    @property
    def raw_path(self) -> str:
        """The request target as sent."""


class ResourcesView(Sized, Iterable[AbstractResource]):
    """The resources of a router, in the order they were added."""

    def __init__(self, resources: list[AbstractResource]) -> None:
        self._resources = resources

    def __len__(self) -> int:
        return len(self._resources)

    def __iter__(self) -> Iterator[AbstractResource]:
        return iter(self._resources)

    def __contains__(self, resource: object) -> bool:
        return resource in self._resources


class RoutesView(Sized, Iterable[AbstractRoute]):
    """The routes of a router, resource by resource."""

    def __init__(self, resources: Iterable[AbstractResource]) -> None:
        self._routes = [route for resource in resources for route in resource]

    def __len__(self) -> int:
        return len(self._routes)

    def __iter__(self) -> Iterator[AbstractRoute]:
        return iter(self._routes)

    def __contains__(self, route: object) -> bool:
        return route in self._routes


class UrlDispatcher(Mapping[str, AbstractResource]):
    """The router: a mapping from names to resources, and the way from a path to its route."""

    NAME_SPLIT_RE = re.compile(r"[.:-]")

    def __init__(self) -> None:
        self._resources: list[AbstractResource] = []
        self._named: dict[str, AbstractResource] = {}
        self._index: RouteIndex | None = None
        self._frozen = False

    # Finding

    def find(self, method: str, path: str) -> Found:
        """Return the route for *method* and *path*, and the values of the path's variables.

        *path* is percent-encoded as it was sent, without a query. A `SystemRoute` that raises
        404 or 405 says that there is none; values are None when the path has no variables.
        """
        index = self._index
        if index is None:
            index = self._index = RouteIndex(self._resources)
        methods = index.exact.get(path)
        if methods is not None:
            route = methods.get(method) or methods.get("*")
            if route is not None:
                return route, None
        return self._search(index, method, path)

    def _search(self, index: RouteIndex, method: str, sent_path: str) -> Found:
        path = sent_path
        if is_canonical(path) is not None:
            only = index.only_candidate(path)
            if only is not None:
                lone = only[0].routes.get(method)
                if lone is not None and path not in index.exact:
                    return lone, only[1]
        else:
            # `latin-1` takes back what reading the request line did: these are the bytes as sent.
            sent = path if path.isascii() else canonical_path(path.encode("latin-1"))
            path = canonical_path(sent)
        methods = index.exact.get(path)
        if methods is not None:
            route = methods.get(method) or methods.get("*")
            if route is not None:
                return route, None
        allowed: set[str] = set(methods or ())
        for filed, values in index.candidates(path):
            if values is None:
                if filed.match is None:
                    if isinstance(filed.resource, PrefixedSubAppResource):
                        return filed.resource.app.router.find(method, path)
                    continue
                values = filed.match(path)
                if values is None:
                    continue
            route = filed.routes.get(method) or filed.routes.get("*")
            if route is not None:
                return route, values
            allowed.update(filed.routes)
        error = HTTPMethodNotAllowed(method, allowed) if allowed else HTTPNotFound()
        return SystemRoute(error, searched=self), None

    async def resolve(self, request: RoutableRequest) -> UrlMappingMatchInfo:
        """Return what `find` finds, as the match that a request carries."""
        route, values = self.find(request.method, request.raw_path.partition("?")[0])
        return UrlMappingMatchInfo(values or {}, route)

    # The mapping of names

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)

    def __contains__(self, name: object) -> bool:
        return name in self._named

    def __getitem__(self, name: str) -> AbstractResource:
        return self._named[name]

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        return f"<UrlDispatcher {len(self._resources)} resources, {len(self.routes())} routes>"

    def resources(self) -> ResourcesView:
        """Return all resources, in the order they were added."""
        return ResourcesView(self._resources)

    def routes(self) -> RoutesView:
        """Return all routes, resource by resource."""
        return RoutesView(self._resources)

    def named_resources(self) -> Mapping[str, AbstractResource]:
        """Return a read-only view of the resources that have a name."""
        return MappingProxyType(self._named)

    # Registering

    @property
    def frozen(self) -> bool:
        """Whether nothing can be added any more."""
        return self._frozen

    def freeze(self) -> None:
        """Forbid further changes; called when the application starts."""
        self._frozen = True
        for resource in self._resources:
            resource.freeze()

    def post_init(self, app: object) -> None:
        """Take note of the application that the router belongs to. For subclasses."""

    def register_resource(self, resource: AbstractResource) -> None:
        """Add *resource*.

        Raises:
            RuntimeError: the router is frozen.
            ValueError: the name is taken, or is not made of identifiers. The caller erred.
        """
        if self._frozen:
            raise RuntimeError(_FROZEN)
        name = resource.name
        if name is not None:
            parts = self.NAME_SPLIT_RE.split(name)
            if not all(part.isidentifier() for part in parts):
                raise ValueError(
                    f"Incorrect route name {name!r}, the name should be a sequence of python "
                    "identifiers separated by dash, dot or column"
                )
            if any(iskeyword(part) for part in parts):
                raise ValueError(f"Incorrect route name {name!r}, python keywords cannot be used")
            if name in self._named:
                raise ValueError(f"Duplicate {name!r}, already handled by {self._named[name]!r}")
            self._named[name] = resource
        self._resources.append(resource)
        self._index = None

    def add_resource(self, path: str, *, name: str | None = None) -> Resource:
        """Return the resource of *path*: the last one added when it is the same, else a new one.

        Raises:
            RuntimeError: the router is frozen.
            ValueError: *path* is no path template, or *name* cannot be used.
        """
        self._index = None
        last = self._resources[-1] if self._resources else None
        if isinstance(last, Resource) and last.name == name and last.raw_match(path):
            if self._frozen:
                raise RuntimeError(_FROZEN)
            return last
        resource = make_resource(path, name=name)
        self.register_resource(resource)
        return resource

    def add_prefix(self, prefix: str) -> None:
        """Move all resources below *prefix*, a canonical path without a slash at its end."""
        self._index = None
        for resource in self._resources:
            resource.add_prefix(prefix)

    def add_route(
        self,
        method: str,
        path: str,
        handler: Handler,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
    ) -> AbstractRoute:
        """Return the new route that answers *method* at *path*.

        Args:
            method: any token, or ``*`` for every method.
            path: begins with ``/``; may hold ``{name}`` and ``{name:regex}``.
            handler: takes the request, returns the response.
            name: name of the resource, for `url_for`.
            expect_handler: who answers an ``Expect`` field; None for the server itself.

        Raises:
            RuntimeError: the router is frozen, or the method is taken.
            ValueError: method, path or name cannot be used.
        """
        resource = self.add_resource(path, name=name)
        return resource.add_route(method, handler, expect_handler=expect_handler)

    def add_head(self, path: str, handler: Handler, **kwargs: Any) -> AbstractRoute:
        """Return `add_route` with method HEAD."""
        return self.add_route("HEAD", path, handler, **kwargs)

    def add_options(self, path: str, handler: Handler, **kwargs: Any) -> AbstractRoute:
        """Return `add_route` with method OPTIONS."""
        return self.add_route("OPTIONS", path, handler, **kwargs)

    def add_get(
        self,
        path: str,
        handler: Handler,
        *,
        name: str | None = None,
        allow_head: bool = True,
        **kwargs: Any,
    ) -> AbstractRoute:
        """Return `add_route` with method GET; *allow_head* lets the handler answer HEAD too."""
        resource = self.add_resource(path, name=name)
        if allow_head:
            resource.add_route("HEAD", handler, **kwargs)
        return resource.add_route("GET", handler, **kwargs)

    def add_post(self, path: str, handler: Handler, **kwargs: Any) -> AbstractRoute:
        """Return `add_route` with method POST."""
        return self.add_route("POST", path, handler, **kwargs)

    def add_put(self, path: str, handler: Handler, **kwargs: Any) -> AbstractRoute:
        """Return `add_route` with method PUT."""
        return self.add_route("PUT", path, handler, **kwargs)

    def add_patch(self, path: str, handler: Handler, **kwargs: Any) -> AbstractRoute:
        """Return `add_route` with method PATCH."""
        return self.add_route("PATCH", path, handler, **kwargs)

    def add_delete(self, path: str, handler: Handler, **kwargs: Any) -> AbstractRoute:
        """Return `add_route` with method DELETE."""
        return self.add_route("DELETE", path, handler, **kwargs)

    def add_static(
        self,
        prefix: str,
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
        chunk_size: int = 256 * 1024,
        show_index: bool = False,
        follow_symlinks: bool = False,
        append_version: bool = False,
    ) -> StaticResource:
        """Return the new resource that serves the files of the folder *path* below *prefix*.

        The other arguments are those of `StaticResource`.

        Raises:
            RuntimeError: the router is frozen.
            ValueError: there is no such folder, or *prefix* or *name* cannot be used.
        """
        from notebook_http.web.routing.static_resource import StaticResource

        if not prefix.startswith("/"):
            raise ValueError(f"a prefix begins with a slash: {prefix!r}")
        resource = StaticResource(
            prefix.removesuffix("/"),
            path,
            name=name,
            expect_handler=expect_handler,
            chunk_size=chunk_size,
            show_index=show_index,
            follow_symlinks=follow_symlinks,
            append_version=append_version,
        )
        self.register_resource(resource)
        return resource

    def add_routes(self, routes: Iterable[AbstractRouteDef]) -> list[AbstractRoute]:
        """Return the routes that the definitions (``web.get(…)``, a `RouteTableDef`) added."""
        return [route for definition in routes for route in definition.register(self)]
