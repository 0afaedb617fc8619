"""The methods of HTTP as methods of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebook_http.client.request_context import RequestContextManager

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from yarl import URL

    from notebook_http.client.event_source import EventSource
    from notebook_http.client.response import ClientResponse

__all__ = ["Verbs"]


class Verbs:
    """Ways to ask; derive and override `_call`."""

    def _call(
        self, method: str, url: str | URL, given: dict[str, Any]
    ) -> Coroutine[Any, Any, ClientResponse]:
        raise NotImplementedError

    def request(self, method: str, url: str | URL, **options: Any) -> RequestContextManager:
        """Return a request to be awaited or entered; it answers with a `ClientResponse`.

        Args:
            method: any token; sent in upper case.
            url: absolute, or relative to the session's `base_url`.
            options: the fields of `RequestOptions`: params, data, json, headers, cookies, auth,
                timeout, allow_redirects, raise_for_status, ssl and more.

        Raises, when awaited:
            ClientError: or one of its subclasses: see `notebook_http.client.exceptions`.
            TimeoutError: a limit of `ClientTimeout` has passed.
            ValueError: the arguments contradict each other, or would break the message.
            RuntimeError: the session is closed.

        A cancel stops the request and closes its connection.
        """
        return RequestContextManager(self._call(method.upper(), url, options))

    def get(
        self, url: str | URL, *, allow_redirects: bool = True, **options: Any
    ) -> RequestContextManager:
        """Return a GET request; see `request`."""
        if not allow_redirects:
            options["allow_redirects"] = False
        return RequestContextManager(self._call("GET", url, options))

    def options(
        self, url: str | URL, *, allow_redirects: bool = True, **options: Any
    ) -> RequestContextManager:
        """Return an OPTIONS request; see `request`."""
        options["allow_redirects"] = allow_redirects
        return RequestContextManager(self._call("OPTIONS", url, options))

    def head(
        self, url: str | URL, *, allow_redirects: bool = False, **options: Any
    ) -> RequestContextManager:
        """Return a HEAD request, which follows no redirects unless told to; see `request`."""
        options["allow_redirects"] = allow_redirects
        return RequestContextManager(self._call("HEAD", url, options))

    def post(self, url: str | URL, *, data: Any = None, **options: Any) -> RequestContextManager:
        """Return a POST request; see `request`."""
        if data is not None:
            options["data"] = data
        return RequestContextManager(self._call("POST", url, options))

    def put(self, url: str | URL, *, data: Any = None, **options: Any) -> RequestContextManager:
        """Return a PUT request; see `request`."""
        if data is not None:
            options["data"] = data
        return RequestContextManager(self._call("PUT", url, options))

    def patch(self, url: str | URL, *, data: Any = None, **options: Any) -> RequestContextManager:
        """Return a PATCH request; see `request`."""
        if data is not None:
            options["data"] = data
        return RequestContextManager(self._call("PATCH", url, options))

    def delete(self, url: str | URL, **options: Any) -> RequestContextManager:
        """Return a DELETE request; see `request`."""
        return RequestContextManager(self._call("DELETE", url, options))

    def sse(self, url: str | URL, **options: Any) -> EventSource:
        """Return the server-sent events at *url*, for `async with` and `async for`.

        It connects again when the stream ends, as browsers do.

        Args:
            url: absolute, or relative to the session's `base_url`.
            options: those of `request`, and of `EventSource`: method, reconnect, max_failures,
                last_event_id and more.
        """
        # Few programs read events: those that do not should not pay for the room.
        from notebook_http.client.event_source import EventSource

        session: Any = self
        return EventSource(session, url, **options)
