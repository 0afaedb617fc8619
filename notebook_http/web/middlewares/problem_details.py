"""Answer errors as programs can read them: RFC 9457 problem details."""

from __future__ import annotations

import json
import logging
import traceback
from html import escape
from typing import TYPE_CHECKING, Any

from notebook_http.web.http_exception import HTTPException, RequestPayloadError
from notebook_http.web.middlewares.request_id import REQUEST_ID
from notebook_http.web.response import Response
from notebook_http.web.response_head import REASON_PHRASES
from notebook_http.wire.errors import excerpt
from notebook_http.wire.secrets import mask_text

if TYPE_CHECKING:
    from notebook_http.web.request import Request
    from notebook_http.web.routing.route import Handler
    from notebook_http.web.stream_response import StreamResponse

__all__ = ["ProblemDetailsMiddleware"]

_TYPE = "application/problem+json"
_PAGE = """<!doctype html><meta charset="utf-8"><title>{title}</title>
<style>body{{font:16px sans-serif}}pre{{background:#eee;padding:1em;overflow:auto}}</style>
<h1>{title}</h1><p>{asked}</p><pre>{trace}</pre>
<p>This page is shown because <code>debug=True</code>. Not for others to see.</p>
"""


class ProblemDetailsMiddleware:
    """Turns what is raised behind it into ``application/problem+json``.

    An `HTTPException` of 400 and above keeps its status and its fields; its text becomes the
    ``detail``. One with a body of another type than plain text is left as it is, as are answers
    that are returned. Any other error is logged and answered 500 (504 for a time-out, 400 for a
    body that cannot be read), without a word about what happened. With `RequestIdMiddleware`
    outside, ``request_id`` tells which line of the log belongs to it.

    An answer that has begun cannot be replaced: its connection is closed, as without this.

    Args:
        debug: show tracebacks, as a page to browsers and as ``traceback`` to others. Secrets in
            them are masked as far as they can be recognised. Never where others can reach it.
        logger: where errors are logged; default is `notebook_http.server`.
    """

    def __init__(self, *, debug: bool = False, logger: logging.Logger | None = None) -> None:
        self.debug = debug
        self.logger = logger or logging.getLogger("notebook_http.server")

    async def __call__(self, request: Request, handler: Handler) -> StreamResponse:
        """Let the handler answer, and see to what it raises."""
        try:
            return await handler(request)
        except HTTPException as answer:
            if answer.status >= 400:
                _rewrite(request, answer)
            raise
        except Exception as error:
            if request.prepared_response is not None:
                raise
            if isinstance(error, ConnectionResetError) and not request.protocol.is_connected:
                raise  # the client has left: nobody is there to be answered
            if isinstance(error, RequestPayloadError):
                return _answer(_problem(request, 400, detail=str(error)))
            return self._failure(request, error)

    def _failure(self, request: Request, error: Exception) -> Response:
        self.logger.error(
            "Error handling request from %s: %s %s",
            request.remote,
            request.method,
            excerpt(request.raw_path),
            exc_info=error,
        )
        status = 504 if isinstance(error, TimeoutError) else 500
        problem = _problem(request, status)
        if not self.debug:
            return _answer(problem)
        trace = mask_text("".join(traceback.format_exception(error)))
        if "text/html" not in request.headers.get("Accept", ""):
            return _answer({**problem, "traceback": trace.splitlines()})
        page = _PAGE.format(
            title=escape(f"{status} {problem['title']}"),
            asked=escape(f"{request.method} {mask_text(request.raw_path)}"),
            trace=escape(trace),
        )
        policy = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
        return Response(status=status, text=page, content_type="text/html", headers=policy)


def _problem(
    request: Request, status: int, *, reason: str = "", detail: str = ""
) -> dict[str, Any]:
    """Return the members of RFC 9457 §3.1; the type is that of the status itself (§4.2.1)."""
    problem: dict[str, Any] = {
        "type": "about:blank",
        "title": reason or REASON_PHRASES.get(status, "Error"),
        "status": status,
    }
    if detail:
        problem["detail"] = detail
    name = request.get(REQUEST_ID)
    if name is not None:
        problem["request_id"] = name
    return problem


def _rewrite(request: Request, answer: HTTPException) -> None:
    """Give *answer* the body of a problem; its fields and cookies stay."""
    body = answer.body
    if answer.content_type not in ("text/plain", "application/octet-stream"):
        return
    if body is not None and not isinstance(body, bytes | bytearray):
        return
    text = answer.text if answer.content_type == "text/plain" else ""
    if text == f"{answer.status}: {answer.reason}":
        text = ""  # the default text says what status and title say
    problem = _problem(request, answer.status, reason=answer.reason, detail=text or "")
    answer.body = json.dumps(problem).encode()
    answer.headers.popall("Content-Length", None)
    answer.headers["Content-Type"] = _TYPE


def _answer(problem: dict[str, Any]) -> Response:
    return Response(status=problem["status"], body=json.dumps(problem).encode(), content_type=_TYPE)
