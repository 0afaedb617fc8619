"""Make up a value that fits a schema: from its examples, else from its types. Bounded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from notebook_http.notebook.openapi.document import Node

__all__ = ["example_of", "plain"]

#: Levels of an example: what is nested deeper is left out.
_MOST_DEPTH = 8
#: Values of one example: more than a form shows. It bounds what references multiply.
_MOST_VALUES = 400
_NO_VALUE = object()
_TEXTS = {
    "date": "2024-01-31",
    "date-time": "2024-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "email": "ada@example.org",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.org/",
    "url": "https://example.org/",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
    "byte": "Ynl0ZXM=",
}


def example_of(schema: Node) -> Any:
    """Return a value that fits *schema* as far as that is cheap: types, examples, enumerations.

    A schema that holds itself ends where it does so a second time. Texts of a pattern are not made
    up: "" stands there.
    """
    value = _Maker().make(schema, frozenset())
    return None if value is _NO_VALUE else value


def plain(value: Any) -> Any:
    """Return a *value* of the document as JSON has it: YAML brings dates, and may hold itself."""
    return _Maker().copy(value, 0)


class _Maker:
    """Makes one value, and counts what it is made of."""

    def __init__(self) -> None:
        self._left = _MOST_VALUES

    def make(self, schema: Node, above: frozenset[int]) -> Any:
        """Return a value for *schema*, which is below those of *above* (their identities)."""
        value = schema.value
        if not isinstance(value, Mapping) or id(value) in above or len(above) >= _MOST_DEPTH:
            return _NO_VALUE
        self._left -= 1
        if self._left < 0 or isinstance(value.get("$ref"), str):  # that leads elsewhere
            return _NO_VALUE
        for key in ("example", "default", "const"):
            if value.get(key) is not None:
                return self.copy(value[key], 0)
        for key in ("examples", "enum"):
            if isinstance(value.get(key), list) and value[key]:
                return self.copy(value[key][0], 0)
        above = above | {id(value)}
        parts = self._parts(schema, above)
        made = self._of_type(schema, above)
        if isinstance(made, dict) or (made is _NO_VALUE and parts):
            objects = [part for part in parts if isinstance(part, dict)]
            if not objects and made is _NO_VALUE:
                return parts[0]
            whole: dict[str, Any] = {}
            for each in (*objects, made if isinstance(made, dict) else {}):
                whole.update(each)
            return whole
        return made

    def _parts(self, schema: Node, above: frozenset[int]) -> list[Any]:
        """Return values of all that it is made of, and of the first of its alternatives."""
        found = [self.make(part, above) for part in _listed(schema, "allOf")]
        for key in ("oneOf", "anyOf"):
            for part in _listed(schema, key):
                value = self.make(part, above)
                if value is not _NO_VALUE and value is not None:
                    found.append(value)
                    break
        return [value for value in found if value is not _NO_VALUE]

    def _of_type(self, schema: Node, above: frozenset[int]) -> Any:
        value = schema.value
        kind = value.get("type")
        if isinstance(kind, list):  # 3.1: one of several
            kind = next((each for each in kind if each != "null"), "null")
        if kind == "object" or (kind is None and isinstance(value.get("properties"), Mapping)):
            return self._object(schema, above)
        if kind == "array" or (kind is None and "items" in value):
            items = schema.child("items")
            item = _NO_VALUE if items is None else self.make(items, above)
            return [] if item is _NO_VALUE else [item]
        if kind in ("integer", "number"):
            least = value.get("minimum", value.get("exclusiveMinimum"))
            return least if isinstance(least, int | float) and not isinstance(least, bool) else 0
        if kind == "string":
            return _TEXTS.get(str(value.get("format")), "")
        if kind == "boolean":
            return False
        return None if kind == "null" else _NO_VALUE

    def _object(self, schema: Node, above: frozenset[int]) -> dict[str, Any]:
        properties = schema.child("properties")
        made: dict[str, Any] = {}
        if properties is None or not isinstance(properties.value, Mapping):
            return made
        for name, child in properties.entries():
            if isinstance(child.value, Mapping) and child.value.get("readOnly") is True:
                continue
            value = self.make(child, above)
            if value is not _NO_VALUE:
                made[name] = value
        return made

    def copy(self, value: Any, depth: int) -> Any:
        """Return a bounded copy of an example."""
        self._left -= 1
        if isinstance(value, str | int | float | bool) or value is None:
            return value
        if self._left < 0 or depth > 4 * _MOST_DEPTH:
            return None
        if isinstance(value, Mapping):
            pairs = list(value.items())[: max(self._left, 0)]
            return {str(key): self.copy(inner, depth + 1) for key, inner in pairs}
        if isinstance(value, list | tuple):
            return [self.copy(inner, depth + 1) for inner in value[: max(self._left, 0)]]
        return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _listed(schema: Node, key: str) -> list[Node]:
    found = schema.child(key)
    return list(schema.items(key)) if found is not None and isinstance(found.value, list) else []
