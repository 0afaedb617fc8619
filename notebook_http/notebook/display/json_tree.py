"""Show JSON as a tree that folds: nested `details` and lists, no script and no style needed.

Lists within lists are what a screen reader counts and what a page without CSS indents; `details`
folds wherever HTML is shown, a saved notebook without a kernel included. The tree is filled level
by level, so that a budget too small for all of it goes to what is on top, and each node says how
much it holds, shown or not. Secrets are masked by the rule of `wire.secrets.mask_json`.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from notebook_http.notebook.display.html import Html, escape, join, tag
from notebook_http.notebook.display.json_items import Literal, Opened, Source
from notebook_http.wire.registered_secrets import mask_registered
from notebook_http.wire.secret_names import (
    Secrecy,
    is_secret_header,
    is_secret_name,
    mask,
    secrecy_of,
)
from notebook_http.wire.secrets import mask_text

__all__ = ["Node", "holds_words", "json_nodes", "tree_html"]

# A hundred items tell what a list holds; the note below them how many there are.
_LIST_ITEMS = 100
_MEMBERS = 200
# Browsers flatten what is nested deeper than 512 elements, and a level here takes four.
_LEVELS = 32
# What is open at first fits on a screen.
_OPEN_LINES = 40
_OPEN_LEVELS = 3
# A string longer than this is cut: one base64 picture would hide all the rest.
_STRING_CHARACTERS = 300
_NAME_CHARACTERS = 80
# Bytes of markup around a leaf, and around what folds with its note of what is left out.
_LEAF_BYTES = 40
_FOLD_BYTES = 240
_LIST = "list-style:none;padding-left:1.2em;margin:0"
_ROOT = "font-family:monospace;overflow-wrap:anywhere;overflow:auto;max-height:32em"
_CONSTANTS = frozenset({"null", "true", "false"})


@dataclass(slots=True)
class Node:
    """A value of the tree, masked.

    Attributes:
        label: its name in an object, `[3]` in a list, "" at the root.
        bracket: `{`, `[`, or "" for a leaf.
        text: of a leaf: JSON, perhaps cut.
        names: of an object's first members.
        count: how many members or items it has.
        children: those that are shown.
        at_least: whether *count* is only what the head of the body told.
    """

    label: str
    bracket: str = ""
    text: str = ""
    names: tuple[str, ...] = ()
    count: int = 0
    children: list[Node] = field(default_factory=list)
    at_least: bool = False

    @property
    def left_out(self) -> int:
        """How many members or items are not shown."""
        return self.count - len(self.children)


class _Growth:
    """Fills a tree level by level, as far as its budgets go."""

    def __init__(self, source: Source, limit: int) -> None:
        self.source = source
        self.limit = limit
        # Each level that is opened passes over all that is in it: linear, whatever the depth.
        self.work = 6 * source.cost_of(source.item) + 1024 * 1024
        self.cut = bool(source.unfinished)
        # (node, its value opened, its level, what the names above it say)
        self.todo: deque[tuple[Node, Opened, int, Secrecy]] = deque()

    def grow(self) -> Node:
        root = self._node("", self.source.item, None, Secrecy.OPEN, 0)
        while self.todo:
            node, opened, level, above = self.todo.popleft()
            self._fill(node, opened, level, above)
        self._mark_unfinished(root)
        return root

    def _node(self, label: str, item: Any, name: str | None, above: Secrecy, level: int) -> Node:
        self.work -= self.source.cost_of(item)
        if self.work < 0 or level > _LEVELS:
            self.cut = True
            return Node(label, text="… (not shown here)")
        opened = self.source.open_item(item)
        if not opened.bracket:
            secrecy = above
            if name is not None:
                sample: Any = 0 if isinstance(opened.leaf, Literal) else opened.leaf
                secrecy = max(above, secrecy_of(name, sample))
            return Node(label, text=_leaf_text(opened.leaf, secrecy))
        inside = above
        if name is not None and is_secret_name(name):
            inside = max(above, secrecy_of(name, self._sample(opened)))
        names = tuple(map(mask_registered, opened.names[:5]))
        node = Node(label, opened.bracket, names=names, count=len(opened.items))
        if opened.items:
            self.todo.append((node, opened, level, inside))
        return node

    def _sample(self, opened: Opened) -> Any:
        """Return what `secrecy_of` looks at: the type, and that of a list's first entry."""
        if opened.bracket == "{":
            return {}
        if not opened.items:
            return []
        first = self.source.open_item(opened.items[0])
        return [{}] if first.bracket == "{" else [0]

    def _fill(self, node: Node, opened: Opened, level: int, above: Secrecy) -> None:
        is_object = opened.bracket == "{"
        # At most half of what is left goes to one object or list: the others get a share.
        floor = self.limit // 2
        pair_name = self._pair_name(opened) if is_object else None
        header = not is_object and self._is_header(opened)
        for index, item in enumerate(opened.items):
            if index == (_MEMBERS if is_object else _LIST_ITEMS) or self.limit < floor:
                self.cut = True
                return
            name = opened.names[index] if is_object else None
            label = (
                f"[{index}]" if name is None else _short(mask_registered(name), _NAME_CHARACTERS)
            )
            called = pair_name if pair_name is not None and name == "value" else name
            secrecy = Secrecy.ALL if header and index == 1 else above
            child = self._node(label, item, called, secrecy, level + 1)
            weight = _weight(child)
            if weight > self.limit:
                self.cut = True
                if child.bracket and child.count:
                    self.todo.pop()
                return
            self.limit -= weight
            node.children.append(child)

    def _pair_name(self, opened: Opened) -> str | None:
        """Return the object's own "name", if it has one: what its "value" is the value of."""
        if "name" not in opened.names:
            return None
        return self._short_text(opened.items[opened.names.index("name")])

    def _is_header(self, opened: Opened) -> bool:
        """Return whether a list is `["Cookie", "a=b"]`: one of a list of headers."""
        if len(opened.items) < 2 or not self.source.is_text(opened.items[1]):
            return False
        return is_secret_header(self._short_text(opened.items[0]))

    def _short_text(self, item: Any) -> str | None:
        """Return *item* if it is a text that may be a name."""
        if not self.source.is_text(item) or self.source.cost_of(item) > 10_000:
            return None
        found = self.source.open_item(item)
        return None if found.bracket or isinstance(found.leaf, Literal) else found.leaf

    def _mark_unfinished(self, root: Node) -> None:
        node = root
        for _ in range(self.source.unfinished):
            node.at_least = True
            if not node.children or node.left_out:
                return
            node = node.children[-1]


