"""Formats that are neither JSON nor CSV: each becomes the table that its readers know."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from typing import Any

import openpyxl
import pandas as pd
import pyarrow
import pyarrow.feather
import pyarrow.parquet
import pytest

from notebook_http.notebook.frames import FrameError, frame_from_reply_parts

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PARQUET = "application/vnd.apache.parquet"
ARROW = "application/vnd.apache.arrow.stream"
UNTOLD = "application/octet-stream"


def frame(body: bytes | str, content_type: str, *path: str, **options: Any) -> Any:
    content = body.encode() if isinstance(body, str) else body
    return frame_from_reply_parts(content, content_type, None, *path, **options)


def refused(body: bytes | str, content_type: str, *path: str, **options: Any) -> str:
    with pytest.raises(FrameError) as caught:
        frame(body, content_type, *path, **options)
    assert len(str(caught.value).splitlines()) <= 12
    return str(caught.value)


def written(write: Any) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


# Parquet and Arrow


@pytest.fixture(scope="module")
def columns() -> Any:
    """Types that pandas has no word for: nulls beside identifiers of 64 bits, lists, days."""
    return pyarrow.table(
        {
            "id": pyarrow.array([2**60 + 1, None], pyarrow.int64()),
            "tags": [["a"], []],
            "at": pyarrow.array([0, None], pyarrow.timestamp("us", tz="UTC")),
        }
    )


def arrow_file(table: Any) -> bytes:
    sink = io.BytesIO()
    with pyarrow.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def arrow_stream(table: Any) -> bytes:
    sink = io.BytesIO()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def test_columns_come_with_the_types_that_they_left_with(columns: Any) -> None:
    parquet = written(lambda file: pyarrow.parquet.write_table(columns, file))
    feather = written(lambda file: pyarrow.feather.write_feather(columns, file))
    for body, content_type in (
        (parquet, PARQUET),
        (parquet, UNTOLD),
        (arrow_file(columns), UNTOLD),
        (feather, "application/vnd.apache.arrow.file"),
        (arrow_stream(columns), ARROW),
    ):
        made = frame(body, content_type)
        assert made["id"][0] == 2**60 + 1
        assert pd.isna(made["id"][1])
        assert str(made["at"].dtype).endswith("UTC]")
        assert frame(body, content_type, to="arrow").equals(columns)
        assert frame(body, content_type, to="polars")["tags"].to_list() == [["a"], []]
        assert list(frame(body, content_type, index="id").columns) == ["tags", "at"]
        assert "Leave `path` out" in refused(body, content_type, "rows")


def test_bytes_that_were_changed_on_the_way_are_refused_and_never_crash(columns: Any) -> None:
    """In a process of its own, since a wild offset would end the whole process."""
    code = (
        "import random, sys\n"
        "from notebook_http.notebook.frames import FrameError, frame_from_reply_parts as frame\n"
        "good, kind = sys.stdin.buffer.read(), sys.argv[1]\n"
        "random.seed(7)\n"
        "refused = 0\n"
        "for _ in range(150):\n"
        "    body = bytearray(good)\n"
        "    for _ in range(random.randint(1, 4)):\n"
        "        body[random.randrange(len(body))] = random.randrange(256)\n"
        "    if random.random() < 0.3: del body[random.randrange(len(body)):]\n"
        "    try: frame(bytes(body) or b'x', kind)\n"
        "    except FrameError: refused += 1\n"
        "print(refused)\n"
    )
    parquet = written(lambda file: pyarrow.parquet.write_table(columns, file))
    for body, kind in ((parquet, PARQUET), (arrow_stream(columns), ARROW)):
        finished = subprocess.run(
            [sys.executable, "-c", code, kind], input=body, capture_output=True, check=False
        )
        assert finished.returncode == 0, finished.stderr.decode()[-2000:]
        assert int(finished.stdout) > 20


def test_parquet_that_says_one_thing_a_billion_times_is_refused() -> None:
    table = pyarrow.table({"a": pyarrow.nulls(70_000_000)})
    body = written(lambda file: pyarrow.parquet.write_table(table, file, compression="zstd"))
    assert len(body) < 1_000_000
    assert "70,000,000 cells" in refused(body, PARQUET)


def test_what_is_not_installed_is_said_with_its_remedy() -> None:
    code = (
        "import sys; sys.modules['pyarrow'] = sys.modules['openpyxl'] = None\n"
        "from notebook_http.notebook.frames import FrameError, frame_from_reply_parts as frame\n"
        "book = sys.stdin.buffer.read()\n"
        f"bodies = {{'{PARQUET}': b'PAR1', '{ARROW}': b'ARROW1', '{SHEET}': book}}\n"
        "for kind, body in bodies.items():\n"
        "    try: frame(body, kind)\n"
        "    except FrameError as error: print(error)\n"
    )
    book = workbook({"only": [["a"], [1]]})
    finished = subprocess.run(
        [sys.executable, "-c", code], input=book, capture_output=True, check=True
    )
    said = finished.stdout.decode()
    assert said.count("pip install pyarrow") == 2
    assert "pip install openpyxl" in said


# Workbooks


def workbook(sheets: dict[str, list[list[Any]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return written(book.save)


def test_a_workbook_is_its_only_sheet_with_rows() -> None:
    body = workbook(
        {"notes": [], "data": [["day", "n"], [pd.Timestamp("2024-01-01"), 1], [None, 2]]}
    )
    for content_type in (SHEET, UNTOLD, "application/vnd.ms-excel", "application/zip"):
        made = frame(body, content_type)
        assert made["n"].tolist() == [1, 2]
        assert made["day"][0] == pd.Timestamp("2024-01-01")


def test_several_sheets_are_listed_and_chosen_by_name_or_number() -> None:
    body = workbook({"Sales": [["a"], [1], [2]], "Costs": [["a"], [3]]})
    said = refused(body, SHEET)
    assert 'path="Sales"  (2 rows)' in said
    assert 'path="Costs"' in said
    assert frame(body, SHEET, "Costs")["a"].tolist() == [3]
    assert frame(body, SHEET, "0")["a"].tolist() == [1, 2]
    assert 'Did you mean "Costs"' in refused(body, SHEET, "Cost")


def test_a_workbook_that_unpacks_without_end_is_refused() -> None:
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file,
        file.open("xl/workbook.xml", "w") as part,
    ):
        for _ in range(600):
            part.write(bytes(1 << 20))
    assert "unpacks to" in refused(packed.getvalue(), SHEET)
    assert "unpacks to" in refused(packed.getvalue(), UNTOLD)
    assert "none" in refused(b"PK\x03\x04 and no more", SHEET)
    with zipfile.ZipFile(packed := io.BytesIO(), "w") as file:
        file.writestr("xl/workbook.xml", "<no")
    assert "workbook cannot be read" in refused(packed.getvalue(), SHEET)


# XML


FEED = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>News</title>
<item id="007"><title>One &amp; only</title><dc:date>2024-01-01T10:00:00Z</dc:date>
<price currency="EUR">1.50</price><tag>a</tag><tag>b</tag></item>
<item id="008"><title><![CDATA[<b>Two</b>]]></title><dc:date>2024-01-02T10:00:00Z</dc:date>
<price currency="USD">12</price></item></channel></rss>"""


