"""Cut text that comes in pieces into whole records: a JSON text a line, or a row of CSV."""

from __future__ import annotations

from notebook_http.notebook.frames.exceptions import FrameError

__all__ = ["RECORD_LIMIT", "RecordCutter"]

#: Bytes of one record. A quote that nobody closes makes one record of all that follows, and a JSON
#: array without lines is one: memory has to end somewhere. Outlines of countries, the largest
#: rows people write, have some megabytes.
RECORD_LIMIT = 16 * 1024 * 1024


class RecordCutter:
    """Takes pieces of UTF-8 text, gives whole records; each keeps its line end.

    Lines of nothing but blanks are no records. With a *delimiter* it is delimited text (RFC 4180):
    line ends are CRLF, LF or CR, and those inside of quotes belong to a field. As pandas has it, a
    quote opens only at the beginning of a field.

    Args:
        delimiter: one ASCII character; None for JSON, whose lines end in LF.
        limit: bytes that one record may have.

    Attributes:
        number: how many records were given so far, without the line of names of delimited text.
    """

    def __init__(self, delimiter: bytes | None, limit: int = RECORD_LIMIT) -> None:
        self.number = 0 if delimiter is None else -1
        self._delimiter = delimiter
        self._limit = limit
        self._blanks = b" \t\r\n\x1e" if delimiter is None else b" \t\r\n".replace(delimiter, b"")
        self._line: list[bytes] = []  # of which the end is still to come
        self._lines: list[bytes] = []  # whole ones, of a record whose quote is open
        self._line_size = self._lines_size = 0  # bytes of these
        self._quoted = False
        self._held = b""  # a CR, which may be half of a CRLF

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the records that end in *piece*.

        Raises:
            FrameError: one is larger than the limit; names the row.
        """
        if self._delimiter is None:
            *whole, rest = piece.split(b"\n")
            lines = [line + b"\n" for line in whole]
        else:
            piece = self._held + piece
            self._held = b"\r" if piece.endswith(b"\r") else b""
            lines = piece.removesuffix(b"\r").splitlines(keepends=True)
            rest = lines.pop() if lines and not lines[-1].endswith((b"\n", b"\r")) else b""
        if lines and self._line:
            lines[0] = b"".join((*self._line, lines[0]))
            self._line.clear()
            self._line_size = 0
        records = self._records(lines)
        if rest:
            self._line.append(rest)
            self._line_size += len(rest)
        self._check(self._lines_size + self._line_size)
        return records

    def finish(self) -> list[bytes]:
        """Return the last record, if no line end came after it. Errors as `feed`."""
        rest = b"".join((*self._line, self._held))
        self._line.clear()
        records = self._records([rest]) if rest else []
        if self._lines:  # its quote was never closed: pandas says so
            self.number += 1
            records.append(b"".join(self._lines))
            self._lines.clear()
        return records

    def _records(self, lines: list[bytes]) -> list[bytes]:
        """Return the records that whole *lines* end."""
        if self._delimiter is None:
            records = [line for line in lines if line.strip(self._blanks)]
        else:
            records = []
            for line in lines:
                if not self._lines and b'"' not in line:
                    if line.strip(self._blanks):
                        records.append(line)
                    continue
                self._lines.append(line)
                self._lines_size += len(line)
                self._quoted = self._is_open_after(line)
                if not self._quoted:
                    records.append(b"".join(self._lines) if len(self._lines) > 1 else line)
                    self._lines.clear()
                    self._lines_size = 0
                elif self._lines_size > self._limit:
                    self.number += len(records)
                    self._check(self._lines_size)
        for record in records:
            self._check(len(record))
            self.number += 1
        return records

    def _is_open_after(self, line: bytes) -> bool:
        """Tell whether a quote is open where *line* ends, which begins as the record left it."""
        quoted, place = self._quoted, 0
        if not quoted and line.startswith(b'"'):
            quoted, place = True, 1
        opening = (self._delimiter or b"") + b'"'
        while True:
            if not quoted:
                found = line.find(opening, place)
                if found < 0:
                    return False
                quoted, place = True, found + 2
            found = line.find(b'"', place)
            if found < 0:
                return True
            # Two are one quote inside of the field.
            quoted = line[found + 1 : found + 2] == b'"'
            place = found + (2 if quoted else 1)

    def _check(self, size: int) -> None:
        if size > self._limit:
            row = f"record {self.number + 1:,}" if self.number >= 0 else "the line of names"
            what = "A line of JSON" if self._delimiter is None else "A row"
            why = (
                "Does the body have one record a line?"
                if self._delimiter is None
                else "Is a quote opened that is never closed?"
            )
            msg = (
                f"{what} is larger than {self._limit:,} bytes: {row} of the body.\n"
                f"{why} If it is meant so, raise record_limit (bytes)."
            )
            raise FrameError(msg)
