"""A body of several parts, each a payload of its own (RFC 2046 §5.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from notebook_http import hdrs
from notebook_http.transport.memory_payload import JsonPayload, StringPayload
from notebook_http.transport.payload import get_payload
from notebook_http.transport.payload_shape import Payload, PayloadWriter
from notebook_http.wire.content_coding import ContentEncoder, encoder_for
from notebook_http.wire.errors import ContentEncodingError
from notebook_http.wire.multipart_writer import (
    check_boundary,
    closing_delimiter,
    multipart_content_type,
    new_boundary,
    part_head,
)
from notebook_http.wire.transfer_encoding import (
    TransferEncoder,
    UnknownEncoding,
    transfer_encoder_for,
)
from notebook_http.wire.urlencoded_form import format_urlencoded

__all__ = ["MultipartWriter"]


class MultipartWriter(Payload):
    """Collects parts and sends them one after the other; a part may be a writer again.

    Args:
        subtype: "mixed", "form-data", "related", …
        boundary: by default a random one, which nobody can put into a part on purpose.

    Raises:
        ValueError: *boundary* or *subtype* is none.
    """

    def __init__(self, subtype: str = "mixed", boundary: str | None = None) -> None:
        self._boundary = new_boundary() if boundary is None else check_boundary(boundary)
        self._parts: list[tuple[Payload, str]] = []
        self._is_form = subtype == "form-data"
        super().__init__(None, content_type=multipart_content_type(subtype, self._boundary))

    @property
    def boundary(self) -> str:
        """What separates the parts."""
        return self._boundary

    def __enter__(self) -> MultipartWriter:
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Do nothing; aiohttp's examples build a writer in a `with` block."""

    def __iter__(self) -> Iterator[tuple[Payload, str, str]]:
        """Yield (part, content coding or "", transfer encoding or "")."""
        for part, coding in self._parts:
            yield part, coding, _transfer(part)

    def __len__(self) -> int:
        return len(self._parts)

    def __bool__(self) -> bool:
        return True

    # Collecting

    def append(self, obj: Any, headers: Mapping[str, str] | None = None) -> Payload:
        """Add a part for *obj* (a payload, or what `get_payload` takes) and return it.

        Raises:
            TypeError: no part can be made from *obj*.
            ValueError: as in `append_payload`.
        """
        if isinstance(obj, Payload):
            if headers:
                obj.headers.update(headers)
            return self.append_payload(obj)
        try:
            payload = get_payload(obj, headers=headers)
        except LookupError as exc:
            msg = f"no part can be made from {type(obj).__name__}: {exc}"
            raise TypeError(msg) from None
        return self.append_payload(payload)

    def append_payload(self, payload: Payload) -> Payload:
        """Add a part and return it; its headers may still change until it is sent.

        A part with Content-Encoding (gzip, deflate, br, zstd) or Content-Transfer-Encoding
        (base64, quoted-printable) is encoded when it is sent, and then in this order. HTTP carries
        any byte: only who sends mail on needs the second. A part of a form that has no
        Content-Disposition is called "section-0", "section-1" … by its place.

        Raises:
            ValueError: an encoding that is unknown, either of them in a form, or a header that
                holds a line break. An unknown encoding is a RuntimeError, too.
        """
        headers = payload.headers
        coding = headers.get(hdrs.CONTENT_ENCODING, "").lower()
        transfer = headers.get(hdrs.CONTENT_TRANSFER_ENCODING, "").lower()
        if self._is_form and (coding or transfer):
            msg = "a part of a form is neither encoded nor transfer-encoded (RFC 7578 §4.7, §4.8)"
            raise ValueError(msg)
        if coding == "identity":
            coding = ""
        encoders = _encoders(coding, transfer)
        if (
            not self._is_form
            and not encoders
            and payload.size is not None
            and hdrs.CONTENT_LENGTH not in headers
        ):
            headers[hdrs.CONTENT_LENGTH] = str(payload.size)
        if self._is_form and hdrs.CONTENT_DISPOSITION not in headers:
            payload.set_content_disposition("form-data", name=f"section-{len(self._parts)}")
        part_head(self._boundary, headers.items())
        self._parts.append((payload, coding))
        return payload

    def append_json(self, obj: Any, headers: Mapping[str, str] | None = None) -> Payload:
        """Add a part of JSON and return it.

        Raises:
            TypeError: JSON cannot hold *obj*.
        """
        return self.append_payload(JsonPayload(obj, headers=headers))

    def append_form(
        self,
        obj: Sequence[tuple[str, str]] | Mapping[str, str],
        headers: Mapping[str, str] | None = None,
    ) -> Payload:
        """Add a part of urlencoded fields and return it."""
        fields = obj.items() if isinstance(obj, Mapping) else obj
        text = format_urlencoded(fields).decode("ascii")
        kind = "application/x-www-form-urlencoded"
        return self.append_payload(StringPayload(text, headers=headers, content_type=kind))

    # Sending

    @property
    def size(self) -> int | None:
        """Bytes of the whole body, or None when a part's size is unknown or it is encoded."""
        total = len(closing_delimiter(self._boundary))
        for part, coding in self._parts:
            size = part.size
            if size is None or _encoders(coding, _transfer(part)):
                return None
            total += len(part_head(self._boundary, part.headers.items())) + size + 2
        return total

    @property
    def consumed(self) -> bool:
        """Whether a part cannot be sent again."""
        return any(part.consumed for part, _ in self._parts)

    @property
    def autoclose(self) -> bool:
        """Whether no part needs closing."""
        return all(part.autoclose for part, _ in self._parts)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the whole body as text, for logs and tests; content codings are not applied.

        Raises:
            TypeError: a part can only be sent.
        """
        pieces = []
        for part, _ in self._parts:
            pieces.append(part_head(self._boundary, part.headers.items()).decode(encoding, errors))
            pieces.append(part.decode(encoding, errors))
            pieces.append("\r\n")
        pieces.append(closing_delimiter(self._boundary).decode("ascii"))
        return "".join(pieces)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return the whole body as it would be sent."""
        buffer = _Buffer()
        await self.write(buffer)
        return bytes(buffer.data)

    async def write(self, writer: PayloadWriter, close_boundary: bool = True) -> None:
        """Send the parts in order. A cancel leaves the body half sent.

        Args:
            writer: where to.
            close_boundary: whether to end the body; False when more parts follow in a later call.

        Raises:
            ValueError: a header of a part was changed to hold a line break.
        """
        for part, coding in self._parts:
            await writer.write(part_head(self._boundary, part.headers.items()))
            encoders = _encoders(coding, _transfer(part))
            if not encoders:
                # Not more than its head said, should a file have grown meanwhile.
                await part.write_with_length(writer, part.size)
            else:
                encoding = _EncodingWriter(writer, encoders)
                await part.write(encoding)
                await encoding.finish()
            await writer.write(b"\r\n")
        if close_boundary:
            await writer.write(closing_delimiter(self._boundary))

    async def close(self) -> None:
        """Close every part, also when closing one fails; the first failure is raised."""
        failure: Exception | None = None
        for part, _ in self._parts:
            try:
                await part.close()
            except Exception as exc:
                failure = failure or exc
        if failure is not None:
            raise failure