def test_xml_is_the_rows_of_its_repeated_elements() -> None:
    for content_type in ("application/xml", "application/rss+xml", "text/plain"):
        made = frame(FEED, content_type)
        assert made["title"].tolist() == ["One & only", "<b>Two</b>"]
        assert made["id"].tolist() == ["007", "008"]  # a leading zero is no number's
        assert made["price.text"].tolist() == [1.5, 12]
        assert made["price.currency"].tolist() == ["EUR", "USD"]
        assert made["date"][0] == pd.Timestamp("2024-01-01T10:00Z")
        assert made["tag"][0] == ["a", "b"]
    assert frame(FEED, "text/xml", "channel.item", dtypes=None)["price.text"][1] == "12"


def test_xml_with_several_lists_asks_which() -> None:
    body = "<r><a x='1'/><a x='2'/><b y='3'/><b y='4'/></r>"
    assert 'path="a"  (2 rows)' in refused(body, "application/xml")
    assert frame(body, "application/xml", "b")["y"].tolist() == [3, 4]


def test_xml_in_other_encodings() -> None:
    text = "<r><a x='é'/><a x='日'/></r>"
    assert frame(text.encode("utf-16"), "application/xml")["x"].tolist() == ["é", "日"]
    latin = "<r><a x='é'/><a x='ü'/></r>".encode("latin-1")
    made = frame_from_reply_parts(latin, "text/xml", "iso-8859-1")
    assert made["x"].tolist() == ["é", "ü"]
    with pytest.raises(FrameError, match="XML"):
        frame_from_reply_parts(latin, "text/xml", "ebcdic-nowhere")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<r><a></b></r>", "mismatched tag, line 1 column"),
        ('<!DOCTYPE r [<!ENTITY a "aaaa">]><r>&a;</r>', "declares entities"),
        ('<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r>&a;</r>', "declares entities"),
        ('<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:9/">%p;]><r/>', "declares entities"),
        ("<a>" * 100_000, "nested more than"),
        ("<r>text</r>", "no rows in this XML"),
        ("", "no body"),
        ("<r>\x00</r>", "it is not"),
    ],
)
def test_hostile_xml_is_refused(body: str, said: str) -> None:
    assert said in refused(body, "application/xml")


