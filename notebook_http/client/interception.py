"""Let every request of this process go through one middleware: for those who record, or refuse.

Nothing looks for it when a request is made. While somebody intercepts, other functions stand in
the places that all requests pass; when nobody does, the plain ones are back.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, NamedTuple

from notebook_http.client import sender
from notebook_http.client.exchange import Exchange
from notebook_http.client.session import ClientSession

if TYPE_CHECKING:
    from yarl import URL

    from notebook_http.client.middleware import ClientMiddlewareType
    from notebook_http.client.response import ClientResponse

__all__ = ["intercept"]


class _Interceptor(NamedTuple):
    middleware: ClientMiddlewareType
    exchange_class: type[Exchange]
    answers: bool


_active: list[_Interceptor] = []
# Attributes that type checkers hold for constant, which they are for everybody else.
_sessions: Any = ClientSession
_sending: Any = sender
_plain_call = ClientSession._call


def intercept(
    middleware: ClientMiddlewareType,
    exchange_class: type[Exchange] = Exchange,
    *,
    answers: bool = True,
) -> Callable[[], None]:
    """Run *middleware* around each request of each session, and return what ends that.

    It is inside of the sessions' own: what it is handed would go to the server next, redirects and
    new attempts one by one. Requests that began before are not touched.

    Args:
        middleware: see `client.middleware`.
        exchange_class: made for each answer, by which one may watch it arrive. With several that
            intercept, it is that of one who answers.
        answers: whether it may answer itself; those who only watch are around those.
    """
    mine = _Interceptor(middleware, exchange_class, answers)
    _active.append(mine)
    _active.sort(key=lambda each: each.answers)
    _settle()

    def undo() -> None:
        if mine in _active:
            _active.remove(mine)
        _settle()

    return undo


def _settle() -> None:
    """Put the functions in place that those who intercept now need; the plain ones for nobody."""
    _sessions._call = _call_through if _active else _plain_call
    _sending.Exchange = _active[-1].exchange_class if _active else Exchange


def _call_through(
    session: ClientSession, method: str, url: str | URL, given: dict[str, Any]
) -> Coroutine[Any, Any, ClientResponse]:
    own = given.get("middlewares")
    around = (
        *(session.middlewares if own is None else own),
        *[each.middleware for each in _active],
    )
    return _plain_call(session, method, url, {**given, "middlewares": around})
