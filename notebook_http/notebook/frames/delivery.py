"""Hand a table over as it was asked for: index, provenance, pandas or polars or Arrow."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from notebook_http.notebook.frames.exceptions import FrameError, needs
from notebook_http.notebook.frames.row_path import nearest_name, quoted
from notebook_http.wire.secrets import mask_url

if TYPE_CHECKING:
    from datetime import datetime

    import pandas
    from yarl import URL

__all__ = ["FrameKind", "delivered", "delivered_table", "known_kind", "provenance"]

FrameKind = Literal["pandas", "polars", "arrow"]
_KINDS = ("pandas", "polars", "arrow")
#: Where the provenance is in an Arrow table's schema: JSON, as pandas does with its own.
_METADATA_KEY = b"notebook_http"
_LISTED_COLUMNS = 5


def known_kind(to: str) -> None:
    """Refuse an unknown *to* before any work is done.

    Raises:
        FrameError: it is none of "pandas", "polars" and "arrow".
    """
    if to not in _KINDS:
        names = ", ".join(f'"{name}"' for name in _KINDS)
        msg = f"to={quoted(str(to))} is no kind of table; these are: {names}."
        raise FrameError(msg + nearest_name(str(to), _KINDS))


def provenance(url: URL, headers: Mapping[str, str], received: datetime | None) -> dict[str, str]:
    """Return what a frame's `attrs` say of where it is from: texts, so that they can be saved."""
    facts = {
        "url": mask_url(url),
        "time": received.isoformat(timespec="seconds") if received is not None else None,
        "etag": headers.get("ETag"),
        "last_modified": headers.get("Last-Modified"),
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def delivered(
    frame: pandas.DataFrame,
    *,
    index: str | Sequence[str] | None = None,
    to: str = "pandas",
    attrs: Mapping[str, str] | None = None,
) -> Any:
    """Return *frame* with *index*, its provenance and in the kind that *to* names.

    Raises:
        FrameError: *index* names no column, a library is missing, or a column holds values of
            several types and *to* is not pandas.
    """
    if index is not None:
        frame = _indexed(frame, index)
    if to == "pandas":
        frame.attrs.update(attrs or {})
        return frame
    # Only pandas has an index. One with a name was a column, or keys that would be lost.
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    frame.columns = [str(name) for name in frame.columns]
    if to == "arrow":
        return _arrow(frame, attrs)
    return _polars(frame)


def delivered_table(table: Any, to: str, attrs: Mapping[str, str] | None) -> Any:
    """Return an Arrow *table* as it is, or in polars: no value goes through pandas.

    Raises:
        FrameError: polars is missing.
    """
    if to == "arrow":
        return _with_metadata(table, attrs)
    try:
        import polars
    except ImportError as error:
        raise FrameError(needs("polars", 'to="polars"')) from error
    return polars.from_arrow(table)


def _indexed(frame: pandas.DataFrame, index: str | Sequence[str]) -> pandas.DataFrame:
    names = [index] if isinstance(index, str) else list(index)
    if names == list(frame.index.names):
        return frame
    for name in names:
        if name not in frame.columns:
            msg = f"There is no column {quoted(str(name))} to be the index."
            raise FrameError(msg + nearest_name(str(name), map(str, frame.columns)))
    return frame.set_index(names if len(names) > 1 else names[0])


def _arrow(frame: pandas.DataFrame, attrs: Mapping[str, str] | None) -> Any:
    try:
        import pyarrow
    except ImportError as error:
        raise FrameError(needs("pyarrow", 'to="arrow"')) from error
    arrays = []
    for name in frame.columns:
        try:
            arrays.append(pyarrow.Array.from_pandas(frame[name]))
        except (pyarrow.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise FrameError(_mixed(str(name), frame[name], "arrow")) from error
    return _with_metadata(pyarrow.Table.from_arrays(arrays, names=list(frame.columns)), attrs)


def _with_metadata(table: Any, attrs: Mapping[str, str] | None) -> Any:
    if not attrs:
        return table
    return table.replace_schema_metadata(
        {**(table.schema.metadata or {}), _METADATA_KEY: json.dumps(dict(attrs)).encode()}
    )


def _polars(frame: pandas.DataFrame) -> Any:
    try:
        import polars
    except ImportError as error:
        raise FrameError(needs("polars", 'to="polars"')) from error
    try:
        import pyarrow  # noqa: F401 - only asks whether it is there
    except ImportError:
        pass
    else:
        return polars.from_arrow(_arrow(frame, None))
    columns = []
    for name in frame.columns:
        column = frame[name]
        values = column.astype(object).where(column.notna(), None).tolist()
        try:
            columns.append(polars.Series(name, values, strict=True))
        except (TypeError, ValueError, OverflowError, polars.exceptions.PolarsError) as error:
            raise FrameError(_mixed(str(name), column, "polars")) from error
    return polars.DataFrame(columns)


def _mixed(name: str, column: Any, to: str) -> str:
    kinds = sorted({type(value).__name__ for value in column.tolist() if value is not None})
    return (
        f"Column {quoted(name)} holds values of several types "
        f"({', '.join(kinds[:_LISTED_COLUMNS])}), for which {to} has no room.\n"
        f'Name one, as in .df(to="{to}", dtypes={{{quoted(name)}: "str"}}), or take to="pandas".'
    )
