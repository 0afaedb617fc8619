"""Read an API's description, and look into it: every error names its place in the document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["Document", "Node", "OpenAPIError", "read_document"]

#: 20 MB; the largest published descriptions have 12.
_MOST_BYTES = 20_000_000
#: YAML takes a hundred times as long to read: 5 MB are a minute.
_MOST_YAML_BYTES = 5_000_000
#: References that lead to references.
_MOST_HOPS = 30


class OpenAPIError(ValueError):
    """The document is no description of an API, or a part of it is not as it should be.

    The message names the place, as in `#/paths/~1pets/get` (RFC 6901). Its author erred.
    """


class Node:
    """A place in a document: what is there, and where that is."""

    __slots__ = ("_document", "place", "value")

    def __init__(self, document: Document, value: Any, place: str) -> None:
        self._document = document
        self.value = value
        self.place = place

    def child(self, key: str | int) -> Node | None:
        """Return what is under *key*, references followed; None if there is nothing."""
        try:
            value = self.value[key]
        except (LookupError, TypeError):
            return None
        place = f"{self.place}/{_escaped(key)}"
        return (
            None if value is None else self._document.followed(Node(self._document, value, place))
        )

    def object(self, key: str) -> Node | None:
        """Return the object under *key*; None if there is none.

        Raises:
            OpenAPIError: there is something else.
        """
        found = self.child(key)
        if found is not None and not isinstance(found.value, Mapping):
            raise found.error("an object")
        return found

    def items(self, key: str) -> Iterator[Node]:
        """Yield the entries of the list under *key*, references followed.

        Raises:
            OpenAPIError: there is something else.
        """
        found = self.child(key)
        if found is None:
            return
        if not isinstance(found.value, list):
            raise found.error("a list")
        for index in range(len(found.value)):
            entry = found.child(index)
            if entry is not None:
                yield entry

    def entries(self) -> Iterator[tuple[str, Node]]:
        """Yield the keys and children of an object, references followed."""
        for key in list(self.value):
            found = self.child(key)
            if found is not None:
                yield str(key), found

    def text(self, key: str) -> str:
        """Return the text under *key*; "" for anything else."""
        value = self.value.get(key) if isinstance(self.value, Mapping) else None
        return value if isinstance(value, str) else ""

    def error(self, expected: str) -> OpenAPIError:
        """Return the error of this place: it has to be what is *expected*."""
        kind = "null" if self.value is None else _KINDS.get(type(self.value), "something else")
        return OpenAPIError(f"{self.place} is {kind}, and has to be {expected}.")


class Document:
    """A description as values; *source* is what people call it."""

    def __init__(self, values: Mapping[str, Any], source: str = "the document") -> None:
        self.source = source
        self.root = Node(self, values, "#")

    def followed(self, node: Node) -> Node:
        """Return what the reference at *node* leads to; *node* itself if it is none.

        One that leads out of the document is not followed: it stays as it is.

        Raises:
            OpenAPIError: it leads nowhere, or around in a circle.
        """
        first = node
        for _ in range(_MOST_HOPS):
            reference = node.value.get("$ref") if isinstance(node.value, Mapping) else None
            if not isinstance(reference, str) or not reference.startswith("#"):
                return node
            node = self._at(reference, node)
        message = f"The reference at {first.place} leads around in a circle."
        raise OpenAPIError(message)

    def _at(self, reference: str, asked_by: Node) -> Node:
        from urllib.parse import unquote

        value = self.root.value
        for step in unquote(reference).lstrip("#").split("/")[1:]:
            key: Any = step.replace("~1", "/").replace("~0", "~")
            if isinstance(value, list) and key.isdecimal() and len(key) < 10:
                key = int(key)
            try:
                value = value[key]
            except (LookupError, TypeError):
                message = f"{asked_by.place} refers to {reference[:200]}, which is not there."
                raise OpenAPIError(message) from None
        return Node(self, value, reference)


def read_document(content: bytes | Mapping[str, Any], source: str = "the document") -> Document:
    """Return the description in *content*: JSON, YAML (if pyyaml is there), or its values.

    Raises:
        OpenAPIError: it is none; the message names the place.
    """
    values = content if isinstance(content, Mapping) else _parsed(bytes(content), source)
    if not isinstance(values, Mapping):
        raise OpenAPIError(f"{source} is no object, and so no description of an API.")
    document = Document(values, source)
    version = values.get("openapi", values.get("swagger"))
    if version is None:
        message = f'{source} has neither "openapi" nor "swagger" at #: it describes no API.'
        raise OpenAPIError(message)
    if not str(version).startswith(("3.0", "3.1", "3.2", "2.0")):
        place = "#/openapi" if "openapi" in values else "#/swagger"
        message = f"{place} says {str(version)[:40]!r}: 3.0, 3.1 and 2.0 can be read."
        raise OpenAPIError(message)
    return document


def _parsed(content: bytes, source: str) -> Any:
    if len(content) > _MOST_BYTES:
        message = f"{source} has {len(content):,} bytes, and {_MOST_BYTES:,} are the most."
        raise OpenAPIError(message)
    text = content.decode("utf-8-sig", "replace")
    if text.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            place = f"line {error.lineno}, column {error.colno}"
            raise OpenAPIError(f"{source} is no JSON: {error.msg} at {place}.") from None
        except (ValueError, RecursionError) as error:
            raise OpenAPIError(f"{source} is no JSON that can be read: {error}") from None
    return _from_yaml(text, source)


def _from_yaml(text: str, source: str) -> Any:
    try:
        import yaml
    except ImportError:
        message = f"{source} is no JSON. If it is YAML: pip install pyyaml reads it."
        raise OpenAPIError(message) from None
    if len(text) > _MOST_YAML_BYTES:
        message = f"{source} is YAML of {len(text):,} bytes, and {_MOST_YAML_BYTES:,} are the most."
        raise OpenAPIError(message)
    try:
        return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        what = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise OpenAPIError(f"{source} is neither JSON nor YAML: {what}{place}.") from None


_KINDS: dict[type, str] = {
    bool: "true or false",
    dict: "an object",
    float: "a number",
    int: "a number",
    list: "a list",
    str: "a text",
}


def _escaped(key: str | int) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")[:200]
