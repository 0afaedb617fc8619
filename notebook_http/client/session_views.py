"""What can be asked of a session: its settings, as they were given or by default."""

from __future__ import annotations

import asyncio
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from multidict import CIMultiDict, istr
    from yarl import URL

    from notebook_http.client.abstract_cookie_jar import AbstractCookieJar
    from notebook_http.client.call import CallSettings
    from notebook_http.client.client_timeout import ClientTimeout
    from notebook_http.client.connector import BaseConnector
    from notebook_http.client.middleware import ClientMiddlewareType
    from notebook_http.client.request_options import RaiseForStatus
    from notebook_http.client.tracing import TraceConfig
    from notebook_http.wire.credentials import BasicAuth
    from notebook_http.wire.http_version import HttpVersion

__all__ = ["SessionViews"]


class SessionViews:
    """The settings of a session, to be read."""

    _connector: BaseConnector | None
    _connector_owner: bool
    _settings: CallSettings

    @property
    def closed(self) -> bool:
        """Whether it sends no more requests."""
        return self._connector is None or self._connector.closed

    @property
    def connector(self) -> BaseConnector | None:
        """What makes the connections; None when the session is closed."""
        return self._connector

    @property
    def cookie_jar(self) -> AbstractCookieJar:
        """Where the cookies are."""
        return self._settings.cookie_jar

    @property
    def base_url(self) -> URL | None:
        """What relative URLs are joined to; None if they are refused."""
        return self._settings.factory.base_url

    @property
    def middlewares(self) -> tuple[ClientMiddlewareType, ...]:
        """What runs around each request that brings none of its own, the outermost first."""
        return self._settings.middlewares

    @property
    def version(self) -> HttpVersion:
        """The version of HTTP that requests speak."""
        return self._settings.factory.version

    @property
    def requote_redirect_url(self) -> bool:
        """Whether `Location` is escaped where servers left it unescaped."""
        return self._settings.requote_redirect_url

    @requote_redirect_url.setter
    def requote_redirect_url(self, value: bool) -> None:
        text = "changing requote_redirect_url is deprecated: pass it to ClientSession()"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        self._settings = self._settings._replace(requote_redirect_url=value)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that runs the requests. Deprecated, as in aiohttp.

        Raises:
            RuntimeError: no loop runs, and none has run a request yet.
        """
        text = "loop is deprecated: asyncio.get_running_loop() tells which one runs"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        loop = None if self._connector is None else self._connector.loop
        return loop or asyncio.get_running_loop()

    @property
    def trust_env(self) -> bool:
        """Whether proxies and credentials are also taken from the environment."""
        return self._settings.trust_env

    @property
    def timeout(self) -> ClientTimeout:
        """The limits of requests that do not say otherwise."""
        return self._settings.timeout

    @property
    def headers(self) -> CIMultiDict[str]:
        """The headers that every request sends; change them here at any time."""
        return self._settings.factory.headers

    @property
    def skip_auto_headers(self) -> frozenset[istr]:
        """The names of automatic headers that are left out."""
        return self._settings.factory.skip_auto_headers

    @property
    def auth(self) -> BasicAuth | None:
        """The credentials of every request."""
        return self._settings.factory.auth

    @property
    def json_serialize(self) -> Callable[[Any], str | bytes]:
        """What turns the values of `json=` into text."""
        return self._settings.factory.json_serialize

    @property
    def connector_owner(self) -> bool:
        """Whether closing the session closes the connector."""
        return self._connector_owner

    @property
    def raise_for_status(self) -> RaiseForStatus:
        """Whether, or how, responses are judged."""
        return self._settings.raise_for_status

    @property
    def auto_decompress(self) -> bool:
        """Whether content codings are undone."""
        return self._settings.answers.auto_decompress

    @property
    def trace_configs(self) -> list[TraceConfig]:
        """Whose listeners are told what happens to each request."""
        return self._settings.trace_configs
