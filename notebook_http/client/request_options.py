"""What a caller can say about one request, beside its method and URL."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

from notebook_http.transport.tls import merge_tls_settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
    from http.cookies import BaseCookie
    from ssl import SSLContext

    from yarl import URL

    from notebook_http.client.client_timeout import ClientTimeout
    from notebook_http.client.middleware import ClientMiddlewareType
    from notebook_http.client.response import ClientResponse
    from notebook_http.client.trace_points import TracePoints
    from notebook_http.client.upload_tracker import UploadTracker
    from notebook_http.transport.tls import TlsSetting
    from notebook_http.wire.credentials import BasicAuth

    LooseHeaders = Mapping[str, str] | Iterable[tuple[str, str]]
    LooseCookies = Mapping[str, Any] | Iterable[tuple[str, Any]] | BaseCookie[str]
    Query = str | Mapping[str, Any] | Iterable[tuple[str, Any]]
    RaiseForStatus = bool | Callable[[ClientResponse], Awaitable[None]]

__all__ = ["DEFAULT_OPTIONS", "RequestOptions"]


@dataclass(slots=True)
class RequestOptions:
    """The keyword arguments of `ClientSession.request`, with aiohttp's names and defaults.

    Attributes:
        params: added to the URL's query: a dict (also a `MultiDict`), pairs, or text.
        data: the body: bytes, text, a file, an async iterable, `FormData`, or a form as a dict.
        json: a body as Python values.
        cookies: for this request and its first origin only, on top of the session's jar.
        headers: on top of the session's; the same name replaces.
        skip_auto_headers: names of automatic headers to leave out.
        auth: sent as Basic credentials.
        proxy: URL of the proxy to go through, perhaps with user and password.
        proxy_auth: credentials for the proxy, and for nobody else.
        proxy_headers: sent to the proxy when it is asked for a tunnel (https targets).
        allow_redirects: follow them.
        max_redirects: how many at most.
        compress: "deflate" or "gzip" to encode the body with; True means deflate.
        chunked: True frames the body with chunks though its length is known.
        expect100: ask the server before the body is sent (waits a second at most).
        raise_for_status: raise for 400 and above; or an async function that judges a response;
            None takes the session's.
        read_until_eof: False takes a body whose length is not announced as empty.
        timeout: a `ClientTimeout`, or seconds for the whole; None takes the session's.
        ssl: how the peer is verified: True, False, an `ssl.SSLContext` or a `Fingerprint`.
        verify_ssl, ssl_context, fingerprint: older names for what *ssl* says.
        server_hostname: the name that the certificate must show instead of the URL's host.
        auto_decompress: decode the body; None takes the session's.
        read_bufsize: bytes of a body that are buffered before the server has to wait is twice
            this; None takes the session's.
        middlewares: run around this request instead of the session's; None takes those.
        max_line_size: bytes of the reason phrase; None takes the session's.
        max_field_size: bytes of one header; None takes the session's.
        max_headers: count; None takes the session's.
        trace_request_ctx: given to the contexts of the session's `trace_configs`.
        upload_tracker: watches the body on its way; a new `UploadTracker` for each request.
    """

    params: Query | None = None
    data: Any = None
    json: Any = None
    cookies: LooseCookies | None = None
    headers: LooseHeaders | None = None
    skip_auto_headers: Iterable[str] | None = None
    auth: BasicAuth | None = None
    proxy: str | URL | None = None
    proxy_auth: BasicAuth | None = None
    proxy_headers: LooseHeaders | None = None
    allow_redirects: bool = True
    max_redirects: int = 10
    compress: str | bool | None = None
    chunked: bool | None = None
    expect100: bool = False
    raise_for_status: RaiseForStatus | None = None
    read_until_eof: bool = True
    timeout: ClientTimeout | float | None = None
    ssl: TlsSetting = True
    verify_ssl: bool | None = None
    ssl_context: SSLContext | None = None
    fingerprint: bytes | None = None
    server_hostname: str | None = None
    auto_decompress: bool | None = None
    read_bufsize: int | None = None
    middlewares: Sequence[ClientMiddlewareType] | None = None
    max_line_size: int | None = None
    max_field_size: int | None = None
    max_headers: int | None = None
    trace_request_ctx: Any = None
    upload_tracker: UploadTracker | None = None

    # Set by `WatchedOptions` only.
    traces: ClassVar[TracePoints | None] = None

    def __post_init__(self) -> None:
        if self.data is not None and self.json is not None:
            text = "data and json parameters can not be used at the same time"
            raise ValueError(text)
        self.ssl = merge_tls_settings(self.ssl, self.verify_ssl, self.ssl_context, self.fingerprint)

    @property
    def has_headers(self) -> bool:
        """Whether they change the headers that all requests of the session to an origin have."""
        return not (self.headers is None and self.auth is None and self.skip_auto_headers is None)

    @property
    def changes_answer(self) -> bool:
        """Whether they change how the bytes of the answer are read."""
        return not (
            self.auto_decompress is None
            and self.read_bufsize is None
            and self.max_line_size is None
            and self.max_field_size is None
            and self.max_headers is None
            and self.read_until_eof
        )


class WatchedOptions(RequestOptions):
    """The options of a call that somebody traces.

    Args:
        options: of the call.
        traces: who watches. Their headers, which listeners may have changed, are sent instead of
            the session's and the call's.
    """

    __slots__ = ("traces",)

    def __init__(self, options: RequestOptions, traces: TracePoints) -> None:
        for field in fields(RequestOptions):
            setattr(self, field.name, getattr(options, field.name))
        self.params = None  # in the traced URL already
        self.traces: TracePoints = traces  # type: ignore[misc]

    @property
    def has_headers(self) -> bool:
        """True: all of them are here."""
        return True


# Shared by all requests that say nothing more; never changed.
DEFAULT_OPTIONS = RequestOptions()
