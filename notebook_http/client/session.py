"""`ClientSession`: what a program holds on to while it talks to servers."""

from __future__ import annotations

import json as json_module
import warnings
from typing import TYPE_CHECKING, Any, NoReturn

from multidict import CIMultiDict, istr
from yarl import URL

from notebook_http.client.answer_settings import AnswerSettings
from notebook_http.client.call import CallSettings, run_call
from notebook_http.client.connector import NOT_GIVEN
from notebook_http.client.cookie_jar import CookieJar
from notebook_http.client.older_arguments import new_connector, session_timeout
from notebook_http.client.request import ClientRequest
from notebook_http.client.request_context import SessionRequestContextManager
from notebook_http.client.request_factory import RequestFactory
from notebook_http.client.request_options import DEFAULT_OPTIONS, RequestOptions
from notebook_http.client.response import ClientResponse
from notebook_http.client.session_views import SessionViews
from notebook_http.client.tcp_connector import TCPConnector
from notebook_http.client.verbs import Verbs
from notebook_http.client.websocket_connect import WebSocketConnecting
from notebook_http.wire.http_version import HttpVersion, HttpVersion11
from notebook_http.wire.limits import MessageLimits

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Iterable, Sequence
    from types import TracebackType

    from notebook_http.client.abstract_cookie_jar import AbstractCookieJar
    from notebook_http.client.client_timeout import ClientTimeout
    from notebook_http.client.connector import BaseConnector
    from notebook_http.client.middleware import ClientMiddlewareType
    from notebook_http.client.proxy_choice import ProxyChoice
    from notebook_http.client.request_options import LooseCookies, LooseHeaders, RaiseForStatus
    from notebook_http.client.tracing import TraceConfig
    from notebook_http.client.websocket_response import ClientWebSocketResponse
    from notebook_http.wire.credentials import BasicAuth

__all__ = ["ClientSession", "request"]

# Bytes a coded body may unpack to in `read()`: more than any page or data set that is meant to be
# read whole, less than what ends a kernel.
_MAX_DECODED_BYTES = 256 * 1024 * 1024


