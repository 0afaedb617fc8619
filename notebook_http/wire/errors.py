"""What can be wrong with bytes that claim to be an HTTP message.

Tree::

    HttpProcessingError              code = the status a server answers with
    ├── BadHttpMessage               400
    │   ├── BadStatusLine            400  the peer's first line is not HTTP
    │   ├── BadHttpMethod            400 or 501  the method is no token, or not one we serve
    │   ├── InvalidHeader            400  a field that cannot be read one way only
    │   ├── InvalidURLError          400  the request target
    │   ├── LineTooLong              414 or 431  over a limit of ours
    │   ├── ContentLengthError       400  body shorter than announced
    │   ├── TransferEncodingError    400 or 501  chunked framing is broken, or a coding we lack
    │   └── PayloadEncodingError     400  base of what can be wrong inside a body
    │       └── ContentEncodingError 400  gzip, deflate, br, zstd data is broken
    └── UnsupportedHttpVersion       505
    BodyTooLarge                     not the peer's syntax but our limit: 413 on a server
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "BadHttpMessage",
    "BadHttpMethod",
    "BadStatusLine",
    "BodyTooLarge",
    "ContentEncodingError",
    "ContentLengthError",
    "HttpProcessingError",
    "InvalidHeader",
    "InvalidURLError",
    "LineTooLong",
    "PayloadEncodingError",
    "TransferEncodingError",
    "UnknownCharset",
    "UnsupportedHttpVersion",
    "excerpt",
    "plain",
]


def excerpt(data: bytes | str, limit: int = 80) -> str:
    """Return at most *limit* characters of what the peer sent, control characters escaped.

    Error texts end up in logs and in notebooks: a bounded, printable copy is all they may hold.
    """
    text = data.decode("latin-1") if isinstance(data, bytes) else data
    shown = repr(text[:limit])
    return shown if len(text) <= limit else f"{shown}… ({len(text)} in all)"


def plain(text: str, limit: int = 80) -> str:
    """Return at most *limit* characters of a field's value, as ASCII and without quotes.

    For answers that name what was sent: bytes that are no UTF-8 are in the text as surrogates, and
    no answer can carry those.
    """
    shown = text[:limit].encode("ascii", "backslashreplace").decode("ascii")
    return shown if len(text) <= limit else f"{shown}... ({len(text)} in all)"


class HttpProcessingError(Exception):
    """A message that cannot be processed, and the status that says so.

    Attributes:
        code: HTTP status that a server answers with.
        message: what is wrong, for people; safe to print.
        headers: fields that the answer should carry, or None.
    """

    code = 0
    message = ""
    headers: Mapping[str, str] | None = None

    def __init__(
        self,
        *,
        code: int | None = None,
        message: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if code is not None:
            self.code = code
        self.headers = headers
        self.message = message
        super().__init__(message)

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.code}, message={self.message!r}>"


class BadHttpMessage(HttpProcessingError):
    """The bytes are not a message that RFC 9112 allows. The peer erred."""

    code = 400

    def __init__(
        self,
        message: str,
        *,
        code: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code=code, message=message, headers=headers)


class BadStatusLine(BadHttpMessage):
    """The first line of a response is not a status line (RFC 9112 §4)."""


class BadHttpMethod(BadHttpMessage):
    """The method is no token, or (501) one that the parser does not know (RFC 9110 §9.1)."""


class InvalidHeader(BadHttpMessage):
    """A header field is malformed, or repeated where only one may stand (RFC 9112 §5)."""


class InvalidURLError(BadHttpMessage):
    """The request target has none of the forms that RFC 9112 §3.2 allows."""


class LineTooLong(BadHttpMessage):
    """A line or a head is longer than our limit.

    Attributes:
        limit: the limit, in the unit that *what* names.
    """

    def __init__(self, what: str, limit: int, *, code: int = 431) -> None:
        super().__init__(f"{what} is over the limit of {limit}", code=code)
        self.limit = limit


class ContentLengthError(BadHttpMessage):
    """The connection ended before the announced Content-Length was there (RFC 9112 §8)."""


class TransferEncodingError(BadHttpMessage):
    """The chunked framing is broken, cut short, or of a coding we do not have (RFC 9112 §7)."""


class PayloadEncodingError(BadHttpMessage):
    """What is inside a body's framing cannot be decoded."""


class ContentEncodingError(PayloadEncodingError):
    """A content coding is unknown, or its data is broken (RFC 9110 §8.4)."""


class UnknownCharset(HttpProcessingError, LookupError):
    """A text is in a charset that nobody here knows. The peer erred."""

    code = 415


class UnsupportedHttpVersion(HttpProcessingError):
    """The request is not HTTP/1.0 or HTTP/1.1 (RFC 9110 §15.6.6)."""

    code = 505


class BodyTooLarge(ValueError):
    """A body holds more bytes than the reader was willing to keep.

    Attributes:
        max_size: the limit in bytes, after decoding.
        received: bytes decoded when reading stopped; the body may be larger still.
    """

    def __init__(self, max_size: int, received: int) -> None:
        super().__init__(f"body is over the limit of {max_size} bytes (stopped at {received})")
        self.max_size = max_size
        self.received = received
