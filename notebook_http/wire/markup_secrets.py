"""Mask what XML and HTML hold by the name of a secret: `<SessionToken>…</SessionToken>`, CSRF tags.

Not a parser: a body may be cut short anywhere. Each pattern is linear in the text.
"""

from __future__ import annotations

import re

from notebook_http.wire.secret_names import is_secret_name, mask

__all__ = ["mask_markup"]

_ELEMENT = re.compile(
    r"(<(?:[\w.-]{1,64}+:)?+([\w.-]{1,64}+)(?:\s[^<>]{0,512}+)?>\s*+)([^<>\s][^<>]*+)(?=</)"
)
# S3 lists what it holds as `<Key>photos/a.jpg</Key>`.
_HARMLESS_ELEMENTS = frozenset({"key"})
_VALUE_TAG = re.compile(r"<(?:input|meta|param|property)\s[^<>]{0,2048}+>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([\w:-]{1,64}+)(\s*+=\s*+)(\"[^\"]*+\"|'[^']*+'|[^\s\"'<>]++)")
_NAMES = frozenset({"name", "id", "property"})
_VALUES = frozenset({"value", "content"})


def mask_markup(text: str) -> str:
    """Return *text* with elements and form values masked whose names are those of secrets."""
    if "<" not in text:
        return text
    return _VALUE_TAG.sub(_without_value, _ELEMENT.sub(_without_content, text))


def _without_content(found: re.Match[str]) -> str:
    opening, name, content = found.groups()
    if name.lower() in _HARMLESS_ELEMENTS or not is_secret_name(name):
        return found.group()
    return f"{opening}{mask(content)}"


def _without_value(found: re.Match[str]) -> str:
    tag = found.group()
    pairs = {each.group(1).lower(): each.group(3).strip("\"'") for each in _ATTRIBUTE.finditer(tag)}
    if not any(is_secret_name(pairs[name]) for name in _NAMES & pairs.keys()):
        return tag
    return _ATTRIBUTE.sub(_masked_value, tag)


def _masked_value(found: re.Match[str]) -> str:
    name, equals, value = found.groups()
    if name.lower() not in _VALUES:
        return found.group()
    quote = value[0] if value[0] in "\"'" else ""
    return f"{name}{equals}{quote}{mask(value.strip(quote) if quote else value)}{quote}"
