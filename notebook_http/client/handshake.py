"""Turn a connected socket into a client connection, TLS included."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import contextmanager
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
    from collections.abc import Iterator

    from notebook_http.client.connection_key import ConnectionKey
    from notebook_http.client.connection_pool import ConnectionPool
    from notebook_http.transport.tls import TlsSetting

__all__ = ["certificate_name", "handshake_errors", "start_connection"]


async def start_connection(
    key: ConnectionKey,
    sock: socket.socket,
    *,
    tls: TlsSetting | None,
    pool: ConnectionPool[ClientConnection],
    peer: ConnectionKey | None = None,
) -> ClientConnection:
    """Return a connection over *sock*, after a TLS handshake as *tls* says.

    A cancel or an error closes the socket.

    Args:
        key: what the connection is good for.
        sock: connected, non-blocking.
        tls: how the peer is verified; None for no TLS.
        pool: where the connection goes back to.
        peer: who is at the other end, when it is a proxy and not *key*'s host.

    Raises:
        ClientConnectorError: or a subclass; see `handshake_errors`.
    """
    loop = asyncio.get_running_loop()
    other = key if peer is None else peer
    with handshake_errors(other):
        return await start_protocol(
            lambda: ClientConnection(loop, key, pool),
            sock,
            tls=tls,
            server_hostname=None if tls is None else certificate_name(other),
        )


def certificate_name(key: ConnectionKey) -> str:
    """Return the name that the certificate of *key*'s host must show."""
    # A name with the root's dot is the same name; certificates are made out without it.
    return (key.server_hostname or key.host).rstrip(".")


@contextmanager
def handshake_errors(
    key: ConnectionKey, broken: type[ClientConnectorError] = ClientConnectorError
) -> Iterator[None]:
    """Say of whom an error of a connection or of its TLS handshake was, as aiohttp's classes do.

    Raises:
        ClientConnectorCertificateError: nobody vouches for the peer being *key*'s host.
        ClientConnectorSSLError: the handshake failed.
        ServerFingerprintMismatch: the peer's certificate is not the pinned one.
        ClientConnectorError: or *broken*: the connection broke.
    """
    try:
        yield
    except FingerprintError as error:
        raise ServerFingerprintMismatch(
            error.expected, error.got, key.host, key.port or 0
        ) from error
    except ssl.CertificateError as error:
        raise ClientConnectorCertificateError(key.without_secrets, error) from error
    except ssl.SSLError as error:
        raise ClientConnectorSSLError(key.without_secrets, error) from error
    except OSError as error:
        raise broken(key.without_secrets, error) from error
