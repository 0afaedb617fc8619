"""Bodies that become DataFrames, whatever format they came in.

`body_format` tells the format and `reply_body` has it read: `json_body`, `tabular` (CSV),
`columnar` (Parquet, Arrow), `workbook`, `xml_body`, `html_tables`, `events`, `geojson`. `records`
finds the rows in values, `row_path` walks to them, `flatten` makes columns of nested records,
`typed_columns` gives these types, and `delivery` hands the table over. `frame_pieces` makes frames
of a body as it comes: `streamed_text` decodes, `record_cutter` cuts it where records end. pandas is
imported when the first frame is made, never before; pyarrow, polars and openpyxl only for what
needs them.
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
