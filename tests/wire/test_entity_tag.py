"""Entity tags to text and back."""

from __future__ import annotations

import pytest

from notebook_http.wire.entity_tag import (
    ETag,
    format_entity_tag,
    matches_entity_tag,
    parse_entity_tag,
    parse_entity_tags,
)


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


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        (None, None),
        ("", ()),
        ("*", (ETag("*"),)),
        ('"a"', (ETag("a"),)),
        ('"a", W/"b,c" ,"d"', (ETag("a"), ETag("b,c", True), ETag("d"))),
        ('"a",, "b"', (ETag("a"), ETag("b"))),
        ('"a", b, "c"', (ETag("a"),)),
        ("nonsense", ()),
    ],
)
def test_a_list_is_read_up_to_what_is_no_tag(
    value: str | None, tags: tuple[ETag, ...] | None
) -> None:
    """As If-Match and If-None-Match hold them (RFC 9110 §13.1)."""
    assert parse_entity_tags(value) == tags


def test_tags_are_compared_strongly_or_weakly() -> None:
    """The table of RFC 9110 §8.8.3.2."""
    for one, other, strong, weak in [
        (ETag("1", True), ETag("1", True), False, True),
        (ETag("1", True), ETag("2", True), False, False),
        (ETag("1", True), ETag("1"), False, True),
        (ETag("1"), ETag("1"), True, True),
    ]:
        assert matches_entity_tag(one, (other,), weak=False) is strong
        assert matches_entity_tag(one, (other,), weak=True) is weak
    assert matches_entity_tag(ETag("x"), (ETag("*"),), weak=False)
    assert not matches_entity_tag(ETag("x"), (), weak=True)
