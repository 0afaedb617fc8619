"""Find the rows inside a JSON value: where are the records?

The rules, first match wins:

1. A list is the rows: of dicts, of lists (a matrix), or of scalars (one column `value`).
2. A dict with `columns` and a list of lists is a table written out (pandas' split, Datasette).
3. A dict whose values are lists of one length holds columns.
4. A dict of dicts that share most of their keys (`{"GB": {...}, "FR": {...}}`) is one row a key;
   the keys become the index, named `key`, as `DataFrame.from_dict(orient="index")` has it.
5. Exactly one list of records anywhere in the dict is the rows; among several, the one under a
   well-known key (`items`, `results`, …); several of these are an error that lists them.
6. Whatever else is one record, so one row.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any

from notebook_http.notebook.frames.exceptions import FrameError
from notebook_http.notebook.frames.flatten import MAX_CELLS, MAX_DEPTH, NAN, columns_of
from notebook_http.notebook.frames.row_path import EveryValue, quoted, value_at

if TYPE_CHECKING:
    import pandas

__all__ = ["WELL_KNOWN_KEYS", "ColumnTypes", "frame_from_json"]

ColumnTypes = Callable[[dict[Any, list[Any]]], dict[Any, Any]]

#: Keys under which APIs put their rows (GitHub, JSON:API, OData, GeoJSON, Elasticsearch, CouchDB).
WELL_KNOWN_KEYS = frozenset(
    {"items", "results", "data", "records", "value", "features", "rows", "hits", "entries", "docs"}
)

# How far the search goes: deeper than any envelope seen in the wild, and quick on huge replies.
_SEARCH_DEPTH = 6
_SEARCHED_DICTS = 1000
#: Values of a dict that are compared to tell rows by key from one nested record.
_SAMPLED_VALUES = 50
#: A nested dict of like dicts is rows from this size on; `{"thumb": {...}, "large": {...}}` is not.
_MIN_NESTED_KEYED = 20
#: Nested lists of one length are columns from this length on; two numbers are rather a range.
_MIN_NESTED_COLUMN = 3
#: A list that is no list of records may be an envelope (`[page, rows]`) up to this length.
_MAX_LIST_ENVELOPE = 8
_LISTED_CANDIDATES = 7


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows as found: entries or whole columns, with the labels of the rows if they have any."""

    entries: Sequence[Any]
    labels: list[Any] | None = None
    label_name: str | None = None
    columns: dict[Any, list[Any]] | None = None

    def __len__(self) -> int:
        if self.columns is not None:
            return max(map(len, self.columns.values()), default=0)
        return len(self.entries)


def frame_from_json(
    obj: Any,
    path: str | None = None,
    *,
    flatten: bool = True,
    types: ColumnTypes = dict,
) -> pandas.DataFrame:
    """Return the rows inside *obj*, a value as `json.loads` gives it, as a DataFrame.

    Nested dicts become dotted columns (`geo.lat`), lists stay lists, missing keys are NaN. Rows
    of a dict of dicts have their keys as index, named `key` (`.reset_index()` makes a column of
    it). A matrix has columns 0, 1, …; scalars are one column `value`; a lone record is one row.

    Args:
        obj: the value; it is read, never changed.
        path: where the rows are, as in `"data.items"`: keys joined by dots, a number for an
            entry of a list, a final `*` for one row a value of a dict.
        flatten: whether nested dicts become columns; without it they stay in their cells.
        types: what makes types of columns of values.

    Raises:
        FrameError: several parts could be the rows (the message lists their paths and sizes),
            *path* leads nowhere, or there is no table in a lone scalar.
    """
    import pandas

    value = obj if path is None else value_at(obj, path)
    rows = _rows_of(value, "" if path is None else path)
    index = None if rows.labels is None else pandas.Index(rows.labels, name=rows.label_name)
    if rows.columns is not None:
        return _frame(types(rows.columns), index)
    if rows.entries and set(map(type, rows.entries)) == {list}:
        by_place = zip(*_checked_matrix(rows.entries), strict=True)
        columns: dict[Any, Any] = dict(enumerate(map(list, by_place)))
        return pandas.DataFrame(types(columns), index=range(len(rows)))
    columns = columns_of(rows.entries, max_depth=MAX_DEPTH if flatten else 1)
    if not columns:
        return pandas.DataFrame(index=index if index is not None else range(len(rows)))
    return _frame(types(columns), index)


