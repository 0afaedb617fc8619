"""A request's form, urlencoded or multipart: text fields, and files in temporary files.

Knows how much of a form is taken. Fields and bytes are counted while they come, so a form that is
too large costs no more than the limit.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Protocol, cast

from multidict import CIMultiDictProxy, MultiDict, MultiDictProxy

from notebook_http.transport.stream_reader import StreamReader
from notebook_http.web.exceptions import (
    HTTPBadRequest,
    HTTPRequestEntityTooLarge,
    HTTPUnsupportedMediaType,
)
from notebook_http.wire.content_coding import accept_encoding, decoder_for
from notebook_http.wire.errors import ContentEncodingError, HttpProcessingError
from notebook_http.wire.form_limits import FormLimits, FormTooLarge
from notebook_http.wire.media_type import parse_media_type, text_encoding
from notebook_http.wire.multipart_reader import (
    MultipartEvent,
    MultipartReader,
    PartBegin,
    PartData,
    boundary_of,
)
from notebook_http.wire.transfer_encoding import TransferDecoder
from notebook_http.wire.urlencoded_form import parse_urlencoded

__all__ = ["FileField", "FormRequest", "FormValue", "read_form"]

# Bytes of a file that stay in memory; a larger one goes to disk.
_SPOOL_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True)
class FileField:
    """A file that came in a form.

    Attributes:
        name: name of the field.
        filename: as the client wrote it: text, never a path to be opened.
        file: the content, to be read from its beginning. Gone when it is closed or forgotten.
        content_type: media type that the client named.
        headers: the part's own fields.
    """

    name: str
    filename: str
    file: IO[bytes]
    content_type: str
    headers: CIMultiDictProxy[str]


FormValue = str | bytes | bytearray | FileField


class FormRequest(Protocol):
    """What is needed of a request to read its form."""

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The fields."""

    @property
    def content_type(self) -> str:
        """The body's media type, without parameters."""

    @property
    def charset(self) -> str | None:
        """The charset that the client named, or None."""

    def body_again(self) -> StreamReader:
        """Return the body as a stream: from its beginning again, if `read` has kept it."""

    @property
    def client_max_size(self) -> int:
        """Bytes that are accepted; 0 for no limit."""

    @property
    def client_max_fields(self) -> int:
        """Fields that are accepted; 0 for no limit."""

    async def read(self) -> bytes:
        """Return the body."""


async def read_form(request: FormRequest) -> MultiDictProxy[FormValue]:
    """Return the fields of *request*'s form; none when it has no form.

    A part with a file name is a `FileField`, another one is text, or a bytearray if its own type
    is none of text.

    A cancel leaves the body half-read and the temporary files closed.

    Raises:
        HTTPRequestEntityTooLarge: more bytes or fields than the request accepts.
        HTTPUnsupportedMediaType: a charset or the body's coding is unknown.
        HTTPBadRequest: the form is malformed.
    """
    fields: MultiDict[FormValue] = MultiDict()
    media_type = request.content_type
    try:
        if media_type == "application/x-www-form-urlencoded":
            _check_coding(request)
            body = (await request.read()).rstrip()  # white space in a form is encoded
            charset = request.charset or "utf-8"
            fields.extend(parse_urlencoded(body, charset=charset, max_fields=_most_fields(request)))
        elif media_type == "multipart/form-data":
            _check_coding(request)
            await _read_multipart(request, fields)
    except FormTooLarge as error:
        raise HTTPRequestEntityTooLarge(request.client_max_size, text=str(error)) from None
    except LookupError as error:
        raise HTTPUnsupportedMediaType(text=f"{error}") from None
    except HttpProcessingError as error:
        raise HTTPBadRequest(text=f"400: Bad Request\n\n{error}") from None
    return MultiDictProxy(fields)


def _most_fields(request: FormRequest) -> int:
    return request.client_max_fields if request.client_max_fields > 0 else sys.maxsize


