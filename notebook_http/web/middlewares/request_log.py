"""Log each request and its answer, with no secret in it."""

from __future__ import annotations

import asyncio
import logging
from time import perf_counter
from typing import TYPE_CHECKING, Any

from notebook_http.web.http_exception import HTTPException
from notebook_http.web.middlewares.arguments import check_names
from notebook_http.web.middlewares.request_id import REQUEST_ID
from notebook_http.wire.secrets import mask_header, mask_url

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notebook_http.web.request import Request
    from notebook_http.web.routing.route import Handler
    from notebook_http.web.stream_response import StreamResponse

__all__ = ["RequestLogMiddleware"]


class RequestLogMiddleware:
    """Logs each request when its handler has ended: ``GET /path?q=1 200 in 12.3 ms``.

    What the line says is on its record, too, for those who log JSON: `http_method`, `http_target`,
    `http_status`, `http_milliseconds`, `http_remote`, `http_request_headers`,
    `http_response_headers` and `request_id`, each by these names.

    The time runs until the handler returns: a stream is written by then, a plain answer is not sent
    yet (the access log tells of that). Answers of 500 and above are logged at ERROR; a handler that
    fails, with the name of its error only, since the server logs the rest. Passwords, tokens and
    the like are shown by their length: ``?token=•••• (len 40)``.

    Args:
        logger: where the lines go; default is `notebook_http.web.requests`.
        level: of the lines about answers below 500; `logging.INFO`.
        headers: names of the fields, of request and response, to log as well; none by default.

    Raises:
        TypeError: *headers* is one text.
    """

    def __init__(
        self,
        logger: logging.Logger | None = None,
        *,
        level: int = logging.INFO,
        headers: Iterable[str] = (),
    ) -> None:
        check_names("RequestLogMiddleware", "headers", headers)
        self.logger = logger or logging.getLogger("notebook_http.web.requests")
        self.level = level
        self.headers = tuple(headers)

    async def __call__(self, request: Request, handler: Handler) -> StreamResponse:
        """Let the handler answer, and write the line."""
        began = perf_counter()
        try:
            response = await handler(request)
        except HTTPException as answer:
            self._log(request, answer, began)
            raise
        except asyncio.CancelledError:
            self._write(self.level, request, None, "cancelled", began)
            raise
        except Exception as error:
            self._write(logging.ERROR, request, None, f"failed: {type(error).__name__}", began)
            raise
        self._log(request, response, began)
        return response

    def _log(self, request: Request, response: StreamResponse, began: float) -> None:
        level = logging.ERROR if response.status >= 500 else self.level
        self._write(level, request, response, str(response.status), began)

    def _write(
        self,
        level: int,
        request: Request,
        response: StreamResponse | None,
        outcome: str,
        began: float,
    ) -> None:
        if not self.logger.isEnabledFor(level):
            return
        milliseconds = (perf_counter() - began) * 1000
        target = mask_url(request.raw_path)
        extra: dict[str, Any] = {
            "http_method": request.method,
            "http_target": target,
            "http_status": None if response is None else response.status,
            "http_milliseconds": milliseconds,
            "http_remote": request.remote,
            "http_request_headers": self._chosen(request.headers),
            "http_response_headers": {} if response is None else self._chosen(response.headers),
            "request_id": request.get(REQUEST_ID),
        }
        text = "%s %s %s in %.1f ms"
        given: list[Any] = [request.method, target, outcome, milliseconds]
        for what in ("request", "response"):
            for name, value in extra[f"http_{what}_headers"].items():
                text += ", %s %s: %s"
                given += [what, name, value]
        self.logger.log(level, text, *given, extra=extra)

    def _chosen(self, headers: Any) -> dict[str, str]:
        return {
            name: mask_header(name, value)
            for name in self.headers
            if (value := headers.get(name)) is not None
        }
