"""Bodies that are in memory, or come out of the program piece by piece."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import Any

from notebook_http.transport.payload_shape import Payload, PayloadWriter
from notebook_http.wire.media_type import parse_media_type

__all__ = [
    "AsyncIterablePayload",
    "BytesPayload",
    "JsonBytesPayload",
    "JsonPayload",
    "StreamReaderPayload",
    "StringPayload",
]


class BytesPayload(Payload):
    """A body of bytes.

    Raises:
        TypeError: *value* is not bytes, bytearray or memoryview.
    """

    _value: bytes | bytearray | memoryview

    def __init__(self, value: bytes | bytearray | memoryview, *args: Any, **kwargs: Any) -> None:
        super().__init__(value, *args, **kwargs)
        if isinstance(value, memoryview):
            if value.nbytes != len(value) or not value.contiguous:
                # Lengths and slices below count bytes.
                self._value = value.tobytes()
            self._size = value.nbytes
        elif isinstance(value, bytes | bytearray):
            self._size = len(value)
        else:
            # Reached by callers without a type checker.
            msg = f"value argument must be byte-ish, not {type(value).__name__}"  # type: ignore[unreachable]
            raise TypeError(msg)

    @property
    def autoclose(self) -> bool:
        """True: memory needs no closing."""
        return True

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the body as text.

        Raises:
            UnicodeDecodeError: it is not *encoding*.
        """
        return bytes(self._value).decode(encoding, errors)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return the body; *encoding* and *errors* have no effect."""
        return bytes(self._value)

    async def write(self, writer: PayloadWriter) -> None:
        """Send the whole body."""
        await writer.write(self._value)

    async def write_with_length(self, writer: PayloadWriter, content_length: int | None) -> None:
        """Send at most *content_length* bytes of the body, all of it for None."""
        await writer.write(self._value if content_length is None else self._value[:content_length])


class StringPayload(BytesPayload):
    """A body of text.

    Args:
        value: the text.
        encoding: charset; by default the content type's, else UTF-8.
        content_type: by default text/plain with the charset.

    Raises:
        LookupError: Python does not know the charset.
        UnicodeEncodeError: the text has characters that the charset lacks.
    """

    def __init__(
        self,
        value: str,
        *args: Any,
        encoding: str | None = None,
        content_type: str | None = None,
        **kwargs: Any,
    ) -> None:
        if content_type is None:
            encoding = encoding or "utf-8"
            content_type = f"text/plain; charset={encoding}"
        elif encoding is None:
            encoding = parse_media_type(content_type).charset or "utf-8"
        super().__init__(
            value.encode(encoding), *args, encoding=encoding, content_type=content_type, **kwargs
        )


class JsonPayload(BytesPayload):
    """A body of JSON.

    Args:
        value: what *dumps* takes.
        encoding: charset of the text; JSON between strangers is UTF-8 (RFC 8259 §8.1).
        content_type: "application/json" by default.
        dumps: returns text, or bytes as orjson's does.

    Raises:
        TypeError: *dumps* cannot write the value.
    """

    def __init__(
        self,
        value: Any,
        encoding: str = "utf-8",
        content_type: str = "application/json",
        dumps: Callable[[Any], str | bytes] = json.dumps,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        written = dumps(value)
        super().__init__(
            written.encode(encoding) if isinstance(written, str) else written,
            *args,
            content_type=content_type,
            encoding=encoding,
            **kwargs,
        )


class JsonBytesPayload(BytesPayload):
    """A body of JSON, written by something that returns bytes, such as `orjson.dumps`.

    Args:
        value: what *dumps* takes.
        dumps: returns bytes.
        content_type: "application/json" by default.

    Raises:
        TypeError: *dumps* cannot write the value, or returns no bytes.
    """

    def __init__(
        self,
        value: Any,
        dumps: Callable[[Any], bytes],
        content_type: str = "application/json",
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(dumps(value), *args, content_type=content_type, **kwargs)


class AsyncIterablePayload(Payload):
    """A body that an asynchronous iterable yields, of bytes; it can be sent once.

    Raises:
        TypeError: *value* is no asynchronous iterable.
    """

    def __init__(self, value: AsyncIterable[bytes], *args: Any, **kwargs: Any) -> None:
        if not isinstance(value, AsyncIterable):
            # Reached by callers without a type checker.
            msg = f"value argument must be an AsyncIterable, got {type(value).__name__}"  # type: ignore[unreachable]
            raise TypeError(msg)
        super().__init__(value, *args, **kwargs)
        self._iterator: AsyncIterator[bytes] | None = None

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Refuse: the bytes do not exist yet.

        Raises:
            TypeError: always.
        """
        msg = "an asynchronous iterable cannot be decoded, only sent"
        raise TypeError(msg)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return all that the iterable yields; afterwards nothing is left to send."""
        pieces = [bytes(_checked(piece)) async for piece in self._open()]
        return b"".join(pieces)

    async def write(self, writer: PayloadWriter) -> None:
        """Send what the iterable yields, at the peer's pace.

        A cancel stops the iterable where it is; `close` finishes it.

        Raises:
            TypeError: it yielded something else than bytes; what came before was sent.
        """
        await self.write_with_length(writer, None)

    async def write_with_length(self, writer: PayloadWriter, content_length: int | None) -> None:
        """Send what the iterable yields, at most *content_length* bytes of it."""
        left = content_length
        async for piece in self._open():
            data = _checked(piece)
            if left is None:
                await writer.write(data)
                continue
            if len(data) > left:
                data = data[:left]
            left -= len(data)
            await writer.write(data)
            if not left:
                break

    async def close(self) -> None:
        """Finish the iterable, so that its `finally` clauses run now."""
        iterator, self._iterator = self._iterator, None
        aclose = getattr(iterator, "aclose", None)
        if aclose is not None:
            await aclose()

    def _open(self) -> AsyncIterator[Any]:
        if self._consumed:
            msg = "an asynchronous iterable can be sent once, and it has been"
            raise RuntimeError(msg)
        self._consumed = True
        # A stream reader iterates by lines; whole reads cost less.
        whole_reads = getattr(self._value, "iter_any", None)
        self._iterator = aiter(self._value if whole_reads is None else whole_reads())
        return self._iterator


class StreamReaderPayload(AsyncIterablePayload):
    """A body that comes out of a `StreamReader`, such as one response on its way into a request.

    In pieces as they arrive, not in lines; once.

    Raises:
        TypeError: *value* is no stream reader.
    """

    def __init__(self, value: Any, *args: Any, **kwargs: Any) -> None:
        if not callable(getattr(value, "iter_any", None)):
            msg = f"value argument must be a StreamReader, got {type(value).__name__}"
            raise TypeError(msg)
        super().__init__(value, *args, **kwargs)


def _checked(piece: Any) -> bytes | bytearray | memoryview:
    if not isinstance(piece, bytes | bytearray | memoryview):
        msg = f"a body consists of bytes; the iterable yielded {type(piece).__name__}"
        raise TypeError(msg)
    return piece
