"""Tables of HTML pages, as browsers read them, and pages that mean harm."""

from __future__ import annotations

import html
import time
from typing import Any

import pytest
from hypothesis import given, strategies as st

from notebook_http.notebook.frames import FrameError, frame_from_reply_parts


def frame(page: str, content_type: str, *path: str, **options: Any) -> Any:
    return frame_from_reply_parts(page.encode(), content_type, None, *path, **options)


def refused(page: str, content_type: str, *path: str) -> str:
    with pytest.raises(FrameError) as caught:
        frame(page, content_type, *path)
    assert len(str(caught.value).splitlines()) <= 12
    return str(caught.value)


PAGE = """<!doctype html><html><head><script>document.write("<table><tr><td>x")</script></head>
<table id=nav><tr><td>Home<td>About</table>
<!-- <table><tr><th>no</table> -->
<table class="big" id="medals"><caption>Medals <i>won</i></caption>
<thead><tr><th rowspan=2>Land<th colspan="2">Count</tr><tr><th>Gold</th><th>Silver</th></tr></thead>
<tbody><tr><td>Nor&shy;way<td>1,205<td>0</tr>
<tr><td><a href="x>y">Fr<b>ance</b></a></td><td>2,010</td><td></td></tr>
</tbody></table>"""


def test_a_page_is_its_only_table_with_headers() -> None:
    for content_type in ("text/html", "application/xhtml+xml", ""):
        made = frame(PAGE, content_type)
        assert list(made.columns) == ["Land", "Count Gold", "Count Silver"]
        assert made["Land"].tolist() == ["Nor\u00adway", "France"]
        assert made["Count Gold"].tolist() == [1205, 2010]
        assert made["Count Silver"].isna().tolist() == [False, True]
    assert frame(PAGE, "text/html", "medals").equals(frame(PAGE, "text/html", "Medals won"))
    assert frame(PAGE, "text/html", "0").to_numpy().tolist() == [["Home", "About"]]
    assert 'Did you mean "medals"' in refused(PAGE, "text/html", "medal")


def test_several_tables_are_listed() -> None:
    table = "<table><tr><th>{}<th>n<tr><td>x<td>1</table>"
    said = refused(table.format("a") + table.format("b"), "text/html")
    assert 'path="0"  (1 rows: "a", "n")' in said
    assert 'path="1"' in said


def test_spans_nested_tables_and_names_that_repeat() -> None:
    made = frame(
        "<table><tr><th>a<th>a<th><tr><td rowspan=2>x<td colspan=2>y<tr><td>z<td>"
        "<table><tr><td>inner</table>w</table>",
        "text/html",
        "0",
    )
    assert list(made.columns) == ["a", "a.1", "column 2"]
    assert made.to_numpy().tolist() == [["x", "y", "y"], ["x", "z", "w"]]


@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\r\0")), min_size=2, max_size=2
        ),
        min_size=1,
        max_size=5,
    )
)
def test_every_text_comes_back_out_of_a_page(rows: list[list[str]]) -> None:
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows
    )
    made = frame(f"<table>{body}</table>", "text/html; charset=utf-8", dtypes=None)
    said = [[html.unescape(html.escape(cell)) for cell in row] for row in rows]
    found = made.astype(object).where(made.notna(), "").to_numpy().tolist()
    assert found == [[" ".join(cell.split()) for cell in row] for row in said]


@given(
    st.lists(
        st.sampled_from([*"<>/!-=\"' tdrhab9", "<table>", "</table>", "<td", "<!--", "rowspan=9"]),
        max_size=60,
    ).map("".join)
)
def test_no_page_breaks_the_reader(page: str) -> None:
    try:
        frame(f"<table>{page}", "text/html")
    except FrameError:
        pass


@pytest.mark.parametrize(
    "piece",
    ["<td", '<td "', "<td '", "<!--", "<script>", "<td a=b' \"", "<table><tr>", "<!x", "&#"],
)
def test_hostile_pages_cost_no_more_than_their_length(piece: str) -> None:
    """Seconds of processor time for 1 MB at most; the square of it would be hours."""
    page = "<table><tr>" + piece * (1_000_000 // len(piece))
    started = time.process_time()
    try:
        frame(page, "text/html")
    except FrameError:
        pass
    assert time.process_time() - started < 10


def test_spans_that_ask_for_millions_of_cells_are_refused() -> None:
    body = "<table>" + "<tr><td colspan=1000 rowspan=65534>" * 5000 + "</table>"
    assert "more than 4,000,000 cells" in refused(body, "text/html")
