"""JSON as a tree that folds: every value in its place, masked, counted, and within its budget."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from notebook_http.notebook.display.card import CardFacts, card_bundle, card_html
from notebook_http.notebook.display.json_items import MalformedJSON, read_json
from notebook_http.notebook.display.json_tree import Node, json_nodes, tree_html
from notebook_http.notebook.display.size_budget import BUNDLE_BYTES
from notebook_http.wire.secrets import mask_json

Facts = Callable[..., CardFacts]
ReadSafely = Callable[[str], Any]

NAMES = st.sampled_from(["a", "name", "value", "token", "tokens", "key", "keys", "api_keys", "é<&"])
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_infinity=False),  # masked, `Infinity` and `inf` differ in length
    st.text(st.characters(codec=None), max_size=20),
    st.sampled_from(
        ["Cookie", "X-Api-Key", "Bearer abc123def", "http://u:p@h/?token=x", "password=hunter2"]
    ),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=25,
)


def _value_of(node: Node) -> Any:
    """Read a tree back."""
    if node.bracket == "{":
        return {child.label: _value_of(child) for child in node.children}
    if node.bracket == "[":
        return [_value_of(child) for child in node.children]
    return json.loads(node.text)


@given(value=VALUES, indent=st.sampled_from([None, 3]), ascii_only=st.booleans())
def test_the_tree_reads_back_as_the_masked_value(
    value: Any, indent: int | None, ascii_only: bool
) -> None:
    """One rule for what is parsed and for what is only looked through; NaN and surrogates too."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    content = text.encode("utf-8", "surrogatepass")
    root, whole = json_nodes(read_json(content), 1_000_000)
    assert whole
    expected = mask_json(json.loads(content.decode("utf-8", "replace")))
    assert repr(_value_of(root)) == repr(expected)


@given(st.text(alphabet='{}[]",:\\ \n\t01a-ué', max_size=80))
def test_any_text_is_a_tree_or_malformed(text: str) -> None:
    """And malformed is exactly what the standard library says."""
    try:
        json.loads(text)
    except ValueError:
        with pytest.raises(MalformedJSON):
            read_json(text.encode())
    else:
        tree_html(json_nodes(read_json(text.encode()), 5000)[0])


def test_numbers_keep_their_digits_and_escapes_become_letters(
    facts: Facts, read_safely: ReadSafely
) -> None:
    """1.50 is not 1.5 to whoever looks for the difference."""
    content = b'{"a": 1.50, "b": [1E400, -0], "c": "caf\\u00e9", "d": [], "e": {}}'
    card = read_safely(card_html(facts(content, "application/json")))
    for shown in ("a: 1.50", "[0]: 1E400", "[1]: -0", 'c: "café"', "d: []", "e: {}"):
        assert shown in card.text


def test_what_is_folded_says_what_it_holds(facts: Facts, read_safely: ReadSafely) -> None:
    """A glance at the top, a click for the rest; without CSS lists are indented by themselves."""
    value = {"meta": {"page": 1}, "items": [{"id": n, "geo": {"lat": n}} for n in range(406)]}
    html = card_html(facts(json.dumps(value).encode(), "application/json"))
    card = read_safely(html)
    assert "{meta, items} 2 members" in card.text
    assert "items: […] 406 items" in card.text
    assert "[0]: {id, geo} 2 members" in card.text
    left_out = max(map(int, re.findall(r"… and (\d+) more", card.text)))
    assert 306 <= left_out < 390
    assert f"[{405 - left_out}]: {{id" in card.text
    assert f"[{406 - left_out}]: {{id" not in card.text
    assert "Showing a part of" in card.text
    tree = html[html.index("<ul") : html.rindex("</ul>")]
    assert tree.count("<details open") == 2  # the root and "meta"; 100 lines would be no glance
    assert tree.count("<details>") > 15


def test_the_first_levels_are_open_while_they_fit_on_a_screen(
    facts: Facts, read_safely: ReadSafely
) -> None:
    """What is small needs no click."""
    html = card_html(facts(b'{"a": {"b": {"c": {"d": 1}}}}', "application/json"))
    tree = html[html.index("<ul") : html.rindex("</ul>")]
    assert tree.count("<details open") == 3
    assert tree.count("<details>") == 1


