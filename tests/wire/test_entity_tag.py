"""Entity tags to text and back."""

from __future__ import annotations

import pytest

from notebook_http.wire.entity_tag import ETag, format_entity_tag, parse_entity_tag


@pytest.mark.parametrize("tag", [ETag("abc"), ETag("", is_weak=True), ETag("a'b\xff", True)])
def test_tags_come_back_as_they_were(tag: ETag) -> None:
    """Weak or strong, with any character that may stand in one (RFC 9110 §8.8.3)."""
    assert parse_entity_tag(format_entity_tag(tag)) == tag


@pytest.mark.parametrize("value", ['a"b', "a b", "a\r\nX: y", "\x00", "ſ€"])
def test_a_tag_that_cannot_be_written_is_refused(value: str) -> None:
    """A quote would end it, a line break would begin another field."""
    with pytest.raises(ValueError, match="not a valid etag"):
        format_entity_tag(ETag(value))


@pytest.mark.parametrize("value", [None, "", "abc", '"a" "b"', '"a"b"', 'w/"a"', "*"])
def test_what_is_no_tag_is_none(value: str | None) -> None:
    """A recipient ignores such a field."""
    assert parse_entity_tag(value) is None
