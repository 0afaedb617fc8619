"""Find the line of the user's own code that an error came out of, and tell whose code a file is."""

from __future__ import annotations

import linecache
import os
import re
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType

from notebook_http.notebook.magic_calls import as_written
from notebook_http.notebook.shell import Shell

__all__ = ["CodeLine", "is_ours", "is_users", "line_in_cell"]

_OUR_CODE = str(Path(__file__).resolve().parents[1]) + os.sep
_STANDARD_LIBRARY = str(Path(os.__file__).parent)
_NUMBERED_NAME = re.compile(r"<ipython-input-(\d+)-")


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A line of a cell.

    Attributes:
        cell: what the cell is called, such as `Cell In[3]`.
        number: the line in it, from 1.
        text: what stands there, as it was written; may be empty.
    """

    cell: str
    number: int
    text: str

    def __str__(self) -> str:
        place = f"{self.cell}, line {self.number}"
        return f"{place}:  {self.text}" if self.text else place


def is_ours(filename: str) -> bool:
    """Return whether *filename* is a file of this package."""
    return filename.startswith(_OUR_CODE)


def is_users(frame: FrameType, shell: Shell | None) -> bool:
    """Return whether *frame* runs code that the user wrote, in a cell or in a file of their own."""
    if shell is not None and frame.f_globals is shell.user_ns:
        return True
    filename = frame.f_code.co_filename
    return not filename.startswith((_OUR_CODE, _STANDARD_LIBRARY, "<")) and not any(
        folder in filename for folder in ("site-packages", "dist-packages")
    )


def line_in_cell(traceback: TracebackType | None, shell: Shell) -> CodeLine | None:
    """Return the innermost line of *traceback* that stands in one of *shell*'s cells, or None.

    Innermost: in a function that a cell defines it is the function's line, not that of its call.
    """
    found: TracebackType | None = None
    while traceback is not None:
        # Code of a cell, and only that, has the notebook's namespace as its globals.
        if traceback.tb_frame.f_globals is shell.user_ns:
            found = traceback
        traceback = traceback.tb_next
    if found is None:
        return None
    filename = found.tb_frame.f_code.co_filename
    text = as_written(linecache.getline(filename, found.tb_lineno)).strip()
    return CodeLine(_cell_name(filename, shell), found.tb_lineno, text)


def _cell_name(filename: str, shell: Shell) -> str:
    format_name = getattr(shell.compile, "format_code_name", None)  # IPython 8 and later
    if format_name is not None and (name := format_name(filename)):
        return " ".join(name)
    if numbered := _NUMBERED_NAME.match(filename):
        return f"Cell In[{numbered.group(1)}]"
    return "Cell"
