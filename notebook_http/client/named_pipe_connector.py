"""Connections through a named pipe of Windows."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, Any

from notebook_http.client.connection import ClientConnection
from notebook_http.client.connector import NOT_GIVEN
from notebook_http.client.exceptions import ClientConnectorError
from notebook_http.client.path_connector import PathConnector

if TYPE_CHECKING:
    from notebook_http.client.connection_key import ConnectionKey
    from notebook_http.client.connector import DialStep
    from notebook_http.client.timings import Timings

__all__ = ["NamedPipeConnector"]


class NamedPipeConnector(PathConnector):
    r"""Connections through a named pipe; the URL's host only fills the `Host` header.

    Args:
        path: of the pipe, such as ``\\.\pipe\name``.
        force_close, keepalive_timeout, limit, limit_per_host, loop: see `BaseConnector`.

    Raises:
        RuntimeError: the event loop is none that knows pipes: only Windows' proactor loop does.
    """

    allowed_protocol_schema_set = PathConnector.allowed_protocol_schema_set | {"npipe"}

    def __init__(
        self,
        path: str,
        force_close: bool = False,
        keepalive_timeout: float | None = NOT_GIVEN,
        limit: int = 100,
        limit_per_host: int = 0,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(path, force_close, keepalive_timeout, limit, limit_per_host, loop)
        _check(loop or asyncio.get_running_loop())

    async def _dial(self, key: ConnectionKey, timings: Timings, step: DialStep) -> ClientConnection:
        loop: Any = asyncio.get_running_loop()
        _check(loop)
        began = perf_counter()
        step.what = f"the named pipe {self._path}"
        try:
            _, connection = await loop.create_pipe_connection(
                lambda: ClientConnection(loop, key, self._pool), self._path
            )
        except OSError as error:
            raise ClientConnectorError(key, error) from error
        # The transport tells its protocol in the loop's next turn.
        await asyncio.sleep(0)
        timings.connect = perf_counter() - began
        made: ClientConnection = connection
        return made


def _check(loop: asyncio.AbstractEventLoop) -> None:
    """Return if *loop* can open named pipes."""
    if not hasattr(loop, "create_pipe_connection"):
        text = (
            "Named Pipes only available in proactor loop under windows, and this one is "
            f"{type(loop).__name__}: use TCPConnector or UnixConnector"
        )
        raise RuntimeError(text)
