"""Cookies both ways: nothing raises when read, nothing escapes when written."""

from __future__ import annotations

from datetime import UTC, datetime
from http.cookies import Morsel, SimpleCookie
from typing import Any

import pytest
from hypothesis import given, strategies as st

from notebook_http.wire.cookie import (
    SetCookie,
    format_cookie_header,
    format_morsel,
    format_set_cookie,
    parse_cookie_header,
    parse_set_cookie,
    quote_cookie_value,
    unquote_cookie_value,
)

UTC = UTC
NAME = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789!#$%&'*+-.^_`|~", min_size=1, max_size=20)
VALUE = st.text(st.characters(blacklist_categories=["Cc", "Cs"]), max_size=50)
CONTROLS = [chr(code) for code in (*range(32), 127)]


# Reading Cookie


@given(st.lists(st.tuples(NAME, VALUE), max_size=8))
def test_a_written_cookie_header_reads_back(cookies: list[tuple[str, str]]) -> None:
    """Names in order, repeats and all; values in every script, quotes and semicolons too."""
    quoted = [(name, quote_cookie_value(value)) for name, value in cookies]
    assert parse_cookie_header(format_cookie_header(quoted)) == cookies


@given(st.text(max_size=300))
def test_no_text_raises(text: str) -> None:
    """Both fields come from strangers."""
    parse_cookie_header(text)
    parse_set_cookie(text)
    parse_set_cookie(f"a=b; {text}")
    unquote_cookie_value(text)


@pytest.mark.parametrize(
    ("header", "cookies"),
    [
        ("a=1; b=2", [("a", "1"), ("b", "2")]),
        ("a=1;b=2;", [("a", "1"), ("b", "2")]),
        (" a = 1 ;\tb\t=\t2", [("a", "1"), ("b", "2")]),
        ("a=1; a=2", [("a", "1"), ("a", "2")]),
        ("a=b=c; d=", [("a", "b=c"), ("d", "")]),
        ('a="x y"; b="\\073\\"\\\\"; c="', [("a", "x y"), ("b", ';"\\'), ("c", '"')]),
        ("php[x]=1; a:b=2; a@b=3", [("php[x]", "1"), ("a:b", "2"), ("a@b", "3")]),
        ("=__Host-a=b; ok=1", [("ok", "1")]),
        ("__Host-a; ok=1", [("ok", "1")]),
        ("a b=1; ok=1", [("ok", "1")]),
        ('"a"=1; ok=1', [("ok", "1")]),
        ("é=1; ok=é", [("ok", "é")]),
        ("a=\x01; b=\x7f; ok=1", [("ok", "1")]),
        ('a="\\015\\012Set-Cookie: x"; ok=1', [("ok", "1")]),
        ("", []),
        (";;; ;", []),
    ],
)
def test_good_cookies_are_kept_and_bad_ones_left_out(
    header: str, cookies: list[tuple[str, str]]
) -> None:
    """One bad cookie must not cost the others, nor may a nameless one pass for a named one."""
    assert parse_cookie_header(header) == cookies


@given(st.dictionaries(NAME.filter(lambda name: not Morsel().isReservedKey(name)), VALUE))
def test_what_http_cookies_writes_is_read(cookies: dict[str, str]) -> None:
    """Servers in Python, aiohttp's among them, quote with it."""
    jar = SimpleCookie(cookies)
    header = "; ".join(f"{morsel.key}={morsel.coded_value}" for morsel in jar.values())
    assert dict(parse_cookie_header(header)) == cookies


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=30))
def test_http_cookies_reads_what_is_written(value: str) -> None:
    """So that an aiohttp server gets the value back."""
    if any(character in CONTROLS for character in value):
        return
    jar = SimpleCookie()
    jar.load(format_set_cookie("name", value, path=None))
    assert jar["name"].value == value


# Reading Set-Cookie


