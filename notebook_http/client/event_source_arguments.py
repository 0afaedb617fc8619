"""What a source of events is given: a session, and limits that make sense.

Arguments are refused here that could only fail later, in the middle of a stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from notebook_http.client.middlewares.arguments import check_count, check_seconds

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from yarl import URL

    from notebook_http.client.client_timeout import ClientTimeout
    from notebook_http.client.response import ClientResponse

__all__ = ["EventSession", "check_arguments"]


class EventSession(Protocol):
    """What an event source needs of a session."""

    @property
    def timeout(self) -> ClientTimeout:
        """The limits of calls that name none."""

    @property
    def closed(self) -> bool:
        """Whether nothing can be asked any more."""

    def request(self, method: str, url: str | URL, **options: Any) -> Awaitable[ClientResponse]:
        """Return the answer to a request."""


def check_arguments(
    reconnect_after: object,
    max_failures: object,
    max_line_bytes: object,
    max_event_bytes: object,
    last_event_id: object,
) -> None:
    """Return if an `EventSource` can go by these; they have its names.

    Raises:
        TypeError: one is no number, or no text.
        ValueError: one is too small, or no finite time.
    """
    check_seconds("sse", "reconnect_after", reconnect_after, zero=True)
    if max_failures is not None:
        check_count("sse", "max_failures", max_failures)
    check_count("sse", "max_line_bytes", max_line_bytes)
    check_count("sse", "max_event_bytes", max_event_bytes)
    if not isinstance(last_event_id, str):
        text = f"sse: last_event_id is a str, not {last_event_id!r}"
        raise TypeError(text)
