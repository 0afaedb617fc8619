"""Replies and frames on data that nobody here made up, served by a server of ours."""

from __future__ import annotations

import io
import json

import pandas as pd
import pytest

import notebook_http as nh

Bodies = dict[str, tuple[str, bytes]]


async def test_cars_are_a_frame_of_their_records(real_data_url: str, real_data: Bodies) -> None:
    """Numbers stay numbers, missing horse powers are NaN, order is kept."""
    frame = (await nh.get(f"{real_data_url}cars.json")).df()
    records = json.loads(real_data["cars.json"][1])
    assert frame.shape == (406, 9)
    assert list(frame["Name"]) == [record["Name"] for record in records]
    assert frame["Horsepower"].isna().sum() == sum(
        record["Horsepower"] is None for record in records
    )
    assert frame["Weight_in_lbs"].dtype.kind == "i"
    assert frame["Miles_per_Gallon"].dtype.kind == "f"


@pytest.mark.parametrize(("name", "rows"), [("airports.csv", 3376), ("seattle-weather.csv", 1461)])
async def test_csv_is_what_pandas_reads_itself(
    real_data_url: str, real_data: Bodies, name: str, rows: int
) -> None:
    """The bytes went over the wire and back into the very same table."""
    frame = (await nh.get(real_data_url + name)).df()
    assert len(frame) == rows
    expected = pd.read_csv(io.BytesIO(real_data[name][1]))
    assert list(frame.columns) == list(expected.columns)
    for column in expected:
        assert list(frame[column].astype(str)) == list(expected[column].astype(str))


async def test_inner_dicts_become_columns(real_data_url: str, real_data: Bodies) -> None:
    """`place.latitude`, and no column that still holds dicts."""
    frame = (await nh.get(f"{real_data_url}airports.json")).df()
    records = json.loads(real_data["airports.json"][1])
    assert "place" not in frame.columns
    assert list(frame["place.latitude"]) == [record["place"]["latitude"] for record in records]
    assert list(frame["name"]) == [record["name"] for record in records]


async def test_every_script_of_the_world_survives(real_data_url: str, real_data: Bodies) -> None:
    """34,000 cities, 12 MB: names in every alphabet, equal to the last character."""
    reply = await nh.get(f"{real_data_url}cities.json")
    records = json.loads(real_data["cities.json"][1])
    assert reply.json() == records
    frame = reply.df()
    assert len(frame) == len(records) > 30_000
    assert list(frame["name"]) == [record["name"] for record in records]
    assert list(frame["population"]) == [record["population"] for record in records]
    assert [list(names) for names in frame["alternatenames"]] == [
        record["alternatenames"] for record in records
    ]


async def test_card_of_a_large_answer_stays_small(real_data_url: str) -> None:
    """12 MB must not end up in a notebook file: 64 KiB for all forms of the card together."""
    reply = await nh.get(f"{real_data_url}cities.json")
    bundle = reply._repr_mimebundle_(include=None, exclude=None)
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert {"text/plain", "text/html"} <= set(data)
    assert sum(len(str(text).encode()) for text in data.values()) <= 64 * 1024
    assert "les Escaldes" in data["text/html"]


async def test_countries_come_whole(real_data_url: str, real_data: Bodies) -> None:
    """252 records with an empty capital here and there: empty text is not missing."""
    frame = (await nh.get(f"{real_data_url}countries.json")).df()
    records = json.loads(real_data["countries.json"][1])
    assert len(frame) == 252
    assert list(frame["capital"]) == [record["capital"] for record in records]
