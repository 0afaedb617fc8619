"""`unittest` cases for an application."""

from __future__ import annotations

import asyncio
import warnings
from typing import TYPE_CHECKING, Any
from unittest import IsolatedAsyncioTestCase

from notebook_http.test_utils.client import TestClient
from notebook_http.test_utils.servers import TestServer

if TYPE_CHECKING:
    from notebook_http.web.application import Application
    from notebook_http.web.request import Request

__all__ = ["AioHTTPTestCase", "unittest_run_loop"]


class AioHTTPTestCase(IsolatedAsyncioTestCase):
    """A case whose tests find a running application, and a client for it.

    ```python
    class Hello(AioHTTPTestCase):
        async def get_application(self):
            return make_app()

        async def test_hello(self):
            async with self.client.get("/") as response:
                assert response.status == 200
    ```

    Attributes:
        app: what `get_application` returned, for each test anew.
        server: the server.
        client: the client.
        loop: the event loop in which all of them run.
    """

    app: Application
    server: TestServer
    client: TestClient[Request, Application]
    loop: asyncio.AbstractEventLoop

    async def get_application(self) -> Application:
        """Return the application to test; to be overridden."""
        return self.get_app()

    def get_app(self) -> Application:
        """Return the application to test: an older name for `get_application`.

        Raises:
            RuntimeError: neither of the two was overridden.
        """
        raise RuntimeError("Did you forget to define get_application()?")

    async def asyncSetUp(self) -> None:
        """Start application, server and client. Called by unittest."""
        self.loop = asyncio.get_running_loop()
        await self.setUpAsync()

    async def setUpAsync(self) -> None:
        """Start application, server and client; extend it for what a test needs beside them."""
        self.app = await self.get_application()
        self.server = await self.get_server(self.app)
        self.client = await self.get_client(self.server)
        try:
            await self.client.start_server()
        except BaseException:
            await self.client.close()  # unittest runs no tear-down behind a failed set-up
            raise

    async def asyncTearDown(self) -> None:
        """Close client and server. Called by unittest."""
        await self.tearDownAsync()

    async def tearDownAsync(self) -> None:
        """Close client and server; extend it for what `setUpAsync` did beside them."""
        await self.client.close()

    async def get_server(self, app: Application) -> TestServer:
        """Return the server for *app*; override it for another one."""
        return TestServer(app, loop=self.loop)

    async def get_client(self, server: TestServer) -> TestClient[Request, Application]:
        """Return the client for *server*; override it for another one."""
        return TestClient(server, loop=self.loop)


def unittest_run_loop(func: Any, *args: Any, **kwargs: Any) -> Any:
    """Return *func* unchanged, with a DeprecationWarning: nothing has to be done any more."""
    warnings.warn(
        "Decorator `@unittest_run_loop` is no longer needed: unittest runs coroutines itself",
        DeprecationWarning,
        stacklevel=2,
    )
    return func
