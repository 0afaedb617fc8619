"""Every way a request can fail, as aiohttp names them.

```
Exception
├── ClientError
│   ├── ClientResponseError            the answer came, and it is the trouble
│   │   ├── ContentTypeError           (.json() of something that is not JSON)
│   │   ├── TooManyRedirects
│   │   └── ClientHttpProxyError, WSServerHandshakeError
│   ├── ClientConnectionError          the way to the server is the trouble
│   │   ├── ClientConnectionResetError (+ ConnectionResetError)
│   │   ├── ClientOSError              (+ OSError)
│   │   │   └── ClientConnectorError   no connection could be made
│   │   │       ├── ClientConnectorDNSError
│   │   │       ├── ClientProxyConnectionError
│   │   │       ├── UnixClientConnectorError
│   │   │       └── ClientSSLError
│   │   │           ├── ClientConnectorSSLError         (+ ssl.SSLError)
│   │   │           └── ClientConnectorCertificateError (+ ssl.CertificateError)
│   │   └── ServerConnectionError
│   │       ├── ServerDisconnectedError
│   │       ├── ServerFingerprintMismatch
│   │       └── ServerTimeoutError     (+ TimeoutError)
│   │           ├── ConnectionTimeoutError
│   │           └── SocketTimeoutError
│   ├── ClientPayloadError             the body broke off, or cannot be decoded
│   ├── UploadAbortedError             (only `UploadTracker.upload_complete` tells it)
│   ├── InvalidURL                     (+ ValueError)
│   │   └── InvalidUrlClientError
│   │       └── InvalidUrlRedirectClientError (+ RedirectClientError)
│   ├── NonHttpUrlClientError
│   │   └── NonHttpUrlRedirectClientError     (+ RedirectClientError)
│   └── RedirectClientError
└── TimeoutError
    └── TotalTimeoutError              ClientTimeout(total=…) is used up (no ClientError: aiohttp)
```

Each carries plain data (names, numbers, texts), never a live connection or response.
"""

from __future__ import annotations

import errno
import socket
import ssl
from typing import TYPE_CHECKING, Any

from notebook_http.client.request_info import RequestInfo
from notebook_http.client.response_errors import (
    ClientHttpProxyError,
    ClientResponseError,
    ContentTypeError,
    TooManyRedirects,
    WSServerHandshakeError,
)
from notebook_http.client.url_errors import (
    InvalidURL,
    InvalidUrlClientError,
    InvalidUrlRedirectClientError,
    NonHttpUrlClientError,
    NonHttpUrlRedirectClientError,
    RedirectClientError,
)
from notebook_http.transport.exceptions import (
    ClientConnectionError,
    ClientConnectionResetError,
    ClientError,
)

if TYPE_CHECKING:
    from notebook_http.client.connection_key import ConnectionKey

__all__ = [
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
    "ClientResponseError",
    "ClientSSLError",
    "ConnectionTimeoutError",
    "ContentTypeError",
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
    "TooManyRedirects",
    "TotalTimeoutError",
    "UnixClientConnectorError",
    "UploadAbortedError",
    "WSServerHandshakeError",
]

# What to try next, by what the operating system said. One sentence each: it ends up in a cell.
_NEXT_STEP = {
    errno.ECONNREFUSED: "Nothing listens there: is the server running, and is the port right?",
    errno.EHOSTUNREACH: "There is no route to it: check the network, the VPN and the firewall.",
    errno.ENETUNREACH: "There is no route to it: check the network, the VPN and the firewall.",
    errno.ETIMEDOUT: "It did not answer: check the address and the firewall.",
    errno.ECONNRESET: "It hung up at once: does this port speak the protocol of the URL?",
    errno.EMFILE: "This process is out of file descriptors: close responses and sessions, "
    "or lower the connector's limit=.",
    errno.ENOENT: "There is no socket at that path: is the server running?",
    errno.EACCES: "This user may not open it: check the permissions and the firewall.",
}
# OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and _IP_ADDRESS_MISMATCH.
_OTHER_NAME_CODES = frozenset({62, 64})
_NAME_NEXT_STEP = {
    socket.EAI_NONAME: "Check the spelling of the host name.",
    socket.EAI_AGAIN: "The name server did not answer: check the network connection.",
    socket.EAI_FAIL: "The name server refused: check the network connection.",
}


# The way there


class ClientOSError(ClientConnectionError, OSError):
    """The operating system reported an error of the connection."""


class ClientConnectorError(ClientOSError):
    """No connection could be made to the host.

    Attributes:
        host: the name or address that was dialled.
        port: its port; None for a Unix socket.
        ssl: the TLS setting of the request.
        os_error: what the operating system said.
    """

    def __init__(self, connection_key: ConnectionKey, os_error: OSError) -> None:
        self._conn_key = connection_key
        self._os_error = os_error
        super().__init__(os_error.errno, os_error.strerror)
        self.args = (connection_key, os_error)

    @property
    def os_error(self) -> OSError:
        """What the operating system said."""
        return self._os_error

    @property
    def host(self) -> str:
        """The name or address that was dialled."""
        return self._conn_key.host

    @property
    def port(self) -> int | None:
        """The port that was dialled; None for a Unix socket."""
        return self._conn_key.port

    @property
    def ssl(self) -> Any:
        """The TLS setting of the request: True, False, a context or a fingerprint."""
        return self._conn_key.ssl

    def _where(self) -> str:
        return self._conn_key.where

    def _cause(self) -> str:
        return self._os_error.strerror or str(self._os_error) or type(self._os_error).__name__

    def _next_step(self) -> str:
        number = self._os_error.errno
        if number is None and isinstance(self._os_error, ConnectionResetError):
            number = errno.ECONNRESET  # asyncio raises it without, in the midst of a TLS handshake
        return _NEXT_STEP.get(number or 0, "")

    def __str__(self) -> str:
        return f"Cannot connect to {self._where()}: {self._cause()}. {self._next_step()}".rstrip()

    # OSError has a __reduce__ of its own that looks at errno; ours rebuilds from the two arguments.
    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._conn_key, self._os_error)


