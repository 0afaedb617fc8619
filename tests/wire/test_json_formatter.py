"""What is written is what `json.dumps` writes, and what it refuses is refused in its words."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
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


def test_a_large_value_that_holds_itself_is_refused_at_once() -> None:
    """Not written again and again until the stack ends. CPU time, against writing it once."""
    value: dict[str, Any] = {"rows": [[number, number] for number in range(20_000)]}
    began = time.process_time()
    format_json(value)
    once = time.process_time() - began
    value["table"] = {"of": value}
    began = time.process_time()
    with pytest.raises(ValueError, match="Circular"):
        format_json(value)
    assert time.process_time() - began < 20 * once + 0.05


def test_a_raised_recursion_limit_is_no_crash() -> None:
    """In a process of its own, since it would end with it."""
    program = """
import sys
from notebook_http.wire.json_formatter import format_json
sys.setrecursionlimit(10**6)
circle = []
circle.append(circle)
try:
    format_json(circle)
except ValueError as error:
    print(error)
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert told.stdout == "Circular reference detected\n"


class Replaced:
    pass


def test_a_default_that_a_program_puts_on_the_class(monkeypatch: pytest.MonkeyPatch) -> None:
    def default(self: json.JSONEncoder, value: Any) -> Any:
        return {"of": type(value).__name__}

    monkeypatch.setattr(json.JSONEncoder, "default", default)
    assert format_json([Replaced()]) == json.dumps([Replaced()]) == '[{"of": "Replaced"}]'


def test_a_value_that_is_written_while_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its own method, and by other threads: each gets the whole text."""
    value: list[Any] = [1, Replaced(), [2]]
    inner: list[str] = []
    entered = threading.Barrier(3)

    def default(self: json.JSONEncoder, found: Any) -> Any:
        if threading.current_thread() is not threading.main_thread():
            if not entered.broken:
                with contextlib.suppress(threading.BrokenBarrierError):
                    entered.wait(5)  # all of them are in the same list
        elif not inner:
            inner.append("")
            inner[0] = format_json(value)
        return None

    monkeypatch.setattr(json.JSONEncoder, "default", default)
    assert format_json(value) == "[1, null, [2]]"
    assert inner == ["[1, null, [2]]"]
    with ThreadPoolExecutor(3) as threads:
        assert set(threads.map(format_json, [value] * 3)) == {"[1, null, [2]]"}


def test_an_error_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Written once more, the same list is not taken for one that holds itself."""
    value: list[Any] = [object()]
    with pytest.raises(TypeError):
        format_json(value)
    value[0] = 1
    monkeypatch.setattr(json, "dumps", None)
    assert format_json(value) == "[1]"


def test_without_the_c_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_formatter, "_make_encoder", None)
    assert format_json({"a": [1, None]}) == '{"a": [1, null]}'


def test_only_the_default_is_replaced() -> None:
    assert chosen_formatter(json.dumps) is format_json
    assert chosen_formatter(repr) is repr
