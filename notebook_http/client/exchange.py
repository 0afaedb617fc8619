"""One answer as it arrives: what the parser reports, kept until somebody reads it.

An `Exchange` belongs to one attempt of one request. A small body that came whole is kept as bytes;
a stream reader is only made for what is still on its way.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

from notebook_http.client.exceptions import ClientPayloadError
from notebook_http.transport.connection import runs_elsewhere
from notebook_http.transport.stream_reader import EMPTY_READER, StreamReader
from notebook_http.wire.content_coding import ContentDecoder, decoder_for
from notebook_http.wire.errors import ContentEncodingError, HttpProcessingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from yarl import URL

    from notebook_http.client.answer_settings import AnswerSettings
    from notebook_http.client.request_body import RequestBody
    from notebook_http.client.timings import Timings
    from notebook_http.wire.http1_response import ResponseHead

__all__ = ["Exchange", "ExchangeConnection"]

_KNOWN_CODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate", "br", "zstd"})


class ExchangeConnection(Protocol):
    """What an exchange asks of the connection that it runs on."""

    def pause_reading(self) -> None:
        """Stop reading from the server for a while."""

    def resume_reading(self) -> None:
        """Go on reading."""

    def drop(self, exchange: Exchange) -> None:
        """Give up the exchange: abort the connection and free its slot."""


class Exchange:
    """One request that was sent, and its answer so far. The sink of a `ResponseParser`.

    Attributes:
        method: the request's method, for messages.
        url: the request's URL, for messages.
        timings: where moments are noted.
        connection: the connection while the answer is on its way; None when it is whole, failed
            or given up.
        head: the head of the final response, once it is there.
        head_waiter: resolved when `head` is there, or failed.
        completed: whether the body is whole.
        answered: whether any byte of an answer came, an interim one included.
        upload: the task that sends the body, while it does.
        close_after_upload: the body, if it is to be closed when the upload ends.
    """

    __slots__ = (
        "_early",
        "_early_chunk_ended",
        "_may_send_body",
        "_on_end",
        "_reader",
        "answered",
        "close_after_upload",
        "completed",
        "connection",
        "head",
        "head_waiter",
        "method",
        "settings",
        "timings",
        "upload",
        "url",
    )

    # Set when it is known, so that responses without chunks pay nothing for it.
    _early_chunk_ended: bool

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        method: str,
        url: URL,
        timings: Timings,
        settings: AnswerSettings,
    ) -> None:
        self.method = method
        self.url = url
        self.timings = timings
        self.settings = settings
        self.head_waiter: asyncio.Future[None] = loop.create_future()
        self.connection: ExchangeConnection | None = None
        self.head: ResponseHead | None = None
        self.completed = False
        self.answered = False
        self.upload: asyncio.Task[None] | None = None
        self.close_after_upload: RequestBody | None = None
        self._may_send_body: asyncio.Future[None] | None = None
        self._early: bytes | None = None
        self._on_end: tuple[Callable[[], None], ...] | None = None
        self._reader: StreamReader | None = None

    # What the parser reports

    def informational_received(self, head: ResponseHead) -> None:
        """Let the body go after `100 Continue`; other interim responses mean nothing to us."""
        if head.status == 100:
            waiter = self._may_send_body
            if waiter is not None and not waiter.done():
                waiter.set_result(None)

    def head_received(self, head: ResponseHead) -> None:
        """Keep the head. The waiter is told when the bytes that came with it are read, too."""
        self.head = head
        self.timings.head_at = perf_counter()

    def body_received(self, data: bytes) -> None:
        """Keep bytes of the body, coded as they came."""
        reader = self._reader
        if reader is not None:
            reader.feed_data(data)
        elif self._early is None:
            self._early = data
        else:
            self.open_reader().feed_data(data)

    def chunk_completed(self) -> None:
        """Note where a chunk ends, for those who read by chunks."""
        if self._reader is not None:
            self._reader.end_http_chunk_receiving()
        else:
            self._early_chunk_ended = True

    def body_completed(self) -> None:
        """Note that the body is whole."""
        self.completed = True
        self.timings.completed_at = perf_counter()
        if self._reader is not None:
            self._reader.feed_eof()

    def whole_received(self, head: ResponseHead, body: bytes) -> None:
        """Keep an answer that came at once, head and body."""
        self.head = head
        self._early = body
        self.completed = True
        timings = self.timings
        timings.head_at = timings.completed_at = perf_counter()

    # What the response asks

    def ends_here(self, head: ResponseHead) -> bool:
        """Whether a body that would last until the connection ends is taken for an empty one."""
        if self.settings.read_until_eof:
            return False
        return head.content_length is None and not head.chunked

    def take_whole_body(self) -> bytes | None:
        """Return the body if it is there whole, never streamed, and not coded; else None."""
        if self._reader is not None or not self.completed or self.is_coded:
            return None
        body = self._early or b""
        self._early = None
        return body

    @property
    def is_coded(self) -> bool:
        """Whether the body has to be decoded before somebody reads it."""
        head = self.head
        if head is None or head.content_encoding is None or not self.settings.auto_decompress:
            return False
        return head.has_body

    def set_cookies(self) -> list[str]:
        """Return the values of the `Set-Cookie` fields."""
        head = self.head
        if head is None:
            return []
        # By length first: this runs for every response, and few have any.
        return [
            value.decode("utf-8", "surrogateescape")
            for name, value in head.raw_headers
            if len(name) == 10 and name.lower() == b"set-cookie"
        ]

    def on_end(self, callback: Callable[[], None]) -> None:
        """Call *callback* when nothing more of the answer comes: whole, broken off or given up."""
        if self.connection is None:
            callback()
        else:
            self._on_end = (*(self._on_end or ()), callback)

    @property
    def received_size(self) -> int:
        """Bytes of the body that have come and were not given back unread, before decoding."""
        reader = self._reader
        return len(self._early or b"") if reader is None else reader.total_raw_bytes

    def open_reader(self) -> StreamReader:
        """Return the stream reader of the body, made when first asked for."""
        reader = self._reader
        if reader is not None:
            return reader
        if self.completed and not self._early:
            reader = self._reader = EMPTY_READER
            return reader
        error: ContentEncodingError | None = None
        decoder: ContentDecoder | None = None
        try:
            decoder = self._decoder()
        except ContentEncodingError as exc:
            # The head is fine, and may be all that the caller wants: fail when the body is read.
            error = exc
        reader = self._reader = StreamReader(
            self, self.settings.read_bufsize, decoder=decoder, translate=self._broken_body
        )
        if error is not None:
            reader.set_exception(self._broken_body(error))
        if self._early:
            reader.feed_data(self._early)
            if hasattr(self, "_early_chunk_ended"):
                reader.end_http_chunk_receiving()
        self._early = None
        if self.completed:
            reader.feed_eof()
        return reader

    def abandon(self) -> None:
        """Give up what has not arrived yet: abort the connection, since bytes are still to come.

        A whole answer is left as it is.
        """
        connection = self.connection
        if connection is not None:
            connection.drop(self)

    def forget(self) -> None:
        """Do as `abandon`, from whatever thread collects a response."""
        loop = self.head_waiter.get_loop()
        if runs_elsewhere(loop):
            loop.call_soon_threadsafe(self.abandon)
        else:
            self.abandon()

    def refuse_reading(self, make_error: Callable[[], Exception]) -> None:
        """Make later reads raise: nobody may find half a body, or one that was given back."""
        reader = self._reader
        if reader is None:
            self._early = None
            reader = self._reader = StreamReader(None)
        elif reader.at_eof():
            return
        reader.set_exception(make_error())

    async def wait_for_continue(self, seconds: float) -> None:
        """Return on `100 Continue`, or after *seconds* without it."""
        self._may_send_body = asyncio.get_running_loop().create_future()
        await asyncio.wait([self._may_send_body], timeout=seconds)
        self._may_send_body = None

    async def upload_ended(self) -> None:
        """Return when the request's body is sent or given up. A cancel changes nothing."""
        if self.upload is not None:
            await asyncio.wait([self.upload])

    # What the connection tells

    def head_is_there(self) -> None:
        """Wake the one who waits for the head."""
        if not self.head_waiter.done():
            self.head_waiter.set_result(None)

    def ended(self) -> None:
        """Tell those who asked for it that nothing more comes. Called only if `_on_end` is set."""
        callbacks, self._on_end = self._on_end or (), None
        for callback in callbacks:
            callback()

    def fail(self, error: BaseException) -> None:
        """Tell whoever waits, or will read, that the rest of the answer does not come."""
        self.connection = None
        if not self.head_waiter.done():
            self.head_waiter.set_exception(error)
        elif self.head is not None and not self.completed:
            self.open_reader().set_exception(error)

    def broken_off(self, cause: BaseException) -> ClientPayloadError:
        """Return what to tell readers of a body that *cause* ended before its time."""
        error = ClientPayloadError(
            f"Response payload is not completed: {cause or type(cause).__name__} "
            f"({self.method} {self.url})"
        )
        error.__cause__ = cause
        return error

    # Flow control of the reader: passed on only while the connection is ours.

    def pause_reading(self) -> None:
        """Make the server wait: the reader's buffer is full."""
        if self.connection is not None:
            self.connection.pause_reading()

    def resume_reading(self) -> None:
        """Let the server go on."""
        if self.connection is not None:
            self.connection.resume_reading()

    def _broken_body(self, error: HttpProcessingError) -> ClientPayloadError:
        translated = ClientPayloadError(
            f"The body of {self.method} {self.url} cannot be decoded: {error}. To get its bytes "
            "as they came, pass auto_decompress=False."
        )
        translated.__cause__ = error
        return translated

    def _decoder(self) -> ContentDecoder | None:
        if not self.is_coded or self.head is None or self.head.content_encoding is None:
            return None
        # A coding that is nobody's (`aws-chunked`, "utf-8") is passed on as it came, as aiohttp
        # does; a broken server should not keep the user from the bytes.
        coding = self.head.content_encoding
        if not all(name.strip(" \t").lower() in _KNOWN_CODINGS for name in coding.split(",")):
            return None
        return decoder_for(coding)
