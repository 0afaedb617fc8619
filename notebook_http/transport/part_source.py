"""The parts of a multipart body, event by event, pulled from the stream that they come in.

Nothing is kept but what one read brought, and a nested body is pulled through the outer one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from notebook_http.wire.errors import HttpProcessingError
from notebook_http.wire.form_limits import FormLimits
from notebook_http.wire.limits import MessageLimits
from notebook_http.wire.multipart_reader import (
    MultipartError,
    MultipartEvent,
    MultipartReader,
    PartBegin,
    PartData,
)

__all__ = ["ByteSource", "PartContent", "PartSource"]

# Bytes that are taken apart at once: a body of nothing but tiny parts costs 10 ms a step then.
_SLICE_BYTES = 8 * 1024
# Multiparts within multiparts. Mail has two or three; each one costs its own parsing of all bytes.
_MAX_DEPTH = 8
# Parts are handed out one at a time and forgotten, and a camera sends them for ever.
_UNLIMITED_PARTS = 1 << 62


class ByteSource(Protocol):
    """Where bytes come from: the body of a message, or a part."""

    async def readany(self) -> bytes:
        """Return some bytes, none at the end."""


class PartSource:
    """The events of one multipart body.

    Args:
        content: the bytes of the body.
        boundary: what separates its parts.
        limits: on the head of a part.
        translate: turns a fault of the body into the error that readers get.

    Attributes:
        translate: as given, or the outer multipart's.
        depth: 1 for a multipart that is in no other.
        closed: whether the rest is given up: no event comes any more.

    Raises:
        MultipartError: multiparts are nested too deeply.
    """

    def __init__(
        self,
        content: ByteSource,
        boundary: str,
        limits: MessageLimits,
        translate: Callable[[HttpProcessingError], Exception] | None = None,
    ) -> None:
        self._content = content
        self._reader = MultipartReader(boundary, FormLimits(_UNLIMITED_PARTS, limits))
        self._events: deque[MultipartEvent] = deque()
        self._unparsed = b""
        self.translate = translate
        self.closed = False
        self.depth = 1
        if isinstance(content, PartContent):
            self.depth = content.source.depth + 1
            self.translate = translate or content.source.translate
        if self.depth > _MAX_DEPTH:
            raise self.error(MultipartError(f"multiparts are nested over {_MAX_DEPTH} deep"))

    @classmethod
    def inside(cls, content: ByteSource, boundary: str, limits: MessageLimits) -> PartSource:
        """Return a source whose *content* begins behind the head of its first part."""
        source = cls(content, boundary, limits)
        source._reader.feed(f"--{boundary}\r\n\r\n".encode("ascii"))
        return source

    def error(self, error: HttpProcessingError) -> Exception:
        """Return what readers get for a fault of the body."""
        if self.translate is None:
            return error
        translated = self.translate(error)
        translated.__cause__ = error
        return translated

    async def next_event(self) -> MultipartEvent | None:
        """Return the next event, None behind the closing boundary. A cancel loses nothing.

        Raises:
            MultipartError: the body is malformed, or was cut short.
        """
        if self.closed:
            return None
        try:
            while not self._events:
                if self._reader.finished:
                    return None
                data = self._unparsed or await self._content.readany()
                if not data:
                    self._reader.finish()
                    return None
                self._unparsed = data[_SLICE_BYTES:]
                self._events.extend(self._reader.feed(data[:_SLICE_BYTES]))
        except HttpProcessingError as exc:
            if self.translate is None:
                raise
            raise self.error(exc) from exc
        return self._events.popleft()

    async def next_begin(self) -> PartBegin | None:
        """Return the next head of a part, None when there is no more. Skips what is left before.

        Raises:
            MultipartError: the body is malformed, or was cut short.
        """
        while True:
            event = await self.next_event()
            if event is None or isinstance(event, PartBegin):
                return event


class PartContent:
    """The bytes of the part whose head came last.

    Attributes:
        source: where they come from.
        begin: the part's head.
        ended: whether the part is whole.
    """

    def __init__(self, source: PartSource, begin: PartBegin | None = None) -> None:
        self.source = source
        self.begin = begin
        self.ended = False

    async def readany(self) -> bytes:
        """Return some bytes of the part, none at its end.

        Raises:
            MultipartError: the body is malformed, or was cut short.
        """
        if self.ended:
            return b""
        event = await self.source.next_event()
        if isinstance(event, PartData):
            return event.data
        self.ended = True
        return b""

    async def drop(self) -> None:
        """Read what is left of the part and forget it."""
        while await self.readany():
            pass