def _check_coding(request: FormRequest) -> None:
    """Refuse a body that was left as it came, because nobody here knows its coding.

    Handlers that read it may know more; its fields would be noise.
    """
    try:
        decoder_for(",".join(request.headers.getall("Content-Encoding", ())))
    except ContentEncodingError as error:
        raise HTTPUnsupportedMediaType(
            text=f"415: Unsupported Media Type\n\n{error}",
            headers={"Accept-Encoding": accept_encoding()},
        ) from None


async def _read_multipart(request: FormRequest, fields: MultiDict[FormValue]) -> None:
    boundary = boundary_of(request.headers.get("Content-Type"))
    reader = MultipartReader(boundary, FormLimits(max_fields=_most_fields(request)))
    collector = _Collector(fields)
    body = request.body_again()
    limit, received = request.client_max_size, 0
    try:
        while data := await body.readany():
            received += len(data)
            if limit and received > limit:
                raise HTTPRequestEntityTooLarge(limit, received)
            for event in reader.feed(data):
                await collector.take(event)
        reader.finish()
    except BaseException:
        collector.close()
        raise


class _Collector:
    """Makes fields of the events of a multipart body."""

    def __init__(self, fields: MultiDict[FormValue]) -> None:
        self._fields = fields
        self._part: PartBegin | None = None
        self._text = bytearray()
        self._file: SpooledTemporaryFile[bytes] | None = None
        self._decoder: TransferDecoder | None = None
        self._default_charset = "utf-8"

    async def take(self, event: MultipartEvent) -> None:
        if isinstance(event, PartBegin):
            self._part = event
            self._text.clear()
            self._file = None
            # RFC 7578 §4.7 has done away with it; who sends it all the same is understood.
            encoding = event.headers.get("Content-Transfer-Encoding")
            self._decoder = None if encoding is None else TransferDecoder(encoding)
            if event.filename:  # "" is what browsers send where no file was chosen
                self._file = SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # noqa: SIM115
        elif isinstance(event, PartData):
            decoder = self._decoder
            await self._add(event.data if decoder is None else decoder.decode(event.data))
        elif self._part is not None:
            if self._decoder is not None:
                await self._add(self._decoder.finish())
            self._end(self._part)
            self._part = None

    async def _add(self, data: bytes) -> None:
        if self._file is None:
            self._text += data
        else:
            await self._write(self._file, data)

    @staticmethod
    async def _write(file: SpooledTemporaryFile[bytes], data: bytes) -> None:
        """Append *data*, in a thread once the file is on disk: a disk can be slow."""
        on_disk: Any = file
        if on_disk._rolled or file.tell() + len(data) > _SPOOL_BYTES:
            await asyncio.get_running_loop().run_in_executor(None, file.write, data)
        else:
            file.write(data)

    def _end(self, part: PartBegin) -> None:
        if part.name is None:
            raise HTTPBadRequest(text="400: Bad Request\n\na part of the form has no name")
        file = self._file
        if file is not None:
            self._file = None
            file.seek(0)
            stream = cast("IO[bytes]", file)
            # RFC 7578 §4.4 says text/plain for a part that names none; for a file that is a guess.
            content_type = part.headers.get("Content-Type") or "application/octet-stream"
            field = FileField(
                part.name, cast("str", part.filename), stream, content_type, part.headers
            )
            self._fields.add(part.name, field)
            return
        media_type = parse_media_type(part.headers.get("Content-Type"))
        if media_type.type not in ("", "text"):
            self._fields.add(part.name, self._text.copy())
            return
        charset = text_encoding(media_type.charset or self._default_charset)
        text = self._text.decode(charset, "replace")
        if part.name == "_charset_" and len(text) < 32:
            self._default_charset = text_encoding(text.strip())  # RFC 7578 §4.6
            return
        self._fields.add(part.name, text)

    def close(self) -> None:
        """Close what was opened: the form is not whole."""
        if self._file is not None:
            self._file.close()
        for value in self._fields.values():
            if isinstance(value, FileField):
                value.file.close()
