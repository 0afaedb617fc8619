"""`EventSourceResponse`: server-sent events, as long as their reader listens (WHATWG HTML §9.2)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Generator
from math import inf
from typing import TYPE_CHECKING, Any, cast

from notebook_http.transport.exceptions import ClientConnectionResetError
from notebook_http.transport.timeouts import Deadline, DeadlineTimer
from notebook_http.web.stream_response import PreparingRequest, StreamResponse
from notebook_http.wire.event_stream import serialise_comment, serialise_event

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from notebook_http.transport.stream_writer import StreamWriter
    from notebook_http.web.answering_connection import AnsweringConnection
    from notebook_http.web.response_fields import LooseHeaders

__all__ = ["EventSourceResponse", "sse_response"]

# Seconds of silence after which a comment is sent: proxies close what is silent for 30 to 60, and
# a client that vanished shows by what it does not take.
_PING_SECONDS = 15.0
_PING = serialise_comment("ping")


class _Ping(Deadline):
    """The next comment that keeps a silent stream alive."""

    __slots__ = ("_response",)

    def __init__(self, response: EventSourceResponse) -> None:
        super().__init__()
        self._response = response

    def expire(self) -> None:
        self._response.ping()


class EventSourceResponse(StreamResponse):
    """A stream of events, which browsers read with `EventSource`, and `session.sse` does here.

    ```python
    async def prices(request):
        async with web.sse_response(request) as events:
            async for price in feed():
                await events.send_json(price, event="price")
        return events
    ```

    The block ends by itself, whatever it waits for, when the client leaves or the server shuts
    down; what is behind it is still run. Without a block: `prepare`, then `send` while
    `is_connected`, or `wait`.

    Not compressed, not cached, and not buffered by nginx.

    Args:
        status: three digits; readers take 200 only.
        reason: reason phrase; None for the usual one.
        headers: fields of the head.
        ping_interval: seconds of silence after which a comment is sent; 0 for never.

    Raises:
        ValueError: *ping_interval* is negative. The caller erred.
        TypeError: it is no number. The caller erred.
    """

    _connection: AnsweringConnection | None = None
    _last_event_id = ""
    _stopped = False
    _scope: asyncio.Timeout | None = None

    def __init__(
        self,
        *,
        status: int = 200,
        reason: str | None = None,
        headers: LooseHeaders | None = None,
        ping_interval: float = _PING_SECONDS,
    ) -> None:
        super().__init__(status=status, reason=reason, headers=headers)
        fields = self.headers
        fields["Content-Type"] = "text/event-stream"
        fields.setdefault("Cache-Control", "no-store")
        fields.setdefault("X-Accel-Buffering", "no")
        self._ping = _Ping(self)
        self._waiters: set[asyncio.Future[None]] = set()
        self.ping_interval = ping_interval

    # Asking

    @property
    def last_event_id(self) -> str:
        """The id of the last event that the client has seen on an earlier connection; "" if none.

        The client's word: it may be anything. Known once it is prepared.
        """
        return self._last_event_id

    @property
    def ping_interval(self) -> float:
        """Seconds of silence after which a comment is sent; 0 for never."""
        return self._ping_interval

    @ping_interval.setter
    def ping_interval(self, seconds: float) -> None:
        if not isinstance(seconds, (int, float)):
            raise TypeError(f"ping_interval is seconds, not {type(seconds).__name__}")
        if seconds < 0:
            raise ValueError(f"ping_interval is 0 (never) or more seconds, not {seconds}")
        self._ping_interval = seconds
        self._spoken()

    def is_connected(self) -> bool:
        """Whether anybody listens: prepared, not stopped, client there, server not ending."""
        connection = self._connection
        return connection is not None and not (self._stopped or connection.is_ending)

    # Sending

    def enable_compression(self, force: Any = False, strategy: int | None = None) -> None:
        """Raise NotImplementedError: an event would wait in the compressor for the next ones."""
        raise NotImplementedError("A stream of events is not compressed")

    async def prepare(self, request: PreparingRequest) -> StreamWriter | None:
        """Send the head, see `StreamResponse.prepare`, and begin to ping."""
        if self._connection is not None or self._eof_sent:
            return await super().prepare(request)
        writer = await super().prepare(request)
        self._last_event_id = request.headers.get("Last-Event-ID", "")
        self._connection = connection = cast("AnsweringConnection", request.protocol)
        self._stopped = request.method == "HEAD"  # there is nothing to listen to
        connection.call_at_end(self._look)
        DeadlineTimer.of(connection.loop).add(self._ping)
        self._spoken()
        return writer

    async def send(
        self,
        data: str,
        *,
        event: str | None = None,
        id: str | None = None,
        retry: int | None = None,
    ) -> None:
        """Send one event; wait while the client is slower than that. See `serialise_event`.

        A cancel leaves the event in the transport: it is being sent.

        Raises:
            ClientConnectionResetError: the client has left. In a block that is the end of it.
            RuntimeError: not prepared, or over already.
            ValueError: a line break or NUL in *event* or *id*; a negative *retry*.
            TypeError: *data* is no text.
        """
        await self._say(serialise_event(data, event=event, id=id, retry=retry))

    async def send_json(
        self,
        data: Any,
        *,
        event: str | None = None,
        id: str | None = None,
        retry: int | None = None,
        dumps: Callable[[Any], str] = json.dumps,
    ) -> None:
        """Send *data* as JSON; see `send`."""
        await self.send(dumps(data), event=event, id=id, retry=retry)

    async def send_comment(self, text: str) -> None:
        """Send what readers ignore; see `send`."""
        await self._say(serialise_comment(text))

    async def _say(self, words: bytes) -> None:
        if self._eof_sent:
            raise RuntimeError("The stream of events is over")
        if self._connection is None:
            raise RuntimeError("Call prepare() first")
        self._spoken()
        await self.write(words)

    def _spoken(self) -> None:
        """Begin the silence anew."""
        connection = self._connection
        if connection is None or self._stopped or not self._ping_interval:
            self._ping.when = inf
            return
        self._ping.when = connection.loop.time() + self._ping_interval
        DeadlineTimer.of(connection.loop).reschedule(self._ping)

    def ping(self) -> None:
        """Send a comment, unless the client is slow to take what was sent before."""
        self._spoken()
        connection = self._connection
        if connection is None or connection.writing_paused or self._writer is None:
            return
        if self.is_connected():
            self._writer.write_nowait(_PING)

    # Ending

    def stop_streaming(self) -> None:
        """End a block, or a `wait`, in another task. Idempotent."""
        self._stopped = True
        self._look()

    async def wait(self) -> None:
        """Return when nobody listens any more: see `is_connected`.

        Raises:
            RuntimeError: not prepared.
        """
        if self._connection is None:
            raise RuntimeError("Call prepare() first")
        while self.is_connected():
            waiter = self._connection.loop.create_future()
            self._waiters.add(waiter)
            try:
                await waiter
            finally:
                self._waiters.discard(waiter)

    def _look(self) -> None:
        """Wake whoever waits for the end if that has come. Called by the connection."""
        connection = self._connection
        if connection is None or self.is_connected():
            return
        self._forget()
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        scope, self._scope = self._scope, None
        if scope is not None:
            scope.reschedule(connection.loop.time())

    def _forget(self) -> None:
        self._ping.when = inf
        if self._connection is not None:
            DeadlineTimer.of(self._connection.loop).discard(self._ping)
            self._connection.forget_callback(self._look)

    async def write_eof(self, data: bytes | bytearray | memoryview = b"") -> None:
        """End the stream; see `StreamResponse.write_eof`."""
        self._forget()
        await super().write_eof(data)
        self.stop_streaming()

    async def __aenter__(self) -> Self:
        self._scope = scope = asyncio.timeout(None)
        self._entered = scope
        await scope.__aenter__()
        self._look()  # it may be over already
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        self._scope = None
        left = isinstance(exc_value, ClientConnectionResetError) and not self.is_connected()
        try:
            await self._entered.__aexit__(exc_type, exc_value, traceback)
        except TimeoutError:
            if not self._entered.expired():
                raise
            left = True
        if exc_type is not None and not left:
            return False
        if self._connection is not None and self._connection.is_connected:
            await self.write_eof()
        return True


class _Opening:
    """What `sse_response` returns: await it, or use it in `async with`."""

    __slots__ = ("_request", "_response")

    def __init__(self, request: PreparingRequest, response: EventSourceResponse) -> None:
        self._request = request
        self._response = response

    async def _open(self) -> EventSourceResponse:
        await self._response.prepare(self._request)
        return self._response

    def __await__(self) -> Generator[Any, Any, EventSourceResponse]:
        return self._open().__await__()

    async def __aenter__(self) -> EventSourceResponse:
        await self._open()
        return await self._response.__aenter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        return await self._response.__aexit__(exc_type, exc_value, traceback)


def sse_response(
    request: PreparingRequest,
    *,
    status: int = 200,
    reason: str | None = None,
    headers: LooseHeaders | None = None,
    ping_interval: float = _PING_SECONDS,
    response_cls: type[EventSourceResponse] = EventSourceResponse,
) -> _Opening:
    """Return a prepared `EventSourceResponse`, to be awaited or entered with `async with`.

    Args:
        request: what is answered.
        status: see `EventSourceResponse`, as the other arguments.
        reason: see there.
        headers: see there.
        ping_interval: see there.
        response_cls: `EventSourceResponse`, or what is derived from it.

    Raises:
        TypeError: *response_cls* is something else. The caller erred.
    """
    if not issubclass(response_cls, EventSourceResponse):
        raise TypeError(f"response_cls must be an EventSourceResponse, not {response_cls!r}")
    response = response_cls(
        status=status, reason=reason, headers=headers, ping_interval=ping_interval
    )
    return _Opening(request, response)
