"""A JSON value a level at a time: the same secrets as everywhere, paths that lead there, search."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from notebook_http.notebook.widgets.json_nodes import JsonNodes
from notebook_http.wire.secrets import mask_json

VALUE = {
    "items": [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Bob", "tags": ["x", "y"]}],
    "a key": {"it's": None, 'a "q"': True},
    "token": "c4n4ryc4n4ry",
    "empty": [],
}
NAMES = st.sampled_from(["a", "name", "value", "token", "keys", "max_tokens", "Cookie", "session"])
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6),
    st.sampled_from(["Authorization", "Bearer abcdefghijklmnopqrstuvwxyz1", "Set-Cookie"]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(NAMES | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


def all_rows(nodes: JsonNodes) -> list[tuple[list[int], dict[str, Any]]]:
    """Return (path, row) of every place, from the top down, a page at a time."""
    found: list[tuple[list[int], dict[str, Any]]] = []
    todo = [([], nodes.root())]
    while todo:
        path, row = todo.pop()
        found.append((path, row))
        rows: list[dict[str, Any]] = []
        while len(rows) < row["size"]:
            rows += nodes.children(path, len(rows), 3)
        todo += reversed([([*path, index], inner) for index, inner in enumerate(rows)])
    return found


def test_rows_say_what_is_there() -> None:
    """One line each: key, kind, text, how many are inside."""
    nodes = JsonNodes(VALUE)
    rows = nodes.children([], 0, 10)
    assert [(row["key"], row["kind"], row["text"], row["size"]) for row in rows] == [
        ("items", "array", "2 items", 2),
        ("a key", "object", "2 keys", 2),
        ("token", "secret", "•••• (len 12)", 0),
        ("empty", "array", "0 items", 0),
    ]
    assert [row["text"] for row in nodes.children([0, 0], 0, 10)] == ["1", '"Ada"']
    assert nodes.children([0], 1, 10)[0]["key"] == "1"
    assert nodes.children([0], 2, 10) == nodes.children([0, 0, 0], 0, 10) == []


@pytest.mark.parametrize("path", [[7], [0, 2], [0, -1], [3, 0], [0, 0, 0, 0]])
def test_a_path_that_leads_nowhere_is_a_lookup_error(path: list[int]) -> None:
    """Pages are strangers, too."""
    with pytest.raises(LookupError):
        JsonNodes(VALUE).children(path, 0, 10)


@given(VALUES)
@settings(max_examples=150, deadline=None)
def test_what_is_masked_is_what_is_masked_everywhere(value: Any) -> None:
    """The rule of `mask_json`, without its copy of the whole."""
    nodes = JsonNodes(value)
    masked = mask_json(value)
    for path, row in all_rows(nodes):
        here = masked
        for step in nodes.at(path).steps:
            here = here[step]
        if row["kind"] not in ("object", "array"):
            assert row["text"].replace("\ufffd", "") == _shown(here, row["kind"])


def _shown(masked: Any, kind: str) -> str:
    from notebook_http.notebook.display.html import visible

    text = masked if kind == "secret" else json.dumps(masked, ensure_ascii=False)
    return visible(text).replace("\ufffd", "")


@given(VALUES)
@settings(max_examples=150, deadline=None)
def test_paths_lead_to_where_they_were_shown(value: Any) -> None:
    """The Python subscript is evaluated; the JSONPath is read as RFC 9535 has it."""
    nodes = JsonNodes(value)
    for path, _ in all_rows(nodes):
        steps = [nodes.children(path[:at], path[at], 1)[0] for at in range(len(path))]
        subscript = "".join(step["python"] for step in steps)
        # By identity where there is one: hypothesis makes equal values.
        assert eval(f"value{subscript}", {"value": value}) is nodes.at(path).value
        here = value
        for step in steps:
            text = step["json"]
            here = here[text[1:] if text[0] == "." else json.loads(text[1:-1])]
        assert here is nodes.at(path).value


def found(nodes: JsonNodes, words: str, scope: Any = "all") -> list[str]:
    """Return the Python subscripts of what a search finds."""
    paths = [path for path in nodes.search(words, scope) if path is not None]
    return ["".join(f"[{step!r}]" for step in nodes.at(path).steps) for path in paths]


def test_search_finds_keys_and_values_from_the_top_down() -> None:
    """Letters without case; numbers as they are written."""
    nodes = JsonNodes(VALUE)
    assert found(nodes, "NAME") == ["['items'][0]['name']", "['items'][1]['name']"]
    assert found(nodes, "bob", "values") == ["['items'][1]['name']"]
    assert found(nodes, "bob", "keys") == []
    assert found(nodes, "2") == ["['items'][1]['id']"]
    assert found(nodes, "null") == ["['a key'][\"it's\"]"]
    assert found(nodes, "e") == [
        "['items']",
        "['items'][0]['name']",
        "['items'][1]['name']",
        "['a key']",
        "['a key']['a \"q\"']",
        "['token']",
        "['empty']",
    ]
    assert found(JsonNodes("Hello"), "hell") == [""]


@pytest.mark.parametrize("guess", ["c4n", "c4n4ryc4n4ry", "4ry"])
def test_search_tells_no_secret(guess: str) -> None:
    """Else it could be had letter by letter, from the count of matches."""
    secrets = {"token": "c4n4ryc4n4ry", "t": "Authorization: Bearer c4n4ryc4n4ryc4n4ryc4n4ry1"}
    assert found(JsonNodes(secrets), guess) == []


def test_a_large_value_costs_what_is_looked_at(most_cpu: Any) -> None:
    """Many rows: a hundred of them, and a search that gives others their turn."""
    nodes = JsonNodes([{"id": number} for number in range(200_000)])
    with most_cpu(0.05):
        assert len(nodes.children([], 150_000, 100)) == 100
    with most_cpu(10):
        steps = list(nodes.search("199999"))
    assert [step for step in steps if step] == [[199_999, 0]]
    assert steps.count(None) >= 100


def test_a_thousand_levels_and_hostile_keys() -> None:
    """Neither recursion, nor anything that a message to the page cannot carry."""
    deep: Any = "end"
    for _ in range(5_000):
        deep = [deep]
    assert found(JsonNodes(deep), "end") == ["[0]" * 5_000]
    hostile = {"\ud800": 1, "\u202e": 2, "x" * 5_000: 3, "<script>": "</script>", "\n": 4}
    rows = JsonNodes(hostile).children([], 0, 9)
    json.dumps(rows, ensure_ascii=False).encode()
    assert rows[0]["python"] == "['\\ud800']"
    assert rows[1]["key"] == "<U+202E>"
    assert rows[2]["json"] is None
    assert len(rows[2]["key"]) == 300
    assert all("\u202e" not in str(row) for row in rows)
