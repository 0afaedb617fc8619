"""Entity tags, as ETag and the conditional fields write them (RFC 9110 §8.8.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = [
    "ETag",
    "format_entity_tag",
    "matches_entity_tag",
    "parse_entity_tag",
    "parse_entity_tags",
]

# etagc: visible ASCII without the quote, and obs-text. Compiled by `re` when first used.
_OPAQUE = r"[\x21\x23-\x7e\x80-\xff]*"
_TAG = rf'(W/)?"({_OPAQUE})"'


@dataclass(frozen=True, slots=True)
class ETag:
    """An entity tag.

    Attributes:
        value: the opaque part, without quotes.
        is_weak: whether equal tags only mean "good enough", not the same bytes.
    """

    value: str
    is_weak: bool = False


def format_entity_tag(tag: ETag) -> str:
    """Return *tag* as a field value.

    Raises:
        ValueError: the value holds a quote, white space or a control character; the caller erred.
    """
    if re.fullmatch(_OPAQUE, tag.value) is None:
        msg = f"Value {tag.value!r} is not a valid etag: no quotes, spaces or control characters"
        raise ValueError(msg)
    return f'{"W/" if tag.is_weak else ""}"{tag.value}"'


def parse_entity_tag(value: str | None) -> ETag | None:
    """Return the one entity tag that *value* is, or None."""
    match = re.fullmatch(_TAG, value.strip(" \t")) if value else None
    return None if match is None else ETag(match[2], match[1] is not None)


def parse_entity_tags(value: str | None) -> tuple[ETag, ...] | None:
    """Return the tags that *value*, an If-Match or If-None-Match field, lists; None for no field.

    ``*`` is the one tag `ETag("*")`. A list is read up to what is no tag.
    """
    if value is None:
        return None
    value = value.strip(" \t")
    if value == "*":
        return (ETag("*"),)
    tags: list[ETag] = []
    at = 0
    while (match := re.compile(rf"{_TAG}[ \t]*(?:,[ \t,]*|\Z)").match(value, at)) is not None:
        tags.append(ETag(match[2], match[1] is not None))
        at = match.end()
    return tuple(tags)


def matches_entity_tag(tag: ETag, tags: tuple[ETag, ...], *, weak: bool) -> bool:
    """Tell whether *tags*, as a conditional field lists them, name *tag* (RFC 9110 §8.8.3.2).

    Args:
        tag: of what would be sent.
        tags: what `parse_entity_tags` returned.
        weak: whether "good enough" is enough, as for If-None-Match; else both have to be strong.
    """
    if len(tags) == 1 and tags[0].value == "*":
        return True
    return any(
        other.value == tag.value and (weak or not (other.is_weak or tag.is_weak)) for other in tags
    )