class ClientConnectorDNSError(ClientConnectorError):
    """The host's name does not resolve to an address."""

    def _next_step(self) -> str:
        return _NAME_NEXT_STEP.get(self._os_error.errno or 0, "")

    def __str__(self) -> str:
        return f"Cannot resolve {self.host}: {self._cause()}. {self._next_step()}".rstrip()


class ClientProxyConnectionError(ClientConnectorError):
    """No connection could be made to the proxy; `host` and `port` are the proxy's."""

    def _where(self) -> str:
        return f"the proxy {self._conn_key.where}"


class UnixClientConnectorError(ClientConnectorError):
    """No connection could be made to the Unix socket at *path*."""

    def __init__(self, path: str, connection_key: ConnectionKey, os_error: OSError) -> None:
        super().__init__(connection_key, os_error)
        self._path = path
        self.args = (path, connection_key, os_error)

    @property
    def path(self) -> str:
        """The path of the socket."""
        return self._path

    def _where(self) -> str:
        return f"the Unix socket {self._path}"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._path, self._conn_key, self._os_error)


class ClientSSLError(ClientConnectorError):
    """The TLS handshake failed."""

    def __str__(self) -> str:
        cause = self._cause()
        hint = ""
        if "WRONG_VERSION_NUMBER" in cause or "wrong version number" in cause:
            hint = "That port does not speak TLS: try http:// in place of https://."
        return f"Cannot speak TLS with {self._where()}: {cause}. {hint}".rstrip()


class ClientConnectorSSLError(ClientSSLError, ssl.SSLError):
    """TLS could not be agreed on with the peer."""


class ClientConnectorCertificateError(ClientSSLError, ssl.CertificateError):
    """The peer's certificate does not prove that it is the host that was asked for.

    Attributes:
        certificate_error: what the verification said.
    """

    def __init__(self, connection_key: ConnectionKey, certificate_error: Exception) -> None:
        self._certificate_error = certificate_error
        if isinstance(certificate_error, OSError):
            os_error = certificate_error
        else:
            os_error = OSError(str(certificate_error))
        super().__init__(connection_key, os_error)
        self.args = (connection_key, certificate_error)

    @property
    def certificate_error(self) -> Exception:
        """What the verification said."""
        return self._certificate_error

    def __str__(self) -> str:
        error = self._certificate_error
        cause = str(getattr(error, "verify_message", "") or error).rstrip(".")
        if getattr(error, "verify_code", 0) in _OTHER_NAME_CODES:
            hint = "Ask for a name that the certificate has, or pass server_hostname= with it"
        else:
            hint = (
                "To trust an authority of your own, pass ssl=ssl.create_default_context(cafile=…)"
            )
        return f"The certificate of {self._where()} is not trusted: {cause}. {hint}."

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._conn_key, self._certificate_error)


class ServerConnectionError(ClientConnectionError):
    """The connection failed at the server's end."""


class ServerDisconnectedError(ServerConnectionError):
    """The server closed the connection without a whole answer.

    Attributes:
        message: what was being waited for.
    """

    def __init__(self, message: str | None = None) -> None:
        self.message = "Server disconnected" if message is None else message
        super().__init__(self.message)


class ServerFingerprintMismatch(ServerConnectionError):
    """The peer's certificate is not the one that `ssl=Fingerprint(…)` names."""

    def __init__(self, expected: bytes, got: bytes, host: str, port: int) -> None:
        self.expected = expected
        self.got = got
        self.host = host
        self.port = port
        super().__init__(expected, got, host, port)

    def __str__(self) -> str:
        return (
            f"The certificate of {self.host}:{self.port} has the fingerprint {self.got.hex()}, "
            f"not {self.expected.hex()}: the server changed it, or somebody sits in between."
        )

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} expected={self.expected!r} got={self.got!r} "
            f"host={self.host!r} port={self.port!r}>"
        )


class ServerTimeoutError(ServerConnectionError, TimeoutError):
    """The server took longer than a limit of `ClientTimeout`."""


class ConnectionTimeoutError(ServerTimeoutError):
    """No connection within `connect` or `sock_connect` seconds."""


class SocketTimeoutError(ServerTimeoutError):
    """No byte from the server for `sock_read` seconds."""


class TotalTimeoutError(TimeoutError):
    """The whole exchange took longer than `ClientTimeout(total=…)`.

    Catch `TimeoutError`: that is what aiohttp raises here, and it covers the other time-outs too.
    """


# The body


class ClientPayloadError(ClientError):
    """The body broke off, is framed wrongly, or cannot be decoded."""


class UploadAbortedError(ClientError):
    """The request's body was never sent whole: an early answer, a cancel, or no connection."""
