"""What middlewares can ask of a request, in aiohttp's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from multidict import CIMultiDict

from notebook_http.wire.http_version import HttpVersion

if TYPE_CHECKING:
    import asyncio

    from yarl import URL

    from notebook_http.client.connection_key import ConnectionKey
    from notebook_http.client.origin import Origin
    from notebook_http.client.request_body import RequestBody
    from notebook_http.transport.payload_shape import Payload
    from notebook_http.transport.tls import TlsSetting

__all__ = ["RequestViews"]


class RequestViews:
    """The views of a request. All of them are worked out when they are asked for."""

    __slots__ = ()

    if TYPE_CHECKING:
        origin: Origin
        outgoing: RequestBody | None
        real_url: URL
        session: Any
        url: URL
        version: HttpVersion

    @property
    def body(self) -> Payload | Literal[b""]:
        """What is sent after the head; ``b""`` for nothing. Change it with `update_body`."""
        return b"" if self.outgoing is None else self.outgoing.as_payload()

    @property
    def original_url(self) -> URL:
        """The URL as it was given, with fragment; another name for `real_url`."""
        return self.real_url

    @property
    def host(self) -> str:
        """The name or address in the URL, without brackets and port."""
        return self.url.raw_host or ""

    @property
    def port(self) -> int | None:
        """The port in the URL, or the scheme's."""
        return self.url.port

    def is_ssl(self) -> bool:
        """Return whether TLS is spoken with the server."""
        return self.url.scheme in {"https", "wss"}

    @property
    def ssl(self) -> TlsSetting:
        """How the server is verified: True, False, a context or a `Fingerprint`."""
        return self.origin.key.ssl

    @property
    def server_hostname(self) -> str | None:
        """The name that the certificate must show instead of the host; None for the host."""
        return self.origin.key.server_hostname

    @property
    def connection_key(self) -> ConnectionKey:
        """What other requests must have in common with this one to share its connection.

        Without the credentials that only a proxy may know.
        """
        return self.origin.key.without_secrets

    @property
    def proxy(self) -> URL | None:
        """What the request goes through, without credentials; None for nothing."""
        proxy = self.origin.key.proxy
        return None if proxy is None else proxy.url

    @property
    def proxy_headers(self) -> CIMultiDict[str] | None:
        """What a proxy is told when it is asked for a tunnel, credentials excepted; or None."""
        proxy = self.origin.key.proxy
        return CIMultiDict(proxy.headers) if proxy is not None and proxy.tunnels else None

    @property
    def response_class(self) -> type[Any] | None:
        """What the response will be made of; None where there are no middlewares to ask."""
        return None if self.session is None else self.session._settings.response_class

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that runs the request.

        Raises:
            RuntimeError: no loop runs.
        """
        import asyncio

        return asyncio.get_running_loop()