def test_every_attribute_is_read() -> None:
    """RFC 6265bis §5.6."""
    assert parse_set_cookie(
        'id="a b"; Expires=Mon, 09 Jun 2031 10:18:14 GMT; Max-Age=60; Domain=.Example.COM; '
        "Path=/x; Secure; HttpOnly; SameSite=lax; Partitioned; Unknown=1"
    ) == SetCookie(
        "id",
        '"a b"',
        expires=datetime(2031, 6, 9, 10, 18, 14, tzinfo=UTC),
        max_age=60,
        domain="example.com",
        path="/x",
        secure=True,
        http_only=True,
        same_site="Lax",
        partitioned=True,
    )


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("Max-Age=-1", {"max_age": 0}),
        ("Max-Age=0", {"max_age": 0}),
        ("Max-Age=" + "9" * 900, {"max_age": 2**31 - 1}),
        ("Max-Age=1.5; Max-Age=+1; Max-Age=1_0; Max-Age=٣; Max-Age=", {}),
        ("Max-Age=1; Max-Age=2", {"max_age": 2}),
        ("Domain=; Path=", {}),
        ("Path=x", {}),
        ("Path=/a; Path=b", {}),
        ("Path=/a\tb; Domain=a\t.b;\tSecure\t", {"secure": True}),
        ("Domain=" + "a" * 1025, {}),
        ("SameSite=Other", {}),
        ("Expires=never", {}),
        (" secure =x;HTTPONLY", {"secure": True, "http_only": True}),
    ],
)
def test_odd_attributes_are_read_as_the_rfc_says(
    attributes: str, expected: dict[str, object]
) -> None:
    """The last of equal ones counts; what cannot be read is ignored."""
    assert parse_set_cookie(f"a=b; {attributes}") == SetCookie("a", "b", **expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "header",
    [
        "", "a", "=b", " =b", "=__Host-a=b", "a b=c", "a=b\x00c", "a=b; Path=/\x01", "é=1",
        "a=" + "x" * 4096, "a=" + "é" * 2048, "; a=b", "a=b\r\nSet-Cookie: c=d", "a=b\tc",
    ],
)  # fmt: skip
def test_a_cookie_that_cannot_be_trusted_is_dropped(header: str) -> None:
    """Nameless, over 4 KiB, or with control characters (RFC 6265bis §5.6)."""
    assert parse_set_cookie(header) is None


def test_a_parsed_cookie_becomes_a_morsel() -> None:
    """The public type that aiohttp users hold, names that http.cookies refuses included."""
    parsed = parse_set_cookie(
        'a[b]="x\\073"; Expires=Mon, 09 Jun 2031 10:18:14 GMT; Max-Age=5; Domain=d.org; Path=/; '
        "Secure; HttpOnly; SameSite=Strict; Partitioned"
    )
    assert parsed is not None
    morsel = parsed.to_morsel()
    assert (morsel.key, morsel.value, morsel.coded_value) == ("a[b]", "x;", '"x\\073"')
    assert morsel["expires"] == "Mon, 09 Jun 2031 10:18:14 GMT"
    assert (morsel["max-age"], morsel["domain"], morsel["path"]) == ("5", "d.org", "/")
    assert (morsel["secure"], morsel["httponly"], morsel["samesite"]) == (True, True, "Strict")
    split = SetCookie("a", '"\\015\\012b: c"').to_morsel()
    assert split.value == split.coded_value == '"\\015\\012b: c"'
    bare = SetCookie("a", "b").to_morsel()
    assert bare.OutputString() == "a=b"


# Writing


@given(name=NAME, value=VALUE)
def test_a_written_set_cookie_reads_back(name: str, value: str) -> None:
    """With attributes of every kind beside it."""
    expires = datetime(2031, 6, 9, 10, 18, 14, tzinfo=UTC)
    written = format_set_cookie(
        name, value, expires=expires, domain="d.org", max_age=0, path="/p", secure=True,
        httponly=True, samesite="Lax", partitioned=True,
    )  # fmt: skip
    assert parse_set_cookie(written) == SetCookie(
        name, quote_cookie_value(value), expires, 0, "d.org", "/p", True, True, "Lax", True
    )


