"""What stays the same for all requests that a session sends to one origin.

Host, pool key and default headers depend on nothing else, so they are worked out once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from multidict import CIMultiDict
from yarl import URL

from notebook_http import hdrs
from notebook_http.client.connection_key import ConnectionKey
from notebook_http.client.exceptions import InvalidUrlClientError
from notebook_http.client.redirects import BODY_HEADERS
from notebook_http.wire.credentials import BasicAuth
from notebook_http.wire.errors import excerpt
from notebook_http.wire.head_writer import field_lines

if TYPE_CHECKING:
    from notebook_http.client.proxy import Proxy
    from notebook_http.transport.tls import TlsSetting

__all__ = ["Origin", "credentials_in", "make_key", "origin_headers"]

# A host of digits, hex digits and dots only, that is no IPv4 address in its usual form: the system
# resolver reads `127.1` or `0x7f000001` as an address all the same, behind the back of whoever
# checked the URL for one.
_ODD_ADDRESS = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+))*\.?", re.IGNORECASE)
_MAX_HOST_BYTES = 253  # RFC 1035 §2.3.4; also keeps IDNA's quadratic steps small
_MAX_LABEL_BYTES = 63
# Schemes of connectors that know where to connect without the URL: a file, a pipe.
_WITHOUT_PORTS = frozenset({"unix", "npipe"})
# What a host never holds. yarl escapes it, unless the caller says that the URL is escaped already.
_NOT_IN_HOST = re.compile(r"[^\x21-\x7e]|[/?#@\\]")


class Origin:
    """Scheme, host and port, and what follows from them for a session.

    Attributes:
        key: which connections serve it.
        host_header: the value of `Host`.
        headers: what a request without headers of its own sends, `Host` first.
        block: the same as lines of text, checked, without the empty line at the end.
        prefix: what stands before the path in request lines: "" unless a proxy has to be told
            which server is meant (RFC 9112 §3.2.2).
        proxy_lines: headers for a proxy that gets whole requests, as lines of text; "" for none.
            They are no part of *headers*, which errors and responses show.
        auth: the credentials that apply by default, already in *headers*.
        has_userinfo: whether *auth* came from the URL.
        shapes_messages: whether *headers* says something of bodies or cookies, which each request
            has to square with its own.
    """

    __slots__ = (
        "auth",
        "block",
        "has_userinfo",
        "headers",
        "host_header",
        "key",
        "prefix",
        "proxy_lines",
        "shapes_messages",
    )

    def __init__(
        self,
        key: ConnectionKey,
        host_header: str,
        headers: CIMultiDict[str],
        auth: BasicAuth | None,
        *,
        has_userinfo: bool,
        prefix: str = "",
    ) -> None:
        self.key = key
        self.host_header = host_header
        self.headers = headers
        self.block = field_lines(headers.items())
        self.auth = auth
        self.has_userinfo = has_userinfo
        self.prefix = prefix
        self.proxy_lines = ""
        proxy = key.proxy
        if proxy is not None and not proxy.tunnels and proxy.authorization:
            self.proxy_lines = field_lines([(str(hdrs.PROXY_AUTHORIZATION), proxy.authorization)])
        self.shapes_messages = any(name in headers for name in (hdrs.COOKIE, *BODY_HEADERS))


def make_key(
    url: URL, tls: TlsSetting, server_hostname: str | None, proxy: Proxy | None = None
) -> ConnectionKey:
    """Return which connections may serve *url*, through *proxy* if there is one.

    Raises:
        InvalidUrlClientError: there is no host in it, or none that can be dialled.
    """
    try:
        host, port = url.raw_host, url.port
    except ValueError as error:  # yarl looks late where the caller says that all is escaped
        raise InvalidUrlClientError(url, str(error)) from error
    if not host:
        hint = f" Did you mean http://{url}?" if not url.scheme and str(url)[:1] != "/" else ""
        text = f"the URL has no host.{hint} A path alone needs ClientSession(base_url=…)."
        raise InvalidUrlClientError(url, text)
    if len(host) > _MAX_HOST_BYTES:
        text = f"the host name is {len(host)} characters long, over the {_MAX_HOST_BYTES} of DNS"
        raise InvalidUrlClientError(url, text)
    if _NOT_IN_HOST.search(host):
        text = f"the host {excerpt(host)} holds characters that no host may hold"
        raise InvalidUrlClientError(url, text)
    # The dot at the end stands for the root; Python's resolver raises UnicodeError for the rest.
    labels = host.removesuffix(".").split(".")
    if any(not label or len(label) > _MAX_LABEL_BYTES for label in labels) and ":" not in host:
        text = f"the parts of {excerpt(host)} between the dots are not 1 to {_MAX_LABEL_BYTES} long"
        raise InvalidUrlClientError(url, text)
    if _ODD_ADDRESS.fullmatch(host) and not _is_ipv4(host):
        text = f"{host!r} is neither a host name nor an IPv4 address of four decimal numbers"
        raise InvalidUrlClientError(url, text)
    if not port and url.scheme not in _WITHOUT_PORTS:
        text = "the URL has no port that can be connected to"
        raise InvalidUrlClientError(url, text)
    is_ssl = url.scheme in {"https", "wss"}
    if not is_ssl:
        if proxy is None:
            return ConnectionKey(host, port, False)
        return ConnectionKey(host, port, False, tls if proxy.is_tls else True, None, proxy)
    return ConnectionKey(host, port, True, tls, server_hostname, proxy)


def credentials_in(url: URL) -> BasicAuth | None:
    """Return the credentials in *url*; UTF-8 where latin-1, aiohttp's default, does not do.

    Raises:
        InvalidUrlClientError: they cannot be sent: the login holds a colon. Its text has none of
            them.
    """
    try:
        auth = BasicAuth.from_url(url)
        if auth is None:
            return None
        if not (auth.login.isascii() and auth.password.isascii()):
            try:
                auth.encode()
            except ValueError:
                auth = BasicAuth(auth.login, auth.password, encoding="utf-8")
                auth.encode()
    except ValueError as error:
        raise InvalidUrlClientError(url.with_user(None), str(error)) from error
    return auth


def origin_headers(
    host: str, headers: CIMultiDict[str], auth: BasicAuth | None
) -> CIMultiDict[str]:
    """Return *headers* with `Host` in front (RFC 9110 §7.2) and *auth* in `Authorization`.

    Args:
        host: used unless *headers* has a `Host` of its own.
        headers: left as they are.
        auth: credentials, or None.

    Raises:
        ValueError: there is an `Authorization` header as well as credentials.
        TypeError: *auth* is something else.
    """
    complete: CIMultiDict[str] = CIMultiDict()
    complete[hdrs.HOST] = headers.get(hdrs.HOST, host)
    complete.extend((name, value) for name, value in headers.items() if name.lower() != "host")
    if auth is not None:
        if not isinstance(auth, BasicAuth):
            # Reached by callers without a type checker, who know pairs from other libraries.
            text = f"auth is BasicAuth(user, password), not a {type(auth).__name__}"  # type: ignore[unreachable]
            raise TypeError(text)
        if hdrs.AUTHORIZATION in complete:
            text = (
                "Cannot combine AUTHORIZATION header with AUTH argument or credentials encoded "
                "in URL"
            )
            raise ValueError(text)
        complete[hdrs.AUTHORIZATION] = auth.encode()
    return complete


def _is_ipv4(host: str) -> bool:
    parts = host.split(".")
    return len(parts) == 4 and all(
        part.isdecimal() and (part == "0" or part[0] != "0") and int(part) < 256 for part in parts
    )
