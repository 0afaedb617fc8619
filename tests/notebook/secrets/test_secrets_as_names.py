"""A secret that somebody uses as a name: of a member, a column, a step of a path."""

from __future__ import annotations

import json

import pytest

from notebook_http.notebook.display.body import Body
from notebook_http.notebook.display.body_lines import preview_lines
from notebook_http.notebook.display.body_preview import preview_html
from notebook_http.notebook.widgets.json_nodes import JsonNodes
from notebook_http.wire.registered_secrets import register_secret

SECRET = "c4nary-as-name"


@pytest.mark.parametrize(
    "value",
    [
        {SECRET: 1},
        {"a": {SECRET: {"b": 1}}},
        [{SECRET: 1, "a": 2}] * 3,
        [{**{f"column {n}": n for n in range(40)}, SECRET: 1}] * 3,
    ],
)
def test_no_preview_shows_it(value: object) -> None:
    """Tree, table and text."""
    register_secret(SECRET, "TOKEN")
    body = Body(json.dumps(value).encode(), "application/json")
    shown = str(preview_html(body, 20_000)) + "\n".join(preview_lines(body, 20, 200))
    assert SECRET not in shown


def test_the_tree_of_a_widget_has_no_path_to_it() -> None:
    """Neither shown, nor found by its letters; what is inside can still be opened."""
    register_secret(SECRET, "TOKEN")
    nodes = JsonNodes({SECRET: {"b": 1}, "c": 2})
    first, second = nodes.children([], 0, 10)
    assert SECRET not in str(first)
    assert (first["json"], first["python"]) == (None, None)
    assert (second["json"], second["python"]) == (".c", '["c"]')
    assert [path for path in nodes.search("c4nary") if path is not None] == []
    assert nodes.children([0], 0, 10)[0]["key"] == "b"
