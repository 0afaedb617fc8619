"""Which proxy a request goes through: what the caller says, checked, without its credentials."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from multidict import CIMultiDict
from yarl import URL

from notebook_http import hdrs
from notebook_http.client.exceptions import InvalidUrlClientError
from notebook_http.client.origin import credentials_in, make_key
from notebook_http.client.proxy import Proxy
from notebook_http.client.url_errors import NOT_A_URL
from notebook_http.wire.credentials import BasicAuth
from notebook_http.wire.head_writer import field_lines

if TYPE_CHECKING:
    from notebook_http.client.request_options import LooseHeaders, RequestOptions

__all__ = ["ProxyChoice", "is_direct", "make_proxy"]


class ProxyChoice:
    """What a session says of proxies, and what follows from it for each call.

    Args:
        proxy: of calls that name none; None for no proxy.
        auth: its credentials. Without a proxy of the session, for those that calls name.

    Raises:
        InvalidUrlClientError: or ValueError: see `make_proxy`.
    """

    __slots__ = ("_auth", "_given", "_proxy")

    def __init__(self, proxy: str | URL | None, auth: BasicAuth | None) -> None:
        _check_auth(auth)
        if proxy is not None and is_direct(proxy):
            proxy = None
        self._given = proxy
        self._auth = auth
        self._proxy = None if proxy is None else make_proxy(proxy, auth)

    def of_call(self, options: RequestOptions) -> Proxy | None:
        """Return the proxy of a call with *options*; None if nobody named one.

        The session's credentials only go to the session's own proxy, if it has one.

        Raises:
            InvalidUrlClientError: or ValueError: see `make_proxy`.
        """
        given, auth, headers = options.proxy, options.proxy_auth, options.proxy_headers
        session_proxy = self._proxy
        if given is None:
            if self._given is None or (auth is None and headers is None):
                return session_proxy
            return make_proxy(self._given, self._auth if auth is None else auth, headers)
        if auth is None and self._auth is not None:
            proxy = make_proxy(given, None, headers)
            if session_proxy is None or session_proxy.url == proxy.url:
                return proxy._replace(authorization=self._auth.encode())
            return proxy
        return make_proxy(given, auth, headers)


def is_direct(given: str | URL) -> bool:
    """Tell whether `proxy=given` is "" or an empty URL: no proxy, as in aiohttp."""
    return isinstance(given, (str, URL)) and not given


_USER_INFO = re.compile(r"^([^/@]*//)?[^/?#]*@")


def make_proxy(
    given: str | URL,
    auth: BasicAuth | None = None,
    headers: LooseHeaders | None = None,
    *,
    said_by: str = "proxy=",
) -> Proxy:
    """Return the proxy that *given* names.

    Args:
        given: its URL, perhaps with user and password.
        auth: credentials; stronger than those in the URL, which are stronger than a header.
        headers: told to the proxy when it makes a tunnel, and no one else.
        said_by: where *given* comes from, for messages.

    Raises:
        InvalidUrlClientError: it is no http or https URL with a host. Its text has no credentials.
        ValueError: *auth* is something else, or a header cannot stand in a head.
    """
    _check_auth(auth)
    try:
        url = given if isinstance(given, URL) else URL(given)
        auth = auth or credentials_in(url)
        url = url.with_user(None) if url.absolute else url
    except NOT_A_URL as error:
        # Not its text: it repeats what it could not parse.
        shown = _USER_INFO.sub(r"\1***@", str(given))
        raise InvalidUrlClientError(shown, f"{said_by} is no URL") from error
    if url.scheme not in {"http", "https"} or not url.raw_host:
        shown = _USER_INFO.sub(r"\1***@", str(url))
        hint = f"write http://{shown}" if "://" not in shown else "only http and https are spoken"
        raise InvalidUrlClientError(shown, f"{said_by} names no HTTP proxy: {hint}")
    make_key(url, True, None)
    told = CIMultiDict(headers or ())
    authorization = _take_authorization(told)
    if auth is not None:
        authorization = auth.encode()
    told.popall(hdrs.HOST, None)
    pairs = tuple((str(name), value) for name, value in told.items())
    field_lines([*pairs, (str(hdrs.PROXY_AUTHORIZATION), authorization)])  # wrong ones raise now
    return Proxy(url.origin(), authorization=authorization, headers=pairs)


def _check_auth(auth: Any) -> None:
    if auth is not None and not isinstance(auth, BasicAuth):
        text = "proxy_auth must be None or BasicAuth() tuple"
        raise ValueError(text)


def _take_authorization(told: CIMultiDict[str]) -> str:
    """Remove credentials from *told* and return them; aiohttp takes them under either name."""
    plain = told.popall(hdrs.AUTHORIZATION, None)
    own = told.popall(hdrs.PROXY_AUTHORIZATION, None)
    return str((plain or own or [""])[0])