# GeoJSON


def test_geojson_is_properties_and_places() -> None:
    features = [
        {
            "type": "Feature",
            "id": "n1",
            "geometry": {"type": "Point", "coordinates": [10.5, 60.0]},
            "properties": {"name": "A", "at": "2024-01-01", "tags": {"k": 1}},
        },
        {"type": "Feature", "geometry": None, "properties": None},
    ]
    body = json.dumps({"type": "FeatureCollection", "features": features})
    for content_type in ("application/geo+json", "application/json"):
        made = frame(body, content_type)
        assert made.loc[0, ["id", "name", "longitude", "latitude"]].tolist() == [
            "n1",
            "A",
            10.5,
            60.0,
        ]
        assert made["tags.k"][0] == 1
        assert made["at"].dtype.kind == "M"
        assert len(made) == 2
        assert pd.isna(made["longitude"][1])
    lines = "\n".join(map(json.dumps, features))
    assert frame(lines, "application/geo+json-seq").equals(made)
    assert "geometry.coordinates" in frame(body, "application/json", "features").columns
    shape = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [0, 0]]]}
    features[1] = {"type": "Feature", "geometry": shape, "properties": {"longitude": "east"}}
    made = frame(
        json.dumps({"type": "FeatureCollection", "features": features}), "application/json"
    )
    assert made["geometry.coordinates"].tolist() == [[10.5, 60.0], shape["coordinates"]]
    assert made["longitude"][1] == "east"


# Event streams


def test_events_are_rows_with_their_data_flattened() -> None:
    body = (
        'event: price\nid: 1\ndata: {"s": "A", "q": {"bid": 1.5}}\n\n: hello\n\n'
        'event: price\nid: 2\ndata: {"s": "B", "q": {"bid": 2.5}}\n\ndata: [DONE]\n\n'
    )
    made = frame(body, "text/event-stream")
    assert made["event"].tolist() == ["price", "price", "message"]
    assert made["data.q.bid"].tolist()[:2] == [1.5, 2.5]
    assert made["data"].tolist()[2] == "[DONE]"
    plain = frame("data: 1\n\ndata: 2\n\n", "text/event-stream")
    assert plain.to_dict("list") == {"data": [1, 2]}
    assert "no whole event" in refused("data: cut", "text/event-stream")
    assert "over the limit" in refused(b"data: " + bytes(9 << 20), "text/event-stream")
