"""What `df()` was asked for: types, index, other kinds of tables, and where a table is from."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from typing import Any

import pandas as pd
import polars
import pyarrow
import pytest
from hypothesis import given, strategies as st

import notebook_http as nh
from notebook_http import web
from notebook_http.notebook.frames import FrameError, frame_from_reply_parts


def frame(rows: Any, **options: Any) -> Any:
    return frame_from_reply_parts(json.dumps(rows).encode(), "application/json", **options)


def refused(rows: Any, **options: Any) -> str:
    with pytest.raises(FrameError) as caught:
        frame(rows, **options)
    assert len(str(caught.value).splitlines()) <= 12
    return str(caught.value)


# Types


@given(
    st.lists(
        st.datetimes(timezones=st.sampled_from([None, pd.Timestamp("2024-01-01T00:00+05:30").tz]))
        | st.none(),
        min_size=1,
        max_size=8,
    )
)
def test_dates_are_what_python_reads_of_them(dates: list[Any]) -> None:
    """Each text is the instant that it says, or the column stays text."""
    texts = [None if date is None else date.isoformat() for date in dates]
    column = frame([{"at": text} for text in texts])["at"]
    zones = {date.tzinfo is not None for date in dates if date is not None}
    if column.dtype.kind == "M":
        assert len(zones) == 1
        assert [None if pd.isna(at) else at for at in column] == [
            None if date is None else pd.Timestamp(date) for date in dates
        ]
    else:
        assert [None if pd.isna(text) else text for text in column] == texts
        in_nanoseconds = all(date is None or 1700 < date.year < 2200 for date in dates)
        assert len(zones) != 1 or not in_nanoseconds


def test_dates_with_a_zone_are_in_utc_and_those_without_have_none() -> None:
    made = frame([{"a": "2024-02-29T12:00:00+02:00", "b": "2024-02-29", "c": "2024-02-29 10:00"}])
    assert str(made["a"].dtype).endswith(", UTC]")
    assert made["a"][0] == pd.Timestamp("2024-02-29T10:00Z")
    assert made["b"][0] == pd.Timestamp("2024-02-29")
    assert made["c"][0] == pd.Timestamp("2024-02-29T10:00")


@pytest.mark.parametrize(
    "texts",
    [
        ["2024-02-30"],  # no such day
        ["2024-01-01", "soon"],
        ["2024-01-01", ""],
        ["2024-01-01T00:00Z", "2024-01-01T00:00"],  # an instant and a wall clock
        ["2024"],
        ["20240131"],
        ["0123", "0456"],
        ["12", "13"],  # quoted on purpose
        ["٢٠٢٤-٠١-٠١"],
    ],
)
def test_what_is_not_all_dates_stays_the_text_that_came(texts: list[str]) -> None:
    assert frame([{"a": text} for text in texts])["a"].tolist() == texts


def test_large_whole_numbers_beside_nulls_keep_their_digits() -> None:
    """As floats, two identifiers of 64 bits would be one."""
    numbers = [2**53 + 1, None, -(2**62) - 1]
    made = frame([{"id": number} for number in numbers])["id"]
    assert str(made.dtype) == "Int64"
    assert [None if pd.isna(number) else number for number in made] == numbers
    assert frame([{"n": 1}, {"n": None}])["n"].dtype.kind == "f"
    assert frame([{"n": 2**70}, {"n": None}])["n"][0] == 2**70


def test_types_can_be_left_alone_or_named() -> None:
    rows = [{"day": "2024-01-01", "due": "2024-02-01", "zip": 7}]
    assert frame(rows, dtypes=None)["day"].tolist() == ["2024-01-01"]
    made = frame(rows, dtypes={"day": "str", "zip": "category"})
    assert made["day"].tolist() == ["2024-01-01"]
    assert made["due"].dtype.kind == "M"
    assert str(made["zip"].dtype) == "category"
    assert "Did you mean" in refused(rows, dtypes={"dya": "str"})
    assert 'Column "day" cannot become' in refused(rows, dtypes={"day": "int64"})
    assert "nothing that df() knows" in refused(rows, dtypes="numbers")


def test_dates_in_csv_and_in_a_matrix_are_dates_too() -> None:
    made = frame_from_reply_parts(b"day,n\n2024-01-01,1\n,2\n", "text/csv")
    assert made["day"].dtype.kind == "M"
    assert made["day"].isna().tolist() == [False, True]
    assert made["n"].tolist() == [1, 2]
    raw = frame_from_reply_parts(b"day,n\n2024-01-01,1\n", "text/csv", dtypes=None)
    assert raw["day"].tolist() == ["2024-01-01"]
    assert frame([["2024-01-01", 1], ["2024-01-02", 2]])[0].dtype.kind == "M"


MIXED = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from("abc"),
            MIXED | st.lists(MIXED, max_size=2) | st.fixed_dictionaries({"x": MIXED, "y": MIXED}),
            min_size=1,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_mixed_columns_hold_what_json_normalize_makes_of_them(rows: list[dict[str, Any]]) -> None:
    """Cell by cell, whatever kinds a column mixes, through the whole way from bytes."""
    made = frame(rows, dtypes=None)
    expected = pd.json_normalize(json.loads(json.dumps(rows)))
    for name in expected.columns:
        if name not in made.columns:  # nulls beside objects are no column of their own
            assert expected[name].isna().all()
            continue
        for ours, theirs in zip(made[name], expected[name], strict=True):
            both = isinstance(ours, list) or isinstance(theirs, list)
            assert ours == theirs or (not both and pd.isna(ours) and pd.isna(theirs))


def test_hostile_json_is_a_frame_or_says_why() -> None:
    made = frame_from_reply_parts(b'[{"a": 1, "a": 2, "b": "\\ud800"}]', "application/json")
    assert made.to_dict("list") == {"a": [2], "b": ["\ud800"]}
    deep = b'[{"a":' * 5000 + b"1" + b"}]" * 5000
    with pytest.raises(FrameError, match="nested too deeply"):
        frame_from_reply_parts(deep, "application/json")
    # A thousand levels are within some parsers' reach: a row of it, never a crash.
    with contextlib.suppress(FrameError):
        frame_from_reply_parts(b'[{"a":' * 500 + b"1" + b"}]" * 500, "application/json")


# Shape


def test_without_flattening_dicts_stay_in_their_cells() -> None:
    made = frame([{"a": {"b": {"c": 1}}, "n": 1}], flatten=False)
    assert list(made.columns) == ["a", "n"]
    assert made["a"][0] == {"b": {"c": 1}}


def test_an_index_is_a_column_or_several() -> None:
    rows = [{"id": 7, "kind": "a", "n": 1}, {"id": 8, "kind": "b", "n": 2}]
    assert frame(rows, index="id").loc[8, "n"] == 2
    assert frame(rows, index=["id", "kind"]).loc[(7, "a"), "n"] == 1
    assert 'Did you mean "kind"' in refused(rows, index="knd")
    keyed = {"GB": {"n": 1}, "FR": {"n": 2}}
    assert frame(keyed, index="key").loc["FR", "n"] == 2


# Other kinds of tables


def test_polars_and_arrow_hold_the_same_values() -> None:
    rows = [
        {"id": 1, "at": "2024-01-01T10:00:00Z", "tags": ["a", "b"], "geo": {"lat": 1.5}},
        {"id": 2, "at": None, "tags": [], "geo": {"lat": None}},
    ]
    as_polars = frame(rows, to="polars")
    as_arrow = frame(rows, to="arrow")
    assert isinstance(as_polars, polars.DataFrame)
    assert isinstance(as_arrow, pyarrow.Table)
    assert as_polars.columns == as_arrow.column_names == ["id", "at", "tags", "geo.lat"]
    assert as_polars["tags"].to_list() == as_arrow["tags"].to_pylist() == [["a", "b"], []]
    assert as_polars["geo.lat"].to_list() == as_arrow["geo.lat"].to_pylist() == [1.5, None]
    assert as_polars["at"].to_list() == as_arrow["at"].to_pylist()
    assert as_polars["at"].to_list()[0] == pd.Timestamp("2024-01-01T10:00Z")


def test_keys_that_name_rows_are_kept_where_there_is_no_index() -> None:
    keyed = {"GB": {"n": 1}, "FR": {"n": 2}}
    assert frame(keyed, to="arrow")["key"].to_pylist() == ["GB", "FR"]
    assert frame([[1, 2], [3, 4]], to="polars").columns == ["0", "1"]


def test_what_has_no_room_for_mixed_columns_names_the_column() -> None:
    rows = [{"x": 1}, {"x": "a"}, {"x": [1]}]
    assert frame(rows)["x"].tolist() == [1, "a", [1]]
    for to in ("polars", "arrow"):
        said = refused(rows, to=to)
        assert 'Column "x"' in said
        assert "int, list, str" in said
        assert list(map(str, frame(rows, to=to, dtypes={"x": "str"})["x"])) == ["1", "a", "[1]"]
    assert 'Did you mean "polars"' in refused(rows, to="polar")


@pytest.mark.parametrize(("library", "to"), [("pyarrow", "arrow"), ("polars", "polars")])
def test_a_library_that_is_missing_is_said_with_its_remedy(library: str, to: str) -> None:
    code = (
        f"import sys; sys.modules['{library}'] = None\n"
        "from notebook_http.notebook.frames import FrameError, frame_from_reply_parts as frame\n"
        'body = b\'[{"a": 1, "at": "2024-01-01"}]\'\n'
        "assert frame(body, 'application/json')['at'].dtype.kind == 'M'\n"
        f"try: frame(body, 'application/json', to='{to}')\n"
        "except FrameError as error: print(error)\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert f"pip install {library}" in finished.stdout


def test_polars_comes_without_pyarrow_too() -> None:
    """Values are handed over one by one then: slower, the same."""
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from notebook_http.notebook.frames import frame_from_reply_parts as frame\n"
        'body = b\'[{"a": 1, "t": ["x"], "at": "2024-01-01"}, {"a": null}]\'\n'
        "made = frame(body, 'application/json', to='polars')\n"
        "print(made['a'].to_list(), made['t'].to_list(), made['at'].to_list()[0].year)\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert finished.stdout.strip() == "[1.0, None] [['x'], None] 2024"


# Where it is from


async def test_a_frame_knows_where_it_is_from_and_no_secrets() -> None:
    async def rows(request: web.Request) -> web.Response:
        return web.json_response([{"a": 1}], headers={"ETag": '"v1"'})

    app = web.Application()
    app.router.add_get("/rows", rows)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        reply = await nh.get(f"http://127.0.0.1:{port}/rows?page=1&api_key=c4n4ry")
        attrs = reply.df().attrs
        assert attrs["url"].startswith(f"http://127.0.0.1:{port}/rows?page=1")
        assert "c4n4ry" not in str(attrs)
        assert attrs["etag"] == '"v1"'
        age = pd.Timestamp.now("UTC") - pd.Timestamp(attrs["time"])
        assert pd.Timedelta(-2, "s") < age < pd.Timedelta(60, "s")
        metadata = reply.df(to="arrow").schema.metadata
        assert json.loads(metadata[b"notebook_http"]) == attrs
        json.dumps(attrs)  # Parquet files keep attrs only then
    finally:
        await runner.cleanup()