def _frame(columns: dict[Any, Any], index: Any) -> pandas.DataFrame:
    import pandas

    try:
        return pandas.DataFrame(columns, index=index)
    except UnicodeEncodeError:
        # Lone surrogates, which JSON may escape ("\\ud800"): Arrow has no room for them, so
        # these columns stay Python strings.
        kept = {name: pandas.Series(column, dtype=object) for name, column in columns.items()}
        for name, column in columns.items():
            with contextlib.suppress(UnicodeEncodeError):
                kept[name] = pandas.Series(column)
        frame = pandas.DataFrame(kept)
        return frame if index is None else frame.set_index(index)


def _rows_of(value: Any, path: str) -> _Rows:
    """Return the rows of *value*, which *path* led to, by the rules at the top."""
    if isinstance(value, EveryValue):
        return _keyed_rows(value.keyed)
    if isinstance(value, list):
        return _rows_of_list(value, path)
    if isinstance(value, dict):
        return _rows_of_dict(value, path)
    shown = quoted(value) if isinstance(value, str) else json.dumps(value, default=repr)[:60]
    msg = (
        f"The JSON value is {shown} alone: one {_type_name(value)}, no rows.\n"
        "A table needs a list or an object; .json() gives the value itself."
    )
    raise FrameError(msg)


def _rows_of_list(value: list[Any], path: str) -> _Rows:
    if len(value) <= _MAX_LIST_ENVELOPE and not _is_records(value):
        inside = [
            (f"{path}.{place}" if path else str(place), _Rows(entry))
            for place, entry in enumerate(value)
            if _is_records(entry)
        ]
        if inside:
            return _chosen(inside)
    return _Rows(value)


def _rows_of_dict(value: dict[Any, Any], path: str) -> _Rows:
    written_out = _written_out(value)
    if written_out is not None:
        return written_out
    if _is_columns(value, min_length=1):
        return _Rows((), columns=value)
    candidates = list(_candidates(value, path))
    # A list of records in just one of many like dicts is an envelope's; in most, a record's.
    if _is_keyed(value) and len(candidates) != 1:
        return _keyed_rows(value)
    if candidates:
        return _chosen(candidates)
    for key, child in value.items():
        if key in WELL_KNOWN_KEYS and isinstance(child, list):
            return _Rows(child)
        if isinstance(child, dict) and _is_keyed(child) and _is_rows_key(key, child, value):
            return _keyed_rows(child)
    return _Rows([value] if value else [])


def _chosen(candidates: list[tuple[str, _Rows]]) -> _Rows:
    """Return the only candidate, or the only one under a well-known key.

    Raises:
        FrameError: there are several; lists them and how to choose.
    """
    if len(candidates) == 1:
        return candidates[0][1]
    known = [one for one in candidates if one[0].rpartition(".")[2] in WELL_KNOWN_KEYS]
    if len(known) == 1:
        return known[0][1]
    listed = sorted(candidates, key=lambda one: -len(one[1]))
    first = quoted((known or listed)[0][0])
    lines = [f"{len(listed)} parts of this JSON could be the rows:"]
    lines += [
        f"  path={quoted(path)}  ({len(rows):,} {'row' if len(rows) == 1 else 'rows'})"
        for path, rows in listed[:_LISTED_CANDIDATES]
    ]
    if len(listed) > _LISTED_CANDIDATES:
        lines.append(f"  and {len(listed) - _LISTED_CANDIDATES:,} more")
    lines.append(f"Did you mean path={first}? Give the one you want, as in .df(path={first}).")
    raise FrameError("\n".join(lines))


