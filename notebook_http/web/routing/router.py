"""The router of an application: register resources, find the one that answers."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from keyword import iskeyword
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from notebook_http.web.exceptions import HTTPException, HTTPMethodNotAllowed, HTTPNotFound
from notebook_http.web.routing.abstract_router import AbstractRouter
from notebook_http.web.routing.domain import Domain
from notebook_http.web.routing.match_info import MatchInfoError, UrlMappingMatchInfo
from notebook_http.web.routing.path_template import canonical_path, readable_path
from notebook_http.web.routing.resource import (
    AbstractResource,
    Resource,
    RoutableRequest,
    make_resource,
)
from notebook_http.web.routing.route import AbstractRoute, ExpectHandler, Handler, SystemRoute
from notebook_http.web.routing.route_index import RouteIndex
from notebook_http.web.routing.route_table import AbstractRouteDef
from notebook_http.web.routing.route_views import ResourcesView, RoutesView
from notebook_http.web.routing.sub_application import MatchedSubAppResource, PrefixedSubAppResource

if TYPE_CHECKING:
    from notebook_http.web.routing.static_resource import StaticResource

__all__ = ["UNRESOLVED", "Found", "UrlDispatcher"]

Found = tuple[AbstractRoute, dict[str, str] | None]

# What `find` returns where `resolve` has to be awaited.
UNRESOLVED = SystemRoute(HTTPNotFound())

_FROZEN = (
    "Cannot register a resource into frozen router. The application has been started: make a new "
    "web.Application(), in a notebook in the cell that adds the routes, and start that."
)


class UrlDispatcher(AbstractRouter, Mapping[str, AbstractResource]):
    """The router: a mapping from names to resources, and the way from a path to its route."""

    NAME_SPLIT_RE = re.compile(r"[.:-]")

    def __init__(self) -> None:
        super().__init__()
        self._resources: list[AbstractResource] = []
        self._indexed: list[AbstractResource] = []
        self._matched: list[MatchedSubAppResource] = []
        self._named: dict[str, AbstractResource] = {}
        self._index: RouteIndex | None = None

    # Finding

    def find(self, method: str, path: str, request: Any = None) -> Found:
        """Return the route for *method* and *path*, and the values of the path's variables.

        *path* is percent-encoded as it was sent, without a query; *request* is what the rules of
        `Application.add_domain` ask. A `SystemRoute` that raises 404 or 405 says that there is
        none, and `UNRESOLVED` that there are resources which only `resolve` can ask; values are
        None when the path has no variables.
        """
        index = self._index
        if index is None:
            index = self._make_index()
        methods = index.exact.get(path)
        if methods is not None:
            route = methods.get(method) or methods.get("*")
            if route is not None:
                return route, None
        else:
            routes, values = index.only_candidate(path)
            if routes is not None:
                route = routes.get(method)
                if route is not None:
                    return route, values
        return self._search(index, method, path, request)

    def _search(self, index: RouteIndex, method: str, sent_path: str, request: Any) -> Found:
        path = sent_path
        if index.exact is not index.plain:
            if index.must_await:
                return UNRESOLVED, None
            for matched in self._matched:
                if request is not None and cast("Domain", matched.rule).holds(request):
                    return matched.app.router.find(method, path, request)
        path = _canonical(path)
        methods = index.plain.get(path)
        if methods is not None:
            route = methods.get(method) or methods.get("*")
            if route is not None:
                return route, None
        allowed: set[str] = set(methods or ())
        for filed, values in index.candidates(path):
            if values is None:
                if filed.match is None:
                    mounted = cast("PrefixedSubAppResource", filed.resource)
                    return mounted.app.router.find(method, path, request)
                values = filed.match(readable_path(path))
                if values is None:
                    continue
            route = filed.routes.get(method) or filed.routes.get("*")
            if route is not None:
                return route, values
            allowed.update(filed.routes)
        return SystemRoute(_nothing_for(method, allowed), searched=self), None

    def _make_index(self) -> RouteIndex:
        index = self._index = RouteIndex(self._indexed)
        if type(self).resolve is not UrlDispatcher.resolve or any(map(_is_foreign, self._indexed)):
            index.must_await = True
        index.must_await |= any(map(_is_foreign, self._matched))
        if index.must_await or self._matched:
            index.ask_first()
        return index

    @property
    def must_await(self) -> bool:
        """Whether `find` cannot tell, and `resolve` has to be awaited."""
        return (self._index or self._make_index()).must_await

    async def resolve(self, request: RoutableRequest) -> UrlMappingMatchInfo:
        """Return the match of *request*; its applications are those mounted in this router's."""
        method, path = request.method, _canonical(request.sent_path)
        index = self._index or self._make_index()
        allowed: set[str] = set()
        for matched in self._matched:
            match, methods = await matched.resolve(request)
            if match is not None:
                return match
            allowed |= methods
        plain = index.plain.get(path, {})
        route = plain.get(method) or plain.get("*")
        if route is not None:
            return UrlMappingMatchInfo({}, route)
        allowed.update(plain)
        for filed, values in index.candidates(path):
            if values is None:
                match, methods = await filed.resource.resolve(request)
            else:
                route = filed.routes.get(method) or filed.routes.get("*")
                match = None if route is None else UrlMappingMatchInfo(values, route)
                methods = set(filed.routes)
            if match is not None:
                return match
            allowed |= methods
        return MatchInfoError(_nothing_for(method, allowed))

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

    def freeze(self) -> None:
        """Forbid further changes; called when the application starts."""
        super().freeze()
        self._index = None
        for resource in self._resources:
            resource.freeze()

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
        if isinstance(resource, MatchedSubAppResource):
            self._matched.append(resource)
            self._index = None
        else:
            self.index_resource(resource)

    def index_resource(self, resource: AbstractResource) -> None:
        """Let *resource* be found, behind those that are."""
        self._indexed.append(resource)
        self._index = None

    def unindex_resource(self, resource: AbstractResource) -> None:
        """Let *resource* be found no more; it stays in `resources`.

        Raises:
            ValueError: it was not found before.
        """
        self._indexed.remove(resource)
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

    def add_view(self, path: str, handler: Any, **kwargs: Any) -> AbstractRoute:
        """Return `add_route` of a class-based view, for every method."""
        return self.add_route("*", path, handler, **kwargs)

    def add_routes(self, routes: Iterable[AbstractRouteDef]) -> list[AbstractRoute]:
        """Return the routes that the definitions (``web.get(…)``, a `RouteTableDef`) added."""
        return [route for definition in routes for route in definition.register(self)]


def _canonical(sent_path: str) -> str:
    # `latin-1` takes back what reading the request line did: these are the bytes as sent.
    return canonical_path(sent_path if sent_path.isascii() else sent_path.encode("latin-1"))


def _nothing_for(method: str, allowed: set[str]) -> HTTPException:
    return HTTPMethodNotAllowed(method, allowed) if allowed else HTTPNotFound()


def _is_foreign(resource: AbstractResource) -> bool:
    """Tell whether only its own `resolve` can say what *resource* answers."""
    resolve = type(resource).resolve
    if isinstance(resource, MatchedSubAppResource):
        if type(resource.rule).match is not Domain.match:
            return True
        known = resolve is MatchedSubAppResource.resolve
    elif isinstance(resource, PrefixedSubAppResource):
        known = resolve is PrefixedSubAppResource.resolve
    else:
        return resolve is not Resource.resolve
    return not known or resource.app.router.must_await