def json_nodes(source: Source, limit: int) -> tuple[Node, bool]:
    """Return (the root of a tree that weighs about *limit* bytes as HTML, whether that is all)."""
    growth = _Growth(source, limit)
    root = growth.grow()
    return root, not growth.cut


def _leaf_text(leaf: str, secrecy: Secrecy) -> str:
    if isinstance(leaf, Literal):
        # A number counts things (NaN and Infinity too); bytes of other formats may be any secret.
        least = Secrecy.WORDS if " bytes" in leaf else Secrecy.ALL
        if leaf not in _CONSTANTS and secrecy >= least:
            return _quoted(mask(str(leaf)))
        return _short(str(leaf), _STRING_CHARACTERS)
    if secrecy is not Secrecy.OPEN:
        return _quoted(mask(leaf))
    if len(leaf) <= _STRING_CHARACTERS:
        return _quoted(mask_text(leaf))
    # A token that the cut goes through lies in the slack, and is masked with the rest.
    head = mask_text(leaf[: 4 * _STRING_CHARACTERS])[:_STRING_CHARACTERS]
    return f'{_quoted(head)[:-1]}…" ({len(leaf):,} characters)'


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _weight(node: Node) -> int:
    markup = _FOLD_BYTES if node.bracket and node.count else _LEAF_BYTES
    words = node.label + node.text + "".join(_short(name, 20) + ", " for name in node.names)
    return markup + len(escape(words).encode("utf-8"))


# As HTML ----------------------------------------------------------------------------------------


def tree_html(root: Node) -> Html:
    """Return the tree: the first levels open, what is folded with what it holds."""
    opened = _opened_nodes(root)
    return tag("div", tag("ul", _node_html(root, opened), style=_LIST), style=_ROOT)


def _opened_nodes(root: Node) -> set[int]:
    """Return the ids of the nodes that are open at first: from the top, a screen full."""
    opened: set[int] = set()
    lines = 1
    level = [root]
    for depth in range(_OPEN_LEVELS):
        for node in level:
            if node.children and (not depth or lines + len(node.children) <= _OPEN_LINES):
                opened.add(id(node))
                lines += len(node.children)
        level = [child for node in level if id(node) in opened for child in node.children]
    return opened


def _node_html(node: Node, opened: set[int]) -> Html:
    label = join(tag("strong", node.label), ": ") if node.label else None
    if not node.bracket:
        return tag("li", label, node.text)
    if not node.children:
        missing = ", not shown here" if node.count else ""
        return tag("li", label, holds_words(node), missing)
    items = [_node_html(child, opened) for child in node.children]
    if node.left_out:
        items.append(tag("li", tag("em", f"… and {node.left_out:,} more")))
    elif node.at_least:
        items.append(tag("li", tag("em", "… and what follows")))
    return tag(
        "li",
        tag(
            "details",
            tag("summary", label, holds_words(node)),
            tag("ul", *items, style=_LIST),
            open="open" if id(node) in opened else None,
        ),
    )


def holds_words(node: Node) -> str:
    """Return what a folded node holds: `{lat, lng} 2 members`, `[] 406 items`."""
    if not node.count:
        return "{}" if node.bracket == "{" else "[]"
    least = "at least " if node.at_least else ""
    if node.bracket == "[":
        return f"[…] {least}{node.count:,} item{'' if node.count == 1 else 's'}"
    shown = ", ".join(_short(name, 20) for name in node.names[:4])
    more = ", …" if node.count > 4 else ""
    return f"{{{shown}{more}}} {least}{node.count:,} member{'' if node.count == 1 else 's'}"
