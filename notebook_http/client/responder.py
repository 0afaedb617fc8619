"""Answer a request without asking its server: what a middleware that keeps responses needs."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

from notebook_http.client.exchange import Exchange
from notebook_http.client.timings import Timings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notebook_http.client.answer_settings import AnswerSettings
    from notebook_http.client.request import ClientRequest
    from notebook_http.client.response import ClientResponse
    from notebook_http.client.sender import Sender
    from notebook_http.wire.response_head import ResponseHead

__all__ = ["Responder"]


class Responder:
    """What middlewares may know of the call that their request belongs to, and answer it with.

    Attributes:
        settings: how the call's answers are read.
        total_at: the loop's time at which the call's `ClientTimeout.total` is used up; `inf` for
            never.
    """

    __slots__ = ("_respond", "settings", "total_at")

    def __init__(
        self, sender: Sender, respond: Callable[[ClientRequest, Exchange], ClientResponse]
    ) -> None:
        self.settings: AnswerSettings = sender.answers
        self.total_at: float = sender.total_at
        self._respond = respond

    def respond(
        self,
        request: ClientRequest,
        head: ResponseHead,
        body: bytes,
        *,
        more: Sequence[bytes] = (),
        broken: str = "",
    ) -> ClientResponse:
        """Return a response to *request* as if it had come whole, without a connection.

        Args:
            request: what is answered.
            head: whose `content_encoding` says how *body* is still coded; None for not at all.
            body: all of it, or the first chunk.
            more: the other chunks, of an answer that came in chunks.
            broken: why the rest of the body never comes; "" if this is all.
        """
        loop = asyncio.get_running_loop()
        timings = Timings(perf_counter())
        exchange = Exchange(loop, request.method, request.url, timings, self.settings)
        exchange.head_received(head)
        if more or broken:
            exchange.open_reader()
        if body:
            exchange.body_received(body)
            if head.chunked:
                exchange.chunk_completed()
        for chunk in more:
            exchange.body_received(chunk)
            exchange.chunk_completed()
        exchange.head_is_there()
        if broken:
            exchange.fail(exchange.broken_off(ConnectionError(broken)))
        else:
            exchange.body_completed()
        return self._respond(request, exchange)
