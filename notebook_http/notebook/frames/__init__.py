"""Bodies that become DataFrames: JSON of many shapes, CSV and TSV.

`records` finds the rows, `row_path` walks to them, `flatten` makes columns of nested records,
`tabular` reads delimited text, `reply_body` picks among them by content type. pandas is imported
when the first frame is made, never before.
"""

from __future__ import annotations

from notebook_http.notebook.frames.delivery import provenance
from notebook_http.notebook.frames.exceptions import FrameError
from notebook_http.notebook.frames.records import frame_from_json
from notebook_http.notebook.frames.reply_body import frame_from_reply_parts
from notebook_http.notebook.frames.tabular import frame_from_csv

__all__ = [
    "FrameError",
    "frame_from_csv",
    "frame_from_json",
    "frame_from_reply_parts",
    "provenance",
]
