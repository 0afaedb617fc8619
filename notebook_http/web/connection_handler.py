"""One client's connection: its requests answered one after the other, by one task.

The task lives as long as the connection. A handler is begun where its request is read, on the
task's behalf; the task itself is woken only when something has to be waited for. Nothing is made
for a request but the request and its response: no task, no timer, no future, no coroutine around
the handler's own.
"""

from __future__ import annotations

import asyncio
from contextvars import Context, copy_context
from functools import partial
from typing import Any, cast

from notebook_http.transport.stream_reader import EMPTY_READER, StreamReader
from notebook_http.web.access_log import AbstractAccessLogger
from notebook_http.web.begun_answer import BegunAnswer, begin, enter_task, leave_task, run_in
from notebook_http.web.connection_owner import ConnectionOwner
from notebook_http.web.exceptions import HTTPException
from notebook_http.web.failures import RefusedRequest, answer_failure, answer_refusal
from notebook_http.web.handler_attributes import HandlerAttributes
from notebook_http.web.request import BaseRequest
from notebook_http.web.stream_response import StreamResponse
from notebook_http.wire.errors import HttpProcessingError
from notebook_http.wire.http1_request import RequestHead
from notebook_http.wire.http_version import HttpVersion11

__all__ = ["RequestHandler"]

# Seconds that a handler has to end after it was cancelled.
_CANCEL_SECONDS = 2.0


