"""What is written is what `json.dumps` writes, and what it refuses is refused in its words."""

from __future__ import annotations

import json
from collections import OrderedDict
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given, strategies as st

from notebook_http.wire import json_formatter
from notebook_http.wire.json_formatter import chosen_formatter, format_json

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
KEYS = st.text() | st.integers() | st.booleans() | st.none() | st.floats()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(KEYS, inner),
    max_leaves=20,
)


class Colour(IntEnum):
    RED = 1


@given(VALUES)
def test_any_value_is_written_as_json_dumps_does(value: Any) -> None:
    assert format_json(value) == json.dumps(value)


@pytest.mark.parametrize("value", [Colour.RED, OrderedDict(b=1, a="é"), [10**400], "\ud800"])
def test_odd_values_too(value: Any) -> None:
    assert format_json(value) == json.dumps(value)


@pytest.mark.parametrize("value", [{1, 2}, b"x", [object()], {(1, 2): 3}])
def test_what_has_no_form_is_refused_alike(value: Any) -> None:
    with pytest.raises(TypeError) as theirs:
        json.dumps(value)
    with pytest.raises(TypeError) as ours:
        format_json(value)
    assert str(ours.value).split("0x")[0] == str(theirs.value).split("0x")[0]


def test_a_value_that_holds_itself() -> None:
    """Refused, and the next call knows nothing of it."""
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(ValueError, match="Circular"):
        format_json(circle)
    assert format_json([[], []]) == "[[], []]"


def test_without_the_c_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_formatter, "_make_encoder", None)
    assert format_json({"a": [1, None]}) == '{"a": [1, null]}'


def test_only_the_default_is_replaced() -> None:
    assert chosen_formatter(json.dumps) is format_json
    assert chosen_formatter(repr) is repr
