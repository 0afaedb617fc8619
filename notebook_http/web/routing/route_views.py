"""What a router shows of itself: its resources, and their routes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized

from notebook_http.web.routing.resource import AbstractResource
from notebook_http.web.routing.route import AbstractRoute

__all__ = ["ResourcesView", "RoutesView"]


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
