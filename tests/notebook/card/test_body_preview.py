"""A body on its card: shown by its type, cut to what fits, and said what was cut."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from notebook_http.notebook.display.body_preview import Body, BodyKind, preview_html
from notebook_http.notebook.display.card import CardFacts, card_html, card_text
from notebook_http.notebook.display.size_budget import IMAGE_BYTES

Facts = Callable[..., CardFacts]
ReadSafely = Callable[[str], Any]

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@pytest.mark.parametrize(
    ("content", "content_type", "kind"),
    [
        (b"", "application/json", BodyKind.EMPTY),
        (b"{}", "application/json", BodyKind.JSON),
        (b"{}", "application/problem+json", BodyKind.JSON),
        (b' {"a": 1}', "", BodyKind.JSON),
        (b"{not json}", "text/plain", BodyKind.TEXT),
        (b"{}\n{}", "application/x-ndjson", BodyKind.JSON_LINES),
        (b"a,b", "text/csv", BodyKind.CSV),
        (PNG, "image/png", BodyKind.IMAGE),
        (b"<svg/>", "image/svg+xml", BodyKind.TEXT),
        (b"<p>", "text/html", BodyKind.TEXT),
        (b"<a/>", "application/atom+xml", BodyKind.TEXT),
        (b"hello", "application/x-unheard-of", BodyKind.TEXT),
        (b"\x00\x01", "application/x-unheard-of", BodyKind.BINARY),
        (b"\x00\x01", "", BodyKind.BINARY),
        ("naïve".encode("utf-16"), "text/plain", BodyKind.TEXT),
    ],
)
def test_the_kind_of_a_body_is_told_by_its_type_then_by_its_look(
    content: bytes, content_type: str, kind: BodyKind
) -> None:
    """Half the servers that send JSON call it something else."""
    assert Body(content, content_type).kind is kind


def test_json_is_laid_out(facts: Facts) -> None:
    """As it was sent: numbers keep their digits, escapes become letters."""
    content = b'{"a":1.50,"b":[],"c":{},"d":"caf\\u00e9","e":[true,null,{"f":-0}]}'
    text = card_text(facts(content, "application/json"))
    assert '{\n  "a": 1.50,\n  "b": [],\n  "c": {},\n  "d": "café",\n  "e": [\n    true,\n' in text


def test_json_records_become_a_table(facts: Facts, read_safely: ReadSafely) -> None:
    """That is what `r.df()` will give, at a glance."""
    records = [{"name": f"car {n}", "geo": {"lat": n, "lng": 0}, "n": n} for n in range(406)]
    records[1]["late"] = [1, 2]
    card = read_safely(card_html(facts(json.dumps(records).encode(), "application/json")))
    assert "First 20 of 406 rows: r.df() has all." in card.text
    assert "car 19" in card.text
    assert "car 20" not in card.text
    assert "{lat, lng}" in card.text
    assert "late" in card.text


def test_rows_are_columns_in_plain_text_too(facts: Facts) -> None:
    """A terminal shows the same glance."""
    content = json.dumps([{"name": "a\nb", "n": 1, "password": "x"}] * 3).encode()
    assert card_text(facts(content, "application/json")).split("\n")[2:] == [
        "name  n  password",
        "a b   1  •••• (len 1)",
        "a b   1  •••• (len 1)",
        "a b   1  •••• (len 1)",
    ]


def test_a_table_has_twelve_columns_and_names_the_rest(
    facts: Facts, read_safely: ReadSafely
) -> None:
    """Wider than a screen is not a glance."""
    record = {f"column{n}": n for n in range(30)}
    card = read_safely(card_html(facts(json.dumps([record]).encode(), "application/json")))
    assert "1 row: r.df()" in card.text
    assert "18 more columns: column12, " in card.text


def test_csv_becomes_a_table_whatever_its_delimiter(facts: Facts, read_safely: ReadSafely) -> None:
    """European spreadsheets write semicolons."""
    content = 'Ort;Höhe;Höhe\n"Zug; Stadt";425;1\nBern;540;2\n'.encode()
    card = read_safely(card_html(facts(content, "text/csv")))
    assert "2 rows: r.df()" in card.text
    assert "Zug; Stadt" in card.text
    assert "Höhe (2)" in card.text


def test_csv_with_any_line_end_becomes_a_table(facts: Facts) -> None:
    """And so does what names a column twice, or not at all."""
    for end in ("\n", "\r\n", "\r"):
        content = f"a\tb\t{end}1\t2\t3{end}{end}4\t5\t6{end}".encode()
        text = card_text(facts(content, "text/tab-separated-values"))
        assert "a  b  column 3" in text
        assert "4  5  6" in text


def test_what_is_no_table_is_shown_as_its_text() -> None:
    """One column is prose; a list of mixed things has no columns."""
    assert "<table" not in preview_html(Body(b"Dear all\nhello", "text/csv"), 9000)
    assert "<table" not in preview_html(Body(b'[{"a": 1}, 5]', "application/json"), 9000)
    assert "<table" not in preview_html(Body(b"[1]\n[2]\n", "application/jsonl"), 9000)
    head = b'[5, {"a": 1}, ' + b"1, " * 100_000 + b"1]"
    assert "<table" not in preview_html(Body(head, "application/json"), 9000)


def test_a_table_is_cut_to_the_rows_that_fit() -> None:
    """Down to one, or to words when not even that fits."""
    records = [{f"c{n}": '"' * 60 for n in range(12)} for _ in range(20)]
    body = Body(json.dumps(records).encode(), "application/json")
    shown = preview_html(body, 30_000)
    assert "First 5 of 20 rows" in shown
    assert len(shown.encode()) <= 30_000
    assert preview_html(body, 2_000) == "<div>12 columns: r.df() has them.</div>"


def test_what_is_called_json_and_is_not_is_shown_as_text_with_the_reason(
    facts: Facts, read_safely: ReadSafely
) -> None:
    """A proxy's error page under the API's content type."""
    card = read_safely(card_html(facts(b"<html>Bad gateway", "application/json")))
    assert "Not JSON, though it is sent as application/json: Expecting value" in card.text
    assert "<html>Bad gateway" in card.text


def test_html_and_svg_are_shown_as_source(facts: Facts, read_safely: ReadSafely) -> None:
    """A page from a stranger never becomes part of this one."""
    for content_type in ("text/html", "image/svg+xml", "application/xhtml+xml"):
        content = b"<svg onload='alert(1)'><script>alert(2)</script></svg>"
        card = read_safely(card_html(facts(content, content_type)))
        assert "<script>alert(2)</script>" in card.text


def test_a_small_image_is_shown_from_its_own_bytes(facts: Facts, read_safely: ReadSafely) -> None:
    """Nothing is fetched to show a card."""
    card = read_safely(card_html(facts(PNG, "image/png")))
    assert "img" in card.elements
    assert ("img", "alt", f"image/png, 1 x 1 pixels, {len(PNG)} bytes") in card.attributes


def test_an_image_that_is_too_big_says_where_it_is(facts: Facts, read_safely: ReadSafely) -> None:
    """The card keeps its budget; the bytes are not lost."""
    card = read_safely(card_html(facts(PNG + b"\0" * IMAGE_BYTES, "image/png")))
    assert "img" not in card.elements
    assert "r.content has its bytes" in card.text


def test_binary_is_shown_in_hex(facts: Facts, read_safely: ReadSafely) -> None:
    """Enough to recognise a magic number."""
    card = read_safely(card_html(facts(b"\x7fELF" + bytes(300), "application/octet-stream")))
    assert "000000  7f 45 4c 46" in card.text
    assert ".ELF" in card.text
    assert "Showing 256 of 304 bytes: r.content has all." in card.text


def test_what_is_cut_is_said(facts: Facts, read_safely: ReadSafely) -> None:
    """Nobody takes a head for the whole."""
    card = read_safely(card_html(facts(b"0123456789" * 91_300, "text/plain")))
    assert re.search(r"Showing \d\d of 913 KB: r\.text has all\.", card.text)


def test_other_charsets_are_decoded_and_a_mark_at_the_front_is_dropped(
    facts: Facts, read_safely: ReadSafely
) -> None:
    """The reply says which codec to use."""
    content = "\ufeffnaïve €".encode("utf-16")
    assert "naïve €" in read_safely(card_html(facts(content, "text/plain", charset="utf-16"))).text
