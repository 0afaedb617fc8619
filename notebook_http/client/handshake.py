"""Turn a connected socket into a client connection, TLS included."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

from notebook_http.client.connection import ClientConnection
from notebook_http.client.exceptions import (
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ServerFingerprintMismatch,
)
from notebook_http.transport.dialling import start_protocol
from notebook_http.transport.tls import FingerprintError

if TYPE_CHECKING:
    import socket

    from notebook_http.client.connection_key import ConnectionKey
    from notebook_http.client.connection_pool import ConnectionPool
    from notebook_http.transport.tls import TlsSetting

__all__ = ["start_connection"]


async def start_connection(
    key: ConnectionKey,
    sock: socket.socket,
    *,
    tls: TlsSetting | None,
    pool: ConnectionPool[ClientConnection],
) -> ClientConnection:
    """Return a connection over *sock*, after a TLS handshake as *tls* says.

    A cancel or an error closes the socket.

    Raises:
        ClientConnectorCertificateError: nobody vouches for the peer being *key*'s host.
        ClientConnectorSSLError: the handshake failed.
        ServerFingerprintMismatch: the peer's certificate is not the pinned one.
        ClientConnectorError: the connection broke.
    """
    loop = asyncio.get_running_loop()
    try:
        return await start_protocol(
            lambda: ClientConnection(loop, key, pool),
            sock,
            tls=tls,
            # A name with the root's dot is the same name; certificates are made out without it.
            server_hostname=None if tls is None else (key.server_hostname or key.host).rstrip("."),
        )
    except FingerprintError as error:
        raise ServerFingerprintMismatch(
            error.expected, error.got, key.host, key.port or 0
        ) from error
    except ssl.CertificateError as error:
        raise ClientConnectorCertificateError(key, error) from error
    except ssl.SSLError as error:
        raise ClientConnectorSSLError(key, error) from error
    except OSError as error:
        raise ClientConnectorError(key, error) from error
