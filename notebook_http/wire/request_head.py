"""The head of a request, and the forms that its host and target may have (RFC 9112 §3)."""

from __future__ import annotations

import re
from copy import copy

from multidict import CIMultiDictProxy

from notebook_http.wire.errors import TransferEncodingError, excerpt
from notebook_http.wire.http_version import HttpVersion, HttpVersion11
from notebook_http.wire.message_head import RawHeaders, decode_fields, first_field

__all__ = ["RequestHead", "is_allowed_target", "is_host", "transfer_fault"]

# uri-host [":" port], RFC 9110 §7.2 with RFC 3986 §3.2.2: a name, an address or a bracketed IPv6
# address. Anything else (user info, a path, white space) would turn into another URL downstream.
_HOST = re.compile(
    rb"(?:[A-Za-z0-9\-._~!$&'()*+,;=%]{0,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{0,5})?"
)


class RequestHead:
    """The head of one request, its bytes kept as they came.

    Not changed once it was reported: a connection may report the same one for equal requests.

    Attributes:
        method: the method as sent; methods are case-sensitive.
        target: the request target as sent (ASCII), not decoded.
        path: the path in it, without a query; of an absolute target, too.
        version: `HttpVersion`, 1.0 or 1.1.
        host: value of `Host`, checked against its grammar, or None (HTTP/1.0 only).
        keep_alive: whether the client wants the connection to go on (RFC 9112 §9.3).
        has_body: whether body events follow.
        content_length: bytes announced, or None.
        chunked: whether the body is chunked.
        upgrade: whether a protocol upgrade is asked for. The body is framed as without it.
        expect_continue: whether the client waits for 100 (Continue), RFC 9110 §10.1.1.
        expect: value of `Expect`, or None.
        content_encoding: value of `Content-Encoding`, or None.
    """

    __slots__ = (
        "_begin",
        "_headers",
        "_raw_headers",
        "_whole",
        "chunked",
        "content_encoding",
        "content_length",
        "expect",
        "has_body",
        "host",
        "keep_alive",
        "method",
        "path",
        "target",
        "upgrade",
        "version",
    )

    def __init__(
        self,
        method: str,
        target: str,
        version: HttpVersion,
        raw_headers: RawHeaders,
        host: str | None,
        keep_alive: bool,
    ) -> None:
        self.method = method
        self.target = target
        path = target if target.startswith("/") else _origin_form(target)
        self.path = path.partition("?")[0] if "?" in path else path
        self.version = version
        self._raw_headers: RawHeaders | None = raw_headers
        self.host = host
        self.keep_alive = keep_alive
        self.has_body = False
        self.content_length: int | None = None
        self.chunked = False
        self.upgrade = False
        self.expect: str | None = None
        self.content_encoding: str | None = None
        self._headers: CIMultiDictProxy[str] | None = None

    @property
    def raw_headers(self) -> RawHeaders:
        """Names and values as sent, in order."""
        fields = self._raw_headers
        return _fields_of(self._whole, self._begin) if fields is None else fields

    def keep_as_bytes(self, whole: bytes, begin: int) -> None:
        """Keep the fields as the bytes of the head *whole*, from *begin* on, if they say the same.

        For a head that outlives its request: the list takes four times as much memory.
        """
        if _fields_of(whole, begin) == self._raw_headers:
            self._whole, self._begin, self._raw_headers = whole, begin, None

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The fields as text, decoded when first asked for."""
        headers = self._headers
        if headers is None:
            headers = self._headers = decode_fields(self.raw_headers)
        return headers

    @property
    def expect_continue(self) -> bool:
        """Whether the client waits for 100 (Continue) before it sends the body."""
        return self.expect is not None and self.expect.lower() == "100-continue"

    def repeated(self, method: str, target: str, changed: RawHeaders | None) -> RequestHead:
        """Return the head of another request with the same fields, or with those *changed*.

        Only for one that has none of the other attributes set.
        """
        fields = self._raw_headers if changed is None else changed
        head = RequestHead(method, target, self.version, fields or [], self.host, self.keep_alive)
        if fields is None:
            head._whole, head._begin, head._raw_headers = self._whole, self._begin, None
        if changed is None:
            head._headers = self._headers  # read-only, so that one for all of them will do
        length = self.content_length
        if length is not None:
            if changed is not None:
                length = int(first_field(changed, b"content-length") or 0)
            head.content_length = length
            head.has_body = length > 0
        return head

    def closing(self) -> RequestHead:
        """Return this head as if its client wanted the connection to end with it."""
        head = copy(self)
        head.keep_alive = False
        return head

    def __repr__(self) -> str:
        return f"<RequestHead {self.method} {excerpt(self.target)}>"


def _origin_form(target: str) -> str:
    """Return the path of an absolute target, as a proxy would get it (RFC 9112 §3.2.2)."""
    _, separator, rest = target.partition("://")
    if not separator:
        return target  # `*`, or the authority of CONNECT
    authority, slash, path = rest.partition("/")
    if "?" in authority:  # http://host?query
        return "/?" + authority.partition("?")[2] + slash + path
    return "/" + path


def _fields_of(whole: bytes, begin: int) -> RawHeaders:
    fields: RawHeaders = []
    for line in whole[begin:-4].split(b"\r\n"):
        name, _, value = line.partition(b":")
        fields.append((name, value.lstrip(b" \t")))
    return fields


def is_host(value: bytes) -> bool:
    """Tell whether *value* is a host with an optional port, or empty (RFC 9110 §7.2)."""
    return _HOST.fullmatch(value) is not None


def is_allowed_target(method: str, target: bytes) -> bool:
    """Tell whether *target* has one of the forms that RFC 9112 §3.2 allows for *method*."""
    if target[:1] == b"/":
        return True
    if target == b"*":
        return method == "OPTIONS"
    if method == "CONNECT":
        return is_host(target)
    scheme, separator, rest = target.partition(b"://")
    if not separator or scheme.lower() not in (b"http", b"https"):
        return False
    authority = re.split(rb"[/?#]", rest, maxsplit=1)[0]
    return bool(authority) and is_host(authority)


def transfer_fault(version: HttpVersion, value: bytes) -> TransferEncodingError | None:
    """Return what is wrong with a `Transfer-Encoding`: it may be `chunked` only (RFC 9112 §6.1)."""
    if version < HttpVersion11:
        return TransferEncodingError("Transfer-Encoding in an HTTP/1.0 request")
    if value.strip(b" \t").lower() != b"chunked":
        what = f"Transfer-Encoding {excerpt(value)} is not implemented, only chunked is"
        return TransferEncodingError(what, code=501)
    return None
