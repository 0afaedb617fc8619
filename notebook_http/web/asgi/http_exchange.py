"""The HTTP half of ASGI: events of one request, in both directions (ASGI HTTP, 2.3).

A head waits for the first event of its body, as the specification asks: it leaves with it in one
piece, and an application that fails in between is answered for with 500.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from notebook_http.transport.exceptions import BodyLengthError
from notebook_http.transport.stream_writer import StreamWriter
from notebook_http.web.asgi.answer_head import AnswerHead, hint_lines
from notebook_http.web.asgi.exchange import Exchange
from notebook_http.web.asgi.interface import Message
from notebook_http.web.asgi.sent_answer import SentAnswer
from notebook_http.web.asgi.sent_path import open_path, send_opened
from notebook_http.web.exceptions import HTTPException, RequestPayloadError
from notebook_http.web.response_head import has_no_body
from notebook_http.wire.http_version import HttpVersion11

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable

    from notebook_http.web.request import BaseRequest

__all__ = ["HttpExchange"]

# A body up to this size leaves with its head in one piece; joining more costs more than it saves.
_JOIN_BYTES = 64 * 1024


class HttpExchange(Exchange):
    """A request whose answer goes to the connection as the application says it."""

    __slots__ = ("_body_error", "_body_read", "_events", "_head", "_writer")

    def __init__(self, request: BaseRequest, logger: logging.Logger) -> None:
        # What `Exchange` has, without a call: there is one of these for each request.
        self.request = request
        self.response = None
        self.over = False
        self._logger = logger
        self._waiter = None
        self._error = None
        self._told_of_leaving = False
        self._head: AnswerHead | None = None
        self._writer: Any = None
        self._body_read = False
        self._body_error: Exception | None = None
        self._events: list[asyncio.Future[None]] | None = None  # of those that wait for the end

    @property
    def answering(self) -> bool:
        """Whether the application has begun to answer."""
        return self._head is not None

    # What the application hears

    async def receive(self) -> Message:
        """Return the next piece of the body, or ``http.disconnect``. Called by the application.

        After the body it waits for the client to leave, or for the answer to be complete. A cancel
        loses nothing.
        """
        if not self._body_read and not self.over:
            request = self.request
            content = request.content
            if request.expectation and not content.total_raw_bytes:
                await request.send_continue()
            try:
                data = await content.readany()
                self._body_read = content.at_eof()
                return {"type": "http.request", "body": data, "more_body": not self._body_read}
            except (RequestPayloadError, HTTPException, ConnectionResetError) as error:
                # Broken, too slow, or the client has left: to the application all the same.
                self._body_read, self._body_error = True, error
        await self.wait_for_end()
        return {"type": "http.disconnect"}

    async def wait_for_end(self) -> None:
        """Return when the client has left, or the answer is complete. A cancel changes nothing."""
        connection: Any = self.request.protocol
        if not self.over and not connection.client_has_left and self._body_error is None:
            waiter = asyncio.get_running_loop().create_future()
            if self._events is None:
                self._events = []
            self._events.append(waiter)
            connection.when_client_leaves(self._end)
            try:
                await waiter
            finally:
                if self._events:
                    self._events.remove(waiter)
        if not self.over:
            self._told_of_leaving = True

    def _end(self) -> None:
        """Tell those who wait for the end that it is there."""
        waiters, self._events = self._events or (), None
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    # What it says

    async def send(self, message: Message) -> None:
        """Send what *message* says, at the client's pace. Called by the application.

        To a client that has left, the end of an answer goes nowhere and is no error: what the
        application does behind its answer is done. A cancel leaves a piece on its way.

        Raises:
            RuntimeError: it is not its turn, or more or less of a body than announced.
            ValueError: status or a header cannot stand in a head; nothing was sent.
            TypeError: something is no bytes, or no number.
            OSError: a file that it named cannot be sent; nothing was.
            ConnectionResetError: the client has left, and there was to be more.
        """
        kind = message["type"]
        head = self._head
        if kind == "http.response.body":
            if head is None or self.over:
                raise RuntimeError(self._out_of_turn(kind))
            body = message.get("body", b"")
            if body.__class__ is not bytes and not isinstance(body, bytes | bytearray | memoryview):
                raise TypeError(f"the body of a response is bytes, not {type(body).__name__}")
            if message.get("more_body", False):
                await self._send_piece(head, body)
            elif self._writer is None:
                self._send_whole(head, body)
                if self.request.protocol.writing_paused:
                    await self.request.protocol.drain()
            else:
                await self._send_last(body)
        elif kind == "http.response.start":
            if head is not None:
                raise RuntimeError(self._out_of_turn(kind))
            self._head = AnswerHead(message)
        elif kind == "http.response.pathsend":
            if head is None or self.over or self._writer is not None:
                raise RuntimeError(self._out_of_turn(kind))
            await self._send_path(head, message["path"])
        elif kind == "http.response.early_hint":
            if head is not None:
                raise RuntimeError(self._out_of_turn(kind))
            self._send_hints(message.get("links", ()))
        elif kind != "http.response.trailers":
            raise RuntimeError(f"Unexpected ASGI message {kind!r} in answer to an HTTP request")

    def _out_of_turn(self, kind: str) -> str:
        if self._head is None:
            return f"Expected ASGI message 'http.response.start', but got {kind!r}"
        if self.over:
            return f"Unexpected ASGI message {kind!r}, after the response was completed"
        return f"Expected ASGI message 'http.response.body', but got {kind!r}"

    def _send_whole(self, head: AnswerHead, body: bytes | bytearray | memoryview) -> None:
        """Send head and body, which are all there is."""
        request = self.request
        size = body.nbytes if isinstance(body, memoryview) else len(body)
        empty = has_no_body(request.method, head.status)
        length = self._length_of_whole(head, size, empty)
        keep_alive = self._keeps_alive(head)
        data = head.render(
            length=length,
            chunked=False,
            modern=request.version is HttpVersion11,
            keep_alive=keep_alive,
        )
        sent = len(data)
        connection = request.protocol
        if connection.is_connected:
            if empty or not size:
                connection.write(data)
            elif size <= _JOIN_BYTES:
                connection.write(data + body)
            else:
                connection.writelines((data, body))
        if empty:
            size = 0
        response = SentAnswer(head, keep_alive, sent + size, size)
        request.prepared_response = response
        self._complete(response)

    def _length_of_whole(self, head: AnswerHead, size: int, empty: bool) -> int | None:
        """Return the length to announce for a body of *size* bytes, or None."""
        length = head.length
        if length is None:
            length = size if size or not empty else None
        elif length != size and not empty:
            raise self._wrong_length(length, size)
        return None if self._says_no_length(head) else length

    def _says_no_length(self, head: AnswerHead) -> bool:
        """Whether the answer may say nothing of a body at all (RFC 9110 §8.6, RFC 9112 §6.1)."""
        return head.status == 204 or (self.request.method == "CONNECT" and head.status < 300)

    async def _send_piece(self, head: AnswerHead, body: bytes | bytearray | memoryview) -> None:
        if self._writer is None:
            await self._start(head)
        try:
            if body:
                self._writer.write_nowait(body)
            else:
                self._writer.send_head()
            if self.request.protocol.writing_paused or not self._writer.has_body:
                await self._writer.drain()
        except BodyLengthError as error:
            raise self._wrong_length(error.announced, error.written) from None
        except ConnectionResetError:
            self._told_of_leaving = True
            raise

    async def _send_path(self, head: AnswerHead, path: str) -> None:
        """Send the file at *path*, which is the whole body; its size is the length."""
        file, size = await open_path(path)
        try:
            empty = has_no_body(self.request.method, head.status)
            if head.length is None:
                head.length = size
            elif head.length != size and not empty:
                raise self._wrong_length(head.length, size)
            await self._start(head)
            try:
                await send_opened(self._writer, file, size)
            except BodyLengthError as error:  # it has shrunk since
                raise self._wrong_length(error.announced, error.written) from None
            except ConnectionResetError:
                self._told_of_leaving = True
                raise
            await self._send_last(b"")
        finally:
            file.close()

    def _send_hints(self, links: Iterable[bytes]) -> None:
        """Announce in front of the answer what it links to (RFC 8297)."""
        connection = self.request.protocol
        lines = hint_lines(links)
        # An older client would take it for the answer (RFC 9110 §15.2).
        if lines and self.request.version is HttpVersion11 and connection.is_connected:
            connection.write(b"HTTP/1.1 103 Early Hints\r\n%b\r\n" % lines)

    async def _start(self, head: AnswerHead) -> None:
        """Make what writes the body; the head leaves with its first piece."""
        request = self.request
        modern = request.version is HttpVersion11
        empty = has_no_body(request.method, head.status)
        silent = self._says_no_length(head)
        length = None if silent else head.length
        chunked = head.length is None and modern and not silent and head.status != 304
        # In HTTP/1.0 the end of the connection may be the end of the body.
        keep_alive = self._keeps_alive(head) and (modern or length is not None or empty)
        self._writer = StreamWriter(
            request.protocol,
            length=length,
            chunked=chunked,
            head=head.render(length=length, chunked=chunked, modern=modern, keep_alive=keep_alive),
            discard=empty,
        )
        request.prepared_response = SentAnswer(head, keep_alive, writer=self._writer)

    async def _send_last(self, body: bytes | bytearray | memoryview) -> None:
        response = self.request.prepared_response
        try:
            await self._writer.write_eof(body)
        except BodyLengthError as error:
            raise self._wrong_length(error.announced, error.written) from None
        except ConnectionResetError:
            self._told_of_leaving = True  # and what is done behind the answer is done
        if isinstance(response, SentAnswer):
            response.body_is_whole()
            self._complete(response)

    def _complete(self, response: Any) -> None:
        """The application has said all that it may say."""
        self.over = True
        self.handed_on(response)
        if self._events is not None:
            connection: Any = self.request.protocol
            connection.when_client_leaves(None)
            self._end()

    def _keeps_alive(self, head: AnswerHead) -> bool:
        """Whether the connection can go on."""
        request = self.request
        if request.expectation and request.body_exists and not request.content.total_raw_bytes:
            # The client waits for a 100 that it will not get, and may never send its body.
            request.close_connection()
        return request.keep_alive and not head.closes

    @staticmethod
    def _wrong_length(announced: int, sent: int) -> RuntimeError:
        word = "longer" if sent > announced else "shorter"
        return RuntimeError(
            f"Response content {word} than Content-Length: {sent} bytes, {announced} announced"
        )

    # How it ended

    def _unanswered(self) -> BaseException:
        if self._writer is not None and not self._told_of_leaving:
            return RuntimeError("The ASGI application returned before its response was complete")
        return self._body_error or super()._unanswered()

    def _judged(self, error: BaseException) -> BaseException:
        """Answer a body that could not be read as what it is, not as the application's error."""
        if self._body_error is not None and self._writer is None:
            return self._body_error
        return super()._judged(error)