def test_all_on_top_is_shown_before_what_is_deep() -> None:
    """A long first member does not hide that there are others."""
    value = {"first": [list(range(100))] * 100, "second": {"x": 1}, "third": 3}
    root, whole = json_nodes(read_json(json.dumps(value).encode()), 20_000)
    assert not whole
    assert [child.label for child in root.children] == ["first", "second", "third"]
    assert [child.label for child in root.children[1].children] == ["x"]


def _measure(node: Node) -> tuple[int, int]:
    """Return (levels, nodes) of a tree."""
    inner = [_measure(child) for child in node.children]
    return 1 + max((depth for depth, _ in inner), default=0), 1 + sum(n for _, n in inner)


WIDE_OR_DEEP = {
    "deep lists": b"[" * 1000 + b"]" * 1000,
    "deep objects": b'{"a":' * 1000 + b"1" + b"}" * 1000,
    "deep and long": b'{"a":' * 60 + b'"' + b"x" * 2_000_000 + b'"' + b"}" * 60,
    "very deep": b"[" * 100_000 + b"]" * 100_000,
    "wide list": b"[" + b"1," * 99_999 + b"1]",
    "wide object": json.dumps({f"name {n}": n for n in range(100_000)}).encode(),
    "wide and deep": json.dumps([[[["x"] * 20] * 20] * 20] * 20).encode(),
    "quotes": json.dumps(["'\"<&" * 100] * 5000).encode(),
    "long names": json.dumps({str(n) + "<" * 5000: {"<" * 500: 1} for n in range(300)}).encode(),
    "nothing but empty": json.dumps([{}, []] * 50_000).encode(),
}


@pytest.mark.parametrize("case", WIDE_OR_DEEP)
def test_wide_and_deep_json_keeps_to_its_budget(
    facts: Facts, read_safely: ReadSafely, case: str, most_cpu: Any
) -> None:
    """64 KiB, what is cut is said, and the time is that of what is shown."""
    exchange = facts(WIDE_OR_DEEP[case], "application/json")
    with most_cpu(0.3):
        bundle = card_bundle(exchange)
    assert sum(len(shown.encode()) for shown in bundle.values()) <= BUNDLE_BYTES
    card = read_safely(bundle["text/html"])
    assert "Showing a part of" in card.text
    assert re.search(r"and [\d,]+ more|not shown here|deeper than 64 levels", card.text)
    root, whole = json_nodes(read_json(WIDE_OR_DEEP[case]), 20_000)
    assert not whole
    levels, nodes = _measure(root)
    assert levels < 40
    assert nodes < 600
    assert len(tree_html(root).encode()) < 20_500


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_the_head_of_a_long_body_is_a_tree(
    facts: Facts, read_safely: ReadSafely, size: int
) -> None:
    """More than 4 MiB are not looked through: what is open at the cut says so."""
    value = {"a": {"b": [{"n": n, "text": "x" * 1000} for n in range(size * 1000)]}, "z": 1}
    card = read_safely(card_html(facts(json.dumps(value).encode(), "application/json")))
    if size < 4:
        assert f"[…] {size * 1000:,} items" in card.text
        assert "at least" not in card.text
    elif size > 4:
        assert re.search(r"\[…\] at least \d\d items", card.text)
        assert "{a} at least 1 member" in card.text
        assert "only the beginning was read" in card.text


def test_a_long_body_in_another_charset_and_with_a_mark_is_a_tree() -> None:
    """RFC 8259 asks for UTF-8; not everybody listens."""
    text = json.dumps({"name": "Zürich", "list": ["é"] * 3}, ensure_ascii=False)
    for charset, content in [
        ("utf-16", text.encode("utf-16")),
        ("latin-1", text.encode("latin-1")),
        ("utf-8-sig", text.encode("utf-8-sig")),
        ("utf-8", text.encode("utf-8-sig")),
    ]:
        root, whole = json_nodes(read_json(content, charset), 5000)
        assert whole
        assert _value_of(root) == json.loads(text)
