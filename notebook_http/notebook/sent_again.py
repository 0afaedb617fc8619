"""What a client is told for sending a request again as it was sent before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from notebook_http.notebook.interchange.request_parts import RequestParts
    from notebook_http.notebook.reply import Reply
    from notebook_http.notebook.reply_head import SentRequest

__all__ = ["Again", "options_again", "send_again"]

# What says how bytes travel over one connection, and is said anew over another.
_OF_CONNECTIONS = frozenset(
    {"host", "content-length", "connection", "keep-alive", "transfer-encoding", "te", "upgrade"}
)
_AUTOMATIC = ("accept", "accept-encoding", "user-agent", "content-type")


class Again(Protocol):
    """A client."""

    @property
    def closed(self) -> bool:
        """Whether it sends no more requests."""

    @property
    def has_auth(self) -> bool:
        """Whether it adds an Authorization of its own to each request."""

    def request(self, method: str, url: Any, **options: Any) -> Awaitable[Reply]:
        """Return a request to be awaited."""


def send_again(
    sent_by: Callable[[], Again | None],
    default: Callable[[], Again],
    sent: SentRequest,
    *,
    allow_redirects: bool,
) -> Awaitable[Reply]:
    """Return *sent* as a request of the client that sent it, or of the default one if it is gone.

    Raises:
        UnwritableRequestError: its body was not kept.
    """
    client = sent_by()
    if client is None or client.closed:
        client = default()
    parts = sent.parts()
    parts.check_whole()
    options = options_again(parts, allow_redirects=allow_redirects)
    if client.has_auth:
        # The session adds its own, and refuses what has one already.
        options["headers"] = [
            pair for pair in options["headers"] if pair[0].lower() != "authorization"
        ]
    return client.request(sent.method, sent.url, raise_for_status=False, **options)


def options_again(
    parts: RequestParts, replaced: dict[str, str] | None = None, *, allow_redirects: bool = False
) -> dict[str, Any]:
    """Return the options with which `Client.request` sends *parts*, headers in their order.

    Args:
        parts: what was sent.
        replaced: headers in the place of those of the same names.
        allow_redirects: whether redirects are followed.
    """
    replaced = replaced or {}
    other = {name.lower() for name in replaced}
    headers = [
        (name, value)
        for name, value in parts.headers
        if name.lower() not in _OF_CONNECTIONS and name.lower() not in other
    ]
    headers += replaced.items()
    given = {name.lower() for name, _ in headers}
    options: dict[str, Any] = {
        "headers": headers,
        "allow_redirects": allow_redirects,
        "skip_auto_headers": [name for name in _AUTOMATIC if name not in given],
    }
    if parts.body is not None:
        options["data"] = parts.body
    return options
