"""An answer without its body, and what was asked: what each hop of redirects leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebook_http.notebook.display.card import status_words
from notebook_http.notebook.display.html import visible
from notebook_http.notebook.shown_headers import ShownHeaders
from notebook_http.wire.secrets import mask_headers, mask_url

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy
    from yarl import URL

    from notebook_http.client.response import ClientResponse

__all__ = ["ReplyHead", "SentRequest", "head_parts"]


class SentRequest:
    """What was asked: `method`, `url` and `headers` as they were sent (unmasked; the repr masks).

    After redirects this is the last request, the one that the reply answers.
    """

    __slots__ = ("headers", "method", "url")

    def __init__(self, method: str, url: URL, headers: CIMultiDictProxy[str]) -> None:
        self.method = method
        self.url = url
        self.headers: CIMultiDictProxy[str] = ShownHeaders(headers)

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
        return visible(f"{status} {self.request.method[:20]} {url}")


def head_parts(response: ClientResponse) -> dict[str, Any]:
    """Return the arguments that make a `ReplyHead` of *response*."""
    info = response.request_info
    return {
        "status": response.status,
        "reason": response.reason or "",
        "headers": response.headers,
        "url": response.url,
        "request": SentRequest(info.method, info.url, info.headers),
    }
