"""One request of an application's, and what it makes of it: what HTTP and WebSocket share.

Knows who waits for the answer, and whom an error is told. The words of the two protocols are
`http_exchange`'s and `websocket_exchange`'s.
"""

from __future__ import annotations

import asyncio
import logging
from contextvars import copy_context
from typing import Any

from notebook_http.transport.exceptions import ClientConnectionResetError
from notebook_http.web.asgi.app_task import AppTask, Crew
from notebook_http.web.asgi.interface import AsgiCallable, Message, Scope
from notebook_http.web.request import BaseRequest
from notebook_http.web.stream_response import StreamResponse
from notebook_http.wire.errors import excerpt

__all__ = ["Exchange"]


class Exchange:
    """An application that is asked something.

    Args:
        request: the request.
        logger: where it is written that the application failed when its answer was out.

    Attributes:
        request: the request.
        response: the answer, once there is one that can be handed on.
        over: whether the application has said all that it may say.
    """

    __slots__ = ("_error", "_logger", "_told_of_leaving", "_waiter", "over", "request", "response")

    def __init__(self, request: BaseRequest, logger: logging.Logger) -> None:
        self.request = request
        self.response: StreamResponse | None = None
        self.over = False
        self._logger = logger
        self._waiter: asyncio.Future[None] | None = None
        self._error: BaseException | None = None
        self._told_of_leaving = False  # the application knows that the client has left

    async def receive(self) -> Message:
        """Return the next event. Called by the application."""
        raise NotImplementedError

    async def send(self, message: Message) -> None:
        """Do as *message* says. Called by the application."""
        raise NotImplementedError

    def begin(self, app: AsgiCallable, scope: Scope, crew: Crew) -> AppTask | None:
        """Run *app* up to where it first waits; None if it never does.

        Returns:
            The task that goes on with it; `answer` waits for it.
        """
        try:
            waiting = crew.begin(app, (scope, self.receive, self.send), copy_context())
        except (Exception, asyncio.CancelledError) as error:
            self.app_ended(error)
            return None
        if waiting is None:
            self.app_ended(None)
            return None
        worker, begun = waiting
        worker.go_on(begun, self)
        return worker

    async def answer(self, worker: AppTask | None) -> StreamResponse:
        """Return the answer of the application, which may still be running then.

        A cancel cancels the application.

        Raises:
            BaseException: whatever it raised before it had answered.
            RuntimeError: it returned without an answer, or in the middle of one. It erred.
        """
        if worker is not None and self.response is None and self._error is None:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            except asyncio.CancelledError:
                worker.cancel(self)
                raise
            finally:
                self._waiter = None
        if self.response is not None:
            return self.response
        failed, self._error = self._error, None  # which leads here, and from here to it
        raise failed or self._unanswered()

    def handed_on(self, response: StreamResponse) -> None:
        """Let *response* be the answer: the connection may go on."""
        self.response = response
        self._wake()

    def app_ended(self, error: BaseException | None) -> None:
        """Take note of how the application ended. Called once."""
        if self.response is None:
            self._error = self._judged(error) if error is not None else self._unanswered()
        elif error is not None and not self._is_of_leaving():
            self._logger.error(
                "The application failed behind its answer to %s %s",
                self.request.method,
                excerpt(self.request.raw_path),
                exc_info=error,
            )
        self.over = True
        self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _unanswered(self) -> BaseException:
        """Return the error of an application that returned without an answer."""
        if self._told_of_leaving:
            self.request.protocol.abort()
            return ClientConnectionResetError("the client has left")
        return RuntimeError("The ASGI application returned without a response")

    def _judged(self, error: BaseException) -> BaseException:
        """Return what is to be said of *error*: nothing new if it is about a client that left."""
        if not self._is_of_leaving():
            return error
        self.request.protocol.abort()  # so that nobody tries to tell it
        lost = ClientConnectionResetError("the client has left")
        lost.__cause__ = error
        return lost

    def _is_of_leaving(self) -> bool:
        """Whether the application had to fail, as its client has left and it was told so."""
        connection: Any = self.request.protocol
        return self._told_of_leaving and connection.client_has_left
