"""`parse_json` and `json.loads` give the same for every text, errors included."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, strategies as st

from notebook_http.wire.json_parser import chosen_parser, parse_json

# Where parsers differ: numbers at the edges, what the standard forbids, odd text.
EDGES = [
    "",
    " ",
    " 1 ",
    "-0",
    "-0.0",
    "1e400",
    "-1e400",
    "1e-400",
    "2.2250738585072014e-308",
    "1.7976931348623159e308",
    "1.0000000000000000000001",
    "123456789012345678901234567890.5",
    "9223372036854775808",
    "18446744073709551616",
    "-9223372036854775809",
    "1" * 30,
    "1" * 4301,
    "12345678901234567890e-5",
    "0e1",
    "1e5",
    "NaN",
    "[Infinity, -Infinity]",
    "01",
    "1.",
    "-",
    "+1",
    "nul",
    "1 2",
    "{'a': 1}",
    '{"a":1,"a":2}',
    '{"a":1,}',
    "{1:2}",
    "[1,]",
    "[1\x0b]",
    '"\\ud800"',
    '"\\ud83d\\ude00"',
    '"\ud800"',
    '"\\x"',
    '"\\u0000"',
    '"\x00"',
    '"a\nb"',
    "\ufeff1",
    '"\u2028\x7f"',
    "[" * 900 + "]" * 900,
    "[" * 100_000 + "]" * 100_000,
]


def outcome(parse: Any, text: Any) -> tuple[Any, ...]:
    """Return what *parse* makes of *text*, in a form that tells all values apart."""
    try:
        value = parse(text)
    except RecursionError as error:
        return (type(error),)
    except json.JSONDecodeError as error:
        return type(error), error.msg, error.doc, error.pos
    except ValueError as error:
        return type(error), str(error)
    return "value", repr(value), type(value)


@pytest.mark.parametrize("text", EDGES, ids=range(len(EDGES)))
def test_edges_are_those_of_the_standard_library(text: str) -> None:
    assert outcome(parse_json, text) == outcome(json.loads, text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_every_value_comes_back(value: Any, ascii_only: bool, indent: Any) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert outcome(parse_json, text) == outcome(json.loads, text)


@given(st.text(alphabet='[]{}",:0123456789.eE+-truefalsn\\u \n', max_size=40))
def test_what_only_looks_like_json_is_judged_alike(text: str) -> None:
    assert outcome(parse_json, text) == outcome(json.loads, text)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_every_number_is_rounded_alike(number: Any) -> None:
    text = f"{number:e}"
    assert repr(parse_json(text)) == repr(json.loads(text))


@pytest.mark.parametrize("content", [b'"\xff"', b'"\xed\xa0\x80"', b"\xff\xfe1\x00"])
def test_bytes_that_are_no_utf8_are_refused(content: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        parse_json(content)
    assert parse_json(b"1e400") == math.inf


def test_a_parser_of_your_own_is_used() -> None:
    assert chosen_parser(json.loads) is parse_json
    assert chosen_parser(len) is len
