"""Send one request and wait for the head of its answer, twice if the first connection was dead."""

from __future__ import annotations

import asyncio
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING

from notebook_http.client.exceptions import (
    ClientConnectionError,
    ClientOSError,
    ServerConnectionError,
    ServerTimeoutError,
)
from notebook_http.client.exchange import Exchange
from notebook_http.client.request import IDEMPOTENT_METHODS
from notebook_http.client.timings import Timings
from notebook_http.client.upload_writer import UploadWriter
from notebook_http.transport.exceptions import BodyLengthError, ClientConnectionResetError

if TYPE_CHECKING:
    from notebook_http.client.answer_settings import AnswerSettings
    from notebook_http.client.client_timeout import ClientTimeout
    from notebook_http.client.connection import ClientConnection
    from notebook_http.client.connector import BaseConnector
    from notebook_http.client.request import ClientRequest
    from notebook_http.client.request_body import RequestBody
    from notebook_http.client.trace_points import TracePoints
    from notebook_http.client.upload_tracker import UploadAttempt, UploadTracker
    from notebook_http.transport.stream_writer import StreamWriter

__all__ = ["Sender"]

# Bodies up to this size leave together with the head, in one write.
_ONE_WRITE_BYTES = 64 * 1024
# Larger ones are handed to the transport in such pieces, so that it never copies the whole.
_PIECE_BYTES = 256 * 1024
# Seconds to wait for `100 Continue`: servers that do not know it just wait for the body
# (RFC 9110 §10.1.1). curl waits as long.
_CONTINUE_SECONDS = 1.0


class Sender:
    """Sends the requests of one call, each until the head of its answer is there.

    Args:
        connector: lends the connections.
        answers: how answers are read.
        timeout: the limits of the call.
        started_at: when the call began, by `time.perf_counter()`.
        traces: are told each step, or None.
        tracker: is told how far the body is, or None.

    Attributes:
        exchange: the last one that began.
    """

    __slots__ = (
        "_connector",
        "_loop",
        "_started_at",
        "_timeout",
        "_traces",
        "_tracker",
        "answers",
        "exchange",
        "total_at",
    )

    def __init__(
        self,
        connector: BaseConnector,
        answers: AnswerSettings,
        timeout: ClientTimeout,
        started_at: float,
        traces: TracePoints | None = None,
        tracker: UploadTracker | None = None,
    ) -> None:
        self._connector = connector
        self.answers = answers
        self._timeout = timeout
        self._started_at = started_at
        self._traces = traces
        self._tracker = tracker
        self.exchange: Exchange | None = None
        self._loop = loop = asyncio.get_running_loop()
        self.total_at = loop.time() + timeout.total if timeout.total else inf

    async def send(self, request: ClientRequest) -> Exchange:
        """Return the exchange once the head of the answer is there; its body may be on its way.

        A kept-alive connection may have been closed by the server just before; a request that
        means the same twice is sent again over a new one then, once, if no byte of an answer came.

        A cancel aborts the connection, stops the upload and frees the slot.

        Raises:
            ClientConnectionError: or a subclass: no connection, or it broke.
            HttpProcessingError: the answer is no HTTP. The server erred.
            TimeoutError: a limit has passed.
            ValueError: the request's head cannot be sent.
        """
        head = request.encode_head()
        traces = self._traces
        tracker = self._tracker
        timings = Timings(self._started_at, traces)
        now = self._loop.time()
        connection = None
        if traces is None:  # who traces waits for it to be told, which `connect` can
            connection = self._connector.reuse(request.origin.key, now, self._loop)
        fresh = False
        while True:
            attempt = None if tracker is None else tracker.begin_attempt(len(head))
            if connection is None:
                connection = await self._connector.connect(
                    request.origin.key,
                    timeout=self._timeout,
                    total_at=self.total_at,
                    timings=timings,
                    fresh=fresh,
                )
                now = self._loop.time()
            exchange = Exchange(self._loop, request.method, request.url, timings, self.answers)
            self.exchange = exchange
            used_before = connection.served
            try:
                connection.begin(exchange, now, self.total_at, self._timeout.sock_read)
                if traces is None and attempt is None:
                    _write(self._loop, connection, exchange, request, head)
                else:
                    await _write_watched(connection, exchange, request, head, attempt)
                await exchange.head_waiter
            except (ServerConnectionError, ClientOSError, ClientConnectionResetError) as error:
                exchange.abandon()
                if fresh or not used_before or not _may_repeat(request, exchange, error):
                    raise
                fresh = True
                connection = None
            except BaseException:
                exchange.abandon()
                raise
            else:
                return exchange


def _may_repeat(request: ClientRequest, exchange: Exchange, error: Exception) -> bool:
    """Tell whether sending *request* once more can do no harm, after a connection that broke."""
    if isinstance(error, ClientConnectionResetError):
        return True  # it was closing before a byte of the request was written
    return (
        request.method in IDEMPOTENT_METHODS
        and not exchange.answered
        and not isinstance(error, ServerTimeoutError)
        and not (request.outgoing is not None and request.outgoing.is_spent)
    )


