"""The receiving half of a server connection: bytes to requests that wait for their turn.

Knows the parser, how many requests may wait, and which body the bytes belong to. What is done with
a request is `connection_handler`'s business.
"""

from __future__ import annotations

import asyncio

from notebook_http.transport.connection import Connection
from notebook_http.transport.exceptions import ClientConnectionResetError
from notebook_http.transport.stream_reader import EMPTY_READER, StreamReader
from notebook_http.web.connection_settings import ConnectionSettings
from notebook_http.web.exceptions import RequestPayloadError
from notebook_http.wire.content_coding import ContentDecoder, decoder_for
from notebook_http.wire.errors import ContentEncodingError, HttpProcessingError
from notebook_http.wire.http1_request import RequestHead, RequestParser

__all__ = ["IncomingRequests"]

# Bytes that are parsed at once. One read may hold 256 KiB, which is 10,000 small requests: the
# bound on those that wait is looked at in between.
_SLICE_BYTES = 16 * 1024
_BODY_SLICE_BYTES = 64 * 1024
# Bytes behind a request for another protocol that are kept until it is answered. More than a read
# takes: a client is slowed down only if it goes on and on.
_BEHIND_UPGRADE_BYTES = 64 * 1024


def _payload_error(error: HttpProcessingError) -> Exception:
    return RequestPayloadError(str(error))


