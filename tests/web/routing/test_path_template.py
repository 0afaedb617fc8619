"""Templates, and the one spelling of a path."""

from __future__ import annotations

import pytest

from notebook_http.web.routing.path_template import (
    Variable,
    canonical_path,
    decode_value,
    is_slashless,
    parse_template,
)


@pytest.mark.parametrize(
    ("sent", "canonical"),
    [
        ("/a/b", "/a/b"),
        ("/caf%c3%a9", "/caf%C3%A9"),
        ("/café", "/caf%C3%A9"),
        ("/caf\xe9".encode("latin-1"), "/caf%E9"),
        ("/%61%7e", "/a~"),
        ("/a%2Fb", "/a%2Fb"),
        ("/a%2fb", "/a%2Fb"),
        ("/100%", "/100%25"),
        ("/a b", "/a%20b"),
        ("/%zz", "/%25zz"),
        ("//evil/%61", "//evil/a"),
        ("/%2e%2e/x", "/../x"),
    ],
)
def test_equivalent_paths_have_one_spelling(sent: str | bytes, canonical: str) -> None:
    """Percent-encoding that changes nothing must not choose another handler."""
    assert canonical_path(sent) == canonical
    assert canonical_path(canonical) == canonical


def test_what_is_not_text_stays_encoded() -> None:
    """A handler gets text or what was sent, never a replacement character."""
    assert decode_value("%C3%A9%2F") == "é/"
    assert decode_value("%E9") == "%E9"


@pytest.mark.parametrize(
    "path", ["a", "/a/{b", "/a}", "/{a:}", "/{1a}", "/{}", "/{a b}", "/{a:(}", "/{a}/{a}"]
)
def test_a_template_that_cannot_be_meant_is_refused(path: str) -> None:
    """At registration, where the author is, not at the first request."""
    with pytest.raises(ValueError, match=r"path|pattern"):
        parse_template(path)


def test_patterns_may_hold_braces() -> None:
    """`{3}` is a count in a regular expression."""
    template = parse_template(r"/{code:[a-z]{3}\d{2}}/x")
    assert template.pattern.fullmatch("/abc12/x")
    assert not template.pattern.fullmatch("/abcd/x")
    assert template.formatter == "/{code}/x"


def test_segments_are_known_where_no_pattern_is_needed() -> None:
    """They are what makes the index possible."""
    assert parse_template("/a/{b}/c/").segments == ("", "a", Variable("b"), "c", "")
    assert parse_template("/a/{b}-{c}").segments is None
    assert parse_template("/a/x{b}").segments is None
    assert parse_template("/a/{b}x").segments is None
    number = Variable("b", r"\d+")
    assert parse_template(r"/a/{b:\d+}").segments == ("", "a", number)  # which needs its pattern


@pytest.mark.parametrize(
    "pattern",
    [r"\d+", r"\d{4}-\d{2}", "[a-z0-9_-]+", "en|de", "[^/]+", "[^{}/]+", r"\w*", r"[\w.-]{1,9}"],
)
def test_patterns_that_match_no_slash(pattern: str) -> None:
    """Templates with them have as many segments as the paths they match."""
    template = parse_template(f"/a/{{b:{pattern}}}/c")
    assert template.segments == ("", "a", Variable("b", pattern), "c")
    assert template.needs_pattern
    assert template.pattern.fullmatch("/a/x/y/c") is None


@pytest.mark.parametrize(
    "pattern",
    [".*", ".+", r"\S+", r"\W", "[^x]+", "[+-9]", "[.-9]", "(?:a/b)", "a/b", r"[\W]", "[!-~]"],
)
def test_patterns_that_may_match_a_slash(pattern: str) -> None:
    """They are tried wherever the text around them fits."""
    template = parse_template(f"/a/{{b:{pattern}}}/c")
    assert template.segments is None
    assert not is_slashless(pattern)


@pytest.mark.parametrize(
    ("path", "prefix"),
    [("/a/{b}", "/a"), ("/{b}", "/"), ("/a/x-{b}", "/a"), ("/a/b", "/a/b"), ("", "/")],
)
def test_fixed_prefix_is_whole_segments(path: str, prefix: str) -> None:
    """Half a segment in front of a variable is no prefix to file under."""
    assert parse_template(path).fixed_prefix == prefix


def test_a_prefix_moves_a_template() -> None:
    """Sub-applications are written as if they stood at the root."""
    template = parse_template("/{b}").with_prefix("/a")
    assert template.segments == ("", "a", Variable("b"))
    assert template.pattern.fullmatch("/a/x")
    assert template.fill({"b": "é/ü"}) == "/a/%C3%A9/%C3%BC"
