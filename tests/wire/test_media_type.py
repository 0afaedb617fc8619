"""Media types: what is read, what is left out, and how long it takes."""

from __future__ import annotations

import encodings
from typing import Any

import pytest
from hypothesis import given, strategies as st

from notebook_http.wire.media_type import (
    MediaType,
    format_parameter,
    parse_media_type,
    parse_parameters,
    text_encoding,
)

TOKEN = st.text("abcdefghijklmnopqrstuvwxyz0123456789!#$&^_.-", min_size=1, max_size=12)
# Whatever a quoted string may hold.
VALUE = st.text(st.characters(blacklist_categories=["Cc", "Cs"]), max_size=30)


@given(main=TOKEN, sub=TOKEN, parameters=st.dictionaries(TOKEN, VALUE, max_size=5))
def test_a_written_type_reads_back(main: str, sub: str, parameters: dict[str, str]) -> None:
    """Boundaries and charsets survive the trip, quotes and backslashes too."""
    written = str(MediaType(main, sub, "", parameters))
    parsed = parse_media_type(written)
    assert (parsed.essence, dict(parsed.parameters)) == (f"{main}/{sub}", parameters)


@given(st.text(max_size=200))
def test_no_text_raises(text: str) -> None:
    """A header comes from whoever set up the server."""
    parse_media_type(text)
    list(parse_parameters(text))
    parse_media_type(f"text/html;{text}")


@pytest.mark.parametrize(
    ("value", "essence", "charset"),
    [
        ("text/html; charset=utf-8", "text/html", "utf-8"),
        ('Text/HTML;Charset="UTF-8"', "text/html", "UTF-8"),
        (" text/html ;; charset = x; charset=latin1", "text/html", "latin1"),
        ("text/html; charset=a; charset=b", "text/html", "a"),
        ('text/html; x="; charset=evil"; charset=good', "text/html", "good"),
        ('text/html; charset="utf-8" junk', "text/html", None),
        ("text/html; charset=", "text/html", None),
        ('text/html; charset="unclosed', "text/html", "unclosed"),
        ("text/html; charset=a\x00b", "text/html", None),
        ("text/html;charset", "text/html", None),
        ("text", "", None),
        ("text/", "", None),
        ("te xt/html", "", None),
        ("тext/html", "", None),
        ("", "", None),
        (None, "", None),
    ],
)
def test_what_can_be_read_is_read(value: str | None, essence: str, charset: str | None) -> None:
    """The first of equal parameters counts; a malformed one is left out."""
    parsed = parse_media_type(value)
    assert (parsed.essence, parsed.charset) == (essence, charset)


@pytest.mark.parametrize(
    ("value", "is_json", "is_text"),
    [
        ("application/json", True, True),
        ("application/vnd.api+json; charset=utf-8", True, True),
        ("text/json", True, True),
        ("application/problem+xml", False, True),
        ("text/csv", False, True),
        ("application/octet-stream", False, False),
        ("image/svg+xml", False, True),
        ("application/x-json-not", False, False),
    ],
)
def test_json_and_text_are_recognised(value: str, is_json: bool, is_text: bool) -> None:
    """A structured suffix says as much as the type itself (RFC 6838 §4.2.8)."""
    parsed = parse_media_type(value)
    assert (parsed.is_json, parsed.is_text) == (is_json, is_text)


@pytest.mark.parametrize(
    "value",
    [
        "a/b;" + ";" * 1_000_000,
        "a/b;" + 'a="' * 333_000,
        'a/b;a="' + "\\a" * 500_000,
        'a/b;a="' + "\\" * 1_000_001,
        "a/b;" + "a;" * 500_000,
        "a/b" + " " * 1_000_000 + ";",
        "a/b;a=" + " " * 1_000_000 + "x",
        "a/b;" + "a=\x00;" * 250_000,
        "a/b;" + "a=b;" * 250_000,
    ],
    ids=range(9),
)
def test_a_mebibyte_takes_less_than_a_second(value: str, most_cpu: Any) -> None:
    """Regular expressions and scans over parameters were quadratic in several libraries."""
    with most_cpu(2):
        parse_media_type(value)


@pytest.mark.parametrize("value", ["a\r\nb", "a\x00", "\x7f", "a\nb"])
def test_a_parameter_never_ends_its_header(value: str) -> None:
    """CR and LF would begin a header of somebody else's choosing."""
    with pytest.raises(ValueError, match="control"):
        format_parameter(value)


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("utf-8", "utf-8"),
        ("UTF8", "utf-8"),
        ("latin1", "iso8859-1"),
        ("ISO-8859-15", "iso8859-15"),
        ("windows-1252", "cp1252"),
        ("Shift_JIS", "shift_jis"),
        ("koi8-u", "koi8-u"),
        ("utf-8-sig", "utf-8-sig"),
    ],
)
def test_charsets_are_found_by_any_of_their_names(charset: str, name: str) -> None:
    """Peers write them in many ways."""
    assert text_encoding(charset) == name


@pytest.mark.parametrize(
    "charset",
    ["", "base64", "rot13", "zlib", "hex", "idna", "punycode", "unicode_escape", "undefined",
     "mbcs", "no-such", "x" * 100_000, "utf-8\x00", "../os", "ütf-8", "os.path"],
)  # fmt: skip
def test_what_is_no_charset_is_refused(charset: str) -> None:
    """Python's codecs hold more than charsets: escapes, compressions, quadratic host names."""
    with pytest.raises(LookupError, match="charset"):
        text_encoding(charset)


def test_names_of_the_peer_are_not_remembered() -> None:
    """Python keeps every unknown codec name for ever; a server would grow with each request."""
    before = len(encodings._cache)  # type: ignore[attr-defined]
    for number in range(100):
        with pytest.raises(LookupError):
            text_encoding(f"made-up-{number}")
    assert len(encodings._cache) == before  # type: ignore[attr-defined]


def test_what_is_remembered_cannot_be_changed() -> None:
    """All messages of one type share it."""
    first, second = (parse_media_type("text/html; charset=utf-8; a=b") for _ in range(2))
    assert first is second
    with pytest.raises(TypeError):
        first.parameters["charset"] = "latin-1"  # type: ignore[index]
    long = f"multipart/form-data; boundary={'b' * 60}"
    assert parse_media_type(long) is not parse_media_type(long)
