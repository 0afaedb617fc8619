"""A client that knows which server it asks, and closes what a test has left open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, overload

from notebook_http.client.cookie_jar import CookieJar
from notebook_http.client.request_context import RequestContextManager
from notebook_http.client.session import ClientSession
from notebook_http.client.websocket_connect import WebSocketContextManager
from notebook_http.test_utils.servers import BaseTestServer

if TYPE_CHECKING:
    import asyncio

    from yarl import URL

    from notebook_http.client.abstract_cookie_jar import AbstractCookieJar
    from notebook_http.client.response import ClientResponse
    from notebook_http.client.websocket_response import ClientWebSocketResponse
    from notebook_http.test_utils.servers import TestServer
    from notebook_http.web.application import Application
    from notebook_http.web.request import BaseRequest, Request

__all__ = ["TestClient"]

R = TypeVar("R", bound="BaseRequest")
A = TypeVar("A", "Application", None)
C = TypeVar("C", bound="TestClient[Any, Any]")


class TestClient(Generic[R, A]):
    """A session for the server of a test: requests name paths only.

    Args:
        server: started when the client is, and closed with it.
        cookie_jar: by default one that keeps the cookies of IP addresses, too.
        loop: no effect: client and server live on the loop that runs when they are used.
        **kwargs: what `ClientSession` takes.

    Raises:
        TypeError: *server* is no test server.
    """

    __test__ = False  # no test case, whatever pytest makes of the name

    @overload
    def __init__(
        self: TestClient[Request, Application],
        server: TestServer,
        *,
        cookie_jar: AbstractCookieJar | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
        **kwargs: Any,
    ) -> None: ...

    @overload
    def __init__(
        self: TestClient[R, None],
        server: BaseTestServer,
        *,
        cookie_jar: AbstractCookieJar | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
        **kwargs: Any,
    ) -> None: ...

    def __init__(
        self,
        server: BaseTestServer,
        *,
        cookie_jar: AbstractCookieJar | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(server, BaseTestServer):
            raise TypeError(f"server must be TestServer instance, found type: {type(server)!r}")
        self._server = server
        self._loop = loop
        jar = CookieJar(unsafe=True) if cookie_jar is None else cookie_jar
        self._session = ClientSession(cookie_jar=jar, **kwargs)
        self._closed = False
        self._responses: list[ClientResponse] = []
        self._websockets: list[ClientWebSocketResponse[bool]] = []

    async def start_server(self) -> None:
        """Start the server if it does not run yet."""
        await self._server.start_server(loop=self._loop)

    @property
    def host(self) -> str:
        """Where the server listens."""
        return self._server.host

    @property
    def port(self) -> int | None:
        """The server's port, or None when it does not listen."""
        return self._server.port

    @property
    def server(self) -> BaseTestServer:
        """The server."""
        return self._server

    @property
    def app(self) -> A:
        """The server's application; None when it has none."""
        app: A = getattr(self._server, "app", None)  # type: ignore[assignment]
        return app

    @property
    def session(self) -> ClientSession:
        """The session inside, which knows no server: its requests need whole URLs."""
        return self._session

    def make_url(self, path: str | URL) -> URL:
        """Return the absolute URL of *path* on the server; see `BaseTestServer.make_url`."""
        return self._server.make_url(path)

    async def _request(self, method: str, path: str | URL, **kwargs: Any) -> ClientResponse:
        response = await self._session.request(method, self.make_url(path), **kwargs)
        self._responses.append(response)  # to be closed in the end
        return response

    def request(self, method: str, path: str | URL, **kwargs: Any) -> RequestContextManager:
        """Return a request to the server, to be awaited or entered; see `ClientSession.request`."""
        return RequestContextManager(self._request(method, path, **kwargs))

    def get(self, path: str | URL, **kwargs: Any) -> RequestContextManager:
        """Return a GET request; see `request`."""
        return self.request("GET", path, **kwargs)

    def post(self, path: str | URL, **kwargs: Any) -> RequestContextManager:
        """Return a POST request; see `request`."""
        return self.request("POST", path, **kwargs)

    def options(self, path: str | URL, **kwargs: Any) -> RequestContextManager:
        """Return an OPTIONS request; see `request`."""
        return self.request("OPTIONS", path, **kwargs)

    def head(self, path: str | URL, **kwargs: Any) -> RequestContextManager:
        """Return a HEAD request; see `request`."""
        return self.request("HEAD", path, **kwargs)

    def put(self, path: str | URL, **kwargs: Any) -> RequestContextManager:
        """Return a PUT request; see `request`."""
        return self.request("PUT", path, **kwargs)

    def patch(self, path: str | URL, **kwargs: Any) -> RequestContextManager:
        """Return a PATCH request; see `request`."""
        return self.request("PATCH", path, **kwargs)

    def delete(self, path: str | URL, **kwargs: Any) -> RequestContextManager:
        """Return a DELETE request; see `request`."""
        return self.request("DELETE", path, **kwargs)

    def ws_connect(
        self, path: str | URL, *, decode_text: bool = True, **kwargs: Any
    ) -> WebSocketContextManager:
        """Return a WebSocket to the server; see `ClientSession.ws_connect`."""
        return WebSocketContextManager(self._ws_connect(path, decode_text=decode_text, **kwargs))

    async def _ws_connect(self, path: str | URL, **kwargs: Any) -> ClientWebSocketResponse[bool]:
        socket = await self._session.ws_connect(self.make_url(path), **kwargs)
        self._websockets.append(socket)
        return socket

    async def close(self) -> None:
        """Close responses, WebSockets, session and server, each that is still open. Idempotent.

        One that fails to close keeps none of the others open.
        """
        if self._closed:
            return
        self._closed = True
        try:
            for response in self._responses:
                response.close()
            for socket in self._websockets:
                await socket.close()
        finally:
            try:
                await self._session.close()
            finally:
                await self._server.close()

    def __enter__(self) -> NoReturn:
        raise TypeError("Use async with instead")

    def __exit__(self, *exc_info: object) -> None:
        """Do nothing: `with` is refused when it is entered."""

    async def __aenter__(self: C) -> C:
        try:
            await self.start_server()
        except BaseException:
            await self._session.close()
            raise
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()
