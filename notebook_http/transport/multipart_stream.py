"""Multipart bodies, part by part as they arrive: uploads, and responses of several parts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Protocol

from multidict import CIMultiDict, CIMultiDictProxy

from notebook_http import hdrs
from notebook_http.transport.body_part_payload import register_body_parts
from notebook_http.transport.body_part_reader import BodyPartReader
from notebook_http.transport.part_source import ByteSource, PartContent, PartSource
from notebook_http.transport.stream_reader import StreamReader
from notebook_http.wire.errors import HttpProcessingError
from notebook_http.wire.limits import MessageLimits
from notebook_http.wire.media_type import parse_media_type, text_encoding
from notebook_http.wire.multipart_reader import MultipartError, PartBegin, boundary_of

__all__ = ["MultipartReader", "MultipartResponseWrapper"]

# RFC 7578 §4.6: the field that names the charset of the others; names of charsets are short.
_MAX_CHARSET_BYTES = 31


class NotMultipart(MultipartError, AssertionError):
    """The body is no multipart. Both the peer and who reads it so may have erred."""


class MultipartResponse(Protocol):
    """What is needed of a response to read its parts."""

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The fields."""

    @property
    def content(self) -> StreamReader:
        """The body as a stream."""

    def release(self) -> object:
        """Give back what was not read."""


