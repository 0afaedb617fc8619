"""Tables that come as columns: Parquet, and Arrow's files and streams (Feather, IPC)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebook_http.notebook.frames.exceptions import FrameError, needs
from notebook_http.notebook.frames.flatten import MAX_CELLS

if TYPE_CHECKING:
    import pandas

__all__ = ["ARROW_FILE", "PARQUET", "arrow_table", "frame_from_table", "parquet_table"]

PARQUET = b"PAR1"
ARROW_FILE = b"ARROW1"


def parquet_table(content: bytes) -> Any:
    """Return the Arrow table in a Parquet file.

    Raises:
        FrameError: pyarrow is missing, it is no such file, or it unpacks to more than `MAX_CELLS`.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise FrameError(needs("pyarrow", "A Parquet body")) from error
    try:
        file = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(content))
        # A column that says one thing a billion times takes a few bytes in the file.
        cells = file.metadata.num_rows * file.metadata.num_columns
        if cells > MAX_CELLS:
            msg = (
                f"The table has {cells:,} cells, more than {MAX_CELLS:,}.\n"
                "Read a part of it: pyarrow.parquet.ParquetFile(io.BytesIO(r.content))."
            )
            raise FrameError(msg)
        return _validated(file.read())
    except (pyarrow.ArrowException, OSError, MemoryError, OverflowError) as error:
        raise FrameError(_broken("Parquet", error)) from error


def arrow_table(content: bytes) -> Any:
    """Return the table in an Arrow file or stream.

    Raises:
        FrameError: pyarrow is missing, or it is neither.
    """
    try:
        import pyarrow
    except ImportError as error:
        raise FrameError(needs("pyarrow", "An Arrow body")) from error
    try:
        source = pyarrow.BufferReader(content)
        if content.startswith(ARROW_FILE):
            return _validated(pyarrow.ipc.open_file(source).read_all())
        return _validated(pyarrow.ipc.open_stream(source).read_all())
    except (pyarrow.ArrowException, OSError, MemoryError, OverflowError, ValueError) as error:
        raise FrameError(_broken("Arrow", error)) from error


def frame_from_table(table: Any) -> pandas.DataFrame:
    """Return an Arrow table as a pandas frame; whole numbers with nulls are `Int64`, not floats."""
    import pandas
    import pyarrow

    frame = table.to_pandas()
    for name in set(table.column_names) & set(frame.columns):
        if table.column_names.count(name) > 1:
            continue
        column = table[name]
        if pyarrow.types.is_integer(column.type) and column.null_count:
            kind = "UInt64" if pyarrow.types.is_unsigned_integer(column.type) else "Int64"
            frame[name] = pandas.array(column.to_pylist(), dtype=kind)
    return frame


def _validated(table: Any) -> Any:
    # Offsets come from the other side; one that points out of its buffer would end the process.
    table.validate(full=True)
    return table


def _broken(kind: str, error: BaseException) -> str:
    return (
        f"The body says it is {kind}, but it cannot be read: {str(error).strip()[:300]}\n"
        "Was it cut short? Look at len(r.content) and at r.content[:16]."
    )