def _transfer(part: Payload) -> str:
    return part.headers.get(hdrs.CONTENT_TRANSFER_ENCODING, "")


def _encoders(coding: str, transfer: str) -> list[ContentEncoder | TransferEncoder]:
    """Return what a part has to pass on its way out, in order.

    Raises:
        ValueError: an encoding is unknown, or its library is missing.
    """
    try:
        found = (encoder_for(coding), transfer_encoder_for(transfer))
    except ContentEncodingError as exc:
        raise UnknownEncoding(str(exc)) from None
    return [encoder for encoder in found if encoder is not None]


class _EncodingWriter:
    """Applies encodings to what passes through, one after the other."""

    __slots__ = ("_encoders", "_writer")

    def __init__(
        self, writer: PayloadWriter, encoders: list[ContentEncoder | TransferEncoder]
    ) -> None:
        self._writer = writer
        self._encoders = encoders

    async def write(self, data: bytes | bytearray | memoryview, /) -> None:
        await self._pass(bytes(data), self._encoders)

    async def finish(self) -> None:
        """Send what the encoders still keep."""
        for at, encoder in enumerate(self._encoders):
            await self._pass(encoder.finish(), self._encoders[at + 1 :])

    async def _pass(self, data: bytes, encoders: list[ContentEncoder | TransferEncoder]) -> None:
        for encoder in encoders:
            data = encoder.encode(data)
        if data:
            await self._writer.write(data)


class _Buffer:
    """Keeps what is written."""

    __slots__ = ("data",)

    def __init__(self) -> None:
        self.data = bytearray()

    async def write(self, data: bytes | bytearray | memoryview, /) -> None:
        self.data += data