class MultipartReader:
    """The parts of a body, one after the other; asking for the next drops what is left of one.

    Parts come as `BodyPartReader`, those that are multiparts themselves as `MultipartReader`.

    Args:
        headers: of the message or the part, with the Content-Type that names the boundary.
        content: the body.
        client_max_size: bytes that `read` of a part accepts.
        max_field_size: bytes of one header of a part.
        max_headers: headers of one part.
        max_size_error_cls: raised with `client_max_size` when a part is over it.
        translate: turns a fault of the body into the error that readers get.

    Attributes:
        headers: as given.
        part_reader_cls: makes the parts.
        multipart_reader_cls: makes the parts that are multiparts; None for this class.
        response_wrapper_cls: what `from_response` returns.

    Raises:
        MultipartError: a ValueError; the type is no multipart, or names no valid boundary.
    """

    part_reader_cls = BodyPartReader
    multipart_reader_cls: type[MultipartReader] | None = None
    response_wrapper_cls: type[MultipartResponseWrapper]

    def __init__(
        self,
        headers: Mapping[str, str],
        content: ByteSource,
        *,
        client_max_size: int = sys.maxsize,
        max_field_size: int = 8190,
        max_headers: int = 128,
        max_size_error_cls: type[Exception] = ValueError,
        translate: Callable[[HttpProcessingError], Exception] | None = None,
    ) -> None:
        self.headers = headers
        self._content = content
        self._limits = MessageLimits(max_field_size=max_field_size, max_headers=max_headers)
        self._max_size = client_max_size
        self._max_size_error_cls = max_size_error_cls
        if translate is None and isinstance(content, PartContent):
            translate = content.source.translate
        content_type = CIMultiDict(headers).get(hdrs.CONTENT_TYPE)
        media_type = parse_media_type(content_type)
        self._subtype = media_type.subtype
        try:
            if media_type.type != "multipart":
                message = f"multipart/* content type expected, not {media_type.essence!r:.80}"
                raise NotMultipart(message)
            self._boundary = boundary_of(content_type)
        except MultipartError as exc:
            if translate is None:
                raise
            raise translate(exc) from exc
        self._source = PartSource(content, self._boundary, self._limits, translate)
        self._default_charset: str | None = None
        self._is_first = True
        self._last_part: MultipartReader | BodyPartReader | None = None
        self._at_eof = False

    @classmethod
    def from_response(cls, response: MultipartResponse) -> MultipartResponseWrapper:
        """Return a reader of a response's parts, which releases it behind the last one.

        Raises:
            MultipartError: a ValueError; it is no multipart, or names no valid boundary.
        """
        return cls.response_wrapper_cls(response, cls(response.headers, response.content))

    def __aiter__(self) -> MultipartReader:
        return self

    async def __anext__(self) -> MultipartReader | BodyPartReader:
        part = await self.next()
        if part is None:
            raise StopAsyncIteration
        return part

    def at_eof(self) -> bool:
        """Whether the closing boundary was read."""
        return self._at_eof

    async def next(self) -> MultipartReader | BodyPartReader | None:
        """Return the next part, None behind the last one. A cancel loses no part.

        Raises:
            MultipartError: a ValueError; the body is malformed, or was cut short.
        """
        begin = await self._next_begin()
        if begin is not None and self._is_first:
            self._is_first = False
            if self._subtype == "form-data" and begin.name == "_charset_":
                await self._take_charset(begin)
                begin = await self._next_begin()
        return None if begin is None else self._part_of(begin)

    async def fetch_next_part(self) -> MultipartReader | BodyPartReader:
        """Return the next part.

        Raises:
            MultipartError: a ValueError; as in `next`, or there is none.
        """
        begin = await self._next_begin()
        if begin is None:
            raise MultipartError("the multipart body has no further part")
        return self._part_of(begin)

    async def release(self) -> None:
        """Read what is left of the body and forget it."""
        self._at_eof = True
        self._last_part = None
        self._source.closed = True
        while await self._content.readany():
            pass

    # How it works

    async def _next_begin(self) -> PartBegin | None:
        if self._at_eof:
            return None
        if self._last_part is not None:
            await self._last_part.release()
            self._last_part = None
        begin = await self._source.next_begin()
        if begin is None:
            self._at_eof = True
        return begin

    async def _take_charset(self, begin: PartBegin) -> None:
        """Remember the charset that the first field of a form names for the others."""
        part = self._part_of(begin)
        name = b""
        if isinstance(part, BodyPartReader):
            while piece := await part.read_chunk(_MAX_CHARSET_BYTES + 1):
                name += piece
                if len(name) > _MAX_CHARSET_BYTES:
                    error = MultipartError("Invalid default charset: its name is too long")
                    raise self._source.error(error)
        charset = name.strip().decode("ascii", "replace")
        try:
            self._default_charset = text_encoding(charset)
        except LookupError as exc:
            raise self._source.error(MultipartError(f"Invalid default charset: {exc}")) from None

    def _part_of(self, begin: PartBegin) -> MultipartReader | BodyPartReader:
        headers = begin.headers
        content = PartContent(self._source, begin)
        part: MultipartReader | BodyPartReader
        if parse_media_type(headers.get(hdrs.CONTENT_TYPE)).type == "multipart":
            part = (self.multipart_reader_cls or type(self))(
                headers,
                content,
                client_max_size=self._max_size,
                max_field_size=self._limits.max_field_size,
                max_headers=self._limits.max_headers,
                max_size_error_cls=self._max_size_error_cls,
            )
        else:
            part = self.part_reader_cls(
                b"--" + self._boundary.encode("ascii"),
                headers,
                content,
                subtype=self._subtype,
                default_charset=self._default_charset,
                client_max_size=self._max_size,
                max_size_error_cls=self._max_size_error_cls,
            )
        self._last_part = part
        return part


class MultipartResponseWrapper:
    """The parts of a response, which is released behind the last one.

    Attributes:
        resp: the response.
        stream: reads its parts.
    """

    def __init__(self, resp: MultipartResponse, stream: MultipartReader) -> None:
        self.resp = resp
        self.stream = stream

    def __aiter__(self) -> MultipartResponseWrapper:
        return self

    async def __anext__(self) -> MultipartReader | BodyPartReader:
        part = await self.next()
        if part is None:
            raise StopAsyncIteration
        return part

    def at_eof(self) -> bool:
        """Whether the whole body of the response was read."""
        return self.resp.content.at_eof()

    async def next(self) -> MultipartReader | BodyPartReader | None:
        """Return the next part, None behind the last one. Cancel and errors as in the reader."""
        part = await self.stream.next()
        if self.stream.at_eof():
            await self.release()
        return part

    async def release(self) -> None:
        """Give back the response, with what was not read of it."""
        self.resp.release()


MultipartReader.response_wrapper_cls = MultipartResponseWrapper
register_body_parts()
