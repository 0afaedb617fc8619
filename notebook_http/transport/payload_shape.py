"""What a body looks like to those who send it.

Knows no kind of value: `memory_payload`, `file_payload` and `multipart_payload` are the kinds,
`payload` picks one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Final, Protocol

from multidict import CIMultiDict

from notebook_http import hdrs
from notebook_http.wire.content_disposition import format_content_disposition

__all__ = ["Payload", "PayloadWriter", "guess_content_type"]


class PayloadWriter(Protocol):
    """Where a payload writes itself: a connection's body, or a buffer."""

    async def write(self, data: bytes | bytearray | memoryview, /) -> None:
        """Send *data*; return when the peer's pace allows more."""


class _NotGiven(Enum):
    TOKEN = 0


# `content_type=None` means "guess", and so does leaving it out; a subclass may tell them apart.
NOT_GIVEN: Final = _NotGiven.TOKEN


class Payload(ABC):
    """A body on its way out, with the headers that describe it.

    Args:
        value: what is sent.
        headers: further fields for the message or the part; they win over what is guessed.
        content_type: of the body; by default guessed from *filename*, else the kind's own.
        filename: what a receiver may call the body.
        encoding: charset, for kinds that turn text into bytes.
        disposition: with a *filename*, sets Content-Disposition; None leaves it alone.
    """

    _default_content_type: str = "application/octet-stream"

    def __init__(
        self,
        value: Any,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        content_type: str | _NotGiven | None = NOT_GIVEN,
        filename: str | None = None,
        encoding: str | None = None,
        *,
        disposition: str | None = None,
    ) -> None:
        self._value = value
        self._filename = filename
        self._encoding = encoding
        self._size: int | None = None
        self._consumed = False
        if content_type is NOT_GIVEN or content_type is None:
            content_type = self._default_content_type
            if filename is not None:
                content_type = guess_content_type(filename) or content_type
        self._content_type = content_type
        # Built when first asked for: a small body needs its content type and nothing else.
        self._headers: CIMultiDict[str] | None = None
        if headers:
            self.headers.update(headers)
        if (
            filename is not None
            and disposition is not None
            and hdrs.CONTENT_DISPOSITION not in self.headers
        ):
            self.set_content_disposition(disposition, filename=filename)

    @property
    def size(self) -> int | None:
        """Bytes that `write` sends, or None when that shows only at the end."""
        return self._size

    @property
    def filename(self) -> str | None:
        """What a receiver may call the body."""
        return self._filename

    @property
    def headers(self) -> CIMultiDict[str]:
        """Fields that describe the body; change them before it is sent."""
        headers = self._headers
        if headers is None:
            headers = self._headers = CIMultiDict({hdrs.CONTENT_TYPE: self._content_type})
        return headers

    @property
    def has_own_headers(self) -> bool:
        """Whether `headers` may hold more than the content type; False spares building them."""
        return self._headers is not None

    @property
    def encoding(self) -> str | None:
        """Charset of the text that was given, or None."""
        return self._encoding

    @property
    def content_type(self) -> str:
        """The Content-Type value."""
        headers = self._headers
        if headers is None:
            return self._content_type
        return headers.get(hdrs.CONTENT_TYPE, self._content_type)

    @property
    def consumed(self) -> bool:
        """Whether the body was sent and cannot be sent again, as after a 307 redirect."""
        return self._consumed

    @property
    def autoclose(self) -> bool:
        """Whether there is nothing to close."""
        return False

    def set_content_disposition(
        self,
        disptype: str,
        quote_fields: bool = True,
        _charset: str = "utf-8",
        **params: str,
    ) -> None:
        """Set Content-Disposition, values quoted and escaped as receivers read them.

        Args:
            disptype: "attachment", "inline", "form-data".
            quote_fields: percent-encode the file name of a form, as aiohttp does by default;
                False sends it as browsers do.
            _charset: no effect; names are UTF-8.
            params: filename, name.

        Raises:
            ValueError: a line break or another control character in a value.
        """
        self.headers[hdrs.CONTENT_DISPOSITION] = format_content_disposition(
            disptype, params, percent_encode=quote_fields
        )

    @abstractmethod
    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the body as text.

        Raises:
            TypeError: it can only be sent, as an asynchronous iterable.
        """

    @abstractmethod
    async def write(self, writer: PayloadWriter) -> None:
        """Send the whole body. A cancel leaves it half sent: the connection must close."""

    async def write_with_length(self, writer: PayloadWriter, content_length: int | None) -> None:
        """Send at most *content_length* bytes of the body, all of it for None.

        This one sends all: right for kinds that know their size.
        """
        await self.write(writer)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return the body as bytes, for those who must hash or log it before it is sent.

        Raises:
            TypeError: it can only be sent.
        """
        encoding = self._encoding or encoding
        return self.decode(encoding, errors).encode(encoding)

    async def close(self) -> None:  # noqa: B027 - most bodies hold nothing
        """Let go of what the body holds, such as a file. Idempotent; never waits for the peer."""


def guess_content_type(filename: str) -> str | None:
    """Return the media type that a file name suggests, or None.

    A compressed file is one of its compression's type: `data.tar.gz` is gzip, not tar.
    """
    # Imported here: it reads the system's tables, and most bodies have no file name.
    from mimetypes import guess_type

    kind, compression = guess_type(filename)
    if compression is None:
        return kind
    return f"application/{compression}" if compression in ("gzip", "zstd") else None
