"""CSV and TSV as servers really send them."""

from __future__ import annotations

import pandas
import pytest
from vega_datasets import local_data

from notebook_http.notebook.frames import FrameError, frame_from_csv


def test_a_csv_file_reads_as_pandas_reads_it() -> None:
    """Seattle's weather: the frame is the one that read_csv makes of the file."""
    path = local_data.seattle_weather.filepath
    expected = pandas.read_csv(path)
    with open(path, "rb") as file:
        pandas.testing.assert_frame_equal(frame_from_csv(file.read(), "utf-8"), expected)
    assert len(expected) == 1461


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_from_the_lines(delimiter: str) -> None:
    """Spreadsheets of half of Europe write semicolons, and commas inside numbers."""
    airports = pandas.read_csv(local_data.airports.filepath).head(200)
    text = airports.to_csv(index=False, sep=delimiter)
    pandas.testing.assert_frame_equal(frame_from_csv(text.encode()), airports)


def test_commas_inside_fields_do_not_mislead() -> None:
    """Decimal commas are as many as the semicolons, and still no delimiter."""
    frame = frame_from_csv(b"place;price\nRoma;1,50\nBonn;2,75\n")
    assert list(frame.columns) == ["place", "price"]


def test_a_sample_cut_in_a_line_does_not_mislead() -> None:
    """Only the first 64 KiB are looked at, and they end anywhere."""
    text = "a;b\n" + f"{'x' * 40_000};1\n" * 3
    assert frame_from_csv(text.encode()).shape == (3, 2)


def test_one_column_is_a_table_too() -> None:
    """No delimiter anywhere is no error when the type says CSV."""
    assert frame_from_csv(b"name\nAda\nGrace\n")["name"].tolist() == ["Ada", "Grace"]


@pytest.mark.parametrize(
    ("content", "charset"),
    [
        ("näme,x\nÅsa,1\n".encode(), None),
        ("näme,x\nÅsa,1\n".encode("utf-8-sig"), None),
        ("näme,x\nÅsa,1\n".encode("utf-16"), None),
        ("näme,x\nÅsa,1\n".encode("cp1252"), None),
        ("näme,x\nÅsa,1\n".encode("latin-1"), "iso-8859-1"),
    ],
)
def test_the_text_is_decoded_by_mark_charset_or_guess(content: bytes, charset: str | None) -> None:
    """A byte order mark must not end up in the first column's name."""
    assert frame_from_csv(content, charset).to_dict("list") == {"näme": ["Åsa"], "x": [1]}


@pytest.mark.parametrize(
    ("content", "charset", "said"),
    [
        (b"", None, "empty"),
        (b" \r\n ", None, "empty"),
        (b"a,b\n1,2,3\n1,2,3,4,5\n", None, "delimiter ','"),
        (b"a,b\n1,2,3\n4\n", None, "the next one 3"),
        (b"a,b\n1,2\n4,5,6\n", None, "pandas.read_csv(io.StringIO(r.text)"),
        (b'a,b\n"1', None, "EOF inside string"),
        (b"a,b\n1,2\n", "no-such-charset", "which Python does not know"),
        (b"a,b\n1,2\n", "base64", "which Python does not know"),
        (b"\xe9,b\n1,2\n", "utf-8", "not in the charset"),
    ],
)
def test_what_is_no_table_says_why_and_what_next(
    content: bytes, charset: str | None, said: str
) -> None:
    """One class of error, few lines, and a next thing to try."""
    with pytest.raises(FrameError) as caught:
        frame_from_csv(content, charset)
    assert said in str(caught.value)
    assert 2 <= len(str(caught.value).splitlines()) <= 12


def test_lines_that_end_in_a_delimiter_keep_their_columns() -> None:
    """Pandas alone would take the first column for an index and move all others by one name."""
    assert frame_from_csv(b"a;b\n1;2;\n3;4;\n").to_dict("list") == {"a": [1, 3], "b": [2, 4]}
    frame = frame_from_csv(b"a,b\n1,2,\n3,4,\n")
    assert frame.to_dict("list") == {"a": [1, 3], "b": [2, 4]}
    assert list(frame.index) == [0, 1]
    late = frame_from_csv(b"a,b\n" + b"1,2,\n" * 30 + b"3,4,5\n")
    assert list(late["a"]) == [1] * 30 + [3]
    assert late.iloc[30, 2] == 5  # nothing is lost


def test_a_table_whose_rows_have_names_has_them_as_index() -> None:
    """R's write.table leaves the first name out."""
    frame = frame_from_csv(b"mpg;cyl\nMazda;21;6\nFiat;32;4\n")
    assert list(frame.index) == ["Mazda", "Fiat"]
    assert list(frame["cyl"]) == [6, 4]


def test_rows_with_names_may_be_longer_than_the_sample() -> None:
    """The last row that is looked at is cut off, and has fewer fields than the others."""
    notes = "x" * 5000
    rows = "".join(f"car {number},{notes},{number}\n" for number in range(20))
    frame = frame_from_csv(f"notes,number\n{rows}".encode())
    assert frame.loc["car 19", "number"] == 19
    assert list(frame.columns) == ["notes", "number"]


def test_mixed_columns_give_no_warning() -> None:
    """Pandas warns of chunks that disagree; a cell must stay quiet (warnings are errors here)."""
    text = "a,b\n" + "1,2\n" * 300_000 + "x,y\n" * 300_000
    assert len(frame_from_csv(text.encode())) == 600_000
