"""Malformed bodies: the card says what is wrong, where, and shows what is around it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from notebook_http.notebook.display.body import Body
from notebook_http.notebook.display.body_lines import preview_lines
from notebook_http.notebook.display.body_preview import preview_html
from notebook_http.notebook.display.card import CardFacts, card_html, card_text
from notebook_http.notebook.display.json_items import read_json
from notebook_http.notebook.display.malformed import bad_bytes_words, lines_around, place_words

Facts = Callable[..., CardFacts]
ReadSafely = Callable[[str], Any]


def test_malformed_json_has_its_place_marked(facts: Facts, read_safely: ReadSafely) -> None:
    """Line, column, byte, and a mark below it."""
    content = '{\n  "café": 1,\n  "b": oops,\n  "c": 2\n}'.encode()
    card = read_safely(card_html(facts(content, "application/json")))
    where = "Expecting value at line 3, column 8 (byte 23)"
    assert f"Not JSON, though it is sent as application/json: {where}." in card.text
    assert '  "b": oops,\n       ^' in card.text
    assert '"c": 2' in card.text
    assert content[23:27] == b"oops"
    assert f"(not JSON: {where})" in card_text(facts(content, "application/json"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ""),
        (b"   ", "Expecting value at line 1, column 4"),
        (b'{"a": 1', "Expecting ',' delimiter at line 1, column 8 (byte 7)"),
        (b"[1, 2,]", "line 1, column"),
        (b'{"a": 1} {"b": 2}', "Extra data at line 1, column 10 (byte 9)"),
        (b"\xff\xfe\xfd", "Expecting value"),
        (b"[" * 100 + b"x", "Expecting value"),
        (b"[" + b"1," * 200_000 + b"oops]", "Expecting value at line 1, column 400,002"),
    ],
)
def test_every_kind_of_broken_json_says_where(
    facts: Facts, read_safely: ReadSafely, content: bytes, words: str
) -> None:
    """Cut short, a comma too many, two values, bytes that are no text."""
    card = read_safely(card_html(facts(content, "application/json")))
    assert words in card.text
    assert ("Not JSON" in card.text) == bool(words)


def test_secrets_around_the_place_are_masked(facts: Facts) -> None:
    """A log-in page's JSON may break behind its token."""
    content = b'{"token": "c4n4ryc4n4ry", "password": "c4n4ryc4n4ry", oops}'
    exchange = facts(content, "application/json")
    assert "c4n4ry" not in card_html(exchange)
    assert "c4n4ry" not in card_text(exchange)


def test_bytes_that_are_no_text_are_named(facts: Facts, read_safely: ReadSafely) -> None:
    """A latin-1 page that says it is UTF-8."""
    card = read_safely(card_html(facts("so\nna\xefve".encode("latin-1"), "text/plain")))
    assert "Byte 5 (line 2) is no utf-8: ef (invalid continuation byte)." in card.text
    card = read_safely(card_html(facts("naïve".encode() * 90_000, "text/plain")))
    assert "is no utf-8" not in card.text


@given(st.text(st.characters(codec=None), max_size=300), st.integers(0, 400))
def test_any_place_can_be_shown(text: str, position: int) -> None:
    """In any text, at its end and behind it."""
    position = min(position, len(text))
    assert place_words(text, position).startswith("line ")
    lines = lines_around(text, position)
    assert len(lines) in (0, 2)
    for line in lines:
        assert len(line) <= 101
        assert "\n" not in line


@given(st.binary(max_size=100), st.sampled_from(["utf-8", "utf-16", "ascii", "shift_jis"]))
def test_any_bytes_can_be_judged(content: bytes, charset: str) -> None:
    """What is wrong is in what the codec says."""
    words = bad_bytes_words(content, charset)
    wrong: UnicodeDecodeError | None = None
    try:
        content.decode(charset)
    except UnicodeDecodeError as error:
        wrong = error
    if wrong is None:
        assert words == ""
    elif words or wrong.end < len(content):  # a character that a preview cut is no fault
        assert f"Byte {wrong.start:,} " in words
        assert f"is no {charset}" in words


def test_the_place_is_the_one_that_the_standard_library_names(facts: Facts) -> None:
    """One answer to where it is."""
    text = '{"a": [1, 2,\n 3 4]}'
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads(text)
    error = caught.value
    shown = card_text(facts(text.encode(), "application/json"))
    assert f"at line {error.lineno}, column {error.colno} (byte {error.pos})" in shown


@given(
    st.binary(max_size=8), st.sampled_from([b'{"%s":1}', b'[{"a":{"%s":1}}]', b'{"b":{"%s":[]}}'])
)
def test_names_of_any_bytes_can_be_shown(name: bytes, around: bytes) -> None:
    """In HTML, as text, and whatever they are: latin-1 in what says that it is UTF-8."""
    body = Body(around.replace(b"%s", name), "application/json")
    assert preview_html(body, 4000)
    assert preview_lines(body, 10, 80)


def test_a_string_that_is_cut_is_no_malformed_json() -> None:
    """Long JSON that only `json` takes is read up to a limit, wherever that falls."""
    for shift in range(0, 104, 8):
        text = "[NaN," + " " * shift + ",".join(['"' + "x" * 100 + '"'] * 25_000) + "]"
        assert read_json(text.encode()).unfinished


@pytest.mark.parametrize(
    ("content", "content_type", "words"),
    [
        (b"&".join(b"a%d=1" % n for n in range(40)), "application/x-www-form-urlencoded", "r.text"),
        (
            b"".join(
                b"--b\r\nContent-Disposition: form-data; name=a%d\r\n\r\n1\r\n" % n
                for n in range(40)
            )
            + b"--b--",
            "multipart/form-data",
            "r.content",
        ),
        (b'{"a": 1}\n' * 40, "application/x-ndjson", "r.df()"),
    ],
)
def test_a_terminal_is_told_what_has_all(content: bytes, content_type: str, words: str) -> None:
    """Not `r.df()` for what is no table to it."""
    lines = preview_lines(Body(content, content_type), 8)
    assert len(lines) <= 8
    assert words in lines[-1]


def test_a_terminal_is_told_of_a_line_that_is_malformed() -> None:
    """As the card says it."""
    body = Body(b'{"a": 1}\noops\n{"a": 3}\n', "application/x-ndjson")
    assert "line 2" in " ".join(preview_lines(body, 8)).lower()
