"""What a client is told when its request fails, and what the log is told.

A client learns the status and one sentence; the reason is in the log. Only in debug mode does the
answer carry the traceback.
"""

from __future__ import annotations

import asyncio
import traceback
from html import escape

from notebook_http.transport.connection import Connection
from notebook_http.transport.stream_reader import EMPTY_READER
from notebook_http.web.connection_settings import ConnectionSettings
from notebook_http.web.exceptions import RequestPayloadError
from notebook_http.web.request import BaseRequest
from notebook_http.web.response import Response
from notebook_http.web.response_head import REASON_PHRASES
from notebook_http.wire.errors import HttpProcessingError, excerpt
from notebook_http.wire.http1_request import RequestHead
from notebook_http.wire.http_version import HttpVersion10

__all__ = ["RefusedRequest", "answer_failure", "answer_refusal"]

_UNKNOWN_HEAD = RequestHead("UNKNOWN", "/", HttpVersion10, [], None, False)


class RefusedRequest(BaseRequest):
    """Stands in the access log for a request whose head could not be read.

    Args:
        line: the beginning of what came in its place.
        protocol: the connection.

    Attributes:
        first_line: the same as text, without secrets; not escaped.
    """

    __slots__ = ("first_line",)

    def __init__(self, line: bytes, protocol: Connection) -> None:
        super().__init__(_UNKNOWN_HEAD, EMPTY_READER, protocol, None, None)
        from notebook_http.wire.secrets import mask_text

        self.first_line = mask_text(line.decode("utf-8", "surrogateescape")) or "-"


def answer_failure(
    request: BaseRequest, error: BaseException, settings: ConnectionSettings
) -> Response:
    """Return the answer to a request whose handler raised *error*, and log what happened.

    400 for a body that could not be read, 504 when a time-out passed through the handler, else 500.
    The last two are a page for those who accept HTML, as in aiohttp.
    """
    if isinstance(error, RequestPayloadError):
        return Response(status=400, text=f"400: Bad Request\n\n{error}")
    from notebook_http.wire.logged_url import logged_url

    if isinstance(error, ConnectionResetError) and not request.protocol.is_connected:
        settings.logger.debug("The client of %s left", excerpt(logged_url(request.raw_path)))
        return Response(status=500)  # nobody will see it
    settings.logger.error(
        "Error handling request from %s: %s %s",
        request.remote,
        request.method,
        excerpt(logged_url(request.raw_path)),
        exc_info=error,
    )
    if isinstance(error, asyncio.TimeoutError):
        status, text = 504, "504 Gateway Timeout"
    else:
        status, text = 500, "500 Internal Server Error\n\nServer got itself in trouble"
    trace = "".join(traceback.format_exception(error)) if settings.debug else ""
    if "text/html" in request.headers.get("Accept", ""):
        return Response(status=status, text=_page(text, trace), content_type="text/html")
    return Response(status=status, text=f"{text}\n\n{trace}" if trace else text)


def _page(text: str, trace: str) -> str:
    """Return the same for browsers: they show plain text as well, but cannot be told to wrap it."""
    title, _, rest = text.partition("\n\n")
    body = f"<h2>Traceback:</h2>\n<pre>{escape(trace)}</pre>" if trace else escape(rest)
    head = f"<html><head><title>{title}</title></head><body>\n<h1>{title}</h1>\n"
    return f"{head}{body}\n</body></html>\n"


def answer_refusal(error: HttpProcessingError) -> Response:
    """Return the answer to bytes that are no request, for the reason that *error* tells."""
    status = error.code if error.code in REASON_PHRASES else 400
    text = f"{status}: {REASON_PHRASES[status]}\n\n{error.message}"
    return Response(status=status, text=text, headers=dict(error.headers or {}))
