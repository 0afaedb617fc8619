"""Tell whether an answer is a stream of server-sent events (WHATWG HTML §9.2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebook_http import hdrs
from notebook_http.client.exceptions import ClientResponseError, ContentTypeError
from notebook_http.client.middlewares.retry_after import retry_after_seconds
from notebook_http.wire.errors import excerpt

if TYPE_CHECKING:
    from notebook_http.client.response import ClientResponse

__all__ = [
    "EVENT_STREAM",
    "PASSING_STATUSES",
    "check_event_stream",
    "wait_asked_for",
]

EVENT_STREAM = "text/event-stream"
# Answers of a server that is being restarted, or has too much to do: they pass.
PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


def check_event_stream(response: ClientResponse) -> None:
    """Return if events can be read from *response*; otherwise it is closed.

    Raises:
        ClientResponseError: the status is not 200.
        ContentTypeError: the body is something else; the text names what.
    """
    if response.status != 200:
        response.close()
        raise ClientResponseError(
            response.request_info,
            response.history,
            status=response.status,
            message=f"{response.reason or ''} (an event stream begins with 200)".lstrip(),
            headers=response.headers,
        )
    if response.media_type.essence == EVENT_STREAM:
        return
    response.close()
    came = response.headers.get(hdrs.CONTENT_TYPE)
    said = "no Content-Type" if came is None else f"Content-Type {excerpt(came)}"
    raise ContentTypeError(
        response.request_info,
        response.history,
        status=response.status,
        message=f"expected {EVENT_STREAM}, the server sent {said}. Look at the answer "
        "with session.get(…): is the address right, and are you logged in?",
        headers=response.headers,
    )


def wait_asked_for(error: Exception) -> float:
    """Return the seconds that a server which refused asks to wait (`Retry-After`); 0 for none."""
    if not isinstance(error, ClientResponseError) or error.headers is None:
        return 0.0
    return retry_after_seconds(error.headers) or 0.0
