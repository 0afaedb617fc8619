"""One route: a method, the handler that answers it, and the resource it belongs to."""

from __future__ import annotations

import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any, Protocol

from yarl import URL

from notebook_http.web.client_errors import HTTPExpectationFailed
from notebook_http.wire.errors import plain
from notebook_http.wire.http_version import HttpVersion11

if TYPE_CHECKING:
    from notebook_http.web.exceptions import HTTPException
    from notebook_http.web.stream_response import StreamResponse

__all__ = [
    "AbstractRoute",
    "ExpectHandler",
    "Handler",
    "ResourceRoute",
    "RouteOwner",
    "SystemRoute",
]

# A handler takes a `Request`. The parameter is not spelled out because a request knows the
# application, which knows its routes: naming it here would close the circle.
Handler = Callable[[Any], Awaitable["StreamResponse"]]
ExpectHandler = Callable[[Any], Awaitable["StreamResponse | None"]]

_METHOD = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


class RouteOwner(Protocol):
    """What a route needs of its resource."""

    @property
    def name(self) -> str | None:
        """Name under which the router knows the resource."""

    def url_for(self, **parts: str) -> URL:
        """Build a relative URL."""

    def get_info(self) -> dict[str, Any]:
        """Describe the resource."""


class AbstractRoute(ABC):
    """What a router finds for a request.

    Args:
        method: a token in upper case, or ``*`` for every method.
        handler: a coroutine function that takes the request and returns the response. A plain
            function is accepted too; what it returns is awaited when it can be.
        expect_handler: called for a request with ``Expect`` before the handler; None lets the
            server answer ``100 Continue``.
        resource: the resource that the route belongs to.

    Raises:
        ValueError: the method is not a token (RFC 9110 §9.1).
        TypeError: the handler cannot be called.
    """

    def __init__(
        self,
        method: str,
        handler: Handler,
        *,
        expect_handler: ExpectHandler | None = None,
        resource: RouteOwner | None = None,
    ) -> None:
        method = method.upper()
        if not _METHOD.fullmatch(method):
            raise ValueError(f"{method} is not allowed HTTP method")
        if not callable(handler):
            raise TypeError(f"a handler must be callable, not {handler!r}")
        if expect_handler is not None and not inspect.iscoroutinefunction(expect_handler):
            raise TypeError(f"expect_handler must be a coroutine function, not {expect_handler!r}")
        self._method = method
        self._handler = _awaitable(handler)
        self._expect_handler = expect_handler
        self._resource = resource

    @property
    def method(self) -> str:
        """The method in upper case, or ``*``."""
        return self._method

    @property
    def handler(self) -> Handler:
        """The coroutine function that answers."""
        return self._handler

    @property
    def expect_handler(self) -> ExpectHandler | None:
        """Who answers an ``Expect`` field, or None for the server itself."""
        return self._expect_handler

    async def handle_expect_header(self, request: Any) -> StreamResponse | None:
        """Answer the ``Expect`` field of *request*; None lets the handler go on.

        Raises:
            HTTPExpectationFailed: something else than ``100-continue`` is expected. The client
                erred; one of HTTP/1.0 expects nothing (RFC 9110 §10.1.1).
        """
        if self._expect_handler is not None:
            return await self._expect_handler(request)
        if request.version >= HttpVersion11:
            expected = request.headers.get("Expect", "")
            if expected.lower() != "100-continue":
                raise HTTPExpectationFailed(text=f"Unknown Expect: {plain(expected)}")
            await self._let_send(request)
        return None

    async def _let_send(self, request: Any) -> None:
        await request.send_continue()

    @property
    @abstractmethod
    def name(self) -> str | None:
        """Name of the route's resource, or None."""

    @property
    def resource(self) -> RouteOwner | None:
        """The resource that the route belongs to, or None."""
        return self._resource

    @abstractmethod
    def get_info(self) -> dict[str, Any]:
        """Return a description: ``path``, or ``formatter`` and ``pattern``, or more."""

    @abstractmethod
    def url_for(self, *args: str, **kwargs: str) -> URL:
        """Return a relative URL at which the route is found."""


class ResourceRoute(AbstractRoute):
    """A route that was added to a resource."""

    def __init__(
        self,
        method: str,
        handler: Handler,
        resource: RouteOwner,
        *,
        expect_handler: ExpectHandler | None = None,
    ) -> None:
        super().__init__(method, handler, expect_handler=expect_handler, resource=resource)
        self._owner = resource

    def __repr__(self) -> str:
        return f"<ResourceRoute [{self.method}] {self._resource} -> {self.handler!r}"

    @property
    def name(self) -> str | None:
        """Name of the resource, or None."""
        return self._owner.name

    def url_for(self, *args: str, **kwargs: str) -> URL:
        """Return the relative URL of the resource, its variables filled from *kwargs*."""
        return self._owner.url_for(*args, **kwargs)

    def get_info(self) -> dict[str, Any]:
        """Return the description of the resource."""
        return self._owner.get_info()


class SystemRoute(AbstractRoute):
    """The route of a request for which there is none: it raises the error that says so.

    Attributes:
        searched: the router that had none: its application's middlewares see the error.
    """

    def __init__(self, http_exception: HTTPException, *, searched: object = None) -> None:
        super().__init__("*", self._raise)
        self._http_exception = http_exception
        self.searched = searched

    async def _raise(self, request: object) -> StreamResponse:
        raise self._http_exception

    async def _let_send(self, request: Any) -> None:
        """Ask for no body: there is nobody to read it."""

    def __repr__(self) -> str:
        return f"<SystemRoute {self.status}: {self.reason}>"

    @property
    def name(self) -> str | None:
        """Always None."""
        return None

    @property
    def status(self) -> int:
        """Status of the error."""
        return self._http_exception.status

    @property
    def reason(self) -> str:
        """Reason phrase of the error."""
        return self._http_exception.reason

    @property
    def http_exception(self) -> HTTPException:
        """The error that the handler raises."""
        return self._http_exception

    def url_for(self, *args: str, **kwargs: str) -> URL:
        """Raise RuntimeError: there is no such URL."""
        raise RuntimeError(".url_for() is not allowed for SystemRoute")

    def get_info(self) -> dict[str, Any]:
        """Return ``{"http_exception": …}``."""
        return {"http_exception": self._http_exception}


def _awaitable(handler: Handler) -> Handler:
    """Return *handler*, wrapped when it is a plain callable that might return a bare response."""
    called = handler
    while isinstance(called, partial):
        called = called.func
    if inspect.isclass(called) or inspect.iscoroutinefunction(called):
        return handler
    if inspect.iscoroutinefunction(getattr(called, "__call__", None)):  # noqa: B004
        return handler

    async def call(request: object) -> StreamResponse:
        result: Any = handler(request)
        return await result if inspect.isawaitable(result) else result  # type: ignore[no-any-return]

    return update_wrapper(call, handler)