def _candidates(root: dict[Any, Any], path: str) -> Iterator[tuple[str, _Rows]]:
    """Yield path and rows of each part of *root* that holds rows, nearest first.

    Does not look into lists, nor for rows inside of what already is rows.
    """
    queue = deque([(path, root, 1)])
    for _ in range(_SEARCHED_DICTS):
        if not queue:
            return
        prefix, value, depth = queue.popleft()
        for key, child in value.items():
            place = f"{prefix}.{key}" if prefix else str(key)
            if isinstance(child, list):
                if _is_records(child):
                    yield place, _Rows(child)
            elif isinstance(child, dict):
                written_out = _written_out(child)
                if written_out is not None:
                    yield place, written_out
                elif _is_columns(child, min_length=_MIN_NESTED_COLUMN):
                    yield place, _Rows((), columns=child)
                elif len(child) >= _MIN_NESTED_KEYED and _is_keyed(child):
                    yield place, _keyed_rows(child)
                elif depth < _SEARCH_DEPTH:
                    queue.append((place, child, depth + 1))


def _is_records(value: Any) -> bool:
    """Tell whether *value* is a list of dicts; None among them is a row without values."""
    if not isinstance(value, list) or not value:
        return False
    kinds = set(map(type, value))
    return dict in kinds and kinds <= {dict, type(None)}


def _is_columns(value: dict[Any, Any], *, min_length: int) -> bool:
    """Tell whether *value* holds two or more lists of one length, none of them of records."""
    if len(value) < 2 or set(map(type, value.values())) != {list}:
        return False
    lengths = set(map(len, value.values()))
    if len(lengths) != 1 or lengths.pop() < min_length:
        return False
    return not any(map(_is_records, value.values()))


def _is_keyed(value: dict[Any, Any]) -> bool:
    """Tell whether *value* is rows by key: two or more dicts that share most of their keys."""
    if len(value) < 2 or not WELL_KNOWN_KEYS.isdisjoint(islice(value, _SAMPLED_VALUES)):
        return False
    if set(map(type, value.values())) != {dict}:
        return False
    sample = list(islice(value.values(), _SAMPLED_VALUES))
    counts = Counter(key for entry in sample for key in entry)
    shared = sum(2 * count > len(sample) for count in counts.values())
    return shared > 0 and 2 * shared * len(sample) >= sum(map(len, sample))


def _is_rows_key(key: Any, child: dict[Any, Any], parent: dict[Any, Any]) -> bool:
    return key in WELL_KNOWN_KEYS or (len(parent) == 1 and len(child) >= 2)


def _keyed_rows(value: dict[Any, Any]) -> _Rows:
    return _Rows(list(value.values()), labels=[str(key) for key in value], label_name="key")


def _written_out(value: dict[Any, Any]) -> _Rows | None:
    """Return the columns of `{"columns": [names], "data" or "rows": [[...]]}`, or None."""
    names = value.get("columns")
    if not isinstance(names, list) or set(map(type, names)) != {str}:
        return None
    rows = value.get("data", value.get("rows"))
    if not isinstance(rows, list) or len(set(names)) != len(names):
        return None
    if any(type(row) is not list or len(row) != len(names) for row in rows):
        return None
    labels = value.get("index")
    if not isinstance(labels, list) or len(labels) != len(rows):
        labels = None
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
    return _Rows((), labels=labels, columns=dict(zip(names, columns, strict=True)))


def _checked_matrix(entries: Sequence[Any]) -> list[Any]:
    """Return *entries* with the short ones filled with NaN; one long row widens all the others.

    Raises:
        FrameError: the matrix would have more than `MAX_CELLS` cells.
    """
    widest = max(map(len, entries))
    if widest * len(entries) > MAX_CELLS:
        msg = (
            f"The matrix would have {len(entries):,} rows and {widest:,} columns, more than "
            f"{MAX_CELLS:,} cells.\nBuild the frame from .json() yourself."
        )
        raise FrameError(msg)
    # pandas is about to refuse rows of different lengths.
    return [
        entry if len(entry) == widest else [*entry, *repeat(NAN, widest - len(entry))]
        for entry in entries
    ]


def _type_name(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "constant"
    return "string" if isinstance(value, str) else "number"
