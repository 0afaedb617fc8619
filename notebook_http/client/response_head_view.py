"""What a response's head says, in the words of its reader."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from notebook_http import hdrs
from notebook_http.client.exceptions import ClientConnectionError
from notebook_http.wire.media_type import MediaType, parse_media_type
from notebook_http.wire.message_head import first_field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.cookies import SimpleCookie

    from multidict import CIMultiDictProxy, MultiDictProxy
    from yarl import URL

    from notebook_http.client.exchange import Exchange
    from notebook_http.client.request import ClientRequest
    from notebook_http.wire.http1_response import ResponseHead
    from notebook_http.wire.http_version import HttpVersion

__all__ = ["ContentDisposition", "ResponseHeadView"]

_DEFAULT_TYPE = "application/octet-stream"  # RFC 9110 §8.3: what a body without a type may be


class ContentDisposition(NamedTuple):
    """How the server wants the body to be kept (RFC 6266).

    Attributes:
        type: "attachment", "inline", …; None if it could not be read.
        parameters: names in lower case to values.
        filename: untrusted text: never use it as a path as it is.
    """

    type: str | None
    parameters: Mapping[str, str]
    filename: str | None


class ResponseHeadView:
    """The part of `ClientResponse` that is known when the head is there.

    Attributes:
        status: the status code.
    """

    __slots__ = ("_exchange", "_media_type", "_request", "status")

    _exchange: Exchange
    _media_type: MediaType | None
    _request: ClientRequest
    status: int

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status < 400

    @property
    def reason(self) -> str | None:
        """The reason phrase, perhaps empty."""
        head = self._exchange.head
        return None if head is None else head.reason

    @property
    def version(self) -> HttpVersion | None:
        """The HTTP version that the server spoke."""
        head = self._exchange.head
        return None if head is None else head.version

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The headers, in the order they were sent."""
        return self._head().headers

    @property
    def raw_headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """The headers as bytes, as they were sent."""
        return tuple(self._head().raw_headers)

    @property
    def url(self) -> URL:
        """The URL that was asked, without fragment; after redirects, the last one."""
        return self._request.url

    @property
    def cookies(self) -> SimpleCookie:
        """The cookies that this response sets (not what the jar holds)."""
        from http.cookies import SimpleCookie

        from notebook_http.wire.cookie import parse_set_cookie

        cookies: SimpleCookie = SimpleCookie()
        for value in self.headers.getall(hdrs.SET_COOKIE, ()):
            cookie = parse_set_cookie(value)
            if cookie is not None:
                # dict's own: SimpleCookie would parse the morsel again.
                dict.__setitem__(cookies, cookie.name, cookie.to_morsel())
        return cookies

    @property
    def links(self) -> MultiDictProxy[MultiDictProxy[str | URL]]:
        """The `Link` headers by relation: `response.links["next"]["url"]`."""
        from notebook_http.client.link_header import parse_links

        return parse_links(self.headers.getall(hdrs.LINK, ()), self.url)

    @property
    def media_type(self) -> MediaType:
        """What `Content-Type` says, taken apart."""
        media_type = self._media_type
        if media_type is None:
            # The other fields need not be decoded for that: few programs look at them.
            value = first_field(self._head().raw_headers, b"content-type")
            media_type = self._media_type = parse_media_type(value)
        return media_type

    @property
    def content_type(self) -> str:
        """The media type without parameters; `application/octet-stream` if none was sent."""
        return self.media_type.essence or _DEFAULT_TYPE

    @property
    def charset(self) -> str | None:
        """The charset that `Content-Type` names, or None."""
        return self.media_type.charset

    @property
    def content_length(self) -> int | None:
        """Bytes of the body as announced, before decoding; None if nothing was."""
        head = self._head()
        return head.content_length

    @property
    def content_disposition(self) -> ContentDisposition | None:
        """How the body is to be kept; None if the server does not say."""
        value = self.headers.get(hdrs.CONTENT_DISPOSITION)
        if value is None:
            return None
        from notebook_http.wire.content_disposition import (
            content_disposition_filename,
            parse_content_disposition,
        )

        kind, parameters = parse_content_disposition(value)
        filename = content_disposition_filename(parameters)
        return ContentDisposition(kind, MappingProxyType(parameters), filename)

    def _head(self) -> ResponseHead:
        head = self._exchange.head
        if head is None:
            text = "the response has no head yet"
            raise ClientConnectionError(text)
        return head
