"""Turn nested records into flat columns, `{"geo": {"lat": 1}}` into a column `geo.lat`.

Works a column at a time, not a record at a time: one list comprehension for each key of a few
hundred records is several times faster than a flattened dict for each record. Knows nothing of
pandas, nor of where the records came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, repeat
from typing import Any

from notebook_http.notebook.frames.exceptions import FrameError

__all__ = ["MAX_CELLS", "MAX_DEPTH", "NAN", "columns_of"]

#: Levels of nesting that become column names. What is deeper stays a dict in its cell.
MAX_DEPTH = 32

#: Cells (rows times columns) of one frame. A megabyte of JSON in which every record has keys of
#: its own would else ask for gigabytes of NaN; 64 million cells are half a gigabyte of pointers.
MAX_CELLS = 64_000_000

#: What stands for a key that a record does not have; compared by identity, so that a NaN which
#: a body did send (Python's json allows it) is a value like any other.
NAN = float("nan")

#: Records that are worked on together: few enough to stay in the processor's cache while one
#: column after the other is taken from them (measured: twice as fast as all at once).
_ROWS_AT_ONCE = 512

_EMPTY: dict[str, Any] = {}


def columns_of(
    rows: Sequence[Any], *, scalar_name: str = "value", max_depth: int = MAX_DEPTH
) -> dict[str, list[Any]]:
    """Return the columns of *rows* as lists, in the order in which their names were first seen.

    Shape: each list has `len(rows)` entries; a key that a record lacks is NaN. Nested dicts
    become dotted names, lists stay lists, an empty dict is no value. Rows that are no dicts
    (scalars, lists) are kept in a column named *scalar_name*; beside dicts, a row that is None
    is NaN throughout. Dicts *max_depth* levels down stay dicts in their cells; 1 flattens nothing.

    Two spellings of one name (`{"a.b": 1, "a": {"b": 2}}`) share a column: the first one found
    gives a row its value, the others fill its gaps.

    Raises:
        FrameError: the table would have more than `MAX_CELLS` cells.
    """
    kinds = set(map(type, rows))
    if dict not in kinds:
        return {scalar_name: list(rows)} if rows else {}
    spread = _Spread(len(rows), max_depth)
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = rows[start : start + _ROWS_AT_ONCE]
        spread.begin(start, len(part))
        if kinds - {dict, type(None)}:
            spread.keep(scalar_name, [NAN if type(row) is dict else row for row in part])
        spread.add(_dicts_among(part, kinds), "", 1)
    return spread.completed()


class _Spread:
    """The columns found so far, filled a part of the rows at a time."""

    __slots__ = ("columns", "kept_cells", "max_depth", "part_rows", "rows", "seen_cells", "start")

    def __init__(self, rows: int, max_depth: int) -> None:
        self.max_depth = max_depth
        self.columns: dict[str, list[Any]] = {}
        self.rows = rows
        self.kept_cells = self.seen_cells = 0
        self.start = self.part_rows = 0

    def begin(self, start: int, part_rows: int) -> None:
        """Go on with the *part_rows* rows from *start* on."""
        self.start, self.part_rows = start, part_rows

    def add(self, records: Sequence[dict[Any, Any]], prefix: str, depth: int) -> None:
        """Add values for each key of *records*; dicts among them are spread in turn."""
        keys: dict[Any, None] = dict.fromkeys(chain.from_iterable(records))
        # Both before the loop: what is kept bounds the memory, what is looked at the time (keys
        # of empty dicts leave no column). Records that share keys never look at thrice as much.
        self.seen_cells += len(keys) * self.part_rows
        wasted_cells = self.seen_cells - 3 * self.kept_cells
        if len(self.columns) * self.rows > MAX_CELLS or wasted_cells > MAX_CELLS // 4:
            raise FrameError(_too_many_cells(self.rows, max(len(self.columns), len(keys))))
        for key in keys:
            name = f"{prefix}{key}"
            values = [record.get(key, NAN) for record in records]
            kinds = set(map(type, values))
            if dict not in kinds or depth >= self.max_depth:
                self.keep(name, values)
                continue
            # NaN and None beside dicts are absences, not values of a column of their own.
            if kinds - {dict, type(None)}:
                rest = [NAN if type(value) is dict else value for value in values]
                if any(value is not NAN and value is not None for value in rest):
                    self.keep(name, rest)
            self.add(_dicts_among(values, kinds), f"{name}.", depth + 1)

    def keep(self, name: str, values: list[Any]) -> None:
        """Append *values* to column *name*; where it has values of these rows, fill its gaps."""
        column = self.columns.get(name)
        if column is None:
            column = self.columns[name] = []
        if len(column) > self.start:
            taken = column[self.start :]
            del column[self.start :]
            values = [new if old is NAN else old for old, new in zip(taken, values, strict=True)]
        elif len(column) < self.start:
            column.extend(repeat(NAN, self.start - len(column)))
        column.extend(values)
        self.kept_cells += len(values)

    def completed(self) -> dict[str, list[Any]]:
        """Return the columns, each as long as there are rows."""
        for column in self.columns.values():
            column.extend(repeat(NAN, self.rows - len(column)))
        return self.columns


def _dicts_among(values: Sequence[Any], kinds: set[type]) -> Sequence[dict[Any, Any]]:
    """Return *values* with an empty dict in place of whatever is no dict."""
    if kinds == {dict}:
        return values
    return [value if type(value) is dict else _EMPTY for value in values]


def _too_many_cells(rows: int, columns: int) -> str:
    return (
        f"The table would have {rows:,} rows and at least {columns:,} columns, more than "
        f"{MAX_CELLS:,} cells:\nits records hardly share any keys, so nearly all of it would be "
        "empty.\n"
        'Choose the part that holds the rows by its path, as in path="data.items" '
        '(path="data.*" makes a row of each value of a dict), or build the frame from .json().'
    )