class RequestHandler(HandlerAttributes):
    """The protocol of a server's connection.

    Attributes:
        peername: address of the client, as the transport tells it.
        is_secure: whether the connection is over TLS.
        served: requests answered so far.
    """

    __slots__ = (
        "_access_logger",
        "_began",
        "_begun",
        "_context",
        "_handle",
        "_make_request",
        "_owner",
        "_parked",
        "_request",
        "_request_context",
        "_task",
        "is_secure",
        "peername",
        "served",
    )

    def __init__(self, owner: ConnectionOwner, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop, owner.settings)
        self._owner = owner
        self._handle = owner.request_handler
        self._make_request = owner.request_factory
        self._access_logger = owner.access_logger
        self._task: asyncio.Task[None] | None = None
        self._context: Context = copy_context()  # the task's; each handler has a copy of its own
        self._parked = False  # the task waits for a request, and for nothing else
        self._request: BaseRequest | None = None
        self._request_context = self._context  # of its handler, signals, body and line in the log
        self._began = 0.0  # when the running request's turn came; only for the access log
        self._begun: BegunAnswer | None = None  # a handler that the task is to go on with
        self.peername: Any = None
        self.is_secure = False
        self.served = 0

    def __repr__(self) -> str:
        if self.transport is None:
            state = "closed"
        elif self._request is not None:
            state = f"answering {self._request.method} {self._request.sent_path}"
        else:
            state = "idle"
        return f"<RequestHandler {self.peername} {state}, {self.served} served>"

    @property
    def task(self) -> asyncio.Task[None] | None:
        """The task that answers the connection's requests, or None before it is made."""
        return self._task

    @property
    def begun_count(self) -> int:
        """Requests so far, the one that is being answered included."""
        return self.served + self.is_answering

    @property
    def is_answering(self) -> bool:
        """Whether a request is being answered."""
        return self._request is not None

    @property
    def access_logger(self) -> AbstractAccessLogger | None:
        """What writes the access log, or None."""
        return self._access_logger

    # Called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve. Called by asyncio."""
        super().connection_made(transport)
        self.peername = transport.get_extra_info("peername")
        self.is_secure = transport.get_extra_info("sslcontext") is not None
        if self.transport is not None:
            self._owner.connection_made(self, self.transport)
        self._task = self.loop.create_task(self._serve(), context=self._context)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Tell everybody that the client has left. Called by asyncio."""
        super().connection_lost(exc)
        self._owner.connection_lost(self, exc)
        task = self._task
        if self.settings.handler_cancellation and self._request is not None and task is not None:
            task.cancel()

    def data_received(self, data: bytes) -> None:
        """Answer the request before once more, or take the bytes apart. Called by asyncio."""
        parser = self._parser
        repeated = parser.repeated
        head = repeated.head
        if (
            data != repeated.data
            or not self._parked  # the task waits, so nothing else does, and nothing went wrong
            or self._waiter is None
            or self._closing
            or parser.in_message
            or head is None
        ):
            super().data_received(data)
            return
        repeated.misses = 0
        try:
            self._begin_request(head, EMPTY_READER)
        except BaseException as error:
            self._begin_failed(error)
        if self._begun is not None or self._closing or self.writing_paused:
            self._idle = False
            self.wake()
        else:
            self._deadline.when = self.loop.time() + self.settings.idle_seconds

    def eof_received(self) -> bool:
        """Answer what was asked before the client stopped sending. Called by asyncio."""
        self._client_done = True
        busy = self._has_more_to_say(self._request) or bool(self.waiting)
        self.wake()
        self._tell_leaving()
        # A client may stop sending and still listen, or have left: only a write will tell. False
        # lets asyncio close: nothing to answer, no way to after a half-close (TLS), or handlers
        # that are to be cancelled when a client seems to have left.
        can_answer = self._arriving is None and not self.is_secure
        return busy and can_answer and not self.settings.handler_cancellation

    # Serving

    def requests_ready(self) -> None:
        """Answer what has come, as far as nothing has to be waited for. Called after a read."""
        waiting = self.waiting
        if not self._parked or self._waiter is None:
            return  # the task is awake and looks itself
        try:
            while waiting and self._held is None and not self._closing:
                head, body = waiting.pop(0)
                self._begin_request(head, body)
                if self._begun is not None or self.writing_paused:
                    break
        except BaseException as error:
            self._begin_failed(error)
        if self._begun is not None or waiting or self._closing or self.writing_paused:
            self._idle = False
            self.wake()
        elif self._head_begun or self._parser.in_message:
            self._give_time()
        else:
            self._deadline.when = self.loop.time() + self.settings.idle_seconds

    def _begin_failed(self, error: BaseException) -> None:
        """Close. Of the request factory or the access log, or KeyboardInterrupt in a handler."""
        self._closing = True
        if isinstance(error, Exception):
            self.settings.logger.exception("Unhandled exception")
            return
        self.wake()  # nothing can be said of the handler's answer
        raise error

    def _begin_request(self, head: RequestHead, body: StreamReader) -> None:
        """Answer a request, or leave in `_begun` what the task has to go on with."""
        task: Any = self._task
        self._request = request = self._make_request(head, body, self, None, task)
        logger = self._access_logger
        if logger is not None and logger.enabled:
            self._began = self.loop.time()
        loop = self.loop
        enter_task(loop, task)
        try:
            self._request_context = context = self._context.copy()
            response = context.run(begin, context, self._handle, request)
        except HTTPException as error:
            # Its traceback leads here, and from here to it: both would wait for the collector.
            response = error.with_traceback(None)
        except (Exception, asyncio.CancelledError) as error:
            self._begun = BegunAnswer(error=error)
            return
        finally:
            leave_task(loop, task)
        if response.__class__ is BegunAnswer:
            self._begun = response
            return
        try:
            if (head.has_body and not body.is_eof()) or not self._send_at_once(request, response):
                self._begun = BegunAnswer(response=response)
                return
        except ConnectionResetError:
            self._closing = True
        except Exception:
            self._begun = BegunAnswer(response=response)  # sent again, and then seen to
            return
        if logger is None and not head.has_body:
            self.served += 1
            self._request = None
        else:
            self._answered(request, response)

    def _answered(self, request: BaseRequest, response: StreamResponse) -> None:
        """Put a request away whose answer is out."""
        self.served += 1
        logger = self._access_logger
        if logger is not None and logger.enabled:
            seconds = self.loop.time() - self._began
            self._request_context.run(logger.log, request, response, seconds)
        self._request = None
        if request.message.has_body:
            request.close_form()

    async def _park(self) -> None:
        """Return when there is something for the task to do."""
        self._give_time()
        self._parked = self._idle = True
        waiter = self._waiter = self.loop.create_future()
        try:
            await waiter
        except asyncio.CancelledError as error:
            if self._task is None or self._task.cancelling():  # else a handler took it back
                if self._begun is None:
                    raise
                self._begun.interrupt(error)
        finally:
            self._parked = self._idle = False

    async def _serve(self) -> None:
        """Answer requests until the connection ends. A cancel closes it."""
        waiting = self.waiting
        task = cast("asyncio.Task[None]", asyncio.current_task())
        try:
            while self._begun is not None or not self._closing:
                begun: Any = self._begun
                self._begun = None
                if begun is not None:
                    request = cast("BaseRequest", self._request)
                elif self.writing_paused:
                    await self.drain()
                    continue
                elif waiting:
                    head, body = waiting.pop(0) if self._held is None else self.next_request()
                    self._request = request = self._make_request(head, body, self, None, task)
                    self._began = self.loop.time()
                elif self._upgrade_asked:
                    self.upgrade_declined()
                    continue
                elif self._client_done or self.refusal is not None:
                    break
                else:
                    await self._park()
                    continue
                try:
                    if begun is None:
                        self._request_context = context = self._context.copy()
                        begun = context.run(begin, context, self._handle, request)
                    response = await begun if begun.__class__ is BegunAnswer else begun
                except HTTPException as error:
                    response = error
                except (Exception, asyncio.CancelledError) as error:
                    if isinstance(error, asyncio.CancelledError) and task.cancelling():
                        raise
                    response = self._request_context.run(
                        answer_failure, request, error, self.settings
                    )
                own = self._request_context
                try:
                    if not self._send_at_once(request, response):
                        await run_in(own, partial(self._send, request), response)
                except Exception as error:
                    failed = partial(self._send_failure, request)
                    response = await run_in(own, failed, error) or response
                self._answered(request, response)
                if not request.content.is_eof():
                    if request.expectation is not None and self._must_not_wait(request):
                        break
                    await self._drop_rest(request.content)
            if self.refusal is not None and not self._body_broken:
                self._refuse(self.refusal)
            await self._close_gently()
        except ConnectionResetError:
            pass  # the client has left; nobody is there to be told
        except Exception:
            self.settings.logger.exception("Unhandled exception")
        finally:
            if self._begun is not None:
                self._begun.close()
            if self._request is not None:
                self._request.close_form()
            self._request = None
            if self.transport is not None and not (self._successor and self._successor.closed):
                self.transport.close()

    def _refuse(self, error: HttpProcessingError) -> None:
        """Answer what could not be read as a request."""
        response = answer_refusal(error)
        self.settings.logger.debug("Refused a request from %s: %s", self.peername, error)
        data = response.render(HttpVersion11, "GET", keep_alive=False)
        if data is None or not self.is_connected:
            return
        self.write(data)
        access_logger = self._owner.access_logger
        if access_logger is not None and access_logger.enabled:
            refused = RefusedRequest(self._parser.refused_line(), self)
            access_logger.log(refused, response, 0.0)

    # Ending

    def close(self) -> None:
        """Close when the running request has been answered; at once if there is none."""
        self._closing = True
        if self._request is not None:
            self._request.close_connection()
        self.wake()

    def force_close(self) -> None:
        """Close at once, whatever is running."""
        self._closing = True
        if self.transport is not None:
            self.transport.close()

    async def shutdown(self, timeout: float | None = 15.0) -> None:
        """Close, and return when it is done.

        A running request has *timeout* seconds to be answered (None for as long as it takes), then
        its handler is cancelled. A cancel closes at once. A WebSocket is told so first (1001).
        """
        self.close()
        task = self._task
        try:
            timeout = await self._go_away(timeout)
            if task is not None and not task.done():
                await asyncio.wait((task,), timeout=timeout)
                if not task.done():
                    task.cancel()
                    await asyncio.wait((task,), timeout=_CANCEL_SECONDS)
        finally:
            self.abort()
