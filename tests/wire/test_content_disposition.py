"""Content-Disposition: file names out and in, and what must not come through."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from notebook_http.wire.content_disposition import (
    BadContentDispositionHeader,
    BadContentDispositionParam,
    content_disposition_filename,
    format_content_disposition,
    parse_content_disposition,
)

# Most headers here are broken on purpose; what is warned of has tests of its own.
pytestmark = pytest.mark.filterwarnings("ignore:.*Content-Disposition header:RuntimeWarning")

NAME = st.text(st.characters(blacklist_categories=["Cc", "Cs"]), min_size=1, max_size=40)


@given(name=NAME, filename=NAME)
def test_form_names_read_back(name: str, filename: str) -> None:
    """Quotes, backslashes, semicolons and every script."""
    header = format_content_disposition("form-data", {"name": name, "filename": filename})
    assert parse_content_disposition(header) == (
        "form-data",
        {"name": name, "filename": filename},
    )


@given(filename=NAME)
def test_attachment_names_read_back(filename: str) -> None:
    """Beyond ASCII by the encoded form, with a stand-in for old readers."""
    header = format_content_disposition("attachment", {"filename": filename})
    assert header.isascii()
    disposition, parameters = parse_content_disposition(header)
    assert disposition == "attachment"
    assert content_disposition_filename(parameters) == filename


@pytest.mark.parametrize(
    ("parameters", "filename"),
    [
        ("filename*0=a; filename*1=b.txt", "ab.txt"),
        ("filename*1=b; filename*0=a", "ab"),
        ("filename*0=a; filename*2=c", "a"),
        ("filename*1=b", None),
        ("filename*0=a; filename=whole", "whole"),
        ("filename*0=a; filename*=UTF-8''%c3%bc", "ü"),
        ("filename*0*=UTF-8''%c3; filename*1*=%bc", "ü"),
        ("filename*0*=UTF-8''%c3%bc; filename*1=50%25", "ü50%25"),
        ("filename*0=a; filename*1*=%c3%bc", "a"),
        ("filename*0*=UTF-8''a%0D; filename*1*=%0Ab", None),
        ("filename*0*=%c3%bc", None),
    ],
)
def test_names_in_pieces(parameters: str, filename: str | None) -> None:
    """RFC 2231 §3: mailers send them, and what copies mails to the web."""
    _, parsed = parse_content_disposition(f"attachment; {parameters}")
    assert content_disposition_filename(parsed) == filename


@given(st.text(max_size=200))
def test_no_text_raises(text: str) -> None:
    """The field comes from a stranger."""
    parse_content_disposition(text)
    parse_content_disposition(f"attachment; {text}")


@pytest.mark.parametrize(
    ("header", "parsed"),
    [
        ("inline", ("inline", {})),
        ("Attachment; FileName=a.txt", ("attachment", {"filename": "a.txt"})),
        ('attachment; filename="a;b.txt"', ("attachment", {"filename": "a;b.txt"})),
        ('attachment; filename="a"; filename="b"', ("attachment", {"filename": "a"})),
        (r'form-data; filename="C:\temp\a.txt"', ("form-data", {"filename": r"C:\temp\a.txt"})),
        ('form-data; name="a"; filename=""', ("form-data", {"name": "a", "filename": ""})),
        (
            "attachment; filename*=UTF-8''%e2%82%ac%20rates",
            ("attachment", {"filename*": "€ rates"}),
        ),
        (
            "attachment; filename*=iso-8859-1'en'%A3%20rates",
            ("attachment", {"filename*": "£ rates"}),
        ),
        ("attachment; filename*=UTF-8''a%0D%0AX: y", ("attachment", {})),
        ("attachment; filename*=UTF-8''%ff", ("attachment", {})),
        ("attachment; filename*=utf-16''a", ("attachment", {})),
        ("attachment; filename*=plain", ("attachment", {})),
        ('attachment; filename="a\x00b"', ("attachment", {})),
        ("; filename=a", (None, {})),
        ("", (None, {})),
        (None, (None, {})),
    ],
)
def test_what_can_be_read_is_read(
    header: str | None, parsed: tuple[str | None, dict[str, str]]
) -> None:
    """RFC 6266, with its malformed cousins left out."""
    assert parse_content_disposition(header) == parsed


@pytest.mark.parametrize("bad", ["a\r\nX: y", "a\nb", "a\0b", "a\rb", "\x7f"])
def test_no_name_ends_the_header(bad: str) -> None:
    """A file name is often text that somebody else chose (CVE-2026-34514)."""
    with pytest.raises(ValueError, match="line break"):
        format_content_disposition("form-data", {"filename": bad})
    with pytest.raises(ValueError, match="token"):
        format_content_disposition("form-data", {bad: "x"})
    with pytest.raises(ValueError, match="token"):
        format_content_disposition(bad, {})


def test_a_mebibyte_takes_less_than_a_second(most_cpu: Any) -> None:
    """A part's head may be long."""
    for text in ('a="\\";' * 170_000, "filename*=UTF-8''" + "%41" * 340_000, ";" * 1_000_000):
        with most_cpu(2):
            parse_content_disposition(f"form-data; {text}")


@pytest.mark.parametrize(
    ("header", "category"),
    [
        ("foo bar", BadContentDispositionHeader),
        ('"inline"', BadContentDispositionHeader),
        ("attachment; x", BadContentDispositionParam),
        ("attachment; =a", BadContentDispositionParam),
        ("attachment; filename*=plain", BadContentDispositionParam),
        ("attachment; filename*=UTF-8''%ff", BadContentDispositionParam),
        ('attachment; filename="a"; filename="b"', BadContentDispositionParam),
        ('attachment; filename="a\x00b"', BadContentDispositionParam),
    ],
)
def test_what_cannot_be_read_is_warned_of(header: str, category: type[Warning]) -> None:
    """By aiohttp's names, in the caller's line, and without the stranger's text."""
    with pytest.warns(RuntimeWarning) as seen:
        parse_content_disposition(header)
    assert [warning.category for warning in seen] == [category]
    assert seen[0].filename == __file__
    assert header not in str(seen[0].message)


@pytest.mark.parametrize("header", ["", None, "inline", "attachment; filename=a;", "a; b=c ; d=e"])
@pytest.mark.filterwarnings("error")
def test_what_can_be_read_is_not_warned_of(header: str | None) -> None:
    """Nor is a header that is not there."""
    parse_content_disposition(header)
