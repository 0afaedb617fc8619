"""Read delimited text (CSV, TSV) into a DataFrame.

Knows how such text comes over the wire: without a charset, with a byte order mark, with
semicolons where people write decimal commas. The parsing itself is pandas'.
"""

from __future__ import annotations

import codecs
import csv
from itertools import islice
from typing import TYPE_CHECKING

from notebook_http.notebook.frames.exceptions import FrameError

if TYPE_CHECKING:
    import pandas

__all__ = ["byte_order_mark", "decoded_text", "delimiter_of", "frame_from_csv"]

#: Delimiters that are looked for, the likeliest first.
_DELIMITERS = (",", ";", "\t", "|")
#: Characters and lines that are enough to tell the delimiter.
_SAMPLE_CHARACTERS = 64 * 1024
_SAMPLE_LINES = 20

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def frame_from_csv(
    content: bytes, charset: str | None = None, delimiter: str | None = None
) -> pandas.DataFrame:
    """Return the table in *content*, whose first line names the columns.

    Args:
        content: the text as it came.
        charset: what the reply says it is in; without it a byte order mark, UTF-8, then
            Windows-1252 are tried.
        delimiter: one character; None looks at the first lines.

    Raises:
        FrameError: there is no text, it is not in *charset*, or its lines do not form a table.
    """
    import io

    import pandas

    text = decoded_text(content, charset)
    if not text.strip():
        msg = "The body is empty, so there is no table in it.\nLook at the reply's status first."
        raise FrameError(msg)
    if delimiter is None:
        delimiter = delimiter_of(text) or ","
    try:
        text, named = _with_names_for_all(text, delimiter)
        # low_memory=False: a column's type is told from all of it, not chunk by chunk.
        frame = pandas.read_csv(io.StringIO(text), sep=delimiter, low_memory=False)
        added = frame.columns[named:] if named else ()
        return frame.drop(columns=[name for name in added if frame[name].isna().all()])
    except (pandas.errors.ParserError, pandas.errors.EmptyDataError, ValueError) as error:
        reason = str(error).strip().replace("Error tokenizing data. C error: ", "")
        msg = (
            f"The body is no table with the delimiter {delimiter!r}: {reason[:300]}\n"
            "Read it with the options it needs: pandas.read_csv(io.StringIO(r.text), sep=…)."
        )
        raise FrameError(msg) from error


def _with_names_for_all(text: str, delimiter: str) -> tuple[str, int]:
    """Return *text* with a delimiter more in its first line for each empty field without a name.

    And how many names there were, 0 when nothing was missing. Lines that end in a delimiter have
    such fields. pandas would take the first fields of all rows for an index, and put the others
    under the wrong names. Where each row has one field more, and the last are not all empty, that
    is what is meant: R writes such tables.

    Raises:
        ValueError: the rows have more fields than there are names, and it is not clear which.
    """
    sample = text[:_SAMPLE_CHARACTERS]
    reader = csv.reader(_lines(sample), delimiter=delimiter)
    try:
        names = next(reader, [])
        head_lines = reader.line_num
        read = list(islice(reader, _SAMPLE_LINES + 1))
    except csv.Error:
        return text, 0
    if 1 < len(read) <= _SAMPLE_LINES and len(sample) < len(text):
        read.pop()  # cut off by the sample, so it may be short
    rows = [row for row in read[:_SAMPLE_LINES] if row]
    if not names or not rows or len(rows[0]) <= len(names):
        return text, 0
    if any(field.strip() for row in rows for field in row[len(names) :]):
        if {len(row) for row in rows} == {len(names) + 1}:
            return text, 0
        message = f"the first line has {len(names)} fields, the next one {len(rows[0])}"
        raise ValueError(message)
    missing = max(map(len, rows)) - len(names)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n", head_lines)
    lines[head_lines - 1] += delimiter * missing
    return "\n".join(lines), len(names)


def byte_order_mark(content: bytes) -> str | None:
    """Return the encoding, without the mark itself, of text that begins with such a mark."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return encoding
    return None


def decoded_text(content: bytes, charset: str | None) -> str:
    """Return *content* as text: by its byte order mark, by *charset*, or as browsers guess.

    Raises:
        FrameError: *charset* is unknown here, or the bytes are not in it.
    """
    marked = byte_order_mark(content)
    if marked is not None:
        return content.decode(marked, "replace")
    if charset:
        try:
            return content.decode(charset)
        except LookupError as error:
            msg = (
                f"The reply says its charset is {charset[:40]!r}, which Python does not know.\n"
                'Decode it yourself: .content.decode("utf-8", "replace")'
            )
            raise FrameError(msg) from error
        except ValueError as error:
            # An encoding like "idna" or "base64" is no charset of text, and fails as such.
            msg = (
                f"The body is not in the charset that the reply says, {charset[:40]!r}: "
                f"{str(error)[:200]}\nDecode it yourself: .content.decode('utf-8', 'replace')"
            )
            raise FrameError(msg) from error
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        # The fallback of browsers for Western text; five of its bytes mean nothing.
        return content.decode("cp1252", "replace")


def delimiter_of(text: str) -> str | None:
    """Return the delimiter that cuts the first lines of *text* into equally many fields.

    None when no delimiter gives two columns or more.
    """
    sample = text[:_SAMPLE_CHARACTERS]
    best: tuple[int, int, str] | None = None
    for rank, delimiter in enumerate(_DELIMITERS):
        try:
            lines = list(islice(csv.reader(_lines(sample), delimiter=delimiter), _SAMPLE_LINES + 1))
        except csv.Error:
            continue
        if len(lines) > 1 and len(lines) <= _SAMPLE_LINES and len(sample) < len(text):
            lines.pop()  # cut off by the sample, so it may be short
        head, *rows = [line for line in lines[:_SAMPLE_LINES] if line] or [[]]
        widths = {len(row) for row in rows} or {len(head)}
        # One field more than names: the rows have names themselves, or end in a delimiter.
        if len(widths) == 1 and len(head) > 1 and (width := widths.pop()) - len(head) in (0, 1):
            best = max(best or (0, 0, ""), (width, -rank, delimiter))
    return best[2] if best else None


def _lines(text: str) -> list[str]:
    # Not splitlines(): U+2028 and form feeds may stand inside a field.
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
