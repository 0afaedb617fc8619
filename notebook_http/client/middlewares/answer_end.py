"""Learn when an answer has ended, which is later than when its head is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebook_http.client.exchange import Exchange
    from notebook_http.client.response import ClientResponse

__all__ = ["on_answer_end"]


def on_answer_end(response: ClientResponse, callback: Callable[[Exchange], None]) -> None:
    """Call *callback* with the exchange once no more bytes of *response* come; now, if none do.

    It has come whole then, or broke off, or was released, or lost by everybody who held it: so
    *callback* must not hold it.
    """
    exchange = response._exchange
    exchange.on_end(lambda: callback(exchange))
