"""One HTTP/1.1 connection to a server: it carries an exchange, then idles, then carries the next.

Knows when its bytes belong to an answer and when the connection may be used again (RFC 9112 §9).
It goes back to its pool in the moment the answer is whole, before anybody has read the body.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING

from notebook_http.client.broken_exchange import lost_error, timeout_error
from notebook_http.client.exceptions import (
    ClientConnectionError,
)
from notebook_http.client.unread_input import has_input, last_words
from notebook_http.transport.connection import Connection
from notebook_http.transport.dialling import close_orphan
from notebook_http.transport.exceptions import ClientConnectionResetError
from notebook_http.transport.timeouts import Deadline, DeadlineTimer
from notebook_http.wire.errors import (
    HttpProcessingError,
)
from notebook_http.wire.http1_response import ResponseParser
from notebook_http.wire.repeated_response import RepeatedResponse

if TYPE_CHECKING:
    from notebook_http.client.connection_key import ConnectionKey
    from notebook_http.client.connection_pool import ConnectionPool
    from notebook_http.client.exchange import Exchange

__all__ = ["ClientConnection"]


class ClientConnection(Connection):
    """A connection to one server, idle or carrying one exchange.

    Attributes:
        key: what it is good for.
        idle_until: the loop's time at which the pool closes it if nobody used it.
        served: answers that came whole over it.
    """

    __slots__ = (
        "_deadline",
        "_exchange",
        "_lost_waiter",
        "_parser",
        "_pool",
        "_read_seconds",
        "_repeated",
        "_successor",
        "_timer",
        "_total_at",
        "idle_until",
        "key",
        "served",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        key: ConnectionKey,
        pool: ConnectionPool[ClientConnection],
    ) -> None:
        super().__init__(loop)
        self.key = key
        self.idle_until = inf
        self.served = 0
        self._pool = pool
        self._exchange: Exchange | None = None
        self._lost_waiter: asyncio.Future[None] | None = None
        self._parser: ResponseParser | None = None
        self._successor: Connection | None = None
        self._deadline = _ConnectionDeadline(self)
        self._timer = DeadlineTimer.of(loop)
        self._total_at = inf
        self._read_seconds = 0.0
        self._repeated = RepeatedResponse()

    def __repr__(self) -> str:
        if self._successor is not None:
            state = "upgraded"
        elif self._exchange is not None:
            state = f"{self._exchange.method} {self._exchange.url.raw_path}"
        else:
            try:
                state = "idle" if self.is_connected else "closed"
            except RuntimeError:  # some transports answer to their own thread only
                state = "on another thread"
        return f"<ClientConnection {self.key.where} {state}, {self.served} served>"

    # Asking

    @property
    def is_idle(self) -> bool:
        """Whether it carries no exchange."""
        return self._exchange is None and self._successor is None

    def is_stale(self) -> bool:
        """Whether the server has hung up, or said something, while nobody was looking.

        A long computation in a cell blocks the loop, which then has not noticed yet. On an idle
        connection nothing may come, so whatever can be read means that it is of no use.
        """
        return has_input(self)

    # Carrying an exchange

    def begin(
        self, exchange: Exchange, now: float, total_at: float, read_seconds: float | None
    ) -> None:
        """Give the bytes that come from now on to *exchange*.

        Args:
            exchange: gets the answer, or the error.
            now: the loop's time.
            total_at: the loop's time by which the answer must be whole; `inf` for no limit.
            read_seconds: seconds that may pass between two reads; None for no limit.
        """
        self._exchange = exchange
        exchange.connection = self
        self._total_at = total_at
        deadline = self._deadline
        deadline.when = total_at
        if read_seconds:
            # While a body is being sent the server has no reason to say anything: see below.
            self._read_seconds = read_seconds
            deadline.when = min(total_at, now + read_seconds)
        self._timer.reschedule(deadline)

    def upload_began(self) -> None:
        """Stop the clock of `sock_read` until the whole request is out."""
        self._deadline.when = self._total_at

    def body_was_sent(self, exchange: Exchange) -> None:
        """Start the clock of `sock_read` for an exchange whose upload has just ended."""
        if self._exchange is exchange and self._read_seconds:
            self._restart_read_clock()

    def drop(self, exchange: Exchange) -> None:
        """Abort the connection, if it still carries *exchange*: an answer is half read on it."""
        if self._exchange is exchange:
            self._end_exchange(exchange, reusable=False)
            self.abort()

    def hand_over(self, exchange: Exchange, successor: Connection) -> None:
        """Give the transport to *successor*, which passes `connection_lost` on to us.

        Raises:
            ClientConnectionResetError: the connection was lost, or carries another exchange.
        """
        transport, parser = self.transport, self._parser
        if transport is None or parser is None or self._exchange is not exchange:
            raise ClientConnectionResetError(f"Connection lost: {exchange.method} {exchange.url}")
        self._successor = successor
        self._exchange = self._parser = exchange.connection = None
        if exchange._on_end is not None:
            exchange.ended()
        transport.set_protocol(successor)
        successor.connection_made(transport)
        super().resume_reading()
        if parser.tail:
            # Last: it may be enough for the successor to pause.
            successor.data_received(parser.tail)

    def shut_down(self) -> None:
        """Close an idle connection in good manners; fail the exchange of one in use."""
        exchange = self._exchange
        if exchange is None:
            self.close()
            return
        self._end_exchange(exchange, reusable=False)
        what = f"{exchange.method} {exchange.url}"
        exchange.fail(ClientConnectionError(f"The session was closed during {what}"))
        self.abort()

    def close(self) -> None:
        """Close when everything written has left; wait for a silent TLS peer only a little."""
        super().close()
        if self.key.speaks_tls and self.transport is not None:
            self._deadline.when = self.loop.time() + self._pool.goodbye_seconds
            self._timer.reschedule(self._deadline)

    def discard(self) -> None:
        """Close a connection of an event loop that is gone, or is another one than the caller's."""
        transport, self.transport = self.transport, None
        self._exchange = self._parser = None
        self._timer.discard(self._deadline)
        if transport is None:
            return
        if self.loop.is_closed():
            close_orphan(transport)
        else:
            self.loop.call_soon_threadsafe(transport.abort)

    def lost(self) -> asyncio.Future[None] | None:
        """Return what is resolved when the transport is gone; None if it is."""
        if self.transport is None:
            return None
        if self._lost_waiter is None:
            self._lost_waiter = self.loop.create_future()
        return self._lost_waiter

    # Called by the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to watch the deadline. Called by asyncio."""
        super().connection_made(transport)
        self._timer.add(self._deadline)

    def data_received(self, data: bytes) -> None:
        """Pass *data* to the exchange. Called by asyncio."""
        exchange = self._exchange
        if exchange is None:
            # Nobody asked for it (a 408 on its way out, or worse): what follows cannot be trusted.
            self._pool.forget(self)
            self.abort()
            return
        exchange.answered = True
        if self._read_seconds and exchange.upload is None:
            self._restart_read_clock()
        parser = self._parser
        learns = False
        if parser is None:
            limits, method = exchange.settings.limits, exchange.method
            # The length that answers to HEAD announce is not theirs.
            learns = method != "HEAD"
            known = self._repeated.recognise(data, limits) if learns else None
            if known is not None:
                exchange.whole_received(known, data[self._repeated.head_size :])
                self._complete(exchange, excess=False)
                return
            parser = self._parser = ResponseParser(exchange, method=method, limits=limits)
        try:
            parser.feed(data)
        except HttpProcessingError as error:
            self._end_exchange(exchange, reusable=False)
            exchange.fail(error if exchange.head is None else exchange.broken_off(error))
            self.abort()
            return
        if parser.completed:
            if learns and exchange.head is not None and not parser.excess:
                self._repeated.learn(data, exchange.head, exchange.settings.limits)
            self._complete(exchange, excess=parser.excess)
        elif exchange.head is not None and exchange.ends_here(exchange.head):
            exchange.body_completed()
            self._end_exchange(exchange, reusable=False)
            self.abort()
            exchange.head_is_there()
        elif exchange.head is not None:
            # More of the body is to come: it needs a stream, and that the right limits.
            exchange.open_reader()
            exchange.head_is_there()

    def eof_received(self) -> None:
        """Close, and lend an idle connection to nobody from now on. Called by asyncio.

        Over TLS it takes a while until it is lost: the peers say goodbye.
        """
        if self._exchange is None:
            self._pool.forget(self)
            self.close()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Tell the exchange, if there is one. Called by asyncio."""
        if exc is not None and self._exchange is not None and self._exchange.upload is not None:
            for data in last_words(self):
                if self._exchange is not None:
                    self.data_received(data)
        super().connection_lost(exc)
        self._timer.discard(self._deadline)
        if self._lost_waiter is not None and not self._lost_waiter.done():
            self._lost_waiter.set_result(None)
        parser, exchange = self._parser, self._exchange
        if exchange is None:
            if self._successor is None:
                self._pool.forget(self)
            else:
                self._pool.give_back(self, None)
            return
        self._end_exchange(exchange, reusable=False)
        try:
            error = lost_error(parser, exchange, exc)
        finally:
            exchange.connection = None
        if error is None:
            exchange.head_is_there()
        else:
            exchange.fail(error)

    def pause_reading(self) -> None:
        """Make the server wait; the clock of `sock_read` stands still meanwhile."""
        super().pause_reading()
        if self._read_seconds:
            self._deadline.when = self._total_at

    def resume_reading(self) -> None:
        """Let the server go on."""
        super().resume_reading()
        if self._read_seconds and self._exchange is not None:
            self._restart_read_clock()

    # Privates

    def _complete(self, exchange: Exchange, *, excess: bool) -> None:
        """End an exchange whose answer is whole, and keep the connection if it is fit to be."""
        head = exchange.head
        # The server may answer before it has the whole request: the rest is in the way then.
        sent = exchange.upload is None
        if head is not None and head.upgrade and sent and not exchange.settings.read_until_eof:
            # Who asks for another protocol takes the connection over, or drops the exchange.
            super().pause_reading()
            self._deadline.when = inf
            self._read_seconds = 0.0
            exchange.head_is_there()
            return
        reusable = (
            sent
            and head is not None
            and head.keep_alive
            and head.status != 101
            and not excess
            and self.is_connected
        )
        self.served += 1
        self._end_exchange(exchange, reusable=reusable)
        if not sent:
            self.abort()
        elif not reusable:
            self.close()
        exchange.head_is_there()

    def _end_exchange(self, exchange: Exchange, *, reusable: bool) -> None:
        self._exchange = None
        self._parser = None
        exchange.connection = None
        self._deadline.when = inf
        self._read_seconds = 0.0
        upload = exchange.upload
        if upload is not None:
            upload.cancel()
        if reusable:
            super().resume_reading()
            # The body that HEAD, 204 and 304 must not have may come in a later segment. And who
            # sent a large body long before it was read may have hung up since.
            head = exchange.head
            look = exchange._reader is not None or (head is not None and not head.has_body)
            self._pool.give_back(self, self.loop.time(), look)
        else:
            self._pool.give_back(self, None)
        if exchange._on_end is not None:
            exchange.ended()

    def _restart_read_clock(self) -> None:
        deadline = self._deadline
        deadline.when = min(self._total_at, self.loop.time() + self._read_seconds)
        self._timer.reschedule(deadline)

    def expire(self) -> None:
        """Fail the exchange: one of its limits has passed. Called by the deadline."""
        exchange = self._exchange
        if exchange is None:
            self._deadline.when = inf
            if not self.is_connected:
                self.abort()
            return
        error = timeout_error(
            exchange,
            total_passed=self._total_at <= self.loop.time(),
            read_seconds=self._read_seconds,
        )
        self._end_exchange(exchange, reusable=False)
        exchange.fail(error)
        self.abort()


class _ConnectionDeadline(Deadline):
    """The limit that ends a connection's exchange; infinite while it idles."""

    __slots__ = ("_connection",)

    def __init__(self, connection: ClientConnection) -> None:
        super().__init__()
        self._connection = connection

    def expire(self) -> None:
        self._connection.expire()
