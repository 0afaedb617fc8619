"""Messages that came and were not read yet, and the one who waits for the next."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from notebook_http.transport.exceptions import ClientConnectionResetError
from notebook_http.transport.prompt_waiter import PromptWaiter
from notebook_http.wire.websocket_message import WSMessage, WSMessageTextBytes

if TYPE_CHECKING:
    import asyncio

__all__ = ["Message", "MessageQueue", "lost_with_its_loop"]

Message = WSMessage | WSMessageTextBytes

# What a message costs beside its bytes, so that empty ones count as well.
_MESSAGE_COST = 128


def lost_with_its_loop() -> ClientConnectionResetError:
    """Return the error of a connection whose event loop was closed, so that none will serve it."""
    text = "The event loop of this WebSocket is closed: connect anew in the running one"
    return ClientConnectionResetError(text)


class MessageQueue:
    """The messages of one connection, in order, for one reader at a time.

    Attributes:
        size: bytes that the messages take, by and large.
        error: what ended the messages, once those that came before were read.
    """

    __slots__ = ("_departure", "_loop", "_messages", "_waiter", "error", "size")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._messages: deque[tuple[Message, int]] = deque()
        self._waiter: PromptWaiter[Message | None] | None = None
        self._departure: asyncio.Future[None] | None = None
        self.size = 0
        self.error: Exception | None = None

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits in `next`, or was woken there and has not gone on yet."""
        return self._waiter is not None

    def put(self, message: Message, size: int) -> None:
        """Add a message of *size* bytes; `hand_over` or `wake` tells the one who waits."""
        size += _MESSAGE_COST
        self._messages.append((message, size))
        self.size += size

    def hand_over(self) -> None:
        """Let the one who waits go on with what was put, before this returns if that can be."""
        if self._messages and self._waiter is not None:
            self._waiter.resolve(None)

    def fail(self, error: Exception) -> None:
        """End the messages; the first error counts."""
        if self.error is None:
            self.error = error
        self.wake(None)

    def wake(self, message: Message | None) -> None:
        """Give *message* past all others to the one who waits, if there is one; None: look."""
        if self._waiter is not None:
            self._waiter.resolve_soon(message)

    def take(self) -> Message:
        """Return the oldest message. There must be one."""
        message, size = self._messages.popleft()
        self.size -= size
        return message

    async def next(self) -> Message:
        """Return the next message, or raise what ended them. A cancel loses none.

        Raises:
            ClientConnectionResetError: the event loop was closed, or the connection is lost.
            Exception: whatever else `fail` was given.
        """
        while not self._messages:
            if self.error is not None:
                raise self.error
            if self._loop.is_closed():
                raise lost_with_its_loop()
            # It stands until the reader has gone on, not only until it is woken: whoever came
            # between would take its message, and its place.
            waiter: PromptWaiter[Message | None] = PromptWaiter(self._loop)
            self._waiter = waiter
            try:
                message = await waiter
            finally:
                self._waiter = None
                departure, self._departure = self._departure, None
                if departure is not None and not departure.done():
                    departure.set_result(None)
            if message is not None:
                return message
        return self.take()

    async def left_alone(self) -> None:
        """Return when nobody waits in `next` any more; for one at a time."""
        while self._waiter is not None:
            self._departure = self._loop.create_future()
            await self._departure
