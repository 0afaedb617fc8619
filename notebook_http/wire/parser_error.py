"""What llhttp found wrong with a request, in our words and with the status to answer."""

from __future__ import annotations

from httptools import (
    HttpParserCallbackError,
    HttpParserError,
    HttpParserInvalidMethodError,
    HttpParserInvalidURLError,
)

from notebook_http.wire.errors import (
    BadHttpMessage,
    BadHttpMethod,
    HttpProcessingError,
    InvalidURLError,
    UnsupportedHttpVersion,
    excerpt,
)
from notebook_http.wire.request_line import RequestLines

__all__ = ["BehindTheLast", "cause_of", "translated", "unserved_version"]

# What llhttp says of methods and versions that it does not know.
_OF_THE_LINE = (
    "Invalid HTTP version",
    "Invalid method for ",
    "Expected HTTP/2 Connection Preface",
    "Pause on PRI",
)


def unserved_version(version: str) -> UnsupportedHttpVersion:
    """Return the fault of who asks in HTTP/*version* (RFC 9110 §15.6.6)."""
    return UnsupportedHttpVersion(message=f"HTTP/{version} is not served here")


class BehindTheLast(Exception):
    """A callback stops the library: what it reads is behind its connection's last request."""


def cause_of(error: HttpParserError) -> BaseException | None:
    """Return what a callback raised, if that is why the library stopped.

    The context of other errors is whatever was being handled when bytes were fed.
    """
    if not isinstance(error, HttpParserCallbackError) or isinstance(
        error.__context__, BehindTheLast
    ):
        return None
    return error.__context__


def translated(
    error: HttpParserError, lines: RequestLines, max_line_size: int
) -> HttpProcessingError | None:
    """Return what the client did wrong; None if that shows when its line is whole.

    Stopped at a letter that it did not expect, llhttp says the same whenever it is fed again.

    Args:
        error: what llhttp said.
        lines: the bytes that it was at.
        max_line_size: bytes of a line that are waited for.

    Raises:
        Exception: not the client's fault but that of who was called back.
    """
    is_unknown = isinstance(error, HttpParserInvalidMethodError)
    if is_unknown or str(error).startswith(_OF_THE_LINE):
        try:
            unserved = lines.unserved(max_line_size)
        except EOFError:
            return None
        if unserved is not None and unserved.version not in ("1.0", "1.1"):
            return unserved_version(unserved.version)
        if unserved is not None:
            return BadHttpMethod(f"the method {unserved.method} is not implemented", code=501)
    if is_unknown:
        return BadHttpMethod("the request line does not begin with a method")
    if isinstance(error, HttpParserInvalidURLError):
        return InvalidURLError("the request target holds characters that no URL may hold")
    cause = cause_of(error)
    if cause is not None:
        raise cause
    return BadHttpMessage(f"malformed request: {excerpt(str(error))}")
