"""Look into a JSON value a level at a time, its secrets masked, and search it.

A tree on a page asks for what is opened and no more, so a value of any size costs what is looked
at. A place is named by positions (`[0, 3]`: the fourth child of the first): keys come from
strangers, may be as long as they like, and hold what no message to a page can carry.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Literal, NamedTuple, TypeAlias

from notebook_http.notebook.display.html import visible
from notebook_http.wire.registered_secrets import mask_registered
from notebook_http.wire.secret_names import Secrecy, is_secret_header, mask_leaf, secrecy_of
from notebook_http.wire.secrets import mask_text

__all__ = ["JsonNodes", "Place", "Scope"]

Scope: TypeAlias = Literal["all", "keys", "values"]

#: Characters of a string, a number or a key that a row shows: one line of a wide page.
_SHOWN_CHARACTERS = 300
#: Keys longer than this are in no path: nobody types them, and a level has many.
_KEY_CHARACTERS = 1_000
#: Values that are looked at between two steps of a search: a few milliseconds.
_STRIDE = 2_000

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Place(NamedTuple):
    """One value inside of the whole.

    Attributes:
        value: what is there.
        secrecy: what of it is masked, by the names above it.
        steps: the keys and indexes that lead to it.
    """

    value: Any
    secrecy: Secrecy
    steps: tuple[str | int, ...]


class JsonNodes:
    """A JSON value, as `json.loads` gives it; it is read and never changed."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def at(self, path: Sequence[int]) -> Place:
        """Return the place that the positions *path* lead to.

        Raises:
            LookupError: there is none.
        """
        place = Place(self.value, Secrecy.OPEN, ())
        for position in path:
            found = next(_children(place, position), None) if position >= 0 else None
            if found is None:
                message = f"there is no child {position} at {list(place.steps)!r:.200}"
                raise LookupError(message)
            place = found
        return place

    def root(self) -> dict[str, Any]:
        """Return the row of the whole value."""
        return _row("$", "", "", Place(self.value, Secrecy.OPEN, ()))

    def children(self, path: Sequence[int], start: int, count: int) -> list[dict[str, Any]]:
        """Return the rows of *count* children from position *start* on, of the place at *path*.

        A row has `key` (as it is shown), `kind` (object, array, string, number, boolean, null or
        secret), `text` (the value on one line), `size` (how many children), and what it adds to the
        path of its parent: `json` (`.a`, `[0]`) and `python` (`["a"]`, `[0]`); None where the key
        is too long for that, or holds a secret.

        Raises:
            LookupError: there is no such place.
        """
        rows = []
        for child in islice(_children(self.at(path), start), count):
            step = child.steps[-1]
            if isinstance(step, int):
                rows.append(_row(str(step), f"[{step}]", f"[{step}]", child))
            elif len(step) > _KEY_CHARACTERS or mask_registered(step) != step:
                rows.append(_row(_shown(step), None, None, child))
            else:
                rows.append(_row(_shown(step), _json_step(step), _python_step(step), child))
        return rows

    def search(self, words: str, scope: Scope = "all") -> Iterator[list[int] | None]:
        """Yield the path of each row that has *words* in its key or its value, from the top down.

        None comes in between, every few milliseconds, for others to have their turn. Letters are
        compared without case. What is masked is not found: it would be told, letter by letter.
        """
        wanted = words.casefold()
        looked_at = 0
        root = Place(self.value, Secrecy.OPEN, ())
        if scope != "keys" and _holds(root, wanted):
            yield []
        levels = [(_children(root, 0), [-1])]
        while levels:
            children, path = levels[-1]
            child = next(children, None)
            if child is None:
                levels.pop()
                continue
            path[-1] += 1
            looked_at += 1
            if looked_at % _STRIDE == 0:
                yield None
            key = child.steps[-1]
            in_key = (
                scope != "values"
                and isinstance(key, str)
                and wanted in mask_registered(key).casefold()
            )
            if in_key or (scope != "keys" and _holds(child, wanted)):
                yield path.copy()
            if isinstance(child.value, dict | list):
                levels.append((_children(child, 0), [*path, -1]))


def _children(place: Place, start: int) -> Iterator[Place]:
    """Yield the children of *place* from position *start* on, with what of them is masked.

    The rule is that of `mask_json`.
    """
    value, above, steps = place
    if isinstance(value, dict):
        pair_name = value.get("name")
        for key, inner in islice(value.items(), start, None):
            name = pair_name if key == "value" and isinstance(pair_name, str) else key
            yield Place(inner, max(above, secrecy_of(name, inner)), (*steps, key))
    elif isinstance(value, list):
        is_pair = len(value) > 1 and isinstance(value[1], str) and is_secret_header(value[0])
        for index in range(start, len(value)):
            secrecy = Secrecy.ALL if is_pair and index == 1 else above
            yield Place(value[index], secrecy, (*steps, index))


def _row(key: str, json_step: str | None, python_step: str | None, place: Place) -> dict[str, Any]:
    kind, text = _kind_and_text(place)
    size = len(place.value) if kind in ("object", "array") else 0
    return {
        "key": key,
        "kind": kind,
        "text": text,
        "size": size,
        "json": json_step,
        "python": python_step,
    }


def _kind_and_text(place: Place) -> tuple[str, str]:
    value, secrecy, _ = place
    if isinstance(value, dict):
        return "object", f"{len(value):,} key{'' if len(value) == 1 else 's'}"
    if isinstance(value, list):
        return "array", f"{len(value):,} item{'' if len(value) == 1 else 's'}"
    if value is None:
        return "null", "null"
    if isinstance(value, bool):
        return "boolean", "true" if value else "false"
    masked = mask_leaf(value, secrecy)
    if masked != value:
        return "secret", str(masked)
    if isinstance(value, str):
        return "string", _quoted(value)
    text = json.dumps(value)
    return "number", text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"


def _quoted(value: str) -> str:
    if len(value) <= _SHOWN_CHARACTERS:
        return visible(json.dumps(mask_text(value), ensure_ascii=False))
    # A token that the cut goes through lies in the slack, and is masked with the rest.
    head = mask_text(value[: 4 * _SHOWN_CHARACTERS])[:_SHOWN_CHARACTERS]
    quoted = json.dumps(head, ensure_ascii=False)[:-1]
    return visible(f"{quoted}… ({len(value):,} characters)")


def _shown(key: str) -> str:
    text = visible(" ".join(mask_text(key[: 2 * _SHOWN_CHARACTERS]).split("\n")))
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def _json_step(key: str) -> str:
    """Return the step as JSONPath has it (RFC 9535 §2.3.1)."""
    if _IDENTIFIER.fullmatch(key):
        return f".{key}"
    return f"[{json.dumps(key, ensure_ascii=not key.isprintable())}]"


def _python_step(key: str) -> str:
    return f"[{json.dumps(key, ensure_ascii=False) if key.isprintable() else ascii(key)}]"


def _holds(place: Place, wanted: str) -> bool:
    value, secrecy, _ = place
    if isinstance(value, str):
        if secrecy is not Secrecy.OPEN or wanted not in value.casefold():
            return False
        return wanted in mask_text(value).casefold()
    if isinstance(value, dict | list):
        return False
    if isinstance(value, int | float) and not isinstance(value, bool):
        return secrecy is not Secrecy.ALL and wanted in json.dumps(value)
    return wanted in ("null" if value is None else "true" if value else "false")
