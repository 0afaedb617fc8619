"""One part of a multipart body, as it arrives."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any

from multidict import CIMultiDictProxy

from notebook_http import hdrs
from notebook_http.transport.part_source import ByteSource, PartContent, PartSource
from notebook_http.wire.byte_queue import ByteQueue
from notebook_http.wire.content_coding import decoder_for
from notebook_http.wire.content_disposition import (
    content_disposition_filename,
    parse_content_disposition,
)
from notebook_http.wire.errors import (
    BodyTooLarge,
    ContentEncodingError,
    HttpProcessingError,
    UnknownCharset,
)
from notebook_http.wire.json_parser import parse_json
from notebook_http.wire.limits import DEFAULT_LIMITS
from notebook_http.wire.media_type import parse_media_type, text_encoding
from notebook_http.wire.multipart_reader import MultipartError
from notebook_http.wire.transfer_encoding import (
    UnknownPartEncoding,
    missing_for_decoding,
    transfer_decode,
)
from notebook_http.wire.urlencoded_form import parse_urlencoded

__all__ = ["BodyPartReader"]

# Bytes of one line: what a stream reader buffers by default.
_MAX_LINE_BYTES = 2**17


class BodyPartReader:
    """A part of a body; read it before the next one is asked for, which drops what is left.

    A cancelled read loses nothing: the next one goes on where it was.

    Args:
        boundary: with its two dashes, as it stands between parts.
        headers: of the part.
        content: where its bytes come from.
        subtype: of the multipart; "form-data" says that the part is a field of a form.
        default_charset: of text that names none, instead of UTF-8.
        max_decompress_size: bytes that one step of decoding yields, and all that `decode` does.
        client_max_size: bytes that `read` accepts, before decoding and after.
        max_size_error_cls: raised with that limit when there are more.

    Attributes:
        headers: of the part.
        chunk_size: bytes that `read_chunk` returns by default.
    """

    chunk_size = 8192

    def __init__(
        self,
        boundary: bytes,
        headers: CIMultiDictProxy[str],
        content: ByteSource,
        *,
        subtype: str = "mixed",
        default_charset: str | None = None,
        max_decompress_size: int = 2**18,
        client_max_size: int = sys.maxsize,
        max_size_error_cls: type[Exception] = ValueError,
    ) -> None:
        self.headers = headers
        if not isinstance(content, PartContent):
            name = boundary.removeprefix(b"--").decode("ascii")
            content = PartContent(PartSource.inside(content, name, DEFAULT_LIMITS))
        self._content = content
        self._is_form = subtype == "form-data"
        self._default_charset = default_charset
        self._max_decompress_size = max_decompress_size
        self._max_size = client_max_size
        self._max_size_error_cls = max_size_error_cls
        self._buffer = ByteQueue()
        self._disposition: Mapping[str, str] | None = None

    def __aiter__(self) -> BodyPartReader:
        return self

    async def __anext__(self) -> bytes:
        data = await self.next()
        if data is None:
            raise StopAsyncIteration
        return data

    async def next(self) -> bytes | None:
        """Return the whole part, None when it was read already."""
        return await self.read() or None

    # What it is

    @property
    def name(self) -> str | None:
        """The name of the form's field, or None."""
        return self._parameters.get("name")

    @property
    def filename(self) -> str | None:
        """What the sender calls the part, or None. Text, not a path: never open it.

        In a form only the plain name counts, for `filename*` does not exist there
        (RFC 7578 §4.2), and who prefers it sees another name than the filter in front did.
        """
        parameters = self._parameters
        if self._is_form:
            return parameters.get("filename")
        return content_disposition_filename(parameters)

    def get_charset(self, default: str) -> str:
        """Return the charset that the part names, else the form's, else *default*."""
        charset = parse_media_type(self.headers.get(hdrs.CONTENT_TYPE)).charset
        return charset or self._default_charset or default

    @property
    def _parameters(self) -> Mapping[str, str]:
        if self._disposition is None:
            value = self.headers.get(hdrs.CONTENT_DISPOSITION)
            self._disposition = parse_content_disposition(value)[1]
        return self._disposition

    # Reading

    def at_eof(self) -> bool:
        """Whether all of the part was read."""
        return self._content.ended and not self._buffer.size

    async def read(self, *, decode: bool = False) -> bytes:
        """Return the rest of the part; empty when there is none.

        Args:
            decode: undo Content-Transfer-Encoding and, outside of forms, Content-Encoding.

        Raises:
            ValueError: it is over `client_max_size`, malformed or cut short.
            RuntimeError: it is encoded in a way that is unknown.
        """
        while await self._fill():
            if self._buffer.size > self._max_size:
                raise self._too_large(self._buffer.size)
        data = self._buffer.take(self._buffer.size)
        if not decode:
            return data
        pieces: list[bytes] = []
        size = 0
        async for piece in self.decode_iter(data):
            size += len(piece)
            if size > self._max_size:
                raise self._too_large(size)
            pieces.append(piece)
        return b"".join(pieces)

    async def read_chunk(self, size: int = chunk_size) -> bytes:
        """Return up to *size* bytes, at least one; none at the end.

        Some more where that makes a piece that `decode` can undo on its own.
        """
        if not self._buffer.size:
            await self._fill()
        encoding = self.headers.get(hdrs.CONTENT_TRANSFER_ENCODING, "")
        chunk = self._buffer.take(max(size, 1))
        while chunk and (missing := missing_for_decoding(encoding, chunk)):
            try:
                if not self._buffer.size and not await self._fill():
                    break
            except asyncio.CancelledError:
                self._buffer.put_back(chunk)
                raise
            chunk += self._buffer.take(missing)
        return chunk

    async def readline(self) -> bytes:
        """Return the next line with its line break; none at the end.

        Raises:
            ValueError: it is over 128 KiB.
        """
        found: list[bytes] = []
        size = 0
        while True:
            if not self._buffer.size:
                try:
                    if not await self._fill():
                        break
                except asyncio.CancelledError:
                    self._buffer.put_back(b"".join(found))
                    raise
            end = self._buffer.find_in_first(b"\n")
            piece = self._buffer.take_piece() if end < 0 else self._buffer.take(end + 1)
            found.append(piece)
            size += len(piece)
            if size > _MAX_LINE_BYTES:
                message = f"a line of a part is over {_MAX_LINE_BYTES} bytes: use read_chunk()"
                raise ValueError(message)
            if end >= 0:
                break
        return b"".join(found)

    async def release(self) -> None:
        """Read what is left of the part and forget it."""
        self._buffer.take(self._buffer.size)
        await self._content.drop()

    async def text(self, *, encoding: str | None = None) -> str:
        """Return the part, decoded, as text; in its own charset unless *encoding* says otherwise.

        Raises:
            LookupError: the part names a charset that is none.
            UnicodeDecodeError: it is no such text; and as in `read`.
        """
        data = await self.read(decode=True)
        return data.decode(encoding or self._encoding(self.get_charset("utf-8")))

    async def json(self, *, encoding: str | None = None) -> Any:
        """Return the part's JSON as Python values; None for an empty part. Errors as in `text`.

        Raises:
            json.JSONDecodeError: a ValueError; it is no JSON.
        """
        text = await self.text(encoding=encoding)
        return parse_json(text) if text else None

    async def form(self, *, encoding: str | None = None) -> list[tuple[str, str]]:
        """Return the fields of a part that is an urlencoded form, blank values too.

        Raises:
            LookupError: the part names a charset that is none.
            ValueError: it is no text in the charset, or has over 1,000 fields; and as in `read`.
        """
        data = await self.read(decode=True)
        charset = encoding or self.get_charset("utf-8")
        try:
            data.decode(self._encoding(charset))
        except UnicodeDecodeError:
            message = f"data cannot be decoded with {charset} encoding"
            raise ValueError(message) from None
        return parse_urlencoded(data.rstrip(), charset=charset)

    def _encoding(self, charset: str) -> str:
        try:
            return text_encoding(charset)
        except LookupError as error:
            raise self._content.source.error(UnknownCharset(message=str(error))) from None

    # Decoding

    def decode(self, data: bytes) -> bytes:
        """Return *data* with Content-Transfer-Encoding and Content-Encoding undone.

        Not the latter in forms, where it does not exist (RFC 7578 §4.8). Never a part of the
        bytes for all of them: for more than `max_decompress_size` use `decode_iter`.

        Raises:
            ValueError: it is broken, or unpacks to more bytes than that.
            RuntimeError: it is encoded in a way that is unknown.
        """
        decoded = b""
        for piece in self._decoded(data):
            if decoded:
                limit = self._max_decompress_size
                raise BodyTooLarge(limit, limit + len(piece))
            decoded = piece
        return decoded

    async def decode_iter(self, data: bytes) -> AsyncIterator[bytes]:
        """Yield what `decode` returns, a bounded piece at a time; others run in between.

        Raises:
            ValueError: it is broken.
            RuntimeError: it is encoded in a way that is unknown.
        """
        first = True
        for piece in self._decoded(data):
            if not first:
                await asyncio.sleep(0)  # decoding never waits by itself
            first = False
            yield piece

    def _decoded(self, data: bytes) -> Any:
        """Yield the decoded pieces of *data*."""
        error = self._content.source.error
        try:
            data = transfer_decode(self.headers.get(hdrs.CONTENT_TRANSFER_ENCODING, ""), data)
            coding = "" if self._is_form else self.headers.get(hdrs.CONTENT_ENCODING, "")
            try:
                decoder = decoder_for(coding)
            except ContentEncodingError as exc:
                raise UnknownPartEncoding(f"unknown content encoding: {exc}") from None
            if decoder is None:
                yield data
                return
            while data or not decoder.needs_input:
                piece = decoder.decode(data, self._max_decompress_size)
                data = b""
                if piece:
                    yield piece
            decoder.finish()
        except ContentEncodingError as exc:
            raise error(MultipartError(f"a part cannot be decoded: {exc}")) from exc
        except HttpProcessingError as exc:
            raise error(exc) from None

    # How it works

    async def _fill(self) -> bool:
        """Wait for more bytes; False at the end of the part."""
        data = await self._content.readany()
        if data:
            self._buffer.append(data)
        return bool(data)

    def _too_large(self, size: int) -> Exception:
        if self._max_size_error_cls is ValueError:
            return BodyTooLarge(self._max_size, size)
        return self._max_size_error_cls(self._max_size)
