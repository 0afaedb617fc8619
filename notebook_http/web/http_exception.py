"""What every answer that can be raised has in common (RFC 9110 §15)."""

from __future__ import annotations

import warnings
from typing import Any

from notebook_http.web.response import Response
from notebook_http.web.response_fields import LooseHeaders
from notebook_http.web.response_head import REASON_PHRASES

__all__ = [
    "HTTPError",
    "HTTPException",
    "HTTPRedirection",
    "HTTPSuccessful",
    "PayloadAccessError",
    "RequestPayloadError",
]


class PayloadAccessError(Exception):
    """A request's body was read behind its answer, when the rest of it had been dropped.

    The caller erred: a body has to be read before the handler returns.
    """


class RequestPayloadError(Exception):
    """A request's body cannot be read: its framing or its content coding is broken.

    The client erred; a handler that lets it pass answers 400.
    """


class HTTPException(Response, Exception):
    """A response that can be raised; whoever serves the request sends it.

    Args:
        headers: fields of the head.
        reason: reason phrase; None for the usual one.
        body: bytes or a payload, in place of *text*; deprecated.
        text: text of the body; ``404: Not Found`` and the like by default.
        content_type: media type of *text*, ``text/plain`` by default.
    """

    # Overridden by each class that can be raised.
    status_code = -1
    empty_body = False

    def __init__(
        self,
        *,
        headers: LooseHeaders | None = None,
        reason: str | None = None,
        body: Any = None,
        text: str | None = None,
        content_type: str | None = None,
    ) -> None:
        if body is not None:
            warnings.warn(
                "body is deprecated for answers that are raised: give text",
                DeprecationWarning,
                stacklevel=2,
            )
        if reason is None:
            reason = REASON_PHRASES.get(self.status_code, "")
        if text is None and body is None and not self.empty_body:
            text = f"{self.status_code}: {reason}"
        Response.__init__(
            self,
            status=self.status_code,
            headers=headers,
            reason=reason,
            body=body,
            text=text,
            content_type=content_type,
        )
        Exception.__init__(self, self.reason)

    def __bool__(self) -> bool:
        return True


class HTTPError(HTTPException):
    """Base of the answers that tell of a failure, 4xx and 5xx."""


class HTTPRedirection(HTTPException):
    """Base of the 3xx answers."""


class HTTPSuccessful(HTTPException):
    """Base of the 2xx answers."""
