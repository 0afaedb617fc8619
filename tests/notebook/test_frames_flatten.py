"""Nested records become columns, as pandas' own slower way has it."""

from __future__ import annotations

import math
import time
from typing import Any

import pandas
import pytest
from hypothesis import given, settings, strategies as st

from notebook_http.notebook.frames import FrameError, frame_from_json
from notebook_http.notebook.frames.flatten import MAX_DEPTH, columns_of

_names = st.text(
    st.characters(exclude_characters=".", exclude_categories=["Cs"]), min_size=1, max_size=3
)
_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
)
_values = st.recursive(
    _scalars | st.lists(_scalars, max_size=3),
    lambda inner: st.dictionaries(_names, inner, max_size=3),
    max_leaves=8,
)
_records = st.lists(st.dictionaries(_names, _values, max_size=5), min_size=1, max_size=6)


@given(_records)
@settings(deadline=None, max_examples=300)
def test_columns_and_cells_are_those_of_json_normalize(records: list[dict[str, Any]]) -> None:
    """An independent reading of the same records; only the order of columns differs."""
    ours, theirs = frame_from_json(records), pandas.json_normalize(records)
    assert len(ours) == len(records)
    # pandas keeps a column that holds nothing but null beside dicts of the same name.
    for name in set(theirs.columns) ^ set(ours.columns):
        assert theirs[name].isna().all()
    for name in ours.columns:
        for mine, other in zip(ours[name], theirs[name], strict=True):
            assert mine == other or (_absent(mine) and _absent(other))


def _absent(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


@given(_records)
@settings(deadline=None, max_examples=50)
def test_many_records_are_as_many_few(records: list[dict[str, Any]]) -> None:
    """Work is done some hundred records at a time; nothing may shift at the seams."""
    few, many = columns_of(records), columns_of(records * 700)
    assert set(few) == set(many)
    for name, column in many.items():
        assert len(column) == len(records) * 700
        assert repr(column) == repr(few[name] * 700)


def test_columns_come_in_the_order_of_the_document() -> None:
    """A person who reads the JSON finds the columns where the keys were."""
    rows = [{"id": 1, "geo": {"lat": 1, "lng": 2}, "name": "a"}, {"id": 2, "extra": {"x": 1}}]
    assert list(columns_of(rows)) == ["id", "geo.lat", "geo.lng", "name", "extra.x"]


def test_scalars_and_records_under_one_key_are_both_kept() -> None:
    """APIs send an id or the whole object under one key; neither is thrown away."""
    frame = frame_from_json([{"owner": 7}, {"owner": {"id": 7, "name": "Ada"}}, {"owner": None}])
    assert list(frame.columns) == ["owner", "owner.id", "owner.name"]
    assert frame["owner"].tolist()[0] == 7
    assert frame["owner.name"].tolist()[1] == "Ada"


def test_a_name_spelled_twice_loses_no_value() -> None:
    """`a.b` as a key and `b` inside `a` meet in one column: the first fills, the other helps."""
    frame = frame_from_json([{"a.b": 1, "a": {"b": 2}}, {"a": {"b": 3}}, {"a.b": 4}])
    assert frame["a.b"].tolist() == [1, 3, 4]


def test_null_among_the_records_is_a_row_without_values() -> None:
    """GraphQL lists hold nulls for what failed; the rows must keep their places."""
    frame = frame_from_json([{"a": 1}, None, {"a": 3}])
    assert frame["a"].isna().tolist() == [False, True, False]


def test_rows_of_mixed_kinds_keep_the_odd_ones_in_a_column_of_their_own() -> None:
    """Nothing is dropped because it is no record."""
    frame = frame_from_json([{"a": 1}, "x", [1, 2]] * 4)
    assert frame["value"].tolist()[1:3] == ["x", [1, 2]]


def test_very_deep_dicts_stay_dicts_in_their_cell() -> None:
    """Names of a thousand parts help nobody, and the stack has an end."""
    value: Any = 1
    for _ in range(200):
        value = {"a": value}
    (name,) = frame_from_json([value]).columns
    assert name == ".".join("a" * MAX_DEPTH)


def test_records_that_share_no_keys_are_refused_quickly() -> None:
    """A megabyte of JSON would else ask for a table of a billion cells."""
    rows = [{f"key{number}": 1} for number in range(100_000)]
    started = time.process_time()
    with pytest.raises(FrameError, match="share any keys") as caught:
        columns_of(rows)
    assert time.process_time() - started < 5
    assert len(str(caught.value).splitlines()) <= 12


def test_keys_that_leave_no_column_count_as_work() -> None:
    """Empty dicts make no columns, so a limit on columns alone would never be reached."""
    with pytest.raises(FrameError, match="share any keys"):
        columns_of([{f"key{number}.{part}": {} for part in range(20)} for number in range(7_000)])
