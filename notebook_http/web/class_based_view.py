"""Handlers that are classes, with a method for each of HTTP's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Generator
from typing import Any

from notebook_http.hdrs import METH_ALL
from notebook_http.web.exceptions import HTTPMethodNotAllowed
from notebook_http.web.stream_response import StreamResponse

__all__ = ["AbstractView", "View"]


class AbstractView(ABC):
    """A handler that is made for each request, and awaited.

    Args:
        request: the request; a `Request` in an application.
    """

    def __init__(self, request: Any) -> None:
        self._request = request

    @property
    def request(self) -> Any:
        """The request."""
        return self._request

    @abstractmethod
    def __await__(self) -> Generator[Any, None, StreamResponse]:
        """Answer the request."""


class View(AbstractView):
    """A handler with a coroutine method for each of HTTP's methods, in lower case.

    A method of HTTP that has none is answered 405. Only the methods of RFC 9110 and PATCH are
    looked for: a client that makes one up reaches no other attribute.

    Example::

        class Item(web.View):
            async def get(self):
                return web.Response(text=self.request.match_info["id"])

        app.router.add_view("/items/{id}", Item)
    """

    def __await__(self) -> Generator[Any, None, StreamResponse]:
        return self._iter().__await__()

    async def _iter(self) -> StreamResponse:
        asked = self.request.method
        if asked in METH_ALL:
            method: Callable[[], Awaitable[StreamResponse]] | None = getattr(
                self, asked.lower(), None
            )
            if method is not None:
                return await method()
        allowed = {method for method in METH_ALL if hasattr(self, method.lower())}
        raise HTTPMethodNotAllowed(asked, allowed)
