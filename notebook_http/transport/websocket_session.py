"""An open WebSocket: messages out, messages in, and its end (RFC 6455 §5 to §7). For both sides.

Knows queue, flow control, heartbeat and the closing handshake. Knows neither how the handshake
before it went, nor what users call things.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from notebook_http.transport.connection import Connection
from notebook_http.transport.dialling import close_orphan
from notebook_http.transport.exceptions import ClientConnectionResetError
from notebook_http.transport.timeouts import DeadlineTimer
from notebook_http.transport.websocket_deadline import SessionDeadline
from notebook_http.transport.websocket_queue import Message, MessageQueue, lost_with_its_loop
from notebook_http.transport.websocket_settings import SessionSettings, codecs
from notebook_http.transport.websocket_writer import MessageWriter
from notebook_http.wire.websocket_assembly import MessageParser
from notebook_http.wire.websocket_message import (
    CLOSED_MESSAGE,
    CLOSING_MESSAGE,
    WebSocketError,
    WSCloseCode,
    WSMessage,
    WSMsgType,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SessionSettings", "WebSocketSession"]

# Bytes of unread messages above which the peer has to wait, and below which it may go on.
_HIGH_WATER = 128 * 1024
_LOW_WATER = 64 * 1024
_CLOSE = WSMsgType.CLOSE  # 0.1 µs to look up


class WebSocketSession(Connection):
    """The protocol of a transport whose handshake is over.

    Attributes:
        closed: nothing can be sent or received any more.
        closing: the end has begun, or the peer has begun it.
        close_code: why it ended, as far as it is known.
        exception: what ended it, if that was an error.
    """

    __slots__ = (
        "_close_sent",
        "_control_at",
        "_deadline",
        "_input_ended",
        "_on_lost",
        "_output",
        "_parser",
        "_queue",
        "_settings",
        "_timer",
        "_unanswered",
        "close_code",
        "closed",
        "closing",
        "exception",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        settings: SessionSettings,
        on_lost: Callable[[BaseException | None], None] | None = None,
    ) -> None:
        super().__init__(loop)
        self._settings = settings
        self._on_lost = on_lost
        inflater, deflater = codecs(settings)
        self._parser: MessageParser | None = MessageParser(
            self._deliver,
            masked=not settings.is_client,
            most=settings.max_msg_size,
            decode_text=settings.decode_text,
            inflater=inflater,
            deliver_control=self._deliver_control,
        )
        self._output = MessageWriter(self, settings.is_client, deflater)
        self._queue = MessageQueue(loop)
        self._input_ended = False
        self._close_sent = False
        self._unanswered: bytes | None = None  # what came with the last PING
        self._control_at = 0.0
        self._deadline = SessionDeadline(self, settings.heartbeat or 0.0)
        self._timer = DeadlineTimer.of(loop)
        self.closed = False
        self.closing = False
        self.close_code: int | None = None
        self.exception: BaseException | None = None

    def __repr__(self) -> str:
        state = "closed" if self.closed else "closing" if self.closing else "open"
        return f"<WebSocketSession {state}, {len(self._queue)} unread>"

    @property
    def is_open(self) -> bool:
        """Whether messages may be sent."""
        return not (self._close_sent or self.closed)

    # Called by the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the heartbeat. Called by whoever did the handshake."""
        super().connection_made(transport)
        if self._deadline.heartbeat:
            self._deadline.heard(self.loop.time())
        self._timer.add(self._deadline)

    def data_received(self, data: bytes) -> None:
        """Take the messages apart. Called by asyncio."""
        parser = self._parser
        if parser is None:
            return
        if self._deadline.heartbeat and not self.closed:
            self._deadline.heard(self.loop.time())
        try:
            parser.feed(data)
        except WebSocketError as error:
            self._input_ends(error)
        if self._unanswered is not None:
            self._answer_ping()
        self._queue.hand_over()  # last, since that runs whoever receives

    def resume_writing(self) -> None:
        """Let whoever sends go on. Called by asyncio."""
        super().resume_writing()
        if self._unanswered is not None:
            self._answer_ping()

    def connection_lost(self, exc: BaseException | None) -> None:
        """End what is waiting. Called by asyncio."""
        super().connection_lost(exc)
        self._timer.discard(self._deadline)
        if not self._input_ended:
            lost = ClientConnectionResetError("The connection was lost without a close frame")
            lost.__cause__ = exc
            if self._parser is not None and self._parser.is_held:
                self._queue.fail(lost)  # when what is held back was read as well
            else:
                self._input_ends(lost)
        on_lost, self._on_lost = self._on_lost, None
        if on_lost is not None:
            on_lost(exc)

    # Receiving

    async def receive(self, timeout: float | None = None) -> Message:
        """Return the next message; at the end CLOSE, CLOSING, CLOSED or ERROR.

        A cancel loses nothing, but the session counts as broken (1006): `end` does not wait
        for the peer any more.

        Args:
            timeout: seconds to wait for it; PING and PONG begin them anew.

        Raises:
            TimeoutError: nothing came in time.
            RuntimeError: somebody else is receiving.
        """
        queue = self._queue
        if self.closed:
            return CLOSED_MESSAGE
        if queue.is_awaited:
            text = "Concurrent call to receive() is not allowed"
            raise RuntimeError(text)
        if self.closing:
            await self.end()
            return CLOSED_MESSAGE
        try:
            if queue:
                message = queue.take()
            else:
                message = await (self._next_within(timeout) if timeout else queue.next())
        except (asyncio.CancelledError, TimeoutError):
            self.close_code = WSCloseCode.ABNORMAL_CLOSURE
            raise
        except WebSocketError as error:
            self.close_code = error.code
            await self.end(error.code)
            return WSMessage(WSMsgType.ERROR, error, None)
        except ClientConnectionResetError as error:
            self._break(error)
            return CLOSED_MESSAGE
        if self._reading_paused and queue.size < _LOW_WATER:
            self.resume_reading()
        if message[0] is _CLOSE:
            self.closing = True
            self.close_code = int(message.data)
            if not self.closed and self._settings.autoclose:
                await self.end()
        return message

    async def _next_within(self, timeout: float) -> Message:
        while True:
            began = self.loop.time()
            try:
                async with asyncio.timeout(timeout):
                    return await self._queue.next()
            except TimeoutError:
                if self._control_at <= began:
                    raise

    def _deliver(self, message: Message, size: int) -> None:
        """Queue a message of the peer's program. Called by the parser."""
        if self._close_sent:
            return  # nobody is going to read it
        queue = self._queue
        queue.put(message, size)
        if queue.size > _HIGH_WATER:
            self.pause_reading()

    def _deliver_control(self, message: Message, size: int) -> None:
        """Act upon a control message, or queue it. Called by the parser."""
        kind = message.type
        if kind is WSMsgType.CLOSE:
            self._input_is_over()  # what follows means nothing (RFC 6455 §5.5.1)
        else:
            self._control_at = self.loop.time()
            if self._settings.autoping:
                if kind is WSMsgType.PING:
                    self._unanswered = message.data
                return
        self._queue.put(message, size)
        if self._queue.size > _HIGH_WATER and not self._close_sent:
            self.pause_reading()

    def _answer_ping(self) -> None:
        # The last of those that came in one read, or while the peer did not read: it may be
        # answered for all of them (RFC 6455 §5.5.3). 60,000 fit into a read, and each answer is a
        # system call; a peer that is only slow must not take us for dead.
        if self.writing_paused:
            return
        payload, self._unanswered = self._unanswered, None
        if payload is not None and self.is_open and self.is_connected:
            self.write(self._output.frame(WSMsgType.PONG, payload))

    def _input_ends(self, error: Exception) -> None:
        """Note what ended the messages; they are delivered before."""
        self._input_is_over()
        self._queue.fail(error)

    def _input_is_over(self) -> None:
        """Read nothing more, and expect nothing: neither a message nor a PONG."""
        self._input_ended = True
        if self._parser is not None:
            self._parser.hold()
            self._parser = None
        if not self._close_sent:
            self._deadline.stop()

    def pause_reading(self) -> None:
        """Make the peer wait; what was read already waits as well, in its wrapping."""
        super().pause_reading()
        self._reading_paused = True  # also without a transport: what came last is read in turns
        if self._parser is not None:
            # 64 KiB of compressed messages can be 64 MiB.
            self._parser.hold()

    def resume_reading(self) -> None:
        """Go on, first with what was held back. Idempotent."""
        parser = self._parser
        if parser is not None and parser.is_held:
            parser.release()
            try:
                parser.feed(b"")
            except WebSocketError as error:
                self._input_ends(error)
            else:
                if self._unanswered is not None:
                    self._answer_ping()
                if self._queue:
                    self._queue.wake(None)
                if self._parser is not None and parser.is_held:
                    return  # that alone filled the queue again
                if self.transport is None:
                    self._input_is_over()
        super().resume_reading()

    # Sending

    async def send(
        self, opcode: int, payload: bytes | bytearray | memoryview, compress: int | None = None
    ) -> None:
        """Send one message; see `MessageWriter.send`."""
        if not self.is_open:
            raise ClientConnectionResetError("Cannot write to closing transport")
        await self._output.send(opcode, payload, compress)

    # Closing

    async def end(self, code: int = WSCloseCode.OK, message: bytes = b"") -> bool:
        """Say goodbye and wait for the peer to do so; return whether this call ended the session.

        A cancel, or a peer that is silent for `close_seconds`, ends it without (1006).

        Args:
            code: why; see `WSCloseCode`.
            message: the reason as UTF-8, at most 123 bytes.

        Raises:
            ValueError: the reason is too long, or *code* may not be sent (RFC 6455 §7.4.1).
            TypeError: *code* is no number.
        """
        if self.closed:
            return False
        goodbye = self._output.goodbye(code, message)
        if self.loop.is_closed():
            self._break(lost_with_its_loop())
            return True
        if not self.closing:
            self.closing = True
            self._queue.wake(CLOSING_MESSAGE)  # whoever receives in another task
        self.closed = True
        self._deadline.stop()
        try:
            self.write(goodbye)
        except ClientConnectionResetError as error:
            self._break(error)
            return True
        self._close_sent = True
        if self.close_code is None and not await self._peer_closes():
            return True
        self._hang_up()
        return True

    async def _peer_closes(self) -> bool:
        """Wait for the peer's close frame; return whether it came."""
        try:
            async with asyncio.timeout(self._settings.close_seconds):
                await self._queue.left_alone()  # whoever receives has its message first
                if self.close_code is not None:
                    return True  # and that was the peer's close
                self.resume_reading()
                while True:
                    message = await self._queue.next()
                    if message.type is WSMsgType.CLOSE:
                        self.close_code = int(message.data)
                        return True
        except (TimeoutError, WebSocketError, ClientConnectionResetError) as error:
            self._break(error)
            return False
        except BaseException:
            self._break(None)
            raise

    def _hang_up(self) -> None:
        """Close when our last words have left, and not much later than now if they cannot."""
        self._input_is_over()
        self.resume_reading()  # the goodbye of a TLS peer is behind what nobody wants to read
        self.close()
        if self.transport is not None:
            self._deadline.linger(self.loop.time())
            self._timer.reschedule(self._deadline)

    def _break(self, error: BaseException | None) -> None:
        """End without a handshake."""
        self.closed = self.closing = True
        self._deadline.stop()
        self.close_code = WSCloseCode.ABNORMAL_CLOSURE
        if error is not None:
            self.exception = error
        self.abort()

    def abort(self) -> None:
        """Close now, whatever is still unsent, and whether there is a loop or not."""
        transport = self.transport
        if transport is not None and self.loop.is_closed():
            self.transport = None
            close_orphan(transport)
        else:
            super().abort()

    # Called by the deadline

    @property
    def may_judge_silence(self) -> bool:
        """Whether a silent peer is to blame: not when we do not look, since we read slowly."""
        return self.is_connected and not self._reading_paused

    def ping(self) -> None:
        """Ask the peer whether it is there."""
        self.write(self._output.frame(WSMsgType.PING, b""))

    def give_up(self, seconds: float) -> None:
        """End: the peer did not answer a PING within *seconds*."""
        error = self._settings.no_pong(
            f"No PONG received after {seconds} seconds: the peer or the network is gone. For "
            "slow ones, raise heartbeat=…"
        )
        self._break(error)
        self._queue.wake(WSMessage(WSMsgType.ERROR, error, None))
