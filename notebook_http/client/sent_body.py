"""What was sent behind the head of a request, for those who show or repeat it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from notebook_http.client.response import ClientResponse

__all__ = ["SentBody", "rendered_body", "sent_body"]


class SentBody(NamedTuple):
    """The body of a request that was sent.

    Attributes:
        content: its bytes; None if there was none, or *missing* says why they are not known.
        missing: why the bytes are not known; "" if they are, or if there was no body.
    """

    content: bytes | None = None
    missing: str = ""


def sent_body(response: ClientResponse, limit: int) -> SentBody:
    """Return the body that *response* answers, if it is bytes, at most *limit* of them."""
    request = response._request
    body = request.outgoing
    if body is None:
        return SentBody()
    if request.compress:
        return SentBody(missing=f"it was compressed on its way ({request.compress})")
    if body.size is None or body.content is None:
        return SentBody(missing="it was streamed")
    if body.size > limit:
        return SentBody(missing=f"it has {body.size:,} bytes, and {limit:,} are kept")
    return SentBody(body.content)


async def rendered_body(response: ClientResponse, limit: int) -> SentBody:
    """Return the same, also of forms and the like that hold no file: they are written once more."""
    body = response._request.outgoing
    known = sent_body(response, limit)
    if body is None or body.payload is None or not known.missing or response._request.compress:
        return known
    payload = body.payload
    size = payload.size
    if size is None or size > limit or payload.consumed or not payload.autoclose:
        return known
    return SentBody(await payload.as_bytes())
