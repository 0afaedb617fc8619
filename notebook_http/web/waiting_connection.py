"""A server connection that waits, and for how long.

For a slow head or body, for the next request, for the rest of a body that nobody read, and at the
end for the client to have seen its answer. One deadline serves all of that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf

from notebook_http.transport.stream_reader import StreamReader
from notebook_http.transport.timeouts import Deadline, DeadlineTimer
from notebook_http.web.connection_settings import ConnectionSettings
from notebook_http.web.exceptions import HTTPRequestTimeout, PayloadAccessError
from notebook_http.web.incoming import IncomingRequests
from notebook_http.wire.errors import HttpProcessingError

__all__ = ["WaitingConnection"]

# Seconds for which a connection that will be closed is still read: closing at once makes the
# kernel send a reset, and a reset may overtake the answer (RFC 9112 §9.6).
_CLOSING_SECONDS = 2.0


class _ConnectionDeadline(Deadline):
    """The one deadline of a connection, whatever it waits for."""

    __slots__ = ("_connection",)

    def __init__(self, connection: WaitingConnection) -> None:
        super().__init__()
        self._connection = connection

    def expire(self) -> None:
        self._connection.time_is_up()


class WaitingConnection(IncomingRequests):
    """A connection with a deadline."""

    __slots__ = (
        "_client_done",
        "_closing",
        "_deadline",
        "_head_begun",
        "_idle",
        "_timer",
        "_when_gone",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, settings: ConnectionSettings) -> None:
        super().__init__(loop, settings)
        self._timer = DeadlineTimer.of(loop)
        self._deadline = _ConnectionDeadline(self)
        self._closing = False  # no request after the running one
        self._client_done = False  # nothing more will come
        self._idle = False  # waiting for the client, not for a handler
        self._head_begun = False
        self._when_gone: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Watch the deadline from now on. Called by asyncio."""
        super().connection_made(transport)
        self._deadline.when = self.loop.time() + self.settings.idle_seconds
        self._timer.add(self._deadline)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Watch the deadline no longer. Called by asyncio."""
        self._closing = True
        self._timer.discard(self._deadline)
        self.settings.unfinished_heads.discard(self)
        super().connection_lost(exc)
        self._tell_leaving()

    @property
    def head_is_unfinished(self) -> bool:
        """Whether the client is in the middle of a head, and nothing else is waited for."""
        return self._idle and self._head_begun and self._parser.in_message and not self._closing

    @property
    def client_has_left(self) -> bool:
        """Whether nothing more will come: the connection is lost, or the client sends no more."""
        return self.transport is None or self._client_done

    def when_client_leaves(self, call: Callable[[], None] | None) -> None:
        """Call *call*, and nobody else, once when `client_has_left` becomes true."""
        self._when_gone = call

    def _tell_leaving(self) -> None:
        call, self._when_gone = self._when_gone, None
        if call is not None:
            call()

    def message_unfinished(self) -> None:
        """Give the client its time for the rest of a message that has begun."""
        if self._dropping:
            return  # what nobody reads has one time limit, however it trickles in
        if self._arriving is not None:
            seconds = self.settings.body_timeout or inf
        elif self._idle and not self._head_begun:
            self._head_begun = True
            self.settings.unfinished_heads.add(self, self._parser.unfinished_bytes)
            seconds = self.settings.head_timeout or inf
        elif self._idle:
            self.settings.unfinished_heads.grow(self, self._parser.unfinished_bytes)
            return
        else:
            return
        self._deadline.when = self.loop.time() + seconds
        self._timer.reschedule(self._deadline)

    def time_is_up(self) -> None:
        """Do what the deadline asks for. Called by `DeadlineTimer`."""
        now = self.loop.time()
        if self._idle:
            if self._head_begun and self.refusal is None:
                text = "The request came too slowly"
                self.refusal = HttpProcessingError(code=408, message=text)
            self._closing = True
            self._deadline.when = inf
            self.wake()
        elif self._arriving is not None and not self._reader_paused:
            self._arriving.set_exception(HTTPRequestTimeout(text="The body came too slowly"))
            self._closing = True
            self._deadline.when = now + self.settings.body_timeout
        else:
            self._deadline.when = now + self.settings.idle_seconds

    async def _wait(self, seconds: float) -> None:
        """Return when something has happened, or *seconds* have passed."""
        self._give(seconds)
        self._idle = True
        self._waiter = self.loop.create_future()
        try:
            await self._waiter
        finally:
            self._idle = False

    def _give_time(self) -> None:
        """Give the client its time for the next request, or for the head that it is at."""
        self._head_begun = self._parser.in_message
        settings = self.settings
        if self._head_begun:
            settings.unfinished_heads.add(self, self._parser.unfinished_bytes)
        self._give((settings.head_timeout or inf) if self._head_begun else settings.idle_seconds)

    def _give(self, seconds: float) -> None:
        self._deadline.when = self.loop.time() + seconds
        self._timer.reschedule(self._deadline)

    async def _drop_rest(self, body: StreamReader) -> None:
        """Read the rest of a body that the handler did not read, within bounds.

        Who reads it later must not take what is left in its buffer for the whole.
        """
        try:
            await self._drop(body)
        finally:
            if body.exception() is None:
                body.set_exception(
                    PayloadAccessError(
                        "the request's body was not read before its answer was sent, and is "
                        "dropped by now: read it before the handler returns"
                    )
                )

    async def _drop(self, body: StreamReader) -> None:
        until = self.loop.time() + self.settings.lingering_time
        closing = self._closing
        if body.exception() is not None or not self.drop_body():
            self._closing = True
            return
        while not body.is_eof():
            left = until - self.loop.time()
            gone = self.transport is None or self._client_done or self.refusal is not None
            shut_down = self._closing is not closing  # nobody waits for a body that nobody reads
            if left <= 0 or gone or shut_down or self.dropped_too_much:
                self._closing = True
                return
            self._head_begun = False
            await self._wait(left)

    async def _close_gently(self) -> None:
        """Close; if the client may still be sending, not before it has seen the answer."""
        transport = self.transport
        unread = self.refusal is not None or self._arriving is not None
        if transport is None or not unread or self._client_done:
            return
        if self.refusal is None:
            self.refusal = HttpProcessingError(message="the connection is closing")
        self._held = None
        self.resume_reading()
        if transport.can_write_eof():  # TLS cannot: the client sees the end of the answer only
            try:
                transport.write_eof()
            except OSError:
                return  # the client has reset the connection, and nobody was told yet
        self._head_begun = False
        await self._wait(_CLOSING_SECONDS)
