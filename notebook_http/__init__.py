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
from os import environ
from typing import TYPE_CHECKING, Any

from notebook_http._version import __version__
from notebook_http.public_names import NAMES_OF

if TYPE_CHECKING:
    from notebook_http import (
        abc as abc,
        client as client,
        client_exceptions as client_exceptions,
        hdrs as hdrs,
        test_utils as test_utils,
        web as web,
    )
    from notebook_http.client import (
        AbstractCookieJar as AbstractCookieJar,
        BaseConnector as BaseConnector,
        ClientConnectionError as ClientConnectionError,
        ClientConnectionResetError as ClientConnectionResetError,
        ClientConnectorCertificateError as ClientConnectorCertificateError,
        ClientConnectorDNSError as ClientConnectorDNSError,
        ClientConnectorError as ClientConnectorError,
        ClientConnectorSSLError as ClientConnectorSSLError,
        ClientError as ClientError,
        ClientHttpProxyError as ClientHttpProxyError,
        ClientOSError as ClientOSError,
        ClientPayloadError as ClientPayloadError,
        ClientProxyConnectionError as ClientProxyConnectionError,
        ClientRequest as ClientRequest,
        ClientResponse as ClientResponse,
        ClientResponseError as ClientResponseError,
        ClientSession as ClientSession,
        ClientSSLError as ClientSSLError,
        ClientTimeout as ClientTimeout,
        ConnectionTimeoutError as ConnectionTimeoutError,
        ContentTypeError as ContentTypeError,
        CookieJar as CookieJar,
        DummyCookieJar as DummyCookieJar,
        Fingerprint as Fingerprint,
        InvalidURL as InvalidURL,
        InvalidUrlClientError as InvalidUrlClientError,
        InvalidUrlRedirectClientError as InvalidUrlRedirectClientError,
        NonHttpUrlClientError as NonHttpUrlClientError,
        NonHttpUrlRedirectClientError as NonHttpUrlRedirectClientError,
        RedirectClientError as RedirectClientError,
        RequestInfo as RequestInfo,
        ServerConnectionError as ServerConnectionError,
        ServerDisconnectedError as ServerDisconnectedError,
        ServerFingerprintMismatch as ServerFingerprintMismatch,
        ServerTimeoutError as ServerTimeoutError,
        SocketTimeoutError as SocketTimeoutError,
        TCPConnector as TCPConnector,
        Timings as Timings,
        TooManyRedirects as TooManyRedirects,
        TotalTimeoutError as TotalTimeoutError,
        UnixClientConnectorError as UnixClientConnectorError,
        UnixConnector as UnixConnector,
        UploadAbortedError as UploadAbortedError,
        WSServerHandshakeError as WSServerHandshakeError,
    )
    from notebook_http.client.digest_auth import (
        DigestAuthMiddleware as DigestAuthMiddleware,
    )
    from notebook_http.client.event_source import (
        EventSource as EventSource,
    )
    from notebook_http.client.middleware import (
        ClientHandlerType as ClientHandlerType,
        ClientMiddlewareType as ClientMiddlewareType,
    )
    from notebook_http.client.middlewares.cache import (
        CacheMiddleware as CacheMiddleware,
    )
    from notebook_http.client.middlewares.concurrency_limit import (
        ConcurrencyLimitMiddleware as ConcurrencyLimitMiddleware,
    )
    from notebook_http.client.middlewares.rate_limit import (
        RateLimitMiddleware as RateLimitMiddleware,
    )
    from notebook_http.client.middlewares.request_log import (
        LoggingMiddleware as LoggingMiddleware,
    )
    from notebook_http.client.middlewares.retry import (
        RetryMiddleware as RetryMiddleware,
    )
    from notebook_http.client.named_pipe_connector import (
        NamedPipeConnector as NamedPipeConnector,
    )
    from notebook_http.client.trace_params import (
        TraceConnectionCreateEndParams as TraceConnectionCreateEndParams,
        TraceConnectionCreateStartParams as TraceConnectionCreateStartParams,
        TraceConnectionQueuedEndParams as TraceConnectionQueuedEndParams,
        TraceConnectionQueuedStartParams as TraceConnectionQueuedStartParams,
        TraceConnectionReuseconnParams as TraceConnectionReuseconnParams,
        TraceDnsCacheHitParams as TraceDnsCacheHitParams,
        TraceDnsCacheMissParams as TraceDnsCacheMissParams,
        TraceDnsResolveHostEndParams as TraceDnsResolveHostEndParams,
        TraceDnsResolveHostStartParams as TraceDnsResolveHostStartParams,
        TraceRequestChunkSentParams as TraceRequestChunkSentParams,
        TraceRequestEndParams as TraceRequestEndParams,
        TraceRequestExceptionParams as TraceRequestExceptionParams,
        TraceRequestHeadersSentParams as TraceRequestHeadersSentParams,
        TraceRequestRedirectParams as TraceRequestRedirectParams,
        TraceRequestStartParams as TraceRequestStartParams,
        TraceResponseChunkReceivedParams as TraceResponseChunkReceivedParams,
    )
    from notebook_http.client.tracing import (
        TraceConfig as TraceConfig,
    )
    from notebook_http.client.upload_tracker import (
        UploadTracker as UploadTracker,
    )
    from notebook_http.client.websocket_connect import (
        ClientWSTimeout as ClientWSTimeout,
    )
    from notebook_http.client.websocket_response import (
        ClientWebSocketResponse as ClientWebSocketResponse,
    )
    from notebook_http.notebook.archived_requests import (
        from_har as from_har,
    )
    from notebook_http.notebook.batches.batch import (
        Batch as Batch,
        NotFetchedError as NotFetchedError,
    )
    from notebook_http.notebook.batches.fetch_all import (
        fetch_all as fetch_all,
        stream_all as stream_all,
    )
    from notebook_http.notebook.batches.last_batch import (
        last_batch as last_batch,
    )
    from notebook_http.notebook.batches.pages import (
        PaginationLoopError as PaginationLoopError,
        paginate as paginate,
    )
    from notebook_http.notebook.cache import (
        NotebookCache as NotebookCache,
        cache as cache,
    )
    from notebook_http.notebook.cassettes.cassette import (
        Cassette as Cassette,
        cassette as cassette,
    )
    from notebook_http.notebook.cassettes.exceptions import (
        CassetteFileError as CassetteFileError,
        NotRecordedError as NotRecordedError,
        OfflineError as OfflineError,
    )
    from notebook_http.notebook.client import (
        Client as Client,
        PendingRequest as PendingRequest,
        delete as delete,
        get as get,
        head as head,
        options as options,
        patch as patch,
        post as post,
        put as put,
        request as request,
    )
    from notebook_http.notebook.doctor.examination import (
        doctor as doctor,
    )
    from notebook_http.notebook.downloads.download import (
        download as download,
    )
    from notebook_http.notebook.downloads.downloaded import (
        Download as Download,
    )
    from notebook_http.notebook.downloads.exceptions import (
        ChecksumError as ChecksumError,
        DownloadError as DownloadError,
    )
    from notebook_http.notebook.event_streams.events import (
        Events as Events,
        sse as sse,
    )
    from notebook_http.notebook.explore import (
        explore as explore,
    )
    from notebook_http.notebook.extension import (
        load_ipython_extension as load_ipython_extension,
        unload_ipython_extension as unload_ipython_extension,
    )
    from notebook_http.notebook.history import (
        history as history,
    )
    from notebook_http.notebook.jobs import (
        Job as Job,
        jobs as jobs,
        settle as settle,
        spawn as spawn,
    )
    from notebook_http.notebook.last_error import (
        last_error as last_error,
    )
    from notebook_http.notebook.pasted_curl import (
        from_curl as from_curl,
    )
    from notebook_http.notebook.private_loop import (
        run as run,
    )
    from notebook_http.notebook.reply import (
        Reply as Reply,
    )
    from notebook_http.notebook.secret import (
        Secret as Secret,
        SecretNotFoundError as SecretNotFoundError,
        secret as secret,
    )
    from notebook_http.notebook.server import (
        Server as Server,
        serve as serve,
        servers as servers,
    )
    from notebook_http.notebook.stream_df import (
        stream_df as stream_df,
    )
    from notebook_http.notebook.websockets.console import (
        WebSocketConsole as WebSocketConsole,
    )
    from notebook_http.notebook.websockets.exceptions import (
        WebSocketClosedError as WebSocketClosedError,
    )
    from notebook_http.notebook.websockets.opening import (
        ws as ws,
    )
    from notebook_http.transport.async_resolver import (
        AsyncResolver as AsyncResolver,
    )
    from notebook_http.transport.body_part_reader import (
        BodyPartReader as BodyPartReader,
    )
    from notebook_http.transport.data_queue import (
        DataQueue as DataQueue,
        FlowControlDataQueue as FlowControlDataQueue,
    )
    from notebook_http.transport.form_data import (
        FormData as FormData,
    )
    from notebook_http.transport.multipart_payload import (
        MultipartWriter as MultipartWriter,
    )
    from notebook_http.transport.multipart_stream import (
        MultipartReader as MultipartReader,
    )
    from notebook_http.transport.payload import (
        PAYLOAD_REGISTRY as PAYLOAD_REGISTRY,
        AsyncIterablePayload as AsyncIterablePayload,
        BufferedReaderPayload as BufferedReaderPayload,
        BytesIOPayload as BytesIOPayload,
        BytesPayload as BytesPayload,
        IOBasePayload as IOBasePayload,
        JsonBytesPayload as JsonBytesPayload,
        JsonPayload as JsonPayload,
        Payload as Payload,
        StreamReaderPayload as StreamReaderPayload,
        StringIOPayload as StringIOPayload,
        StringPayload as StringPayload,
        TextIOPayload as TextIOPayload,
        get_payload as get_payload,
        payload_type as payload_type,
    )
    from notebook_http.transport.resolver import (
        DefaultResolver as DefaultResolver,
        ThreadedResolver as ThreadedResolver,
    )
    from notebook_http.transport.socket_types import (
        AddrInfoType as AddrInfoType,
        SocketFactoryType as SocketFactoryType,
    )
    from notebook_http.transport.stream_reader import (
        EMPTY_PAYLOAD as EMPTY_PAYLOAD,
        EofStream as EofStream,
        StreamReader as StreamReader,
    )
    from notebook_http.web.config_dict import (
        ChainMapProxy as ChainMapProxy,
    )
    from notebook_http.wire.content_disposition import (
        BadContentDispositionHeader as BadContentDispositionHeader,
        BadContentDispositionParam as BadContentDispositionParam,
        content_disposition_filename as content_disposition_filename,
        parse_content_disposition as parse_content_disposition,
    )
    from notebook_http.wire.credentials import (
        BasicAuth as BasicAuth,
        encode_basic_auth as encode_basic_auth,
    )
    from notebook_http.wire.entity_tag import (
        ETag as ETag,
    )
    from notebook_http.wire.event_stream import (
        ServerSentEvent as ServerSentEvent,
    )
    from notebook_http.wire.http_version import (
        HttpVersion as HttpVersion,
        HttpVersion10 as HttpVersion10,
        HttpVersion11 as HttpVersion11,
    )
    from notebook_http.wire.websocket_message import (
        WebSocketError as WebSocketError,
        WSCloseCode as WSCloseCode,
        WSMessage as WSMessage,
        WSMessageTypeError as WSMessageTypeError,
        WSMsgType as WSMsgType,
    )

_HOME_OF = {name: module for module, names in NAMES_OF.items() for name in names}
_MODULES = ("abc", "client", "client_exceptions", "hdrs", "test_utils", "web")

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


if "NOTEBOOK_HTTP_OFFLINE" in environ:
    # Also for programs that only use the core.
    from notebook_http.notebook.cassettes.passing import watch_for_offline

    watch_for_offline()
    del watch_for_offline
if "ipykernel" in sys.modules:
    # In a kernel `web.run_app(app)` must serve on the loop that is running, with or without
    # %load_ext. This fills a hook and imports nothing else.
    from notebook_http.notebook.kernel_hosting import install

    install()
    del install
