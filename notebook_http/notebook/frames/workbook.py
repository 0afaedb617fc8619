"""Read a workbook (Excel, OpenDocument): the one sheet that has rows, or the one asked for."""

from __future__ import annotations

import io
import warnings
import zipfile
from typing import TYPE_CHECKING

from notebook_http.notebook.frames.exceptions import FrameError, needs
from notebook_http.notebook.frames.row_path import nearest_name, quoted

if TYPE_CHECKING:
    import pandas

__all__ = ["OLD_EXCEL", "ZIP", "frame_from_workbook", "is_workbook"]

ZIP = b"PK\x03\x04"
#: The container of `.xls`, and of old Word files too.
OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: Unpacked bytes of a workbook: a sheet full to its last row is some 300 MB of XML. A bomb of
#: zeros is a thousand times larger than its file.
_MAX_UNPACKED_BYTES = 512 * 1024 * 1024
_LISTED_SHEETS = 7


def is_workbook(content: bytes) -> bool:
    """Tell whether *content* is a workbook by what is in it, whatever its type says."""
    if content.startswith(OLD_EXCEL):
        return True
    return content.startswith(ZIP) and _engine(content) is not None


def frame_from_workbook(content: bytes, sheet: str | None = None) -> pandas.DataFrame:
    """Return the table in *sheet*, a name or a number from 0; None takes the only one with rows.

    Raises:
        FrameError: several sheets have rows (lists them), there is no such sheet, it is no
            workbook, or what reads it is not installed.
    """
    import pandas

    found = _engine(content)
    if found is None:
        msg = "The body says it is a workbook, but it is none: there are no sheets in it."
        raise FrameError(msg)
    library, engine = found
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl tells of styles and of validation rules
            sheets = pandas.read_excel(io.BytesIO(content), sheet_name=None, engine=engine)
    except ImportError as error:
        raise FrameError(needs(library, "This workbook")) from error
    except Exception as error:  # a broken file fails in whatever part of the reader meets it
        msg = f"The workbook cannot be read: {type(error).__name__}: {str(error)[:300]}"
        raise FrameError(msg) from error
    return _chosen({str(name): frame for name, frame in sheets.items()}, sheet)


def _chosen(sheets: dict[str, pandas.DataFrame], wanted: str | None) -> pandas.DataFrame:
    names = list(sheets)
    if wanted is not None:
        if wanted in sheets:
            return sheets[wanted]
        if wanted.isdecimal() and len(wanted) < 9 and int(wanted) < len(names):
            return sheets[names[int(wanted)]]
        msg = f"There is no sheet {quoted(wanted)} in this workbook."
        raise FrameError(msg + nearest_name(wanted, names))
    filled = [name for name in names if len(sheets[name])]
    if len(filled) == 1 or not names[1:]:
        return sheets[(filled or names)[0]]
    lines = [f"{len(filled)} sheets of this workbook have rows:"]
    lines += [
        f"  path={quoted(name)}  ({len(sheets[name]):,} rows)" for name in filled[:_LISTED_SHEETS]
    ]
    if len(filled) > _LISTED_SHEETS:
        lines.append(f"  and {len(filled) - _LISTED_SHEETS:,} more")
    first = quoted((filled or names)[0])
    lines.append(f"Give the one you want, as in .df(path={first}).")
    raise FrameError("\n".join(lines))


def _engine(content: bytes) -> tuple[str, str] | None:
    """Return the library that reads *content* and pandas' name for it; None: it is no workbook.

    Raises:
        FrameError: it unpacks to more than `_MAX_UNPACKED_BYTES`.
    """
    if content.startswith(OLD_EXCEL):
        return "xlrd", "xlrd"
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
            names = {part.filename for part in parts}
            unpacked = sum(part.file_size for part in parts)
            mimetype = packed.read("mimetype") if "mimetype" in names and unpacked < 1e9 else b""
    except (zipfile.BadZipFile, OSError, ValueError, KeyError, NotImplementedError, RuntimeError):
        return None
    found = None
    if any(name.startswith("xl/") for name in names):
        binary = "xl/workbook.bin" in names
        found = ("pyxlsb", "pyxlsb") if binary else ("openpyxl", "openpyxl")
    elif b"opendocument.spreadsheet" in mimetype:
        found = ("odfpy", "odf")
    if found is not None and unpacked > _MAX_UNPACKED_BYTES:
        msg = (
            f"The workbook unpacks to {unpacked:,} bytes, more than {_MAX_UNPACKED_BYTES:,}.\n"
            "If you trust it: pandas.read_excel(io.BytesIO(r.content))."
        )
        raise FrameError(msg)
    return found
