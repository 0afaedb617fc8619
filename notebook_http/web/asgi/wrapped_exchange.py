"""The HTTP half of ASGI inside our middlewares: answers as the responses that they know.

An answer that comes in one piece is handed to the middlewares before a byte of it is sent, so that
they can change it. One that comes in several is sent as they come, as any stream is.
"""

from __future__ import annotations

from multidict import CIMultiDict

from notebook_http.transport.exceptions import BodyLengthError
from notebook_http.web.asgi.answer_head import AnswerHead
from notebook_http.web.asgi.http_exchange import HttpExchange
from notebook_http.web.response import Response
from notebook_http.web.response_head import has_no_body
from notebook_http.web.stream_response import StreamResponse

__all__ = ["WrappedExchange"]


class WrappedExchange(HttpExchange):
    """A request whose answer goes through middlewares or `on_response_prepare`."""

    __slots__ = ("_stream",)

    def _send_whole(self, head: AnswerHead, body: bytes | bytearray | memoryview) -> None:
        size = body.nbytes if isinstance(body, memoryview) else len(body)
        empty = has_no_body(self.request.method, head.status)
        length = self._length_of_whole(head, size, empty)
        fields = CIMultiDict(head.text_fields())
        if empty and length is not None:
            fields["Content-Length"] = str(length)  # of the body that GET would have
        response = Response(status=head.status, headers=fields, body=None if empty else bytes(body))
        if head.closes:
            response.force_close()
        self._complete(response)

    async def _start(self, head: AnswerHead) -> None:
        response = StreamResponse(status=head.status, headers=CIMultiDict(head.text_fields()))
        if head.length is not None:
            response.content_length = head.length
        if not self._keeps_alive(head):
            response.force_close()
        self._stream = response
        self._writer = await response.prepare(self.request)

    async def _send_last(self, body: bytes | bytearray | memoryview) -> None:
        try:
            await self._stream.write_eof(body)
        except BodyLengthError as error:
            raise self._wrong_length(error.announced, error.written) from None
        except ConnectionResetError:
            self._told_of_leaving = True
        self._complete(self._stream)
