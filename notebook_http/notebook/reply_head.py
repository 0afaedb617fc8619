"""An answer without its body, and what was asked: what each hop of redirects leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebook_http.client.sent_body import SentBody, sent_body
from notebook_http.notebook.display.card import status_words
from notebook_http.notebook.display.html import visible
from notebook_http.notebook.shown_headers import ShownHeaders
from notebook_http.wire.secrets import mask_headers, mask_url

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy
    from yarl import URL

    from notebook_http.client.response import ClientResponse
    from notebook_http.notebook.interchange.request_parts import RequestParts

__all__ = ["BODY_BYTES", "ReplyHead", "SentRequest", "head_parts"]

# What a reply keeps of the body that was sent: more than anybody types, while a reply that is
# looked at next week does not hold on to a large upload.
BODY_BYTES = 1024 * 1024


class SentRequest:
    """What was asked: `method`, `url` and `headers` as they were sent (unmasked; the repr masks).

    After redirects this is the last request, the one that the reply answers.

    Attributes:
        method: as it was sent.
        url: without fragment.
        headers: as they were sent.
        body: the bytes that were sent behind them; None if there were none, or if they were not
            kept: then *body_missing* says why. At most 1 MiB is kept.
        body_missing: see *body*; "" as a rule.
    """

    __slots__ = ("body", "body_missing", "headers", "method", "url")

    def __init__(
        self,
        method: str,
        url: URL,
        headers: CIMultiDictProxy[str],
        body: bytes | None = None,
        body_missing: str = "",
    ) -> None:
        self.method = method
        self.url = url
        self.headers: CIMultiDictProxy[str] = ShownHeaders(headers)
        self.body = body
        self.body_missing = body_missing

    def to_curl(self, *, reveal: bool = False) -> str:
        """Return the curl command, for bash, that sends the same; `nh.from_curl` reads it.

        Args:
            reveal: show credentials. Without it they are masked, and a comment says so.

        Raises:
            UnwritableRequestError: a ValueError; the body was not kept.
        """
        from notebook_http.notebook.interchange.curl_text import curl_text

        return curl_text(self.parts(), reveal=reveal)

    def to_python(self, *, reveal: bool = False) -> str:
        """Return Python code for a cell that sends the same; arguments and errors as `to_curl`."""
        from notebook_http.notebook.interchange.python_text import python_text

        return python_text(self.parts(), reveal=reveal)

    def to_http(self, *, reveal: bool = False) -> str:
        """Return the `%%http` cell that sends the same; arguments and errors as `to_curl`.

        Raises:
            UnwritableRequestError: also for a long body that is no plain text.
        """
        from notebook_http.notebook.interchange.http_text import http_text

        return http_text(self.parts(), reveal=reveal)

    def parts(self) -> RequestParts:
        """Return all of it as plain values, unmasked: for the writers of this package."""
        from notebook_http.notebook.interchange.request_parts import RequestParts

        headers = tuple(self.headers.items())
        return RequestParts(self.method, str(self.url), headers, self.body, self.body_missing)

    def __repr__(self) -> str:
        headers = ", ".join(f"{name}: {value}" for name, value in mask_headers(self.headers))
        return visible(f"<SentRequest {self.method} {mask_url(self.url)} [{headers}]>")


class ReplyHead:
    """A response without its body: one hop of `Reply.history`, or the head of a `Reply`.

    Attributes:
        status: the status code.
        reason: the reason phrase, perhaps empty.
        headers: in the order they were sent, repeated ones too; names in any case.
        url: what was asked, without fragment; after redirects, the last URL.
        request: what was sent to get it.
    """

    __slots__ = ("__weakref__", "headers", "reason", "request", "status", "url")

    def __init__(
        self,
        *,
        status: int,
        reason: str,
        headers: CIMultiDictProxy[str],
        url: URL,
        request: SentRequest,
    ) -> None:
        self.status = status
        self.reason = reason
        self.headers: CIMultiDictProxy[str] = ShownHeaders(headers)
        self.url = url
        self.request = request

    @property
    def status_code(self) -> int:
        """The status, by the name that requests and httpx use."""
        return self.status

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status < 400

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._words()}>"

    def _words(self) -> str:
        url = mask_url(self.url)
        url = url if len(url) <= 200 else url[:199] + "…"
        status = status_words(self.status, self.reason)[:80]
        return visible(f"{status} {self.request.method[:20]} {url}").replace("\n", " ")


def head_parts(response: ClientResponse, sent: SentBody | None = None) -> dict[str, Any]:
    """Return the arguments that make a `ReplyHead` of *response*, which answers the body *sent*."""
    info = response.request_info
    body, missing = sent_body(response, BODY_BYTES) if sent is None else sent
    return {
        "status": response.status,
        "reason": response.reason or "",
        "headers": response.headers,
        "url": response.url,
        "request": SentRequest(info.method, info.url, info.headers, body, missing),
    }
