"""One request: what was asked for, as the bytes that say so.

A request without headers of its own is its origin's ready-made block plus a line or two; only one
that somebody looks into, or that has headers, becomes a multi-dict.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from multidict import CIMultiDict, CIMultiDictProxy

from notebook_http import hdrs
from notebook_http.client.exceptions import InvalidUrlClientError, RequestInfo
from notebook_http.client.request_body import body_from_data
from notebook_http.client.request_views import RequestViews
from notebook_http.wire.content_coding import encoder_for
from notebook_http.wire.errors import ContentEncodingError
from notebook_http.wire.head_writer import check_method, encode_head, field_lines
from notebook_http.wire.http_version import HttpVersion, HttpVersion11

if TYPE_CHECKING:
    from yarl import URL

    from notebook_http.client.origin import Origin
    from notebook_http.client.request_body import RequestBody
    from notebook_http.wire.content_coding import ContentEncoder

__all__ = ["IDEMPOTENT_METHODS", "ClientRequest", "request_target"]

_NOT_IN_TARGET = re.compile(r"[\x00-\x20\x7f]")

# RFC 9110 §9.2.2: asking twice means no more than asking once.
IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
# Of all other methods a missing body is announced as an empty one (RFC 9110 §8.6).
_METHODS_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "CONNECT"})


def request_target(url: URL) -> str:
    """Return what the request line for *url* names (RFC 9112 §3.2.1).

    yarl has escaped whatever could end the line or start another, unless the caller said
    `encoded=True`, or a server's word is taken as it is (`requote_redirect_url=False`).

    Raises:
        InvalidUrlClientError: white space or a control character stands in it.
    """
    target = url.raw_path_qs or "/"
    plain = target.isascii() and target.isprintable() and " " not in target
    if not plain and _NOT_IN_TARGET.search(target):
        text = "it holds white space or a control character, which must be %-escaped"
        raise InvalidUrlClientError(url, text)
    return target


class ClientRequest(RequestViews):
    """A request about to be sent, or sent.

    Attributes:
        method: upper case, a token.
        url: without fragment; what goes on the wire.
        real_url: as it was given.
        origin: where it goes.
        version: `HttpVersion` of the request line.
        outgoing: what is sent after the head, or None.
        chunked: whether the body is framed by chunks.
        compress: the content coding that is applied while sending, or None.
        expect_continue: whether the body waits for the server's `100 Continue`.
        session: the session that asks, for middlewares; None where there are none.
        responder: how middlewares answer it without the server; only there for them.
    """

    __slots__ = (
        "_extra",
        "_headers",
        "_skipped",
        "chunked",
        "compress",
        "expect_continue",
        "method",
        "origin",
        "outgoing",
        "real_url",
        "responder",
        "session",
        "url",
        "version",
    )

    # Names of automatic headers that are left out, in lower case. Not set where there are none.
    _skipped: frozenset[str]
    # A `Responder`. Not set where there are no middlewares: that would cost each request.
    responder: Any

    def __init__(
        self,
        method: str,
        url: URL,
        origin: Origin,
        *,
        headers: CIMultiDict[str] | None = None,
        version: HttpVersion = HttpVersion11,
        body: RequestBody | None = None,
        cookie: str = "",
        chunked: bool | None = None,
        compress: str | None = None,
        expect_continue: bool = False,
    ) -> None:
        """Prepare a request.

        Args:
            method: checked here.
            url: absolute.
            origin: of *url*.
            headers: all of them, automatic ones included, `Host` first; None for *origin*'s.
            version: 1.1 or 1.0.
            body: what to send, or None.
            cookie: the value of `Cookie`, "" for none.
            chunked: True asks for chunks though the length is known.
            compress: "deflate" or "gzip" to apply to the body, or None.
            expect_continue: send `Expect: 100-continue`.

        Raises:
            ValueError: the method is no token, or headers and arguments contradict each other.
        """
        self.method = method if method in hdrs.METH_ALL else check_method(method)
        self.real_url = url
        self.url = url.with_fragment(None) if url.raw_fragment else url
        self.origin = origin
        self.version = version
        self.outgoing = body
        self.compress = compress
        self.expect_continue = expect_continue
        self.chunked = False
        self.session: Any = None
        self._headers = headers
        self._extra: list[tuple[str, str]] = []
        if cookie:
            self._set(hdrs.COOKIE, cookie)
        if (
            body is not None
            or headers is not None
            or chunked
            or method not in _METHODS_WITHOUT_BODY
        ):
            self._frame_body(chunked)

    def __repr__(self) -> str:
        return f"<ClientRequest {self.method} {self.url}>"

    # Asking

    @property
    def headers(self) -> CIMultiDict[str]:
        """All headers of the request. Made when first asked for."""
        headers = self._headers
        if headers is None:
            headers = self._headers = CIMultiDict(self.origin.headers)
            headers.extend(self._extra)
        return headers

    @property
    def request_info(self) -> RequestInfo:
        """What error messages and the response show of the request."""
        headers = CIMultiDictProxy(self.headers)
        return RequestInfo(self.url, self.method, headers, self.real_url)

    @property
    def body_length(self) -> int | None:
        """Bytes that the head announces; None when the body is chunked or there is none."""
        if self.chunked or self.outgoing is None:
            return None
        announced = self._headers.get(hdrs.CONTENT_LENGTH) if self._headers is not None else None
        return int(announced) if announced is not None else self.outgoing.size

    def new_encoder(self) -> ContentEncoder | None:
        """Return what applies `compress` to the body, or None.

        Raises:
            ValueError: the coding is unknown, or its library is missing.
        """
        try:
            return encoder_for(self.compress) if self.compress else None
        except ContentEncodingError as error:
            raise ValueError(str(error)) from None

    def encode_head(self) -> bytes:
        """Return the request's head (RFC 9112 §3).

        Raises:
            ValueError: a header or the URL cannot stand in a head; nothing was sent.
        """
        headers = self._headers
        if headers is not None:
            lines = field_lines(headers.items())
        elif self._extra:
            lines = self.origin.block + field_lines(self._extra)
        else:
            lines = self.origin.block
        if self.version == HttpVersion11:
            version = "1.1"
        else:
            major, minor = self.version
            version = f"{int(major)}.{int(minor)}"
        origin = self.origin
        target = origin.prefix + request_target(self.url)
        return encode_head(
            f"{self.method} {target} HTTP/{version}\r\n{lines}{origin.proxy_lines}\r\n"
        )

    @property
    def skip_auto_headers(self) -> CIMultiDict[None]:
        """The names of automatic headers that were left out, as keys."""
        skipped: frozenset[str] = getattr(self, "_skipped", frozenset())
        return CIMultiDict((name.title(), None) for name in sorted(skipped))

    # Building

    async def update_body(self, body: Any) -> None:
        """Send *body* instead, and close what would have been sent.

        `Content-Length` and `Transfer-Encoding` follow. `Content-Type` stays if it is there
        already, but for multipart bodies, which nobody could read by another boundary.

        Args:
            body: what `data=` takes; None for no body.

        Raises:
            TypeError: it is no body. The request is as before.
            ValueError: the headers contradict it.
        """
        new = body_from_data(body)
        old = self.outgoing
        if old is not None and old.payload is not None and (new is None or old.payload is not body):
            await old.close()
        headers = self.headers
        was_chunked = self.chunked
        for name in (hdrs.CONTENT_LENGTH, hdrs.TRANSFER_ENCODING):
            headers.popall(name, None)
        if self.compress:
            headers.popall(hdrs.CONTENT_ENCODING, None)
        if new is not None:
            skipped = getattr(self, "_skipped", ())
            new.headers = tuple(pair for pair in new.headers if pair[0].lower() not in skipped)
            for field, value in new.headers:
                if value.startswith("multipart/"):
                    headers[field] = value
        self.outgoing = new
        self.chunked = False
        self._frame_body((was_chunked and new is not None) or None)

    def _set(self, name: str, value: str) -> None:
        if self._headers is None:
            self._extra.append((name, value))
        else:
            self._headers[name] = value

    def _frame_body(self, chunked: bool | None) -> None:
        """Decide how the body's end is marked (RFC 9112 §6), and say so in the headers."""
        body = self.outgoing
        headers = self._headers
        given_length = given_coding = None
        if headers is not None:
            given_length = headers.get(hdrs.CONTENT_LENGTH)
            given_coding = headers.get(hdrs.TRANSFER_ENCODING)
            for name, value in (
                (hdrs.CONTENT_LENGTH, given_length),
                (hdrs.TRANSFER_ENCODING, given_coding),
            ):
                if value is not None and len(headers.getall(name)) > 1:
                    text = f"{name} may be given once: two make a message that ends at two places"
                    raise ValueError(text)
        if given_length is not None and not (given_length.isascii() and given_length.isdecimal()):
            text = f"the Content-Length header is no number: {given_length[:40]!r}"
            raise ValueError(text)
        if given_coding is not None:
            if chunked or given_coding.strip().lower() != "chunked":
                text = (
                    "leave Transfer-Encoding out: chunked=True sets it, and no other value "
                    f"than 'chunked' can be sent (got {given_coding[:40]!r})"
                )
                raise ValueError(text)
            chunked = True
        if body is None:
            if given_coding is not None or given_length not in (None, "0"):
                text = "the headers announce a body, but there is none: pass data="
                raise ValueError(text)
            if self.method not in _METHODS_WITHOUT_BODY and given_length is None:
                self._set(hdrs.CONTENT_LENGTH, "0")
            return
        for field, value in body.headers:
            if headers is None:
                self._extra.append((field, value))
            elif field not in headers:
                headers.add(field, value)
        if self.compress and body.size == 0:
            self.compress = None  # nothing does not become less
        if self.compress:
            if headers is not None and hdrs.CONTENT_ENCODING in headers:
                text = "compress can not be set if Content-Encoding header is set"
                raise ValueError(text)
            self.new_encoder()  # an unknown coding is an error now, not in the middle of sending
            self._set(hdrs.CONTENT_ENCODING, self.compress)
        if (chunked or self.compress) and given_length is not None:
            what = "chunked" if chunked else "compress"
            text = f"{what} can not be set if Content-Length header is set"
            raise ValueError(text)
        unsized = body.size is None or bool(self.compress)
        if chunked or (unsized and given_length is None):
            if self.version < HttpVersion11:
                text = "a body of unknown length needs HTTP/1.1: HTTP/1.0 has no chunks"
                raise ValueError(text)
            self.chunked = True
            if given_coding is None:
                self._set(hdrs.TRANSFER_ENCODING, "chunked")
        elif given_length is None:
            self._set(hdrs.CONTENT_LENGTH, str(body.size))
        if self.expect_continue and (headers is None or hdrs.EXPECT not in headers):
            self._set(hdrs.EXPECT, "100-continue")
