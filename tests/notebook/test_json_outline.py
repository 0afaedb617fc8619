"""JSON laid out token by token: the same values, masked, and no more of them than is shown."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, strategies as st

from notebook_http.notebook.display.json_outline import json_outline
from notebook_http.wire.secrets import mask_json

NAMES = st.sampled_from(["a", "name", "value", "token", "tokens", "key", "keys", "api_keys", "é<&"])
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        ["Cookie", "X-Api-Key", "Bearer abc123def", "http://u:p@h/?token=x", "password=hunter2"]
    ),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=25,
)


@given(value=VALUES, indent=st.sampled_from([None, 0, 3]))
def test_the_outline_reads_back_as_the_masked_value(value: Any, indent: int | None) -> None:
    """One rule for what is parsed and for what is only laid out."""
    outline, whole = json_outline(json.dumps(value, indent=indent), characters=1_000_000)
    assert whole
    assert json.loads(outline) == mask_json(value)


@given(value=VALUES, characters=st.integers(0, 200), lines=st.integers(1, 10))
def test_the_outline_keeps_to_its_limits(value: Any, characters: int, lines: int) -> None:
    """Within one token."""
    outline, _ = json_outline(json.dumps(value), characters=characters, lines=lines)
    assert len(outline) <= characters + 400
    assert outline.count("\n") <= lines


@given(st.text(alphabet='{}[]",:\\ \n\t01a-ué', max_size=80))
def test_any_text_can_be_laid_out(text: str) -> None:
    """The head of a body may end anywhere, and may be no JSON at all."""
    json_outline(text, characters=500)


def test_it_is_indented_by_two_and_empty_ones_stay_on_their_line() -> None:
    """As people write it."""
    outline, _ = json_outline('{"a":[1,{"b":[]}],"c":{}}', characters=1000)
    assert outline == ('{\n  "a": [\n    1,\n    {\n      "b": []\n    }\n  ],\n  "c": {}\n}')


def test_numbers_keep_their_digits_and_escapes_become_letters() -> None:
    """1.50 is not 1.5 to whoever looks for the difference."""
    outline, _ = json_outline('[1.50, 1E400, -0, "caf\\u00e9 \\ud800"]', characters=1000)
    assert outline == '[\n  1.50,\n  1E400,\n  -0,\n  "café \ud800"\n]'


def test_long_strings_keys_and_numbers_are_cut() -> None:
    """One base64 picture would hide all the rest."""
    text = json.dumps({"k" * 9000: "x" * 5000, "token": "y" * 5000})
    outline, whole = json_outline(text, characters=5000)
    assert "… (5,000 characters)".replace("…", '…" ', 1).replace("  ", " ") in outline
    assert '"•••• (len 5000)"' in outline
    assert len(outline) < 1200
    assert whole
    assert len(json_outline("1" * 5000, characters=9000)[0]) == 301


def test_the_name_of_a_pair_may_stand_behind_its_value() -> None:
    """HAR files have it in front; not everybody does."""
    outline, _ = json_outline('[{"value": "s3cr3t", "name": "Cookie"}]', characters=1000)
    assert "s3cr3t" not in outline


def test_a_list_of_headers_hides_what_headers_hide() -> None:
    """`json_response(list(request.headers.items()))` is what an echo in a notebook answers."""
    pairs = [["X-Api-Key", "c4n4ry"], ["Cookie", "a=c4n4ry"], ["Accept", "*/*"], ["token", "name"]]
    outline, _ = json_outline(json.dumps(pairs), characters=10_000)
    assert "c4n4ry" not in outline
    assert json.loads(outline)[2:] == pairs[2:]


def test_two_megabytes_cost_what_is_shown_of_them(most_cpu: Any) -> None:
    """The cell has its answer already; the display must not keep it."""
    text = json.dumps([{"a": n, "b": "x" * 20} for n in range(50_000)])
    with most_cpu(0.1):
        _, whole = json_outline(text, characters=20_000)
        assert not whole
