"""Make many DataFrames of one body that comes in pieces: JSON Lines, CSV or TSV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from notebook_http.notebook.frames.body_format import DELIMITERS, format_of
from notebook_http.notebook.frames.delivery import delivered
from notebook_http.notebook.frames.exceptions import FrameError
from notebook_http.notebook.frames.json_body import json_value
from notebook_http.notebook.frames.record_cutter import RecordCutter
from notebook_http.notebook.frames.row_path import nearest_name, quoted
from notebook_http.notebook.frames.streamed_text import StreamedText
from notebook_http.notebook.frames.tabular import decoded_text, delimiter_of, frame_from_csv
from notebook_http.notebook.frames.typed_columns import cast
from notebook_http.notebook.frames.wanted import Wanted

if TYPE_CHECKING:
    import pandas

__all__ = ["FramePieces", "StreamedFormat", "known_format"]

StreamedFormat = Literal["csv", "tsv", "jsonl", "ndjson"]
_FORMATS = ("csv", "tsv", "jsonl", "ndjson")
_UTF8_NAMES = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
#: Bytes that tell the delimiter, and the format where the media type does not: enough for the
#: 65,536 characters that `df()` looks at, and one more, which says that they are not all.
_HEAD_BYTES = 4 * 64 * 1024 + 4
#: Where both are told: a byte order mark.
_MARK_BYTES = 4
_JSON_HINT = b"{["


def known_format(name: str | None) -> None:
    """Refuse an unknown format before anything is sent.

    Raises:
        ValueError: it is neither None nor one of those that can be cut.
    """
    if name is not None and name not in _FORMATS:
        names = ", ".join(f'"{known}"' for known in _FORMATS)
        text = f"stream_df: format={quoted(str(name))} cannot be read in pieces; these can: {names}"
        raise ValueError(text + nearest_name(str(name), _FORMATS))


class FramePieces:
    """Takes a body's bytes as they come, gives records by the *rows*, and frames of these.

    Args:
        rows: records of one frame, at most.
        named: the format that the caller named; None tells it from *media_type*, then the text.
        media_type: in small letters, without parameters; "" when unknown.
        charset: what the reply says the text is in.
        wanted: the types of columns.
        record_limit: bytes of one record.
        attrs: where the frames are from.
    """

    def __init__(
        self,
        rows: int,
        named: str | None,
        media_type: str,
        charset: str | None,
        wanted: Wanted,
        record_limit: int,
        attrs: Mapping[str, str],
    ) -> None:
        self._rows = rows
        self._named = named
        self._media_type = media_type
        self._charset = charset
        self._wanted = wanted
        self._limit = record_limit
        self._attrs = attrs
        told = named or format_of(b"", media_type, None)
        is_told = told in ("jsonl", "ndjson", "tsv", "json lines") or DELIMITERS.get(media_type)
        self._needed = _MARK_BYTES if is_told else _HEAD_BYTES
        self._head: list[bytes] = []
        self._head_size = 0
        self._text: StreamedText | None = None
        self._cutter: RecordCutter | None = None
        self._delimiter: str | None = None  # None: JSON
        self._names: bytes | None = None  # the first row of delimited text
        self._waiting: list[bytes] = []
        self._given = 0  # frames' worth of records
        self._begun = 0  # records in these
        self._next_label = 0
        self._shape: tuple[bool, list[object]] | None = None  # of the first frame

    # Bytes to records

    def feed(self, piece: bytes, *, final: bool = False) -> list[list[bytes]]:
        """Return the records that are enough for a frame each; with *final*, the rest, too.

        Raises:
            FrameError: the body cannot be cut into records: its format, its charset, its end.
        """
        if self._text is None or self._cutter is None:
            self._head.append(piece)
            self._head_size += len(piece)
            if self._head_size < self._needed and not final:
                return []
            piece = b"".join(self._head)
            self._head.clear()
            self._text, self._cutter = self._begin(piece, whole=final)
        records = self._cutter.feed(self._text.feed(piece, final=final))
        if final:
            records += self._cutter.finish()
        if self._delimiter is not None and self._names is None and records:
            names = records.pop(0)
            self._names = names if names.endswith((b"\n", b"\r")) else names + b"\n"
        self._waiting += records
        return self._full(final)

    def _full(self, final: bool) -> list[list[bytes]]:
        waiting, rows = self._waiting, self._rows
        end = len(waiting) if final else len(waiting) - len(waiting) % rows
        full = [waiting[place : min(place + rows, end)] for place in range(0, end, rows)]
        del waiting[:end]
        self._given += len(full)
        if final and not self._given:
            full = [[]]  # the columns, at least
        return full

    def _begin(self, head: bytes, *, whole: bool) -> tuple[StreamedText, RecordCutter]:
        if not head:
            msg = (
                "The reply has no body, so there is no table in it.\n"
                "Look at its status: 204 and 304 never have one, and HEAD asks for none."
            )
            raise FrameError(msg)
        json = self._is_json_lines(head)
        charset = self._charset
        if json and charset is not None and charset.lower() in _UTF8_NAMES:
            charset = None  # as df() has it: RFC 8259 §8.1
        if not json:
            self._delimiter = "\t" if self._named == "tsv" else DELIMITERS.get(self._media_type)
        if not json and self._delimiter is None:
            text = StreamedText(head, charset).feed(head, final=whole).decode()
            self._delimiter = delimiter_of(text) or ","
        delimiter = self._delimiter.encode() if self._delimiter is not None else None
        return StreamedText(head, charset), RecordCutter(delimiter, self._limit)

    def _is_json_lines(self, head: bytes) -> bool:
        """Tell JSON Lines (True) from delimited text (False).

        Raises:
            FrameError: it is neither.
        """
        if self._named is not None:
            return self._named in ("jsonl", "ndjson")
        found = format_of(head, self._media_type, self._charset)
        if found == "json lines" or (found == "json" and self._is_a_value_a_line(head)):
            return True
        if found != "delimited":
            named = f"{found or 'of a type'} ({self._media_type[:80] or 'no content type'})"
            msg = (
                f"The body is {named} that cannot be read in pieces: stream_df() reads JSON Lines, "
                "CSV and TSV.\n"
                'If it is one of these, say so: format="jsonl", "csv" or "tsv". Else take '
                "(await nh.get(…)).df()."
            )
            raise FrameError(msg)
        return False

    def _is_a_value_a_line(self, head: bytes) -> bool:
        text = decoded_text(head, None).lstrip().encode("utf-8", "replace")
        first, _, rest = text.partition(b"\n")
        try:
            json_value(first)
        except FrameError:
            return False
        return rest.lstrip()[:1] in _JSON_HINT if rest.strip() else False

    # Records to frames

    def frame(self, records: list[bytes]) -> pandas.DataFrame:
        """Return the frame of *records*, which `feed` gave; call it in their order.

        Raises:
            FrameError: they are no table; names the rows.
        """
        first = self._begun + 1
        self._begun += len(records)
        if self._delimiter is None:
            made = self._wanted.json_frame(self._values(records, first))
        else:
            made = self._delimited(records, first)
        if dtypes := self._wanted.dtypes:
            if first > 1 and self._delimiter is None:  # a key may be missing for a while
                dtypes = {name: dtypes[name] for name in dtypes if name in made.columns}
            made = cast(made, dtypes)
        self._number(made)
        return delivered(made, attrs=self._attrs)

    def _values(self, records: list[bytes], first: int) -> list[object]:
        values = []
        for number, record in enumerate(records, first):
            try:
                values.append(json_value(record.strip(b" \t\r\n\x1e")))
            except FrameError as error:
                msg = f"Record {number:,} of the body is no JSON.\n{error}"
                raise FrameError(msg) from error
        return values

    def _delimited(self, records: list[bytes], first: int) -> pandas.DataFrame:
        import pandas

        content = b"".join((self._names or b"", *records))
        try:
            made = self._wanted.dated(frame_from_csv(content, "utf-8", self._delimiter))
        except FrameError as error:
            if not records:
                raise
            msg = (
                f"Records {first:,} to {first + len(records) - 1:,} of the body are no table "
                f"(lines below count from there).\n{error}"
            )
            raise FrameError(msg) from error
        # A row with one field more than there are names would give its first to the index.
        shape = (isinstance(made.index, pandas.RangeIndex), list(made.columns))
        if self._shape not in (None, shape):
            msg = (
                f"Records {first:,} to {first + len(records) - 1:,} of the body have other columns "
                "than those before.\nDo all rows have as many fields as the first line?"
            )
            raise FrameError(msg)
        self._shape = shape
        return made

    def _number(self, made: pandas.DataFrame) -> None:
        """Let the labels of rows go on from the frame before, unless the rows have names."""
        import pandas

        if isinstance(made.index, pandas.RangeIndex):
            start = self._next_label
            made.index = pandas.RangeIndex(start, start + len(made))
        self._next_label += len(made)
