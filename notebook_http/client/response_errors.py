"""Answers that are the trouble: a status, a type, a redirect too many, a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebook_http.transport.exceptions import ClientError
from notebook_http.wire.errors import excerpt

if TYPE_CHECKING:
    from multidict import MultiMapping

    from notebook_http.client.request_info import RequestInfo

__all__ = [
    "ClientHttpProxyError",
    "ClientResponseError",
    "ContentTypeError",
    "TooManyRedirects",
    "WSServerHandshakeError",
]

# Characters of a message that an error's text shows: a server's reason may be 8 KiB long.
_SHOWN_CHARACTERS = 400
# What to try next, by what a proxy answered to CONNECT.
_PROXY_NEXT_STEP = {
    403: "The proxy does not allow this host or port.",
    405: "This proxy does not make tunnels, which https needs.",
    407: "The proxy wants credentials: pass proxy_auth=BasicAuth(user, password).",
    502: "The proxy could not reach the host: check its name and port.",
    503: "The proxy could not reach the host: check its name and port.",
    504: "The proxy got no answer from the host: check its name and port.",
}


class ClientResponseError(ClientError):
    """The server answered, and the answer is the error.

    Attributes:
        request_info: what was asked.
        history: the `ClientResponse`s of the redirects that led here.
        status: the response's status, 0 if it had none that could be read.
        message: the reason phrase, or what was wrong.
        headers: the response's headers, or None.
    """

    def __init__(
        self,
        request_info: RequestInfo,
        history: tuple[Any, ...],
        *,
        code: int | None = None,
        status: int | None = None,
        message: str = "",
        headers: MultiMapping[str] | None = None,
    ) -> None:
        if code is not None and status is not None:
            text = "give status= or its old name code=, not both"
            raise ValueError(text)
        self.request_info = request_info
        self.history = history
        self.status = status if status is not None else (code or 0)
        self.message = message
        self.headers = headers
        super().__init__(request_info, history)

    @property
    def code(self) -> int:
        """The status, under its old name."""
        return self.status

    def __str__(self) -> str:
        message = excerpt(str(self.message), _SHOWN_CHARACTERS)
        return f"{self.status}, message={message}, url={str(self.request_info.real_url)!r}"

    def __repr__(self) -> str:
        # Without the request's headers: a notebook shows reprs, and they may hold credentials.
        info = self.request_info
        return (
            f"<{type(self).__name__} {self.status} "
            f"message={excerpt(str(self.message), _SHOWN_CHARACTERS)} "
            f"{info.method} {info.real_url}>"
        )


class ContentTypeError(ClientResponseError):
    """The body is not of the type that was asked for; its bytes are still there to read."""


class TooManyRedirects(ClientResponseError):
    """More redirects than *max_redirects* allows; `history` has them."""


class ClientHttpProxyError(ClientResponseError):
    """A proxy refused to connect; `status`, `message` and `headers` are the proxy's own.

    `request_info.real_url` is the proxy, `request_info.url` where it should have led.
    """

    def __str__(self) -> str:
        hint = _PROXY_NEXT_STEP.get(self.status, "")
        return f"{super().__str__()} (CONNECT to {self.request_info.url}). {hint}".rstrip()


class WSServerHandshakeError(ClientResponseError):
    """The server did not accept the WebSocket handshake."""