class ClientSession(SessionViews, Verbs, WebSocketConnecting):
    """A set of connections, cookies and defaults for requests. Make one, and use it for all.

    ```python
    async with ClientSession() as session:
        async with session.get("https://example.org/") as response:
            print(await response.text())
    ```

    Args:
        base_url: what relative URLs are joined to; its path ends in a slash.
        connector: makes the connections; default is a `TCPConnector`.
        loop: no effect: a session belongs to the loop that runs when it is used.
        cookies: put into the jar.
        headers: sent with every request; may be changed later through `headers`.
        proxy: URL of the proxy that requests go through, http or https, perhaps with user and
            password. It gets requests for http targets whole, and makes tunnels for the others.
        proxy_auth: credentials for the proxy, and for nobody else.
        skip_auto_headers: names of automatic headers (`User-Agent`, `Content-Type` …) to leave out.
        auth: Basic credentials for every request (only to *base_url*'s origin, if there is one).
        json_serialize: turns the values of `json=` into text or bytes.
        json_serialize_bytes: used instead, if given; such as `orjson.dumps`.
        request_class: made for each request; `ClientRequest` or derived from it.
        response_class: made for each response; a `ClientResponse` or derived from it.
        ws_response_class: made for each WebSocket; a `ClientWebSocketResponse` or derived from it.
        version: of HTTP to speak, 1.1 or 1.0.
        cookie_jar: keeps the cookies; default is a `CookieJar`.
        connector_owner: whether closing the session closes the connector.
        raise_for_status: raise for statuses of 400 and above, or an async function that judges.
        read_timeout: older name for `ClientTimeout(total=…)`. Deprecated, as in aiohttp.
        conn_timeout: older name for `ClientTimeout(connect=…)`. Deprecated, as in aiohttp.
        timeout: a `ClientTimeout`, or seconds for the whole; default (also for None) 5 minutes,
            30 s to connect.
        auto_decompress: undo the content codings of bodies.
        trust_env: take the proxy from `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`
            (and the system's settings on Windows and macOS), and credentials from the netrc file,
            where neither session nor call name others.
        requote_redirect_url: escape what servers left unescaped in `Location`.
        read_bufsize: bytes of a body; twice as many are buffered before the server has to wait.
        max_line_size: bytes of a reason phrase.
        max_field_size: bytes of one header.
        max_headers: headers of one response.
        fallback_charset_resolver: tells the encoding of a text whose charset is not said.
        middlewares: run around each request, the first one outermost; see `client.middleware`.
        trace_configs: whose listeners are told what happens to each request; see `client.tracing`.
        ssl_shutdown_timeout: of the connector made here; see `TCPConnector`. Deprecated, as in
            aiohttp.
        max_decoded_size: bytes that a coded body may unpack to in `read()`.

    Raises:
        ValueError: *base_url* is not absolute, or its path does not end in a slash; *timeout* is
            no `ClientTimeout` and no number, or an older name says something as well.
    """

    def __init__(
        self,
        base_url: str | URL | None = None,
        *,
        connector: BaseConnector | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
        cookies: LooseCookies | None = None,
        headers: LooseHeaders | None = None,
        proxy: str | URL | None = None,
        proxy_auth: BasicAuth | None = None,
        skip_auto_headers: Iterable[str] | None = None,
        auth: BasicAuth | None = None,
        json_serialize: Callable[[Any], str | bytes] = json_module.dumps,
        json_serialize_bytes: Callable[[Any], bytes] | None = None,
        request_class: type[ClientRequest] = ClientRequest,
        response_class: type[ClientResponse] = ClientResponse,
        ws_response_class: type[ClientWebSocketResponse[bool]] | None = None,
        version: HttpVersion = HttpVersion11,
        cookie_jar: AbstractCookieJar | None = None,
        connector_owner: bool = True,
        raise_for_status: RaiseForStatus = False,
        read_timeout: float | None = NOT_GIVEN,
        conn_timeout: float | None = None,
        timeout: ClientTimeout | float | None = NOT_GIVEN,
        auto_decompress: bool = True,
        trust_env: bool = False,
        requote_redirect_url: bool = True,
        read_bufsize: int = 2**18,
        max_line_size: int = 8190,
        max_field_size: int = 8190,
        max_headers: int = 128,
        fallback_charset_resolver: Callable[[ClientResponse, bytes], str] | None = None,
        middlewares: Sequence[ClientMiddlewareType] = (),
        trace_configs: list[TraceConfig] | None = None,
        ssl_shutdown_timeout: float | None = NOT_GIVEN,
        max_decoded_size: int = _MAX_DECODED_BYTES,
    ) -> None:
        self._connector: BaseConnector | None = None
        limits = session_timeout(timeout, read_timeout, conn_timeout)
        jar: AbstractCookieJar = CookieJar() if cookie_jar is None else cookie_jar
        if cookies:
            jar.update_cookies(cookies)
        connector = new_connector(ssl_shutdown_timeout) if connector is None else connector
        factory = RequestFactory(
            base_url=_checked_base_url(base_url),
            headers=CIMultiDict(headers or ()),
            skip_auto_headers=frozenset(istr(name) for name in skip_auto_headers or ()),
            auth=auth,
            cookie_jar=jar,
            version=version,
            json_serialize=json_serialize_bytes or json_serialize,
            schemes=connector.allowed_protocol_schema_set,
            closes_connections=connector.force_close,
            proxies=_proxies(proxy, proxy_auth),
            request_class=request_class,
        )
        self._settings = CallSettings(
            factory=factory,
            cookie_jar=jar,
            answers=AnswerSettings(
                MessageLimits(max_line_size, max_field_size, max_headers),
                read_bufsize=read_bufsize,
                auto_decompress=auto_decompress,
            ),
            timeout=limits,
            response_class=response_class,
            raise_for_status=raise_for_status,
            requote_redirect_url=requote_redirect_url,
            fallback_charset=fallback_charset_resolver,
            max_decoded_size=max_decoded_size,
            schemes=connector.allowed_protocol_schema_set,
            middlewares=tuple(middlewares),
            trace_configs=[] if trace_configs is None else trace_configs,
            trust_env=trust_env,
        )
        self._ws_response_class = ws_response_class
        for config in self._settings.trace_configs:
            config.freeze()
        self._connector_owner = connector_owner
        self._connector = connector

    def __del__(self) -> None:
        # Not there when the arguments were wrong: then `__init__` never ran.
        connector = getattr(self, "_connector", None)
        if connector is None or connector.closed:
            return
        warnings.warn(
            f"Unclosed client session {self!r}", ResourceWarning, source=self, stacklevel=2
        )
        loop = connector.loop
        if loop is not None and not loop.is_closed():
            context = {"client_session": self, "message": "Unclosed client session"}
            loop.call_exception_handler(context)
        if self._connector_owner:
            connector.close_now()

    def __repr__(self) -> str:
        state = "closed" if self._connector is None else repr(self._connector)
        return f"<{type(self).__name__} {state}>"

    # Closing

    async def close(self) -> None:
        """Close all connections, those in use included. Idempotent."""
        connector, self._connector = self._connector, None
        if connector is not None and self._connector_owner:
            await connector.close()

    def detach(self) -> None:
        """Forget the connector without closing it; the session is of no use afterwards."""
        self._connector = None

    def __enter__(self) -> NoReturn:
        text = "Use async with instead: `async with ClientSession() as session:`"
        raise TypeError(text)

    def __exit__(self, *exc_info: object) -> None:
        """Do nothing: `with` is refused when it is entered."""

    async def __aenter__(self) -> ClientSession:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    # How a request runs

    def _call(
        self, method: str, url: str | URL, given: dict[str, Any]
    ) -> Coroutine[Any, Any, ClientResponse]:
        connector = self._connector
        if connector is None:
            return _fail(RuntimeError("Session is closed"))
        try:
            options = RequestOptions(**given) if given else DEFAULT_OPTIONS
        except ValueError as error:
            return _fail(error)
        if self._settings.trace_configs or options.upload_tracker is not None:
            from notebook_http.client.watched_call import run_watched_call

            return run_watched_call(self, self._settings, connector, method, url, options)
        return run_call(self, self._settings, connector, method, url, options)