def _leaves_at_once(request: ClientRequest, body: RequestBody) -> bool:
    """Tell whether *body* goes out in one write with the head."""
    return (
        body.content is not None
        and len(body.content) <= _ONE_WRITE_BYTES
        and not (request.chunked or request.compress or request.expect_continue)
        and request.body_length == len(body.content)
    )


def _write(
    loop: asyncio.AbstractEventLoop,
    connection: ClientConnection,
    exchange: Exchange,
    request: ClientRequest,
    head: bytes,
) -> None:
    """Write the request: at once if it is small, else in a task beside the waiting."""
    body = request.outgoing
    timings = exchange.timings
    timings.writing_at = perf_counter()
    if body is None:
        connection.write(head)
    elif body.content is not None and _leaves_at_once(request, body):
        connection.write(head + body.content)
    else:
        _check_connected(connection, request)
        writer = UploadWriter(connection, request, head)
        exchange.upload = loop.create_task(_upload(connection, exchange, request, body, writer))
        connection.upload_began()
        return
    timings.sent_at = perf_counter()


async def _write_watched(
    connection: ClientConnection,
    exchange: Exchange,
    request: ClientRequest,
    head: bytes,
    attempt: UploadAttempt | None,
) -> None:
    """Write the request as `_write` does, and tell those who watch."""
    traces = exchange.timings.traces
    body = request.outgoing
    content: bytes | None = None
    if body is not None and body.content is not None and _leaves_at_once(request, body):
        content = body.content
        body = None
    if traces is not None:
        connection.upload_began()  # the clock of sock_read does not run for the listeners
        await traces.headers_sent(request)
        head = request.encode_head()  # a listener may have changed them
        if content is not None:
            await traces.chunk_sent(request, content)
        connection.body_was_sent(exchange)
        if exchange.head_waiter.done():  # the connection broke meanwhile: it says why
            return
    if body is None:
        _write(connection.loop, connection, exchange, request, head)
        if attempt is not None:
            attempt.complete(len(content or b""))
        return
    _check_connected(connection, request)
    from notebook_http.client.watched_writer import WatchedWriter

    exchange.timings.writing_at = perf_counter()
    writer = WatchedWriter(
        connection,
        request,
        head,
        traces if body.content is None else None,  # bytes are told whole, in `_upload`
        attempt,
    )
    upload = _upload(connection, exchange, request, body, writer, attempt)
    exchange.upload = connection.loop.create_task(upload)
    connection.upload_began()


def _check_connected(connection: ClientConnection, request: ClientRequest) -> None:
    """Raise while the body is still whole: it can be sent over another connection then."""
    if not connection.is_connected:
        raise ClientConnectionResetError(f"Connection closed before {request.method} {request.url}")


async def _upload(
    connection: ClientConnection,
    exchange: Exchange,
    request: ClientRequest,
    body: RequestBody,
    writer: StreamWriter,
    attempt: UploadAttempt | None = None,
) -> None:
    """Send head and body at the server's pace; tell the exchange if that fails.

    A cancel stops in the middle of the body: whoever cancels has given the connection up.
    """
    failure: Exception | None = None
    if attempt is not None:
        attempt.begin(writer)
    try:
        if request.expect_continue:
            writer.send_head()
            await exchange.wait_for_continue(_CONTINUE_SECONDS)
        if body.content is not None:
            if exchange.timings.traces is not None:
                await exchange.timings.traces.chunk_sent(request, body.content)
            view = memoryview(body.content)
            for start in range(0, len(view), _PIECE_BYTES):
                await writer.write(view[start : start + _PIECE_BYTES])
        elif body.payload is not None:
            # Not more than was announced, should a file have grown meanwhile.
            await body.payload.write_with_length(writer, body.size)
        await writer.write_eof()
    except ClientConnectionResetError as error:
        # The connection tells the exchange why. If asyncio has yet to tell the connection, an
        # answer may still be had then, which is looked for as long as there is an upload.
        if connection.transport is None:
            exchange.upload = None
        failure = error
    except Exception as error:
        exchange.upload = None  # it is this task, which must not be cancelled by the next line
        exchange.abandon()
        failure = _upload_error(exchange, error)
        exchange.fail(failure)
    else:
        exchange.upload = None
        exchange.timings.sent_at = perf_counter()
        connection.body_was_sent(exchange)
        if attempt is not None:
            attempt.complete(writer.body_size)
    finally:
        if attempt is not None and not attempt.is_complete:
            attempt.fail(failure)
        if exchange.close_after_upload is not None:
            await exchange.close_after_upload.close()


def _upload_error(exchange: Exchange, error: Exception) -> Exception:
    asked = f"{exchange.method} {exchange.url}"
    if isinstance(error, BodyLengthError):
        return error
    if isinstance(error, OSError):
        failure: Exception = ClientOSError(
            error.errno, f"Can not write request body for {asked}: {error.strerror or error}"
        )
    else:
        failure = ClientConnectionError(f"The body of {asked} could not be produced: {error!r}")
    failure.__cause__ = error
    return failure
