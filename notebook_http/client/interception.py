"""Let every request of this process go through one middleware: for those who record, or refuse.

Nothing looks for it when a request is made. While somebody intercepts, other functions stand in
the places that all requests pass; when nobody does, the plain ones are back.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from notebook_http.client import sender
from notebook_http.client.exchange import Exchange
from notebook_http.client.session import ClientSession

if TYPE_CHECKING:
    from yarl import URL

    from notebook_http.client.middleware import ClientMiddlewareType
    from notebook_http.client.response import ClientResponse

__all__ = ["intercept"]


def intercept(
    middleware: ClientMiddlewareType, exchange_class: type[Exchange] = Exchange
) -> Callable[[], None]:
    """Run *middleware* around each request of each session, and return what ends that.

    It is the innermost one: what it is handed would go to the server next, redirects and new
    attempts one by one. Requests that began before are not touched.

    Args:
        middleware: see `client.middleware`.
        exchange_class: made for each answer, by which one may watch it arrive.
    """
    # Attributes that type checkers hold for constant, which they are for everybody else.
    sessions: Any = ClientSession
    sending: Any = sender
    call, made = sessions._call, sending.Exchange

    def through(
        session: ClientSession, method: str, url: str | URL, given: dict[str, Any]
    ) -> Coroutine[Any, Any, ClientResponse]:
        own = given.get("middlewares")
        around = (*(session.middlewares if own is None else own), middleware)
        coroutine: Coroutine[Any, Any, ClientResponse] = call(
            session, method, url, {**given, "middlewares": around}
        )
        return coroutine

    sessions._call = through
    sending.Exchange = exchange_class

    def undo() -> None:
        sessions._call = call
        sending.Exchange = made

    return undo