async def _fail(error: Exception) -> NoReturn:
    """Raise *error* when the request is awaited, which may be far from where it was made."""
    raise error


def _proxies(proxy: str | URL | None, auth: BasicAuth | None) -> ProxyChoice | None:
    if proxy is None and auth is None:
        return None
    # Few sessions use proxies: the others do not pay for the import.
    from notebook_http.client.proxy_choice import ProxyChoice

    return ProxyChoice(proxy, auth)


def _checked_base_url(given: str | URL | None) -> URL | None:
    if given is None:
        return None
    url = URL(given)
    url.origin()  # raises ValueError for a URL that is not absolute
    if not url.path.endswith("/"):
        text = f"base_url must have a trailing '/', or its last part is lost: {url}/"
        raise ValueError(text)
    return url


def request(
    method: str,
    url: str | URL,
    *,
    version: HttpVersion = HttpVersion11,
    connector: BaseConnector | None = None,
    loop: asyncio.AbstractEventLoop | None = None,
    **options: Any,
) -> SessionRequestContextManager:
    """Return one request in a session of its own, for `async with`; see `ClientSession.request`.

    Args:
        method: any token.
        url: absolute.
        version: of HTTP to speak.
        connector: used and left open; without it there is one of its own.
        loop: no effect; see `ClientSession`.
        options: see `RequestOptions`.
    """
    own = TCPConnector(force_close=True) if connector is None else None
    session = ClientSession(
        version=version, connector=own or connector, connector_owner=own is not None
    )
    try:
        return SessionRequestContextManager(method, url, options, session)
    except BaseException:  # wrong options: nobody will ever hold the session to close it
        session.detach()
        if own is not None:
            own.close_now()
        raise
