"""The client: sessions, their connections, and what comes back."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from notebook_http.client.abstract_cookie_jar import AbstractCookieJar
from notebook_http.client.client_timeout import ClientTimeout
from notebook_http.client.connector import BaseConnector
from notebook_http.client.cookie_jar import CookieJar, DummyCookieJar
from notebook_http.client.exceptions import (
    ClientConnectionError,
    ClientConnectionResetError,
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientError,
    ClientHttpProxyError,
    ClientOSError,
    ClientPayloadError,
    ClientProxyConnectionError,
    ClientResponseError,
    ClientSSLError,
    ConnectionTimeoutError,
    ContentTypeError,
    InvalidURL,
    InvalidUrlClientError,
    InvalidUrlRedirectClientError,
    NonHttpUrlClientError,
    NonHttpUrlRedirectClientError,
    RedirectClientError,
    RequestInfo,
    ServerConnectionError,
    ServerDisconnectedError,
    ServerFingerprintMismatch,
    ServerTimeoutError,
    SocketTimeoutError,
    TooManyRedirects,
    TotalTimeoutError,
    UnixClientConnectorError,
    UploadAbortedError,
    WSServerHandshakeError,
)
from notebook_http.client.request import ClientRequest
from notebook_http.client.response import ClientResponse
from notebook_http.client.session import ClientSession, request
from notebook_http.client.tcp_connector import TCPConnector
from notebook_http.client.timings import Timings
from notebook_http.client.unix_connector import UnixConnector
from notebook_http.transport.tls import Fingerprint

__all__ = [
    "AbstractCookieJar",
    "BaseConnector",
    "ClientConnectionError",
    "ClientConnectionResetError",
    "ClientConnectorCertificateError",
    "ClientConnectorDNSError",
    "ClientConnectorError",
    "ClientConnectorSSLError",
    "ClientError",
    "ClientHttpProxyError",
    "ClientOSError",
    "ClientPayloadError",
    "ClientProxyConnectionError",
    "ClientRequest",
    "ClientResponse",
    "ClientResponseError",
    "ClientSSLError",
    "ClientSession",
    "ClientTimeout",
    "ConnectionTimeoutError",
    "ContentTypeError",
    "CookieJar",
    "DummyCookieJar",
    "Fingerprint",
    "InvalidURL",
    "InvalidUrlClientError",
    "InvalidUrlRedirectClientError",
    "NonHttpUrlClientError",
    "NonHttpUrlRedirectClientError",
    "RedirectClientError",
    "RequestInfo",
    "ServerConnectionError",
    "ServerDisconnectedError",
    "ServerFingerprintMismatch",
    "ServerTimeoutError",
    "SocketTimeoutError",
    "TCPConnector",
    "Timings",
    "TooManyRedirects",
    "TotalTimeoutError",
    "UnixClientConnectorError",
    "UnixConnector",
    "UploadAbortedError",
    "WSServerHandshakeError",
    "request",
]


def __getattr__(name: str) -> Any:
    """Import what few programs use when it is first used."""
    room = _LATER.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(room), name)
    globals()[name] = value
    return value


_LATER = {
    "ClientWSTimeout": f"{__name__}.websocket_connect",
    "ClientWebSocketResponse": f"{__name__}.websocket_response",
    "NamedPipeConnector": f"{__name__}.named_pipe_connector",
    "UploadTracker": f"{__name__}.upload_tracker",
    "WSMessageTypeError": "notebook_http.wire.websocket_message",
}
