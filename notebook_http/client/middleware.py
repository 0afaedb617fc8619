"""Client middlewares: what runs around each request of a session, redirects included.

A middleware is ``async def m(request, handler)``. It may change the request, ask once, several
times or not at all, and return any response. The first one given is the outermost.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notebook_http.client.request import ClientRequest
    from notebook_http.client.response import ClientResponse

__all__ = ["ClientHandlerType", "ClientMiddlewareType", "build_client_middlewares"]

ClientHandlerType = Callable[["ClientRequest"], Awaitable["ClientResponse"]]
ClientMiddlewareType = Callable[["ClientRequest", ClientHandlerType], Awaitable["ClientResponse"]]


def build_client_middlewares(
    handler: ClientHandlerType, middlewares: Sequence[ClientMiddlewareType]
) -> ClientHandlerType:
    """Return a handler that runs *middlewares* around *handler*, the first one outermost."""
    for middleware in reversed(middlewares):
        handler = _around(middleware, handler)
    return handler


def _around(middleware: ClientMiddlewareType, handler: ClientHandlerType) -> ClientHandlerType:
    def call(request: ClientRequest) -> Awaitable[ClientResponse]:
        return middleware(request, handler)

    return call