def test_the_written_form_is_plain() -> None:
    """A value that may stand bare stands bare: scripts and other servers read it so."""
    assert format_set_cookie("a", "x/y=?==") == "a=x/y=?==; Path=/"
    assert format_set_cookie("a", "", path=None) == "a="
    assert format_set_cookie("a", "x;y", path=None, version="1") == 'a="x\\073y"; Version=1'


@pytest.mark.parametrize("bad", [*CONTROLS, ";"])
@pytest.mark.parametrize(
    "attribute", ["expires", "domain", "max_age", "path", "version", "samesite"]
)
def test_no_attribute_starts_another(attribute: str, bad: str) -> None:
    """`Domain=x; Path=/` out of a host name is somebody else's cookie (tornado CVE-2026-35536)."""
    with pytest.raises(ValueError, match=r"another attribute"):
        format_set_cookie("a", "b", **{attribute: f"x{bad}y"})  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", CONTROLS)
def test_no_control_character_gets_into_a_cookie(bad: str) -> None:
    """Neither by the value nor by the name, neither by Cookie nor by Set-Cookie."""
    with pytest.raises(ValueError, match="control"):
        format_set_cookie("a", f"x{bad}y")
    with pytest.raises(ValueError, match="token"):
        format_set_cookie(f"a{bad}", "x")
    with pytest.raises(ValueError, match="control"):
        format_cookie_header([("a", f"x{bad}y")])
    with pytest.raises(ValueError, match="name"):
        format_cookie_header([(f"a{bad}b", "x")])


@pytest.mark.parametrize("name", ["", "a b", "a=b", "a;b", "a,b", '"a"', "é", "a[b]"])
def test_only_tokens_are_written_as_names(name: str) -> None:
    """RFC 6265 §4.1.1."""
    with pytest.raises(ValueError, match="token"):
        format_set_cookie(name, "x")


@pytest.mark.parametrize(("arguments", "named"), [
    ({"samesite": "Sometimes"}, "SameSite"), ({"max_age": "soon"}, "Max-Age"),
])  # fmt: skip
def test_attributes_that_browsers_ignore_are_refused(arguments: dict[str, str], named: str) -> None:
    """A typo there makes a weaker cookie, silently."""
    with pytest.raises(ValueError, match=named):
        format_set_cookie("a", "b", **arguments)  # type: ignore[arg-type]


def test_a_morsel_is_checked_as_well() -> None:
    """http.cookies lets a semicolon through, and people set attributes on `response.cookies`."""
    jar = SimpleCookie({"a": "x y"})
    jar["a"]["path"] = "/p"
    jar["a"]["httponly"] = True
    assert format_morsel(jar["a"]) == 'a="x y"; Path=/p; HttpOnly'
    jar["a"]["path"] = "/; Domain=evil.example"
    with pytest.raises(ValueError, match="Path of cookie a"):
        format_morsel(jar["a"])


@pytest.mark.parametrize(
    "header",
    ['"' * 1_000_000, "\\" * 1_000_000, ";" * 1_000_000, "=" * 1_000_000,
     'a="' + "\\0" * 500_000 + '"', 'a="' + "\\073" * 250_000 + '"', "a=b;" * 250_000,
     "a=b; " + "Expires=1 " * 100_000],
    ids=range(8),
)  # fmt: skip
def test_a_mebibyte_takes_less_than_a_second(header: str, most_cpu: Any) -> None:
    """Unquoting was quadratic in CPython and tornado (CVE-2024-7592, CVE-2024-52804)."""
    with most_cpu(3):
        parse_cookie_header(header)
        parse_set_cookie(header)
        unquote_cookie_value(f'"{header}"')