class IncomingRequests(Connection):
    """A connection that takes requests apart and lines them up.

    Attributes:
        settings: what all connections of the server have in common.
        waiting: requests that nobody has begun to answer, head and body of each.
        refusal: why the client's bytes are read no further, or None.
    """

    __slots__ = (
        "_arriving",
        "_body_broken",
        "_dropped_bytes",
        "_dropping",
        "_held",
        "_parser",
        "_reader_paused",
        "_upgrade_asked",
        "_waiter",
        "refusal",
        "settings",
        "waiting",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, settings: ConnectionSettings) -> None:
        super().__init__(loop)
        self.settings = settings
        # A list: of few, and an empty one costs an idle connection 0.5 KiB less than a deque.
        self.waiting: list[tuple[RequestHead, StreamReader]] = []
        self.refusal: HttpProcessingError | None = None
        self._parser = RequestParser(self, settings.limits)
        self._waiter: asyncio.Future[None] | None = None
        self._arriving: StreamReader | None = None  # the body that bytes belong to now
        self._body_broken = False  # the last request's, whose answer is the connection's last
        self._held: bytes | None = None  # bytes not parsed yet, because too many requests wait
        self._upgrade_asked = False  # the held bytes may be of another protocol
        self._reader_paused = False
        self._dropping = False
        self._dropped_bytes = 0

    # Bytes from the client

    def data_received(self, data: bytes) -> None:
        """Take the bytes apart. Called by asyncio."""
        if self.refusal is not None:
            return  # they have no meaning any more
        if self._held is not None:
            self._held += data
            if self._upgrade_asked:
                self._settle_reading()
        elif len(data) > _SLICE_BYTES or len(self.waiting) >= self.settings.max_pipelined:
            self._feed_slices(data)
        else:
            self._feed(data)
        if self._parser.in_message:
            self.message_unfinished()
        if self.waiting:
            self.requests_ready()

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed(data)
        except HttpProcessingError as error:
            self.refusal = error
            body = self._arriving
            if body is not None:
                self._arriving = None
                self._body_broken = True
                body.set_exception(_payload_error(error))
            self.wake()

    def _feed_slices(self, data: bytes) -> None:
        at = 0
        while at < len(data) and self.refusal is None:
            if len(self.waiting) >= self.settings.max_pipelined:
                self._held = data[at:]
                self._settle_reading()
                return
            size = _SLICE_BYTES if self._arriving is None else _BODY_SLICE_BYTES
            self._feed(data[at : at + size])
            at += size
            if self._upgrade_asked and self._held is not None:
                self._held += data[at:]
                self._settle_reading()
                return

    def next_request(self) -> tuple[RequestHead, StreamReader]:
        """Return the request whose turn it is; there has to be one."""
        request = self.waiting.pop(0)
        held = None if self._upgrade_asked else self._held
        if held is not None and len(self.waiting) <= self.settings.max_pipelined // 2:
            self._held = None
            self._feed_slices(held)
            if self._parser.in_message:
                self.message_unfinished()
            self._settle_reading()
        return request

    def upgrade_declined(self) -> None:
        """Go on with HTTP: the request that asked for another protocol was answered in this one."""
        held, self._held = self._held, None
        self._upgrade_asked = False
        self._settle_reading()
        if held:
            self._feed_slices(held)
            if self._parser.in_message:
                self.message_unfinished()

    def message_unfinished(self) -> None:
        """Called when bytes came and the message that they belong to is not whole."""

    def requests_ready(self) -> None:
        """Called after a read that left requests waiting."""

    def wake(self) -> None:
        """Let whoever waits for something to happen look."""
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)

    # Events of the parser

    def request_received(self, head: RequestHead) -> None:
        """Line up a request. Called by the parser."""
        if head.has_body:
            body = self._arriving = StreamReader(
                self,
                self.settings.read_bufsize,
                decoder=self._decoder(head),
                translate=_payload_error,
            )
        else:
            body = EMPTY_READER
        self.waiting.append((head, body))

    def _decoder(self, head: RequestHead) -> ContentDecoder | None:
        """Return what undoes the body's codings; those that we do not know reach the handler."""
        if head.content_encoding is None or not self.settings.auto_decompress:
            return None
        try:
            return decoder_for(head.content_encoding)
        except ContentEncodingError:
            return None

    def body_received(self, data: bytes) -> None:
        """Hand a piece to the body it belongs to. Called by the parser."""
        if self._dropping:
            self._dropped_bytes += len(data)
            if self._dropped_bytes > self.settings.lingering_bytes:
                self.wake()
        elif self._arriving is not None:
            self._arriving.feed_data(data)

    def chunk_completed(self) -> None:
        """Tell the body that a chunk of it is whole. Called by the parser."""
        if self._arriving is not None:
            self._arriving.end_http_chunk_receiving()

    def body_completed(self) -> None:
        """End the body. Called by the parser."""
        body = self._arriving
        self._arriving = None
        if self._dropping:
            self._dropping = False
            self._reader_paused = False
            self.wake()
        if body is not None:
            body.feed_eof()

    def upgrade_asked(self, rest: bytes) -> None:
        """Keep what came behind a request for another protocol. Called by the parser."""
        self._held = rest
        self._upgrade_asked = True

    # Letting the client wait

    def pause_reading(self) -> None:
        """Stop reading: a handler is slower than its client. Called by a body's reader."""
        self._reader_paused = True
        self._settle_reading()

    def resume_reading(self) -> None:
        """Go on reading. Called by a body's reader."""
        self._reader_paused = False
        self._settle_reading()

    def _settle_reading(self) -> None:
        held = self._held
        full = held is not None and (not self._upgrade_asked or len(held) > _BEHIND_UPGRADE_BYTES)
        if self._reader_paused or full:
            super().pause_reading()
        else:
            super().resume_reading()

    def drop_body(self) -> bool:
        """Drop what is still to come of the running request's body; whether there is anything.

        Whoever waits is woken when the body is whole, or over `lingering_bytes`.
        """
        if self._arriving is None or self.refusal is not None:
            return False
        self._dropping = True
        self._dropped_bytes = 0
        self._reader_paused = False
        self._settle_reading()
        return True

    @property
    def dropped_too_much(self) -> bool:
        """Whether a body that nobody read is over what is worth dropping."""
        return self._dropped_bytes > self.settings.lingering_bytes

    def connection_lost(self, exc: BaseException | None) -> None:
        """Fail the body that was arriving and forget the requests that wait. Called by asyncio."""
        super().connection_lost(exc)
        self.waiting.clear()
        self._held = None
        body = self._arriving
        if body is not None:
            self._arriving = None
            lost = ClientConnectionResetError("the client left before the request was whole")
            lost.__cause__ = exc
            body.set_exception(lost)
        self.wake()
