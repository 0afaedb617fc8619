"""Connections through a Unix socket."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from notebook_http.client.exceptions import UnixClientConnectorError
from notebook_http.client.handshake import start_connection
from notebook_http.client.path_connector import PathConnector
from notebook_http.transport.dialling import open_unix_socket

if TYPE_CHECKING:
    from notebook_http.client.connection import ClientConnection
    from notebook_http.client.connection_key import ConnectionKey
    from notebook_http.client.connector import DialStep
    from notebook_http.client.timings import Timings

__all__ = ["UnixConnector"]


class UnixConnector(PathConnector):
    """Connections through a Unix socket; the URL's host only fills the `Host` header.

    Args:
        path: of the socket.
        force_close, keepalive_timeout, limit, limit_per_host, loop: see `BaseConnector`.
    """

    allowed_protocol_schema_set = PathConnector.allowed_protocol_schema_set | {"unix"}

    async def _dial(self, key: ConnectionKey, timings: Timings, step: DialStep) -> ClientConnection:
        began = perf_counter()
        step.what = f"the Unix socket {self._path}"
        try:
            sock = await open_unix_socket(self._path)
        except OSError as error:
            raise UnixClientConnectorError(self._path, key, error) from error
        timings.connect = (securing := perf_counter()) - began
        if not key.is_ssl:
            return await start_connection(key, sock, tls=None, pool=self._pool)
        step.what = f"the TLS handshake with {key.where}"
        connection = await start_connection(key, sock, tls=key.ssl, pool=self._pool)
        timings.tls = perf_counter() - securing
        return connection
