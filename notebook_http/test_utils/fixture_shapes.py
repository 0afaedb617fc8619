"""What the fixtures are, for annotations: ``async def test_it(aiohttp_client: AiohttpClient)``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol, overload

if TYPE_CHECKING:
    from notebook_http.test_utils.client import TestClient
    from notebook_http.test_utils.servers import BaseTestServer, RawTestServer, TestServer
    from notebook_http.web.application import Application
    from notebook_http.web.request import BaseRequest, Request
    from notebook_http.web.stream_response import StreamResponse

__all__ = ["AiohttpClient", "AiohttpRawServer", "AiohttpServer"]


class AiohttpClient(Protocol):
    """The fixture `http_client`, also called `aiohttp_client`: starts clients for a test."""

    @overload
    async def __call__(
        self,
        param: Application,
        /,
        *,
        server_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> TestClient[Request, Application]: ...

    @overload
    async def __call__(
        self,
        param: BaseTestServer,
        /,
        *,
        server_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> TestClient[BaseRequest, None]: ...


class AiohttpServer(Protocol):
    """The fixture `http_server`, also called `aiohttp_server`: starts servers for a test."""

    def __call__(
        self, app: Application, *, port: int | None = None, **kwargs: Any
    ) -> Awaitable[TestServer]:
        """Return the running server of *app*."""


class AiohttpRawServer(Protocol):
    """The fixture `http_raw_server`, also called `aiohttp_raw_server`."""

    def __call__(
        self,
        handler: Callable[[Any], Awaitable[StreamResponse]],
        *,
        port: int | None = None,
        **kwargs: Any,
    ) -> Awaitable[RawTestServer]:
        """Return the running server of *handler*."""
