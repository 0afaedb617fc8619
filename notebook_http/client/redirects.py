"""Where a redirect leads, and what may go along (RFC 9110 §15.4). Plain functions on plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multidict import CIMultiDict, istr
from yarl import URL

from notebook_http import hdrs
from notebook_http.client.exceptions import (
    InvalidUrlRedirectClientError,
    NonHttpUrlRedirectClientError,
)
from notebook_http.client.url_errors import NOT_A_URL, shown

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy

__all__ = [
    "BODY_HEADERS",
    "REDIRECT_STATUSES",
    "is_same_origin",
    "method_after_redirect",
    "redirect_url",
    "without_body_headers",
    "without_credentials",
]

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})

# Whoever is at the new place was not given these.
_CREDENTIALS = (hdrs.AUTHORIZATION, hdrs.COOKIE, hdrs.PROXY_AUTHORIZATION)
# They describe a body that is not sent again.
BODY_HEADERS = (
    hdrs.CONTENT_LENGTH,
    hdrs.CONTENT_TYPE,
    hdrs.CONTENT_ENCODING,
    hdrs.CONTENT_LANGUAGE,
    hdrs.CONTENT_LOCATION,
    hdrs.CONTENT_DISPOSITION,
    hdrs.TRANSFER_ENCODING,
    istr("Content-MD5"),
    istr("Digest"),
    istr("Content-Digest"),
    istr("Repr-Digest"),
    hdrs.EXPECT,
)


def method_after_redirect(method: str, status: int) -> str:
    """Return the method of the next request; a method that changes to GET loses its body.

    POST becomes GET after 301 and 302, as every browser has it; everything but HEAD does after
    303. 307 and 308 change nothing (RFC 9110 §15.4.2 to §15.4.9).
    """
    if status == 303:
        return method if method == "HEAD" else "GET"
    if status in {301, 302} and method == "POST":
        return "GET"
    return method


def redirect_url(
    url: URL, headers: CIMultiDictProxy[str], *, requote: bool, schemes: frozenset[str]
) -> URL | None:
    """Return where a redirect from *url* leads; None when it does not say.

    Args:
        url: of the request that was answered.
        headers: of the answer.
        requote: escape what the server left unescaped; False takes its word as it is.
        schemes: those that can be followed.

    Raises:
        InvalidUrlRedirectClientError: `Location` is no URL. The server erred.
        NonHttpUrlRedirectClientError: it is one, but not of http or https.
    """
    location = headers.get(hdrs.LOCATION) or headers.get(hdrs.URI)
    if location is None:
        return None
    try:
        target = URL(location, encoded=not requote)
        path = location.partition(":")[2]
        if target.scheme == url.scheme and not path.startswith("//"):
            # `http:/there`: of times when the scheme could stand before a path. Everybody follows
            # it to the same host (RFC 3986 §5.2.2).
            target = URL(path, encoded=not requote)
            if target.scheme:
                raise ValueError("two schemes")
        if not target.scheme:
            target = url.join(target)
        if target.scheme not in schemes:
            text = f"{shown(location[:200])} (redirected to from {url}) is no http or https URL"
            raise NonHttpUrlRedirectClientError(text)
        target.origin()
        target.port  # noqa: B018  looked at late by yarl where its word is taken as it is
    except NOT_A_URL as error:
        text = f"Server attempted redirecting to a location that does not look like a URL ({error})"
        raise InvalidUrlRedirectClientError(location, text) from error
    if url.raw_fragment and not target.raw_fragment:
        # RFC 9110 §10.2.2: the fragment that was asked for still applies.
        target = target.with_fragment(url.fragment)
    return target


def is_same_origin(one: URL, other: URL) -> bool:
    """Tell whether scheme, host and port are the same (RFC 6454 §5)."""
    return one.scheme == other.scheme and one.raw_host == other.raw_host and one.port == other.port


def without_credentials(headers: CIMultiDict[str]) -> CIMultiDict[str]:
    """Return *headers* without any copy of what proves who the caller is."""
    return _without(headers, _CREDENTIALS)


def without_body_headers(headers: CIMultiDict[str]) -> CIMultiDict[str]:
    """Return *headers* without what describes a body."""
    return _without(headers, BODY_HEADERS)


def _without(headers: CIMultiDict[str], names: tuple[istr, ...]) -> CIMultiDict[str]:
    kept = CIMultiDict(headers)
    for name in names:
        kept.popall(name, None)
    return kept
