"""Multipart bodies to events, as their bytes come in (RFC 2046 §5.1, RFC 7578).

Knows boundaries, part heads and their limits. Counts no bytes of parts and keeps none: each event
is handed out and forgotten, so the reader of the events bounds sizes while they come.
The low-level state machine is python-multipart's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multidict import CIMultiDict, CIMultiDictProxy

from notebook_http.wire.content_disposition import read_content_disposition
from notebook_http.wire.errors import PayloadEncodingError, excerpt
from notebook_http.wire.form_limits import DEFAULT_FORM_LIMITS, FormLimits, FormTooLarge
from notebook_http.wire.media_type import parse_media_type
from notebook_http.wire.multipart_writer import check_boundary

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartParser

__all__ = [
    "MultipartError",
    "MultipartEvent",
    "MultipartReader",
    "PartBegin",
    "PartData",
    "PartEnd",
    "boundary_of",
]

_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class MultipartError(PayloadEncodingError, ValueError):
    """A multipart body is malformed or ends before its closing boundary. The peer erred: 400."""


@dataclass(frozen=True, slots=True)
class PartBegin:
    """A part's head is complete; its data follows.

    Attributes:
        headers: decoded as UTF-8, undecodable bytes as surrogates.
        name: the form field's name, or None when the part is no form field.
        filename: as the peer wrote it, possibly "", or None. Text, not a path: never open it.
        content_type: the Content-Type value, "text/plain" when there is none (RFC 7578 §4.4).
    """

    headers: CIMultiDictProxy[str]
    name: str | None
    filename: str | None
    content_type: str


@dataclass(frozen=True, slots=True)
class PartData:
    """Some bytes of the part that began last; never empty."""

    data: bytes


@dataclass(frozen=True, slots=True)
class PartEnd:
    """The part that began last is complete."""


MultipartEvent = PartBegin | PartData | PartEnd
_PART_END = PartEnd()


def boundary_of(content_type: str | None) -> str:
    """Return the boundary that a multipart Content-Type names.

    Raises:
        MultipartError: the type is not multipart/…, or its boundary is missing or malformed.
    """
    media_type = parse_media_type(content_type)
    if media_type.type != "multipart":
        msg = f"not a multipart body: Content-Type is {excerpt(content_type or '')}"
        raise MultipartError(msg)
    boundary = media_type.parameters.get("boundary")
    if boundary is None:
        msg = "the multipart Content-Type names no boundary"
        raise MultipartError(msg)
    try:
        return check_boundary(boundary)
    except ValueError as exc:
        raise MultipartError(str(exc)) from None


class MultipartReader:
    """Push parser: bytes in, events out.

    Args:
        boundary: from `boundary_of`.
        limits: how many parts, and how large their heads may be.

    Attributes:
        finished: the closing boundary was read; what follows it is ignored.
    """

    __slots__ = (
        "_buffer_name",
        "_buffer_value",
        "_delimiter",
        "_error",
        "_events",
        "_fields",
        "_head_bytes",
        "_limits",
        "_open",
        "_parse_error",
        "_parser",
        "_parts",
        "_preamble",
        "finished",
    )

    def __init__(self, boundary: str, limits: FormLimits = DEFAULT_FORM_LIMITS) -> None:
        # Imported here: it is needed for uploads only, and brings logging and tempfile along.
        from logging import CRITICAL, Logger

        from python_multipart.exceptions import MultipartParseError
        from python_multipart.multipart import MultipartParser

        self.finished = False
        self._limits = limits
        self._events: list[MultipartEvent] = []
        self._error: Exception | None = None
        self._parts = 0
        self._open = False
        self._head_bytes = 0
        self._fields: CIMultiDict[str] = CIMultiDict()
        self._buffer_name = bytearray()
        self._buffer_value = bytearray()
        self._parser: MultipartParser = MultipartParser(
            boundary.encode("ascii"),
            {
                "on_part_begin": self._on_part_begin,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_end": self._on_end,
            },
            max_header_count=limits.part_head.max_headers,
            max_header_size=limits.part_head.max_field_size,
        )
        self._parse_error: type[Exception] = MultipartParseError
        # Its warnings would land in somebody's cell; what they say is in the error that we raise.
        self._parser.logger = Logger("notebook_http.multipart", CRITICAL + 1)
        # A line break before the body makes one delimiter of the first and the later ones.
        self._delimiter = b"\r\n--" + boundary.encode("ascii")
        self._preamble: bytes | None = b"\r\n"

    def feed(self, data: bytes) -> list[MultipartEvent]:
        """Return the events that *data* completes; a part's data comes as it comes.

        An error drops the events of this call and stays: each later call raises it again.

        Raises:
            MultipartError: the body is malformed, or a part's head is over a limit.
            FormTooLarge: there are more parts than allowed.
        """
        if self._error is not None:
            raise self._error
        if self.finished:
            return []
        if self._preamble is not None:
            data = self._skip_preamble(data)
        if not data:
            return []
        try:
            self._parser.write(data)
        except self._parse_error as exc:
            self._error = MultipartError(f"malformed multipart body: {excerpt(str(exc))}")
            raise self._error from None
        except (MultipartError, FormTooLarge) as exc:
            self._error = exc
            raise
        events, self._events = self._events, []
        return events

    def finish(self) -> None:
        """Check that the closing boundary has come, at the end of the body.

        Raises:
            MultipartError: it has not: the body was cut short, whatever it says of its length.
        """
        if self._error is not None:
            raise self._error
        if not self.finished:
            where = f"inside part {self._parts}" if self._open else "before a closing boundary"
            self._error = MultipartError(f"the multipart body ends {where}")
            raise self._error

    def _skip_preamble(self, data: bytes) -> bytes:
        """Return what is left of *data* from the first delimiter on; RFC 2046 ignores the rest.

        Here and not in the library, which skips or refuses depending on how the bytes were cut.
        """
        delimiter = self._delimiter
        data = (self._preamble or b"") + data
        at = data.find(delimiter)
        if at == -1:
            # Only as much as may be the beginning of a delimiter.
            self._preamble = data[1 - len(delimiter) :]
            return b""
        self._preamble = None
        return data[at + 2 :]

    # What the state machine calls

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > self._limits.max_fields:
            raise FormTooLarge(self._limits.max_fields)
        self._open = True
        self._head_bytes = 0
        self._fields = CIMultiDict()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._count_head(end - start)
        self._buffer_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._count_head(end - start)
        self._buffer_value += data[start:end]

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self._limits.part_head.max_head_bytes:
            msg = (
                f"head of part {self._parts} is over {self._limits.part_head.max_head_bytes} bytes"
            )
            raise MultipartError(msg)

    def _on_header_end(self) -> None:
        value = bytes(self._buffer_value).strip(b" \t")
        if _CONTROL.search(value):
            msg = f"control character in a header of part {self._parts}"
            raise MultipartError(msg)
        self._fields.add(
            self._buffer_name.decode("ascii"), value.decode("utf-8", "surrogateescape")
        )
        self._buffer_name.clear()
        self._buffer_value.clear()

    def _on_headers_finished(self) -> None:
        headers = CIMultiDictProxy(self._fields)
        disposition, parameters, _ = read_content_disposition(headers.get("Content-Disposition"))
        is_field = disposition == "form-data"
        self._events.append(
            PartBegin(
                headers,
                parameters.get("name") if is_field else None,
                # The plain one alone: `filename*` does not exist in forms (RFC 7578 §4.2), and
                # who prefers it sees another name than the filter in front did.
                parameters.get("filename"),
                headers.get("Content-Type") or "text/plain",
            )
        )

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(PartData(data[start:end]))

    def _on_part_end(self) -> None:
        self._open = False
        self._events.append(_PART_END)

    def _on_end(self) -> None:
        self.finished = True
