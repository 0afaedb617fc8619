"""An interactive async HTTP toolkit for Jupyter.

Two faces, one core:

- the core has aiohttp's shape: ``import notebook_http as aiohttp`` and ``from notebook_http import
  web`` run code that was written for aiohttp;
- the notebook face is for cells: ``%load_ext notebook_http``, ``await nh.get(url)``,
  ``await nh.serve(app)``.

Every name is imported when it is first used (PEP 562): ``import notebook_http`` costs next to
nothing, and a client does not pay for the server.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from notebook_http._version import __version__

if TYPE_CHECKING:
    from notebook_http import hdrs as hdrs
    from notebook_http import web as web
    from notebook_http.client import (
        BaseConnector as BaseConnector,
    )
    from notebook_http.client import (
        ClientConnectionError as ClientConnectionError,
    )
    from notebook_http.client import (
        ClientConnectionResetError as ClientConnectionResetError,
    )
    from notebook_http.client import (
        ClientConnectorCertificateError as ClientConnectorCertificateError,
    )
    from notebook_http.client import (
        ClientConnectorDNSError as ClientConnectorDNSError,
    )
    from notebook_http.client import (
        ClientConnectorError as ClientConnectorError,
    )
    from notebook_http.client import (
        ClientConnectorSSLError as ClientConnectorSSLError,
    )
    from notebook_http.client import (
        ClientError as ClientError,
    )
    from notebook_http.client import (
        ClientHttpProxyError as ClientHttpProxyError,
    )
    from notebook_http.client import (
        ClientOSError as ClientOSError,
    )
    from notebook_http.client import (
        ClientPayloadError as ClientPayloadError,
    )
    from notebook_http.client import (
        ClientProxyConnectionError as ClientProxyConnectionError,
    )
    from notebook_http.client import (
        ClientRequest as ClientRequest,
    )
    from notebook_http.client import (
        ClientResponse as ClientResponse,
    )
    from notebook_http.client import (
        ClientResponseError as ClientResponseError,
    )
    from notebook_http.client import (
        ClientSession as ClientSession,
    )
    from notebook_http.client import (
        ClientSSLError as ClientSSLError,
    )
    from notebook_http.client import (
        ClientTimeout as ClientTimeout,
    )
    from notebook_http.client import (
        ConnectionTimeoutError as ConnectionTimeoutError,
    )
    from notebook_http.client import (
        ContentTypeError as ContentTypeError,
    )
    from notebook_http.client import (
        CookieJar as CookieJar,
    )
    from notebook_http.client import (
        DefaultResolver as DefaultResolver,
    )
    from notebook_http.client import (
        DummyCookieJar as DummyCookieJar,
    )
    from notebook_http.client import (
        Fingerprint as Fingerprint,
    )
    from notebook_http.client import (
        InvalidURL as InvalidURL,
    )
    from notebook_http.client import (
        InvalidUrlClientError as InvalidUrlClientError,
    )
    from notebook_http.client import (
        InvalidUrlRedirectClientError as InvalidUrlRedirectClientError,
    )
    from notebook_http.client import (
        NonHttpUrlClientError as NonHttpUrlClientError,
    )
    from notebook_http.client import (
        NonHttpUrlRedirectClientError as NonHttpUrlRedirectClientError,
    )
    from notebook_http.client import (
        RedirectClientError as RedirectClientError,
    )
    from notebook_http.client import (
        RequestInfo as RequestInfo,
    )
    from notebook_http.client import (
        ServerConnectionError as ServerConnectionError,
    )
    from notebook_http.client import (
        ServerDisconnectedError as ServerDisconnectedError,
    )
    from notebook_http.client import (
        ServerFingerprintMismatch as ServerFingerprintMismatch,
    )
    from notebook_http.client import (
        ServerTimeoutError as ServerTimeoutError,
    )
    from notebook_http.client import (
        SocketTimeoutError as SocketTimeoutError,
    )
    from notebook_http.client import (
        TCPConnector as TCPConnector,
    )
    from notebook_http.client import (
        ThreadedResolver as ThreadedResolver,
    )
    from notebook_http.client import (
        Timings as Timings,
    )
    from notebook_http.client import (
        TooManyRedirects as TooManyRedirects,
    )
    from notebook_http.client import (
        TotalTimeoutError as TotalTimeoutError,
    )
    from notebook_http.client import (
        UnixConnector as UnixConnector,
    )
    from notebook_http.client import (
        WSServerHandshakeError as WSServerHandshakeError,
    )
    from notebook_http.notebook.client import (
        Client as Client,
    )
    from notebook_http.notebook.client import (
        PendingRequest as PendingRequest,
    )
    from notebook_http.notebook.client import (
        delete as delete,
    )
    from notebook_http.notebook.client import (
        get as get,
    )
    from notebook_http.notebook.client import (
        head as head,
    )
    from notebook_http.notebook.client import (
        options as options,
    )
    from notebook_http.notebook.client import (
        patch as patch,
    )
    from notebook_http.notebook.client import (
        post as post,
    )
    from notebook_http.notebook.client import (
        put as put,
    )
    from notebook_http.notebook.client import (
        request as request,
    )
    from notebook_http.notebook.extension import (
        load_ipython_extension as load_ipython_extension,
    )
    from notebook_http.notebook.extension import (
        unload_ipython_extension as unload_ipython_extension,
    )
    from notebook_http.notebook.last_error import (
        last_error as last_error,
    )
    from notebook_http.notebook.reply import (
        Reply as Reply,
    )
    from notebook_http.notebook.server import (
        Server as Server,
    )
    from notebook_http.notebook.server import (
        serve as serve,
    )
    from notebook_http.notebook.server import (
        servers as servers,
    )
    from notebook_http.transport.form_data import (
        FormData as FormData,
    )
    from notebook_http.transport.payload import (
        PAYLOAD_REGISTRY as PAYLOAD_REGISTRY,
    )
    from notebook_http.transport.payload import (
        AsyncIterablePayload as AsyncIterablePayload,
    )
    from notebook_http.transport.payload import (
        BytesPayload as BytesPayload,
    )
    from notebook_http.transport.payload import (
        JsonPayload as JsonPayload,
    )
    from notebook_http.transport.payload import (
        Payload as Payload,
    )
    from notebook_http.transport.payload import (
        StringPayload as StringPayload,
    )
    from notebook_http.transport.payload import (
        get_payload as get_payload,
    )
    from notebook_http.transport.payload import (
        payload_type as payload_type,
    )
    from notebook_http.transport.stream_reader import (
        EMPTY_PAYLOAD as EMPTY_PAYLOAD,
    )
    from notebook_http.transport.stream_reader import (
        StreamReader as StreamReader,
    )
    from notebook_http.wire.credentials import (
        BasicAuth as BasicAuth,
    )
    from notebook_http.wire.credentials import (
        encode_basic_auth as encode_basic_auth,
    )
    from notebook_http.wire.http_version import (
        HttpVersion as HttpVersion,
    )
    from notebook_http.wire.http_version import (
        HttpVersion10 as HttpVersion10,
    )
    from notebook_http.wire.http_version import (
        HttpVersion11 as HttpVersion11,
    )

# Where each name lives. A test holds this table against the imports above.
_NAMES_OF = {
    "client": (
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
        "DefaultResolver",
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
        "ThreadedResolver",
        "Timings",
        "TooManyRedirects",
        "TotalTimeoutError",
        "UnixConnector",
        "WSServerHandshakeError",
    ),
    "notebook.client": (
        "Client",
        "PendingRequest",
        "delete",
        "get",
        "head",
        "options",
        "patch",
        "post",
        "put",
        "request",
    ),
    "notebook.extension": (
        "load_ipython_extension",
        "unload_ipython_extension",
    ),
    "notebook.last_error": ("last_error",),
    "notebook.reply": ("Reply",),
    "notebook.server": (
        "Server",
        "serve",
        "servers",
    ),
    "transport.form_data": ("FormData",),
    "transport.payload": (
        "AsyncIterablePayload",
        "BytesPayload",
        "JsonPayload",
        "PAYLOAD_REGISTRY",
        "Payload",
        "StringPayload",
        "get_payload",
        "payload_type",
    ),
    "transport.stream_reader": (
        "EMPTY_PAYLOAD",
        "StreamReader",
    ),
    "wire.credentials": (
        "BasicAuth",
        "encode_basic_auth",
    ),
    "wire.http_version": (
        "HttpVersion",
        "HttpVersion10",
        "HttpVersion11",
    ),
}
_HOME_OF = {name: module for module, names in _NAMES_OF.items() for name in names}
_MODULES = ("hdrs", "web")

__all__ = ["__version__", *_MODULES, *_HOME_OF]


def __getattr__(name: str) -> Any:
    """Import *name* from its room when it is first used."""
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if "ipykernel" in sys.modules:
    # In a kernel `web.run_app(app)` must serve on the loop that is running, with or without
    # %load_ext. This fills a hook and imports nothing else.
    from notebook_http.notebook.kernel_hosting import install

    install()
    del install
