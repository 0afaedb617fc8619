"""Make requests from what the session knows and what a call says.

Knows which headers, cookies and credentials go to which origin, and what a redirect takes along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from multidict import CIMultiDict, getversion, istr
from yarl import URL

from notebook_http import hdrs
from notebook_http.client.automatic_headers import with_automatic
from notebook_http.client.cookies_argument import coded_pairs, split_cookie_header
from notebook_http.client.exceptions import (
    ClientPayloadError,
    InvalidUrlClientError,
    InvalidUrlRedirectClientError,
    NonHttpUrlClientError,
)
from notebook_http.client.origin import Origin, credentials_in, make_key, origin_headers
from notebook_http.client.redirects import (
    is_same_origin,
    method_after_redirect,
    without_body_headers,
    without_credentials,
)
from notebook_http.client.request import ClientRequest, request_target
from notebook_http.client.request_body import RequestBody, body_from_data, body_from_json
from notebook_http.client.request_options import DEFAULT_OPTIONS
from notebook_http.client.url_errors import NOT_A_URL
from notebook_http.wire.cookie import format_cookie_header
from notebook_http.wire.credentials import BasicAuth
from notebook_http.wire.http_version import HttpVersion, HttpVersion11

if TYPE_CHECKING:
    from collections.abc import Callable

    from multidict import MultiDict

    from notebook_http.client.abstract_cookie_jar import AbstractCookieJar
    from notebook_http.client.proxy import Proxy
    from notebook_http.client.proxy_choice import ProxyChoice
    from notebook_http.client.proxy_environment import Surroundings
    from notebook_http.client.request_options import LooseCookies, RequestOptions

__all__ = ["RequestFactory"]

# Origins whose headers are kept ready. A program talks to few at a time; a crawler to any number.
_MAX_ORIGINS = 256


class RequestFactory:
    """Makes the requests of one session.

    Attributes:
        headers: the session's own; may be changed at any time.
        skip_auto_headers: names that are never added.
        auth: the session's credentials, or None.
        base_url: what relative URLs are joined to, or None.
    """

    def __init__(
        self,
        *,
        base_url: URL | None,
        headers: CIMultiDict[str],
        skip_auto_headers: frozenset[istr],
        auth: BasicAuth | None,
        cookie_jar: AbstractCookieJar,
        version: HttpVersion,
        json_serialize: Callable[[Any], str | bytes],
        schemes: frozenset[str],
        closes_connections: bool,
        proxies: ProxyChoice | None = None,
        request_class: type[ClientRequest] = ClientRequest,
    ) -> None:
        self._request_class = request_class
        self.base_url = base_url
        self.headers = headers
        self.skip_auto_headers = skip_auto_headers
        self.auth = auth
        # Numbers, whatever the caller put in: it goes into the request line as it is.
        self.version = version = HttpVersion(int(version[0]), int(version[1]))
        self.json_serialize = json_serialize
        self._jar = cookie_jar
        self._proxies = proxies
        self._skipped = frozenset(name.lower() for name in skip_auto_headers)
        self._schemes = schemes
        # Only what differs from the version's own rule has to be said (RFC 9112 §9.3).
        self._connection = ""
        if closes_connections and version >= HttpVersion11:
            self._connection = "close"
        elif not closes_connections and version < HttpVersion11:
            self._connection = "keep-alive"
        self._origins: dict[Any, Origin] = {}
        self._headers_version = _version_of(headers)

    # The URL

    def absolute_url(self, given: str | URL, params: Any = None) -> URL:
        """Return what is asked for: *given*, joined to the base URL, with *params* in its query.

        Raises:
            InvalidUrlClientError: it is no URL. The caller erred.
        """
        try:
            url = given if isinstance(given, URL) else URL(given)
            if self.base_url is not None and not url.absolute:
                url = self.base_url.join(url)
            if params:
                url = url.extend_query(params)
        except NOT_A_URL as error:
            raise InvalidUrlClientError(given, str(error)) from error
        return url

    def origin_of(self, url: URL, options: RequestOptions, proxy: Proxy | None = None) -> Origin:
        """Return the origin of *url* with the session's headers for it, reached through *proxy*.

        Raises:
            NonHttpUrlClientError: the scheme is not http or https.
            InvalidUrlClientError: there is no host that could be dialled.
            ValueError: a header of the session cannot stand in a head.
        """
        if _version_of(self.headers) != self._headers_version:
            self._origins.clear()
            self._headers_version = _version_of(self.headers)
        if options.ssl is True and options.server_hostname is None and proxy is None:
            name: Any = (url.scheme, url.raw_authority)
        else:
            name = (url.scheme, url.raw_authority, options.ssl, options.server_hostname, proxy)
        origin = self._origins.get(name)
        if origin is None:
            if url.scheme not in self._schemes:
                hint = "" if url.raw_host else f" Did you mean http://{url}?"
                text = f"{url} is no http or https URL.{hint}"
                raise NonHttpUrlClientError(text)
            if proxy is not None:
                proxy = proxy.for_target(url.scheme, self.headers.get(hdrs.USER_AGENT, ""))
            key = make_key(url, options.ssl, options.server_hostname, proxy)
            auth = self._default_auth(url)
            host = url.host_port_subcomponent or key.host
            complete = with_automatic(
                self.headers, connection=self._connection, skipped=self._skipped
            )
            headers = origin_headers(host, complete, auth)
            prefix = ""
            if proxy is not None:
                prefix = "" if proxy.tunnels else f"{url.scheme}://{host}"
                if proxy.owns_authorization:
                    headers.popall(hdrs.PROXY_AUTHORIZATION, None)
            origin = Origin(
                key,
                host,
                headers,
                auth,
                has_userinfo="@" in url.raw_authority,
                prefix=prefix,
            )
            if len(self._origins) >= _MAX_ORIGINS:
                self._origins.pop(next(iter(self._origins)))
            self._origins[name] = origin
        return origin

    def given_headers(self, options: RequestOptions) -> CIMultiDict[str]:
        """Return what session and call say together: the call's headers replace the session's.

        Those who trace a call may have changed them meanwhile.
        """
        if options.traces is not None:
            return options.traces.headers.copy()
        given_headers = CIMultiDict(self.headers)
        if options.headers is not None:
            given: CIMultiDict[str] = CIMultiDict(options.headers)
            for name in given:
                given_headers.popall(name, None)
            given_headers.extend(given)
        return given_headers

    # The requests

    def make(
        self, method: str, url: URL, options: RequestOptions, found: Surroundings | None = None
    ) -> ClientRequest:
        """Return the first request of a call; *method* in upper case.

        *found* is what the environment says of *url*; see `ClientSession`'s `trust_env`.

        Raises:
            ValueError: arguments contradict each other, or a header cannot stand in a head.
            TypeError: the body is of no kind that can be sent.
            InvalidURL: or `NonHttpUrlClientError`: the URL cannot be asked for.
        """
        origin = self.origin_of(url, options, self._proxy(options, found))
        shaped = origin.shapes_messages or (found is not None and found.auth is not None)
        if options is DEFAULT_OPTIONS and not (shaped or origin.has_userinfo):
            cookie = self._cookie(url, None, None) if len(self._jar) else ""
            return self._request_class(method, url, origin, version=self.version, cookie=cookie)
        if options.json is not None:
            body: RequestBody | None = body_from_json(options.json, self.json_serialize)
        else:
            body = body_from_data(options.data)
        skipped = self._skipped_by(options)
        if body is not None and skipped:
            body.headers = tuple(pair for pair in body.headers if pair[0].lower() not in skipped)
        compress = options.compress
        headers = None
        if shaped or options.has_headers:
            headers = self._own_headers(origin, options, found)
        request = self._request_class(
            method,
            url.with_user(None) if origin.has_userinfo else url,
            origin,
            headers=headers,
            version=self.version,
            body=body,
            cookie=self._cookie(url, options.cookies, headers),
            chunked=options.chunked,
            compress="deflate" if compress is True else (compress or None),
            expect_continue=options.expect100,
        )
        if skipped:
            request._skipped = skipped
        return request

    def after_redirect(
        self,
        request: ClientRequest,
        status: int,
        url: URL,
        options: RequestOptions,
        trusted: bool,
        found: Surroundings | None = None,
    ) -> ClientRequest:
        """Return the request that follows *request* when it was answered with a redirect to *url*.

        Args:
            request: the one that was answered.
            status: of the answer.
            url: where it leads.
            options: of the call.
            trusted: whether all hops so far, *url* included, are of the call's own origin. If
                not, what proves who the caller is stays behind: `Authorization`, `Cookie` and
                `Proxy-Authorization`, every copy, as well as `cookies=` and `auth=`.
            found: what the environment says of *url*.

        Raises:
            ClientPayloadError: the body has to be sent again, but was a stream.
            InvalidUrlRedirectClientError: there is no host in *url* that could be dialled, or its
                path cannot stand in a request line.
        """
        method = method_after_redirect(request.method, status)
        keeps_body = method == request.method
        body = request.outgoing if keeps_body else None
        if body is not None and body.is_spent:
            text = (
                f"Cannot follow the redirect from {request.url} to {url} with a consumed request "
                "body. Use bytes, a seekable file, or set allow_redirects=False."
            )
            raise ClientPayloadError(text)
        try:
            request_target(url)
            origin = self.origin_of(url, options, self._proxy(options, found))
        except InvalidUrlClientError as error:
            raise InvalidUrlRedirectClientError(url, error.description) from error
        headers = None
        if options.has_headers or origin.shapes_messages or found is not None or not trusted:
            headers = self._own_headers(origin, options, found, trusted=trusted)
            if not keeps_body:
                headers = without_body_headers(headers)
        return self._request_class(
            method,
            url.with_user(None) if origin.has_userinfo else url,
            origin,
            headers=headers,
            version=request.version,
            body=body,
            cookie=self._cookie(url, options.cookies if trusted else None, headers),
            chunked=options.chunked if keeps_body else None,
            compress=request.compress if keeps_body else None,
            expect_continue=request.expect_continue and keeps_body,
        )

    def settle(
        self, request: ClientRequest, options: RequestOptions, found: Surroundings | None = None
    ) -> None:
        """Square *request* with what middlewares have made of it, before it is sent (again).

        *found* is what the environment says of its URL.

        Raises:
            ClientPayloadError: the body has to be sent again, but was a stream.
            InvalidURL: or `NonHttpUrlClientError`: the URL that a middleware set is none.
        """
        if request.outgoing is not None and request.outgoing.is_spent:
            text = (
                f"The body of {request.method} {request.url} is consumed and cannot be sent again. "
                "Use bytes or a seekable file for requests that middlewares repeat."
            )
            raise ClientPayloadError(text)
        old = request.origin
        origin = self.origin_of(request.url, options, self._proxy(options, found))
        proxy = origin.key.proxy
        if proxy is not None and proxy.owns_authorization:
            request.headers.popall(hdrs.PROXY_AUTHORIZATION, None)
        if origin is old:
            return
        headers = request.headers
        if headers.get(hdrs.HOST) == old.host_header:
            headers[hdrs.HOST] = origin.host_header
        request.origin = origin

    # Privates

    def _proxy(self, options: RequestOptions, found: Surroundings | None) -> Proxy | None:
        """Return what a call goes through: as it says, as the session does, as *found*; or None."""
        proxies = self._proxies
        if options.proxy is not None or proxies is not None:
            # Few programs use proxies: the others do not pay for the import.
            from notebook_http.client.proxy_choice import ProxyChoice, is_direct

            if options.proxy is not None and is_direct(options.proxy):
                return None
            proxy = (proxies or ProxyChoice(None, None)).of_call(options)
            if proxy is not None:
                return proxy
        return None if found is None else found.proxy

    def _own_headers(
        self,
        origin: Origin,
        options: RequestOptions,
        found: Surroundings | None,
        *,
        trusted: bool = True,
    ) -> CIMultiDict[str]:
        """Return all headers of a request that has some of its own, cookies excepted."""
        own = self.given_headers(options)
        auth = options.auth or origin.auth
        if not trusted:
            own = without_credentials(own)
            own.popall(hdrs.HOST, None)
            auth = origin.auth if origin.has_userinfo else None
        elif auth is not None and options.auth is not None and origin.has_userinfo:
            text = "Cannot combine AUTH argument with credentials encoded in URL"
            raise ValueError(text)
        if auth is None and found is not None and hdrs.AUTHORIZATION not in own:
            auth = found.auth
        proxy = origin.key.proxy
        if proxy is not None and proxy.owns_authorization:
            own.popall(hdrs.PROXY_AUTHORIZATION, None)
        skipped = self._skipped_by(options)
        complete = with_automatic(own, connection=self._connection, skipped=skipped)
        return origin_headers(origin.host_header, complete, auth)

    def _skipped_by(self, options: RequestOptions) -> frozenset[str]:
        if options.skip_auto_headers is None:
            return self._skipped
        return self._skipped.union(name.lower() for name in options.skip_auto_headers)

    def _default_auth(self, url: URL) -> BasicAuth | None:
        """Return the credentials in the URL, else the session's where they apply."""
        auth = credentials_in(url)
        if auth is not None:
            return auth
        if self.base_url is None or is_same_origin(self.base_url, url):
            return self.auth
        return None

    def _cookie(
        self, url: URL, given: LooseCookies | None, headers: CIMultiDict[str] | None
    ) -> str:
        """Return the value of `Cookie`; "" for none. The nearer to the call, the stronger."""
        if not given and not len(self._jar):
            return ""
        pairs: dict[str, str] = {}
        if len(self._jar):
            for name, morsel in self._jar.filter_cookies(url).items():
                pairs[name] = morsel.coded_value
        if given:
            pairs.update(coded_pairs(given, url, self._jar))
        if headers is not None and hdrs.COOKIE in headers:
            for value in headers.getall(hdrs.COOKIE):
                pairs.update(pair for pair in split_cookie_header(value))
        return format_cookie_header(pairs.items())


def _version_of(headers: CIMultiDict[str]) -> int:
    """Return a number that changes whenever *headers* do."""
    return getversion(cast("MultiDict[object]", headers))
