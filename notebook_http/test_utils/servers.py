"""Servers for tests: on a free port of this machine, in the test's own event loop."""

from __future__ import annotations

import ipaddress
import socket
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from yarl import URL

from notebook_http.test_utils.ports import get_port_socket
from notebook_http.web.runner import AppRunner, BaseRunner, ServerRunner
from notebook_http.web.server import Server
from notebook_http.web.sites import SockSite

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from notebook_http.web.application import Application
    from notebook_http.web.stream_response import StreamResponse

__all__ = ["BaseTestServer", "RawTestServer", "TestServer"]

S = TypeVar("S", bound="BaseTestServer")


class BaseTestServer(ABC):
    """A server that listens from `start_server`, or entering the block, until `close`.

    Args:
        scheme: of the URLs that `make_url` makes; by default what the server speaks.
        loop: no effect: the server lives on the loop that runs when it is started.
        host: address to listen on.
        port: 0 or None for any free one.
        skip_url_asserts: let `make_url` take absolute URLs, and put them behind the server's own.
        socket_factory: binds the socket, of host, port and family.
        **kwargs: ignored, as in aiohttp.

    Attributes:
        runner: what runs the server once it is started, else None.
        host: where it listens.
        port: the port, once it listens; None again behind `close`.
        scheme: ``http`` or ``https``, once it listens.
    """

    __test__ = False  # no test case, whatever pytest makes of the name

    def __init__(
        self,
        *,
        scheme: str = "",
        loop: asyncio.AbstractEventLoop | None = None,
        host: str = "127.0.0.1",
        port: int | None = None,
        skip_url_asserts: bool = False,
        socket_factory: Callable[[str, int, socket.AddressFamily], socket.socket] = get_port_socket,
        **kwargs: Any,
    ) -> None:
        self._loop = loop
        self._root: URL | None = None
        self._closed = False
        self.runner: BaseRunner | None = None
        self.host = host
        self.port = port
        self.scheme = scheme
        self.skip_url_asserts = skip_url_asserts
        self.socket_factory = socket_factory

    async def start_server(
        self, loop: asyncio.AbstractEventLoop | None = None, **kwargs: Any
    ) -> None:
        """Listen. Nothing happens when it does already. After an error nothing is left behind.

        Args:
            loop: no effect; see `BaseTestServer`.
            **kwargs: `ssl` (a context, to speak TLS) and what the runner takes. Handlers are
                cancelled when their client leaves unless `handler_cancellation` says otherwise.

        Raises:
            OSError: the address cannot be had.
            Exception: whatever the application's start raises.
        """
        if self.runner is not None:
            return
        self._loop = loop
        tls = kwargs.pop("ssl", None)
        kwargs.setdefault("handler_cancellation", True)
        self.runner = await self._make_runner(**kwargs)
        try:
            await self.runner.setup()
            await self._listen(self.runner, tls)
        except BaseException:
            runner, self.runner = self.runner, None
            await runner.cleanup()
            raise

    async def _listen(self, runner: BaseRunner, tls: Any) -> None:
        address = self.host
        try:
            is_v6 = ipaddress.ip_address(address).version == 6
        except ValueError:  # a name
            is_v6 = False
        family = socket.AF_INET6 if is_v6 else socket.AF_INET
        bound = self.socket_factory(address, self.port or 0, family)
        try:
            site = SockSite(runner, sock=bound, ssl_context=tls)
            await site.start()
        except BaseException:
            bound.close()
            raise
        self.host, self.port = bound.getsockname()[:2]
        self.scheme = self.scheme or ("https" if tls else "http")
        self._root = URL.build(scheme=self.scheme, host=address, port=self.port)

    @abstractmethod
    async def _make_runner(self, **kwargs: Any) -> BaseRunner:
        """Return what runs the server."""

    def make_url(self, path: str | URL) -> URL:
        """Return the absolute URL of *path* on this server.

        Raises:
            AssertionError: *path* is absolute, or the server does not listen.
        """
        if self._root is None:
            raise AssertionError(
                "The test server does not listen: await start_server() first, or use async with"
            )
        if self.skip_url_asserts:
            return URL(f"{self._root}{path}")
        url = URL(path)
        if url.absolute:
            raise AssertionError(
                f"The URL of a request to a test server is a path, not {url}: the server is known"
            )
        return self._root.join(url)

    @property
    def started(self) -> bool:
        """Whether it was started, closed since or not."""
        return self.runner is not None

    @property
    def closed(self) -> bool:
        """Whether it was started, and closed since."""
        return self._closed

    @property
    def handler(self) -> Server:
        """The low-level server.

        Raises:
            AssertionError: it is not running.
        """
        if self.runner is None or self.runner.server is None:
            raise AssertionError("The test server is not running: await start_server() first")
        return self.runner.server

    async def close(self) -> None:
        """Stop listening, close all connections, clean the application up. Idempotent."""
        if self.runner is not None and not self._closed:
            self._closed = True
            self._root = None
            self.port = None
            await self.runner.cleanup()

    def __enter__(self) -> NoReturn:
        raise TypeError("Use async with instead")

    def __exit__(self, *exc_info: object) -> None:  # noqa: B027
        """Do nothing: `with` is refused when it is entered."""

    async def __aenter__(self: S) -> S:
        await self.start_server(loop=self._loop)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()


class TestServer(BaseTestServer):
    """A server for an application.

    Args:
        app: the application.
        scheme: see `BaseTestServer`.
        host: see `BaseTestServer`.
        port: see `BaseTestServer`.
        **kwargs: see `BaseTestServer`.
    """

    def __init__(
        self,
        app: Application,
        *,
        scheme: str = "",
        host: str = "127.0.0.1",
        port: int | None = None,
        **kwargs: Any,
    ) -> None:
        self.app = app
        super().__init__(scheme=scheme, host=host, port=port, **kwargs)

    async def _make_runner(self, **kwargs: Any) -> BaseRunner:
        return AppRunner(self.app, **kwargs)


class RawTestServer(BaseTestServer):
    """A server for one handler, which gets every request as a `BaseRequest`.

    Args:
        handler: a coroutine function of a request.
        scheme: see `BaseTestServer`.
        host: see `BaseTestServer`.
        port: see `BaseTestServer`.
        **kwargs: see `BaseTestServer`.
    """

    def __init__(
        self,
        handler: Callable[[Any], Awaitable[StreamResponse]],
        *,
        scheme: str = "",
        host: str = "127.0.0.1",
        port: int | None = None,
        **kwargs: Any,
    ) -> None:
        self._handler = handler
        super().__init__(scheme=scheme, host=host, port=port, **kwargs)

    async def _make_runner(self, debug: bool = True, **kwargs: Any) -> ServerRunner:
        server = Server(self._handler, debug=debug, **kwargs)
        return ServerRunner(server, debug=debug, **kwargs)
