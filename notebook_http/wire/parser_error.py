"""What llhttp found wrong with a request, in our words and with the status to answer."""

from __future__ import annotations

from httptools import (
    HttpParserError,
    HttpParserInvalidMethodError,
    HttpParserInvalidURLError,
)

from notebook_http.wire.errors import (
    BadHttpMessage,
    BadHttpMethod,
    HttpProcessingError,
    InvalidURLError,
    excerpt,
)

__all__ = ["translated"]


def translated(error: HttpParserError) -> HttpProcessingError:
    """Return what the client did wrong.

    Raises:
        Exception: not the client's fault but that of who was called back.
    """
    if isinstance(error, HttpParserInvalidMethodError):
        return BadHttpMethod("the method is not known")
    if isinstance(error, HttpParserInvalidURLError):
        return InvalidURLError("the request target holds characters that no URL may hold")
    if error.__context__ is not None:
        raise error.__context__
    return BadHttpMessage(f"malformed request: {excerpt(str(error))}")
