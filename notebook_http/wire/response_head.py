"""The head of a response (RFC 9112 §4)."""

from __future__ import annotations

from multidict import CIMultiDictProxy

from notebook_http.wire.errors import excerpt
from notebook_http.wire.http_version import HttpVersion
from notebook_http.wire.message_head import RawHeaders, decode_fields

__all__ = ["ResponseHead"]


class ResponseHead:
    """The head of one response, its bytes kept as they came.

    Attributes:
        version: `HttpVersion`, 1.0 or 1.1.
        status: the status code, 100 to 999.
        reason: the reason phrase, perhaps empty.
        raw_headers: names and values as sent, in order.
        keep_alive: whether the connection can carry another request after this message.
        content_length: bytes announced, or None.
        chunked: whether the body is chunked.
        has_body: whether a body follows, be it empty.
        upgrade: whether the server switches protocols.
        content_encoding: value of `Content-Encoding`, or None.
    """

    __slots__ = (
        "_headers",
        "chunked",
        "content_encoding",
        "content_length",
        "has_body",
        "keep_alive",
        "raw_headers",
        "reason",
        "status",
        "upgrade",
        "version",
    )

    def __init__(
        self,
        version: HttpVersion,
        status: int,
        reason: str,
        raw_headers: RawHeaders,
        keep_alive: bool,
    ) -> None:
        self.version = version
        self.status = status
        self.reason = reason
        self.raw_headers = raw_headers
        self.keep_alive = keep_alive
        self.content_length: int | None = None
        self.chunked = False
        self.has_body = True
        self.upgrade = False
        self.content_encoding: str | None = None
        self._headers: CIMultiDictProxy[str] | None = None

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The fields as text, decoded when first asked for."""
        headers = self._headers
        if headers is None:
            headers = self._headers = decode_fields(self.raw_headers)
        return headers

    def __repr__(self) -> str:
        return f"<ResponseHead {self.status} {excerpt(self.reason)}>"
